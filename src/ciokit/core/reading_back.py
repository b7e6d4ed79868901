"""Reading until what was sent is there: the service answers a write before it can be read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ciokit.core.clock import Clock

T = TypeVar("T")
_PAUSE, _LONGEST_PAUSE = 0.5, 5.0  # seconds; the service takes one or two for attributes, longer for activities


def read_until(read: Callable[[], T], good: Callable[[T], bool], wait: float, clock: Clock) -> T:
    """Read again and again until what was read is good or `wait` seconds are over; return what was read last."""
    deadline, pause = clock.now() + wait, _PAUSE
    while True:
        found = read()
        left = deadline - clock.now()
        if good(found) or left <= 0:
            return found
        clock.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE)
