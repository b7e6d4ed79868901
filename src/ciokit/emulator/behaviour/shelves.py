"""What everything in a library has in common: making, moving, finding and listing, whatever it is.

Known: names are not blank; an unknown folder is a 404; a folder goes neither into itself nor into one below it; a list
without a folder holds what is in all of them, or in the root alone with `direct_descendants_only` (App catalogue).

[inferred]: two of a kind beside each other may not have one name where 409 is documented; lists of equal times are in
the order things were made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, NotRequired, Required, cast, get_args, get_origin, get_type_hints
from typing import is_typeddict as is_typed_dict

from ciokit.core.endpoint import Page
from ciokit.emulator.library import FOLDER, K, Library, Node
from ciokit.emulator.routing import ApiFault, PageBeside
from ciokit.emulator.world import World

_MOST = 10_000


@dataclass(frozen=True)
class Noun(Generic[K]):
    """A kind of node: `name` is what answers call it; `unique` refuses a second one of a name in a folder."""

    library: Callable[[World], Library[K]]
    kind: str
    name: str
    unique: bool = False

    def known(self, world: World, id: K) -> Node[K]:
        """Return a node; `ApiFault` 404 when there is none."""
        found = self.library(world).get(self.kind, id)
        if found is None:
            raise ApiFault(404, f"there is no such {self.name}")
        return found

    def make(self, world: World, id: K, name: str, parent: K | None, fields: Mapping[str, Any]) -> Node[K]:
        """Put a new node into a folder, or into the root without one."""
        node = Node(id, self.kind, name.strip(), None, world.now, world.now, dict(fields))
        self._place(world, node, name, parent)
        self.library(world).add(node)
        return node

    def change(self, world: World, id: K, changes: Mapping[str, Any]) -> Node[K]:
        """Rename or move a node, and set of its fields what is given; `parent_folder_id` null moves it to the root."""
        node = self.known(world, id)
        if not changes:
            raise ApiFault(400, "give at least one field to change")
        rest = dict(changes)
        name: str = rest.pop("name", node.name)
        self._place(world, node, name, rest.pop("parent_folder_id", node.parent))
        node.fields.update(rest)
        node.updated = world.now
        return node

    def shown(self, node: Node[K], *without: str) -> dict[str, Any]:
        """Return a node as answers show it, without some of its fields."""
        fields = {name: value for name, value in node.fields.items() if name not in without}
        own = {"id": node.id, "name": node.name, "parent_folder_id": node.parent}
        return {**own, "created": node.created, "updated": node.updated, **fields}

    def _place(self, world: World, node: Node[K], name: str, parent: K | None) -> None:
        library: Library[K] = self.library(world)
        if not name.strip():
            raise ApiFault(400, "name: is blank")
        if parent == "":
            raise ApiFault(400, "parent_folder_id: is empty; null is the root")
        new: K | None = parent or None  # 0 is the root as well (App catalogue, assets)
        if new is not None:
            if library.get(FOLDER, new) is None:
                raise ApiFault(404, "parent_folder_id: there is no such folder")
            if node.kind == FOLDER and node.id in library.upwards(new):
                raise ApiFault(400, "parent_folder_id: is the folder itself or one below it")
        beside = (each for each in library.of_kind(self.kind) if each.parent == new and each is not node)
        if self.unique and any(each.name == name.strip() for each in beside):
            raise ApiFault(409, f"name: is that of another {self.name} in this folder")
        node.name, node.parent = name.strip(), new


@dataclass(frozen=True)
class Wanted(Generic[K]):
    """What a list was asked for; times are in unix seconds."""

    folder: K | None
    direct: bool
    page: int
    limit: int
    created_before: int | None = None
    created_after: int | None = None
    updated_before: int | None = None
    updated_after: int | None = None
    sort_by: Literal["created", "updated", "name"] = "created"
    sort_order: Literal["asc", "desc"] = "asc"

    def listed(
        self,
        world: World,
        noun: Noun[K],
        show: Callable[[Node[K]], Any],
        test: Callable[[Node[K]], bool] = lambda _: True,
        **beside: Any,
    ) -> Page[Any]:
        """Return a page of the nodes of a kind that pass a test, with what else belongs into the answer."""
        if self.page < 1 or not 1 <= self.limit <= _MOST:
            raise ApiFault(400, f"page: must be 1 or more, and limit from 1 to {_MOST:,}")
        found = [node for node in self.found(world, noun) if test(node)]
        first = (self.page - 1) * self.limit
        about = {"limit": self.limit, "page": self.page, "total": len(found)}
        rows = [show(node) for node in found[first : first + self.limit]]
        return PageBeside(rows, None, {**beside, "meta": {"filters": {}, "pagination": about}})

    def found(self, world: World, noun: Noun[K]) -> list[Node[K]]:
        """Return the nodes of a kind in the folder, made and changed between the times, sorted."""
        library = noun.library(world)
        if self.folder and library.get(FOLDER, self.folder) is None:
            raise ApiFault(404, "parent_folder_id: there is no such folder")
        found = [node for node in library.of_kind(noun.kind) if self._is_here(library, node) and self._is_then(node)]
        keys: dict[str, Callable[[Node[K]], Any]] = {
            "created": lambda node: node.created,
            "updated": lambda node: node.updated,
            "name": lambda node: node.name.casefold(),
        }
        return sorted(found, key=keys[self.sort_by], reverse=self.sort_order == "desc")

    def _is_here(self, library: Library[K], node: Node[K]) -> bool:
        if self.direct:
            return node.parent == (self.folder or None)
        return not self.folder or self.folder in library.upwards(node.parent)

    def _is_then(self, node: Node[K]) -> bool:
        limits = (
            (node.created, self.created_after, self.created_before),
            (node.updated, self.updated_after, self.updated_before),
        )
        return all((after is None or at > after) and (before is None or at < before) for at, after, before in limits)


def only_known(value: object, hint: Any, where: str = "") -> None:
    """Refuse members of an object, at any depth, that its type does not have: `ApiFault` 400 names the first."""
    origin = get_origin(hint)
    if origin in (NotRequired, Required):
        only_known(value, get_args(hint)[0], where)
    elif origin is list and isinstance(value, list):
        for place, each in enumerate(cast("list[object]", value)):
            only_known(each, get_args(hint)[0], f"{where}[{place}]")
    elif is_typed_dict(hint) and isinstance(value, dict):
        hints = get_type_hints(hint)
        for name, member in cast("dict[str, object]", value).items():
            inside = f"{where}.{name}" if where else name
            if name not in hints:
                raise ApiFault(400, f"{inside}: is no field of this request")
            only_known(member, hints[name], inside)
