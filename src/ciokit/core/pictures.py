"""What a file is, told by its first bytes, and how large a picture is: no more than the limits of uploads need."""

from __future__ import annotations

from typing import Literal

MOST_MB = 2  # of any file (App catalogue, `createAsset`)
MOST_PIXELS = 4_096  # a side (App catalogue, `createAsset`)

_KINDS = {
    b"BM": "image/bmp",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"%PDF-": "application/pdf",
}
_NO_SIZE = frozenset({0xC4, 0xC8, 0xCC})  # these three markers lie among those of JPEG that tell a size


def kind(content: bytes) -> str | None:
    """Return the media type of a file that may be uploaded, or None."""
    return next((kind for start, kind in _KINDS.items() if content.startswith(start)), None)


def size(content: bytes, kind: str) -> tuple[int, ...]:
    """Return width and height in pixels; nothing where there are none or the file is cut off."""
    if kind == "image/png":
        return _numbers(content, 16, 4, "big")
    if kind == "image/gif":
        return _numbers(content, 6, 2, "little")
    if kind == "image/bmp":
        return _numbers(content, 18, 4, "little")  # below 0 for a picture from the top down
    return _jpeg(content) if kind == "image/jpeg" else ()


def _numbers(content: bytes, at: int, width: int, order: Literal["big", "little"]) -> tuple[int, ...]:
    found = [content[at + place : at + place + width] for place in (0, width)]
    if len(found[1]) < width:
        return ()
    return tuple(abs(int.from_bytes(each, order, signed=width == 4)) for each in found)


def _jpeg(content: bytes) -> tuple[int, ...]:
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker = content[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in _NO_SIZE:
            return _numbers(content, at + 5, 2, "big")
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return ()
