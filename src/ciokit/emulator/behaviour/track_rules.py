"""What the Track API takes of an item: its shape, and the sizes of everything in it.

The shapes are those of `ciokit.track_api.items`; times are looser, because the service takes milliseconds for a date in
the far future and says nothing. The sizes are facts, section 3.2. [inferred]: what v1 refuses is what v2 refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias, cast

import orjson

from ciokit.emulator import rules
from ciokit.emulator.ledger import Problem
from ciokit.emulator.sizes import compact
from ciokit.errors import ValidationError
from ciokit.track_api.items import checked

TrackItem: TypeAlias = Mapping[str, Any]

_MOST_ATTRIBUTES = 300
_NAME_BYTES = 150
_VALUE_BYTES = 1_000
_EVENT_NAME_BYTES = 100
_DATA_BYTES = 100_000
_HAPPENINGS = ("event", "page", "screen")
_RESERVED = frozenset({"cio_subscription_preferences", "cio_relationships"})  # structures the service takes apart


def check(item: TrackItem, most: int) -> Problem | None:
    """Return the first rule an item breaks, or None; `most` is how many bytes it may have."""
    raw = compact(item)
    if raw is None:
        return Problem("", "is nested too deeply for the emulator to keep (254 levels)")
    if len(raw) > most:
        return Problem("", f"has {len(raw):,} B, over the limit of {most:,} B")
    problem = _times(item)
    if problem is not None:
        return problem
    try:
        known = checked(_timeless(item))
    except ValidationError as error:
        return Problem(error.field or "", error.message)
    return _identifiers(known) or _content(item) or _relationships(item)


def _times(item: TrackItem) -> Problem | None:
    device: Any = item.get("device")
    attributes: Any = item.get("attributes")
    found = {"timestamp": item.get("timestamp")}
    if isinstance(device, dict):
        found["device.last_used"] = cast("dict[str, Any]", device).get("last_used")
    if isinstance(attributes, dict) and item.get("action") == "identify":
        found["attributes._timestamp"] = cast("dict[str, Any]", attributes).get("_timestamp")
    wrong = (field for field, value in found.items() if value is not None and not _is_moment(value))
    field = next(wrong, None)
    return Problem(field, "is not in whole Unix seconds") if field else None


def _is_moment(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _timeless(item: TrackItem) -> dict[str, Any]:
    """Return an item without its times, which the check of the client is stricter about than the service."""
    rest = {name: value for name, value in item.items() if name != "timestamp"}
    if isinstance(rest.get("attributes"), dict) and rest.get("type") == "person":
        rest["attributes"] = {}
    device: Any = rest.get("device")
    if isinstance(device, dict):
        known = cast("dict[str, Any]", device)
        rest["device"] = {name: value for name, value in known.items() if name != "last_used"}
    return rest


def _identifiers(item: TrackItem) -> Problem | None:
    for field in ("identifiers", "primary", "secondary"):
        given: Any = item.get(field)
        if given is not None:
            problem = _reference(given, field)
            if problem is not None:
                return problem
    return None


def _reference(given: Any, field: str) -> Problem | None:
    """Return what is wrong with the identifiers of a person or an object."""
    if not isinstance(given, dict) or not given:
        return Problem(field, "must be an object that names somebody or something")
    for name, value in cast("dict[str, Any]", given).items():
        where = f"{field}.{name}"
        if name == "phone":
            return Problem(where, "is not enabled as an identifier in this workspace")
        if name == "object_type_id" and not rules.is_type(value):
            return Problem(where, "must be a whole number as text")
        if not isinstance(value, str) or not value.strip():
            return Problem(where, "is empty or no text")
        if name in ("id", "object_id") and _bytes(value) > _NAME_BYTES:
            return Problem(where, f"has {_bytes(value):,} B, over the limit of {_NAME_BYTES}")
    return None


def _content(item: TrackItem) -> Problem | None:
    given: Any = item.get("attributes")
    if given is not None and not isinstance(given, dict):
        return Problem("attributes", f"is {rules.kind_of(given)}; expected an object")
    attributes = cast("dict[str, Any]", given or {})
    if item["type"] == "person" and item["action"] in _HAPPENINGS:
        return _event(item, attributes)
    if item["action"] in ("add_device", "delete_device"):
        return _device(item["device"], is_new=item["action"] == "add_device")
    if item["type"] == "object" and _bytes(attributes) > _DATA_BYTES:
        return Problem("attributes", f"have {_bytes(attributes):,} B, over the limit of {_DATA_BYTES:,}")
    if item["type"] == "person" and item["action"] == "identify":
        email = attributes.get("email")
        if email is not None and not isinstance(email, str):
            return Problem("attributes.email", f"is {rules.kind_of(email)}; expected text")
    return _attributes(attributes, "attributes")


def _event(item: TrackItem, data: dict[str, Any]) -> Problem | None:
    size = _bytes(item["name"].strip())
    if size > _EVENT_NAME_BYTES:
        return Problem("name", f"has {size:,} B, over the limit of {_EVENT_NAME_BYTES}")
    if _bytes(data) > _DATA_BYTES:
        return Problem("attributes", f"have {_bytes(data):,} B, over the limit of {_DATA_BYTES:,}")
    return None


def _device(device: Any, *, is_new: bool) -> Problem | None:
    if not isinstance(device, dict):
        return Problem("device", f"is {rules.kind_of(device)}; expected an object")
    given = cast("dict[str, Any]", device)
    token = given.get("token")
    if not isinstance(token, str) or not token.strip():
        return Problem("device.token", "is empty or no text")
    if is_new and given.get("platform") not in ("ios", "android"):
        return Problem("device.platform", "must be one of ios, android")
    attributes = given.get("attributes")
    if attributes is not None and not isinstance(attributes, dict):
        return Problem("device.attributes", f"is {rules.kind_of(attributes)}; expected an object")
    return None


def _attributes(given: dict[str, Any], field: str) -> Problem | None:
    if len(given) > _MOST_ATTRIBUTES:
        return Problem(field, f"are {len(given):,}, over the limit of {_MOST_ATTRIBUTES}")
    for name, value in given.items():
        if not name.strip():
            return Problem(field, "hold one without a name")
        if _bytes(name.strip()) > _NAME_BYTES:
            return Problem(field, f"hold a name of {_bytes(name.strip()):,} B, over the limit of {_NAME_BYTES}")
        if name not in _RESERVED and _bytes(value) > _VALUE_BYTES:
            return Problem(f"{field}.{name}", f"has {_bytes(value):,} B, over the limit of {_VALUE_BYTES:,}")
    return None


def _relationships(item: TrackItem) -> Problem | None:
    given: Any = item.get("cio_relationships")
    if given is None:
        return None
    if not isinstance(given, list):
        return Problem("cio_relationships", f"is {rules.kind_of(given)}; expected an array")
    ties: list[Any] = given  # pyright: ignore[reportUnknownVariableType]  # JSON
    for place, each in enumerate(ties):
        where = f"cio_relationships[{place}]"
        if not isinstance(each, dict):
            return Problem(where, f"is {rules.kind_of(each)}; expected an object")
        problem = _relationship(cast("dict[str, Any]", each), where, item["type"] == "person")
        if problem is not None:
            return problem
    return None


def _relationship(each: dict[str, Any], where: str, to_object: bool) -> Problem | None:
    named: Any = each.get("identifiers")
    problem = _reference(named, f"{where}.identifiers")
    if problem is not None:
        return problem
    ways = [{"object_type_id", "object_id"}, {"cio_object_id"}]
    if set(named) not in (ways if to_object else [{"id"}, {"email"}, {"cio_id"}, {"anonymous_id"}]):
        return Problem(f"{where}.identifiers", "must name one object" if to_object else "must name one person")
    attributes: Any = each.get("relationship_attributes")
    if attributes is not None and not isinstance(attributes, dict):
        return Problem(f"{where}.relationship_attributes", f"is {rules.kind_of(attributes)}; expected an object")
    return _attributes(cast("dict[str, Any]", attributes or {}), f"{where}.relationship_attributes")


def _bytes(value: object) -> int:
    return len(value.encode()) if isinstance(value, str) else len(orjson.dumps(value))
