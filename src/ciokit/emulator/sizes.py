"""How large each item of a batch is on the wire, measured without reading the batch twice unless it matters."""

from __future__ import annotations

import re
from json import JSONDecoder
from typing import Any

import orjson

_SPACE = re.compile(r"[ \t\n\r]*")


def compact(item: Any) -> bytes | None:
    """Return an item as JSON without white space, or None if it is nested deeper than JSON is written (254 levels)."""
    try:
        return orjson.dumps(item)
    except TypeError:
        return None


def oversize(body: bytes, items: list[bytes | None], limit: int) -> dict[int, int]:
    """Return index and size in bytes of every item, given in its compact form, that takes over `limit` of `body`."""
    if len(body) <= limit:
        return {}
    sizes = [len(item) if item else 0 for item in items]
    # What is not in the compact forms is white space, escapes and the envelope: it may all belong to one item.
    slack = max(0, len(body) - sum(sizes))
    if max(sizes, default=0) + slack <= limit:
        return {}
    return {index: size for index, size in enumerate(_wire_sizes(body)) if size > limit}


def _wire_sizes(body: bytes) -> list[int]:
    """Return the size of each item of a batch that has already been read once, so it is known to be JSON."""
    text, read = body.decode(), JSONDecoder().raw_decode
    at = _skip(text, _skip(text, 0) + 1)
    sizes: list[int] = []
    while text[at] == '"':
        key, at = read(text, at)
        at = _skip(text, _skip(text, at) + 1)
        if key == "batch":
            sizes, at = _array(text, at)
        else:
            _, at = read(text, at)
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return sizes


def _array(text: str, at: int) -> tuple[list[int], int]:
    read = JSONDecoder().raw_decode
    sizes: list[int] = []
    at = _skip(text, at + 1)
    while text[at] != "]":
        _, end = read(text, at)
        sizes.append(len(text[at:end].encode()))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return sizes, at + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
