"""Audience filters written as Python expressions."""

from __future__ import annotations

import json
from typing import Any

import pytest

import ciokit
from ciokit import AppClient, ValidationError, all_of, any_of, attribute, not_, segment
from ciokit.core.clock import FakeClock
from tests.support.operations import Wire


@pytest.mark.parametrize(
    ("built", "documented"),
    [
        (segment(7), {"segment": {"id": 7}}),
        (attribute("plan"), {"attribute": {"field": "plan", "operator": "exists"}}),
        (attribute("plan", "pro"), {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}),
        (attribute("plan", ""), {"attribute": {"field": "plan", "operator": "eq", "value": ""}}),
        (not_(segment(7)), {"not": {"segment": {"id": 7}}}),
        (all_of(segment(1), segment(2)), {"and": [{"segment": {"id": 1}}, {"segment": {"id": 2}}]}),
        (any_of(segment(1)), {"or": [{"segment": {"id": 1}}]}),
    ],
)
def test_each_function_gives_the_documented_object(built: Any, documented: dict[str, Any]) -> None:
    """A filter is plain JSON with exactly one key at the top."""
    assert built == documented
    assert len(built) == 1


@pytest.mark.parametrize("id", [True, 1.5, "7", None])
def test_a_segment_is_named_by_its_number(id: Any) -> None:
    """What is no whole number is refused by name."""
    with pytest.raises(ValidationError, match="must be a whole number") as caught:
        segment(id)
    assert caught.value.field == "id"


@pytest.mark.parametrize(
    ("value", "text"),
    [(41, "41"), (0, "0"), (-2.5, "-2.5"), (True, "true"), (False, "false"), ("\u00e4", "\u00e4")],
)
def test_values_are_compared_as_text(value: Any, text: str) -> None:
    """The documented `value` is text: numbers and truth values are written as JSON has them."""
    assert attribute("x", value)["attribute"].get("value") == text


def test_filters_nest_and_travel_as_built() -> None:
    """A nested filter, part of it written by hand, is the body of the search."""
    wire = Wire()
    by_hand: Any = {"attribute": {"field": "plan", "operator": "exists"}}
    audience = all_of(any_of(segment(1), attribute("age", 41)), not_(by_hand))
    assert list(AppClient("k", transport=wire, clock=FakeClock()).customers.find(audience)) == []
    assert json.loads(wire.sent[0].body) == {
        "filter": {
            "and": [
                {
                    "or": [
                        {"segment": {"id": 1}},
                        {"attribute": {"field": "age", "operator": "eq", "value": "41"}},
                    ]
                },
                {"not": {"attribute": {"field": "plan", "operator": "exists"}}},
            ]
        }
    }


@pytest.mark.parametrize("combine", [all_of, any_of])
def test_combining_nothing_is_refused(combine: Any) -> None:
    """No filters at all could mean everybody or nobody: it is refused before it is sent."""
    with pytest.raises(ValidationError, match="at least one filter") as refusal:
        combine()
    assert refusal.value.field == combine.__name__


@pytest.mark.parametrize(("arguments", "field"), [(("",), "field"), (("x", float("nan")), "value")])
def test_what_cannot_be_tested_is_refused(arguments: tuple[Any, ...], field: str) -> None:
    """An attribute without a name and a number that is not finite are refused by the argument's name."""
    with pytest.raises(ValidationError) as refusal:
        attribute(*arguments)
    assert refusal.value.field == field


def test_builder_is_at_the_top() -> None:
    """The five functions are found in `ciokit` itself."""
    assert {"all_of", "any_of", "not_", "segment", "attribute"} <= set(ciokit.__all__)
