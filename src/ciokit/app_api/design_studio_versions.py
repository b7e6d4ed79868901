"""Saved versions of a Design Studio e-mail: keep one, read it, go back to it."""

from __future__ import annotations

from typing import Literal, TypedDict

from ciokit.app_api.design_studio_content import Envelope, Transformers
from ciokit.core.endpoint import Field, Group, Path, Query, S, endpoint
from ciokit.core.retry import Retry


class DesignVersion(TypedDict):
    """A saved version: `created` is in Unix seconds; one with `created_on_publish` cannot be deleted."""

    id: str
    name: str
    description: str
    node_id: str
    node_type: Literal["EMAIL"]
    created: int
    created_on_publish: bool
    feedback: bool


class DesignVersionsAnswer(TypedDict):
    """The saved versions of an e-mail."""

    versions: list[DesignVersion]


class SavedVersion(TypedDict):
    """A version; `created` is false when nothing had changed since the last one."""

    created: bool
    version: DesignVersion


class VersionedEmail(TypedDict):
    """An e-mail as it was; `content` is its HTML."""

    node_id: str
    node_type: Literal["EMAIL"]
    name: str
    subject: str
    preheader_text: str
    content: str
    text: str
    amp: str
    envelope: Envelope
    transformers: Transformers


class VersionedComponent(TypedDict):
    """A component the e-mail used, as it was."""

    node_id: str
    node_type: Literal["COMPONENT"]
    name: str
    component_name: str | None
    content: str


class DesignVersionAnswer(TypedDict):
    """A version with the e-mail and the components it was made of."""

    version: DesignVersion
    node: VersionedEmail
    dependencies: list[VersionedComponent]


class RestoredVersion(TypedDict):
    """What went back to a version, and the version that was made of it."""

    node_id: str
    restored_node_ids: list[str]
    version_id: str


class DesignStudioVersions(Group[S]):
    """Versions of e-mails; `id` is an e-mail or one of its languages, which have ids of their own."""

    @endpoint("app", "GET", "/v1/design_studio/emails/{id}/versions", retry=Retry.SAFE, docs="listVersions")
    def find(
        self, id: Path[str], *, start_date: Query[int | None] = None, end_date: Query[int | None] = None
    ) -> DesignVersionsAnswer:
        """Return the saved versions of an e-mail.

        Args:
            id: an e-mail, or one of its languages.
            start_date: those saved since, in Unix seconds.
            end_date: those saved until, in Unix seconds; needs `start_date`.
        """
        ...

    @endpoint("app", "POST", "/v1/design_studio/emails/{id}/versions", retry=Retry.NEVER, docs="saveVersion")
    def create(self, id: Path[str], name: Field[str], *, description: Field[str | None] = None) -> SavedVersion:
        """Save an e-mail as it is now under a name; without changes since the last version none is made."""
        ...

    @endpoint("app", "GET", "/v1/design_studio/emails/{id}/versions/{version_id}", retry=Retry.SAFE, docs="getVersion")
    def get(self, id: Path[str], version_id: Path[str]) -> DesignVersionAnswer:
        """Return one version with its content and the components it used.

        Raises:
            RefusedError: 404, there is no such version.
        """
        ...

    @endpoint(
        "app",
        "DELETE",
        "/v1/design_studio/emails/{id}/versions/{version_id}",
        retry=Retry.SAFE,
        docs="deleteVersion",
    )
    def delete(self, id: Path[str], version_id: Path[str]) -> None:
        """Delete a version that was saved by hand.

        Raises:
            RefusedError: 404, there is no such version; 409, publishing made it.
        """
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/design_studio/emails/{id}/versions/{version_id}/restore",
        retry=Retry.NEVER,
        docs="restoreVersion",
    )
    def restore(self, id: Path[str], version_id: Path[str]) -> RestoredVersion:
        """Take an e-mail back to a version; the components it uses stay as they are now.

        Raises:
            RefusedError: 404, there is no such version.
        """
        ...
