"""API-triggered broadcasts: trigger one, follow it, and read its steps, deliveries and metrics."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.actions import ActionFields, ActionUpdate
from ciokit.app_api.messages import Channel, Delivery, DeliveryMetric, DeliveryState
from ciokit.app_api.metrics import ActionMetricAnswer, LinksAnswer, MetricAnswer, Period
from ciokit.app_api.types import AudienceFilter
from ciokit.core.endpoint import Body, Field, Group, Path, Query, S, endpoint, paged
from ciokit.core.retry import Retry


class BroadcastStep(TypedDict):
    """A step of a broadcast, by its number."""

    id: int
    type: Literal["email", "webhook", "push", "sms", "slack"]


class Broadcast(TypedDict):
    """One broadcast; times are in Unix seconds, `msg_template_ids` is an old word for `actions`."""

    id: int
    deduplicate_id: NotRequired[str]
    name: str
    type: NotRequired[Literal["triggered_broadcast"]]
    created: NotRequired[int]
    updated: NotRequired[int]
    active: NotRequired[bool]
    state: NotRequired[Literal["running", "draft"]]
    actions: NotRequired[list[BroadcastStep]]
    msg_template_ids: NotRequired[list[BroadcastStep]]
    first_started: NotRequired[int]
    tags: NotRequired[list[str]]


class BroadcastList(TypedDict):
    """The broadcasts of a workspace."""

    broadcasts: list[Broadcast]


class BroadcastAnswer(TypedDict):
    """A broadcast, under `broadcast`."""

    broadcast: Broadcast


class BroadcastAction(ActionFields):
    """One step of a broadcast."""

    broadcast_id: NotRequired[int]


class BroadcastActions(TypedDict):
    """The steps of a broadcast."""

    actions: list[BroadcastAction]


class BroadcastActionAnswer(TypedDict):
    """A step, under `action`."""

    action: BroadcastAction


class DataForId(TypedDict):
    """What one person's message is filled with, the person named by id."""

    id: str
    data: NotRequired[dict[str, Any]]


class DataForEmail(TypedDict):
    """What one person's message is filled with, the person named by e-mail address."""

    email: str
    data: NotRequired[dict[str, Any]]


PersonData: TypeAlias = DataForId | DataForEmail
"""One recipient of a broadcast with data of their own."""


class Triggered(TypedDict):
    """The trigger was taken; `id` is what `get_trigger` and `trigger_errors` follow it by."""

    id: int


class Trigger(TypedDict):
    """One run of a broadcast; times are in Unix seconds, `processed_at` is missing until it is through."""

    id: int
    broadcast_id: int
    created_at: NotRequired[int]
    processed_at: NotRequired[int]


class Triggers(TypedDict):
    """The runs of a broadcast."""

    triggers: list[Trigger]


class Broadcasts(Group[S]):
    """API-triggered broadcasts."""

    @endpoint(
        "app",
        "POST",
        "/v1/campaigns/{broadcast_id}/triggers",
        retry=Retry.NEVER,
        docs="triggerBroadcast",
        rate="app_broadcast",
        check=checks.trigger,
    )
    def trigger(
        self,
        broadcast_id: Path[int],
        *,
        data: Field[dict[str, Any] | None] = None,
        recipients: Field[AudienceFilter | None] = None,
        ids: Field[list[str] | None] = None,
        emails: Field[list[str] | None] = None,
        per_user_data: Field[list[PersonData] | None] = None,
        data_file_url: Field[str | None] = None,
        email_add_duplicates: Field[bool] = False,
        email_ignore_missing: Field[bool] = False,
        id_ignore_missing: Field[bool] = False,
    ) -> Triggered:
        """Send a broadcast to its audience, or to the one given here.

        At most one trigger in 10 seconds, and five waiting. At most one of `recipients`, `ids`, `emails`,
        `per_user_data` and `data_file_url`; without any the audience is the broadcast's own. 25 MB in all.

        Args:
            broadcast_id: which.
            data: `{{trigger.*}}` in Liquid, at most 50,000 bytes.
            recipients: a filter.
            ids: at most 10,000.
            emails: at most 10,000.
            per_user_data: at most 10,000 people, each with data.
            data_file_url: a file with one JSON object a line, 2 MB a person and 10 GB in all.
            email_add_duplicates: send to everybody with an address; otherwise two people with one are an error.
            email_ignore_missing: leave out people without an address; otherwise they are an error.
            id_ignore_missing: leave out unknown ids; otherwise they are an error.

        Raises:
            RefusedError: 404, there is no such broadcast; 422, a value is not valid.
            RateLimitError: another trigger came within the last 10 seconds.
        """
        ...

    @endpoint("app", "GET", "/v1/broadcasts/{broadcast_id}/triggers", retry=Retry.SAFE, docs="listBroadcastTriggers")
    def triggers(self, broadcast_id: Path[int]) -> Triggers:
        """Return the runs of a broadcast."""
        ...

    @endpoint(
        "app", "GET", "/v1/campaigns/{broadcast_id}/triggers/{trigger_id}", retry=Retry.SAFE, docs="broadcastStatus"
    )
    def get_trigger(self, broadcast_id: Path[int], trigger_id: Path[int]) -> Trigger:
        """Return one run; `processed_at` says that it is through."""
        ...

    @paged(
        "app",
        "GET",
        "/v1/campaigns/{broadcast_id}/triggers/{trigger_id}/errors",
        items="errors",
        docs="broadcastErrors",
        check=checks.page_of(),
    )
    def trigger_errors(
        self,
        broadcast_id: Path[int],
        trigger_id: Path[int],
        *,
        start: Query[str | None] = None,
        limit: Query[int | None] = None,
    ) -> list[str]:
        """Yield the problems of one run, page by page: lines of text with a line number and a reason."""
        ...

    @endpoint("app", "GET", "/v1/broadcasts", retry=Retry.SAFE, docs="listBroadcasts")
    def find(self) -> BroadcastList:
        """Return the broadcasts of the workspace."""
        ...

    @endpoint("app", "GET", "/v1/broadcasts/{broadcast_id}", retry=Retry.SAFE, docs="getBroadcast")
    def get(self, broadcast_id: Path[int]) -> BroadcastAnswer:
        """Return one broadcast."""
        ...

    @endpoint("app", "GET", "/v1/broadcasts/{broadcast_id}/actions", retry=Retry.SAFE, docs="broadcastActions")
    def actions(self, broadcast_id: Path[int]) -> BroadcastActions:
        """Return the steps of a broadcast, with their content."""
        ...

    @endpoint(
        "app", "GET", "/v1/broadcasts/{broadcast_id}/actions/{action_id}", retry=Retry.SAFE, docs="getBroadcastAction"
    )
    def get_action(self, broadcast_id: Path[int], action_id: Path[int]) -> BroadcastActionAnswer:
        """Return one step of a broadcast."""
        ...

    @endpoint(
        "app",
        "PUT",
        "/v1/broadcasts/{broadcast_id}/actions/{action_id}",
        retry=Retry.SAFE,
        docs="updateBroadcastAction",
    )
    def update_action(
        self, broadcast_id: Path[int], action_id: Path[int], content: Body[ActionUpdate]
    ) -> BroadcastActionAnswer:
        """Change one step of a broadcast; what is left out stays."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/broadcasts/{broadcast_id}/actions/{action_id}/language/{language}",
        retry=Retry.SAFE,
        docs="getBroadcastActionLanguage",
    )
    def get_action_language(
        self, broadcast_id: Path[int], action_id: Path[int], language: Path[str]
    ) -> BroadcastActionAnswer:
        """Return one translation of a step."""
        ...

    @endpoint(
        "app",
        "PUT",
        "/v1/broadcasts/{broadcast_id}/actions/{action_id}/language/{language}",
        retry=Retry.SAFE,
        docs="updateBroadcastActionLanguage",
    )
    def update_action_language(
        self, broadcast_id: Path[int], action_id: Path[int], language: Path[str], content: Body[ActionUpdate]
    ) -> BroadcastActionAnswer:
        """Change one translation of a step; what is left out stays."""
        ...

    @paged(
        "app",
        "GET",
        "/v1/broadcasts/{broadcast_id}/messages",
        items="messages",
        docs="broadcastMessages",
        check=checks.every(checks.page_of(), checks.window("start_ts", "end_ts", checks.TWELVE_MONTHS)),
    )
    def messages(
        self,
        broadcast_id: Path[int],
        *,
        type: Query[Channel | None] = None,
        metric: Query[DeliveryMetric | None] = None,
        state: Query[DeliveryState | None] = None,
        start_ts: Query[int | None] = None,
        end_ts: Query[int | None] = None,
        get_tracked_responses: Query[bool] = False,
        start: Query[str | None] = None,
        limit: Query[int | None] = None,
    ) -> list[Delivery]:
        """Yield what a broadcast sent, page by page; one may come twice.

        Without a range (`start_ts` and `end_ts`, in Unix seconds) only the month after the first trigger; a range
        over 12 months is cut to the 12 before its end. `metric` keeps only deliveries with which that happened.
        """
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/broadcasts/{broadcast_id}/metrics",
        retry=Retry.SAFE,
        docs="broadcastMetrics",
        check=checks.over_time,
    )
    def metrics(
        self,
        broadcast_id: Path[int],
        *,
        period: Query[Period] = "days",
        steps: Query[int | None] = None,
        type: Query[Channel | None] = None,
    ) -> MetricAnswer:
        """Return the metrics of a broadcast over the last `steps` periods, as many as there can be."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/broadcasts/{broadcast_id}/metrics/links",
        retry=Retry.SAFE,
        docs="broadcastLinks",
        check=checks.over_time,
    )
    def links(
        self,
        broadcast_id: Path[int],
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
        "/v1/broadcasts/{broadcast_id}/actions/{action_id}/metrics",
        retry=Retry.SAFE,
        docs="broadcastActionMetrics",
        check=checks.over_time,
    )
    def action_metrics(
        self,
        broadcast_id: Path[int],
        action_id: Path[int],
        *,
        period: Query[Period] = "days",
        steps: Query[int | None] = None,
        type: Query[Channel | None] = None,
    ) -> ActionMetricAnswer:
        """Return the metrics of one step over the last `steps` periods, as many as there can be."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/broadcasts/{broadcast_id}/actions/{action_id}/metrics/links",
        retry=Retry.SAFE,
        docs="broadcastActionLinks",
        check=checks.over_time,
    )
    def action_links(
        self,
        broadcast_id: Path[int],
        action_id: Path[int],
        *,
        period: Query[Period] = "days",
        steps: Query[int | None] = None,
        type: Query[Channel | None] = None,
    ) -> LinksAnswer:
        """Return the clicks on each link of one step over time."""
        ...
