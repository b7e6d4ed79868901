"""Design Studio components (pieces of HTML that e-mails share) and folders."""

from __future__ import annotations

from typing import Literal, TypedDict

from ciokit.app_api import checks
from ciokit.core.endpoint import Body, Field, Group, Path, Query, S, endpoint, paged
from ciokit.core.paging import Numbered
from ciokit.core.retry import Retry

SortBy = Literal["created", "updated", "name"]
"""What a list of Design Studio is sorted by."""

SortOrder = Literal["asc", "desc"]
"""Which end of a list comes first."""


class DesignFolder(TypedDict):
    """A folder; ids are UUIDs, `parent_folder_id` is null in the root, times are in Unix seconds."""

    id: str
    name: str
    parent_folder_id: str | None
    created: int
    updated: int


class DesignFolderAnswer(TypedDict):
    """A folder, under `folder`."""

    folder: DesignFolder


class DesignFolderChanges(TypedDict, total=False):
    """What of a folder changes, at least one: a null `parent_folder_id` moves it to the root."""

    name: str
    parent_folder_id: str | None


class ListedComponent(TypedDict):
    """A component without its content; ids are UUIDs, times are in Unix seconds."""

    id: str
    name: str
    tag: str
    parent_folder_id: str | None
    created: int
    updated: int


class DesignComponent(ListedComponent):
    """A component: `content` is HTML, and `tag` the element that stands for it in an e-mail."""

    content: str


class DesignComponentAnswer(TypedDict):
    """A component, under `component`."""

    component: DesignComponent


class DesignComponentChanges(TypedDict, total=False):
    """What of a component changes, at least one: a null `parent_folder_id` moves it to the root."""

    name: str
    tag: str
    content: str
    parent_folder_id: str | None


class DesignStudioComponents(Group[S]):
    """Components."""

    @paged(
        "app",
        "GET",
        "/v1/design_studio/components",
        items="components",
        docs="listComponents",
        paging=Numbered(),
        check=checks.page_of(10_000),
    )
    def find(
        self,
        *,
        tag: Query[str | None] = None,
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
    ) -> list[ListedComponent]:
        """Yield components without their content, page by page.

        The answer's `folders` are left out: `DesignStudioFolders.find` has them.

        Args:
            tag: those with this tag.
            parent_folder_id: those under this folder.
            direct_descendants_only: leave out what is in folders below; without a folder this gives the root alone.
            created_before: Unix seconds, as are the three that follow.
            created_after: see `created_before`.
            updated_before: see `created_before`.
            updated_after: see `created_before`.
            sort_by: what to sort by.
            sort_order: which end comes first.
            page: the page to begin with, from 1.
            limit: components a page, at most 10,000.
        """
        ...

    @endpoint("app", "POST", "/v1/design_studio/components", retry=Retry.NEVER, docs="createComponent")
    def create(
        self,
        name: Field[str],
        tag: Field[str],
        content: Field[str],
        *,
        parent_folder_id: Field[str | None] = None,
    ) -> DesignComponentAnswer:
        """Make a component and return it.

        Args:
            name: what to call it.
            tag: the element that stands for it in an e-mail; not every character is taken.
            content: HTML.
            parent_folder_id: the folder to make it in; left out is the root, empty text is refused.

        Raises:
            RefusedError: 409, it clashes with another.
        """
        ...

    @endpoint("app", "GET", "/v1/design_studio/components/{id}", retry=Retry.SAFE, docs="getComponent")
    def get(self, id: Path[str]) -> DesignComponentAnswer:
        """Return one component with its content.

        Raises:
            RefusedError: 404, there is no such component.
        """
        ...

    @endpoint("app", "PUT", "/v1/design_studio/components/{id}", retry=Retry.SAFE, docs="updateComponent")
    def update(self, id: Path[str], changes: Body[DesignComponentChanges]) -> None:
        """Change a component, for every e-mail that uses it.

        Raises:
            RefusedError: 400, no change or an unknown one; 404, there is no such component; 409, it clashes.
        """
        ...

    @endpoint("app", "DELETE", "/v1/design_studio/components/{id}", retry=Retry.SAFE, docs="deleteComponent")
    def delete(self, id: Path[str]) -> None:
        """Delete a component.

        Raises:
            RefusedError: 404, there is no such component.
        """
        ...


class DesignStudioFolders(Group[S]):
    """Folders of components and e-mails."""

    @paged(
        "app",
        "GET",
        "/v1/design_studio/folders",
        items="folders",
        docs="listFolders",
        paging=Numbered(),
        check=checks.page_of(10_000),
    )
    def find(
        self,
        *,
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
    ) -> list[DesignFolder]:
        """Yield folders, page by page; the arguments are those of `DesignStudioComponents.find`."""
        ...

    @endpoint("app", "POST", "/v1/design_studio/folders", retry=Retry.NEVER, docs="createFolder")
    def create(self, name: Field[str], *, parent_folder_id: Field[str | None] = None) -> DesignFolderAnswer:
        r"""Make a folder and return it.

        Args:
            name: what to call it, without any of `< > : " / \ | ? * .`
            parent_folder_id: the folder to make it in; left out is the root.
        """
        ...

    @endpoint("app", "GET", "/v1/design_studio/folders/{id}", retry=Retry.SAFE, docs="getFolder")
    def get(self, id: Path[str]) -> DesignFolderAnswer:
        """Return one folder.

        Raises:
            RefusedError: 404, there is no such folder.
        """
        ...

    @endpoint("app", "PUT", "/v1/design_studio/folders/{id}", retry=Retry.SAFE, docs="updateFolder")
    def update(self, id: Path[str], changes: Body[DesignFolderChanges]) -> None:
        """Rename or move a folder.

        Raises:
            RefusedError: 400, no change or an unknown one; 404, there is no such folder.
        """
        ...

    @endpoint("app", "DELETE", "/v1/design_studio/folders/{id}", retry=Retry.SAFE, docs="deleteFolder")
    def delete(self, id: Path[str]) -> None:
        """Delete a folder.

        Raises:
            RefusedError: 404, there is no such folder; 409, something in it is in use.
        """
        ...
