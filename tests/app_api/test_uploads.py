"""Files for messages: uploaded from a path by one call, and refused before sending where the library takes none."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from ciokit import AppClient, AsyncAppClient, upload_asset
from ciokit.app_api.assets import Assets
from ciokit.core.clock import FakeClock
from ciokit.errors import RefusedError, ValidationError
from tests.support.operations import Wire


def _bmp(width: int, height: int) -> bytes:
    """Return the head of a picture from the top down, whose height is below 0."""
    return b"BM" + b"\0" * 16 + width.to_bytes(4, "little") + (-height).to_bytes(4, "little", signed=True)


def _jpeg(width: int, height: int) -> bytes:
    return b"\xff\xd8\xff\xe0\x00\x04\0\0\xff\xc0\x00\x11\x08" + height.to_bytes(2) + width.to_bytes(2)


HEADS: dict[str, Callable[[int, int], bytes]] = {
    "png": lambda width, height: b"\x89PNG\r\n\x1a\n" + b"\0" * 8 + width.to_bytes(4) + height.to_bytes(4),
    "gif": lambda width, height: b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little"),
    "bmp": _bmp,
    "jpeg": _jpeg,
}


def _file(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_a_file_is_uploaded_by_its_path(ciokit_app_client: AppClient, tmp_path: Path) -> None:
    """It has its own name or the one given; a second of that name is the service's to refuse."""
    path = _file(tmp_path, "terms.pdf", b"%PDF-1.7 x")
    asset = upload_asset(ciokit_app_client, path)
    assert (asset["name"], asset["size"]) == ("terms.pdf", 10)
    assert ciokit_app_client.assets.get(asset["id"])["asset"] == asset
    folder = ciokit_app_client.asset_folders.create("legal")["folder"]["id"]
    assert upload_asset(ciokit_app_client, str(path), name="t", parent_folder_id=folder)["parent_folder_id"] == folder
    with pytest.raises(RefusedError, match="answered 409"):
        upload_asset(ciokit_app_client, path)


def test_the_awaitable_client_does_the_same(ciokit_async_app_client: AsyncAppClient, tmp_path: Path) -> None:
    """It is awaited, and what cannot be uploaded is refused there as well."""
    path = _file(tmp_path, "logo.png", HEADS["png"](40, 30))

    async def run() -> Any:
        with pytest.raises(ValidationError):
            await upload_asset(ciokit_async_app_client, tmp_path / "none.png")
        return await upload_asset(ciokit_async_app_client, path)

    assert asyncio.run(run())["name"] == "logo.png"


@pytest.mark.parametrize("kind", HEADS)
def test_pictures_of_4096_pixels_are_the_largest(kind: str, ciokit_app_client: AppClient, tmp_path: Path) -> None:
    """One more on either side is refused before it is sent, by its own header."""
    wire = Wire()
    client = AppClient("k", transport=wire, clock=FakeClock())
    for sides in ((4097, 10), (10, 4097)):
        with pytest.raises(ValidationError, match="a side of 4,097 pixels"):
            upload_asset(client, _file(tmp_path, f"large.{kind}", HEADS[kind](*sides)))
    assert wire.sent == []
    assert upload_asset(ciokit_app_client, _file(tmp_path, f"good.{kind}", HEADS[kind](4096, 4096)))["id"]


def _cases(folder: Path) -> dict[str, tuple[Path, str]]:
    large = _file(folder, "large.pdf", b"%PDF-")
    with large.open("r+b") as file:
        file.truncate(10**11)  # holes: it takes no room, and cannot be read into memory
    return {
        "too large": (large, "has 100,000,000,000 B, over the limit of 2,000,000 B"),
        "one byte over": (_file(folder, "over.pdf", b"%PDF-" + b"x" * 1_999_996), "has 2,000,001 B"),
        "of another kind": (_file(folder, "logo.svg", b"<svg/>"), "none of bmp, jpeg, png, gif and pdf"),
        "empty": (_file(folder, "empty.png", b""), "none of bmp"),
        "missing": (folder / "none.png", r"cannot be read \(FileNotFoundError\)"),
        "a folder": (folder, r"cannot be read \(IsADirectoryError\)"),
    }


@pytest.mark.parametrize("case", ["too large", "one byte over", "of another kind", "empty", "missing", "a folder"])
def test_what_the_library_would_not_take_is_refused_before_sending(case: str, tmp_path: Path) -> None:
    """Size, kind and whether it can be read are told by name of the argument, with nothing sent."""
    path, said = _cases(tmp_path)[case]
    wire = Wire()
    with pytest.raises(ValidationError, match=said) as caught:
        upload_asset(AppClient("k", transport=wire, clock=FakeClock()), path)
    assert (caught.value.request, caught.value.field, wire.sent) == ("POST /v1/assets/files", "file", [])


def test_text_is_no_file() -> None:
    """The operation itself takes a Path or bytes; a name as text would be uploaded as the content."""
    wire = Wire()
    name: Any = "logo.png"
    with pytest.raises(ValidationError, match="must be a Path or bytes, not str"):
        AppClient("k", transport=wire, clock=FakeClock()).assets.create(name)
    assert wire.sent == []


def test_slow_disk_holds_nothing_else_up(ciokit_async_app_client: AsyncAppClient, tmp_path: Path) -> None:
    """While the awaitable client reads a file, its event loop goes on."""
    path = tmp_path / "slow.pdf"
    os.mkfifo(path)  # whoever reads it waits until somebody writes
    went_on = threading.Event()

    def write() -> bool:
        before = went_on.wait(10)
        path.write_bytes(b"%PDF-1.7 x")
        return before

    async def run() -> tuple[Any, bool]:
        with ThreadPoolExecutor() as pool:
            written = pool.submit(write)
            upload = asyncio.create_task(ciokit_async_app_client.assets.create(path))
            await asyncio.sleep(0)  # the upload begins
            went_on.set()
            return await upload, written.result()

    answer, before = asyncio.run(run())
    assert before
    assert (answer["asset"]["name"], answer["asset"]["size"]) == ("slow.pdf", 10)


def test_file_is_read_once(tmp_path: Path, ciokit_app_client: AppClient) -> None:
    """What is checked is what is sent, also when the file is gone or another before the call is."""
    path = _file(tmp_path, "terms.pdf", b"%PDF-1.7 x")
    call = Assets.create.call(path)
    path.unlink()
    answer = ciokit_app_client.assets.sender.run(Assets.create.flow_of(call))
    assert (answer["asset"]["name"], answer["asset"]["size"]) == ("terms.pdf", 10)
