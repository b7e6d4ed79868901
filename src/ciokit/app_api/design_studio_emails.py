"""Design Studio e-mails: write them, look at them as a person would get them, and publish them to a message."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.design_studio import SortBy, SortOrder
from ciokit.app_api.design_studio_content import EmailContent, Envelope, EnvelopeInput, Transformers
from ciokit.app_api.design_studio_rendering import EmailPreview, EmailReview, RenderedEmail
from ciokit.core.endpoint import Body, Field, Group, Path, Query, S, endpoint, paged
from ciokit.core.paging import Numbered
from ciokit.core.retry import Retry

YesNoAny = Literal["true", "false", "any"]
"""A filter with three positions, written as text."""


class ListedEmail(TypedDict):
    """An e-mail without its content; ids are UUIDs, times are in Unix seconds."""

    id: str
    name: str
    parent_folder_id: str | None
    is_template: bool
    is_linked: bool
    has_translations: bool
    created: int
    updated: int


class DesignEmail(TypedDict):
    """An e-mail in its default language; `is_linked` says whether a message sends it."""

    id: str
    name: str
    parent_folder_id: str | None
    is_template: bool
    is_linked: bool
    available_languages: list[str]
    content: EmailContent
    envelope: Envelope
    transformers: Transformers
    created: int
    updated: int


class DesignEmailAnswer(TypedDict):
    """An e-mail, under `email`."""

    email: DesignEmail


class DesignEmailChanges(TypedDict, total=False):
    """What of an e-mail changes, at least one: a null `parent_folder_id` moves it to the root."""

    name: str
    parent_folder_id: str | None
    is_template: bool
    content: EmailContent
    envelope: EnvelopeInput
    transformers: Transformers


class LinkTarget(TypedDict):
    """The message an e-mail belongs to: `type`, and the id that goes with it.

    `action_id` is that of an automation's or API-triggered broadcast's action.
    """

    type: Literal["transactional_message", "newsletter", "campaign_action"]
    transactional_message_id: NotRequired[int]
    newsletter_id: NotRequired[int]
    action_id: NotRequired[int]


class EmailLink(TypedDict):
    """What an e-mail was linked to."""

    node_id: str
    target: LinkTarget
    template_id: int


class PublishedVersion(TypedDict):
    """Where one language went; `language` is empty for the default."""

    language: str
    node_id: str
    template_id: int
    version_id: str


class PublishState(TypedDict):
    """Whether publishing is done, and what it made."""

    status: Literal["pending", "done"]
    mappings: NotRequired[list[PublishedVersion]]


class Publishing(PublishState):
    """The beginning of it: `publish_id` is there when it is pending."""

    publish_id: NotRequired[str]


class UnpublishedChanges(TypedDict):
    """Whether an e-mail differs from what was published."""

    has_unpublished_changes: bool


class DesignStudioEmails(Group[S]):
    """E-mails. Those that render (link, preview, publish, render, review) share 5 requests a second."""

    @paged(
        "app",
        "GET",
        "/v1/design_studio/emails",
        items="emails",
        docs="listEmails",
        paging=Numbered(),
        check=checks.page_of(10_000),
    )
    def find(
        self,
        *,
        is_template: Query[YesNoAny] = "any",
        is_linked: Query[YesNoAny] = "any",
        has_translations: Query[YesNoAny] = "any",
        parent_folder_id: Query[str | None] = None,
        direct_descendants_only: Query[bool] = False,
        created_before: Query[int | None] = None,
        created_after: Query[int | None] = None,
        updated_before: Query[int | None] = None,
        updated_after: Query[int | None] = None,
        sort_by: Query[SortBy] = "created",
        sort_order: Query[SortOrder] = "asc",
        page: Query[int] = 1,
        limit: Query[int] = 1000,
    ) -> list[ListedEmail]:
        """Yield e-mails without their content, page by page.

        `is_template`, `is_linked` (a message sends it) and `has_translations` are `true` for those only, `false` for
        all but these; the other arguments are those of `DesignStudioComponents.find`. The answer's `folders` are left
        out: `DesignStudioFolders.find` has them.
        """
        ...

    @endpoint("app", "POST", "/v1/design_studio/emails", retry=Retry.NEVER, docs="createEmail")
    def create(
        self,
        name: Field[str],
        *,
        parent_folder_id: Field[str | None] = None,
        is_template: Field[bool | None] = None,
        content: Field[EmailContent | None] = None,
        envelope: Field[EnvelopeInput | None] = None,
        transformers: Field[Transformers | None] = None,
    ) -> DesignEmailAnswer:
        """Make an e-mail and return it; it is not sent by anything until it is linked and published.

        Args:
            name: what to call it.
            parent_folder_id: the folder to make it in; left out is the root, empty text is refused.
            is_template: make a template of it.
            content: subject and bodies.
            envelope: who it is from and for.
            transformers: what is done to its HTML.
        """
        ...

    @endpoint("app", "GET", "/v1/design_studio/emails/{id}", retry=Retry.SAFE, docs="getEmail")
    def get(self, id: Path[str]) -> DesignEmailAnswer:
        """Return one e-mail, in its default language, with its content.

        Raises:
            RefusedError: 404, there is no such e-mail.
        """
        ...

    @endpoint("app", "PUT", "/v1/design_studio/emails/{id}", retry=Retry.SAFE, docs="updateEmail")
    def update(self, id: Path[str], changes: Body[DesignEmailChanges]) -> None:
        """Change an e-mail in its default language; what is sent changes when it is published.

        Raises:
            RefusedError: 400, no change or an unknown one; 404, there is no such e-mail.
        """
        ...

    @endpoint("app", "DELETE", "/v1/design_studio/emails/{id}", retry=Retry.SAFE, docs="deleteEmail")
    def delete(self, id: Path[str]) -> None:
        """Delete an e-mail that no message is linked to.

        Raises:
            RefusedError: 404, there is no such e-mail; 409, a message is linked to it.
        """
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/design_studio/emails/{id}/link",
        retry=Retry.NEVER,
        docs="linkEmail",
        rate="design_studio_render",
    )
    def link(self, id: Path[str], target: Field[LinkTarget], *, force: Field[bool | None] = None) -> EmailLink:
        """Make an e-mail the content of a message.

        Args:
            id: the e-mail in its default language.
            target: such as `{"type": "newsletter", "newsletter_id": 3}`.
            force: take the place of another e-mail the message is linked to.

        Raises:
            RefusedError: 409, the message is linked to another e-mail: `force` it.
        """
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/design_studio/emails/{id}/preview",
        retry=Retry.SAFE,
        docs="previewEmail",
        rate="design_studio_render",
    )
    def preview(
        self,
        id: Path[str],
        *,
        customer: Field[dict[str, Any] | None] = None,
        event: Field[dict[str, Any] | None] = None,
        trigger: Field[dict[str, Any] | None] = None,
        objects: Field[dict[str, Any] | None] = None,
        campaign: Field[dict[str, Any] | None] = None,
        journey: Field[dict[str, Any] | None] = None,
        message: Field[dict[str, Any] | None] = None,
        lax: Field[bool | None] = None,
    ) -> EmailPreview:
        """Return an e-mail as it would be with this data; a language has an id of its own.

        All but `id` and `lax` are what Liquid finds under that name. What Liquid could not do is in `errors` of the
        answer: a call that returns is not a preview without problems.

        Args:
            id: an e-mail, or one of its translations.
            customer: the person's attributes.
            event: the event that triggers the message.
            trigger: the data of an API-triggered broadcast or transactional message.
            objects: objects the person is related to.
            campaign: the campaign.
            journey: attributes of the journey.
            message: the message.
            lax: leave what is not defined empty instead of reporting it.
        """
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/design_studio/emails/{id}/publish",
        retry=Retry.NEVER,
        docs="publishEmail",
        rate="design_studio_render",
    )
    def publish(self, id: Path[str]) -> Publishing:
        """Publish an e-mail in all its languages to the message it is linked to; ask `publish_status` when pending.

        Raises:
            RefusedError: 409, the automation is taking in people: try later; 422, Liquid errors, a destination that
                is closed or does not match, no language attribute, or more than 50 languages.
        """
        ...

    @endpoint("app", "GET", "/v1/design_studio/emails/{id}/publish_status", retry=Retry.SAFE, docs="getPublishStatus")
    def publish_status(self, id: Path[str], publish_id: Query[str]) -> PublishState:
        """Return whether publishing is done.

        Raises:
            RefusedError: 400, it failed; 409 and 422 as for `publish`.
        """
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/design_studio/emails/{id}/render",
        retry=Retry.SAFE,
        docs="renderEmail",
        rate="design_studio_render",
    )
    def render(self, id: Path[str]) -> RenderedEmail:
        """Return an e-mail compiled, with Liquid left in place; a language has an id of its own."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/design_studio/emails/{id}/review",
        retry=Retry.SAFE,
        docs="reviewEmail",
        rate="design_studio_render",
    )
    def review(self, id: Path[str]) -> EmailReview:
        """Check whether an e-mail is ready to be sent; a language has an id of its own."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/design_studio/emails/{id}/unpublished_changes",
        retry=Retry.SAFE,
        docs="checkUnpublishedChanges",
    )
    def unpublished_changes(self, id: Path[str]) -> UnpublishedChanges:
        """Return whether an e-mail was changed since it was published."""
        ...
