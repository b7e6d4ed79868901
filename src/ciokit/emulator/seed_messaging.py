"""What sends messages, and what it has sent already, as part of a seed.

```json
{"transactional": [{"id": 1, "name": "Welcome", "trigger_name": "welcome", "subject": "Hi {{customer.name}}",
                    "body": "<a href='https://example.com'>Go</a>",
                    "translations": [{"language": "de", "subject": "Hallo {{customer.name}}"}]}],
 "broadcasts": [{"id": 12, "name": "News", "messages": [{"subject": "News", "body": "{{trigger.headline}}"}]}],
 "deliveries": [{"broadcast_id": 12, "people": ["u1"], "at": 1767225600}]}
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict, cast

from ciokit.app_api.messages import OneTimeChannel
from ciokit.app_api.types import AudienceFilter, MailFrom
from ciokit.emulator.deliveries import send_content
from ciokit.emulator.messaging import Content, Medium, Source, SourceKey, SourceKind, default_settings
from ciokit.emulator.world import World
from ciokit.errors import ValidationError


class SeedContent(MailFrom):
    """What a message says; texts can be Liquid. A push has its title in `subject` and its text in `body`."""

    subject: NotRequired[str]
    body: NotRequired[str]
    body_plain: NotRequired[str]
    body_json: NotRequired[str]
    preheader_text: NotRequired[str]
    reply_to: NotRequired[str]
    recipient: NotRequired[str]
    url: NotRequired[str]
    link: NotRequired[str]


class SeedTranslation(SeedContent):
    """What differs in a language."""

    language: str


class SeedMessage(SeedContent):
    """A message and its translations."""

    translations: NotRequired[list[SeedTranslation]]


class SeedTransactional(SeedMessage):
    """A transactional message, an e-mail unless `type` says otherwise."""

    id: int
    name: str
    type: NotRequired[Medium]
    trigger_name: NotRequired[str]
    description: NotRequired[str]
    send_to_unsubscribed: NotRequired[bool]
    hide_message_body: NotRequired[bool]
    queue_drafts: NotRequired[bool]


class SeedStep(SeedMessage):
    """A step of a broadcast or campaign, an e-mail unless `type` says otherwise; without an `id` it gets the next."""

    id: NotRequired[int]
    name: NotRequired[str]
    type: NotRequired[Medium]
    sending_state: NotRequired[Literal["automatic", "draft", "off"]]
    send_to_unsubscribed: NotRequired[bool]
    tracked: NotRequired[bool]


class SeedBroadcast(TypedDict):
    """An API-triggered broadcast; without `recipients` it is for everybody."""

    id: int
    name: str
    messages: NotRequired[list[SeedStep]]
    recipients: NotRequired[AudienceFilter]
    tags: NotRequired[list[str]]


class SeedCampaign(TypedDict):
    """A campaign; nothing starts it here, but it can have `deliveries`."""

    id: int
    name: str
    type: NotRequired[Literal["segment", "event", "form", "date", "relationship", "object", "webhook"]]
    messages: NotRequired[list[SeedStep]]
    state: NotRequired[Literal["running", "draft", "stopped"]]
    event_name: NotRequired[str]
    trigger_segment_ids: NotRequired[list[int]]
    tags: NotRequired[list[str]]


class SeedNewsletter(SeedMessage):
    """A newsletter that is not sent yet, an e-mail unless `type` says otherwise."""

    id: int
    name: str
    type: NotRequired[OneTimeChannel]
    recipients: NotRequired[AudienceFilter]
    subscription_topic_id: NotRequired[int]
    tags: NotRequired[list[str]]


class SeedDelivery(TypedDict):
    """Messages of one source, sent to people (ids or e-mail addresses) at a time in Unix seconds, now if not given."""

    people: list[str]
    campaign_id: NotRequired[int]
    broadcast_id: NotRequired[int]
    newsletter_id: NotRequired[int]
    transactional_message_id: NotRequired[int]
    action_id: NotRequired[int]
    data: NotRequired[dict[str, Any]]
    at: NotRequired[int]


class SeedMessaging(TypedDict):
    """What of a seed is about messages."""

    transactional: NotRequired[list[SeedTransactional]]
    broadcasts: NotRequired[list[SeedBroadcast]]
    campaigns: NotRequired[list[SeedCampaign]]
    newsletters: NotRequired[list[SeedNewsletter]]
    deliveries: NotRequired[list[SeedDelivery]]


_LISTS: Mapping[SourceKind, str] = {
    "transactional": "transactional",
    "broadcast": "broadcasts",
    "campaign": "campaigns",
    "newsletter": "newsletters",
}
_NAMED_BY: Mapping[SourceKind, str] = {
    "transactional": "transactional_message_id",
    "broadcast": "broadcast_id",
    "campaign": "campaign_id",
    "newsletter": "newsletter_id",
}
_OF_CONTENT = SeedContent.__annotations__.keys() | {"sending_state", "tracked"}


def check(seed: SeedMessaging, world: World) -> None:
    """Raise `ValidationError` for a delivery that names no source, or one that is neither here nor in the world."""
    given = cast("Mapping[str, Sequence[Mapping[str, Any]]]", seed)
    known: set[SourceKey] = set(world.messaging.sources)
    known |= {(kind, each["id"]) for kind, name in _LISTS.items() for each in given.get(name, [])}
    for place, delivery in enumerate(seed.get("deliveries", [])):
        named = _source(delivery)
        if len(named) != 1:
            names = ", ".join(_NAMED_BY.values())
            raise ValidationError(f"must have exactly one of {names}", field=f"deliveries[{place}]")
        if named[0] not in known:
            field = f"deliveries[{place}].{_NAMED_BY[named[0][0]]}"
            raise ValidationError("is not in the seed nor in the world", field=field)


def plant(world: World, seed: SeedMessaging) -> None:
    """Put what sends into the world, then what it sent; a number that is taken is replaced."""
    given = cast("Mapping[str, Sequence[Mapping[str, Any]]]", seed)
    for kind, name in _LISTS.items():
        for each in given.get(name, []):
            source = _planted(world, kind, each)
            world.messaging.sources[source.key] = source
    for delivery in seed.get("deliveries", []):
        source = world.messaging.sources[_source(delivery)[0]]
        at = delivery.get("at", world.now)
        if source.kind == "newsletter" and at <= world.now:
            source.sent = at if source.sent is None else min(at, source.sent)
        if source.kind == "broadcast":
            source.settings["first_started"] = min(at, source.settings.get("first_started", at))
        for user_id in delivery["people"]:
            person = world.resolve(user_id)
            if person is not None:
                data, step = delivery.get("data"), delivery.get("action_id")
                send_content(world, source, person, data=data, step_id=step, at=at)


def _source(delivery: SeedDelivery) -> list[SourceKey]:
    given = cast("Mapping[str, Any]", delivery)
    return [(kind, given[name]) for kind, name in _NAMED_BY.items() if name in given]


def _planted(world: World, kind: SourceKind, given: Mapping[str, Any]) -> Source:
    apart = {"id", "name", "messages", "recipients", "translations", *_OF_CONTENT}
    settings = {name: value for name, value in given.items() if name not in apart}
    whole = kind in ("transactional", "newsletter")
    channel = settings.pop("type", "email") if whole else "email"
    settings = {**default_settings(kind), **settings}
    if kind == "newsletter":
        settings["type"] = channel
    if kind == "campaign":
        settings.setdefault("type", "segment")
    made = Source(kind, given["id"], given["name"], world.now, world.now, [], settings, given.get("recipients"))
    made.groups = [1] if kind == "newsletter" else []
    steps = [{**given, "id": None, "type": channel}] if whole else given.get("messages", [])
    for step in steps:
        made.contents += _contents(world, step, 1 if kind == "newsletter" else 0, whole=whole)
    return made


def _contents(world: World, step: Mapping[str, Any], group: int, *, whole: bool) -> list[Content]:
    messaging = world.messaging
    number: int = step.get("id") or messaging.next_content()
    messaging.take_content(number)
    own = _OF_CONTENT if whole else _OF_CONTENT | {"send_to_unsubscribed"}
    fields = {name: value for name, value in step.items() if name in own}
    first = Content(number, step.get("type", "email"), "", fields, group=group, name=step.get("name", ""))
    first.created = first.updated = world.now
    made = [first]
    for translation in step.get("translations", []):
        fields = {name: value for name, value in translation.items() if name in own}
        content = Content(messaging.next_content(), first.type, translation["language"], fields, number, group)
        content.created = content.updated = world.now
        made.append(content)
    return made
