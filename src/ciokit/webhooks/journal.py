"""The append-only journal a receiver writes: many waiting requests share one fsync, and a failing disk is told at once.

```python
with Journal("journal") as journal:
    position = journal.append(headers_json, body)  # returns when it is on disk
    position = await journal.written(headers_json, body)  # the same on an event loop
```

One thread writes whatever has been queued since its last round, syncs once and wakes everybody who waits. After any
failure the segment is left as it is and a new one is begun once the disk takes it: bytes of unknown fate are never
followed by more.
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
from pathlib import Path
from types import TracebackType
from typing import Self

from ciokit.errors import JournalUnavailableError
from ciokit.webhooks.lane import REFUSALS, JournalCounts, JournalLimits, Lane, Refusal

__all__ = ["Journal", "JournalCounts", "JournalLimits", "Refusal"]

_TICK = 1.0  # seconds between looks at the disk, and between attempts to begin anew after a failure
_CROWDED = "too many events wait for the journal's disk"


class _Waiter:
    """A thread that waits for its record."""

    def __init__(self) -> None:
        self.position = 0
        self.error: str | None = None
        self._lock = threading.Lock()
        self._lock.acquire()

    def settle(self, position: int, error: str | None) -> None:
        self.position, self.error = position, error
        self._lock.release()

    def wait(self) -> None:
        self._lock.acquire()


_Future = asyncio.Future[int]
_Entry = tuple[tuple[int, bytes, bytes], _Future | _Waiter]


@dataclass
class _Queue:
    """What waits for the writing thread of one process; a forked child begins with another.

    The thread sleeps on `wake`, which is released when `idle` turns from true to false.
    """

    lane: Lane
    entries: list[_Entry] = field(default_factory=list[_Entry])
    bytes: int = 0
    idle: bool = True
    calling: bool = False
    stopping: bool = False
    guard: threading.Lock = field(default_factory=threading.Lock)
    wake: threading.Lock = field(default_factory=threading.Lock)
    thread: threading.Thread | None = None


class Journal:
    """The journal in a folder, as one process writes it; any of its threads and event loops may.

    Each process takes a lane of its own, also after a fork. It opens at the first append, or when `open` is called.
    """

    def __init__(self, directory: str | os.PathLike[str], limits: JournalLimits | None = None) -> None:
        self.directory = Path(directory)
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
        return self._queue.lane.refusal

    @property
    def pending_bytes(self) -> int:
        """The bytes that wait in memory for the disk."""
        return self._queue.bytes

    def open(self) -> Refusal | None:
        """Take a lane and begin to write; a disk that does not allow it is tried again every second."""
        with self._opening:
            queue = self._queue
            if queue.thread is None:
                queue.wake.acquire()
                queue.lane.look()
                queue.thread = threading.Thread(target=_write, args=(queue,), name="ciokit-journal", daemon=True)
                queue.thread.start()
            return queue.lane.refusal

    def close(self) -> None:
        """Write what is queued, then give the lane back."""
        with self._opening:
            queue = self._queue
            if queue.thread is None:
                return
            queue.stopping = True
            _rouse(queue)
            queue.thread.join()
            queue.lane.close()
            self._queue = _Queue(Lane(self.directory, self.limits, self.counts))

    def append(self, headers_json: bytes, body: bytes, received_us: int | None = None) -> int:
        """Append a record and return its position once it is on disk.

        `received_us` is in microseconds since 1970.

        Raises:
            JournalUnavailableError: it may not be on disk.
        """
        waiter = _Waiter()
        _rouse(self._queued(((received_us or _now_us(), headers_json, body), waiter)))
        waiter.wait()
        if waiter.error is not None:
            raise JournalUnavailableError(waiter.error)
        return waiter.position

    def written(self, headers_json: bytes, body: bytes, received_us: int | None = None) -> asyncio.Future[int]:
        """Append a record; the future, of the running event loop, is its position once it is on disk.

        Raises:
            JournalUnavailableError: nothing is taken in now; the future raises it where the record may not be on disk.
        """
        loop = asyncio.get_running_loop()
        future: _Future = loop.create_future()
        queue = self._queued(((received_us or _now_us(), headers_json, body), future))
        if queue.idle and not queue.calling:
            # Whatever else this turn of the loop brings joins the same group.
            queue.calling = True
            loop.call_soon(_rouse, queue)
        return future

    def _queued(self, entry: _Entry) -> _Queue:
        queue = self._queue
        if queue.thread is None:
            self.open()
        if (refusal := queue.lane.refusal) is not None:
            raise JournalUnavailableError(REFUSALS[refusal])
        (_, headers_json, body), _ = entry
        with queue.guard:
            if queue.bytes > self.limits.max_pending_bytes or queue.stopping:
                raise JournalUnavailableError(_CROWDED)
            queue.entries.append(entry)
            queue.bytes += len(headers_json) + len(body)
        return queue

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
        group: list[_Entry] | None = None
        while group is None or group:
            group = _taken(queue)
            if group:
                _store(lane, group)
            if time.monotonic() - looked >= _TICK:
                lane.look()
                looked = time.monotonic()


def _store(lane: Lane, group: list[_Entry]) -> None:
    try:
        positions = lane.store([record for record, _ in group])
    except OSError:
        _settle_all(group, None, REFUSALS[lane.refusal or "unwritable"])
    else:
        _settle_all(group, positions, None)


def _taken(queue: _Queue) -> list[_Entry]:
    with queue.guard:
        group, queue.entries = queue.entries, []
        queue.bytes = 0
        queue.idle = not group
    return group


def _settle_all(group: Sequence[_Entry], positions: Sequence[int] | None, error: str | None) -> None:
    """Wake everybody of a group: threads one by one, each event loop once."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[_Future, int]]] = {}
    for (_, waiting), position in zip(group, positions or [0] * len(group), strict=True):
        if isinstance(waiting, _Waiter):
            waiting.settle(position, error)
        else:
            loops.setdefault(waiting.get_loop(), []).append((waiting, position))
    for loop, futures in loops.items():
        with suppress(RuntimeError):  # the loop was closed
            loop.call_soon_threadsafe(_settle, futures, error)


def _settle(futures: list[tuple[_Future, int]], error: str | None) -> None:
    for future, position in futures:
        if future.done():
            continue
        if error is None:
            future.set_result(position)
        else:
            future.set_exception(JournalUnavailableError(error))


def _now_us() -> int:
    return time.time_ns() // 1000
