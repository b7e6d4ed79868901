"""Deliveries: what was sent to whom, what became of it, and the stored copy of it."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.types import CustomerIdentifiers, MailFrom
from ciokit.core.endpoint import Group, Path, Query, S, endpoint, paged
from ciokit.core.retry import Retry

Channel = Literal["email", "webhook", "twilio", "whatsapp", "slack", "push", "in_app", "live_notification"]
"""How a message travels; `twilio` is SMS."""

OneTimeChannel = Literal["email", "webhook", "twilio", "push", "in_app", "inbox"]
"""How a one-time send (newsletter) travels; `twilio` is SMS."""

DeliveryMetric = Literal[
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
"""What may have become of a delivery, to ask for those with it."""

DeliveryState = Literal["failed", "sent", "drafted", "attempted"]
"""Where a delivery is now."""


class DeliveryMetrics(TypedDict):
    """When each thing first happened to a delivery, in Unix seconds; what did not happen is missing."""

    bounced: NotRequired[int]
    clicked: NotRequired[int]
    human_clicked: NotRequired[int]
    prefetch_clicked: NotRequired[int]
    converted: NotRequired[int]
    created: NotRequired[int]
    delivered: NotRequired[int]
    drafted: NotRequired[int]
    dropped: NotRequired[int]
    failed: NotRequired[int]
    opened: NotRequired[int]
    human_opened: NotRequired[int]
    prefetch_opened: NotRequired[int]
    sent: NotRequired[int]
    spammed: NotRequired[int]
    undeliverable: NotRequired[int]
    unsubscribed: NotRequired[int]


class TrackedResponse(TypedDict):
    """An answer to a survey in the app: the option's number, and when it was chosen in Unix seconds."""

    id: int
    ts: int


class DeliveryFields(TypedDict):
    """What every delivery tells, whatever sent it: exactly one of the campaign, newsletter or broadcast is its source.

    `created` is in Unix seconds, `customer_id` null for a person without an id. `forgotten` says that the content is
    gone. `tracked_responses` is by option name, and there only when asked for. `message_template_id` is deprecated.
    """

    id: str
    deduplicate_id: NotRequired[str]
    message_template_id: NotRequired[int]
    customer_id: NotRequired[str | None]
    customer_identifiers: NotRequired[CustomerIdentifiers]
    recipient: NotRequired[str]
    subject: NotRequired[str]
    metrics: NotRequired[DeliveryMetrics]
    created: NotRequired[int]
    failure_message: NotRequired[str | None]
    campaign_id: NotRequired[int | None]
    action_id: NotRequired[int]
    parent_action_id: NotRequired[int]
    newsletter_id: NotRequired[int | None]
    content_id: NotRequired[int]
    broadcast_id: NotRequired[int | None]
    trigger_event_id: NotRequired[str]
    forgotten: NotRequired[bool]
    tracked_responses: NotRequired[dict[str, TrackedResponse]]


class Delivery(DeliveryFields):
    """One message to one person."""

    type: Channel


class OneTimeDelivery(DeliveryFields):
    """One message of a one-time send to one person."""

    type: OneTimeChannel


class DeliveryAnswer(TypedDict):
    """A delivery, under `message`."""

    message: Delivery


class ArchivedMessage(MailFrom):
    """The stored copy of a delivery; `url`, `request_method` and `headers` are those of a webhook."""

    id: str
    body: NotRequired[str]
    reply_to: NotRequired[str]
    recipient: NotRequired[str]
    subject: NotRequired[str]
    bcc: NotRequired[str]
    fake_bcc: NotRequired[bool]
    preheader_text: NotRequired[str]
    url: NotRequired[str]
    request_method: NotRequired[Literal["GET", "POST", "PUT", "DELETE", "PATCH"]]
    headers: NotRequired[dict[str, str]]
    forgotten: NotRequired[bool]


class ArchivedMessageAnswer(TypedDict):
    """The stored copy of a delivery, under `archived_message`."""

    archived_message: ArchivedMessage


class Messages(Group[S]):
    """Deliveries of the whole workspace; those of one sender stand with it (`broadcasts.messages`, ...)."""

    @paged(
        "app",
        "GET",
        "/v1/messages",
        items="messages",
        docs="listMessages",
        check=checks.every(checks.page_of(1000), checks.window("start_ts", "end_ts", checks.SIX_MONTHS)),
    )
    def find(
        self,
        *,
        type: Query[Channel | None] = None,
        metric: Query[DeliveryMetric | None] = None,
        drafts: Query[bool | None] = None,
        campaign_id: Query[int | None] = None,
        newsletter_id: Query[int | None] = None,
        action_id: Query[int | None] = None,
        start_ts: Query[int | None] = None,
        end_ts: Query[int | None] = None,
        get_tracked_responses: Query[bool] = False,
        start: Query[str | None] = None,
        limit: Query[int] = 50,
    ) -> list[Delivery]:
        """Yield deliveries, page by page; one may come twice.

        Never more than six months: a wider range is cut to the six months before its end, without a word.

        Args:
            type: the channel.
            metric: only deliveries with which this happened.
            drafts: drafts instead of what was sent.
            campaign_id: only those of this campaign; needed with `action_id`.
            newsletter_id: only those of this one-time send.
            action_id: only those of this step of a campaign.
            start_ts: the beginning of the range, in Unix seconds.
            end_ts: its end, in Unix seconds; now, if not given.
            get_tracked_responses: tell the answers to surveys in the app.
            start: the cursor to go on from.
            limit: deliveries a page, at most 1,000.
        """
        ...

    @endpoint("app", "GET", "/v1/messages/{message_id}", retry=Retry.SAFE, docs="getMessage")
    def get(self, message_id: Path[str], *, get_tracked_responses: Query[bool] = False) -> DeliveryAnswer:
        """Return one delivery, with what became of it.

        Raises:
            RefusedError: 404, there is no such delivery; just after a send it may not be there yet.
        """
        ...

    @endpoint("app", "GET", "/v1/messages/{message_id}/archived_message", retry=Retry.SAFE, docs="getArchivedMessage")
    def archived(self, message_id: Path[str]) -> ArchivedMessageAnswer:
        """Return the stored copy of a delivery: what the person was sent.

        At most 100 requests a day, says the vendor.

        Raises:
            RefusedError: 404, there is no such delivery, or no copy was kept.
        """
        ...
