"""Who and what a request of the App API means: from identifiers to what has them, and how both are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from ciokit.app_api.objects import ObjectIdType
from ciokit.app_api.types import CustomerIdentifiers, IdType, ObjectIdentifiers
from ciokit.emulator.routing import ApiFault
from ciokit.emulator.switches import Switches
from ciokit.emulator.world import Person, Thing, World, as_text

K = TypeVar("K")
V = TypeVar("V")


def known(there: Mapping[K, V], key: K, noun: str) -> V:
    """Return what has a number or id; `ApiFault` 404 when there is none."""
    found = there.get(key)
    if found is None:
        raise ApiFault(404, f"there is no such {noun}")
    return found


def find_person(world: World, identifier: str, id_type: IdType) -> Person | None:
    """Return the person with an identifier, or None.

    A cio_id without its `cio_` prefix finds nobody (App spec, `customer_id`). Phone is no identifier of this workspace:
    `ApiFault` 400, which the vendor documents for every kind that is not enabled.
    """
    if id_type == "phone":
        raise ApiFault(400, "id_type: phone is not enabled as an identifier in this workspace")
    if id_type == "cio_id" and not identifier.startswith("cio_"):
        return None
    return world.person(identifier, id_type)


def known_person(world: World, identifier: str, id_type: IdType) -> Person:
    """Return the person with an identifier; `ApiFault` 404 when there is none."""
    person = find_person(world, identifier, id_type)
    if person is None:
        raise ApiFault(404, f"no customer has this {id_type}")
    return person


def known_object(world: World, object_type_id: int, object_id: str, id_type: ObjectIdType) -> Thing:
    """Return an object; `ApiFault` 404 when there is none."""
    thing = world.object(str(object_type_id), object_id, id_type)
    if thing is None:
        raise ApiFault(404, f"no object of this type has this {id_type}")
    return thing


def person_identifiers(person: Person) -> CustomerIdentifiers:
    """Return a person's identifiers as answers carry them."""
    return {"id": person.id, "email": person.email, "cio_id": person.cio_id}


def object_identifiers(thing: Thing) -> ObjectIdentifiers:
    """Return an object's identifiers as answers carry them."""
    return {"object_id": thing.id, "cio_object_id": thing.cio_object_id}


def shown(attributes: dict[str, Any], switches: Switches) -> dict[str, Any]:
    """Return attributes as answers carry them: as text, unless the switch says otherwise."""
    if not switches.attributes_as_strings:
        return dict(attributes)
    return {name: as_text(value) for name, value in attributes.items()}
