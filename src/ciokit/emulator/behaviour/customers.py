"""People as the App API shows them."""

from __future__ import annotations

from collections.abc import Sequence

from ciokit.app_api.activities import Activity, ActivityType
from ciokit.app_api.customers import (
    Customers,
    Device,
    FoundByEmail,
    PeopleAnswer,
    PersonAnswer,
    PersonSegments,
    RelatedObject,
)
from ciokit.app_api.types import AudienceFilter, CustomerIdentifiers, IdType
from ciokit.core.endpoint import Page
from ciokit.emulator import world as worlds
from ciokit.emulator.behaviour import activities as log
from ciokit.emulator.behaviour import lookup, paging
from ciokit.emulator.behaviour.filters import people_filter
from ciokit.emulator.routing import READS, ApiFault, PageBeside, on
from ciokit.emulator.world import Person, Relationship, World

_MOST_IDS = 100


@on(Customers.find, READS)
def find(
    world: World, filter: AudienceFilter, *, start: str | None = None, limit: int = 50
) -> Page[CustomerIdentifiers]:
    """Answer a search in order of creation; `ids` beside the rows omits people without one (App spec)."""
    test = people_filter(world, filter)
    people: Sequence[Person] = list(world.people.values())
    people = paging.after(people, start, lambda person: person.cio_id)
    found, more = paging.take(people, test, paging.size(limit, 50, 1000))
    ids = [person.id for person in found if person.id is not None]
    rows = [lookup.person_identifiers(person) for person in found]
    return PageBeside(rows, found[-1].cio_id if more else None, {"ids": ids})


@on(Customers.find_by_email)
def find_by_email(world: World, email: str) -> FoundByEmail:
    """Answer with the one person an e-mail address can belong to, or nobody."""
    person = world.person(email, "email")
    return {"results": [lookup.person_identifiers(person)] if person else []}


@on(Customers.attributes_of, READS)
def attributes_of(world: World, ids: list[str], *, id_type: IdType = "id") -> PeopleAnswer:
    """Answer with the profiles of those that exist, in the order asked for."""
    if not 1 <= len(ids) <= _MOST_IDS:
        raise ApiFault(400, f"ids: must be 1 to {_MOST_IDS}, and are {len(ids)}")
    found = [lookup.find_person(world, each, id_type) for each in ids]
    return {"customers": [_profile(world, person) for person in found if person]}


@on(Customers.attributes)
def attributes(world: World, customer_id: str, *, id_type: IdType = "id") -> PersonAnswer:
    """Answer with one profile."""
    return _profile(world, lookup.known_person(world, customer_id, id_type))


@on(Customers.activities)
def activities(
    world: World,
    customer_id: str,
    *,
    type: ActivityType | str | None = None,
    name: str | None = None,
    id_type: IdType = "id",
    start: str | None = None,
    limit: int = 10,
) -> Page[Activity]:
    """Answer with one person's part of the log."""
    person = lookup.known_person(world, customer_id, id_type)
    return log.page(world, person.log, start, limit, log.selection(type, name))


@on(Customers.relationships)
def relationships(
    world: World, customer_id: str, *, id_type: IdType = "id", start: str | None = None, limit: int | None = None
) -> Page[RelatedObject]:
    """Answer with the objects of a person, in the order they were related; 50 by default, at most 1,000."""
    person = lookup.known_person(world, customer_id, id_type)

    def row(link: Relationship) -> RelatedObject:
        return {
            "object_type_id": link.object.type_id,
            "identifiers": lookup.object_identifiers(link.object),
            "attributes": lookup.shown(link.attributes, world.switches),
            "timestamps": dict(link.timestamps),
        }

    return paging.cut(list(person.relationships.values()), start, limit or 0, row)


@on(Customers.segments)
def segments(world: World, customer_id: str, *, id_type: IdType = "id") -> PersonSegments:
    """Answer with the segments a person is in."""
    person = lookup.known_person(world, customer_id, id_type)
    return {
        "segments": [
            {"id": segment.id, "name": segment.name, "description": segment.description}
            for segment in world.segments.values()
            if person.cio_id in segment.members
        ]
    }


def _profile(world: World, person: Person) -> PersonAnswer:
    attributes = lookup.shown(person.attributes, world.switches)
    return {
        "customer": {
            "id": person.id or "",
            "identifiers": lookup.person_identifiers(person),
            "attributes": {"id": person.id, "email": person.email, "cio_id": person.cio_id, **attributes},
            "timestamps": {"cio_id": person.created, **person.timestamps},
            "unsubscribed": person.unsubscribed,
            "devices": [_device(world, device) for device in person.devices.values()],
        }
    }


def _device(world: World, device: worlds.Device) -> Device:
    row: Device = {
        "id": device.token,
        "last_used": device.last_used,
        "attributes": lookup.shown(device.attributes, world.switches),
    }
    if device.platform:
        row["platform"] = device.platform
    return row
