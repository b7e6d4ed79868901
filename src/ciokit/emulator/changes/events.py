"""What events, pages and screens do to the world: they are kept, in order."""

from __future__ import annotations

from ciokit.emulator.changes.common import Item, blocked, named, somebody, when
from ciokit.emulator.ledger import Problem
from ciokit.emulator.world import Event, Person, World


def track(world: World, item: Item) -> Problem | None:
    """Keep an event; its name is trimmed (facts, section 3.2)."""
    return _record(world, item, "event", item.message["event"].strip())


def page(world: World, item: Item) -> Problem | None:
    """Keep a page view."""
    return _record(world, item, "page", (item.message.get("name") or "").strip())


def screen(world: World, item: Item) -> Problem | None:
    """Keep a screen view."""
    return _record(world, item, "screen", (item.message.get("name") or "").strip())


def report(world: World, item: Item) -> Problem | None:
    """Keep a report about content as an event: messages to people nobody knows are not part of this world."""
    user_id = named(item.message, "userId")
    person = world.resolve(user_id) if user_id else None
    _keep(world, item, "event", item.message["event"].strip(), person, None)
    return None


def _record(world: World, item: Item, type: str, name: str) -> Problem | None:
    user_id = named(item.message, "userId")
    problem = blocked(world, user_id)
    if problem is not None:
        return problem
    anonymous_id = None if user_id else named(item.message, "anonymousId")
    _keep(world, item, type, name, somebody(world, user_id, anonymous_id), anonymous_id)
    return None


def _keep(  # noqa: PLR0917 - on the path of every event
    world: World, item: Item, type: str, name: str, person: Person | None, anonymous_id: str | None
) -> None:
    message = item.message
    message_id: str = message.get("messageId") or ""
    at = when(world, message)
    event = Event(len(world.log), type, item.raw, at, world.now, person, name, message_id, anonymous_id)
    world.log.append(event)
    if person is not None:
        person.log.append(event)
    elif anonymous_id is not None:
        world.anonymous_events.setdefault(anonymous_id, []).append(event)
