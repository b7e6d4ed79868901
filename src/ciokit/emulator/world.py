"""The emulator's memory: people, events, objects, relationships, devices, suppressions, and how to find them.

Nothing here knows HTTP. `ciokit.emulator.changes` alters the world; the behaviours of the App API read it. All is
deterministic: the same changes at the same times make the same world, ids included, which is what `--state` stands on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, cast
from uuid import NAMESPACE_URL, uuid5

import orjson

from ciokit.app_api.objects import ObjectIdType
from ciokit.app_api.types import IdType
from ciokit.emulator.holdings import Holdings
from ciokit.emulator.ledger import Taken
from ciokit.emulator.life import STILL_LIFE, Life
from ciokit.emulator.messaging import Messaging
from ciokit.emulator.switches import DEFAULTS, Switches
from ciokit.emulator.webhooks.happened import Outgoing, is_unsubscribed
from ciokit.ulid import ulid

Attributes: TypeAlias = dict[str, Any]
ObjectKey: TypeAlias = tuple[str, str]

PERSON_ID = "e0"
OBJECT_ID = "ob"
"""What minted ids begin with."""


@dataclass(slots=True, eq=False)
class Entry:
    """One line of the activity log: an `Event` or an `Activity`.

    `number` is its place in `World.log` and never changes. `raw` is JSON, read by `data`: 150,000 decoded baskets
    would not fit into a small machine. `timestamp` is when it happened, `received` when it arrived, in unix seconds.
    `person` is None for anonymous events and for what concerns objects alone.
    """

    number: int
    type: str
    raw: bytes
    timestamp: int
    received: int
    person: Person | None

    @property
    def data(self) -> dict[str, Any]:
        """The details, decoded anew on each read, such as `{name: {"from": ..., "to": ...}}` of an attribute change."""
        return cast("dict[str, Any]", orjson.loads(self.raw)) if self.raw else {}

    @property
    def id(self) -> str:
        """A ULID (26 characters) made from time of arrival and number, so that ids sort in order of arrival."""
        return ulid(1000 * self.received, self.number)


@dataclass(slots=True, eq=False)
class Event(Entry):
    """Something a person did: `type` is event, page or screen; `name` is "" for a page without one.

    `raw` is the whole message as it was sent, with white space taken out.
    """

    name: str
    message_id: str
    anonymous_id: str | None

    @property
    def message(self) -> dict[str, Any]:
        """The message in wire form, decoded anew on each read."""
        return cast("dict[str, Any]", orjson.loads(self.raw))

    @property
    def data(self) -> dict[str, Any]:
        """The properties, decoded anew on each read."""
        return cast("dict[str, Any]", self.message.get("properties") or {})


@dataclass(slots=True, eq=False)
class Activity(Entry):
    """Anything else that happened: attribute_change, profile_create, add_relationship, device_change and so on.

    `type` is the vendor's name, `_o:<object type>:...` for objects; `object` names the object concerned, if any.
    """

    object: ObjectKey | None


@dataclass(slots=True)
class Device:
    """A push device; `last_used` in unix seconds."""

    token: str
    platform: Literal["ios", "android"] | None
    last_used: int
    attributes: Attributes = field(default_factory=dict[str, Any])


@dataclass(slots=True, eq=False)
class Relationship:
    """A person belongs to an object; `timestamps` says when each attribute was last set."""

    person: Person
    object: Thing
    attributes: Attributes = field(default_factory=dict[str, Any])
    timestamps: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True, eq=False)
class Person:
    """A profile. `id` and `email` (as first written) identify it; `cio_id` is minted and never changes.

    `attributes` holds JSON values without id, email and cio_id; `timestamps` says when each of them, and id and email,
    was last set. `log` is the person's part of `World.log`, in order. Deleted people stay reachable from the log only.
    """

    cio_id: str
    created: int
    id: str | None = None
    email: str | None = None
    attributes: Attributes = field(default_factory=dict[str, Any])
    timestamps: dict[str, int] = field(default_factory=dict[str, int])
    devices: dict[str, Device] = field(default_factory=dict[str, Device])
    relationships: dict[ObjectKey, Relationship] = field(default_factory=dict[ObjectKey, Relationship])
    anonymous_ids: set[str] = field(default_factory=set[str])
    log: list[Entry] = field(default_factory=list[Entry])
    deleted: bool = False

    @property
    def unsubscribed(self) -> bool:
        """Whether the person is unsubscribed: "true" in any casing, 1 and "1" count (Pipelines spec, identify)."""
        return is_unsubscribed(self.attributes.get("unsubscribed", ""))

    @property
    def subscription_preferences(self) -> dict[str, Any]:
        """The `cio_subscription_preferences` attribute: `topics` and `channels`, empty if never set."""
        value: Any = self.attributes.get("cio_subscription_preferences")
        return cast("dict[str, Any]", value) if isinstance(value, dict) else {}

    def identifiers(self) -> dict[str, str | None]:
        """Return the identifiers as App API answers carry them."""
        return {"id": self.id, "email": self.email, "cio_id": self.cio_id}


@dataclass(slots=True, eq=False)
class Thing:
    """An object, such as a company: `type_id` is an integer as text. `relationships` is by the person's cio_id."""

    type_id: str
    id: str
    cio_object_id: str
    created: int
    attributes: Attributes = field(default_factory=dict[str, Any])
    timestamps: dict[str, int] = field(default_factory=dict[str, int])
    relationships: dict[str, Relationship] = field(default_factory=dict[str, Relationship])

    @property
    def key(self) -> ObjectKey:
        """What `World.objects` knows it by."""
        return (self.type_id, self.id)


@dataclass(slots=True)
class Segment:
    """A manual segment; `members` are cio_ids, `created` is in unix seconds."""

    id: int
    name: str
    description: str = ""
    members: set[str] = field(default_factory=set[str])
    created: int = 0


@dataclass(slots=True, frozen=True)
class Suppression:
    """Identifiers blocked together; lifting one lifts both."""

    id: str | None
    email: str | None
    since: int


@dataclass
class World:
    """Everything the emulator knows about one workspace.

    - `people` by cio_id, in order of creation; `ids` and `emails` (lower case) lead to the same persons.
    - `anonymous` maps an anonymous id to the person it became, `anonymous_events` to the events of those unknown yet.
    - `objects` by (type id, object id); `device_owners` by token; `suppressed_ids`, `suppressed_emails` (lower case).
    - `log`: every event and activity in order of arrival; `seen`: every messageId taken; `segments` by id.
    - `held`: exports, imports, lists and settings; `messaging`: what is sent and was sent; `life`: what becomes of it;
      `outgoing`: what webhooks tell of it.
    - `taken`: what the operation that is being served has accepted; see `ciokit.emulator.operations`.
    - `size`: bytes of the body of the request being handled.
    - `now`: unix seconds of the request being handled; `origin`: scheme, host and port it came to; `fetched`: the file
      whose URL it holds, None if nothing could be read. `switches`: how to behave where the vendor is silent.
    """

    switches: Switches = DEFAULTS
    now: int = 0
    people: dict[str, Person] = field(default_factory=dict[str, Person])
    ids: dict[str, Person] = field(default_factory=dict[str, Person])
    emails: dict[str, Person] = field(default_factory=dict[str, Person])
    anonymous: dict[str, Person] = field(default_factory=dict[str, Person])
    anonymous_events: dict[str, list[Event]] = field(default_factory=dict[str, list[Event]])
    objects: dict[ObjectKey, Thing] = field(default_factory=dict[ObjectKey, Thing])
    device_owners: dict[str, Person] = field(default_factory=dict[str, Person])
    segments: dict[int, Segment] = field(default_factory=dict[int, Segment])
    suppressed_ids: dict[str, Suppression] = field(default_factory=dict[str, Suppression])
    suppressed_emails: dict[str, Suppression] = field(default_factory=dict[str, Suppression])
    log: list[Entry] = field(default_factory=list[Entry])
    seen: set[str] = field(default_factory=set[str])
    minted: int = 0
    held: Holdings = field(default_factory=Holdings)
    messaging: Messaging = field(default_factory=Messaging)
    life: Life = STILL_LIFE
    outgoing: Outgoing = field(default_factory=Outgoing)
    taken: list[Taken] = field(default_factory=list[Taken])
    size: int = 0
    origin: str = ""
    fetched: bytes | None = None

    def person(self, identifier: str, id_type: IdType = "id") -> Person | None:
        """Find a living person; e-mail addresses match in any casing, a cio_id with or without its `cio_` prefix.

        Phone numbers are no identifiers here: nobody is found by one.
        """
        if id_type == "id":
            return self.ids.get(identifier)
        if id_type == "email":
            return self.emails.get(identifier.strip().lower())
        if id_type == "cio_id":
            return self.people.get(identifier.removeprefix("cio_"))
        return None

    def resolve(self, user_id: str) -> Person | None:
        """Find the person a Pipelines `userId` means: an id first, then an e-mail address, then `cio_` and a cio_id."""
        found = self.ids.get(user_id)
        if found is None and "@" in user_id:
            return self.person(user_id, "email")
        if found is None and user_id.startswith("cio_"):
            return self.person(user_id, "cio_id")
        return found

    def object(self, type_id: str, identifier: str, id_type: ObjectIdType = "object_id") -> Thing | None:
        """Find an object of a type by its own or its minted id."""
        if id_type == "object_id":
            return self.objects.get((type_id, identifier))
        matches = (
            item for item in self.objects.values() if item.cio_object_id == identifier and item.type_id == type_id
        )
        return next(matches, None)

    def object_types(self) -> list[str]:
        """Return the ids of all object types in use, in numeric order; type 1 always exists."""
        return sorted({"1", *(type_id for type_id, _ in self.objects)}, key=lambda text: (len(text), text))

    def events(self) -> Iterator[Event]:
        """Yield every event, page and screen in order of arrival, those of deleted people included."""
        return (entry for entry in self.log if isinstance(entry, Event))

    def mint(self, prefix: str) -> str:
        """Return the next minted id; the n-th of a world is always the same."""
        self.minted += 1
        return f"{prefix}{self.minted:010x}"

    def uuid(self) -> str:
        """Return the next minted UUID."""
        return str(uuid5(NAMESPACE_URL, self.mint("ciokit")))

    def ulid(self) -> str:
        """Return the next minted ULID, which begins with the time."""
        self.minted += 1
        return ulid(1000 * self.now, self.minted)

    def reset(self) -> None:
        """Forget everything but the switches, the time and what becomes of messages."""
        outgoing = Outgoing(self.outgoing.generation + 1)
        self.__dict__.update(World(self.switches, self.now, life=self.life, outgoing=outgoing).__dict__)


def as_text(value: Any) -> str:
    """Return an attribute as the App API shows it when `attributes_as_strings` is on; structures become JSON text."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
