"""Version 1 of the Track API: each call is the item of version 2 that says the same, and what that does is one place.

In the path an identifier is told by its form: `cio_` begins a cio_id, an @ makes an e-mail address, and all else is an
id (facts, section 3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ciokit.emulator.behaviour import track_items, track_rules
from ciokit.emulator.ingest import batch_bytes
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World
from ciokit.identity import ByCioId, ByEmail, ById, Identity
from ciokit.track_api.arguments import UnixTime
from ciokit.track_api.v1 import V1, Account, Device, EventType

_NOBODY = "nobody"


@on(V1.region)
def region(world: World) -> Account:
    """Answer with where the emulator is; it counts as the US region."""
    return {"url": world.origin, "region": "us", "environment_id": 1}


@on(V1.identify)
def identify(world: World, identifier: str | Identity, attributes: Mapping[str, Any] | None = None) -> None:
    """Make or update a person; `cio_relationships` among the attributes relates them to objects, or parts them."""
    own = dict(attributes or {})
    ties = own.pop("cio_relationships", None)
    item: dict[str, Any] = {**_person(identifier, "identify"), "attributes": own}
    if ties is None:
        return _do(world, item)
    if not isinstance(ties, dict):
        raise ApiFault(400, "cio_relationships: is no object with `action` and `relationships`")
    given = cast("dict[str, Any]", ties)
    if given.get("action") not in ("add_relationships", "delete_relationships"):
        raise ApiFault(400, "cio_relationships.action: must be one of add_relationships, delete_relationships")
    second = {**_person(identifier, given["action"]), "cio_relationships": given.get("relationships")}
    _check(world, second)
    _do(world, item)
    return track_items.take(world, second)


@on(V1.delete)
def delete(world: World, identifier: str | Identity) -> None:
    """Delete a person; nobody is no fault."""
    _do(world, _person(identifier, "delete"))


@on(V1.suppress)
def suppress(world: World, identifier: str | Identity) -> None:
    """Delete a person and block what identified them."""
    _do(world, _person(identifier, "suppress"))


@on(V1.unsuppress)
def unsuppress(world: World, identifier: str | Identity) -> None:
    """Lift a block."""
    _do(world, _person(identifier, "unsuppress"))


@on(V1.add_device)
def add_device(world: World, identifier: str | Identity, device: Device) -> None:
    """Add or update a device."""
    given: dict[str, Any] = {**device}
    given["token"] = given.pop("id", None)
    _do(world, {**_person(identifier, "add_device"), "device": given})


@on(V1.delete_device)
def delete_device(world: World, identifier: str | Identity, device_id: str) -> None:
    """Take a device from a person."""
    _do(world, {**_person(identifier, "delete_device"), "device": {"token": device_id}})


@on(V1.track)
def track(
    world: World,
    identifier: str | Identity,
    name: str,
    *,
    data: Mapping[str, Any] | None = None,
    type: EventType | None = None,
    timestamp: UnixTime | None = None,
    id: str | None = None,
) -> None:
    """Keep an event of a person."""
    _do(world, _person(identifier, type or "event") | _happened(name, data, timestamp, id))


@on(V1.track_anonymous)
def track_anonymous(
    world: World,
    name: str,
    *,
    anonymous_id: str | None = None,
    data: Mapping[str, Any] | None = None,
    type: EventType | None = None,
    timestamp: UnixTime | None = None,
    id: str | None = None,
) -> None:
    """Keep an event of somebody who is not known yet."""
    kind = type or "event"
    item = {**_person(_NOBODY, kind), **_happened(name, data, timestamp, id)}
    _check(world, item)
    track_items.take_anonymous(world, kind, anonymous_id, item)


@on(V1.merge)
def merge(
    world: World, primary: Identity | ById | ByEmail | ByCioId, secondary: Identity | ById | ByEmail | ByCioId
) -> None:
    """Merge two people; if either is nobody, nothing happens and nothing is said."""
    _do(world, {"type": "person", "action": "merge", "primary": primary, "secondary": secondary})


def _person(identifier: str | Identity, action: str) -> dict[str, Any]:
    text = str(identifier)
    kind = "cio_id" if text.startswith("cio_") else "email" if "@" in text else "id"
    return {"type": "person", "action": action, "identifiers": {kind: text}}


def _happened(
    name: str, data: Mapping[str, Any] | None, timestamp: UnixTime | None, event_id: str | None
) -> dict[str, Any]:
    given = {"name": name, "attributes": data, "timestamp": timestamp, "id": event_id}
    return {field: value for field, value in given.items() if value is not None}


def _check(world: World, item: dict[str, Any]) -> None:
    # The 32 KB are a limit of v2; the data of an event in v1 may have 100,000 bytes.
    problem = track_rules.check(item, batch_bytes(world.switches))
    if problem is not None:
        raise ApiFault(400, str(problem))


def _do(world: World, item: dict[str, Any]) -> None:
    _check(world, item)
    track_items.take(world, item)
