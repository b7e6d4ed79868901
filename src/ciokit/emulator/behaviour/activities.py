"""The activity log as the App API shows it: newest arrival first, of the workspace or of one person.

Seen from outside (RudderStack's live suite): event data keep their numbers, and page activities lose their name.
Values of attributes are text here as well (App spec, `activity`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import get_args

from ciokit.app_api.activities import Activities, ActivityType
from ciokit.app_api.activities import Activity as Row
from ciokit.app_api.types import IdType
from ciokit.core.endpoint import Page
from ciokit.emulator.behaviour import lookup, paging
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import Entry, Event, Person, World

_CHANGE = "attribute_change"
_OF_DELIVERIES = ("_email", "_twilio", "_push", "_in_app", "_slack", "_webhook")
_TYPES = frozenset(get_args(ActivityType))
_NUMBERED = re.compile(
    r"_o:\d+:(create|delete|attribute_change|failed_attribute_change|add_relationship|delete_relationship)"
    r"|_r:\d+:(attribute_change|failed_attribute_change)"
)


@on(Activities.find)
def find(
    world: World,
    *,
    type: ActivityType | str | None = None,
    name: str | None = None,
    customer_id: str | None = None,
    id_type: IdType = "id",
    deleted: bool = False,
    start: str | None = None,
    limit: int = 10,
) -> Page[Row]:
    """Answer with the log of the workspace; an unknown person has an empty one (no 404 is documented)."""
    of_kind = selection(type, name)
    if customer_id is None:
        return page(world, world.log, start, limit, lambda entry: _is_gone(entry) == deleted and of_kind(entry))
    if deleted:
        whose = customer_id
        return page(world, world.log, start, limit, lambda entry: _was(entry.person, whose, id_type) and of_kind(entry))
    person = lookup.find_person(world, customer_id, id_type)
    return page(world, person.log if person else [], start, limit, of_kind)


def selection(type: ActivityType | str | None, name: str | None) -> Callable[[Entry], bool]:
    """Return the test for a kind of activity and a name; `ApiFault` 400 for a kind there is none of."""
    if type is not None and type not in _TYPES and not _NUMBERED.fullmatch(type):
        raise ApiFault(400, "type: is no kind of activity")

    def test(entry: Entry) -> bool:
        return (type is None or entry.type == type) and (name is None or _has_name(entry, name))

    return test


def page(world: World, log: Sequence[Entry], start: str | None, limit: int, test: Callable[[Entry], bool]) -> Page[Row]:
    """Return a page of a log: 10 entries by default, at most 100."""
    found, more = paging.take(paging.newest_first(log, start), test, paging.size(limit, 10, 100))
    return Page([_row(world, entry) for entry in found], str(found[-1].number) if more else None)


def _row(world: World, entry: Entry) -> Row:
    data = entry.data
    if entry.type.endswith(_CHANGE):
        data = {name: lookup.shown(change, world.switches) for name, change in data.items()}
    row: Row = {
        "id": entry.id,
        "type": entry.type,
        "timestamp": entry.timestamp,
        "customer_id": entry.person.id if entry.person else None,
        "data": data,
    }
    if entry.person:
        row["customer_identifiers"] = lookup.person_identifiers(entry.person)
    delivery_id: object = data.get("delivery_id")
    if entry.type.endswith(_OF_DELIVERIES) and isinstance(delivery_id, str):
        row["delivery_id"] = delivery_id
        if entry.type.endswith("_email"):
            row["delivery_type"] = "email"
        elif entry.type.endswith("_twilio"):
            row["delivery_type"] = "phone"
    if isinstance(entry, Event):
        url = data.get("url")
        if entry.type != "page":
            row["name"] = entry.name
        elif isinstance(url, str):
            row["url"] = url
    return row


def _has_name(entry: Entry, name: str) -> bool:
    if isinstance(entry, Event):
        return entry.type != "page" and entry.name == name
    return entry.type.endswith(_CHANGE) and name in entry.data


def _is_gone(entry: Entry) -> bool:
    return entry.person is not None and entry.person.deleted


def _was(person: Person | None, identifier: str, id_type: IdType) -> bool:
    """Whether an identifier belonged to a person who is deleted: indexes know only the living."""
    if person is None or not person.deleted:
        return False
    if id_type == "email":
        return person.email is not None and person.email.lower() == identifier.strip().lower()
    return identifier == (f"cio_{person.cio_id}" if id_type == "cio_id" else person.id)
