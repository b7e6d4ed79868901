"""What must not be read by others is taken out here: every log line and error text passes through."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(basic|bearer)\s+[\w+/=.~-]+"), r"\1 [secret]"),
    (re.compile(r"[^\s\"'<>(),;:]+@[^\s\"'<>(),;:]+"), "[email]"),
    (re.compile(r"\bsa_live_\w+"), "[secret]"),
    (re.compile(r"\bcio_(?!(?:id|object_id|relationships|subscription_preferences)\b)\w+"), "[cio_id]"),
    (re.compile(r"(?<![\w.])\+\d[\d\s().-]{6,}\d"), "[phone]"),
    (re.compile(r"\b(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{24,}\b"), "[token]"),
)
_LONGEST = 500
_SHORTEST = 3
_LONG = 12
# Names of fields, which errors begin with; as an identifier each tells nobody.
_FIELDS = frozenset(
    [
        "id",
        "ids",
        "email",
        "phone",
        "cio_",
        "cio_id",
        "type",
        "action",
        "name",
        "event",
        "data",
        "identifiers",
        "identifier",
        "attributes",
        "timestamp",
    ]
)


def _whole(value: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")


def redact(text: str, known: Iterable[str] = ()) -> str:
    """Return `text` without e-mail addresses, phone numbers, tokens and the `known` values, at most 500 characters.

    `known` are values the caller holds, such as its key or the ids in the request's path; short ones are taken out as
    whole words, and those that are names of fields not at all.
    """
    told = {value for value in known if len(value) >= _SHORTEST and value not in _FIELDS}
    for value in sorted(told, key=len, reverse=True):
        # What is long is nothing by chance; what is short may be a part of the service's own words.
        text = text.replace(value, "[redacted]") if len(value) >= _LONG else _whole(value).sub("[redacted]", text)
    text = text[: 4 * _LONGEST]  # some patterns take quadratic time
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
