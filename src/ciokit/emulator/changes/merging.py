"""Merging one person into another: the one keeps what it has, gets what it lacks, and the other is deleted.

Known: values of the one who stays win, and the events of the last 30 days, manual segments and deliveries move (Track
spec, `merge`; facts, section 3.2). [inferred]: identifiers, devices and relationships that are missing move as well.
"""

from __future__ import annotations

from ciokit.emulator.changes.common import note, set_id
from ciokit.emulator.changes.people import remove
from ciokit.emulator.world import Event, Person, World

_DAYS = 30 * 86_400


def merge(world: World, primary: Person, secondary: Person) -> None:
    """Fold one person into another and delete them."""
    for name, value in secondary.attributes.items():
        if name not in primary.attributes:
            primary.attributes[name] = value
            primary.timestamps[name] = world.now
    _move_past(world, primary, secondary)
    _move_ties(world, primary, secondary)
    gone = secondary.identifiers()
    remove(world, secondary)
    if primary.id is None and secondary.id:
        set_id(world, primary, secondary.id)
    if primary.email is None and secondary.email:
        primary.email, primary.timestamps["email"] = secondary.email, world.now
        world.emails[secondary.email.lower()] = primary
    note(world, "profile_merge", {"secondary": gone}, primary)


def _move_past(world: World, primary: Person, secondary: Person) -> None:
    moved = [each for each in secondary.log if isinstance(each, Event) and each.timestamp >= world.now - _DAYS]
    for event in moved:
        event.person = primary
    taken = {event.number for event in moved}
    secondary.log = [each for each in secondary.log if each.number not in taken]
    primary.log = sorted([*primary.log, *moved], key=lambda entry: entry.number)
    for delivery in world.messaging.deliveries:
        if delivery.person is secondary:
            delivery.person = primary


def _move_ties(world: World, primary: Person, secondary: Person) -> None:
    for segment in world.segments.values():
        if secondary.cio_id in segment.members:
            segment.members.add(primary.cio_id)
    for token, device in secondary.devices.items():
        primary.devices[token] = device  # a token has one owner, so the other cannot have it
        world.device_owners[token] = primary
    secondary.devices.clear()
    for key, relationship in list(secondary.relationships.items()):
        if key not in primary.relationships:
            del secondary.relationships[key]
            del relationship.object.relationships[secondary.cio_id]
            relationship.person = primary
            primary.relationships[key] = relationship.object.relationships[primary.cio_id] = relationship
    for anonymous_id in secondary.anonymous_ids:
        world.anonymous[anonymous_id] = primary
    primary.anonymous_ids |= secondary.anonymous_ids
    secondary.anonymous_ids.clear()
