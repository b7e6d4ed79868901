"""Times as text: which of ISO 8601's many forms are sent to the service, and what is wrong with the rest."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import Final

_SHAPE: Final = re.compile(r"\d{4}-\d\d-\d\dT[\d:]*\d(?:[.,]\d+)?(?:Z|[+-][\d:.]+)", re.ASCII)
_read: Final = datetime.fromisoformat


def is_moment(text: str) -> bool:
    """Tell whether text names one moment: date, `T`, time of day and zone. Quick, since each row of a load is asked."""
    try:
        _read(text)
    except ValueError:
        return False
    # fromisoformat also reads other separators, week dates, the basic form, no zone, and any one character before it:
    # the service need not. What nearly all programs write, 2026-01-31T09:30:00Z, is told by one slice.
    return text[4::3] == "--T::Z" or _SHAPE.fullmatch(text) is not None


def fault(text: str) -> str:
    """Return what is wrong with text that is no moment, without the text."""
    reason = "is not ISO 8601"
    with suppress(ValueError):
        zone = _read(text).tzinfo
        reason = "is not in the form YYYY-MM-DDTHH:MM:SS" if zone else "has no time zone, so the moment is ambiguous"
    return reason
