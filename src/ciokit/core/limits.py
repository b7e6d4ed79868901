"""The rate limiter: an exact sliding window, written once for threads, event loops and tests.

Fixed windows, token buckets and GCRA let up to twice the limit through some window of the stated length. Here each
grant is recorded when it is really given, and the grant N places later waits until that record is a full window old.
Who waits sleeps until then, or for a window if many are ahead: thousands of waiting tasks cost next to nothing.
"""

from __future__ import annotations

import os
import threading
from bisect import insort
from collections import OrderedDict, deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager

from ciokit.core.flow import Wait

_SHORTEST = 0.001
_FORGETTING = 0.01  # the share of the difference by which a slower call moves what counts as quickest


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
        self._granted: deque[float] = deque(maxlen=requests)  # oldest first
        self._waiting: OrderedDict[int, None] = OrderedDict()  # tickets, in the order they were drawn
        self._next = 0
        self._quickest: dict[str, float] = {}  # by operation: seconds a call takes at the least, of late
        self._pid = os.getpid()
        # Reentrant: an abandoned wait may be collected, and so closed, in the middle of another one of its thread.
        self._locks = {self._pid: threading.RLock()}

    def acquire(self, now: Callable[[], float]) -> Generator[Wait, object, float]:
        """Yield the waits that must pass before the next call may start, then record and return when it was let go."""
        with self._lock():
            at = now()
            if not self._waiting and (len(self._granted) < self.requests or at >= self._granted[0] + self._window):
                self._granted.append(at)
                return at
            ticket = self._next
            self._next += 1
            self._waiting[ticket] = None
        try:
            while True:
                granted, wait = self._take(ticket, now)
                if not wait:
                    return granted
                yield Wait(wait)
        finally:
            with self._lock():
                self._waiting.pop(ticket, None)

    def answered(self, granted: float, at: float, operation: str = "") -> None:
        """Note when the answer came to the call of an operation that was let go at `granted`.

        One that took longer than the quickest of its kind, such as the first on a new connection, may have reached the
        service so much later, and closer to those that follow: if that is more than the slack, it is counted as started
        then. An operation that always takes its time is not late.
        """
        took = at - granted
        with self._lock():
            quickest = self._quickest.get(operation)
            late = took if quickest is None else took - quickest
            if quickest is None or late < 0:
                self._quickest[operation] = took
            else:
                self._quickest[operation] = quickest + late * _FORGETTING
            if late > self._window - self.seconds and granted in self._granted:
                self._granted.remove(granted)
                insort(self._granted, granted + late)

    def _take(self, ticket: int, now: Callable[[], float]) -> tuple[float, float]:
        """Record the call of this ticket as started now and return that, and how many seconds to wait if it may not.

        Who has `ahead` others in front needs as many more free places than one, whether or not those have woken up.
        Tickets given up in between count as well, until the first in the queue is past them: at most a window is lost.
        """
        with self._lock():
            at = now()
            ahead = ticket - next(iter(self._waiting), ticket)
            rounds, place = divmod(ahead, self.requests)
            used = place - (self.requests - len(self._granted))  # below 0: a place nobody had yet
            ready = (at if used < 0 else self._granted[used] + self._window) + rounds * self._window
            if rounds == 0 and at >= ready:
                self._granted.append(at)
                self._waiting.pop(ticket, None)
                return at, 0.0
            return at, min(max(ready - at, _SHORTEST), self._window)

    @contextmanager
    def _lock(self) -> Generator[None, None, None]:
        """Hold this process's lock: the parent's may have been held, at the fork, by a thread that is not here."""
        pid = os.getpid()
        lock = self._locks.get(pid) or self._locks.setdefault(pid, threading.RLock())
        with lock:
            if pid != self._pid:
                self._pid = pid
                self._waiting.clear()
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
