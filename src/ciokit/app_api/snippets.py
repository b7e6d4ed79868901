"""Snippets: pieces of text or Liquid that messages share, each known by its name."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from ciokit.core.endpoint import Field, Group, Path, S, endpoint
from ciokit.core.retry import Retry


class Snippet(TypedDict):
    """A snippet; `updated_at` is in Unix seconds."""

    name: str
    value: str
    updated_at: NotRequired[int]


class SnippetAnswer(TypedDict):
    """A snippet, under `snippet`."""

    snippet: Snippet


class SnippetList(TypedDict):
    """The snippets of a workspace."""

    snippets: list[Snippet]


class Snippets(Group[S]):
    """What the App API does about snippets: values are trimmed, and at most 16,000 characters by default."""

    @endpoint("app", "GET", "/v1/snippets", retry=Retry.SAFE, docs="listSnippets")
    def find(self) -> SnippetList:
        """Return all snippets of the workspace."""
        ...

    @endpoint("app", "POST", "/v1/snippets", retry=Retry.NEVER, docs="createSnippet")
    def create(self, *, name: Field[str], value: Field[str]) -> SnippetAnswer:
        """Create a snippet under a new name; `update` also takes a name that is there.

        Raises:
            RefusedError: 422, the name is taken or not allowed.
        """
        ...

    @endpoint("app", "PUT", "/v1/snippets", retry=Retry.SAFE, docs="updateSnippets")
    def update(self, *, name: Field[str], value: Field[str]) -> SnippetAnswer:
        """Give the snippet of this name a value; it is created if it is not there."""
        ...

    @endpoint("app", "DELETE", "/v1/snippets/{snippet_name}", retry=Retry.SAFE, docs="deleteSnippet")
    def delete(self, snippet_name: Path[str]) -> None:
        """Delete a snippet that no message uses.

        Raises:
            RefusedError: 400, a message uses it; 404, there is no such snippet.
        """
        ...
