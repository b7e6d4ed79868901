"""Inbox previews: screenshots of a Design Studio e-mail in real mail programs, paid for in credits."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.core.endpoint import Field, Group, Path, Query, S, endpoint, paged
from ciokit.core.paging import Cursor
from ciokit.core.retry import Retry

ClientCategory = Literal["Mobile", "Application", "Web"]
"""What kind of mail program takes a screenshot."""


class PreviewClient(TypedDict):
    """A mail program that screenshots can be taken in."""

    id: str
    client: str
    category: ClientCategory
    os: str
    browser: str


class PreviewClientsAnswer(TypedDict):
    """The mail programs there are."""

    clients: list[PreviewClient]


class PreviewCredit(TypedDict):
    """A number of credits; `expires_at` is in Unix seconds, or null."""

    tier: Literal["free", "paid"]
    credits_original: int
    credits_remaining: int
    expires_at: int | None


class PreviewCreditsAnswer(TypedDict):
    """The credits an account has left; `free` can be there more than once."""

    credits: list[PreviewCredit]


class PreviewRun(TypedDict):
    """A run that was begun; `replayed` says that an identical one of the same day is used again, at no cost."""

    run_id: int
    replayed: bool


class PreviewCounts(TypedDict):
    """How far a run is; times are in Unix seconds."""

    run_id: int
    name: str
    is_processed: bool
    total_previews_requested: int
    total_previews_ready: int
    total_previews_cached: int
    total_previews_succeeded: int
    total_previews_bounced: int
    created_at: int
    updated_at: int


class ListedPreviewJob(PreviewCounts):
    """A run in a list."""

    node_id: str
    node_count: int


class ScreenshotError(TypedDict):
    """Why there is no screenshot."""

    type: Literal["bounced", "vendor_timeout", "client_rejected", "vendor_request", "abandoned", "expired", "other"]
    message: str


class Screenshot(TypedDict):
    """One mail program's screenshot; `screenshots` has an address by name, `default` is the full size."""

    client_id: str
    display_name: str
    category: ClientCategory
    os: str
    browser: str
    status: Literal["Pending", "Processing", "Complete", "Bounced"]
    cached: bool
    screenshots: NotRequired[dict[str, str]]
    thumbnail: NotRequired[str]
    full_thumbnail: NotRequired[str]
    error: NotRequired[ScreenshotError]


class PreviewJob(PreviewCounts):
    """A run with its screenshots."""

    client_ids: list[str]
    previews: list[Screenshot]


class InboxPreviews(Group[S]):
    """Screenshots; all answer 404 where the feature is not enabled."""

    @endpoint(
        "app",
        "POST",
        "/v1/design_studio/emails/{id}/inbox_previews",
        retry=Retry.NEVER,
        docs="submitInboxPreview",
        rate="design_studio_render",
    )
    def create(
        self,
        id: Path[str],
        client_ids: Field[list[str]],
        *,
        name: Field[str | None] = None,
        sample_data: Field[dict[str, Any] | None] = None,
        lax_mode: Field[bool | None] = None,
    ) -> PreviewRun:
        """Have screenshots taken, which costs credits; `get` says when they are ready.

        Args:
            id: an e-mail, or one of its languages.
            client_ids: mail programs, from `clients`.
            name: what to call the run.
            sample_data: what Liquid finds, at most 128 KB.
            lax_mode: leave what is not defined empty.

        Raises:
            AuthenticationError: 403, the account cannot be charged.
            RefusedError: 409, a retry met a charge that was interrupted or settled; 422, not enough credits.
        """
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/design_studio/emails/{id}/inbox_previews/{run_id}",
        retry=Retry.SAFE,
        docs="getInboxPreviewJob",
    )
    def get(self, id: Path[str], run_id: Path[int]) -> PreviewJob:
        """Return a run with the screenshots that are ready; it is over when `is_processed` is true.

        Raises:
            RefusedError: 404, there is no such run.
        """
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/design_studio/emails/{id}/inbox_previews/{run_id}/captures/{client_id}",
        retry=Retry.SAFE,
        docs="getInboxPreviewCapture",
    )
    def capture(
        self,
        id: Path[str],
        run_id: Path[int],
        client_id: Path[str],
        *,
        variant: Query[Literal["screenshot", "thumbnail", "full_thumbnail"] | None] = None,
        key: Query[str | None] = None,
    ) -> bytes:
        """Return one screenshot as the bytes of a picture.

        Args:
            id: the e-mail, or one of its languages.
            run_id: the run.
            client_id: the mail program.
            variant: which picture.
            key: which screenshot, by its name; only with the variant `screenshot`.

        Raises:
            RefusedError: 404, it is still being made, bounced, or has expired.
        """
        ...

    @endpoint(
        "app", "GET", "/v1/design_studio/inbox_previews/clients", retry=Retry.SAFE, docs="listInboxPreviewClients"
    )
    def clients(self) -> PreviewClientsAnswer:
        """Return the mail programs screenshots can be taken in."""
        ...

    @endpoint("app", "GET", "/v1/design_studio/inbox_previews/credits", retry=Retry.SAFE, docs="getInboxPreviewCredits")
    def credits(self) -> PreviewCreditsAnswer:
        """Return the credits left, which belong to the account and not to the workspace."""
        ...

    @paged(
        "app",
        "GET",
        "/v1/design_studio/inbox_previews/jobs",
        items="preview_jobs",
        docs="listInboxPreviewJobs",
        paging=Cursor("cursor", "meta.pagination.next_cursor"),
        check=checks.page_of(200),
    )
    def find(
        self, *, node_id: Query[str | None] = None, limit: Query[int] = 50, cursor: Query[str | None] = None
    ) -> list[ListedPreviewJob]:
        """Yield runs, page by page.

        Args:
            node_id: those of this e-mail.
            limit: runs a page, at most 200.
            cursor: the cursor to go on from.
        """
        ...
