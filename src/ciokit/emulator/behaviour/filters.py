"""Audience and object filters: a tree of JSON becomes a test of one person or one object, or a 400 that says where.

Each node has exactly one key (App spec, `audience_filter`, `object_filter`): `and`, `or`, `not`, or a condition. Where
the vendor is silent the strict reading holds: an empty list, an unknown segment or a second key is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard, TypeVar, cast

from ciokit.app_api.types import AudienceFilter
from ciokit.emulator.routing import ApiFault
from ciokit.emulator.world import Person, Thing, World, as_text

T = TypeVar("T")
Test = Callable[[T], bool]
Condition = Callable[[str, Any, str], Callable[[T], bool]]

_DEEPEST = 50


def people_filter(world: World, tree: object) -> Test[Person]:
    """Return the test that an audience filter makes; `ApiFault` 400 names the part that cannot be read."""

    def condition(key: str, value: Any, where: str) -> Test[Person]:
        if key == "segment":
            return _in_segment(world, value, where)
        if key == "attribute":
            return _compared(value, where, _of_person)
        raise _unknown(key, where, "and, or, not, segment, attribute")

    return _test(tree, "filter", condition)


def objects_filter(type_id: str, tree: object) -> Test[Thing]:
    """Return the test that an object filter makes for objects of one type; `ApiFault` 400 as for people."""

    def condition(key: str, value: Any, where: str) -> Test[Thing]:
        if key != "object_attribute":
            raise _unknown(key, where, "and, or, not, object_attribute")
        given = _members(value, where).get("type_id")
        if str(given) != type_id:
            raise ApiFault(400, f"{where}.type_id: must be {type_id}, the object_type_id of the search")
        return _compared(value, where, _of_object)

    return _test(tree, "filter", condition)


def _test(tree: object, where: str, condition: Condition[T], depth: int = 0) -> Test[T]:
    node = _members(tree, where)
    if len(node) != 1:
        raise ApiFault(400, f"{where}: must have exactly one key, and has {len(node)}")
    if depth > _DEEPEST:
        raise ApiFault(400, f"filter: is nested more than {_DEEPEST} levels deep")
    (key, value), *_ = node.items()
    where = f"{where}.{key}"
    if key == "not":
        inner = _test(value, where, condition, depth + 1)
        return lambda item: not inner(item)
    if key in ("and", "or"):
        if not _is_list(value) or not value:
            raise ApiFault(400, f"{where}: must be a list of at least one filter")
        tests = [_test(part, f"{where}[{place}]", condition, depth + 1) for place, part in enumerate(value)]
        if key == "and":
            return lambda item: all(test(item) for test in tests)
        return lambda item: any(test(item) for test in tests)
    return condition(key, value, where)


def _in_segment(world: World, value: Any, where: str) -> Test[Person]:
    number = _members(value, where).get("id")
    segment = world.segments.get(number) if isinstance(number, int) else None
    if segment is None:
        raise ApiFault(400, f"{where}.id: must be the number of a segment of this workspace")
    return lambda person: person.cio_id in segment.members


def _compared(value: Any, where: str, read: Callable[[T, str], Any]) -> Test[T]:
    rule = _members(value, where)
    field, operator = rule.get("field"), rule.get("operator")
    if not isinstance(field, str) or not field:
        raise ApiFault(400, f"{where}.field: is required and must be text")
    if operator == "exists":
        return lambda item: read(item, field) is not None
    if operator != "eq":
        raise ApiFault(400, f"{where}.operator: must be eq or exists")
    if rule.get("value") is None:
        raise ApiFault(400, f"{where}.value: is required with eq")
    wanted = as_text(rule["value"])
    if field == "email":  # matched without regard to case (Track spec, people's identifiers)
        folded = wanted.lower()
        return lambda item: (found := read(item, field)) is not None and as_text(found).lower() == folded
    return lambda item: (found := read(item, field)) is not None and as_text(found) == wanted


def _of_person(person: Person, field: str) -> Any:
    if field in ("id", "email", "cio_id"):
        return getattr(person, field)
    return person.attributes.get(field)


def _of_object(thing: Thing, field: str) -> Any:
    if field == "object_id":
        return thing.id
    return thing.cio_object_id if field == "cio_object_id" else thing.attributes.get(field)


def _members(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ApiFault(400, f"{where}: must be an object")
    return cast("Mapping[str, Any]", value)


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _unknown(key: str, where: str, known: str) -> ApiFault:
    return ApiFault(400, f"{where.removesuffix(f'.{key}')}: has the unknown key {key}; known are {known}")


def segments_of(audience: AudienceFilter | None) -> list[int]:
    """Return the segments an audience names, those kept out too."""
    found: list[int] = []

    def look(node: Any) -> None:
        if isinstance(node, dict):
            for key, value in cast("dict[str, Any]", node).items():
                if key == "segment":
                    found.append(value["id"])
                else:
                    look(value)
        elif isinstance(node, list):
            parts: list[Any] = node  # pyright: ignore[reportUnknownVariableType]  # JSON
            for part in parts:
                look(part)

    look(audience)
    return list(dict.fromkeys(found))
