"""Newsletters: made over the API or seeded, scheduled and sent on the emulator's clock.

[inferred]: everybody the recipients name at that moment gets one message, all at once: a pace is checked, not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from ciokit.app_api.messages import DeliveryMetric, OneTimeChannel, OneTimeDelivery
from ciokit.app_api.metrics import LinksAnswer, Period
from ciokit.app_api.newsletters import (
    Newsletter,
    NewsletterAnswer,
    Newsletters,
    OneTimeMetricAnswer,
    PerSeconds,
    Recipients,
)
from ciokit.app_api.types import AudienceFilter
from ciokit.core.endpoint import Page
from ciokit.emulator.behaviour import mailings, paging
from ciokit.emulator.behaviour.filters import people_filter, segments_of
from ciokit.emulator.deliveries import send_content
from ciokit.emulator.messaging import Content, Source, default_settings
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World

_LONGEST_NAME = 190
# What a channel cannot be without (App spec, createNewsletter); a push needs one of its two.
_NEEDED: dict[OneTimeChannel, tuple[str, ...]] = {
    "email": ("subject", "body"),
    "twilio": ("body",),
    "push": (),
    "in_app": ("body_json",),
    "inbox": ("body_json",),
    "webhook": ("body", "request_method", "url"),
}


@on(Newsletters.find)
def find(
    world: World, *, sort: Literal["asc", "desc"] | None = None, start: str | None = None, limit: int | None = None
) -> Page[Newsletter]:
    """Answer with all newsletters, by number."""
    rows = world.messaging.of_kind("newsletter")
    return paging.cut(rows[::-1] if sort == "desc" else rows, start, limit or 0, shown)


@on(Newsletters.get)
def get(world: World, newsletter_id: int) -> NewsletterAnswer:
    """Answer with one newsletter."""
    return {"newsletter": shown(known(world, newsletter_id))}


@on(Newsletters.create)
def create(
    world: World,
    *,
    type: OneTimeChannel,
    name: str,
    recipients: Recipients,
    subscription_topic_id: int | None = None,
    send_now: bool | None = None,
    scheduled_at: int | None = None,
    subject: str | None = None,
    body: str | None = None,
    body_plain: str | None = None,
    body_json: str | None = None,
    preheader_text: str | None = None,
    from_: str | None = None,
    from_id: int | None = None,
    layout_id: int | None = None,
    request_method: Literal["DELETE", "GET", "POST", "PUT", "PATCH"] | None = None,
    url: str | None = None,
    rate_limit_email_rate: int | None = None,
    rate_limit_time_period: PerSeconds | None = None,
    rate_limit_spread: bool | None = None,
) -> NewsletterAnswer:
    """Make a newsletter, and send or schedule it if asked to."""
    del layout_id, rate_limit_spread
    fields: dict[str, Any] = {
        "subject": subject,
        "body": body,
        "body_plain": body_plain,
        "body_json": body_json,
        "preheader_text": preheader_text,
        "from": from_ if from_id is None else _sender(world, from_id),
        "from_id": from_id,
        "method": request_method,
        "url": url,
    }
    whole(type, {**fields, "request_method": request_method})
    if not name.strip() or len(name) > _LONGEST_NAME:
        raise ApiFault(422, f"name: must have 1 to {_LONGEST_NAME} characters", pointer="/name")
    if from_ is not None and from_id is not None:
        raise ApiFault(422, "from_id: cannot be given together with from", pointer="/from_id")
    if send_now and scheduled_at is not None:
        raise ApiFault(422, "scheduled_at: cannot be given together with send_now", pointer="/scheduled_at")
    if scheduled_at is not None and scheduled_at <= world.now:
        raise ApiFault(422, "scheduled_at: is not ahead", pointer="/scheduled_at")
    _pace(rate_limit_email_rate, rate_limit_time_period)
    audience = _audience(world, recipients)
    messaging = world.messaging
    number = world.held.number("newsletter", [source.id for source in messaging.of_kind("newsletter")])
    kept = {field: value for field, value in fields.items() if value is not None}
    content = Content(messaging.next_content(), type, "", kept, group=1, created=world.now, updated=world.now)
    settings = {**default_settings("newsletter"), "type": type}
    if subscription_topic_id is not None:
        settings["subscription_topic_id"] = subscription_topic_id
    made = Source("newsletter", number, name, world.now, world.now, [content], settings, audience, groups=[1])
    messaging.sources[made.key] = made
    if send_now:
        dispatch(world, made)
    elif scheduled_at is not None:
        _plan(world, made, scheduled_at)
    return {"newsletter": shown(made)}


@on(Newsletters.delete)
def delete(world: World, newsletter_id: int) -> None:
    """Forget a newsletter; what it sent stays."""
    source = known(world, newsletter_id)
    source.scheduled = None
    del world.messaging.sources[source.key]


@on(Newsletters.schedule)
def schedule(
    world: World,
    newsletter_id: int,
    *,
    scheduled_at: int,
    timezone: str | None = None,
    tz_match_enabled: bool | None = None,
    rate_limit_email_rate: int | None = None,
    rate_limit_time_period: PerSeconds | None = None,
    rate_limit_spread: bool | None = None,
) -> NewsletterAnswer:
    """Send a newsletter later, at one moment for everybody, or take that back."""
    del rate_limit_spread
    source = _unsent(world, newsletter_id)
    if scheduled_at == 0:
        if source.scheduled is None:
            raise ApiFault(400, "the newsletter is not scheduled")
        source.scheduled = None
        return {"newsletter": shown(source)}
    try:
        ZoneInfo(timezone or "")
    except (KeyError, ValueError, OSError):
        raise ApiFault(422, "timezone: must be an IANA name", pointer="/timezone") from None
    if scheduled_at <= world.now:
        raise ApiFault(422, "scheduled_at: is not ahead", pointer="/scheduled_at")
    _pace(rate_limit_email_rate, rate_limit_time_period)
    if tz_match_enabled and rate_limit_time_period not in (None, 3600):
        raise ApiFault(422, "rate_limit_time_period: must be 3600 with tz_match_enabled", pointer="/tz_match_enabled")
    _with_recipients(source)
    _plan(world, source, scheduled_at)
    return {"newsletter": shown(source)}


@on(Newsletters.send)
def send(
    world: World,
    newsletter_id: int,
    *,
    rate_limit_email_rate: int | None = None,
    rate_limit_time_period: PerSeconds | None = None,
    rate_limit_spread: bool | None = None,
) -> NewsletterAnswer:
    """Send a newsletter now."""
    del rate_limit_spread
    source = _unsent(world, newsletter_id)
    _pace(rate_limit_email_rate, rate_limit_time_period)
    _with_recipients(source)
    dispatch(world, source)
    return {"newsletter": shown(source)}


@on(Newsletters.messages)
def messages(
    world: World,
    newsletter_id: int,
    *,
    metric: DeliveryMetric | None = None,
    start_ts: int | None = None,
    end_ts: int | None = None,
    get_tracked_responses: bool = False,
    start: str | None = None,
    limit: int | None = None,
) -> Page[OneTimeDelivery]:
    """Answer with what was sent: without a range, in the six months after the first (App spec)."""
    del get_tracked_responses
    source = known(world, newsletter_id)
    test = mailings.matching(source, metric=metric)
    if start_ts is None and end_ts is None:
        began = next((each.created for each in world.messaging.deliveries if each.source == source.key), 0)
        return mailings.shown_one_time(mailings.page(world, test, start, limit, began, began + mailings.SIX_MONTHS))
    first = mailings.within(world, start_ts, end_ts, mailings.TWELVE_MONTHS, mailings.TWELVE_MONTHS)
    return mailings.shown_one_time(mailings.page(world, test, start, limit, first, end_ts))


@on(Newsletters.metrics)
def metrics(
    world: World,
    newsletter_id: int,
    *,
    period: Period = "days",
    steps: int | None = None,
    type: OneTimeChannel | None = None,
) -> OneTimeMetricAnswer:
    """Answer with counts over time."""
    source = known(world, newsletter_id)
    series = mailings.counted(world, source, period, steps, channel=type)
    return {"metric": {"series": series, "type": cast("OneTimeChannel", source.settings["type"])}}


@on(Newsletters.links)
def links(
    world: World, newsletter_id: int, *, period: Period = "days", steps: int | None = None, unique: bool = False
) -> LinksAnswer:
    """Answer with the clicks on each link."""
    return mailings.clicked(world, known(world, newsletter_id), period, steps, unique=unique)


def known(world: World, number: int) -> Source:
    """Return a newsletter; `ApiFault` 404 where there is none."""
    return mailings.known_source(world, "newsletter", number)


def shown(source: Source) -> Newsletter:
    """Return a newsletter as answers show it."""
    row = {
        **source.settings,
        "id": source.id,
        "deduplicate_id": f"{source.id}:{source.updated}",
        "content_ids": [content.id for content in source.contents],
        "name": source.name,
        "created": source.created,
        "updated": source.updated,
        "recipient_segment_ids": segments_of(source.audience),
    }
    if source.sent is not None:
        row["sent_at"] = source.sent
    return cast("Newsletter", row)


def refuse_sent(source: Source) -> None:
    """Raise `ApiFault` 400 for a newsletter that has left."""
    if source.sent is not None:
        raise ApiFault(400, "the newsletter is sent already")


def whole(channel: OneTimeChannel, fields: Mapping[str, Any]) -> None:
    """Raise `ApiFault` 422 where one of the fields is empty that the channel cannot be without."""
    missing = [name for name in _NEEDED[channel] if name in fields and not fields[name]]
    if channel == "push" and not (fields["subject"] or fields["body"]):
        missing = ["subject"]
    if missing:
        raise ApiFault(422, f"{missing[0]}: is needed by this channel", pointer=f"/{missing[0]}")


def dispatch(world: World, source: Source) -> None:
    """Send a newsletter to everybody it is for, as they are now."""
    source.sent, source.scheduled, source.updated = world.now, None, world.now
    if source.audience is None:
        return
    test = people_filter(world, source.audience)
    for person in [person for person in world.people.values() if test(person)]:
        send_content(world, source, person)


def _plan(world: World, source: Source, at: int) -> None:
    source.scheduled, source.updated = at, world.now

    def go() -> None:
        if source.scheduled == at and source.sent is None:  # neither taken back nor deleted since
            dispatch(world, source)

    world.messaging.later(at, go)


def _unsent(world: World, number: int) -> Source:
    source = known(world, number)
    refuse_sent(source)
    return source


def _with_recipients(source: Source) -> None:
    if source.audience is None:
        raise ApiFault(400, "the newsletter has no recipients")


def _pace(rate: int | None, seconds: PerSeconds | None) -> None:
    if (rate is None) != (seconds is None):
        missing = "rate_limit_email_rate" if rate is None else "rate_limit_time_period"
        raise ApiFault(422, f"{missing}: is the other half of the pace", pointer=f"/{missing}")


def _audience(world: World, recipients: Recipients) -> AudienceFilter:
    """Return recipients as the filter of people they stand for: `inverse` becomes a `not`."""
    if not recipients["and"]:
        raise ApiFault(400, "recipients: are missing")
    parts: list[Any] = []
    for part in recipients["and"]:
        test: Any = part.get("attribute")
        if isinstance(test, dict) and test.pop("inverse", False):  # pyright: ignore[reportUnknownMemberType]  # JSON
            parts.append({"not": {"attribute": test}})
        else:
            parts.append(part)
    found = cast("AudienceFilter", {"and": parts})
    people_filter(world, found)  # what is wrong with it is told now
    return found


def _sender(world: World, number: int) -> str:
    sender = world.held.senders.get(number)
    if sender is None:
        raise ApiFault(422, "from_id: is no sender of this workspace", pointer="/from_id")
    return sender.get("address", "")
