"""What each kind of message does to the world; messages come here already checked by `ciokit.emulator.rules`.

Marked [inferred] are readings that no document states:

- `track`, `page`, `screen` and `group` for an unknown `userId` create the person, as `identify` does.
- A person known by e-mail only gets the `userId` of the first identify that names both.
- An anonymous identify without `traits.email` changes nobody: Journeys has no anonymous profiles.
- A known anonymous id goes on meaning the person; events older than the merge window stay anonymous for good.
- Attributes change in order of arrival, whatever the message's `timestamp`.
- Suppressing blocks the id and the e-mail address of the person; a message about a blocked identifier is dropped behind
  a 200 also in strict mode, because nothing is wrong with the message.
- Deleting or unsuppressing somebody unknown is no fault.
- A report about a delivery changes the delivery, and is no event of a person.
"""

from __future__ import annotations

from ciokit.emulator import rules
from ciokit.emulator.changes import devices, events, objects, people, reports
from ciokit.emulator.changes.common import Effect, Item, when
from ciokit.emulator.ledger import Problem
from ciokit.emulator.world import World


def apply(world: World, item: Item) -> Problem | None:
    """Do what a checked message says, or return why it has no effect."""
    if world.switches.future_timestamps == "drop" and when(world, item.message) > world.now:
        return Problem("timestamp", "is in the future")
    return _EFFECTS[item.kind](world, item)


def _track(world: World, item: Item) -> Problem | None:
    command = _COMMANDS.get(item.message["event"].strip(), events.track)
    return command(world, item)


def _alias(_world: World, _item: Item) -> Problem | None:
    """Change nothing: `alias` only serves a few other destinations (facts, section 3.7)."""
    return None


_COMMANDS: dict[str, Effect] = {
    rules.DEVICE_CHANGED: devices.change,
    rules.DEVICE_DELETED: devices.delete,
    rules.USER_DELETED: people.delete,
    rules.USER_SUPPRESSED: people.suppress,
    rules.USER_UNSUPPRESSED: people.unsuppress,
    rules.OBJECT_DELETED: objects.delete,
    rules.RELATIONSHIP_DELETED: objects.delete_relationship,
    rules.REPORT_DELIVERY: reports.of_message,
    rules.REPORT_CONTENT: events.report,
}
_EFFECTS: dict[str, Effect] = {
    "identify": people.identify,
    "track": _track,
    "page": events.page,
    "screen": events.screen,
    "group": objects.group,
    "alias": _alias,
}
