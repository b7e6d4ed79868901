"""Design Studio's components and folders.

Known: the characters folders may not have in their names; a folder that is not empty is a 409; unknown fields are 400
(App catalogue).

[inferred]: a tag is of letters, digits, hyphens and underscores, and belongs to one component, or 409.
"""

from __future__ import annotations

import re
from typing import Any, cast

from ciokit.app_api.design_studio import (
    DesignComponent,
    DesignComponentAnswer,
    DesignComponentChanges,
    DesignFolder,
    DesignFolderAnswer,
    DesignFolderChanges,
    DesignStudioComponents,
    DesignStudioFolders,
    ListedComponent,
    SortBy,
    SortOrder,
)
from ciokit.core.endpoint import Page
from ciokit.emulator.behaviour.design import COMPONENT, COMPONENTS, FOLDERS, library
from ciokit.emulator.behaviour.shelves import Wanted, only_known
from ciokit.emulator.library import Node
from ciokit.emulator.routing import ApiFault, Manner, on
from ciokit.emulator.world import World

_TAG = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NOT_IN_NAMES = frozenset('<>:"/\\|?*.')


@on(DesignStudioComponents.find)
def find(
    world: World,
    *,
    tag: str | None = None,
    parent_folder_id: str | None = None,
    direct_descendants_only: bool = False,
    created_before: int | None = None,
    created_after: int | None = None,
    updated_before: int | None = None,
    updated_after: int | None = None,
    sort_by: SortBy = "created",
    sort_order: SortOrder = "asc",
    page: int = 1,
    limit: int = 1000,
) -> Page[ListedComponent]:
    """Answer with components, and with the folders there."""
    wanted = Wanted(parent_folder_id, direct_descendants_only, page, limit, created_before, created_after,
                    updated_before, updated_after, sort_by, sort_order)  # fmt: skip
    folders = [FOLDERS.shown(node) for node in wanted.found(world, FOLDERS)]
    return wanted.listed(
        world,
        COMPONENTS,
        lambda node: COMPONENTS.shown(node, "content"),
        lambda node: tag in (None, node.fields["tag"]),
        folders=folders,
    )


@on(DesignStudioComponents.create, Manner(strict=True))
def create(
    world: World, name: str, tag: str, content: str, *, parent_folder_id: str | None = None
) -> DesignComponentAnswer:
    """Make a component."""
    _free(world, tag, None)
    node = COMPONENTS.make(world, world.uuid(), name, parent_folder_id, {"tag": tag, "content": content})
    return {"component": _component(node)}


@on(DesignStudioComponents.get)
def get(world: World, id: str) -> DesignComponentAnswer:
    """Answer with one component."""
    return {"component": _component(COMPONENTS.known(world, id))}


@on(DesignStudioComponents.update)
def update(world: World, id: str, changes: DesignComponentChanges) -> None:
    """Change a component; e-mails that use it are rendered with what it is then."""
    only_known(changes, DesignComponentChanges)
    _free(world, changes.get("tag"), COMPONENTS.known(world, id))
    COMPONENTS.change(world, id, changes)


@on(DesignStudioComponents.delete)
def delete(world: World, id: str) -> None:
    """Forget a component."""
    library(world).drop(COMPONENTS.known(world, id))


@on(DesignStudioFolders.find)
def find_folders(
    world: World,
    *,
    parent_folder_id: str | None = None,
    direct_descendants_only: bool = False,
    created_before: int | None = None,
    created_after: int | None = None,
    updated_before: int | None = None,
    updated_after: int | None = None,
    sort_by: SortBy = "created",
    sort_order: SortOrder = "asc",
    page: int = 1,
    limit: int = 1000,
) -> Page[DesignFolder]:
    """Answer with folders."""
    wanted = Wanted(parent_folder_id, direct_descendants_only, page, limit, created_before, created_after,
                    updated_before, updated_after, sort_by, sort_order)  # fmt: skip
    return wanted.listed(world, FOLDERS, FOLDERS.shown)


@on(DesignStudioFolders.create, Manner(strict=True))
def create_folder(world: World, name: str, *, parent_folder_id: str | None = None) -> DesignFolderAnswer:
    """Make a folder."""
    _good(name)
    return {"folder": _folder(FOLDERS.make(world, world.uuid(), name, parent_folder_id, {}))}


@on(DesignStudioFolders.get)
def get_folder(world: World, id: str) -> DesignFolderAnswer:
    """Answer with one folder."""
    return {"folder": _folder(FOLDERS.known(world, id))}


@on(DesignStudioFolders.update)
def update_folder(world: World, id: str, changes: DesignFolderChanges) -> None:
    """Rename or move a folder."""
    only_known(changes, DesignFolderChanges)
    _good(changes.get("name", ""))
    FOLDERS.change(world, id, changes)


@on(DesignStudioFolders.delete)
def delete_folder(world: World, id: str) -> None:
    """Forget an empty folder."""
    folder = FOLDERS.known(world, id)
    if library(world).within(id):
        raise ApiFault(409, "the folder is not empty")
    library(world).drop(folder)


def _free(world: World, tag: str | None, own: Node[str] | None) -> None:
    if tag is None:
        return
    if not _TAG.fullmatch(tag):
        raise ApiFault(400, "tag: must be letters, digits, hyphens and underscores, beginning with a letter")
    others = (node for node in library(world).of_kind(COMPONENT) if node is not own)
    if any(node.fields["tag"] == tag for node in others):
        raise ApiFault(409, "tag: is another component's")


def _good(name: str) -> None:
    if _NOT_IN_NAMES & set(name):
        raise ApiFault(400, 'name: must have none of < > : " / \\ | ? * .')


def _component(node: Node[str]) -> DesignComponent:
    shown: Any = COMPONENTS.shown(node)
    return cast("DesignComponent", shown)


def _folder(node: Node[str]) -> DesignFolder:
    shown: Any = FOLDERS.shown(node)
    return cast("DesignFolder", shown)
