"""What version 2 of the Track API is told: one shape for each thing that can be done to a person, object or delivery.

An item is a plain dict: `type` and `action` say which shape it has, `identifiers` who or what is meant. `checked`
refuses one that the service would, and gives events an id. Source: Track spec, `person_operations`,
`object_operations`, `delivery_operations`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, cast, get_args, get_origin, get_type_hints

from ciokit.errors import ValidationError
from ciokit.identity import ByCioId, ByEmail, ById, PersonIdentifiers
from ciokit.track_api.arguments import (
    UnixTime,
    checked_dedupe_id,
    dedupe_id,
    identified,
    mergeable,
    required_text,
    unix_seconds,
    with_last_use,
    with_times,
)
from ciokit.track_api.v1 import DeviceAttributes


class ObjectKey(TypedDict):
    """An object by your own id; the type is a whole number as text."""

    object_type_id: str
    object_id: str


class CioObjectKey(TypedDict):
    """An object by the service's id."""

    cio_object_id: str


ObjectIdentifiers: TypeAlias = ObjectKey | CioObjectKey
"""Which object."""


class AnonymousKey(TypedDict):
    """Somebody who is not known yet."""

    anonymous_id: str


class ObjectRelationship(TypedDict):
    """An object a person has to do with, and what is to be said about that."""

    identifiers: ObjectIdentifiers
    relationship_attributes: NotRequired[Mapping[str, Any]]


class PersonRelationship(TypedDict):
    """A person an object has to do with, and what is to be said about that."""

    identifiers: ById | ByEmail | ByCioId
    relationship_attributes: NotRequired[Mapping[str, Any]]


class AnonymousRelationship(TypedDict):
    """Somebody unknown an object has to do with, and what is to be said about that."""

    identifiers: AnonymousKey
    relationship_attributes: NotRequired[Mapping[str, Any]]


class DeviceToken(TypedDict):
    """A device by its token."""

    token: str


class TokenDevice(DeviceToken):
    """A device; `last_used` is in Unix seconds."""

    platform: Literal["ios", "android"]
    last_used: NotRequired[UnixTime]
    attributes: NotRequired[DeviceAttributes]


class _Person(TypedDict):
    type: Literal["person"]
    identifiers: PersonIdentifiers


class _Event(_Person):
    name: str
    id: NotRequired[str]
    timestamp: NotRequired[UnixTime]
    attributes: NotRequired[Mapping[str, Any]]


class _Object(TypedDict):
    type: Literal["object"]
    identifiers: ObjectIdentifiers


class IdentifyPerson(_Person):
    """Add or update a person. `_update` among the attributes never adds one, `_timestamp` orders writes."""

    action: Literal["identify"]
    attributes: NotRequired[Mapping[str, Any]]
    timestamp: NotRequired[UnixTime]
    cio_relationships: NotRequired[list[ObjectRelationship]]


class DeletePerson(_Person):
    """Delete a person."""

    action: Literal["delete"]


class PersonEvent(_Event):
    """Something a person did; `id` is a ULID, and a repeated one is ignored."""

    action: Literal["event"]


class PersonPage(_Event):
    """A page a person viewed; `name` is its address."""

    action: Literal["page"]


class PersonScreen(_Event):
    """A screen a person viewed in an app."""

    action: Literal["screen"]


class AddPersonRelationships(_Person):
    """Relate a person to objects."""

    action: Literal["add_relationships"]
    cio_relationships: list[ObjectRelationship]


class DeletePersonRelationships(_Person):
    """Part a person from objects."""

    action: Literal["delete_relationships"]
    cio_relationships: list[ObjectRelationship]


class AddDevice(_Person):
    """Add or update a device of a person."""

    action: Literal["add_device"]
    device: TokenDevice


class DeleteDevice(_Person):
    """Take a device from a person."""

    action: Literal["delete_device"]
    device: DeviceToken


class MergePeople(TypedDict):
    """Merge `secondary` into `primary` and delete it, which cannot be undone; see `V1.merge`."""

    type: Literal["person"]
    action: Literal["merge"]
    primary: ById | ByEmail | ByCioId
    secondary: ById | ByEmail | ByCioId


class SuppressPerson(_Person):
    """Delete a person for good and ignore their identifiers from now on."""

    action: Literal["suppress"]


class UnsuppressPerson(_Person):
    """Take notice of an identifier again."""

    action: Literal["unsuppress"]


class IdentifyObject(_Object):
    """Add or update an object, and relate people to it; an attribute of null or empty text is removed."""

    action: Literal["identify"]
    attributes: NotRequired[Mapping[str, Any]]
    cio_relationships: NotRequired[list[PersonRelationship]]


class IdentifyAnonymousObject(_Object):
    """Add or update an object, and relate somebody unknown to it."""

    action: Literal["identify_anonymous"]
    attributes: NotRequired[Mapping[str, Any]]
    cio_relationships: NotRequired[list[AnonymousRelationship]]


class DeleteObject(_Object):
    """Delete an object."""

    action: Literal["delete"]


class AddObjectRelationships(_Object):
    """Relate an object to people."""

    action: Literal["add_relationships"]
    cio_relationships: list[PersonRelationship]


class DeleteObjectRelationships(_Object):
    """Part an object from people."""

    action: Literal["delete_relationships"]
    cio_relationships: list[PersonRelationship]


class DeliveredTo(TypedDict):
    """The device a notification was on."""

    device_token: str


class DeliveryEvent(TypedDict):
    """What became of a push notification on a device; it carries no id, so a repeated one counts again."""

    type: Literal["delivery"]
    action: Literal["event"]
    identifiers: ById
    name: Literal["opened", "converted", "delivered"]
    attributes: DeliveredTo


PersonItem: TypeAlias = (
    IdentifyPerson
    | DeletePerson
    | PersonEvent
    | PersonPage
    | PersonScreen
    | AddPersonRelationships
    | DeletePersonRelationships
    | AddDevice
    | DeleteDevice
    | MergePeople
    | SuppressPerson
    | UnsuppressPerson
)
"""What can be done to a person."""

ObjectItem: TypeAlias = (
    IdentifyObject | IdentifyAnonymousObject | DeleteObject | AddObjectRelationships | DeleteObjectRelationships
)
"""What can be done to an object."""

Item: TypeAlias = PersonItem | ObjectItem | DeliveryEvent
"""One item of a batch."""


def _required(shape: type) -> frozenset[str]:
    hints = get_type_hints(shape, include_extras=True)
    return frozenset(name for name, hint in hints.items() if get_origin(hint) is not NotRequired)


def _by_action(names: Callable[[type], frozenset[str]]) -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], frozenset[str]] = {}
    for shape in get_args(Item):
        hints = get_type_hints(shape)
        found[get_args(hints["type"])[0], get_args(hints["action"])[0]] = names(shape)
    return found


def _known(shape: type) -> frozenset[str]:
    return frozenset(get_type_hints(shape))


_NEEDED = _by_action(_required)
_KNOWN = _by_action(_known)
_TIMED = ("event", "page", "screen")


def checked(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as it is sent: times in Unix seconds, and an id for an event that has none.

    Raises `ValidationError` naming the field that is missing, unknown or cannot be.
    """
    if not isinstance(item, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]  # from untyped code
        raise ValidationError(f"is a {type(item).__name__}; an item is a dict", field="item")
    ready = dict(item)
    kind, action = ready.get("type"), ready.get("action")
    needed = _NEEDED.get((str(kind), str(action)))
    if needed is None:
        actions = [known for of, known in _NEEDED if of == kind]
        field, known = ("action", actions) if actions else ("type", sorted({of for of, _ in _NEEDED}))
        raise ValidationError(f"must be one of {', '.join(known)}", field=field)
    known_names = _KNOWN[str(kind), str(action)]
    unknown = [name for name, value in ready.items() if name not in known_names and value is not None]
    if unknown:
        text = f"is unknown to {action} of a {kind}, and would be lost; it has {', '.join(sorted(known_names))}"
        raise ValidationError(text, field=str(unknown[0]))
    for name in sorted(needed):
        if ready.get(name) is None:
            raise ValidationError(f"is missing; {action} of a {kind} needs it", field=name)
    for name in ("identifiers", "primary", "secondary"):
        if name in needed:
            ready[name] = _identifiers(ready[name], str(kind), name)
    if ready.get("timestamp") is not None:
        ready["timestamp"] = unix_seconds(ready["timestamp"], "timestamp")
    if kind == "person":
        _person(ready, str(action))
    return ready


def _person(item: dict[str, Any], action: str) -> None:
    if action in _TIMED:
        required_text(item["name"], "name")
        given = item.get("id")
        item["id"] = dedupe_id() if given is None else checked_dedupe_id(given)
    elif action == "identify" and item.get("attributes") is not None:
        item["attributes"] = with_times(item["attributes"])
    elif action == "add_device":
        item["device"] = with_last_use(item["device"])
    elif action == "merge" and item["primary"] == item["secondary"]:
        raise ValidationError("is the same person as `primary`; merging takes two", field="secondary")


def _identifiers(given: Any, kind: str, field: str) -> Mapping[str, Any]:
    if kind == "person":
        who = identified(given, field).identifiers if field == "identifiers" else mergeable(given, field)
        return cast("Mapping[str, Any]", who)
    if not isinstance(given, Mapping):
        raise ValidationError(f"is a {type(given).__name__}; give a dict", field=field)
    named = cast("Mapping[str, Any]", given)
    wanted = [{"id"}] if kind == "delivery" else [{"object_type_id", "object_id"}, {"cio_object_id"}]
    if set(named) not in wanted:
        raise ValidationError(f"must be {' or '.join(' and '.join(sorted(each)) for each in wanted)}", field=field)
    return named
