"""What messages about objects and relationships do to the world."""

from __future__ import annotations

from typing import Any

from ciokit.emulator.changes.common import Item, assign, blocked, named, note, somebody
from ciokit.emulator.ledger import Problem
from ciokit.emulator.rules import Message
from ciokit.emulator.world import OBJECT_ID, Attributes, Person, Relationship, Thing, World

_TYPE_KEYS = frozenset({"object_type_id", "relationshipAttributes"})


def group(world: World, item: Item) -> Problem | None:
    """Make or update an object, and relate it to the person, if one is known."""
    message = item.message
    user_id, anonymous_id = named(message, "userId"), named(message, "anonymousId")
    problem = blocked(world, user_id)
    if problem is not None:
        return problem
    traits: Attributes = message.get("traits") or {}
    type_id = str(int(traits.get("object_type_id") or message.get("objectTypeId") or 1))
    thing = _object(world, type_id, message["groupId"])
    changed: dict[str, Any] = {}
    own = {name: value for name, value in traits.items() if name not in _TYPE_KEYS}
    assign(world, thing.attributes, thing.timestamps, own, changed)
    if changed:
        note(world, f"_o:{type_id}:attribute_change", changed, thing=thing)
    person = somebody(world, user_id, anonymous_id)
    if person is not None:
        _relate(world, person, thing, traits.get("relationshipAttributes") or {})
    return None


def _object(world: World, type_id: str, object_id: str) -> Thing:
    thing = world.objects.get((type_id, object_id))
    if thing is None:
        thing = Thing(type_id, object_id, world.mint(OBJECT_ID), world.now)
        world.objects[thing.key] = thing
        note(world, f"_o:{type_id}:create", {}, thing=thing)
    return thing


def _relate(world: World, person: Person, thing: Thing, attributes: Attributes) -> None:
    relationship = person.relationships.get(thing.key)
    if relationship is None:
        relationship = Relationship(person, thing)
        person.relationships[thing.key] = thing.relationships[person.cio_id] = relationship
        note(world, "add_relationship", _reference(thing), person, thing)
    changed: dict[str, Any] = {}
    assign(world, relationship.attributes, relationship.timestamps, attributes, changed)
    if changed:
        note(world, "relationship_attribute_change", changed, person, thing)


def _reference(thing: Thing) -> dict[str, Any]:
    return {"object_type_id": thing.type_id, "object_id": thing.id}


def _unrelate(world: World, person: Person, thing: Thing) -> None:
    if person.relationships.pop(thing.key, None) is not None:
        del thing.relationships[person.cio_id]
        note(world, "delete_relationship", _reference(thing), person, thing)


def _find_object(world: World, message: Message) -> Thing | None:
    properties: Attributes = message["properties"]
    return world.objects.get((str(properties.get("objectTypeId", 1)), properties["objectId"]))


def delete_relationship(world: World, item: Item) -> Problem | None:
    """Take an object from a person."""
    person, thing = world.resolve(item.message["userId"]), _find_object(world, item.message)
    if person is not None and thing is not None:
        _unrelate(world, person, thing)
    return None


def delete(world: World, item: Item) -> Problem | None:
    """Delete an object and its relationships."""
    thing = _find_object(world, item.message)
    if thing is not None:
        for relationship in list(thing.relationships.values()):
            _unrelate(world, relationship.person, thing)
        del world.objects[thing.key]
        note(world, f"_o:{thing.type_id}:delete", {}, thing=thing)
    return None
