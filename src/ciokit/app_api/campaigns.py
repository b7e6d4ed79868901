"""Campaigns (the vendor now says automations): their steps, deliveries, metrics and journeys."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.actions import ActionFields, ActionUpdate
from ciokit.app_api.messages import Channel, Delivery, DeliveryMetric
from ciokit.app_api.metrics import (
    LinksAnswer,
    Period,
    RangeActionMetricAnswer,
    RangeMetricAnswer,
    Resolution,
)
from ciokit.core.endpoint import Body, Group, Path, Query, S, endpoint, paged
from ciokit.core.retry import Retry


class CampaignStep(TypedDict):
    """A step of a campaign, by its number."""

    type: str
    id: int


class CampaignTemplate(TypedDict):
    """An old word for a step that is a message."""

    type: Literal["email", "sms", "push", "slack"]
    id: int


class CampaignAudience(TypedDict):
    """Who enters when an object or relationship changes: everybody related (0), or those who pass the filters (1)."""

    type: NotRequired[int]
    person_filters: NotRequired[dict[str, Any]]
    relationship_filters: NotRequired[dict[str, Any]]


class Campaign(TypedDict):
    """One campaign; `type` says what starts it, and with it which of the fields from `trigger_segment_ids` on it has.

    Times are in Unix seconds; `start_hour` and `start_minutes` are of the day, in `timezone` or that of the person.
    """

    id: int
    deduplicate_id: NotRequired[str]
    name: str
    type: Literal["segment", "event", "form", "date", "relationship", "object", "webhook"]
    created: NotRequired[int]
    updated: NotRequired[int]
    active: NotRequired[bool]
    state: NotRequired[Literal["running", "draft", "stopped"]]
    actions: NotRequired[list[CampaignStep]]
    first_started: NotRequired[int]
    tags: NotRequired[list[str]]
    trigger_segment_ids: NotRequired[list[int]]
    filter_segment_ids: NotRequired[list[int]]
    msg_templates: NotRequired[list[CampaignTemplate]]
    event_name: NotRequired[str]
    frequency: NotRequired[Literal["once", "monthly", "yearly"]]
    date_attribute: NotRequired[str]
    timezone: NotRequired[str]
    use_customer_timezone: NotRequired[bool]
    start_hour: NotRequired[int]
    start_minutes: NotRequired[int]
    object_type_id: NotRequired[int]
    filter_object_attributes: NotRequired[str]
    filter_relationship_attributes: NotRequired[str]
    audience: NotRequired[CampaignAudience]
    relationship_attribute_triggers: NotRequired[dict[str, Any]]
    object_attribute_triggers: NotRequired[dict[str, Any]]
    webhook_id: NotRequired[int]


class CampaignList(TypedDict):
    """The campaigns of a workspace."""

    campaigns: list[Campaign]


class CampaignAnswer(TypedDict):
    """A campaign, under `campaign`."""

    campaign: Campaign


class CampaignAction(ActionFields):
    """One step of a campaign; `parent_action_id` is that of the translations of one message."""

    campaign_id: NotRequired[int]
    broadcast_id: NotRequired[int]
    parent_action_id: NotRequired[int]


class CampaignActionAnswer(TypedDict):
    """A step, under `action`."""

    action: CampaignAction


class JourneyMetric(TypedDict):
    """Of the journeys that began in each step of time, oldest first: how many came to what."""

    started: list[int]
    activated: list[int]
    exited_early: list[int]
    finished: list[int]
    converted: list[int]
    never_activated: list[int]
    messaged: list[int]


class JourneyMetricAnswer(TypedDict):
    """Journeys over time, under `journey_metric`."""

    journey_metric: JourneyMetric


class Campaigns(Group[S]):
    """Campaigns.

    Metrics have two versions. With `version="2"`, which the vendor recommends, `res`, `start` and `end` are needed and
    `tz` names a time zone (UTC if not given). Otherwise `period` and `steps` count back from now, in Eastern time.
    """

    @endpoint("app", "GET", "/v1/campaigns", retry=Retry.SAFE, docs="listCampaigns")
    def find(self) -> CampaignList:
        """Return the campaigns of the workspace."""
        ...

    @endpoint("app", "GET", "/v1/campaigns/{campaign_id}", retry=Retry.SAFE, docs="getCampaigns")
    def get(self, campaign_id: Path[int]) -> CampaignAnswer:
        """Return one campaign."""
        ...

    @paged("app", "GET", "/v1/campaigns/{campaign_id}/actions", items="actions", docs="listCampaignActions")
    def actions(self, campaign_id: Path[int], *, start: Query[str | None] = None) -> list[CampaignAction]:
        """Yield the steps of a campaign with their content, ten a page."""
        ...

    @endpoint(
        "app", "GET", "/v1/campaigns/{campaign_id}/actions/{action_id}", retry=Retry.SAFE, docs="getCampaignAction"
    )
    def get_action(self, campaign_id: Path[int], action_id: Path[int]) -> CampaignActionAnswer:
        """Return one step of a campaign."""
        ...

    @endpoint(
        "app", "PUT", "/v1/campaigns/{campaign_id}/actions/{action_id}", retry=Retry.SAFE, docs="updateCampaignAction"
    )
    def update_action(
        self, campaign_id: Path[int], action_id: Path[int], content: Body[ActionUpdate]
    ) -> CampaignActionAnswer:
        """Change one step of a campaign; what is left out stays."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/campaigns/{campaign_id}/actions/{action_id}/language/{language}",
        retry=Retry.SAFE,
        docs="getCampaignActionTranslation",
    )
    def get_action_language(
        self, campaign_id: Path[int], action_id: Path[int], language: Path[str]
    ) -> CampaignActionAnswer:
        """Return one translation of a step."""
        ...

    @endpoint(
        "app",
        "PUT",
        "/v1/campaigns/{campaign_id}/actions/{action_id}/language/{language}",
        retry=Retry.SAFE,
        docs="updateCampaignActionTranslation",
    )
    def update_action_language(
        self, campaign_id: Path[int], action_id: Path[int], language: Path[str], content: Body[ActionUpdate]
    ) -> CampaignActionAnswer:
        """Change one translation of a step; what is left out stays."""
        ...

    @paged(
        "app",
        "GET",
        "/v1/campaigns/{campaign_id}/messages",
        items="messages",
        docs="getCampaignMessages",
        check=checks.every(checks.page_of(1000), checks.window("start_ts", "end_ts", checks.TWELVE_MONTHS)),
    )
    def messages(
        self,
        campaign_id: Path[int],
        *,
        type: Query[Channel | None] = None,
        metric: Query[DeliveryMetric | None] = None,
        drafts: Query[bool | None] = None,
        start_ts: Query[int | None] = None,
        end_ts: Query[int | None] = None,
        get_tracked_responses: Query[bool] = False,
        start: Query[str | None] = None,
        limit: Query[int] = 50,
    ) -> list[Delivery]:
        """Yield what a campaign sent, page by page; one may come twice.

        Without a range (`start_ts` and `end_ts`, in Unix seconds) only the last six months; a range over 12 months is
        cut to the 12 before its end. At most 1,000 a page. `metric` keeps only deliveries with which that happened.
        """
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/campaigns/{campaign_id}/metrics",
        retry=Retry.SAFE,
        docs="campaignMetrics",
        check=checks.over_time,
    )
    def metrics(
        self,
        campaign_id: Path[int],
        *,
        version: Query[Literal["1", "2"] | None] = None,
        res: Query[Resolution | None] = None,
        tz: Query[str | None] = None,
        start: Query[int | None] = None,
        end: Query[int | None] = None,
        period: Query[Period] = "days",
        steps: Query[int | None] = None,
        type: Query[Channel | None] = None,
    ) -> RangeMetricAnswer:
        """Return the metrics of a campaign over time: a range with `version="2"`, else the last `steps` periods.

        Args:
            campaign_id: which.
            version: "2" needs `res`, `start` and `end`; "1", the default, takes `period` and `steps`.
            res: how long a step of the range is.
            tz: the name of a time zone, in which days begin; UTC unless given.
            start: when the range begins, in Unix seconds.
            end: when it ends.
            period: how long a step is without a range; days begin at midnight, Eastern time.
            steps: how many, counted back from now: at most 24 hours, 45 days, 12 weeks or 121 months.
            type: only messages of this channel.
        """
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/campaigns/{campaign_id}/metrics/links",
        retry=Retry.SAFE,
        docs="campaignLinkMetrics",
        check=checks.over_time,
    )
    def links(
        self,
        campaign_id: Path[int],
        *,
        period: Query[Period] = "days",
        steps: Query[int | None] = None,
        unique: Query[bool] = False,
    ) -> LinksAnswer:
        """Return the clicks on each link over time; `unique` counts each person once."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/campaigns/{campaign_id}/journey_metrics",
        retry=Retry.SAFE,
        docs="campaignJourneyMetrics",
        check=checks.over_time,
    )
    def journey_metrics(
        self, campaign_id: Path[int], *, start: Query[int], end: Query[int], resolution: Query[Resolution]
    ) -> JourneyMetricAnswer:
        """Return how the journeys that began between `start` and `end`, in Unix seconds, went on."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/campaigns/{campaign_id}/actions/{action_id}/metrics",
        retry=Retry.SAFE,
        docs="campaignActionMetrics",
        check=checks.over_time,
    )
    def action_metrics(
        self,
        campaign_id: Path[int],
        action_id: Path[int],
        *,
        version: Query[Literal["1", "2"] | None] = None,
        res: Query[Resolution | None] = None,
        tz: Query[str | None] = None,
        start: Query[int | None] = None,
        end: Query[int | None] = None,
        period: Query[Period] = "days",
        steps: Query[int | None] = None,
        type: Query[Channel | None] = None,
    ) -> RangeActionMetricAnswer:
        """Return the metrics of one step over time; the arguments are those of `metrics`."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/campaigns/{campaign_id}/actions/{action_id}/metrics/links",
        retry=Retry.SAFE,
        docs="campaignActionLinks",
        check=checks.over_time,
    )
    def action_links(
        self,
        campaign_id: Path[int],
        action_id: Path[int],
        *,
        period: Query[Period] = "days",
        steps: Query[int | None] = None,
        type: Query[Channel | None] = None,
        unique: Query[bool | None] = None,
    ) -> LinksAnswer:
        """Return the clicks on each link of one step over time; `unique` counts each person once."""
        ...
