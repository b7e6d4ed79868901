"""What each item of the Track API does to the world, by the same changes as the messages of Data Pipelines.

Marked [inferred] are readings that no document states:

- Whoever is named by an id or e-mail address and unknown is made, by every action that tells something of them; nobody
  is made for an unknown `cio_id`, and deleting, merging and parting make nobody.
- What is about a suppressed identifier, or repeats an event's id, is passed over behind a 200.
- The id of a person who has one changes only for who names them by `cio_id`; otherwise it is a failed attribute change.
- An event about a delivery changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson

from ciokit.emulator.behaviour.track_rules import TrackItem
from ciokit.emulator.changes import common, devices, events, objects, people
from ciokit.emulator.changes.merging import merge
from ciokit.emulator.ledger import REPEATED, Problem, Taken
from ciokit.emulator.world import Person, World

_SETTINGS = frozenset({"_update", "_timestamp", "cio_relationships"})
_NOBODY = Problem("identifiers", "are nobody's, and nobody is made for them")
_OTHERS = "relationshipAttributes"  # among the traits of a Pipelines group these are a relationship's, here nothing


def take(world: World, item: TrackItem, index: int | None = None) -> None:
    """Accept a checked item, to happen in its turn; `index` is its place in a batch."""
    raw = orjson.dumps(item) if index is not None else b""
    world.taken.append(Taken(f"{item['type']}.{item['action']}", partial(_apply, world, item), index, raw))


def take_anonymous(world: World, kind: str, anonymous_id: str | None, item: TrackItem) -> None:
    """Accept an event of somebody who is not known yet."""
    who = {"anonymousId": anonymous_id} if anonymous_id else {}
    world.taken.append(Taken(f"anonymous.{kind}", partial(_happen, world, kind, who, item)))


def _apply(world: World, item: TrackItem) -> Problem | None:
    """Do what a checked item says, or return why it has no effect."""
    effect = _EFFECTS.get((item["type"], item["action"]))
    if effect is None:
        return None
    if _is_blocked(world, item.get("identifiers") or {}, item["action"]):
        return Problem("identifiers", "are suppressed; unsuppressing lifts it")
    return effect(world, item)


def _is_blocked(world: World, who: Mapping[str, str], action: str) -> bool:
    return action != "unsuppress" and common.blocked(world, who.get("id"), who.get("email")) is not None


def _run(
    world: World, effect: common.Effect, kind: str, message: dict[str, Any], context: dict[str, Any] | None = None
) -> None:
    effect(world, common.Item("track", None, kind, message, context or {}, orjson.dumps(message)))


def _find(world: World, who: Mapping[str, str]) -> Person | None:
    if "anonymous_id" in who:
        return world.anonymous.get(who["anonymous_id"])
    if "id" in who:
        return world.person(who["id"])
    return world.person(who["email"], "email") if "email" in who else world.person(who["cio_id"], "cio_id")


def _known(world: World, who: Mapping[str, str]) -> Person | None:
    """Return a person, made if need be; None if that cannot be."""
    person = _find(world, who)
    if person is None and not _is_blocked(world, who, ""):
        if "id" in who:
            return common.create(world, who["id"])
        if "email" in who:
            _run(world, people.identify, "identify", {"traits": {"email": who["email"]}})
            return _find(world, who)
    return person


def _ref(person: Person) -> str:
    return f"cio_{person.cio_id}"


# People


def _identify(world: World, item: TrackItem) -> Problem | None:
    given: dict[str, Any] = item.get("attributes") or {}
    who: Mapping[str, str] = item["identifiers"]
    person = _find(world, who)
    if person is None and (given.get("_update") in (True, "true") or "cio_id" in who):
        return _NOBODY
    traits = {name: value for name, value in given.items() if name not in _SETTINGS}
    at: int | None = given.get("_timestamp") or item.get("timestamp")
    if person is None:
        message = _newcomer(who, traits)
    else:
        if at is not None:  # what is newer stays as it is
            traits = {name: value for name, value in traits.items() if person.timestamps.get(name.strip(), 0) <= at}
        _rename(world, person, traits, may_change="cio_id" in who)
        message = {"userId": _ref(person), "traits": traits}
    if isinstance(given.get("anonymous_id"), str):
        message["anonymousId"] = given["anonymous_id"]
    _run(world, people.identify, "identify", message)
    person = _find(world, who) or person
    if person is None:
        return None
    if at is not None:
        person.timestamps.update({name.strip(): at for name in traits if name.strip() in person.timestamps})
    for each in _ties(item):
        _relate(world, person, each)
    return None


def _newcomer(who: Mapping[str, str], traits: dict[str, Any]) -> dict[str, Any]:
    if "id" in who:
        return {"userId": who["id"], "traits": traits}
    message: dict[str, Any] = {"traits": {**traits, "email": who["email"]}}
    if isinstance(traits.get("id"), str):
        message["userId"] = message["traits"].pop("id")
    return message


def _rename(world: World, person: Person, traits: dict[str, Any], *, may_change: bool) -> None:
    """Give a person the id among their traits where that can be; left there, it is a failed change."""
    new = traits.get("id")
    if not isinstance(new, str) or not new.strip() or new in world.ids or (person.id and not may_change):
        return
    before = person.id
    if before:
        del world.ids[before]
    common.set_id(world, person, new)
    common.note(world, "attribute_change", {"id": {"from": before or "", "to": new}}, person)


def _delete(world: World, item: TrackItem) -> None:
    person = _find(world, item["identifiers"])
    if person is not None:
        people.remove(world, person)


def _suppress(world: World, item: TrackItem) -> None:
    _run(world, people.suppress, "track", {"userId": _text(world, item)})


def _unsuppress(world: World, item: TrackItem) -> None:
    _run(world, people.unsuppress, "track", {"userId": _text(world, item)})


def _text(world: World, item: TrackItem) -> str:
    """Return what names somebody who may be gone: their id or e-mail address, else their `cio_id`."""
    person = _find(world, item["identifiers"])
    return _ref(person) if person is not None else next(iter(item["identifiers"].values()))


def _merge(world: World, item: TrackItem) -> None:
    primary, secondary = _find(world, item["primary"]), _find(world, item["secondary"])
    if primary is not None and secondary is not None and primary is not secondary:
        merge(world, primary, secondary)


# What people do and have


def _event(world: World, item: TrackItem) -> Problem | None:
    if _is_repeated(world, item):
        return REPEATED
    person = _known(world, item["identifiers"])
    return _happen(world, item["action"], {"userId": _ref(person)}, item) if person is not None else _NOBODY


def _is_repeated(world: World, item: TrackItem) -> bool:
    return item.get("id") in world.seen and world.switches.dedupe == "on"


_KEEPERS: dict[str, tuple[str, str, common.Effect]] = {
    "event": ("track", "event", events.track),
    "page": ("page", "name", events.page),
    "screen": ("screen", "name", events.screen),
}


def _happen(world: World, action: str, who: dict[str, Any], item: TrackItem) -> Problem | None:
    if _is_repeated(world, item):
        return REPEATED
    event_id: str = item.get("id") or ""
    kind, field, effect = _KEEPERS[action]
    properties: dict[str, Any] = dict(item.get("attributes") or {})
    if action == "page":  # of which the name is the address
        properties.setdefault("url", item["name"])
    message: dict[str, Any] = {**who, field: item["name"], "properties": properties, "messageId": event_id}
    if item.get("timestamp") is not None:
        message["timestamp"] = item["timestamp"]
    if world.switches.future_timestamps == "drop" and common.when(world, message) > world.now:
        return Problem("timestamp", "is in the future")
    if event_id:
        world.seen.add(event_id)
    _run(world, effect, kind, message)
    return None


def _add_device(world: World, item: TrackItem) -> Problem | None:
    person = _known(world, item["identifiers"])
    if person is None:
        return _NOBODY
    device: dict[str, Any] = item["device"]
    message: dict[str, Any] = {"userId": _ref(person), "properties": device.get("attributes") or {}}
    if device.get("last_used") is not None:
        message["timestamp"] = device["last_used"]
    context = {"device": {"token": device["token"], "type": device["platform"]}}
    _run(world, devices.change, "track", message, context)
    return None


def _delete_device(world: World, item: TrackItem) -> None:
    person = _find(world, item["identifiers"])
    if person is not None:
        context = {"device": {"token": item["device"]["token"]}}
        _run(world, devices.delete, "track", {"userId": _ref(person)}, context)


# Objects and relationships


def _ties(item: TrackItem) -> list[dict[str, Any]]:
    return item.get("cio_relationships") or []


def _key(world: World, what: Mapping[str, str]) -> tuple[str, str] | None:
    """Return type and id of an object, which need not exist; None for a minted id of none."""
    if "object_id" in what:
        return str(int(what["object_type_id"])), what["object_id"]
    wanted = what["cio_object_id"]
    return next((key for key, thing in world.objects.items() if thing.cio_object_id == wanted), None)


def _group(world: World, key: tuple[str, str], person: Person | None, traits: dict[str, Any]) -> None:
    who = {"userId": _ref(person)} if person is not None else {}
    message = {**who, "groupId": key[1], "traits": {**traits, "object_type_id": key[0]}}
    _run(world, objects.group, "group", message)


def _relate(world: World, person: Person, each: Mapping[str, Any]) -> None:
    key = _key(world, each["identifiers"])
    if key is not None:
        _group(world, key, person, {_OTHERS: each.get("relationship_attributes") or {}})


def _part(world: World, person: Person | None, key: tuple[str, str] | None) -> None:
    if person is not None and key is not None:
        properties = {"objectTypeId": int(key[0]), "objectId": key[1]}
        _run(world, objects.delete_relationship, "track", {"userId": _ref(person), "properties": properties})


def _relate_person(world: World, item: TrackItem) -> Problem | None:
    person = _known(world, item["identifiers"])
    if person is None:
        return _NOBODY
    for each in _ties(item):
        _relate(world, person, each)
    return None


def _part_person(world: World, item: TrackItem) -> None:
    for each in _ties(item):
        _part(world, _find(world, item["identifiers"]), _key(world, each["identifiers"]))


def _identify_object(world: World, item: TrackItem) -> None:
    key = _key(world, item["identifiers"])
    if key is not None:
        given: dict[str, Any] = item.get("attributes") or {}
        _group(world, key, None, {name: value for name, value in given.items() if name != _OTHERS})
        _relate_object(world, item)


def _relate_object(world: World, item: TrackItem) -> None:
    for each in _ties(item):
        person = _known(world, each["identifiers"])
        if person is not None:
            _relate(world, person, {**each, "identifiers": item["identifiers"]})


def _part_object(world: World, item: TrackItem) -> None:
    for each in _ties(item):
        _part(world, _find(world, each["identifiers"]), _key(world, item["identifiers"]))


def _delete_object(world: World, item: TrackItem) -> None:
    key = _key(world, item["identifiers"])
    if key is not None:
        properties = {"objectTypeId": int(key[0]), "objectId": key[1]}
        _run(world, objects.delete, "track", {"properties": properties})


_EFFECTS: dict[tuple[str, str], Callable[[World, TrackItem], Problem | None]] = {
    ("person", "identify"): _identify,
    ("person", "delete"): _delete,
    ("person", "suppress"): _suppress,
    ("person", "unsuppress"): _unsuppress,
    ("person", "merge"): _merge,
    ("person", "event"): _event,
    ("person", "page"): _event,
    ("person", "screen"): _event,
    ("person", "add_device"): _add_device,
    ("person", "delete_device"): _delete_device,
    ("person", "add_relationships"): _relate_person,
    ("person", "delete_relationships"): _part_person,
    ("object", "identify"): _identify_object,
    ("object", "identify_anonymous"): _identify_object,
    ("object", "delete"): _delete_object,
    ("object", "add_relationships"): _relate_object,
    ("object", "delete_relationships"): _part_object,
}
