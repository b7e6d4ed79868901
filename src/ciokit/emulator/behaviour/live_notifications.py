"""Live notifications: each change is a delivery to the devices it is on, with a life as other deliveries have it.

Known: exactly one identifier; content and attributes are not empty; the ready-made types have fields of their own; iOS
needs an alert; a notification lives six hours at most (App catalogue, `startLiveNotification`); content is replaced as
a whole; an unknown instance is a 404 when read.

[inferred]: what nobody or no device can get, and what changes one that is over, is undeliverable; changing an unknown
one is a 404 as well; segments over the limit are cut to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NoReturn, cast

from ciokit.app_api.live_notifications import (
    LiveDelivery,
    LiveIdentifiers,
    LiveInstance,
    LiveNotification,
    LiveNotifications,
    LivePush,
    LiveState,
)
from ciokit.emulator.behaviour import lookup
from ciokit.emulator.deliveries import deliver
from ciokit.emulator.messaging import LiveOne, Order
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import Person, World
from ciokit.ulid import is_ulid

_SIX_HOURS = 6 * 60 * 60
_MOST_SEGMENTS = 20
_SEGMENTS = "io.customer.livenotifications.segments"
_COUNTDOWN = "io.customer.livenotifications.countdowntimer"
_NEEDED: Mapping[str, Mapping[str, type]] = {
    _SEGMENTS: {"status": str, "segmentsTotal": int, "segmentsComplete": int},
    _COUNTDOWN: {"title": str},
}
_KINDS = ("id", "email", "phone", "internal")
_Operation = Literal["start", "update", "end"]


@on(LiveNotifications.start)
def start(
    world: World,
    *,
    identifiers: LiveIdentifiers,
    notification_type: str,
    attributes: dict[str, Any],
    content_state: LiveState,
    device_id: str | None = None,
    platform: Literal["ios", "android"] | None = None,
    app_identifier: str | None = None,
    push_payload: LivePush | None = None,
    deep_link: str | None = None,
    expiration: int | None = None,
) -> LiveInstance:
    """Start a live notification on the devices of a person; this workspace has one app."""
    del app_identifier
    person = _person(world, identifiers)
    if not notification_type.strip():
        _wrong("notification_type", "is blank")
    if not attributes:
        _wrong("attributes", "is empty")
    if notification_type in _NEEDED and not isinstance(attributes.get("header"), str):
        _wrong("attributes.header", "is needed for this type")
    content = _content(notification_type, content_state)
    if expiration and not world.now < expiration <= world.now + _SIX_HOURS:
        _wrong("expiration", "must be within six hours")
    devices = [
        device
        for device in (person.devices.values() if person is not None else ())
        if device_id in (None, device.token) and platform in (None, device.platform)
    ]
    on_ios = platform == "ios" or any(device.platform == "ios" for device in devices)
    _check_alert(push_payload, needed=on_ios)
    one = LiveOne(
        world.ulid(),
        notification_type,
        person,
        platform or next((device.platform for device in devices if device.platform), "ios"),
        [device.token for device in devices],
        dict(attributes),
        content,
        world.now,
        expiration or world.now + _SIX_HOURS,
    )
    world.messaging.live[one.id] = one
    return _send(world, one, "start", push_payload, deep_link)


@on(LiveNotifications.update)
def update(
    world: World,
    *,
    instance_id: str,
    content_state: LiveState,
    attributes: dict[str, Any] | None = None,
    push_payload: LivePush | None = None,
    deep_link: str | None = None,
) -> LiveInstance:
    """Show something else."""
    one = _known(world, instance_id)
    _check_alert(push_payload)
    content = _content(one.kind, content_state)
    if _state(world, one) == "active":
        one.content = content
        one.attributes.update(attributes or {})
    return _send(world, one, "update", push_payload, deep_link)


@on(LiveNotifications.end)
def end(
    world: World,
    *,
    instance_id: str,
    content_state: LiveState | None = None,
    attributes: dict[str, Any] | None = None,
    push_payload: LivePush | None = None,
    deep_link: str | None = None,
) -> LiveInstance:
    """End a live notification."""
    one = _known(world, instance_id)
    _check_alert(push_payload)
    content = one.content if content_state is None else _content(one.kind, content_state)
    is_active = _state(world, one) == "active"
    answer = _send(world, one, "end", push_payload, deep_link)
    if is_active:
        one.content, one.ended = content, world.now
        one.attributes.update(attributes or {})
    return answer


@on(LiveNotifications.get)
def get(world: World, instance_id: str) -> LiveNotification:
    """Answer with the state of a live notification."""
    one = _known(world, instance_id)
    operation, last = one.sent[-1]
    status = next((name for name in ("sent", "failed", "undeliverable") if name in last.metrics), "queued")
    first = one.sent[0][1]
    return {
        "instance_id": one.id,
        "notification_type": one.kind,
        "platform": one.platform,
        "state": _state(world, one),
        "failure_reason": first.failure if _state(world, one) == "failed" else None,
        "started_at": one.started,
        "expires_at": one.expires,
        "ended_at": one.ended,
        "last_delivery": cast(
            "LiveDelivery",
            {"id": last.id, "operation": operation, "source": "api", "status": status, "created_at": last.created},
        ),
    }


def _send(
    world: World, one: LiveOne, operation: _Operation, push: LivePush | None, deep_link: str | None
) -> LiveInstance:
    over = operation != "start" and _state(world, one) != "active"
    alert: Mapping[str, Any] = (push or {}).get("alert") or {}
    fields = {"subject": alert.get("title", ""), "body": alert.get("body", ""), "link": deep_link,
              "operation": operation, "content_state": one.content, "attributes": dict(one.attributes)}  # fmt: skip
    hopeless = "the live notification is over" if over else "" if one.tokens else "there is no device to send to"
    order = Order(fields, {}, ",".join(one.tokens), hopeless=hopeless)
    one.sent.append((operation, deliver(world, "live_notification", one.person, order)))
    return {"instance_id": one.id}


def _state(world: World, one: LiveOne) -> Literal["active", "ended", "expired", "failed"]:
    if one.ended is not None:
        return "ended"
    if one.sent and "sent" not in one.sent[0][1].metrics:
        return "failed"
    return "active" if world.now < one.expires else "expired"


def _known(world: World, instance_id: str) -> LiveOne:
    if not is_ulid(instance_id):
        _wrong("instance_id", "is no ULID")
    return lookup.known(world.messaging.live, instance_id.upper(), "live notification")


def _person(world: World, identifiers: Mapping[str, Any]) -> Person | None:
    if len(identifiers) != 1 or not identifiers.keys() <= set(_KINDS):
        _wrong("identifiers", f"must be exactly one of {', '.join(_KINDS)}")
    [(kind, value)] = identifiers.items()
    if not isinstance(value, str) or not value.strip():
        _wrong(f"identifiers.{kind}", "must be text that is not empty")
    if kind == "internal":
        return lookup.find_person(world, value, "cio_id")
    return lookup.find_person(world, value, "email" if kind == "email" else "phone" if kind == "phone" else "id")


def _content(kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be shown, with numbers cut to their limits."""
    content = dict(given)
    if not content:
        _wrong("content_state", "is empty")
    for name, form in _NEEDED.get(kind, {}).items():
        if not isinstance(content.get(name), form) or isinstance(content[name], bool):
            _wrong(f"content_state.{name}", "is missing or of another type")
    if kind == _SEGMENTS:
        if content["segmentsTotal"] < 1:
            _wrong("content_state.segmentsTotal", "must be 1 or more")
        content["segmentsTotal"] = min(content["segmentsTotal"], _MOST_SEGMENTS)
        content["segmentsComplete"] = min(content["segmentsComplete"], content["segmentsTotal"])
    return content


def _check_alert(push: LivePush | None, *, needed: bool = False) -> None:
    alert: Any = (push or {}).get("alert")
    if alert is None and needed:
        _wrong("push_payload.alert", "is needed for iOS")
    if alert is not None and not (alert.get("title") and alert.get("body")):
        _wrong("push_payload.alert", "must have title and body")


def _wrong(field: str, reason: str) -> NoReturn:
    raise ApiFault(400, f"{field}: {reason}")
