"""The declared operations of the Data Pipelines API are the vendor's, all seven and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciokit.core import codec
from ciokit.core.endpoint import Declared, declared
from ciokit.core.retry import Retry
from ciokit.pipelines_api.messages import MESSAGE_TYPES, MessageType
from ciokit.pipelines_api.operations import BY_TYPE, Pipelines
from ciokit.surfaces import PIPELINES

FACTS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "specs" / "pipelines.facts.json").read_text())
OPERATIONS = declared(Pipelines)
leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8)
trees = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


def test_every_documented_operation_is_declared_once() -> None:
    """Method and path of each equal the facts, and none is left out."""
    documented = {
        (method.upper(), f"/v1{path}", fact["operationId"])
        for path, methods in FACTS["paths"].items()
        for method, fact in methods.items()
    }
    routes = [(one.route.method, one.route.path, one.route.docs) for one in OPERATIONS]
    assert len(routes) == len(set(routes)) == 7
    assert set(routes) == documented


def test_the_hosts_are_the_documented_ones() -> None:
    """Each region's host is the vendor's."""
    assert {f"{host}/v1" for host in PIPELINES.hosts.values()} == {server["url"] for server in FACTS["servers"]}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.route.name)
def test_each_says_what_it_does_and_that_repeating_is_safe(operation: Declared[..., Any]) -> None:
    """A summary and a retry class stand on every declaration."""
    assert operation.route.summary.endswith(".")
    assert operation.route.retry is Retry.SAFE
    assert operation.route.label == f"POST {operation.route.path}"


def test_strict_mode_is_documented_for_all_of_them() -> None:
    """The header sent by default is one the vendor names."""
    for methods in FACTS["paths"].values():
        assert [parameter["name"] for parameter in methods["post"]["parameters"]] == ["X-Strict-Mode"]
    assert PIPELINES.strict_mode


@given(kind=st.sampled_from(MESSAGE_TYPES), fields=st.dictionaries(st.text(max_size=5), trees, max_size=3))
def test_what_is_built_can_be_read_back(kind: MessageType, fields: dict[str, Any]) -> None:
    """Build, parse, build is the identity for any message."""
    route = BY_TYPE[kind].route
    call = BY_TYPE[kind].call({**fields, "type": kind})
    arguments = codec.parse(route, call.path, {}, call.body)
    assert arguments == {"message": {**fields, "type": kind}}
    assert codec.build(route, arguments) == call


@given(
    items=st.lists(st.dictionaries(st.text(max_size=5), trees, max_size=2), max_size=3),
    around=st.none() | st.just({"ip": "::1"}),
)
def test_a_batch_can_be_read_back(items: list[dict[str, Any]], around: dict[str, Any] | None) -> None:
    """Items, context and integrations survive the way there and back."""
    call = Pipelines.batch.call(batch=items, context=around)  # type: ignore[arg-type]  # any items will do here
    arguments = codec.parse(Pipelines.batch.route, call.path, {}, call.body)
    assert arguments == {"batch": items, **({"context": around} if around else {})}
