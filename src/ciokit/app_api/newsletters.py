"""Newsletters (the vendor now says one-time sends): make, schedule, send, and read deliveries and metrics."""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.messages import DeliveryMetric, OneTimeChannel, OneTimeDelivery
from ciokit.app_api.metrics import LinksAnswer, MetricSeries, Period
from ciokit.app_api.types import InSegment
from ciokit.core.endpoint import Field, Group, Path, Query, S, endpoint, paged
from ciokit.core.retry import Retry

PerSeconds = Literal[60, 3600, 86400]
"""The window of a sending pace: a minute, an hour or a day, in seconds."""


class Newsletter(TypedDict):
    """One newsletter; times are in Unix seconds, `sent_at` is missing until it is sent."""

    id: int
    deduplicate_id: NotRequired[str]
    content_ids: NotRequired[list[int]]
    name: str
    sent_at: NotRequired[int]
    created: NotRequired[int]
    updated: NotRequired[int]
    type: OneTimeChannel
    tags: NotRequired[list[str]]
    recipient_segment_ids: NotRequired[list[int]]
    subscription_topic_id: NotRequired[int]


class NewsletterAnswer(TypedDict):
    """A newsletter, under `newsletter`."""

    newsletter: Newsletter


class RecipientTest(TypedDict):
    """One condition on an attribute: `exists`, or `eq` with a `value`; `inverse` turns it round."""

    field: str
    operator: Literal["eq", "exists"]
    value: NotRequired[str]
    inverse: NotRequired[bool]


class HasRecipientAttribute(TypedDict):
    """People with an attribute."""

    attribute: RecipientTest


AnySegment = TypedDict("AnySegment", {"or": list[InSegment]})
NoSegment = TypedDict("NoSegment", {"not": AnySegment})
RecipientFilter: TypeAlias = AnySegment | NoSegment | HasRecipientAttribute
Recipients = TypedDict("Recipients", {"and": list[RecipientFilter]})
"""Who gets a newsletter: stricter than `AudienceFilter`.

One list under `and`. Segments stand in an `or` list even when there is one, and are kept out with `not` around such a
list. Conditions on attributes stand directly in the `and` list; to negate one set its `inverse`.
"""


class OneTimeMetric(TypedDict):
    """The series of a newsletter, and the channel they are of."""

    series: MetricSeries
    type: NotRequired[OneTimeChannel]


class OneTimeMetricAnswer(TypedDict):
    """Metrics over time, under `metric`."""

    metric: OneTimeMetric


_PACE = checks.together("rate_limit_email_rate", "rate_limit_time_period")
_NEW = checks.every(
    checks.longest("name", 190),
    checks.at_most_one("send_now", "scheduled_at"),
    checks.at_most_one("from_", "from_id"),
    _PACE,
)


class Newsletters(Group[S]):
    """Newsletters; what one says, by language and test group, is under `newsletter_variants`.

    A pace is `rate_limit_email_rate` messages (of any channel) in `rate_limit_time_period` seconds, both or neither;
    `rate_limit_spread` spreads them evenly.
    """

    @paged("app", "GET", "/v1/newsletters", items="newsletters", docs="listNewsletters", check=checks.page_of())
    def find(
        self,
        *,
        sort: Query[Literal["asc", "desc"] | None] = None,
        start: Query[str | None] = None,
        limit: Query[int | None] = None,
    ) -> list[Newsletter]:
        """Yield the newsletters of the workspace, page by page."""
        ...

    @endpoint("app", "GET", "/v1/newsletters/{newsletter_id}", retry=Retry.SAFE, docs="getNewsletters")
    def get(self, newsletter_id: Path[int]) -> NewsletterAnswer:
        """Return one newsletter."""
        ...

    @endpoint("app", "POST", "/v1/newsletters", retry=Retry.NEVER, docs="createNewsletter", check=_NEW)
    def create(
        self,
        *,
        type: Field[OneTimeChannel],
        name: Field[str],
        recipients: Field[Recipients],
        subscription_topic_id: Field[int | None] = None,
        send_now: Field[bool | None] = None,
        scheduled_at: Field[int | None] = None,
        subject: Field[str | None] = None,
        body: Field[str | None] = None,
        body_plain: Field[str | None] = None,
        body_json: Field[str | None] = None,
        preheader_text: Field[str | None] = None,
        from_: Field[str | None] = None,
        from_id: Field[int | None] = None,
        layout_id: Field[int | None] = None,
        request_method: Field[Literal["DELETE", "GET", "POST", "PUT", "PATCH"] | None] = None,
        url: Field[str | None] = None,
        rate_limit_email_rate: Field[int | None] = None,
        rate_limit_time_period: Field[PerSeconds | None] = None,
        rate_limit_spread: Field[bool | None] = None,
    ) -> NewsletterAnswer:
        """Make a newsletter, and send or schedule it if asked to.

        Needed by channel: e-mail `subject` and `body`; `twilio` (SMS) `body`; push `subject` or `body`; in_app and
        inbox `body_json`; webhook `body`, `request_method` and `url`.

        Args:
            type: the channel.
            name: at most 190 characters.
            recipients: who gets it; see `Recipients` for its form.
            subscription_topic_id: needed where the subscription center is on.
            send_now: send at once; not with `scheduled_at`.
            scheduled_at: send then, in Unix seconds.
            subject: of an e-mail, or the title of a push.
            body: HTML for an e-mail, text otherwise.
            body_plain: of an e-mail, for readers without HTML.
            body_json: JSON text. In-app: message_id, carta_content, display, priority, expiration, persistent,
                attributes, route_rules. Inbox: topics, type, properties, expiration.
            preheader_text: what mail programs show beside the subject.
            from_: the sender of an e-mail; not with `from_id`.
            from_id: the same by the number of a sender identity.
            layout_id: of an e-mail.
            request_method: of a webhook.
            url: of a webhook.
            rate_limit_email_rate: see the group.
            rate_limit_time_period: see the group.
            rate_limit_spread: see the group.

        Raises:
            RefusedError: 400, no recipients or no valid channel; 422, a value is not valid or contradicts another.
        """
        ...

    @endpoint("app", "DELETE", "/v1/newsletters/{newsletter_id}", retry=Retry.SAFE, docs="deleteNewsletters")
    def delete(self, newsletter_id: Path[int]) -> None:
        """Delete a newsletter."""
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/newsletters/{newsletter_id}/schedule",
        retry=Retry.SAFE,
        docs="scheduleNewsletter",
        check=checks.every(checks.scheduled, _PACE),
    )
    def schedule(
        self,
        newsletter_id: Path[int],
        *,
        scheduled_at: Field[int],
        timezone: Field[str | None] = None,
        tz_match_enabled: Field[bool | None] = None,
        rate_limit_email_rate: Field[int | None] = None,
        rate_limit_time_period: Field[PerSeconds | None] = None,
        rate_limit_spread: Field[bool | None] = None,
    ) -> NewsletterAnswer:
        """Send a newsletter at a time to come, or take that back.

        Args:
            newsletter_id: which.
            scheduled_at: in Unix seconds; 0 takes it back.
            timezone: an IANA name, needed unless `scheduled_at` is 0.
            tz_match_enabled: at that time of the day where each person is; a pace can then only be by the hour.
            rate_limit_email_rate: see the group.
            rate_limit_time_period: see the group.
            rate_limit_spread: see the group.

        Raises:
            RefusedError: 400, it is sent already, has no recipients, or is not scheduled; 422, a value is not valid.
        """
        ...

    @endpoint(
        "app", "POST", "/v1/newsletters/{newsletter_id}/send", retry=Retry.NEVER, docs="sendNewsletter", check=_PACE
    )
    def send(
        self,
        newsletter_id: Path[int],
        *,
        rate_limit_email_rate: Field[int | None] = None,
        rate_limit_time_period: Field[PerSeconds | None] = None,
        rate_limit_spread: Field[bool | None] = None,
    ) -> NewsletterAnswer:
        """Send a newsletter now.

        Raises:
            RefusedError: 400, it is sent already, has no recipients, or its segments are not ready; 422, half a pace.
        """
        ...

    @paged(
        "app",
        "GET",
        "/v1/newsletters/{newsletter_id}/messages",
        items="messages",
        docs="getNewsletterMsgMeta",
        check=checks.every(checks.page_of(), checks.window("start_ts", "end_ts", checks.TWELVE_MONTHS)),
    )
    def messages(
        self,
        newsletter_id: Path[int],
        *,
        metric: Query[DeliveryMetric | None] = None,
        start_ts: Query[int | None] = None,
        end_ts: Query[int | None] = None,
        get_tracked_responses: Query[bool] = False,
        start: Query[str | None] = None,
        limit: Query[int | None] = None,
    ) -> list[OneTimeDelivery]:
        """Yield what a newsletter sent, page by page; one may come twice.

        Without a range (`start_ts` and `end_ts`, in Unix seconds) only the six months after the first delivery; a range
        over 12 months is cut to the 12 before its end. `metric` keeps only deliveries with which that happened.
        """
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/newsletters/{newsletter_id}/metrics",
        retry=Retry.SAFE,
        docs="getNewsletterMetrics",
        check=checks.over_time,
    )
    def metrics(
        self,
        newsletter_id: Path[int],
        *,
        period: Query[Period] = "days",
        steps: Query[int | None] = None,
        type: Query[OneTimeChannel | None] = None,
    ) -> OneTimeMetricAnswer:
        """Return the metrics of a newsletter over the last `steps` periods, as many as there can be."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/newsletters/{newsletter_id}/metrics/links",
        retry=Retry.SAFE,
        docs="getNewsletterLinks",
        check=checks.over_time,
    )
    def links(
        self,
        newsletter_id: Path[int],
        *,
        period: Query[Period] = "days",
        steps: Query[int | None] = None,
        unique: Query[bool] = False,
    ) -> LinksAnswer:
        """Return the clicks on each link over time; `unique` counts each person once."""
        ...
