"""The asset library of the emulator: what is uploaded is listed, moved, downloaded again and gone when deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ciokit import AppClient
from ciokit.app_api.assets import Assets
from ciokit.emulator.app import Emulator
from tests.support.operations import unchecked

from .conftest import Workspace, download, status


def png(width: int = 1, height: int = 1, tail: bytes = b"") -> bytes:
    """Return the head of a picture of this size, which is all that uploads look at."""
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + size + b"\x08\x06\x00\x00\x00" + tail


def jpeg(width: int, height: int) -> bytes:
    """Return the head of a JPEG picture, with one segment before that of its size."""
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08" + size + b"\x03"


def test_upload_is_downloaded_again(ciokit_app_client: AppClient, ciokit_emulator: Emulator, tmp_path: Path) -> None:
    """A file keeps its own name and its bytes; its address needs no key and dies with it."""
    app, picture = ciokit_app_client, tmp_path / "Lögo 1.png"
    picture.write_bytes(png(tail=b"\r\n--x\r\n\x00\xff"))
    made = app.assets.create(picture)["asset"]
    assert (made["name"], made["size"], made["parent_folder_id"]) == ("Lögo 1.png", picture.stat().st_size, None)
    found = download(ciokit_emulator, made["path"])
    assert (found.status, found.headers["content-type"], found.body) == (200, "image/png", picture.read_bytes())
    assert app.assets.get(made["id"])["asset"] == made
    app.assets.delete(made["id"])
    assert download(ciokit_emulator, made["path"]).status == 404
    assert status(lambda: app.assets.get(made["id"])) == 404
    assert status(lambda: app.assets.delete(made["id"])) == 404


@pytest.mark.parametrize(
    "content",
    [
        b"<html></html>",
        png(tail=bytes(2_000_000)),
        png(4097, 10),
        jpeg(10, 4097),
        b"GIF89a\x01\x10\x01\x00",
        b"BM" + bytes(16) + (4097).to_bytes(4, "little") + bytes(4),
    ],
)
def test_file_that_is_not_taken(ciokit_app_client: AppClient, content: bytes) -> None:
    """Other kinds, over 2 MB and over 4,096 pixels a side are refused."""
    assert status(lambda: unchecked(ciokit_app_client, Assets.create, content, name="x")) == 400


@pytest.mark.parametrize(
    "content", [png(4096, 4096), jpeg(4096, 1), b"%PDF-1.7", b"GIF87a\x01\x00\x01\x00", b"\xff\xd8\xff"]
)
def test_file_that_is_taken(ciokit_app_client: AppClient, content: bytes) -> None:
    """The documented kinds are taken up to the limit."""
    assert ciokit_app_client.assets.create(content, name="x")["asset"]["size"] == len(content)


def test_folders_hold_files(ciokit_app_client: AppClient) -> None:
    """Files are listed by folder, at any depth or right in it; a folder takes what is in it along."""
    app = ciokit_app_client
    outer = app.asset_folders.create("outer")["folder"]["id"]
    inner = app.asset_folders.create("inner", parent_folder_id=outer)["folder"]["id"]
    for name, folder in (("root.png", 0), ("outer.png", outer), ("inner.png", inner)):
        app.assets.create(png(), name=name, parent_folder_id=folder)

    def names(**which: Any) -> list[str]:
        return [each["name"] for each in app.assets.find(**which)]

    assert names() == ["root.png", "outer.png", "inner.png"] == names(limit=1)
    assert names(direct_descendants_only=True) == ["root.png"]
    assert names(parent_folder_id=outer) == ["outer.png", "inner.png"]
    assert names(parent_folder_id=outer, direct_descendants_only=True) == ["outer.png"]
    assert [each["name"] for each in app.asset_folders.find(parent_folder_id=outer)] == ["inner"]
    app.asset_folders.delete(outer)
    assert names() == ["root.png"]
    assert list(app.asset_folders.find()) == []


def test_renaming_and_moving(ciokit_app_client: AppClient) -> None:
    """What is left out stays, null is the root; clashes are 409, unknown places 404, blank names 400."""
    app = ciokit_app_client
    folder = app.asset_folders.create("a")["folder"]["id"]
    below = app.asset_folders.create("b", parent_folder_id=folder)["folder"]["id"]
    first = app.assets.create(png(), name="one.png", parent_folder_id=folder)["asset"]["id"]
    app.assets.create(png(), name="two.png")
    app.assets.update(first, {"name": " three.png "})
    assert app.assets.get(first)["asset"]["name"] == "three.png"
    assert app.assets.get(first)["asset"]["parent_folder_id"] == folder
    app.assets.update(first, {"parent_folder_id": None})
    assert app.assets.get(first)["asset"]["parent_folder_id"] is None
    assert status(lambda: app.assets.update(first, {"name": "two.png"})) == 409
    assert status(lambda: app.assets.update(first, {"parent_folder_id": 99})) == 404
    assert status(lambda: app.assets.update(first, {"name": " "})) == 400
    assert status(lambda: app.asset_folders.update(folder, {"parent_folder_id": below})) == 400
    assert status(lambda: app.asset_folders.update(folder, {"parent_folder_id": folder})) == 400
    assert status(lambda: app.asset_folders.create("a")) == 409
    assert status(lambda: app.asset_folders.get(99)) == 404
    app.asset_folders.update(below, {"parent_folder_id": None})
    assert app.asset_folders.get(below)["folder"]["parent_folder_id"] is None


def test_bad_changes_are_named(workspace: Workspace) -> None:
    """Nothing to change, an unknown field and a page that is none are 400."""
    bearer = {"authorization": "Bearer k", "content_type": "application/json"}
    made = workspace.ask("POST", "/v1/assets/folders", b'{"name": "a"}', **bearer)
    assert made.response.status == 200
    for method, path, body in (
        ("PUT", "/v1/assets/folders/1", b"{}"),
        ("PUT", "/v1/assets/folders/1", b'{"colour": "red"}'),
        ("POST", "/v1/assets/folders", b'{"name": "b", "colour": "red"}'),
        ("GET", "/v1/assets/folders?page=0", b""),
        ("GET", "/v1/assets?limit=10001", b""),
    ):
        assert workspace.ask(method, path, body, **bearer).response.status == 400, (path, body)


def test_assets_outlast_a_restart(tmp_path: Path) -> None:
    """Files, their bytes and their numbers are the same after the state is read again; a reset forgets them."""
    first = Workspace(state=tmp_path)
    with AppClient("k", transport=first.emulator.transport) as app:
        made = app.assets.create(png(tail=b"kept"), name="x.png")["asset"]
    first.emulator.close()
    again = Workspace(state=tmp_path)
    with AppClient("k", transport=again.emulator.transport) as app:
        assert app.assets.get(made["id"])["asset"] == made
        assert download(again.emulator, made["path"]).body.endswith(b"kept")
        again.emulator.reset()
        assert list(app.assets.find()) == []
    again.emulator.close()
