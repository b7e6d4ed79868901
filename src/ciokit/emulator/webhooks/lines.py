"""The events of one webhook on their way: in order, with a backlog behind a failing one, retried for seven days.

Times are unix seconds of the emulator. Known (reporting webhooks spec, "Timeouts and failures"): what is answered with
2xx within four seconds has arrived; anything else is tried again for seven days with exponential backoff, some answers
only after an hour; later events wait meanwhile. [inferred]: each wait is twice the one before, the first one being an
hour or what the switch `webhook_retry_seconds` says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

HOUR = 3_600.0
DAYS = 7 * 86_400.0

Error = Literal["", "timeout", "eof", "reset", "refused", "tls", "no such host", "unreachable", "no http"]

_HOUR_STATUSES = frozenset({400, 401, 402, 403, 404, 405, 410, 429, 500, 502, 521})
_HOUR_ERRORS = frozenset({"eof", "reset", "refused", "tls", "no such host"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one request: a status, or why there is none."""

    status: int = 0
    error: Error = ""

    @property
    def arrived(self) -> bool:
        """Whether the event was taken."""
        return 200 <= self.status < 300

    @property
    def waits_an_hour(self) -> bool:
        """Whether the next try comes after an hour at the earliest."""
        return self.status in _HOUR_STATUSES or self.error in _HOUR_ERRORS

    def __str__(self) -> str:
        return self.error or str(self.status)


@dataclass(slots=True, eq=False)
class Parcel:
    """One event under way. `place` is where it stands in what happened; `extra` ones were made up by a fault.

    `twist` names what a fault did to it, `age` is how many seconds its time stamp lies back at the first try,
    `looked_at` says that the rules of faults were heeded. `forged` ones are sent once, whatever the answer. `body` is
    empty until the first try; `first` is when that failed, `wait` the seconds until the next.
    """

    place: int
    twist: str = ""
    extra: bool = False
    forged: bool = False
    age: float = 0.0
    looked_at: bool = False
    body: bytes = b""
    attempts: int = 0
    first: float = 0.0
    wait: float = 0.0


@dataclass(slots=True)
class Line:
    """The queue of one webhook. `end` is the place that was looked at last; `failing` holds back all others.

    `sent` counts requests, `acknowledged` events, `failed` tries that did not arrive, `dropped` events given up after
    seven days, `extra` acknowledged ones that a fault made up, `refused` forgeries that were not answered with 2xx.
    """

    end: int = 0
    sent: int = 0
    acknowledged: int = 0
    failed: int = 0
    dropped: int = 0
    extra: int = 0
    forged: int = 0
    refused: int = 0
    in_flight: int = 0
    next_try: float = 0.0
    failing: Parcel | None = None
    last: Outcome | None = None
    _queue: deque[int] = field(default_factory=deque[int])
    _again: deque[Parcel] = field(default_factory=deque["Parcel"])
    _open: deque[int] = field(default_factory=deque[int])
    _done: set[int] = field(default_factory=set[int])

    @property
    def backlog(self) -> int:
        """How many events have not arrived yet, made-up ones included."""
        return len(self._queue) + len(self._again) + self.in_flight

    @property
    def mark(self) -> int:
        """The place before which everything has arrived, or was given up."""
        return self._open[0] if self._open else self.end

    def add(self, place: int) -> None:
        """Put an event at the end."""
        self._queue.append(place)
        self._open.append(place)

    def put_back(self, parcel: Parcel) -> None:
        """Put an event, or a made-up one, in front of all others that are not under way."""
        self._again.appendleft(parcel)

    def behind(self) -> Parcel | None:
        """Take out the event after the one that was taken last."""
        if self._again:
            return self._again.popleft()
        return Parcel(self._queue.popleft()) if self._queue else None

    def can_send(self, now: float, concurrency: int) -> bool:
        """Whether there is something to send at a time."""
        if self.failing is not None:
            return self.failing in self._again and now >= self.next_try
        return self.in_flight < concurrency and bool(self._again or self._queue)

    def take(self, now: float, concurrency: int) -> Parcel | None:
        """Take the next event under way; None while there is none, or it has to wait."""
        if not self.can_send(now, concurrency):
            return None
        if self.failing is not None:
            self._again.remove(self.failing)
            parcel: Parcel | None = self.failing
        else:
            parcel = self.behind()
        if parcel is not None:
            self.in_flight += 1
        return parcel

    def done(self, parcel: Parcel, outcome: Outcome, now: float, retry_seconds: float) -> bool:
        """Take in what came of an event; return False if it was given up."""
        self.in_flight -= 1
        self.sent += 1
        if parcel.forged:
            self.forged += 1
            self.refused += not outcome.arrived
            return True
        self.last = outcome
        if outcome.arrived:
            self._settle(parcel, arrived=True)
            return True
        return self._retry(parcel, outcome, now, retry_seconds)

    def _retry(self, parcel: Parcel, outcome: Outcome, now: float, retry_seconds: float) -> bool:
        self.failed += 1
        parcel.first = parcel.first if parcel.attempts else now
        parcel.attempts += 1
        until = parcel.first + DAYS
        if now >= until:
            self._settle(parcel, arrived=False)
            return False
        parcel.wait = max(2 * parcel.wait, HOUR if outcome.waits_an_hour else retry_seconds)
        self.put_back(parcel)
        if self.failing in (None, parcel):
            self.failing, self.next_try = parcel, min(now + parcel.wait, until)
        return True

    def _settle(self, parcel: Parcel, *, arrived: bool) -> None:
        if parcel is self.failing:
            self.failing, self.next_try = None, 0.0
        if parcel.extra:
            self.extra += arrived
            return
        self.acknowledged += arrived
        self.dropped += not arrived
        self._done.add(parcel.place)
        while self._open and self._open[0] in self._done:
            self._done.remove(self._open.popleft())

    def kept(self) -> dict[str, Any]:
        """Return what a restart must know."""
        counts = {name: getattr(self, name) for name in _COUNTS}
        failing = self.failing
        if failing is None or failing.extra:
            return {"mark": self.mark, **counts}
        tried = {"place": failing.place, "attempts": failing.attempts, "first": failing.first, "wait": failing.wait}
        return {"mark": self.mark, **counts, "failing": tried, "next_try": self.next_try}

    def restore(self, kept: Mapping[str, Any]) -> None:
        """Go on where a line that was kept had come to."""
        for name in _COUNTS:
            setattr(self, name, kept[name])
        while self._open and self._open[0] < kept["mark"]:
            self._open.popleft()
        self._queue = deque(self._open)
        tried: dict[str, Any] | None = kept.get("failing")
        if tried is not None and tried["place"] in self._queue:
            self._queue.remove(tried["place"])
            self.failing = Parcel(**tried)
            self.next_try = kept["next_try"]
            self.put_back(self.failing)


_COUNTS = ("sent", "acknowledged", "failed", "dropped", "extra", "forged", "refused")
