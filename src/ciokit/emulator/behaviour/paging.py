"""Pages of searched lists: each goes on where the last one stopped, so that nothing is searched twice."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ciokit.emulator.routing import ApiFault
from ciokit.emulator.world import PERSON_ID, Entry

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
        raise _no_cursor()
    return rows[bisect_right(rows, start, key=key) :]


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
    if not (start.isascii() and start.isdigit() and len(start) < _LONGEST):
        raise _no_cursor()
    if log and int(start) > log[-1].number:
        raise _no_cursor()
    place = bisect_left(log, int(start), key=lambda entry: entry.number)
    return (log[index] for index in range(place - 1, -1, -1))


def _no_cursor() -> ApiFault:
    return ApiFault(400, "start: is no cursor of this list; pass what `next` held")
