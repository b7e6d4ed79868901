"""Every semantic event of the vendor's catalogue is declared exactly so, typed, documented and checked."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple, NotRequired, Required, get_args, get_origin, get_type_hints, is_typeddict

import pytest

import ciokit
from ciokit.pipelines_api.semantic.catalogue import EVENTS, GROUPS

FILE = Path(__file__).resolve().parents[2] / "specs" / "semantic_events.json"
CATALOGUE: dict[str, dict[str, Any]] = json.loads(FILE.read_bytes())["events"]
FACTS = [(group, name) for group, events in CATALOGUE.items() for name in events]
MODULES = {"ab_test": "experiments"}  # the others are named as the vendor's groups are

TEXT = {"type": "string"}


class Misprint(NamedTuple):
    """Where the catalogue cannot be meant as it is printed: what it says, what is declared instead, and why."""

    part: str
    printed: object
    declared: object
    reason: str


MISPRINTS = {
    "Report Content Event": Misprint(
        "required", ["activityType"], [], "no such property is defined; the nearest one is named actionType"
    ),
    "Email Link Clicked": Misprint(
        "properties",
        {"properties": {"type": "any"}},
        dict.fromkeys(("email_subject", "campaign_id", "campaign_name", "email_id", "link_id", "link_url"), TEXT),
        "the schema nests its properties one level too deep: they are what every e-mail event has, and the link",
    ),
}


def as_json(hint: Any) -> dict[str, Any]:
    """Return the JSON type that a Python type declares, as the catalogue writes it."""
    if is_typeddict(hint):
        return {"properties": {name: as_json(each) for name, each in fields(hint).items()}, "required": required(hint)}
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"type": "string", "enum": list(arguments)}
    if origin is list:
        item = as_json(arguments[0])
        if "properties" not in item:
            return {"type": "array", "items": item["type"]}
        assert item["required"] == []
        return {"type": "array", "items": {name: each["type"] for name, each in item["properties"].items()}}
    if origin is types.UnionType:
        return {
            frozenset({float, Decimal}): {"type": "number"},
            frozenset({str, datetime}): {"type": "string", "format": "date-time"},
        }[frozenset(arguments)]
    return {"type": {str: "string", int: "integer", bool: "boolean", dict: "object"}[origin or hint]}


def fields(typed: type) -> dict[str, Any]:
    """Return the keys of a TypedDict and their types."""
    return get_type_hints(typed)


def required(typed: type) -> list[str]:
    """Return the keys that a TypedDict requires."""
    marked = get_type_hints(typed, include_extras=True)
    total = typed.__required_keys__
    return [key for key, hint in marked.items() if get_origin(hint) is Required or _plainly(key, hint, total)]


def _plainly(key: str, hint: Any, total: frozenset[str]) -> bool:
    return key in total and get_origin(hint) is not NotRequired


def stated(group: str, name: str) -> dict[str, Any]:
    """Return what the catalogue says of an event, misprints put right."""
    facts = {part: _without_defaults(value) for part, value in CATALOGUE[group][name].items()}
    if name in MISPRINTS:
        facts[MISPRINTS[name].part] = MISPRINTS[name].declared
    return facts


def _without_defaults(value: Any) -> Any:
    """Drop `default`: the service fills it in, a type cannot say it."""
    if isinstance(value, dict):
        return {key: _without_defaults(item) for key, item in value.items() if key != "default"}
    return value


def declared(name: str) -> dict[str, Any]:
    """Return what our declaration says of an event, as the catalogue would write it."""
    event = EVENTS[name]
    said = as_json(event.properties)
    if event.context is not None:
        said["context"] = {key: as_json(hint) for key, hint in fields(event.context).items()}
    return said


def sample(fact: dict[str, Any]) -> Any:
    """Return a value that fits a property of the catalogue."""
    if "enum" in fact:
        return fact["enum"][-1]
    if fact["type"] == "array":
        items = fact["items"]
        one = sample({"type": items}) if isinstance(items, str) else {k: sample({"type": v}) for k, v in items.items()}
        return [one, one]
    return {"string": "s", "number": 1.5, "integer": 3, "boolean": True, "object": {"any": ["thing"]}}[fact["type"]]


def context_of(facts: dict[str, Any]) -> dict[str, Any]:
    """Return a context that fits the catalogue, with more in it than the catalogue names."""
    token = {"token": "t", "type": "ios", "model": "m"}
    known = {"device": token, "traits": {"email": "a@example.com"}}
    return {"ip": "127.0.0.1"} | {key: known[key] for key in facts.get("context", {})}


def build(name: str, facts: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    """Build the event's message with the strictest check."""
    return dict(EVENTS[name].message("u1", properties, check="error", context=context_of(facts)))


def snake(name: str) -> str:
    """Return the name of the function of an event."""
    return re.sub(r"\W+", "_", name).lower()


every_event = pytest.mark.parametrize(("group", "name"), FACTS)
every_event_with_properties = pytest.mark.parametrize(
    ("group", "name"), [(group, name) for group, name in FACTS if CATALOGUE[group][name]["properties"]]
)


def test_all_events_are_declared_and_no_other() -> None:
    """The 72 events of the catalogue are declared, in its groups, and none beside them."""
    assert {group: set(events) for group, events in GROUPS.items()} == {g: set(e) for g, e in CATALOGUE.items()}
    assert set(EVENTS) == {name for _, name in FACTS}
    assert len(EVENTS) == len(FACTS) == 72


@every_event
def test_declaration_equals_the_catalogue(group: str, name: str) -> None:
    """Names, types, enums and required properties of an event are the catalogue's, and nothing else is declared."""
    said, facts = declared(name), stated(group, name)
    assert said["properties"] == facts["properties"]
    assert sorted(said["required"]) == sorted(facts["required"])
    assert said.get("context") == facts.get("context")


@every_event
def test_event_is_found_under_its_own_name(group: str, name: str) -> None:
    """An event is `ciokit.<group>.<name in snake case>`, and knows its exact name."""
    event = getattr(getattr(ciokit, MODULES.get(group, group)), snake(name))
    assert event is EVENTS[name]
    assert (event.name, event.__name__) == (name, snake(name))


@every_event
def test_event_is_documented(group: str, name: str) -> None:
    """The docstring of an event names it, and every property and context key it has."""
    text = EVENTS[name].__doc__ or ""
    facts = stated(group, name)
    assert text.startswith(f"Record `{name}`.")
    assert [key for key in (*facts["properties"], *facts.get("context", {})) if f"- `{key}`: " not in text] == []


@every_event
def test_every_property_of_the_catalogue_is_taken(group: str, name: str) -> None:
    """An event with all of its properties passes the strictest check and carries them unchanged under its name."""
    facts = stated(group, name)
    properties = {key: sample(fact) for key, fact in facts["properties"].items()}
    message = build(name, facts, properties)
    assert (message["type"], message["event"], message["properties"]) == ("track", name, properties)


@every_event_with_properties
def test_every_wrong_type_is_refused(group: str, name: str) -> None:
    """Each property refuses a value of another JSON type, the error naming the property."""
    facts = stated(group, name)
    good = {key: sample(facts["properties"][key]) for key in facts["required"]}
    for key, fact in facts["properties"].items():
        wrong = 1 if fact["type"] in {"string", "array", "object", "boolean"} else "1"
        assert field_of(lambda key=key, wrong=wrong: build(name, facts, {**good, key: wrong})) == f"properties.{key}"


@every_event
def test_unknown_and_missing_properties_are_refused(group: str, name: str) -> None:
    """A property the catalogue does not know, or one it requires and that is absent or null, is named in an error."""
    facts = stated(group, name)
    good = {key: sample(facts["properties"][key]) for key in facts["required"]}
    assert field_of(lambda: build(name, facts, {**good, "zzz": 1})) == "properties.zzz"
    for key in facts["required"]:
        without = {k: v for k, v in good.items() if k != key}
        for properties in (without, {**without, key: None}, {**without, key: float("nan")}):
            assert field_of(lambda given=properties: build(name, facts, given)) == f"properties.{key}"


def field_of(call: Callable[[], object]) -> str | None:
    """Return the field that the validation error of a call names."""
    with pytest.raises(ciokit.ValidationError) as caught:
        call()
    return caught.value.field


@pytest.mark.parametrize("name", MISPRINTS)
def test_misprint_is_still_printed(name: str) -> None:
    """What is excused stands in the catalogue to the letter, so that a corrected catalogue ends the excuse."""
    misprint = MISPRINTS[name]
    group = next(group for group, each in FACTS if each == name)
    assert CATALOGUE[group][name][misprint.part] == misprint.printed
    assert misprint.printed != misprint.declared


@pytest.mark.parametrize("name", ["Device Created or Updated", "Device Deleted"])
@pytest.mark.parametrize(
    ("context", "field"),
    [
        (None, "context.device"),
        ({"device": {"type": "ios"}}, "context.device.token"),
        ({"device": {"token": "t", "type": "windows"}}, "context.device.type"),
    ],
)
def test_device_events_need_the_device(name: str, context: dict[str, Any] | None, field: str) -> None:
    """A device event without its device, its token or a known type is refused before it is sent."""
    options = {} if context is None else {"context": context}
    assert field_of(lambda: EVENTS[name].message("u1", **options)) == field
