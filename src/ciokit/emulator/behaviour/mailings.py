"""What lists of deliveries and metrics over time have in common, whatever sent the messages.

[inferred]: deliveries come newest first; a metric is counted when it happened, and the first time only; weeks begin on
Monday; more steps than there can be are as many as there can be.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo

from ciokit.app_api import checks
from ciokit.app_api.actions import ActionUpdate
from ciokit.app_api.messages import Delivery, DeliveryFields, DeliveryMetrics, OneTimeDelivery
from ciokit.app_api.metrics import ClickSeries, LinkClicks, LinksAnswer, MetricSeries, Period, Resolution
from ciokit.core.endpoint import Page
from ciokit.emulator import messaging
from ciokit.emulator.behaviour import lookup, paging
from ciokit.emulator.messaging import Content, Source, SourceKind
from ciokit.emulator.routing import ApiFault
from ciokit.emulator.world import World

Test = Callable[[messaging.Delivery], bool]

MONTH = 31 * checks.DAY
SIX_MONTHS = 183 * checks.DAY
TWELVE_MONTHS = checks.TWELVE_MONTHS
_MOST = 1000
# App spec, campaignMetrics: so many steps at once, and days begin at midnight, Eastern standard time.
_MOST_STEPS: dict[Period, int] = {"hours": 24, "days": 45, "weeks": 12, "months": 121}
_EASTERN = timezone(timedelta(hours=-5))
_PERIODS: dict[str, Period] = {"hourly": "hours", "daily": "days", "weekly": "weeks", "monthly": "months"}
# The series in answers, and the event each counts where that has another name.
_SERIES = (
    "attempted", "bounced", "clicked", "converted", "created", "delivered", "drafted", "failed", "human_clicked",
    "human_opened", "opened", "sent", "spammed", "suppressed", "undeliverable", "unsubscribed",
)  # fmt: skip
_COUNTS = {"suppressed": "dropped"}
_OF_ANY_STEP = frozenset({"sending_state", "body", "recipient"})
_OF_MAIL = _OF_ANY_STEP | {"body_amp", "from_id", "reply_to_id", "subject", "preheader_text", "headers"}
# App catalogue, `automation_action` and `broadcast_action`: each kind of step has fields of its own.
_OF_STEP: Mapping[str, frozenset[str]] = {
    "twilio": _OF_ANY_STEP | {"image_url"},
    "whatsapp": _OF_ANY_STEP | {"body_json", "send_to_unsubscribed", "sender_identity_id", "tracked"},
    "webhook": frozenset({"sending_state", "body", "url", "method", "headers"}),
}
_METRICS = DeliveryMetrics.__annotations__.keys()
# No answer that holds content is documented to have these.
_NOT_SHOWN = frozenset({"body_plain", "link"})
_MOST_RANGE_STEPS = 1000


def known_source(world: World, kind: SourceKind, number: int) -> Source:
    """Return what sends; `ApiFault` 404 where there is none."""
    noun = "transactional message" if kind == "transactional" else kind
    return lookup.known(world.messaging.sources, (kind, number), noun)


def known_content(source: Source, number: int, status: int = 404) -> Content:
    """Return a content of a source by its number."""
    content = source.content(number)
    if content is None:
        raise ApiFault(status, f"this {source.kind} has no such content")
    return content


def known_language(source: Source, parent: int | None, language: str, status: int = 400) -> Content:
    """Return the translation of a content, or of the first there is; "" is the default (App spec, the language)."""
    steps = [step for step in source.steps() if parent in (None, step.id)]
    for step in steps:
        if language == step.language or not language:
            return step
        found = source.translation(step, language)
        if found is not None:
            return found
    raise ApiFault(status, "language: there is no translation into it")


def change(world: World, source: Source, content: Content, new: Any, declared: type) -> None:
    """Set the fields that a change is declared to have, and no others; what is left out stays.

    Headers are a list in bodies and JSON text in answers.
    """
    fields = {name: value for name, value in new.items() if name in declared.__annotations__}
    if isinstance(fields.get("headers"), list):
        fields["headers"] = json.dumps(fields["headers"])
    content.fields.update(fields)
    content.updated = source.updated = world.now


def change_step(world: World, source: Source, content: Content, new: Any) -> None:
    """Set fields of a step; what steps of its kind do not have is passed over [inferred]."""
    own = _OF_STEP.get(content.type, _OF_MAIL)
    change(world, source, content, {name: value for name, value in new.items() if name in own}, ActionUpdate)


def page(  # noqa: PLR0917 - a range, a cursor and a limit is what every list takes
    world: World, test: Test, start: str | None, limit: int | None, first: int, last: int | None
) -> Page[messaging.Delivery]:
    """Return a page of deliveries made between two times in unix seconds, newest first; 50 by default."""
    deliveries = world.messaging.deliveries
    begin = paging.place(start) if start else len(deliveries)
    if start and begin >= len(deliveries):
        raise paging.no_cursor()
    end = world.now if last is None else last
    rows = (deliveries[place] for place in range(begin - 1, -1, -1))
    wanted = (each for each in rows if first <= each.created <= end)
    found, more = paging.take(wanted, test, paging.size(limit or 0, 50, _MOST))
    return Page(found, str(found[-1].number) if more else None)


def within(world: World, start_ts: int | None, end_ts: int | None, most: int, default: int) -> int:
    """Return where a range begins that is `most` seconds at most, and `default` seconds if it is not given."""
    end = world.now if end_ts is None else end_ts
    return end - default if start_ts is None else max(start_ts, end - most)


def matching(
    source: Source | None = None,
    *,
    channel: str | None = None,
    metric: str | None = None,
    state: str | None = None,
    drafts: bool | None = None,
    content_id: int | None = None,
) -> Test:
    """Return the test for what a list was asked to hold."""

    def test(each: messaging.Delivery) -> bool:
        return (
            (source is None or each.source == source.key)
            and (channel is None or each.channel == channel)
            and (metric is None or metric in each.metrics)
            and (state is None or state == _state(each))
            and (drafts is None or drafts == ("drafted" in each.metrics))
            and (content_id is None or content_id in (each.content_id, each.parent_id))
        )

    return test


def shown(page: Page[messaging.Delivery]) -> Page[Delivery]:
    """Return a page as lists show it."""
    return Page([delivery(each) for each in page.rows], page.next)


def shown_one_time(page: Page[messaging.Delivery]) -> Page[OneTimeDelivery]:
    """Return a page as lists of newsletters show it."""
    rows = [cast("OneTimeDelivery", {**_fields(each), "type": each.channel}) for each in page.rows]
    return Page(rows, page.next)


def delivery(each: messaging.Delivery) -> Delivery:
    """Return a delivery as answers show it; a message to the inbox counts among those in the app [inferred]."""
    return cast("Delivery", {**_fields(each), "type": "in_app" if each.channel == "inbox" else each.channel})


def metrics(each: messaging.Delivery) -> DeliveryMetrics:
    """Return when each thing first happened to a delivery."""
    return cast("DeliveryMetrics", {name: at for name, at in each.metrics.items() if name in _METRICS})


def _fields(each: messaging.Delivery) -> DeliveryFields:
    person = each.person
    row: DeliveryFields = {
        "id": each.id,
        "deduplicate_id": f"{each.id}:{max(each.metrics.values(), default=each.created)}",
        "customer_id": person.id if person else None,
        "recipient": each.recipient,
        "subject": str(each.content.get("subject") or ""),
        "metrics": metrics(each),
        "created": each.created,
        "failure_message": each.failure or None,
        "campaign_id": each.of("campaign"),
        "newsletter_id": each.of("newsletter"),
        "broadcast_id": each.of("broadcast"),
        "forgotten": not each.keeps,
    }
    if person is not None:
        row["customer_identifiers"] = lookup.person_identifiers(person)
    if each.content_id is not None:
        row["message_template_id"] = each.content_id
        if each.of("newsletter") is not None or each.of("transactional") is not None:
            row["content_id"] = each.content_id
        else:
            row["action_id"] = each.content_id
    if each.parent_id is not None:
        row["parent_action_id"] = each.parent_id
    if each.run_id is not None:
        row["trigger_event_id"] = str(each.run_id)
    return row


def _state(each: messaging.Delivery) -> str:
    if "sent" in each.metrics:
        return "sent"
    return "drafted" if "drafted" in each.metrics else "failed" if each.failure else "attempted"


def action(content: Content) -> dict[str, Any]:
    """Return a step as answers show it."""
    fields = {name: value for name, value in content.fields.items() if name not in _NOT_SHOWN}
    return {
        **fields,
        "id": content.id,
        "type": content.type,
        "deduplicate_id": f"{content.id}:{content.updated}",
        "name": content.name,
        "language": content.language,
        "created": content.created,
        "updated": content.updated,
    }


# Metrics


def steps_back(world: World, period: Period, steps: int | None) -> list[int]:
    """Return the unix seconds at which the last so many periods began, oldest first; the last is not over yet."""
    most = _MOST_STEPS[period]
    if steps is not None and steps < 1:
        raise ApiFault(400, "steps: must be 1 or more")
    begin = _floor(datetime.fromtimestamp(world.now, _EASTERN), period)
    edges = [begin]
    for _ in range(min(steps or most, most) - 1):
        begin = _floor(begin - timedelta(minutes=1), period)
        edges.append(begin)
    return [int(edge.timestamp()) for edge in reversed(edges)]


def steps_between(res: Resolution, tz: str | None, start: int, end: int) -> list[int]:
    """Return the unix seconds at which the periods of a range begin, in a time zone; UTC if none is given."""
    period = _PERIODS.get(res) or cast("Period", res)
    try:
        zone: tzinfo = ZoneInfo(tz) if tz else UTC
        begin = _floor(datetime.fromtimestamp(start, zone), period)
    except (KeyError, ValueError, OSError, OverflowError):
        raise ApiFault(400, "tz: is no time zone, or `start` no time") from None
    if end < start:
        raise ApiFault(400, "start: is after end")
    edges: list[int] = []
    while begin.timestamp() <= end:
        edges.append(int(begin.timestamp()))
        if len(edges) > _MOST_RANGE_STEPS:
            raise ApiFault(400, f"res: gives more than {_MOST_RANGE_STEPS} steps; choose a longer one")
        begin = _next(begin, period)
    return edges


def series(deliveries: Iterable[messaging.Delivery], edges: list[int], until: int) -> MetricSeries:
    """Return how often each thing happened in each step; the last step ends at `until`, which is part of it."""
    counted: dict[str, list[int]] = {name: [0] * len(edges) for name in _SERIES}
    for each in deliveries:
        for name in _SERIES:
            at = each.metrics.get(_COUNTS.get(name, name))
            if at is not None and edges[0] <= at <= until:
                counted[name][bisect_right(edges, at) - 1] += 1
    return cast("MetricSeries", counted)


def links(
    world: World, deliveries: Iterable[messaging.Delivery], edges: list[int], *, unique: bool | None
) -> LinksAnswer:
    """Return the links of deliveries and how often each was clicked in each step; `unique` counts a person once."""
    found: dict[str, list[int]] = {}
    seen: set[tuple[str, str]] = set()
    for each in deliveries:
        for href in each.links:
            found.setdefault(href, [0] * len(edges))
        for at, href in each.clicks:
            who = (each.person.cio_id if each.person else each.id, href)
            if edges[0] <= at <= world.now and not (unique and who in seen):
                found.setdefault(href, [0] * len(edges))  # a reported click may be on any link
                found[href][bisect_right(edges, at) - 1] += 1
            seen.add(who)
    return {"links": [_link(world, href, counts) for href, counts in found.items()]}


def counted(
    world: World,
    source: Source,
    period: Period,
    steps: int | None,
    *,
    channel: str | None = None,
    content_id: int | None = None,
) -> MetricSeries:
    """Return how often each thing happened to what a source sent, over the last so many periods."""
    edges = steps_back(world, period, steps)
    return series(filter(matching(source, channel=channel, content_id=content_id), world.messaging.deliveries), edges,
                  world.now)  # fmt: skip


def clicked(
    world: World,
    source: Source,
    period: Period,
    steps: int | None,
    *,
    unique: bool | None = False,
    channel: str | None = None,
    content_id: int | None = None,
) -> LinksAnswer:
    """Return the clicks on the links of what a source sent, over the last so many periods."""
    edges = steps_back(world, period, steps)
    test = matching(source, channel=channel, content_id=content_id)
    return links(world, filter(test, world.messaging.deliveries), edges, unique=unique)


def _link(world: World, href: str, counts: list[int]) -> LinkClicks:
    clicks: ClickSeries = {"clicked": counts, "human_clicked": list(counts), "machine_clicked": [0] * len(counts)}
    return {"link": {"id": world.messaging.link_id(href), "href": href}, "metric": {"series": clicks}}


def _floor(at: datetime, period: Period) -> datetime:
    at = at.replace(minute=0, second=0, microsecond=0)
    if period == "hours":
        return at
    at = at.replace(hour=0)
    if period == "weeks":
        return at - timedelta(days=at.weekday())
    return at.replace(day=1) if period == "months" else at


def _next(at: datetime, period: Period) -> datetime:
    """Return the beginning of the next period: days are those of the calendar, an hour more or less where it is so."""
    if period == "hours":
        return (at.astimezone(UTC) + timedelta(hours=1)).astimezone(at.tzinfo)
    if period == "months":
        return _floor(at + timedelta(days=32), period)
    return at + timedelta(days=7 if period == "weeks" else 1)
