"""The append-only journal a receiver writes: many waiting requests share one fsync, and a failing disk is told at once.

```python
with Journal("journal") as journal:
    position = journal.append(headers_json, body)  # returns when it is on disk
    position = await journal.written(headers_json, body)  # the same on an event loop
```

One thread writes whatever has been queued since its last round, syncs once and wakes everybody who waits. After any
failure the segment is left as it is and a new one is begun once the disk takes it: bytes of unknown fate are never
followed by more. A disk that does not even fail is told too: whoever waits for it longer than the limits allow.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import NamedTuple, Self

from ciokit.errors import JournalUnavailableError, ValidationError
from ciokit.webhooks import addresses
from ciokit.webhooks.journal_format import LONGEST_PAYLOAD, STAMP
from ciokit.webhooks.lane import REFUSALS, JournalCounts, JournalLimits, Lane, Refusal

__all__ = ["Journal", "JournalCounts", "JournalLimits", "Refusal"]

_TICK = 1.0  # seconds between looks at the disk, and between attempts to begin anew after a failure
_LOOK = 0.25  # seconds between looks for tasks that wait too long


class _Waiter:
    """A thread that waits for its record."""

    def __init__(self) -> None:
        self.position = 0
        self.error: Refusal | None = None
        self._lock = threading.Lock()
        self._lock.acquire()

    def settle(self, position: int, error: Refusal | None) -> None:
        self.position, self.error = position, error
        self._lock.release()

    def wait(self, patience: float) -> Refusal | None:
        return self.error if self._lock.acquire(timeout=patience) else "stalled"


_Future = asyncio.Future[int]


class _Entry(NamedTuple):
    """A record, who waits for it, and since when, on the monotonic clock."""

    record: tuple[int, bytes, bytes]
    waiting: _Future | _Waiter
    since: float


@dataclass
class _Queue:
    """What waits for the writing thread of one process; a forked child begins with another.

    The thread sleeps on `wake`, which is released when `idle` turns from true to false. `group` is what it writes now,
    and `busy_since` when it last turned to the disk, None while it does not wait for that.
    """

    lane: Lane
    entries: list[_Entry] = field(default_factory=list[_Entry])
    group: list[_Entry] = field(default_factory=list[_Entry])
    busy_since: float | None = None
    bytes: int = 0
    idle: bool = True
    calling: bool = False
    stopping: bool = False
    guard: threading.Lock = field(default_factory=threading.Lock)
    wake: threading.Lock = field(default_factory=threading.Lock)
    ended: threading.Event = field(default_factory=threading.Event)
    threads: tuple[threading.Thread, ...] = ()


class Journal:
    """The journal in a folder, as one process writes it; any of its threads and event loops may.

    Each process takes a lane of its own, also after a fork. It opens at the first append, or when `open` is called.
    """

    def __init__(self, directory: str | os.PathLike[str], limits: JournalLimits | None = None) -> None:
        self.directory = addresses.folder(directory)
        self.limits = limits or JournalLimits()
        self._begin()
        _journals.add(self)

    def _begin(self) -> None:
        self.counts = JournalCounts()
        self._queue = _Queue(Lane(self.directory, self.limits, self.counts))
        self._opening = threading.Lock()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def lane(self) -> int | None:
        """The lane this process writes, once it has one."""
        return self._queue.lane.number

    @property
    def refusal(self) -> Refusal | None:
        """What keeps events from being taken in, if anything does."""
        return self._refusal(self._queue)

    @property
    def pending_bytes(self) -> int:
        """The bytes that wait in memory for the disk."""
        return self._queue.bytes

    def open(self) -> Refusal | None:
        """Take a lane and begin to write; a disk that does not allow it is tried again every second."""
        with self._opening:
            queue = self._queue
            if not queue.threads:
                queue.wake.acquire()
                queue.lane.look()
                queue.threads = (
                    threading.Thread(target=_write, args=(queue,), name="ciokit-journal", daemon=True),
                    threading.Thread(
                        target=_watch, args=(queue, self.limits.patience), name="ciokit-journal-watch", daemon=True
                    ),
                )
                for thread in queue.threads:
                    thread.start()
            return self._refusal(queue)

    def close(self) -> None:
        """Write what is queued, then give the lane back; a disk that does not answer is not waited for."""
        with self._opening:
            queue = self._queue
            if not queue.threads:
                return
            with queue.guard:
                queue.stopping = True
            _rouse(queue)
            while not queue.ended.wait(_LOOK) and self._refusal(queue) != "stalled":
                pass
            if queue.ended.is_set():
                for thread in queue.threads:
                    thread.join()
            self._queue = _Queue(Lane(self.directory, self.limits, self.counts))

    def append(self, headers_json: bytes, body: bytes, received_us: int | None = None) -> int:
        """Append a record and return its position once it is on disk.

        `received_us` is in microseconds since 1970.

        Raises:
            JournalUnavailableError: it may not be on disk.
            ValidationError: it is longer than readers take, 256 MiB.
        """
        waiter = _Waiter()
        _rouse(self._queued((received_us or _now_us(), headers_json, body), waiter))
        error = waiter.wait(self.limits.patience)
        if error is not None:
            raise _unavailable(error)
        return waiter.position

    def written(self, headers_json: bytes, body: bytes, received_us: int | None = None) -> asyncio.Future[int]:
        """Append a record; the future, of the running event loop, is its position once it is on disk.

        Raises:
            JournalUnavailableError: nothing is taken in now; the future raises it where the record may not be on disk.
            ValidationError: it is longer than readers take, 256 MiB.
        """
        loop = asyncio.get_running_loop()
        future: _Future = loop.create_future()
        queue = self._queued((received_us or _now_us(), headers_json, body), future)
        if queue.idle and not queue.calling:
            # Whatever else this turn of the loop brings joins the same group.
            queue.calling = True
            loop.call_soon(_rouse, queue)
        return future

    def _queued(self, record: tuple[int, bytes, bytes], waiting: _Future | _Waiter) -> _Queue:
        queue = self._queue
        if not queue.threads:
            self.open()
        if (refusal := self._refusal(queue)) is not None:
            raise _unavailable(refusal)
        _, headers_json, body = record
        size = len(headers_json) + len(body)
        if size > LONGEST_PAYLOAD - STAMP.size:
            raise ValidationError("is too long for a record of the journal, which has 256 MiB at most", field="body")
        with queue.guard:
            if queue.stopping:
                raise _unavailable("closed")
            if queue.bytes > self.limits.max_pending_bytes:
                raise _unavailable("crowded")
            queue.entries.append(_Entry(record, waiting, time.monotonic()))
            queue.bytes += size
        return queue

    def _refusal(self, queue: _Queue) -> Refusal | None:
        since = queue.busy_since
        if since is not None and time.monotonic() - since > self.limits.patience:
            return "stalled"
        return queue.lane.refusal

    def _forked(self) -> None:
        self._queue.lane.close()
        self._begin()

    @staticmethod
    def after_fork() -> None:
        """Let every journal of a forked child begin again: threads, lane and queue are the parent's."""
        for journal in list(_journals):
            journal._forked()  # noqa: SLF001 - its own class


_journals: weakref.WeakSet[Journal] = weakref.WeakSet()
os.register_at_fork(after_in_child=Journal.after_fork)


def _rouse(queue: _Queue) -> None:
    with queue.guard:
        queue.calling = False
        if not queue.idle:
            return
        queue.idle = False
    with suppress(RuntimeError):  # it woke up by itself, and has not slept since
        queue.wake.release()


def _write(queue: _Queue) -> None:
    """Write what comes until the journal is closed: the body of the writing thread."""
    lane, looked = queue.lane, time.monotonic()
    while not (queue.stopping and not queue.entries):
        queue.wake.acquire(timeout=_TICK)
        while True:
            group = _taken(queue)
            if group:
                _store(lane, group)
            if time.monotonic() - looked >= _TICK:
                lane.look()
                looked = time.monotonic()
            queue.busy_since = None
            if not group:
                break
    lane.close()
    queue.ended.set()


def _store(lane: Lane, group: list[_Entry]) -> None:
    try:
        positions = lane.store([entry.record for entry in group])
    except OSError:
        _settle_all(group, None, lane.refusal or "unwritable")
    else:
        _settle_all(group, positions, None)


def _taken(queue: _Queue) -> list[_Entry]:
    with queue.guard:
        queue.group, queue.entries = queue.entries, []
        queue.bytes = 0
        queue.idle = not queue.group
        queue.busy_since = time.monotonic()
        return queue.group


def _watch(queue: _Queue, patience: float) -> None:
    """Tell tasks that have waited too long: the body of a second thread, as the first may hang in the disk."""
    while not queue.ended.wait(_LOOK):
        before = time.monotonic() - patience
        with queue.guard:
            waiting = [part for part in (queue.group, queue.entries) if part and part[0].since < before]
            late = [each for part in waiting for each in part if each.since < before]
        _settle_all([each for each in late if isinstance(each.waiting, asyncio.Future)], None, "stalled")


def _settle_all(group: Sequence[_Entry], positions: Sequence[int] | None, error: Refusal | None) -> None:
    """Wake everybody of a group: threads one by one, each event loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[_Future, int]]] = {}
    for (_, waiting, _), position in zip(group, positions or [0] * len(group), strict=True):
        if isinstance(waiting, _Waiter):
            waiting.settle(position, error)
        else:
            loops.setdefault(waiting.get_loop(), []).append((waiting, position))
    for loop, futures in loops.items():
        with suppress(RuntimeError):  # the loop was closed
            loop.call_soon_threadsafe(_settle, futures, error)


def _settle(futures: list[tuple[_Future, int]], error: Refusal | None) -> None:
    for future, position in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(position)
        else:
            future.set_exception(_unavailable(error))


def _unavailable(reason: Refusal) -> JournalUnavailableError:
    return JournalUnavailableError(REFUSALS[reason], reason=reason)


def _now_us() -> int:
    return time.time_ns() // 1000
