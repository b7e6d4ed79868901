"""Exports: have the service write people or deliveries to a CSV file, follow its work, and get a link to the file."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.types import AudienceFilter
from ciokit.core.endpoint import Field, Group, Path, S, endpoint
from ciokit.core.retry import Retry

ExportMetric = Literal[
    "created",
    "attempted",
    "sent",
    "delivered",
    "opened",
    "clicked",
    "converted",
    "bounced",
    "spammed",
    "unsubscribed",
    "dropped",
    "failed",
    "undeliverable",
]
"""What must have happened to a delivery for it to be exported."""


class Export(TypedDict):
    """An export.

    There is a file once `status` is `done`; `total`, the number of its rows, is 0 until then. `created_at` and
    `updated_at` are in Unix seconds.
    """

    id: int
    user_id: NotRequired[int]
    user_email: NotRequired[str]
    total: int
    deduplicate_id: NotRequired[str]
    type: Literal["customers", "deliveries"]
    failed: bool
    description: str
    downloads: int
    created_at: int
    updated_at: int
    status: Literal["done", "pending", "failed"]


class ExportAnswer(TypedDict):
    """An export, under `export`."""

    export: Export


class ExportList(TypedDict):
    """The exports of a workspace."""

    exports: list[Export]


class ExportLink(TypedDict):
    """Where the file is; whoever has the link can read it."""

    url: str


_DELIVERIES = checks.every(
    checks.exactly_one("newsletter_id", "campaign_id", "transactional_message_id", "action_id"),
    checks.window("start", "end", checks.TWELVE_MONTHS),
)


class Exports(Group[S]):
    """What the App API does about exports."""

    @endpoint("app", "GET", "/v1/exports", retry=Retry.SAFE, docs="listExports")
    def find(self) -> ExportList:
        """Return all exports of the workspace."""
        ...

    @endpoint("app", "POST", "/v1/exports/customers", retry=Retry.NEVER, docs="exportPeopleData")
    def create_customers(
        self, filters: Field[AudienceFilter], *, attributes: Field[list[str] | None] = None
    ) -> ExportAnswer:
        """Start an export of the people a filter matches; follow it with `get`.

        Args:
            filters: which people, such as `{"segment": {"id": 7}}`.
            attributes: the names of attributes to add as columns.
        """
        ...

    @endpoint(
        "app", "POST", "/v1/exports/deliveries", retry=Retry.NEVER, docs="exportDeliveriesData", check=_DELIVERIES
    )
    def create_deliveries(
        self,
        *,
        newsletter_id: Field[int | None] = None,
        campaign_id: Field[int | None] = None,
        transactional_message_id: Field[int | None] = None,
        action_id: Field[int | None] = None,
        start: Field[int | None] = None,
        end: Field[int | None] = None,
        attributes: Field[list[str] | None] = None,
        metric: Field[ExportMetric | None] = None,
        drafts: Field[bool | None] = None,
    ) -> ExportAnswer:
        """Start an export of the deliveries of one message source; follow it with `get`.

        Give exactly one of `newsletter_id`, `campaign_id`, `transactional_message_id` and `action_id`.

        Args:
            newsletter_id: deliveries of this newsletter.
            campaign_id: deliveries of this campaign.
            transactional_message_id: deliveries of this transactional message.
            action_id: deliveries of this action of a campaign.
            start: the earliest, in Unix seconds; six months ago when neither end is given.
            end: the latest, in Unix seconds. At most the last 12 months before it are exported.
            attributes: the names of attributes to add as columns.
            metric: only deliveries to which this has happened.
            drafts: drafts as well as what was sent.
        """
        ...

    @endpoint("app", "GET", "/v1/exports/{export_id}", retry=Retry.SAFE, docs="getExport")
    def get(self, export_id: Path[int]) -> ExportAnswer:
        """Return one export, to see whether it is done.

        Raises:
            RefusedError: 404, there is no such export.
        """
        ...

    @endpoint("app", "GET", "/v1/exports/{export_id}/download", retry=Retry.SAFE, docs="downloadExport")
    def link(self, export_id: Path[int]) -> ExportLink:
        """Return a link to the file of a finished export; it lives for 15 minutes and needs no key.

        Raises:
            RefusedError: 404, there is no such export.
        """
        ...
