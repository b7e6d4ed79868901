"""What a message is: one Pipelines call as a plain dict in its wire form, complete and checked before it is sent.

`message` builds one from arguments and mints its id; `check` refuses one that the service would drop. Single calls,
batches and later bulk loads all use these two.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypedDict, cast, get_args
from uuid import UUID, uuid4, uuid5

from ciokit import values
from ciokit.errors import ValidationError
from ciokit.iso8601 import is_moment

MessageType = Literal["identify", "track", "page", "screen", "group", "alias"]
MESSAGE_TYPES: tuple[MessageType, ...] = get_args(MessageType)


class _Typed(TypedDict):
    type: MessageType


class Message(_Typed, total=False):
    """One Pipelines call in wire form (Pipelines spec, `components.schemas`)."""

    messageId: str
    userId: str
    anonymousId: str
    timestamp: str | datetime
    context: Mapping[str, Any]
    integrations: Mapping[str, Any]
    traits: Mapping[str, Any]
    event: str
    name: str
    properties: Mapping[str, Any]
    groupId: str
    previousId: str


class Options(TypedDict, total=False):
    """What any message may carry besides its own fields; all optional.

    - `timestamp`: when it happened: an aware datetime or ISO 8601 text with an offset. Left out: when it arrives.
    - `context`: what surrounded it, such as `{"ip": ...}`.
    - `integrations`: which destinations get it, such as `{"All": False, "Mixpanel": True}`.
    - `message_id`: its id. Left out: a new UUID. The service takes a repeated id as the same message.
    - `key`: instead of `message_id`, something that names this message in your data, such as a row's primary key; the
      same key, type, person and name (of the event, page, screen or object) always give the same id.
    """

    timestamp: datetime | str
    context: Mapping[str, Any]
    integrations: Mapping[str, Any]
    message_id: str
    key: str


class AnonymousOptions(Options, total=False):
    """`Options`, and one more.

    - `anonymous_id`: somebody who has no id yet.
    """

    anonymous_id: str


_DERIVED_FROM = ("type", "userId", "anonymousId", "event", "name", "groupId")
_KEYS = UUID("5f2c9c1e-6c0e-5d39-9a53-0c1d5a1b7a11")


def message(
    kind: MessageType, user_id: str | None, fields: Mapping[str, Any], options: AnonymousOptions | Options
) -> Message:
    """Build and check a message; `fields` are its own fields in wire form, those that are None left out.

    Raises `ValidationError` naming the argument at fault.
    """
    unknown = options.keys() - _OPTIONS
    if unknown:
        raise TypeError(f"unexpected option `{min(unknown)}`; known are {', '.join(sorted(_OPTIONS))}")
    built: dict[str, Any] = {"type": kind}
    anonymous_id = options.get("anonymous_id")
    if user_id is not None:
        built["userId"] = text(user_id, "user_id")
    if anonymous_id is not None:
        built["anonymousId"] = text(anonymous_id, "anonymous_id")
    built.update((name, value) for name, value in fields.items() if value is not None)
    at = options.get("timestamp")
    if at is not None:
        built["timestamp"] = values.timestamp(at)
    built.update((name, value) for name in _AROUND if (value := options.get(name)) is not None)
    built["messageId"] = _message_id(built, options)
    check(built)
    return cast("Message", built)


_OPTIONS = frozenset(AnonymousOptions.__annotations__)
_AROUND: tuple[Literal["context", "integrations"], ...] = ("context", "integrations")


def text(value: object, field: str) -> str:
    """Return an argument that must be text and not empty, or raise `ValidationError` naming it."""
    if not isinstance(value, str):
        raise ValidationError(f"is a {type(value).__name__}; it must be text, such as str(value)", field=field)
    if not value.strip():
        raise ValidationError("is empty; give it, or leave the argument out where that is allowed", field=field)
    return value


def mapping(value: Mapping[str, Any] | None, field: str) -> dict[str, Any]:
    """Return an argument that must be a dict as a new one, empty for None, or raise `ValidationError` naming it."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # dict() would take pairs too
        raise ValidationError(f"is a {type(value).__name__}; give a dict", field=field)
    return dict(value)


def _message_id(built: Mapping[str, Any], options: AnonymousOptions | Options) -> str:
    given = options.get("message_id")
    key = options.get("key")
    if given is not None and key is not None:
        raise ValidationError("cannot stand beside `message_id`; give one", field="key")
    if given is not None:
        return text(given, "message_id")
    return str(uuid4()) if key is None else derived_id(built, key)


def derived_id(built: Mapping[str, Any], key: str) -> str:
    """Return the id that `key` gives this message.

    Always the same for the same key, type, person and name of the event, page, screen or object; else another.
    """
    parts = [text(key, "key"), *(built.get(name) for name in _DERIVED_FROM)]
    return str(uuid5(_KEYS, values.encode(parts).decode()))


def check(message: Mapping[str, Any]) -> None:
    """Raise `ValidationError` if the service would drop this message, naming the field in wire form.

    An identifier is required: exactly one of `userId` and `anonymousId`, except that `identify` takes both (it ties
    what the anonymous visitor did to the person) and may leave `userId` empty when `traits.email` is set.
    Sizes are checked where the bytes are: when it is sent.
    """
    # Bulk loads check every row, so what is nearly always right is seen here, and only the rest is called for.
    kind = message.get("type")
    if kind == "track":
        event = message.get("event")
        if event.__class__ is not str or not event or event.isspace():
            _require(message, "event")
    elif kind not in MESSAGE_TYPES:
        raise ValidationError(f"must be one of {', '.join(MESSAGE_TYPES)}", field="type")
    else:
        for field in _NEEDED.get(kind, ()):
            _require(message, field)
    if not message.keys() <= _MEMBERS[kind]:
        _check_members(message, kind)
    user_id = message.get("userId")
    if user_id.__class__ is not str or not user_id or user_id.isspace() or message.get("anonymousId") is not None:
        _check_who(message, kind)
    message_id = message.get("messageId")
    if message_id is not None and (message_id.__class__ is not str or not message_id.strip()):
        _require(message, "messageId")
    unusual = "traits" in message or "name" in message or "context" in message or "integrations" in message
    if unusual or message.get("properties").__class__ is not dict:
        _check_shapes(message, kind)
    at = message.get("timestamp")
    if at is not None and not (at.__class__ is str and is_moment(at)):
        values.timestamp(at)


# Pipelines spec, `all_common_fields` and the schema of each type.
_ANY = frozenset(
    ["type", "messageId", "timestamp", "context", "integrations", "originalTimestamp", "receivedAt", "sentAt"]
) | {"version"}
_NEEDED: Mapping[str, tuple[str, ...]] = {"group": ("groupId",), "alias": ("userId", "previousId")}
_MEMBERS: Mapping[str, frozenset[str]] = {
    "identify": _ANY | {"userId", "anonymousId", "traits"},
    "track": _ANY | {"userId", "anonymousId", "event", "properties", "groupId"},
    "page": _ANY | {"userId", "anonymousId", "name", "properties"},
    "screen": _ANY | {"userId", "anonymousId", "name", "properties"},
    "group": _ANY | {"userId", "anonymousId", "groupId", "traits"},
    "alias": _ANY | {"userId", "previousId"},
}


def _check_members(message: Mapping[str, Any], kind: str) -> None:
    """Refuse a member that the service would drop; None drops nothing, and rows of tables are full of it."""
    known = _MEMBERS[kind]
    unknown = [name for name, value in message.items() if name not in known and value is not None]
    if unknown:
        text = f"is unknown to a {kind} message, and would be lost; it has {', '.join(sorted(known))}"
        raise ValidationError(text, field=str(unknown[0]))


def _check_shapes(message: Mapping[str, Any], kind: str) -> None:
    for field in ("properties", "traits", "context", "integrations"):
        value = message.get(field)
        if value is not None and not isinstance(value, Mapping):
            raise ValidationError(f"is a {type(value).__name__}; it must be a dict", field=field)
    if message.get("name") is not None:
        _require(message, "name")
    traits = cast("Mapping[str, object]", message.get("traits") or {})
    object_type = traits.get("object_type_id") if kind == "group" else None
    if object_type is not None and not isinstance(object_type, str):
        raise ValidationError(
            f'is a {type(object_type).__name__}; a group message has it as text, such as "1"',
            field="traits.object_type_id",
        )


def _check_who(message: Mapping[str, Any], kind: str) -> None:
    user_id = message.get("userId")
    anonymous_id = message.get("anonymousId")
    if anonymous_id is not None:
        _require(message, "anonymousId")
        if user_id is not None and kind != "identify":
            raise ValidationError(f"cannot stand beside `userId` in a {kind} message; give one", field="anonymousId")
    elif user_id is None or user_id == "":
        if kind != "identify" or not _has_email(message):
            raise ValidationError(
                "is missing, and so is `anonymousId`: a message about nobody is dropped", field="userId"
            )
        return
    if user_id is not None:
        _require(message, "userId")


def _require(message: Mapping[str, Any], field: str) -> None:
    value = message.get(field)
    if not isinstance(value, str):
        kind = "missing" if value is None else f"a {type(value).__name__}"
        raise ValidationError(f"is {kind}; a {message.get('type')} message needs it as text", field=field)
    if not value or value.isspace():
        raise ValidationError(f"is empty; a {message.get('type')} message needs it", field=field)


def _has_email(message: Mapping[str, Any]) -> bool:
    traits = message.get("traits")
    email: object = cast("Mapping[str, Any]", traits).get("email") if isinstance(traits, Mapping) else None
    return isinstance(email, str) and bool(email.strip())
