"""Leads the clock of a process astray, by as many seconds as the file named by CHAOS_CLOCK says at that moment.

Loaded before anything else; the clock that only counts on (`time.monotonic`) stays as it is, as on a real machine.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

_FILE: Final = Path(os.environ["CHAOS_CLOCK"])
_KEPT: Final = 0.05  # seconds between looks at the file
_real_ns = time.time_ns
_offset = 0
_read_at = -1.0


def _skewed_ns() -> int:
    global _offset, _read_at  # noqa: PLW0603 - as the functions it stands in for, it has no object
    now = time.monotonic()
    if now - _read_at > _KEPT:
        _read_at = now
        with suppress(OSError, ValueError):
            _offset = int(float(_FILE.read_text(encoding="ascii")) * 1e9)
    return _real_ns() + _offset


def _skewed() -> float:
    return _skewed_ns() / 1e9


time.time_ns = _skewed_ns
time.time = _skewed
