"""What the effects share: who is meant, when it happened, what is blocked, and writing into the activity log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from ciokit.emulator import rules
from ciokit.emulator.ledger import Problem
from ciokit.emulator.rules import Context, Message
from ciokit.emulator.world import PERSON_ID, Activity, Attributes, Person, Thing, World


@dataclass(slots=True)
class Item:
    """A message that passed the rules.

    `raw` is the message as compact JSON, `context` the one that applies to it, `index` its place in a batch.
    """

    operation: str
    index: int | None
    kind: str
    message: Message
    context: Context
    raw: bytes


Effect = Callable[[World, Item], Problem | None]


def when(world: World, message: Message) -> int:
    """Return the unix seconds a message happened at; without a time of its own, that is now.

    Times are text in the Pipelines API, and already Unix seconds in the Track API.
    """
    given: str | int | None = message.get("timestamp") or message.get("originalTimestamp")
    if isinstance(given, int):
        return given
    at = rules.moment(given) if given else None
    return world.now if at is None else at


def named(message: Message, field: str) -> str | None:
    """Return an identifier, or None for a missing or blank one."""
    value: str | None = message.get(field)
    return value if value and not value.isspace() else None


def blocked(world: World, user_id: str | None, email: str | None = None) -> Problem | None:
    """Return the problem of a message about a suppressed identifier."""
    if not world.suppressed_ids and not world.suppressed_emails:
        return None
    if user_id and (user_id in world.suppressed_ids or user_id.strip().lower() in world.suppressed_emails):
        return Problem("userId", "is suppressed; `User Unsuppressed` lifts it")
    if email and email.strip().lower() in world.suppressed_emails:
        return Problem("traits.email", "is suppressed; `User Unsuppressed` lifts it")
    return None


def create(world: World, user_id: str | None) -> Person:
    """Make a person."""
    person = Person(world.mint(PERSON_ID), world.now)
    world.people[person.cio_id] = person
    if user_id:
        set_id(world, person, user_id)
    note(world, "profile_create", {}, person)
    return person


def set_id(world: World, person: Person, user_id: str) -> None:
    """Give a person the id they did not have."""
    person.id = user_id
    person.timestamps["id"] = world.now
    world.ids[user_id] = person


def somebody(world: World, user_id: str | None, anonymous_id: str | None) -> Person | None:
    """Return the person a message is about, made if need be; None for an anonymous id nobody has claimed yet."""
    if user_id:
        return world.resolve(user_id) or create(world, user_id)
    return world.anonymous.get(anonymous_id) if anonymous_id else None


def note(
    world: World,
    type: str,
    details: Mapping[str, Any],
    person: Person | None = None,
    thing: Thing | None = None,
    *,
    at: int | None = None,
) -> None:
    """Write an activity that happened at a time in unix seconds: now if none is given."""
    raw = orjson.dumps(details) if details else b""
    key = thing.key if thing is not None else None
    happened = world.now if at is None else at
    activity = Activity(len(world.log), type, raw, happened, world.now, person, key)
    world.log.append(activity)
    if person is not None:
        person.log.append(activity)
        if type == "attribute_change":
            world.outgoing.preferences(world, person, details)


def assign(
    world: World, attributes: Attributes, timestamps: dict[str, int], new: Attributes, changed: dict[str, Any]
) -> None:
    """Set attributes, with names trimmed (facts, section 3.2), and note in `changed` what was otherwise before."""
    removes = world.switches.blank_attributes == "remove"
    for given, value in new.items():
        name = given.strip()
        before = attributes.get(name)
        if removes and (value is None or value == ""):
            if name in attributes:
                del attributes[name]
                timestamps.pop(name, None)
                changed[name] = {"from": before, "to": ""}
        elif name not in attributes or before.__class__ is not value.__class__ or before != value:
            attributes[name] = value
            timestamps[name] = world.now
            changed[name] = {"from": "" if before is None else before, "to": value}
