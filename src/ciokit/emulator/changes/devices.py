"""What messages about devices do to the world."""

from __future__ import annotations

from ciokit.emulator.changes.common import Item, blocked, create, note, when
from ciokit.emulator.ledger import Problem
from ciokit.emulator.world import Attributes, Device, Person, World


def change(world: World, item: Item) -> Problem | None:
    """Add or update a device; a token belongs to one person, the last who registered it.

    Its attributes are the event's properties and what else `context.device` holds.
    """
    user_id: str = item.message["userId"]
    problem = blocked(world, user_id)
    if problem is not None:
        return problem
    given: Attributes = item.context["device"]
    token: str = given["token"]
    person = world.resolve(user_id) or create(world, user_id)
    owner = world.device_owners.get(token)
    if owner is not None and owner is not person:
        _remove(world, owner, token)
    device = person.devices.get(token)
    action = "add" if device is None else "update"
    if device is None:
        device = person.devices[token] = Device(token, None, world.now)
        world.device_owners[token] = person
    device.platform = given.get("type") or device.platform
    device.last_used = when(world, item.message)
    device.attributes.update({name: value for name, value in given.items() if name not in ("token", "type")})
    device.attributes.update(item.message.get("properties") or {})
    note(world, "device_change", {"token": token, "platform": device.platform or "", "action": action}, person)
    return None


def delete(world: World, item: Item) -> Problem | None:
    """Take a device from a person."""
    person = world.resolve(item.message["userId"])
    if person is not None:
        _remove(world, person, item.context["device"]["token"])
    return None


def _remove(world: World, person: Person, token: str) -> None:
    device = person.devices.pop(token, None)
    if device is not None:
        del world.device_owners[token]
        details = {"token": token, "platform": device.platform or "", "action": "delete"}
        note(world, "device_change", details, person)
