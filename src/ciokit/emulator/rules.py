"""What Data Pipelines takes: each rule with the field it is about and the place it comes from.

Sizes are in `ciokit.emulator.sizes`; what only the world can tell (a suppressed identifier) is in `changes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

from ciokit.emulator.ledger import Problem

Message = dict[str, Any]
Context = Mapping[str, Any]

# Pipelines spec, `/batch`: identify, group, track, page and screen. `alias` is not among them.
BATCHABLE = ("identify", "group", "track", "page", "screen")
TYPES = (*BATCHABLE, "alias")

DEVICE_CHANGED = "Device Created or Updated"
DEVICE_DELETED = "Device Deleted"
USER_DELETED = "User Deleted"
USER_SUPPRESSED = "User Suppressed"
USER_UNSUPPRESSED = "User Unsuppressed"
OBJECT_DELETED = "Object Deleted"
RELATIONSHIP_DELETED = "Relationship Deleted"
REPORT_DELIVERY = "Report Delivery Event"
REPORT_CONTENT = "Report Content Event"

_TIMES = frozenset({"timestamp", "originalTimestamp", "sentAt"})
_EXPECTED: dict[str, type] = {
    **dict.fromkeys(("userId", "anonymousId", "messageId", *_TIMES), str),
    **dict.fromkeys(("properties", "traits", "context", "integrations"), dict),
}
_NAMES: dict[type, str] = {
    str: "text",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
_METRICS = ("delivered", "opened", "clicked", "converted")
_CONTENT_ACTIONS = ("viewed_content", "clicked_content")


def check(kind: str, message: Message, context: Context) -> Problem | None:
    """Return the first rule a message of a type breaks, or None.

    `context` is the one that applies to it, which in a batch is the batch's.
    """
    problem = _shapes(message)
    if problem is not None:
        return problem
    if kind == "track":
        return _track(message, context)
    if kind == "alias":
        return _text(message, "userId") or _text(message, "previousId")
    if kind == "identify":
        return _identify(message)
    if kind == "group":
        return _group(message)
    return _optional_text(message, "name") or _somebody(message)


@lru_cache(maxsize=8192)  # a batch is checked as a whole before any of it happens: each time is asked for twice
def moment(text: str) -> int | None:
    """Return the unix seconds of ISO 8601 text, taken as UTC without an offset, or None if it is not that."""
    try:
        at = datetime.fromisoformat(text)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def kind_of(value: object) -> str:
    """Return what JSON calls a value."""
    if isinstance(value, bool):
        return "true or false"
    return _NAMES[type(value)]


def is_type(value: object) -> bool:
    """Whether a value is the id of an object type: a whole number as text."""
    return isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19


def _shapes(message: Message) -> Problem | None:
    """Look at every field that has one shape in all messages; null counts as left out."""
    for field, value in message.items():
        expected = _EXPECTED.get(field)
        if expected is None or value is None:
            continue
        if value.__class__ is not expected:
            wanted = "an object" if expected is dict else "text"
            return Problem(field, f"is {kind_of(value)}; expected {wanted}")
        if field in _TIMES and moment(value) is None:
            return Problem(field, "is not ISO 8601; expected text such as 2026-01-31T09:30:00Z")
    return None


def _present(message: Message, field: str) -> bool:
    value: Any = message.get(field)
    return bool(value and not cast("str", value).isspace())


def _text(message: Mapping[str, Any], field: str, prefix: str = "") -> Problem | None:
    value = message.get(field)
    if value is None:
        return Problem(prefix + field, "is required")
    if not isinstance(value, str):
        return Problem(prefix + field, f"is {kind_of(value)}; expected text")
    if not value or value.isspace():
        return Problem(prefix + field, "is empty")
    return None


def _optional_text(message: Mapping[str, Any], field: str, prefix: str = "") -> Problem | None:
    value = message.get(field)
    if value is None or isinstance(value, str):
        return None
    return Problem(prefix + field, f"is {kind_of(value)}; expected text")


def _somebody(message: Message) -> Problem | None:
    if _present(message, "userId") or _present(message, "anonymousId"):
        return None
    return Problem("userId", "or `anonymousId` is required")


def _identify(message: Message) -> Problem | None:
    traits: dict[str, Any] = message.get("traits") or {}
    problem = _optional_text(traits, "email", "traits.")
    if problem is not None:
        return problem
    # An empty userId is taken when traits.email says who it is (Pipelines spec, `/identify`).
    return None if _present(traits, "email") else _somebody(message)


def _group(message: Message) -> Problem | None:
    problem = _text(message, "groupId") or _somebody(message)
    if problem is not None:
        return problem
    traits: dict[str, Any] = message.get("traits") or {}
    # The type is a stringified integer, documented in traits; newer samples show it as `objectTypeId` (facts, 3.7).
    for where, field, prefix in ((traits, "object_type_id", "traits."), (message, "objectTypeId", "")):
        value = where.get(field)
        if value is not None and not is_type(value):
            return Problem(prefix + field, 'must be an integer as text, such as "1"')
    relationship = traits.get("relationshipAttributes")
    if relationship is not None and not isinstance(relationship, dict):
        return Problem("traits.relationshipAttributes", f"is {kind_of(relationship)}; expected an object")
    return None


def _track(message: Message, context: Context) -> Problem | None:
    event: Any = message.get("event")
    name = event.strip() if event.__class__ is str else ""
    if not name:
        return _text(message, "event")
    rule = _SEMANTIC.get(name)
    if rule is not None:
        return rule(message, context)
    # A group may perform an event too: the third form of `track` in the Pipelines spec.
    problem = _somebody(message)
    return None if problem is not None and _text(message, "groupId") is None else problem


def _device(message: Message, context: Context) -> Problem | None:
    device = context.get("device")
    if not isinstance(device, dict):
        return _text(message, "userId") or Problem("context.device.token", "is required (a batch's own context counts)")
    known = cast("dict[str, Any]", device)
    problem = _text(message, "userId") or _text(known, "token", "context.device.")
    if problem is None and known.get("type") not in (None, "ios", "android"):
        return Problem("context.device.type", "must be ios or android")
    return problem


def _user(message: Message, _: Context) -> Problem | None:
    return _text(message, "userId")


def _object(message: Message, _: Context) -> Problem | None:
    # The schema demands an anonymousId whose value nobody uses; a userId serves as well.
    return _somebody(message) or _object_reference(message)


def _relationship(message: Message, _: Context) -> Problem | None:
    return _text(message, "userId") or _object_reference(message)


def _object_reference(message: Message) -> Problem | None:
    properties: dict[str, Any] = message.get("properties") or {}
    type_id = properties.get("objectTypeId")
    if type_id is not None and type_id.__class__ is not int:
        return Problem("properties.objectTypeId", f"is {kind_of(type_id)}; expected an integer such as 1")
    return _text(properties, "objectId", "properties.")


def _report(field: str, allowed: tuple[str, ...]) -> Callable[[Message, Context], Problem | None]:
    def rule(message: Message, _: Context) -> Problem | None:
        properties = message.get("properties")
        if properties is None:
            return Problem("properties", "is required")
        if properties.get(field) not in (None, *allowed):
            return Problem(f"properties.{field}", f"must be one of {', '.join(allowed)}")
        return None

    return rule


# Pipelines spec, `components.schemas`; nobody has to be named in a report.
_SEMANTIC: dict[str, Callable[[Message, Context], Problem | None]] = {
    DEVICE_CHANGED: _device,
    DEVICE_DELETED: _device,
    USER_DELETED: _user,
    USER_SUPPRESSED: _user,
    USER_UNSUPPRESSED: _user,
    OBJECT_DELETED: _object,
    RELATIONSHIP_DELETED: _relationship,
    REPORT_DELIVERY: _report("metric", _METRICS),
    REPORT_CONTENT: _report("actionType", _CONTENT_ACTIONS),
}
