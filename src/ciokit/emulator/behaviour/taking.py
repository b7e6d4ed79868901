"""Transactional sends: checked, then made into a delivery that leaves now or at `send_at`.

Known: a template is named by its number or by its trigger name in any casing, and `auto_create` makes an empty one for
a name that is new; what the call says comes before the template (App spec, `sendEmail`).

[inferred]: a request that is too large is a 400, since 413 is documented for attachments alone; a template that does
not exist, or is of another channel, is a 400; one that `queue_drafts` makes drafts; a person who does not exist is what
the switch `unknown_recipients` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from ciokit.app_api.sends import CustomDevice, SendIdentifiers, Sent
from ciokit.emulator.changes import common
from ciokit.emulator.deliveries import deliver
from ciokit.emulator.ledger import Taken
from ciokit.emulator.messaging import Content, Medium, Order, Source, default_settings
from ciokit.emulator.routing import ApiFault
from ciokit.emulator.world import Device, Person, World
from ciokit.settings import Limits

_KINDS = ("id", "email", "cio_id")
_NEEDED = ("subject", "body", "from")


def take(
    world: World,
    channel: Medium,
    *,
    template: int | str | None,
    identifiers: SendIdentifiers | None,
    data: dict[str, Any] | None,
    fields: Mapping[str, Any],
    to: str | None = None,
    language: str | None = None,
    send_at: int | None = None,
    tracked: bool | None = None,
    send_to_unsubscribed: bool | None = None,
    draft: bool = False,
    auto_create: bool | None = None,
    forget: bool | None = None,
    device: CustomDevice | None = None,
    attached: int = 0,
) -> Sent:
    """Take one send; raises `ApiFault` for what is refused, before anything is made.

    `attached` is how many bytes of the request are attachments, which have a limit of their own.
    """
    limits = Limits()
    if world.size - attached > limits.send_bytes:
        raise ApiFault(400, f"the request is over {limits.send_bytes:,} B without its attachments")
    kind, identifier = _named(identifiers, needed=channel != "email")
    if send_at is not None and send_at > world.now + limits.send_ahead:
        raise ApiFault(400, f"send_at: is more than {limits.send_ahead // 86_400} days ahead")
    own = {name: value for name, value in fields.items() if value is not None}
    source, content = _template(world, channel, template, language, auto_create=bool(auto_create))
    if source is None:
        missing = next((name for name in _NEEDED if not own.get(name)), None)
        if missing:
            raise ApiFault(400, f"{missing}: is needed without transactional_message_id")
    person = _person(world, kind, identifier)
    if device is not None and person is not None:
        world.taken.append(Taken("", partial(_add_device, world, person, device)))
    settings = source.settings if source is not None else default_settings("transactional")
    order = Order(
        {**(content.fields if content else {}), **own},
        data or {},
        to or "",
        draft=draft or settings.get("queue_drafts") is True,
        send_to_unsubscribed=send_to_unsubscribed is not False and settings.get("send_to_unsubscribed") is not False,
        identifier=identifier,
        device=device["token"] if device is not None else "",
    )
    made = deliver(
        world,
        channel,
        person,
        order,
        source=source,
        content=content,
        tracked=tracked is not False,
        keeps=not (forget or settings.get("hide_message_body") is True),
        at=send_at,
    )
    answer: Sent = {"delivery_id": made.id, "queued_at": world.now}
    if send_at is not None and send_at > world.now:
        answer["send_at"] = send_at
    return answer


def _named(identifiers: SendIdentifiers | None, *, needed: bool) -> tuple[str, str]:
    given = cast("Mapping[str, Any]", identifiers or {})
    if not given and not needed:
        return "", ""
    if len(given) != 1 or not given.keys() <= set(_KINDS):
        raise ApiFault(400, f"identifiers: must be exactly one of {', '.join(_KINDS)}")
    [(kind, value)] = given.items()
    if not isinstance(value, str) or not value.strip():
        raise ApiFault(400, f"identifiers.{kind}: must be text that is not empty")
    return kind, value


def _person(world: World, kind: str, identifier: str) -> Person | None:
    if not kind:
        return None
    person = world.person(identifier, "email" if kind == "email" else "cio_id" if kind == "cio_id" else "id")
    blocked = common.blocked(world, identifier)
    if person is not None or world.switches.unknown_recipients == "deliver" or kind == "cio_id" or blocked:
        return person
    if kind == "id":
        return common.create(world, identifier)
    made = common.create(world, None)
    made.email = identifier.strip()
    made.timestamps["email"] = world.now
    world.emails[made.email.lower()] = made
    return made


def _template(
    world: World, channel: Medium, wanted: int | str | None, language: str | None, *, auto_create: bool
) -> tuple[Source | None, Content | None]:
    """Return the template and its content in a language."""
    if wanted is None:
        return None, None
    text = str(wanted).strip()
    sources = world.messaging.of_kind("transactional")
    found = next((source for source in sources if str(source.id) == text), None)
    if found is None and text:
        names = ((source, str(source.settings.get("trigger_name") or "")) for source in sources)
        found = next((source for source, name in names if name.casefold() == text.casefold()), None)
    if found is None and auto_create and text and not text.isdigit():
        found = _empty(world, channel, text)
    if found is None:
        raise ApiFault(400, "transactional_message_id: there is no such transactional message")
    step = found.steps()[0]
    if step.type != channel:
        raise ApiFault(400, "transactional_message_id: the message is of another channel")
    return found, found.in_language(step, language or "")


def _empty(world: World, channel: Medium, name: str) -> Source:
    messaging = world.messaging
    number = max((source.id for source in messaging.of_kind("transactional")), default=0) + 1
    content = Content(messaging.next_content(), channel, "", {"subject": "", "body": ""}, created=world.now)
    settings = {**default_settings("transactional"), "trigger_name": name}
    made = Source("transactional", number, name, world.now, world.now, [content], settings)
    messaging.sources[made.key] = made
    return made


def _add_device(world: World, person: Person, given: CustomDevice) -> None:
    owner = world.device_owners.get(given["token"])
    if owner is not None and owner is not person:
        del owner.devices[given["token"]]
    last_used = given.get("last_used", world.now)
    person.devices[given["token"]] = Device(
        given["token"], given["platform"], last_used, {**given.get("attributes", {})}
    )
    world.device_owners[given["token"]] = person
