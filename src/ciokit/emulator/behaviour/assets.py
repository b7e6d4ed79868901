"""The asset library: files that can be downloaded again, and folders.

Known: which files it takes (`ciokit.core.pictures`).

[inferred]: what a file is, its first bytes tell; what breaks these rules is a 400; a folder is deleted with what is in
it, since no 409 is documented for that.
"""

from __future__ import annotations

import pathlib
from typing import Any, cast

from ciokit.app_api.assets import (
    Asset,
    AssetAnswer,
    AssetChanges,
    AssetFolder,
    AssetFolderAnswer,
    AssetFolders,
    Assets,
)
from ciokit.core import pictures
from ciokit.core.endpoint import Page
from ciokit.emulator.behaviour.shelves import Noun, Wanted, only_known
from ciokit.emulator.files import asset_link
from ciokit.emulator.library import FOLDER, Library, Node
from ciokit.emulator.routing import ApiFault, Manner, on
from ciokit.emulator.world import World


def _library(world: World) -> Library[int]:
    return world.held.assets


_FILE = Noun(_library, "file", "file", unique=True)
_FOLDER = Noun(_library, FOLDER, "folder", unique=True)


@on(Assets.find)
def find(
    world: World,
    *,
    parent_folder_id: int | None = None,
    direct_descendants_only: bool = False,
    page: int = 1,
    limit: int = 1000,
) -> Page[Asset]:
    """Answer with files."""
    wanted = Wanted(parent_folder_id, direct_descendants_only, page, limit)
    return wanted.listed(world, _FILE, lambda node: _asset(world, node))


@on(Assets.create)
def create(
    world: World, file: pathlib.Path | bytes, *, name: str | None = None, parent_folder_id: int | None = None
) -> AssetAnswer:
    """Keep a file."""
    content = bytes(cast("bytes", file))
    most = pictures.MOST_MB * world.switches.kilobyte**2
    if len(content) > most:
        raise ApiFault(400, f"file: {len(content):,} B are over the limit of {most:,} B")
    kind = pictures.kind(content)
    if kind is None:
        raise ApiFault(400, "file: is none of bmp, jpeg, png, gif and pdf")
    if max(pictures.size(content, kind), default=0) > pictures.MOST_PIXELS:
        raise ApiFault(400, f"file: the picture is over {pictures.MOST_PIXELS:,} pixels on one side")
    known = name if name is not None else str(getattr(file, "filename", "file"))
    number = world.held.number("asset", (node.id for node in _library(world).of_kind("file")))
    fields = {"size": len(content), "content": content, "media_type": kind}
    return {"asset": _asset(world, _FILE.make(world, number, known, parent_folder_id, fields))}


@on(Assets.get)
def get(world: World, id: int) -> AssetAnswer:
    """Answer with one file."""
    return {"asset": _asset(world, _FILE.known(world, id))}


@on(Assets.update)
def update(world: World, id: int, changes: AssetChanges) -> None:
    """Rename or move a file."""
    only_known(changes, AssetChanges)
    _FILE.change(world, id, changes)


@on(Assets.delete)
def delete(world: World, id: int) -> None:
    """Forget a file."""
    _library(world).drop(_FILE.known(world, id))


@on(AssetFolders.find)
def find_folders(
    world: World,
    *,
    parent_folder_id: int | None = None,
    direct_descendants_only: bool = False,
    page: int = 1,
    limit: int = 1000,
) -> Page[AssetFolder]:
    """Answer with folders."""
    wanted = Wanted(parent_folder_id, direct_descendants_only, page, limit)
    return wanted.listed(world, _FOLDER, _FOLDER.shown)


@on(AssetFolders.create, Manner(strict=True))
def create_folder(world: World, name: str, *, parent_folder_id: int | None = None) -> AssetFolderAnswer:
    """Make a folder."""
    number = world.held.number("asset_folder", (node.id for node in _library(world).of_kind(FOLDER)))
    return {"folder": _folder(_FOLDER.make(world, number, name, parent_folder_id, {}))}


@on(AssetFolders.get)
def get_folder(world: World, id: int) -> AssetFolderAnswer:
    """Answer with one folder."""
    return {"folder": _folder(_FOLDER.known(world, id))}


@on(AssetFolders.update)
def update_folder(world: World, id: int, changes: AssetChanges) -> None:
    """Rename or move a folder."""
    only_known(changes, AssetChanges)
    _FOLDER.change(world, id, changes)


@on(AssetFolders.delete)
def delete_folder(world: World, id: int) -> None:
    """Forget a folder and what is in it."""
    folder, library = _FOLDER.known(world, id), _library(world)
    for node in [*library.within(id), folder]:
        library.drop(node)


def _asset(world: World, node: Node[int]) -> Asset:
    shown: dict[str, Any] = _FILE.shown(node, "content", "media_type")
    return cast("Asset", {**shown, "path": asset_link(world.origin, node.id, node.name)})


def _folder(node: Node[int]) -> AssetFolder:
    return cast("AssetFolder", _FOLDER.shown(node))
