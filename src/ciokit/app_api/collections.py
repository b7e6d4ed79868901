"""Collections: tables of data kept at the service, for messages to look things up in."""

from __future__ import annotations

from typing import Any, TypedDict

from ciokit.app_api import checks
from ciokit.core.endpoint import Body, Field, Group, Path, S, endpoint
from ciokit.core.retry import Retry


class Collection(TypedDict):
    """A collection without its rows.

    `bytes` is its size, `rows` their number, `schema` the keys at the top of them; times are in Unix seconds.
    """

    id: int
    name: str
    schema: list[str]
    rows: int
    bytes: int
    created_at: int
    updated_at: int


class CollectionAnswer(TypedDict):
    """A collection, under `collection`."""

    collection: Collection


class CollectionList(TypedDict):
    """The collections of a workspace."""

    collections: list[Collection]


class Collections(Group[S]):
    """What the App API does about collections: at most 10 MB each, 10 KB a row."""

    @endpoint("app", "GET", "/v1/collections", retry=Retry.SAFE, docs="getCollections")
    def find(self) -> CollectionList:
        """Return all collections of the workspace, without their rows."""
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/collections",
        retry=Retry.NEVER,
        docs="addCollection",
        check=checks.exactly_one("data", "url"),
    )
    def create(
        self,
        *,
        name: Field[str],
        data: Field[list[dict[str, Any]] | None] = None,
        url: Field[str | None] = None,
    ) -> CollectionAnswer:
        """Create a collection; give exactly one of `data` and `url`.

        Args:
            name: what messages call it.
            data: the rows.
            url: where the service reads the rows, CSV or JSON.
        """
        ...

    @endpoint("app", "GET", "/v1/collections/{collection_id}", retry=Retry.SAFE, docs="getCollection")
    def get(self, collection_id: Path[int]) -> CollectionAnswer:
        """Return one collection, without its rows.

        Raises:
            RefusedError: 404, there is no such collection.
        """
        ...

    @endpoint(
        "app",
        "PUT",
        "/v1/collections/{collection_id}",
        retry=Retry.SAFE,
        docs="updateCollection",
        check=checks.at_most_one("data", "url"),
    )
    def update(
        self,
        collection_id: Path[int],
        *,
        name: Field[str | None] = None,
        data: Field[list[dict[str, Any]] | None] = None,
        url: Field[str | None] = None,
    ) -> CollectionAnswer:
        """Rename a collection, or replace all its rows; give at most one of `data` and `url`.

        Messages that use the old name find nothing from then on.

        Args:
            collection_id: the number of the collection.
            name: what messages call it from now on.
            data: the rows that replace the present ones.
            url: where the service reads the rows that replace the present ones, CSV or JSON.

        Raises:
            RefusedError: 400, the name or the rows are refused.
        """
        ...

    @endpoint("app", "DELETE", "/v1/collections/{collection_id}", retry=Retry.SAFE, docs="deleteCollection")
    def delete(self, collection_id: Path[int]) -> None:
        """Delete a collection; messages that still use it find nothing.

        Raises:
            RefusedError: 404, there is no such collection.
        """
        ...

    @endpoint("app", "GET", "/v1/collections/{collection_id}/content", retry=Retry.SAFE, docs="getCollectionContents")
    def content(self, collection_id: Path[int]) -> dict[str, Any]:
        """Return what is in a collection, as the free-form object the vendor documents.

        Raises:
            RefusedError: 404, there is no such collection.
        """
        ...

    @endpoint(
        "app", "PUT", "/v1/collections/{collection_id}/content", retry=Retry.SAFE, docs="updateCollectionContents"
    )
    def update_content(self, collection_id: Path[int], content: Body[dict[str, Any]]) -> CollectionAnswer:
        """Replace all that is in a collection; what `content` leaves out is gone.

        Raises:
            RefusedError: 404, there is no such collection.
        """
        ...
