"""Time as a collaborator: the real clock, and one whose sleep returns at once."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic seconds, two ways to let them pass, and what time it is."""

    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...
    async def asleep(self, seconds: float) -> None: ...
    def unix(self) -> float: ...


class SystemClock:
    """The machine's clocks: the monotonic one, and the one that tells the time."""

    def now(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Block for `seconds`."""
        time.sleep(seconds)

    async def asleep(self, seconds: float) -> None:
        """Wait for `seconds` without blocking the event loop."""
        await asyncio.sleep(seconds)

    def unix(self) -> float:
        """Return the time in Unix seconds."""
        return time.time()


class FakeClock:
    """A clock that never waits: sleeping moves `now` and `unix` forward and is remembered in `sleeps`.

    `unix` says what time it is at the start, in Unix seconds: what the machine says unless given.
    """

    def __init__(self, start: float = 1000.0, *, unix: float | None = None) -> None:
        self.time = start
        self.sleeps: list[float] = []
        self._ahead = (time.time() if unix is None else unix) - start

    def now(self) -> float:
        """Return the pretended monotonic seconds."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Move the clock forward at once."""
        self.sleeps.append(seconds)
        self.time += seconds

    async def asleep(self, seconds: float) -> None:
        """Move the clock forward at once, giving other tasks a turn."""
        self.sleep(seconds)
        await asyncio.sleep(0)

    def unix(self) -> float:
        """Return the pretended time in Unix seconds."""
        return self.time + self._ahead
