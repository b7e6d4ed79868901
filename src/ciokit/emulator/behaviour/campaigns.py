"""Campaigns: they come from seeds, and so does what they sent.

[inferred]: a person's journey begins with the first message of the campaign, activates at once, and is finished when
nothing more is to come.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, cast

from ciokit.app_api.actions import ActionUpdate
from ciokit.app_api.campaigns import (
    Campaign,
    CampaignAction,
    CampaignActionAnswer,
    CampaignAnswer,
    CampaignList,
    Campaigns,
    CampaignStep,
    JourneyMetric,
    JourneyMetricAnswer,
)
from ciokit.app_api.messages import Channel, Delivery, DeliveryMetric
from ciokit.app_api.metrics import (
    LinksAnswer,
    Period,
    RangeActionMetricAnswer,
    RangeMetricAnswer,
    Resolution,
)
from ciokit.core.endpoint import Page
from ciokit.emulator import messaging
from ciokit.emulator.behaviour import mailings, paging
from ciokit.emulator.messaging import Content, Source
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World

_ACTIONS_A_PAGE = 10


@on(Campaigns.find)
def find(world: World) -> CampaignList:
    """Answer with all campaigns."""
    return {"campaigns": [_shown(source) for source in world.messaging.of_kind("campaign")]}


@on(Campaigns.get)
def get(world: World, campaign_id: int) -> CampaignAnswer:
    """Answer with one campaign."""
    return {"campaign": _shown(_known(world, campaign_id))}


@on(Campaigns.actions)
def actions(world: World, campaign_id: int, *, start: str | None = None) -> Page[CampaignAction]:
    """Answer with the steps of a campaign, ten a page, translations included."""
    source = _known(world, campaign_id)
    return paging.cut(source.contents, start, _ACTIONS_A_PAGE, lambda content: _action(source, content))


@on(Campaigns.get_action)
def get_action(world: World, campaign_id: int, action_id: int) -> CampaignActionAnswer:
    """Answer with one step; one that is not there is a 400 (App spec)."""
    source = _known(world, campaign_id)
    return {"action": _action(source, mailings.known_content(source, action_id, 400))}


@on(Campaigns.update_action)
def update_action(world: World, campaign_id: int, action_id: int, content: ActionUpdate) -> CampaignActionAnswer:
    """Change one step."""
    source = _known(world, campaign_id)
    found = mailings.known_content(source, action_id, 400)
    mailings.change_step(world, source, found, content)
    return {"action": _action(source, found)}


@on(Campaigns.get_action_language)
def get_action_language(world: World, campaign_id: int, action_id: int, language: str) -> CampaignActionAnswer:
    """Answer with one translation of a step."""
    source = _known(world, campaign_id)
    return {"action": _action(source, mailings.known_language(source, action_id, language))}


@on(Campaigns.update_action_language)
def update_action_language(
    world: World, campaign_id: int, action_id: int, language: str, content: ActionUpdate
) -> CampaignActionAnswer:
    """Change one translation of a step."""
    source = _known(world, campaign_id)
    found = mailings.known_language(source, action_id, language)
    mailings.change_step(world, source, found, content)
    return {"action": _action(source, found)}


@on(Campaigns.messages)
def messages(
    world: World,
    campaign_id: int,
    *,
    type: Channel | None = None,
    metric: DeliveryMetric | None = None,
    drafts: bool | None = None,
    start_ts: int | None = None,
    end_ts: int | None = None,
    get_tracked_responses: bool = False,
    start: str | None = None,
    limit: int = 50,
) -> Page[Delivery]:
    """Answer with what was sent: without a range the last six months, at most twelve (App spec)."""
    del get_tracked_responses
    source = _known(world, campaign_id)
    test = mailings.matching(source, channel=type, metric=metric, drafts=bool(drafts))
    first = mailings.within(world, start_ts, end_ts, mailings.TWELVE_MONTHS, mailings.SIX_MONTHS)
    return mailings.shown(mailings.page(world, test, start, limit, first, end_ts))


@on(Campaigns.metrics)
def metrics(
    world: World,
    campaign_id: int,
    *,
    version: Literal["1", "2"] | None = None,
    res: Resolution | None = None,
    tz: str | None = None,
    start: int | None = None,
    end: int | None = None,
    period: Period = "days",
    steps: int | None = None,
    type: Channel | None = None,
) -> RangeMetricAnswer:
    """Answer with counts over time."""
    source = _known(world, campaign_id)
    if version == "2":
        return _in_range(world, mailings.matching(source, channel=type), res, tz, start, end)
    return {"metric": {"series": mailings.counted(world, source, period, steps, channel=type)}}


@on(Campaigns.links)
def links(
    world: World, campaign_id: int, *, period: Period = "days", steps: int | None = None, unique: bool = False
) -> LinksAnswer:
    """Answer with the clicks on each link."""
    return mailings.clicked(world, _known(world, campaign_id), period, steps, unique=unique)


@on(Campaigns.journey_metrics)
def journey_metrics(
    world: World, campaign_id: int, *, start: int, end: int, resolution: Resolution
) -> JourneyMetricAnswer:
    """Answer with what became of the journeys that began in each step."""
    source = _known(world, campaign_id)
    edges = mailings.steps_between(resolution, None, start, end)
    journeys: dict[str, list[messaging.Delivery]] = {}
    for each in world.messaging.of_source(source.key):
        journeys.setdefault(each.person.cio_id if each.person else each.id, []).append(each)
    begun: list[list[list[messaging.Delivery]]] = [[] for _ in edges]
    for journey in journeys.values():
        if start <= journey[0].created <= end:
            begun[bisect_right(edges, journey[0].created) - 1].append(journey)

    def count(test: Callable[[list[messaging.Delivery]], bool]) -> list[int]:
        return [sum(map(test, step)) for step in begun]

    nobody = [0] * len(edges)
    started = [len(step) for step in begun]
    metric: JourneyMetric = {
        "started": started,
        "activated": list(started),
        "exited_early": list(nobody),
        "finished": list(started),
        "converted": count(lambda journey: any("converted" in each.metrics for each in journey)),
        "never_activated": nobody,
        "messaged": count(lambda journey: any("sent" in each.metrics for each in journey)),
    }
    return {"journey_metric": metric}


@on(Campaigns.action_metrics)
def action_metrics(
    world: World,
    campaign_id: int,
    action_id: int,
    *,
    version: Literal["1", "2"] | None = None,
    res: Resolution | None = None,
    tz: str | None = None,
    start: int | None = None,
    end: int | None = None,
    period: Period = "days",
    steps: int | None = None,
    type: Channel | None = None,
) -> RangeActionMetricAnswer:
    """Answer with counts over time of one step, its translations included."""
    source = _known(world, campaign_id)
    mailings.known_content(source, action_id)
    if version == "2":
        test = mailings.matching(source, channel=type, content_id=action_id)
        return cast("RangeActionMetricAnswer", _in_range(world, test, res, tz, start, end))
    series = mailings.counted(world, source, period, steps, channel=type, content_id=action_id)
    return {"metric": {"series": series}}


@on(Campaigns.action_links)
def action_links(
    world: World,
    campaign_id: int,
    action_id: int,
    *,
    period: Period = "days",
    steps: int | None = None,
    type: Channel | None = None,
    unique: bool | None = None,
) -> LinksAnswer:
    """Answer with the clicks on each link of one step."""
    source = _known(world, campaign_id)
    mailings.known_content(source, action_id)
    return mailings.clicked(world, source, period, steps, unique=unique, channel=type, content_id=action_id)


def _known(world: World, number: int) -> Source:
    return mailings.known_source(world, "campaign", number)


def _in_range(  # noqa: PLR0917 - a range is said in four
    world: World, test: mailings.Test, res: Resolution | None, tz: str | None, start: int | None, end: int | None
) -> RangeMetricAnswer:
    """Return the counts over a range; version 2 needs all but the zone (campaignMetrics)."""
    if res is None or start is None or end is None:
        raise ApiFault(400, "res, start and end: are needed with version 2")
    edges = mailings.steps_between(res, tz, start, end)
    first, last = (datetime.fromtimestamp(at, UTC).isoformat() for at in (start, end))
    series = mailings.series(filter(test, world.messaging.deliveries), edges, end)
    return {"metric": {"series": series}, "res": res, "start": first, "end": last}


def _shown(source: Source) -> Campaign:
    steps: list[CampaignStep] = [{"type": step.type, "id": step.id} for step in source.steps()]
    row = {
        **source.settings,
        "id": source.id,
        "deduplicate_id": f"{source.id}:{source.updated}",
        "name": source.name,
        "created": source.created,
        "updated": source.updated,
        "actions": steps,
    }
    return cast("Campaign", row)


def _action(source: Source, content: Content) -> CampaignAction:
    row = {**mailings.action(content), "campaign_id": source.id}
    if content.parent is not None:
        row["parent_action_id"] = content.parent
    return cast("CampaignAction", row)
