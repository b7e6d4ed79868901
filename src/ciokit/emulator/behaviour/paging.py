"""Pages of lists: each goes on where the last one stopped."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ciokit.core.endpoint import Page
from ciokit.emulator.routing import ApiFault
from ciokit.emulator.world import PERSON_ID, Entry

R = TypeVar("R")
T = TypeVar("T")

_LONGEST = 20


def size(limit: int, default: int, most: int) -> int:
    """Return how many rows a page has: a limit below 1 counts as the default, one above the most as the most."""
    return min(limit if limit > 0 else default, most)


def after(rows: Sequence[T], start: str | None, key: Callable[[T], str], prefix: str = PERSON_ID) -> Sequence[T]:
    """Return what follows the row whose minted id is the cursor; minted ids grow, so rows are in their order.

    The row itself may be gone; what no row's id could have been is refused.
    """
    if not start:
        return rows
    if not re.fullmatch(rf"{prefix}[0-9a-f]{{10,16}}", start):
        raise no_cursor()
    return rows[bisect_right(rows, start, key=key) :]


def place(start: str) -> int:
    """Return the number that a cursor is; `ApiFault` 400 for one that is none."""
    if not (start.isascii() and start.isdigit() and len(start) < _LONGEST):
        raise no_cursor()
    return int(start)


def cut(
    rows: Sequence[R], start: str | None, limit: int, show: Callable[[R], T], *, default: int = 50, most: int = 1000
) -> Page[T]:
    """Return the page of `rows` at a cursor, each as `show` gives it; a `limit` below 1 counts as `default`.

    The cursor is a place in `rows`: what is added behind it between two calls is found, what is removed before it
    shifts the rest, as the vendor warns of its own cursors. Raises `ApiFault` (400) for one that is no such place.
    """
    begin = place(start) if start else 0
    end = begin + size(limit, default, most)
    return Page([show(row) for row in rows[begin:end]], str(end) if end < len(rows) else None)


def take(rows: Iterable[T], test: Callable[[T], bool], count: int) -> tuple[list[T], bool]:
    """Return the first `count` rows that pass a test, and whether there is one more."""
    found: list[T] = []
    for row in rows:
        if test(row):
            if len(found) == count:
                return found, True
            found.append(row)
    return found, False


def newest_first(log: Sequence[Entry], start: str | None) -> Iterable[Entry]:
    """Return the entries older than the cursor, which is the number of the last one seen, newest first."""
    if not start:
        return reversed(log)
    seen = place(start)
    if log and seen > log[-1].number:
        raise no_cursor()
    return (log[index] for index in range(bisect_left(log, seen, key=lambda entry: entry.number) - 1, -1, -1))


def no_cursor() -> ApiFault:
    """Return the refusal of a cursor that the list never gave."""
    return ApiFault(400, "start: is no cursor of this list; pass what `next` held")
