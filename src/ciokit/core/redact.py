"""What must not be read by others is taken out here: every log line and error text passes through."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(basic|bearer)\s+[\w+/=.~-]+"), r"\1 [secret]"),
    (re.compile(r"[^\s\"'<>(),;:]+@[^\s\"'<>(),;:]+"), "[email]"),
    (re.compile(r"\bsa_live_\w+"), "[secret]"),
    (re.compile(r"\bcio_\w+"), "[cio_id]"),
    (re.compile(r"(?<![\w.])\+\d[\d\s().-]{6,}\d"), "[phone]"),
    (re.compile(r"\b(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{24,}\b"), "[token]"),
)
_LONGEST = 500


def redact(text: str, known: Iterable[str] = ()) -> str:
    """Return `text` without e-mail addresses, phone numbers, tokens and the `known` values, at most 500 characters.

    `known` are values the caller holds, such as its key or the ids in the request's path.
    """
    for value in sorted({value for value in known if len(value) > 2}, key=len, reverse=True):
        text = text.replace(value, "[redacted]")
    text = text[: 4 * _LONGEST]  # some patterns take quadratic time
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
