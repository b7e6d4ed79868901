"""An event as the JSON a webhook is sent: the documented fields of its type, and no others.

Known: the fields of each type and metric (reporting webhooks spec, the schemas). [inferred]: what the schemas leave
open or get wrong -

- the spec's `push_drafted` says `attempted`; it is `drafted` here, as its name is. `sms_dropped`, which can be
  subscribed to and has no schema, looks like `whatsapp_dropped`.
- transactional messages of every channel name their `transactional_message_id`; the spec knows it of e-mail and push.
- a change of preferences outside a message has no delivery: its `delivery_id` is empty and its `newsletter_id` null,
  because one of three sources is demanded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import orjson

from ciokit.emulator.messaging import Delivery, DeliveryEvent
from ciokit.emulator.webhooks.happened import OBJECT_TYPES, PreferenceChange
from ciokit.ulid import ulid

if TYPE_CHECKING:
    from ciokit.emulator.world import World

_REASONS = frozenset({"attempted", "deferred", "bounced", "dropped", "failed", "undeliverable"})
_PUSH_TEXTS = ("title", "message", "body", "link", "image_url")


def body_of(world: World, place: int, *, with_content: bool, made_up: int = 0) -> dict[str, Any]:
    """Return the body of the event that stands at a place of what happened.

    Its id is the same in every replay: a ULID of its time, the world's generation and its place. `made_up` makes
    another.
    """
    event = world.outgoing.happened[place]
    number = ulid(1000 * event.time, world.outgoing.generation << 64 | made_up << 56 | place)
    if isinstance(event, PreferenceChange):
        return _preferences(world, event, number, with_content=with_content)
    delivery = world.messaging.by_id[event.delivery_id]
    data: dict[str, Any] = {
        "customer_id": event.customer_id or "",
        "delivery_id": event.delivery_id,
        **_source(event, delivery),
        "identifiers": {"id": event.customer_id, "email": event.email, "cio_id": event.cio_id or ""},
        **_details(world, event),
    }
    if with_content and event.type == "sent":
        data |= _content(delivery)
    return {
        "event_id": number,
        "object_type": OBJECT_TYPES[event.channel],
        "metric": event.type,
        "timestamp": event.time,
        "data": data,
    }


def _preferences(world: World, event: PreferenceChange, number: str, *, with_content: bool) -> dict[str, Any]:
    data: dict[str, Any] = {
        "customer_id": event.customer_id or "",
        "email_address": event.email,
        "identifiers": {"id": event.customer_id, "email": event.email, "cio_id": event.cio_id},
    }
    type_field = "object_type"
    if event.metric == "cio_subscription_preferences_changed":
        type_field = world.switches.preferences_type_field
        data |= {"delivery_id": "", "newsletter_id": None}
        if with_content:
            data["content"] = event.content
    return {
        "event_id": number,
        type_field: event.channel,
        "metric": event.metric,
        "timestamp": event.time,
        "data": data,
    }


def _source(event: DeliveryEvent, delivery: Delivery) -> dict[str, Any]:
    if event.newsletter_id is not None:
        return {"newsletter_id": event.newsletter_id, "content_id": event.content_id}
    if event.campaign_id is None and event.broadcast_id is None:
        return {"transactional_message_id": event.transactional_message_id}
    known: dict[str, Any] = {"action_id": event.action_id, "journey_id": _journey(event, delivery)}
    if delivery.parent_id is not None:
        known["parent_action_id"] = delivery.parent_id
    if event.campaign_id is not None:
        return {"campaign_id": event.campaign_id, **known, "trigger_event_id": None}
    return {"broadcast_id": event.broadcast_id, "trigger_id": event.trigger_id or 0, **known}


def _journey(event: DeliveryEvent, delivery: Delivery) -> str:
    """Return the id of a person's way through a campaign or broadcast: all that was made for it at one time."""
    way = f"{delivery.source}/{delivery.run_id}/{event.cio_id}/{delivery.created}"
    return ulid(1000 * delivery.created, int.from_bytes(hashlib.blake2b(way.encode(), digest_size=10).digest()))


def _details(world: World, event: DeliveryEvent) -> dict[str, Any]:
    kind, metric = OBJECT_TYPES[event.channel], event.type
    found: dict[str, Any] = {}
    if _names_recipient(kind, metric):
        if kind == "push":
            found["recipients"] = _devices(world, event)
        else:
            found["recipient"] = event.recipient
        if kind == "email":
            found["subject"] = event.subject
    if metric == "clicked":
        found |= {"href": event.href, "link_id": event.link_id or 0}
        if kind == "email":
            found["machine"] = event.machine
    if metric == "opened" and kind == "email":
        found |= {"proxied": False, "prefetched": event.machine}
    if metric in _REASONS and not (kind == "push" and metric in ("bounced", "dropped")):
        found["failure_message"] = event.failure
    return found


def _names_recipient(kind: str, metric: str) -> bool:
    if metric == "attempted":
        return False
    if kind == "email":
        return True
    return metric not in ("drafted", "failed", "undeliverable") and (kind, metric) != ("in_app", "opened")


def _devices(world: World, event: DeliveryEvent) -> list[dict[str, str]]:
    failed = event.type in ("bounced", "dropped")
    found: list[dict[str, str]] = []
    for token in event.recipient.split(","):
        owner = world.device_owners.get(token)
        device: dict[str, str] = {"device_id": token}
        platform = owner.devices[token].platform if owner is not None else None
        if platform is not None or failed:
            device["device_platform"] = platform or "android"
        if failed:
            device["failure_message"] = event.failure
        found.append(device)
    return found


def _content(delivery: Delivery) -> dict[str, Any]:
    fields = delivery.content
    if delivery.channel == "push":
        return {"content": orjson.dumps({name: fields[name] for name in _PUSH_TEXTS if name in fields}).decode()}
    content: dict[str, Any] = {"content": str(fields.get("body") or "")}
    headers = _headers(fields.get("headers")) if delivery.channel == "email" else {}
    return {**content, "headers": headers} if headers else content


def _headers(given: object) -> dict[str, list[str]]:
    """Return the headers of a message, given as JSON text or as a list of `{"name": ..., "value": ...}`, by name."""
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return {}
    found: dict[str, list[str]] = {}
    for each in cast("list[object]", given) if isinstance(given, list) else []:
        if isinstance(each, Mapping):
            header = cast("Mapping[str, Any]", each)
            found.setdefault(str(header.get("name", "")), []).append(str(header.get("value", "")))
    return found
