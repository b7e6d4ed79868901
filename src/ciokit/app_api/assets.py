"""Assets: the pictures and PDF files messages refer to, and the folders they are in."""

from __future__ import annotations

import pathlib
from typing import TypedDict

from ciokit.app_api import checks
from ciokit.core.endpoint import Body, Field, Group, Part, Path, Query, S, endpoint, paged
from ciokit.core.paging import Numbered
from ciokit.core.retry import Retry


class Asset(TypedDict):
    """One file: `path` is the address it is served at, `size` is in bytes, times are in Unix seconds.

    `parent_folder_id` is null in the root.
    """

    id: int
    name: str
    parent_folder_id: int | None
    path: str
    size: int
    created: int
    updated: int


class AssetAnswer(TypedDict):
    """A file, under `asset`."""

    asset: Asset


class AssetFolder(TypedDict):
    """A folder of files; `parent_folder_id` is null in the root, times are in Unix seconds."""

    id: int
    name: str
    parent_folder_id: int | None
    created: int
    updated: int


class AssetFolderAnswer(TypedDict):
    """A folder, under `folder`."""

    folder: AssetFolder


class AssetChanges(TypedDict, total=False):
    """What of a file or folder changes: what is left out stays, a null `parent_folder_id` moves it to the root."""

    name: str
    parent_folder_id: int | None


class Assets(Group[S]):
    """Files in the asset library."""

    @paged(
        "app", "GET", "/v1/assets", items="assets", docs="listAssets", paging=Numbered(), check=checks.page_of(10_000)
    )
    def find(
        self,
        *,
        parent_folder_id: Query[int | None] = None,
        direct_descendants_only: Query[bool] = False,
        page: Query[int] = 1,
        limit: Query[int] = 1000,
    ) -> list[Asset]:
        """Yield the files of the library, page by page.

        Args:
            parent_folder_id: those under this folder; 0 or left out is the root.
            direct_descendants_only: leave out what is in folders below.
            page: the page to begin with, from 1.
            limit: files a page, at most 10,000.
        """
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/assets/files",
        retry=Retry.NEVER,
        docs="createAsset",
        prepare=checks.asset_file,
        check=checks.asset,
    )
    def create(
        self,
        file: Part[pathlib.Path | bytes],
        *,
        name: Part[str | None] = None,
        parent_folder_id: Part[int | None] = None,
    ) -> AssetAnswer:
        """Upload a file and return it with its address.

        Takes bmp, jpeg, png, gif and pdf, at most 2 MB, pictures at most 4,096 pixels a side.

        Args:
            file: a path, whose last part is the file's name, or bytes, which should be given a `name`.
            name: what to call it in the library.
            parent_folder_id: the folder to put it in; 0 or left out is the root.

        Raises:
            RefusedError: 400, the service does not take such a file; 409, it clashes with another.
        """
        ...

    @endpoint("app", "GET", "/v1/assets/files/{id}", retry=Retry.SAFE, docs="getAsset")
    def get(self, id: Path[int]) -> AssetAnswer:
        """Return one file's name, place and address.

        Raises:
            RefusedError: 404, there is no such file.
        """
        ...

    @endpoint("app", "PUT", "/v1/assets/files/{id}", retry=Retry.SAFE, docs="updateAsset")
    def update(self, id: Path[int], changes: Body[AssetChanges]) -> None:
        """Rename or move a file; its content stays.

        Raises:
            RefusedError: 404, there is no such file or folder; 409, it clashes with another.
        """
        ...

    @endpoint("app", "DELETE", "/v1/assets/files/{id}", retry=Retry.SAFE, docs="deleteAsset")
    def delete(self, id: Path[int]) -> None:
        """Delete a file; messages that refer to it lose it.

        Raises:
            RefusedError: 404, there is no such file.
        """
        ...


class AssetFolders(Group[S]):
    """Folders of the asset library."""

    @paged(
        "app",
        "GET",
        "/v1/assets/folders",
        items="folders",
        docs="listAssetFolders",
        paging=Numbered(),
        check=checks.page_of(10_000),
    )
    def find(
        self,
        *,
        parent_folder_id: Query[int | None] = None,
        direct_descendants_only: Query[bool] = False,
        page: Query[int] = 1,
        limit: Query[int] = 1000,
    ) -> list[AssetFolder]:
        """Yield the folders of the library, page by page; the arguments are those of `Assets.find`."""
        ...

    @endpoint("app", "POST", "/v1/assets/folders", retry=Retry.NEVER, docs="createAssetFolder")
    def create(self, name: Field[str], *, parent_folder_id: Field[int | None] = None) -> AssetFolderAnswer:
        """Make a folder and return it.

        Args:
            name: unique among the folders beside it, and not blank.
            parent_folder_id: the folder to make it in; 0 or left out is the root.

        Raises:
            RefusedError: 409, there is one of this name.
        """
        ...

    @endpoint("app", "GET", "/v1/assets/folders/{id}", retry=Retry.SAFE, docs="getAssetFolder")
    def get(self, id: Path[int]) -> AssetFolderAnswer:
        """Return one folder.

        Raises:
            RefusedError: 404, there is no such folder.
        """
        ...

    @endpoint("app", "PUT", "/v1/assets/folders/{id}", retry=Retry.SAFE, docs="updateAssetFolder")
    def update(self, id: Path[int], changes: Body[AssetChanges]) -> None:
        """Rename or move a folder, though not into itself or a folder below it.

        Raises:
            RefusedError: 404, there is no such folder; 409, it clashes with another.
        """
        ...

    @endpoint("app", "DELETE", "/v1/assets/folders/{id}", retry=Retry.SAFE, docs="deleteAssetFolder")
    def delete(self, id: Path[int]) -> None:
        """Delete a folder.

        Raises:
            RefusedError: 404, there is no such folder.
        """
        ...
