"""Folders and what lies in them: the asset library and Design Studio, as plain state without HTTP.

Both are trees of nodes with a name and times; what else a kind of node has is in its `fields`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

K = TypeVar("K", int, str)

FOLDER = "folder"


@dataclass(slots=True, eq=False)
class Node(Generic[K]):
    """One thing in a library; `kind` is `folder` or what else there is, `parent` is None in the root.

    `created` and `updated` are in unix seconds.
    """

    id: K
    kind: str
    name: str
    parent: K | None
    created: int
    updated: int
    fields: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(slots=True)
class Library(Generic[K]):
    """The nodes of a library by kind and id, each kind in the order its nodes were made."""

    nodes: dict[tuple[str, K], Node[K]] = field(default_factory=dict[tuple[str, K], "Node[K]"])

    def get(self, kind: str, id: K) -> Node[K] | None:
        """Return a node."""
        return self.nodes.get((kind, id))

    def of_kind(self, kind: str) -> list[Node[K]]:
        """Return the nodes of a kind, oldest first."""
        return [node for node in self.nodes.values() if node.kind == kind]

    def add(self, node: Node[K]) -> None:
        """Put a node in."""
        self.nodes[node.kind, node.id] = node

    def drop(self, node: Node[K]) -> None:
        """Take a node out; what was in it stays."""
        del self.nodes[node.kind, node.id]

    def upwards(self, folder: K | None) -> Iterator[K]:
        """Yield the id of a folder and of those it is in, the nearest first."""
        while folder is not None:
            yield folder
            node = self.get(FOLDER, folder)
            folder = node.parent if node is not None else None

    def within(self, folder: K) -> list[Node[K]]:
        """Return everything in a folder, at any depth."""
        return [node for node in self.nodes.values() if folder in self.upwards(node.parent)]


@dataclass(slots=True)
class Version:
    """A saved version of an e-mail: what it and the components it used were."""

    id: str
    name: str
    description: str
    created: int
    on_publish: bool
    title: str
    content: dict[str, Any]
    envelope: dict[str, Any]
    transformers: dict[str, Any]
    components: list[dict[str, Any]]


@dataclass(slots=True)
class Publishing:
    """E-mails on their way to a message, which are there at `ready` (unix seconds): one mapping for each language."""

    email: str
    ready: float
    mappings: list[dict[str, Any]]


@dataclass(slots=True)
class PreviewRun:
    """Screenshots being taken in these programs, ready at a time in unix seconds; `digest` tells equal runs."""

    id: int
    node: str
    name: str
    clients: list[str]
    created: int
    ready: float
    digest: str


@dataclass(slots=True)
class Design:
    """Design Studio: its library, and what belongs to the e-mails in it, by the e-mail's id.

    `versions`: oldest first. `targets`: the content of a message each e-mail is linked to. `published`: what it and its
    languages were when they were last published. `publishings` are by their own id, `previews` by number.
    """

    library: Library[str] = field(default_factory=Library[str])
    versions: dict[str, list[Version]] = field(default_factory=dict[str, "list[Version]"])
    targets: dict[str, Target] = field(default_factory=dict[str, "Target"])
    published: dict[str, bytes] = field(default_factory=dict[str, bytes])
    publishings: dict[str, Publishing] = field(default_factory=dict[str, Publishing])
    previews: dict[int, PreviewRun] = field(default_factory=dict[int, PreviewRun])


TargetKind = Literal["transactional_message", "newsletter", "campaign_action"]


@dataclass(frozen=True, slots=True)
class Target:
    """The content of a message, by its number, that an e-mail is linked to; `number` is the message's or action's."""

    kind: TargetKind
    number: int
    content_id: int
