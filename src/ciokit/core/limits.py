"""The rate limiter: an exact sliding window, written once for threads, event loops and tests.

Fixed windows, token buckets and GCRA let up to twice the limit through some window of the stated length. Here each
grant is recorded when it is really given, and the grant N places later waits until that record is a full window old.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from ciokit.core.flow import Wait

_PENDING = float("inf")
_POLL = 0.001


class SlidingWindow:
    """Let at most `requests` calls start within any `seconds` long window; the rest wait their turn, in order.

    Share one instance between clients that share a workspace: it is safe across threads and event loops, and after a
    fork each process goes on with its own copy. `slack` widens the window by that share (1 % by default), so that
    jitter on the way cannot squeeze two windows' calls into one at the receiver.
    """

    def __init__(self, requests: int, seconds: float, *, slack: float = 0.01) -> None:
        if requests < 1 or seconds <= 0:
            raise ValueError("a limit needs at least 1 request and a window above 0 seconds")
        self.requests = requests
        self.seconds = seconds
        self._window = seconds * (1 + slack)
        self._granted = [float("-inf")] * requests
        self._next = 0
        self._pid = os.getpid()
        self._locks = {self._pid: threading.Lock()}

    def acquire(self, now: Callable[[], float]) -> Generator[Wait, object, None]:
        """Yield the waits that must pass before the next call may start, then record it as started."""
        with self._lock():
            slot = self._next % self.requests
            before = self._granted[slot]
            at = now()
            if at >= before + self._window:  # never so while that one is pending
                self._granted[slot] = at
                self._next += 1
                return
        yield from self._queue(now)

    def _queue(self, now: Callable[[], float]) -> Generator[Wait, object, None]:
        with self._lock():
            slot = self._next % self.requests
            before = self._granted[slot]
            self._next += 1
            if before != _PENDING:
                self._granted[slot] = _PENDING
        if before == _PENDING:
            before = yield from self._take_over(slot)
        granted, ready = before, before + self._window
        try:
            while True:
                at = now()
                if at >= ready:
                    granted = at
                    return
                yield Wait(ready - at)
        finally:
            with self._lock():
                self._granted[slot] = granted

    def _take_over(self, slot: int) -> Generator[Wait, object, float]:
        """Wait until the call one whole round ahead has started, then hold its slot."""
        while True:
            yield Wait(_POLL)
            with self._lock():
                before = self._granted[slot]
                if before != _PENDING:
                    self._granted[slot] = _PENDING
                    return before

    @contextmanager
    def _lock(self) -> Generator[None, None, None]:
        """Hold this process's lock: the parent's may have been held, at the fork, by a thread that is not here."""
        pid = os.getpid()
        lock = self._locks.get(pid) or self._locks.setdefault(pid, threading.Lock())
        with lock:
            if pid != self._pid:
                self._pid = pid
                self._granted = [float("-inf") if at == _PENDING else at for at in self._granted]
            yield


class Limiters:
    """One limiter for each named pace, made when first asked for; share an instance between clients of a workspace."""

    def __init__(self, rates: Mapping[str, tuple[int, float]]) -> None:
        self._rates = rates
        self._made: dict[str, SlidingWindow] = {}

    def of(self, name: str) -> SlidingWindow:
        """Return the limiter of a pace."""
        made = self._made.get(name)
        return made or self._made.setdefault(name, SlidingWindow(*self._rates[name]))

    def put(self, name: str, limiter: SlidingWindow) -> None:
        """Use this limiter for a pace, such as one shared with other clients."""
        self._made[name] = limiter
