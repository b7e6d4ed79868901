"""What newsletters say: translations and test groups, to add, read, change and remove, and the metrics of each."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.messages import OneTimeChannel
from ciokit.app_api.metrics import LinksAnswer, Period
from ciokit.app_api.newsletters import NewsletterAnswer, OneTimeMetricAnswer
from ciokit.app_api.types import MailFrom, NamedValue
from ciokit.core.endpoint import Body, Field, Group, Path, Query, S, endpoint
from ciokit.core.retry import Retry


class NewsletterContent(MailFrom):
    """One variant of a newsletter; `headers` is JSON text, a list of `{"name": ..., "value": ...}`."""

    id: int
    newsletter_id: NotRequired[int]
    deduplicate_id: NotRequired[str]
    name: NotRequired[str]
    layout: NotRequired[str]
    body: NotRequired[str]
    body_amp: NotRequired[str]
    language: NotRequired[str]
    type: OneTimeChannel
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


class NewsletterContents(TypedDict):
    """The variants of a newsletter."""

    contents: list[NewsletterContent]


class NewsletterContentAnswer(TypedDict):
    """A variant, under `content`."""

    content: NewsletterContent


class NewsletterContentUpdate(TypedDict, total=False):
    """What of a variant can be changed; what is left out stays.

    E-mail: all but `headers`; its `body` not if it was made in Design Studio or the drag-and-drop editor. SMS: `body`.
    Push: `subject` and `body`. Webhook: `body` and `headers`. In-app and inbox messages cannot be changed.
    """

    subject: str
    body: str
    body_amp: str
    body_plain: str
    preheader_text: str
    from_id: int
    recipient: str
    reply_to_id: int | None
    headers: list[NamedValue]


class TestGroup(TypedDict):
    """One group of an A/B test; `content_ids` are numbers as text."""

    id: int
    name: NotRequired[str]
    label: NotRequired[str]
    winner: NotRequired[bool]
    content_ids: NotRequired[list[str]]


class TestGroups(TypedDict):
    """The groups of an A/B test."""

    test_groups: list[TestGroup]


class NewsletterVariants(Group[S]):
    """The variants of newsletters. Only what is not sent yet can be changed.

    Needed to add a language: e-mail `subject` and `body`; SMS and webhook `body`; push `subject` or `body`; inbox
    `body_json`. In-app messages cannot be translated here.
    """

    @endpoint("app", "GET", "/v1/newsletters/{newsletter_id}/contents", retry=Retry.SAFE, docs="listNewsletterVariants")
    def find(self, newsletter_id: Path[int]) -> NewsletterContents:
        """Return every variant of a newsletter."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/newsletters/{newsletter_id}/contents/{content_id}",
        retry=Retry.SAFE,
        docs="getNewsletterVariant",
    )
    def get(self, newsletter_id: Path[int], content_id: Path[int]) -> NewsletterContentAnswer:
        """Return one variant by its number."""
        ...

    @endpoint(
        "app",
        "PUT",
        "/v1/newsletters/{newsletter_id}/contents/{content_id}",
        retry=Retry.SAFE,
        docs="updateNewsletterVariant",
    )
    def update(
        self, newsletter_id: Path[int], content_id: Path[int], content: Body[NewsletterContentUpdate]
    ) -> NewsletterContentAnswer:
        """Change one variant by its number; what is left out stays."""
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/newsletters/{newsletter_id}/language",
        retry=Retry.NEVER,
        docs="createNewsletterLanguageVariant",
    )
    def create_language(
        self,
        newsletter_id: Path[int],
        *,
        language: Field[str],
        subject: Field[str | None] = None,
        body: Field[str | None] = None,
        body_plain: Field[str | None] = None,
        body_amp: Field[str | None] = None,
        body_json: Field[str | None] = None,
        preheader_text: Field[str | None] = None,
    ) -> NewsletterAnswer:
        """Add a language to a newsletter.

        Raises:
            RefusedError: 400, it is sent, has several test groups, or was made in a visual editor; 422, the language is
                missing or there already, or content is missing.
        """
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/newsletters/{newsletter_id}/language/{language}",
        retry=Retry.SAFE,
        docs="getNewsletterVariantTranslation",
    )
    def get_language(self, newsletter_id: Path[int], language: Path[str]) -> NewsletterContentAnswer:
        """Return one language of a newsletter."""
        ...

    @endpoint(
        "app",
        "PUT",
        "/v1/newsletters/{newsletter_id}/language/{language}",
        retry=Retry.SAFE,
        docs="updateNewsletterVariantTranslation",
    )
    def update_language(
        self, newsletter_id: Path[int], language: Path[str], content: Body[NewsletterContentUpdate]
    ) -> NewsletterContentAnswer:
        """Change one language of a newsletter; what is left out stays."""
        ...

    @endpoint(
        "app",
        "DELETE",
        "/v1/newsletters/{newsletter_id}/language/{language}",
        retry=Retry.SAFE,
        docs="deleteNewsletterLanguageVariant",
    )
    def delete_language(self, newsletter_id: Path[int], language: Path[str]) -> None:
        """Remove a language from a newsletter; the default one cannot be removed."""
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/newsletters/{newsletter_id}/test_group/{test_group_id}/language",
        retry=Retry.NEVER,
        docs="createNewsletterTestLanguageVariant",
    )
    def create_test_language(
        self,
        newsletter_id: Path[int],
        test_group_id: Path[str],
        *,
        language: Field[str],
        subject: Field[str | None] = None,
        body: Field[str | None] = None,
        body_plain: Field[str | None] = None,
        body_amp: Field[str | None] = None,
        body_json: Field[str | None] = None,
        preheader_text: Field[str | None] = None,
    ) -> NewsletterAnswer:
        """Add a language to a test group.

        Raises:
            RefusedError: 400, it is sent, there is no such group, or it was made in a visual editor; 422, the language
                is missing or there already, or content is missing.
        """
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/newsletters/{newsletter_id}/test_group/{test_group_id}/language/{language}",
        retry=Retry.SAFE,
        docs="getNewsletterVariantTranslationTest",
    )
    def get_test_language(
        self, newsletter_id: Path[int], test_group_id: Path[str], language: Path[str]
    ) -> NewsletterContentAnswer:
        """Return one language of a test group."""
        ...

    @endpoint(
        "app",
        "PUT",
        "/v1/newsletters/{newsletter_id}/test_group/{test_group_id}/language/{language}",
        retry=Retry.SAFE,
        docs="updateNewsletterTestTranslation",
    )
    def update_test_language(
        self,
        newsletter_id: Path[int],
        test_group_id: Path[str],
        language: Path[str],
        content: Body[NewsletterContentUpdate],
    ) -> NewsletterContentAnswer:
        """Change one language of a test group; what is left out stays."""
        ...

    @endpoint(
        "app",
        "DELETE",
        "/v1/newsletters/{newsletter_id}/test_group/{test_group_id}/language/{language}",
        retry=Retry.SAFE,
        docs="deleteNewsletterTestLanguageVariant",
    )
    def delete_test_language(self, newsletter_id: Path[int], test_group_id: Path[str], language: Path[str]) -> None:
        """Remove a language from a test group; the default one cannot be removed."""
        ...

    @endpoint(
        "app", "GET", "/v1/newsletters/{newsletter_id}/test_groups", retry=Retry.SAFE, docs="getNewsletterTestGroups"
    )
    def test_groups(self, newsletter_id: Path[int]) -> TestGroups:
        """Return the groups of a newsletter's A/B test."""
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/newsletters/{newsletter_id}/test_groups",
        retry=Retry.NEVER,
        docs="createNewsletterTestGroup",
    )
    def create_test_group(self, newsletter_id: Path[int]) -> NewsletterAnswer:
        """Add a group to a newsletter's A/B test."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/newsletters/{newsletter_id}/contents/{content_id}/metrics",
        retry=Retry.SAFE,
        docs="getVariantMetrics",
        check=checks.over_time,
    )
    def metrics(
        self,
        newsletter_id: Path[int],
        content_id: Path[int],
        *,
        period: Query[Period] = "days",
        steps: Query[int | None] = None,
        type: Query[OneTimeChannel | None] = None,
    ) -> OneTimeMetricAnswer:
        """Return the metrics of one variant over the last `steps` periods, as many as there can be."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/newsletters/{newsletter_id}/contents/{content_id}/metrics/links",
        retry=Retry.SAFE,
        docs="getVariantLinks",
        check=checks.over_time,
    )
    def links(
        self,
        newsletter_id: Path[int],
        content_id: Path[int],
        *,
        period: Query[Period] = "days",
        steps: Query[int | None] = None,
        type: Query[OneTimeChannel | None] = None,
    ) -> LinksAnswer:
        """Return the clicks on each link of one variant over time."""
        ...
