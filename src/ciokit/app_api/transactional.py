"""Transactional messages: the templates that sends name, their translations, deliveries and metrics."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.messages import Delivery, DeliveryMetric, DeliveryState
from ciokit.app_api.metrics import LinksAnswer, MetricAnswer, Period
from ciokit.app_api.types import MailFrom, NamedValue
from ciokit.core.endpoint import Body, Group, Path, Query, S, endpoint, paged
from ciokit.core.retry import Retry


class TransactionalMessage(TypedDict):
    """A template; times are in Unix seconds."""

    id: int
    name: str
    description: NotRequired[str]
    send_to_unsubscribed: NotRequired[bool]
    link_tracking: NotRequired[bool]
    open_tracking: NotRequired[bool]
    hide_message_body: NotRequired[bool]
    queue_drafts: NotRequired[bool]
    created_at: NotRequired[int]
    updated_at: NotRequired[int]


class TransactionalMessages(TypedDict):
    """The templates of a workspace."""

    messages: list[TransactionalMessage]


class TransactionalMessageAnswer(TypedDict):
    """A template, under `message`."""

    message: TransactionalMessage


class TransactionalContent(MailFrom):
    """One translation of a template; times are in Unix seconds, `headers` is JSON text."""

    id: int
    name: NotRequired[str]
    created: NotRequired[int]
    updated: NotRequired[int]
    body: NotRequired[str]
    body_amp: NotRequired[str]
    language: NotRequired[str]
    type: NotRequired[Literal["email", "push"]]
    from_id: NotRequired[int]
    reply_to: NotRequired[str]
    reply_to_id: NotRequired[int | None]
    preprocessor: NotRequired[Literal["premailer"]]
    recipient: NotRequired[str]
    subject: NotRequired[str]
    bcc: NotRequired[str]
    cc: NotRequired[str]
    fake_bcc: NotRequired[bool]
    preheader_text: NotRequired[str]
    headers: NotRequired[str]


class TransactionalContents(TypedDict):
    """The translations of a template."""

    contents: list[TransactionalContent]


class TransactionalContentAnswer(TypedDict):
    """One translation, under `content`."""

    content: TransactionalContent


class TransactionalContentListAnswer(TypedDict):
    """One translation, in a list under `content`."""

    content: list[TransactionalContent]


class TransactionalContentUpdate(TypedDict, total=False):
    """What of a translation can be changed; what is left out stays."""

    subject: str
    body: str
    body_amp: str
    preheader_text: str
    from_id: int
    reply_to_id: int | None
    headers: list[NamedValue]


class Transactional(Group[S]):
    """Templates of transactional messages; to send one, see `send` and `ciokit.send_transactional`."""

    @endpoint("app", "GET", "/v1/transactional", retry=Retry.SAFE, docs="listTransactional")
    def find(self) -> TransactionalMessages:
        """Return the transactional messages of the workspace."""
        ...

    @endpoint("app", "GET", "/v1/transactional/{transactional_id}", retry=Retry.SAFE, docs="getTransactional")
    def get(self, transactional_id: Path[int]) -> TransactionalMessageAnswer:
        """Return one transactional message, without its content."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/transactional/{transactional_id}/contents",
        retry=Retry.SAFE,
        docs="listTransactionalVariants",
    )
    def contents(self, transactional_id: Path[int]) -> TransactionalContents:
        """Return every translation of a transactional message."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/transactional/{transactional_id}/contents/{content_id}",
        retry=Retry.SAFE,
        docs="getTransactionalTranslationById",
    )
    def get_content(self, transactional_id: Path[int], content_id: Path[int]) -> TransactionalContentAnswer:
        """Return one translation by its number.

        Raises:
            RefusedError: 400, the content belongs to another message; 404, there is no such message or content.
        """
        ...

    @endpoint(
        "app",
        "PUT",
        "/v1/transactional/{transactional_id}/content/{content_id}",
        retry=Retry.SAFE,
        docs="updateTransactional",
    )
    def update_content(
        self, transactional_id: Path[int], content_id: Path[int], content: Body[TransactionalContentUpdate]
    ) -> TransactionalContentListAnswer:
        """Change one translation by its number; what is left out stays."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/transactional/{transactional_id}/language/{language}",
        retry=Retry.SAFE,
        docs="getTransactionalVariant",
    )
    def get_language(self, transactional_id: Path[int], language: Path[str]) -> TransactionalContentListAnswer:
        """Return one translation by its language, in a list."""
        ...

    @endpoint(
        "app",
        "PUT",
        "/v1/transactional/{transactional_id}/language/{language}",
        retry=Retry.SAFE,
        docs="updateTransactionalVariant",
    )
    def update_language(
        self, transactional_id: Path[int], language: Path[str], content: Body[TransactionalContentUpdate]
    ) -> TransactionalContentListAnswer:
        """Change one translation by its language; what is left out stays."""
        ...

    @paged(
        "app",
        "GET",
        "/v1/transactional/{transactional_id}/messages",
        items="messages",
        docs="transactionalMessages",
        check=checks.page_of(),
    )
    def messages(
        self,
        transactional_id: Path[int],
        *,
        metric: Query[DeliveryMetric | None] = None,
        state: Query[DeliveryState | None] = None,
        start_ts: Query[int | None] = None,
        end_ts: Query[int | None] = None,
        get_tracked_responses: Query[bool] = False,
        start: Query[str | None] = None,
        limit: Query[int | None] = None,
    ) -> list[Delivery]:
        """Yield what was sent with a transactional message, page by page.

        `start_ts` and `end_ts` are in Unix seconds; `metric` keeps only deliveries with which that happened.
        """
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/transactional/{transactional_id}/metrics",
        retry=Retry.SAFE,
        docs="transactionalMetrics",
        check=checks.over_time,
    )
    def metrics(
        self, transactional_id: Path[int], *, period: Query[Period] = "days", steps: Query[int | None] = None
    ) -> MetricAnswer:
        """Return the metrics of a transactional message over the last `steps` periods, as many as there can be."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/transactional/{transactional_id}/metrics/links",
        retry=Retry.SAFE,
        docs="transactionalLinks",
        check=checks.over_time,
    )
    def links(
        self,
        transactional_id: Path[int],
        *,
        period: Query[Period] = "days",
        steps: Query[int | None] = None,
        unique: Query[bool] = False,
    ) -> LinksAnswer:
        """Return the clicks on each link over time; `unique` counts each person once."""
        ...
