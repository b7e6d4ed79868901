"""What the Track API wants of arguments: times in Unix seconds, one identifier, and an id for every event."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TypeAlias, cast

from ciokit import values
from ciokit.errors import ValidationError
from ciokit.identity import Identity, PersonIdentifiers
from ciokit.ulid import is_ulid, ulid

UnixTime: TypeAlias = int | datetime
"""A moment: whole Unix seconds, or an aware datetime, which becomes that."""

_LATEST = 10**11  # the year 5138; milliseconds since 1973 are beyond it


def unix_seconds(value: object, field: str) -> int:
    """Return a moment as the Track API writes it.

    Raises `ValidationError` for milliseconds, which the service would read as a date far in the future (facts, 3.2),
    for fractions, and for a datetime without a zone.
    """
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise ValidationError("has no time zone, so the moment is ambiguous; attach the zone", field=field)
        return int(value.timestamp())
    if isinstance(value, bool) or not isinstance(value, int):
        kind = type(value).__name__
        raise ValidationError(f"is a {kind}; give whole Unix seconds or an aware datetime", field=field)
    if not 0 <= value < _LATEST:
        raise ValidationError("is not in Unix seconds; divide milliseconds by 1000", field=field)
    return value


def with_times(attributes: object) -> dict[str, Any]:
    """Return attributes with those that are moments to the service, `_timestamp` and `created_at`, in Unix seconds."""
    if not isinstance(attributes, Mapping):
        raise ValidationError(f"is a {type(attributes).__name__}; give a dict", field="attributes")
    given: dict[str, Any] = dict(cast("Mapping[str, Any]", attributes))
    for name in ("_timestamp", "created_at"):
        if given.get(name) not in (None, ""):  # which remove an attribute
            given[name] = unix_seconds(given[name], f"attributes.{name}")
    return given


def with_last_use(device: object) -> dict[str, Any]:
    """Return a device with the time it was last used in Unix seconds."""
    if not isinstance(device, Mapping):
        raise ValidationError(f"is a {type(device).__name__}; give a dict", field="device")
    given: dict[str, Any] = dict(cast("Mapping[str, Any]", device))
    if given.get("last_used") is not None:
        given["last_used"] = unix_seconds(given["last_used"], "device.last_used")
    return given


def identified(given: object, field: str) -> Identity:
    """Return who is named by an `Identity` or by a dict in wire form."""
    if isinstance(given, Identity):
        return given
    if not isinstance(given, Mapping):
        raise ValidationError(f"is a {type(given).__name__}; give a dict", field=field)
    try:
        return Identity(**cast("Mapping[str, Any]", given))
    except TypeError:
        raise ValidationError("is exactly one of id, email, phone, cio_id", field=field) from None
    except ValidationError as error:
        at = "" if error.field == "identity" else f".{error.field}"
        raise ValidationError(error.message, field=field + at) from None


def mergeable(given: object, field: str) -> PersonIdentifiers:
    """Return one side of a merge in wire form; nobody is merged by phone number."""
    identity = identified(given, field)
    if identity.phone is not None:
        raise ValidationError("cannot be merged by phone number; give id, email or cio_id", field=field)
    return identity.identifiers


def dedupe_id() -> str:
    """Return a new ULID: an event that repeats one is ignored, so it can be sent again without making two of it."""
    return ulid(time.time_ns() // 1_000_000, secrets.randbits(80))


def checked_dedupe_id(value: object) -> str:
    """Return an event's id; raise `ValidationError` for one that is no ULID."""
    if not isinstance(value, str) or not is_ulid(value):
        raise ValidationError("is no ULID (26 letters and digits); leave it out for a new one", field="id")
    return value


def required_text(value: object, field: str) -> str:
    """Return text that must not be empty, or raise `ValidationError`."""
    if not isinstance(value, str) or not value.strip():
        raise ValidationError("is empty or no text", field=field)
    if not value.isascii():
        values.encode(value, field=field)  # refuses what UTF-8 cannot hold
    return value


def listed(given: object, field: str) -> None:
    """Refuse what is no collection of entries: text is iterable, letter by letter."""
    name = type(given).__name__
    if isinstance(given, str | bytes | Mapping) or not isinstance(given, Iterable):
        raise ValidationError(f"must be a list, not {name}", field=field)


# What operations are prepared by


def ids(arguments: dict[str, Any]) -> None:
    """See to the list of ids."""
    listed(arguments["ids"], "ids")


def person(arguments: dict[str, Any]) -> None:
    """Put somebody into the path."""
    who = arguments.get("identifier")
    if isinstance(who, Identity):
        arguments["identifier"] = who.in_path


def attributes(arguments: dict[str, Any]) -> None:
    """Put somebody into the path, and see to the times among their attributes."""
    person(arguments)
    arguments["attributes"] = with_times(arguments.get("attributes") or {})


def device(arguments: dict[str, Any]) -> None:
    """Put somebody into the path, and see to when the device was used."""
    person(arguments)
    arguments["device"] = with_last_use(arguments["device"])


def moment(arguments: dict[str, Any]) -> None:
    """See to the time something happened."""
    if arguments.get("timestamp") is not None:
        arguments["timestamp"] = unix_seconds(arguments["timestamp"], "timestamp")


def event(arguments: dict[str, Any]) -> None:
    """Put somebody into the path; name, time and id of the event."""
    person(arguments)
    moment(arguments)
    required_text(arguments.get("name"), "name")
    given = arguments.get("id")
    arguments["id"] = dedupe_id() if given is None else checked_dedupe_id(given)


def merger(arguments: dict[str, Any]) -> None:
    """See to both sides of a merge: one identifier each, no phone number, and not the same."""
    for side in ("primary", "secondary"):
        arguments[side] = mergeable(arguments[side], side)
    if arguments["primary"] == arguments["secondary"]:
        raise ValidationError("is the same person as `primary`; merging takes two", field="secondary")
