"""Objects as the App API shows them."""

from __future__ import annotations

from ciokit.app_api.objects import (
    ObjectAnswer,
    ObjectFilter,
    ObjectIdType,
    Objects,
    ObjectTypes,
    RelatedPerson,
)
from ciokit.app_api.types import ObjectIdentifiers
from ciokit.core.endpoint import Page
from ciokit.emulator.behaviour import lookup, paging
from ciokit.emulator.behaviour.filters import objects_filter
from ciokit.emulator.routing import READS, PageBeside, on
from ciokit.emulator.world import OBJECT_ID, Relationship, World


@on(Objects.find, READS)
def find(
    world: World, object_type_id: str, filter: ObjectFilter, *, start: str | None = None, limit: int | None = None
) -> Page[ObjectIdentifiers]:
    """Answer a search in order of creation; 50 by default, at most 1,000 (the vendor states neither)."""
    test = objects_filter(object_type_id, filter)
    things = [thing for thing in world.objects.values() if thing.type_id == object_type_id]
    rest = paging.after(things, start, lambda thing: thing.cio_object_id, OBJECT_ID)
    found, more = paging.take(rest, test, paging.size(limit or 0, 50, 1000))
    rows = [lookup.object_identifiers(thing) for thing in found]
    return PageBeside(rows, found[-1].cio_object_id if more else None, {"ids": [thing.id for thing in found]})


@on(Objects.types)
def types(world: World) -> ObjectTypes:
    """Answer with the types in use; their names, which only the user interface can set, are made from the number."""
    return {
        "types": [
            {
                "id": type_id,
                "name": f"Objects {type_id}",
                "singular_name": f"Object {type_id}",
                "slug": f"objects-{type_id}",
                "singular_slug": f"object-{type_id}",
                "enabled": True,
                "icon": "cube",
            }
            for type_id in world.object_types()
        ]
    }


@on(Objects.attributes)
def attributes(
    world: World, object_type_id: int, object_id: str, *, id_type: ObjectIdType = "object_id"
) -> ObjectAnswer:
    """Answer with one object."""
    thing = lookup.known_object(world, object_type_id, object_id, id_type)
    return {
        "object": {
            "object_type_id": thing.type_id,
            "identifiers": lookup.object_identifiers(thing),
            "attributes": lookup.shown(thing.attributes, world.switches),
            "timestamps": dict(thing.timestamps),
        }
    }


@on(Objects.relationships)
def relationships(
    world: World,
    object_type_id: int,
    object_id: str,
    *,
    id_type: ObjectIdType = "object_id",
    start: str | None = None,
    limit: int | None = None,
) -> Page[RelatedPerson]:
    """Answer with the people of an object, in the order they were related; 50 by default, at most 1,000."""
    thing = lookup.known_object(world, object_type_id, object_id, id_type)

    def row(link: Relationship) -> RelatedPerson:
        return {
            "identifiers": lookup.person_identifiers(link.person),
            "object_type_id": thing.type_id,
            "object_type_disabled": False,
            "attributes": lookup.shown(link.attributes, world.switches),
            "timestamps": dict(link.timestamps),
        }

    return paging.cut(list(thing.relationships.values()), start, limit or 0, row)
