"""Deliveries: made from what is to be sent, refused or sent at their time, and then living as `life` draws it.

Known: who is suppressed gets nothing, and the delivery is `dropped` (reporting webhooks spec, `email_dropped`), as is a
push to a device whose token bounced (`push_dropped`); with `send_to_unsubscribed` off, unsubscribed people get nothing
(App spec, `sendEmail`).

[inferred]: such a delivery becomes what the switch `unsubscribed_sends` says; without an address, or with wrong Liquid,
it has `failed`; an address that bounced or complained is suppressed by the e-mail provider from then on; opt-outs drop
text messages; the language of a person is their attribute `language`.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import getaddresses
from functools import partial
from typing import Any, cast, get_args

from ciokit.app_api.activities import ActivityType
from ciokit.app_api.suppression import SuppressionType
from ciokit.emulator import life
from ciokit.emulator.changes.common import assign, blocked, note
from ciokit.emulator.holdings import Suppressed
from ciokit.emulator.messaging import (
    Content,
    Delivery,
    DeliveryEvent,
    Happened,
    Medium,
    Order,
    Source,
)
from ciokit.emulator.rendering import TemplateFault, links_in, rendered
from ciokit.emulator.world import Person, World

_TEXTS = frozenset({
    "subject", "body", "body_plain", "body_amp", "body_json", "preheader_text", "from", "reply_to", "cc", "bcc",
    "headers", "url", "link", "image_url",
})  # fmt: skip
_ACTIVITIES: frozenset[str] = frozenset(get_args(ActivityType))
_HUMAN: Mapping[Happened, str] = {"opened": "human_opened", "clicked": "human_clicked"}
_SUPPRESSES: Mapping[Happened, SuppressionType] = {"bounced": "bounces", "spammed": "spam_reports"}
# Which channels report `dropped` (reporting webhooks spec, and `sms_dropped` of the App catalogue).
_DROPPING = frozenset({"email", "push", "twilio", "whatsapp"})
# What the choices of a person call a channel, where that is another name (Pipelines spec, identify).
_PREFERENCES: Mapping[Medium, str] = {"twilio": "sms", "inbox": "in_app"}
_ENDS = frozenset({"bounced", "dropped"})
_TEXT_MESSAGES: Mapping[Medium, str] = {"twilio": "sms", "whatsapp": "whatsapp"}


def deliver(
    world: World,
    channel: Medium,
    person: Person | None,
    order: Order,
    *,
    source: Source | None = None,
    content: Content | None = None,
    run_id: int | None = None,
    tracked: bool = True,
    keeps: bool = True,
    at: float | None = None,
) -> Delivery:
    """Make a delivery that leaves at a time in unix seconds: at once if that is not ahead of now."""
    messaging = world.messaging
    leaves = world.now if at is None else at
    number = len(messaging.deliveries)
    made = Delivery(
        number, world.mint("dl"), channel, source.key if source else None, person, min(world.now, int(leaves))
    )
    made.content_id = content.id if content else None
    made.parent_id = content.parent if content else None
    made.run_id, made.tracked, made.keeps = run_id, tracked, keeps
    made.content = dict(order.fields)
    made.recipient = order.to
    made.metrics["created"] = made.created
    messaging.deliveries.append(made)
    messaging.by_id[made.id] = made
    if leaves > world.now:
        messaging.later(leaves, partial(_leave, world, made, order, leaves))
    else:
        _leave(world, made, order, leaves)
    return made


def send_content(
    world: World,
    source: Source,
    person: Person,
    *,
    data: Mapping[str, Any] | None = None,
    step_id: int | None = None,
    run_id: int | None = None,
    at: float | None = None,
) -> list[Delivery]:
    """Send a person what a source has for them, in their language: every step, or one variant of a newsletter."""
    steps = [step for step in source.steps() if step_id in (None, step.id)]
    if source.kind == "newsletter" and steps:
        steps = [steps[len(world.messaging.deliveries) % len(steps)]]
    made: list[Delivery] = []
    for step in steps:
        content = source.in_language(step, str(person.attributes.get("language") or ""))
        fields = {**step.fields, **content.fields}
        if fields.get("sending_state") == "off":
            continue
        order = Order(
            fields,
            dict(data or {}),
            str(fields.get("recipient") or ""),
            draft=fields.get("sending_state") == "draft",
            send_to_unsubscribed=fields.get("send_to_unsubscribed") is True,
            topic=source.settings.get("subscription_topic_id"),
        )
        tracked = fields.get("tracked") is not False
        made.append(
            deliver(
                world,
                content.type,
                person,
                order,
                source=source,
                content=content,
                run_id=run_id,
                tracked=tracked,
                at=at,
            )
        )
    return made


def settle(world: World, until: float) -> None:
    """Let everything happen to deliveries that is due by a time (unix seconds), each at its own time."""
    for at, what in world.messaging.due(until):
        world.now = int(at)
        what()


def happen(
    world: World,
    delivery: Delivery,
    what: Happened,
    at: int,
    *,
    failure: str = "",
    href: str = "",
    machine: bool = False,
) -> None:
    """Note that something happened to a delivery, at a time in unix seconds, with what follows from it."""
    for name in (None if machine else _HUMAN.get(what), what):
        if name is not None:
            delivery.metrics[name] = min(at, delivery.metrics.get(name, at))
    if failure:
        delivery.failure = failure
    if href:
        delivery.clicks.append((at, href))
    _tell(world, delivery, what, at, href, machine=machine)
    _log(world, delivery, what, at)
    if what in _SUPPRESSES and delivery.channel == "email":
        for address in addresses(delivery.recipient):
            suppressed = Suppressed(address, f"{what} a message of the emulator", at)
            world.held.suppressions.setdefault((_SUPPRESSES[what], address), suppressed)
    if what == "bounced" and delivery.channel == "push":
        world.messaging.bounced_tokens.update(dict.fromkeys(delivery.recipient.split(","), at))
    if what == "unsubscribed" and delivery.person is not None and not delivery.person.deleted:
        changed: dict[str, Any] = {}
        person = delivery.person
        assign(world, person.attributes, person.timestamps, {"unsubscribed": True}, changed)
        if changed:
            note(world, "attribute_change", changed, person)


def addresses(text: str) -> list[str]:
    """Return the e-mail addresses of a recipient field, in lower case."""
    return [address.lower() for _, address in getaddresses([text]) if address]


def letter(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery as the outbox shows it."""
    person = delivery.person
    return {
        "delivery_id": delivery.id,
        "channel": delivery.channel,
        "recipient": delivery.recipient,
        "subject": delivery.content.get("subject", ""),
        "body": delivery.content.get("body", ""),
        "from": delivery.content.get("from", ""),
        "content": dict(delivery.content),
        "customer": person.identifiers() if person is not None else None,
        "source": None if delivery.source is None else {"kind": delivery.source[0], "id": delivery.source[1]},
        "sent_at": delivery.metrics.get("sent"),
        "metrics": dict(delivery.metrics),
    }


def _leave(world: World, delivery: Delivery, order: Order, at: float) -> None:
    """Send a delivery, or note why it was not."""
    now = int(at)
    given = _given(world, delivery.person, order.data)
    try:
        for name in _TEXTS & order.fields.keys():
            if isinstance(order.fields[name], str):
                delivery.content[name] = rendered(order.fields[name], given)
        delivery.recipient = rendered(order.to, given).strip()
    except TemplateFault as fault:
        happen(world, delivery, "failed", now, failure=str(fault))
        return
    delivery.recipient = _recipient(delivery, order)
    texts = [delivery.content.get(name) for name in ("body", "link")]
    delivery.links = [link for text in texts if isinstance(text, str) for link in links_in(text)]
    if order.draft:
        happen(world, delivery, "drafted", now)
        return
    refused = _refused(world, delivery, order)
    if refused is not None:
        what, why = refused
        happen(world, delivery, _known_as(what, delivery.channel), now, failure=why)
        return
    if life.fails(world.life, delivery.number):
        happen(world, delivery, "failed", now, failure="the emulator's life let it fail")
        return
    happen(world, delivery, "sent", now)
    links = bool(delivery.links)
    for after, what in life.fate(world.life, delivery.number, delivery.channel, tracked=delivery.tracked, links=links):
        href = life.clicked_link(world.life, delivery.number, delivery.links) if what == "clicked" else ""
        then = at + after
        world.messaging.later(then, partial(_live, world, delivery, what, int(then), href))
    for after, what in life.machines(
        world.life, delivery.number, delivery.channel, tracked=delivery.tracked, links=links
    ):
        href, then = delivery.links[0] if what == "clicked" else "", at + after
        world.messaging.later(then, partial(_live, world, delivery, what, int(then), href, machine=True))


def _live(world: World, delivery: Delivery, what: Happened, at: int, href: str, *, machine: bool = False) -> None:
    """Let something happen that was drawn when the delivery was sent, unless a report has ended its life since."""
    if not _ENDS & delivery.metrics.keys():
        happen(world, delivery, what, at, href=href, machine=machine)


def _known_as(what: Happened, channel: Medium) -> Happened:
    """Return what a channel calls it: those that drop nothing report it as undeliverable."""
    return "undeliverable" if what == "dropped" and channel not in _DROPPING else what


def _refused(world: World, delivery: Delivery, order: Order) -> tuple[Happened, str] | None:
    """Return what becomes of a delivery that must not be sent, and why; None for one that may be."""
    if order.hopeless:
        return "undeliverable", order.hopeless
    if not delivery.recipient:
        return "failed", "there is no address or device to send to"
    why = _forbidden(world, delivery, order)
    if why:
        return "dropped", why
    person = delivery.person
    wanted = person is None or order.send_to_unsubscribed or _wants(world, person, delivery.channel, order.topic)
    return None if wanted else (world.switches.unsubscribed_sends, "the person is unsubscribed")


def _forbidden(world: World, delivery: Delivery, order: Order) -> str:
    """Return why nobody must be sent this, or ""."""
    person, channel = delivery.person, delivery.channel
    if person is not None and person.deleted:
        return "the person was deleted"
    own = addresses(delivery.recipient) if channel == "email" else []
    if own and all(_suppressed(world, address) for address in own):
        return "the recipient is suppressed"
    tokens = delivery.recipient.split(",") if channel == "push" else []
    if any(_bounced(world, token) for token in tokens if token != order.device):  # that one is seen again now
        return "a message to this device bounced before"
    if blocked(world, order.identifier):
        return "the person is suppressed"
    sender = (_TEXT_MESSAGES.get(channel, ""), delivery.content.get("from"))
    if person is not None and sender in world.held.opt_outs.get(person.cio_id, []):
        return "the person opted out of this sender"
    return ""


def _suppressed(world: World, address: str) -> bool:
    held = world.held.suppressions
    kinds: tuple[SuppressionType, ...] = ("bounces", "blocks", "spam_reports", "invalid_emails")
    return address in world.suppressed_emails or any((kind, address) in held for kind in kinds)


def _bounced(world: World, token: str) -> bool:
    """Whether a push to a device bounced, and the device was not seen since."""
    at = world.messaging.bounced_tokens.get(token)
    owner = world.device_owners.get(token)
    return at is not None and (owner is None or owner.devices[token].last_used <= at)


def _wants(world: World, person: Person, channel: Medium, topic_id: int | None) -> bool:
    """Whether a person is subscribed: at all, to the channel, and to the topic."""
    preferences = person.subscription_preferences
    if person.unsubscribed or not chosen(preferences, "channels", _PREFERENCES.get(channel, channel), default=True):
        return False
    topic = world.held.topics.get(topic_id) if topic_id is not None else None
    if topic is None:
        return True
    return chosen(preferences, "topics", topic["identifier"], default=topic["subscribed_by_default"])


def chosen(preferences: Mapping[str, Any], part: str, name: str, *, default: bool) -> bool:
    """Return one choice of a person; what is empty or missing is as by default (Pipelines spec, identify)."""
    given: Any = preferences.get(part)
    value: Any = cast("dict[str, Any]", given).get(name) if isinstance(given, dict) else None
    return default if value in (None, "") else value is True or str(value).lower() in ("true", "1")


def _recipient(delivery: Delivery, order: Order) -> str:
    """Return where a message goes: as given, or as the person's profile says."""
    person, given = delivery.person, delivery.recipient
    if delivery.channel == "push":
        return _devices(person, given, order.device)
    if given or delivery.channel in ("webhook", "slack", "live_notification"):
        return given or str(delivery.content.get("url") or delivery.channel)
    if person is None:
        return ""
    if delivery.channel == "email":
        return person.email or ""
    if delivery.channel in _TEXT_MESSAGES:
        return str(person.attributes.get("phone") or "")
    return person.id or person.email or person.cio_id


def _devices(person: Person | None, given: str, brought: str) -> str:
    """Return the tokens a push goes to, with commas between: all, the one used last, or the one given."""
    if given not in ("", "all", "last_used"):
        return given
    devices = sorted(person.devices.values(), key=lambda device: device.last_used) if person is not None else []
    tokens = [device.token for device in devices if device.token != brought] + [brought] * bool(brought)
    return ",".join(tokens[-1:] if given == "last_used" else tokens)


def _given(world: World, person: Person | None, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Liquid knows: `customer`, `trigger` and `snippets`."""
    customer = {**person.attributes, **person.identifiers()} if person is not None else {}
    snippets = {name: snippet["value"] for name, snippet in world.held.snippets.items()}
    return {"customer": customer, "trigger": data, "snippets": snippets}


def _log(world: World, delivery: Delivery, what: Happened, at: int) -> None:
    """Write what happened into the activity log, where a kind of activity is documented for it."""
    kind = f"{what}_{delivery.channel}"
    if kind in _ACTIVITIES:
        metrics = delivery.metrics
        data = {"delivery_id": delivery.id, "delivered": metrics.get("delivered"), "opened": "opened" in metrics}
        note(world, kind, data, delivery.person, at=at)


def _tell(world: World, delivery: Delivery, what: Happened, at: int, href: str, *, machine: bool) -> None:
    person, messaging = delivery.person, world.messaging
    step = delivery.of("campaign") is not None or delivery.of("broadcast") is not None
    event = DeliveryEvent(
        number=len(messaging.events),
        type=what,
        time=at,
        delivery_id=delivery.id,
        channel=delivery.channel,
        cio_id=person.cio_id if person else None,
        customer_id=person.id if person else None,
        email=person.email if person else None,
        recipient=delivery.recipient,
        subject=str(delivery.content.get("subject") or ""),
        campaign_id=delivery.of("campaign"),
        broadcast_id=delivery.of("broadcast"),
        newsletter_id=delivery.of("newsletter"),
        transactional_message_id=delivery.of("transactional"),
        content_id=delivery.content_id,
        action_id=delivery.content_id if step else None,
        trigger_id=delivery.run_id,
        href=href,
        link_id=messaging.link_id(href) if href else None,
        failure=delivery.failure,
        machine=machine,
    )
    messaging.events.append(event)
    world.outgoing.tell(event)
