"""ULIDs: 26 letters and digits that begin with a time, so that they sort by it (github.com/ulid/spec)."""

from __future__ import annotations

import re

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [one + other for one in _LETTERS for other in _LETTERS]
_FORM = re.compile(f"[0-7][{_LETTERS}]{{25}}", re.IGNORECASE)


def ulid(milliseconds: int, number: int) -> str:
    """Return the ULID of a Unix time in milliseconds and a number of at most 80 bits; times before 1970 are 1970."""
    value = (max(milliseconds, 0) << 80 | number) & (1 << 128) - 1
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])


def is_ulid(text: str) -> bool:
    """Whether a text is a ULID, in any casing."""
    return _FORM.fullmatch(text) is not None
