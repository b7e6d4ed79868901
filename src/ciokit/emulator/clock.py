"""The emulator's own time: the machine's, moved forward on request."""

from __future__ import annotations

import time


class EmulatorClock:
    """Unix seconds. Given a `start` it stands still and moves only by `advance`; otherwise it runs with the machine."""

    def __init__(self, start: float | None = None) -> None:
        self._start = start
        self.offset = 0.0

    def now(self) -> float:
        """Return the emulator's time in unix seconds."""
        return (time.time() if self._start is None else self._start) + self.offset

    def advance(self, seconds: float) -> None:
        """Move time forward (or, below 0, back)."""
        self.offset += seconds
