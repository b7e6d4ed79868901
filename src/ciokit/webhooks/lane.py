"""The writing side of one lane of the journal: its lock, its segments, and what its disk allows; no threads here.

How it lies on disk is told in `ciokit.webhooks.journal_format`; `ciokit.webhooks.journal` puts a queue in front.
"""

from __future__ import annotations

import errno
import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ciokit.webhooks import journal_format as layout
from ciokit.webhooks.journal_reader import HANDLERS, JournalReader

_LOG = logging.getLogger("ciokit.webhooks.journal")
_MOST_LANES = 1024
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_sync: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)

Refusal = Literal["closed", "disk_full", "unwritable", "behind", "stalled", "crowded"]

REFUSALS: dict[Refusal, str] = {
    "closed": "the journal is not open",
    "disk_full": "the journal's disk is full; make room on it",
    "unwritable": "the journal cannot be written; see whether its disk is mounted, writable and sound",
    "behind": "too much of the journal waits to be committed; see what holds up `ciokit webhooks commit`",
    "stalled": "the journal's disk does not answer; see whether it still works",
    "crowded": "too many events wait for the journal's disk",
}


@dataclass(frozen=True)
class JournalLimits:
    """How a journal uses its disk.

    - `segment_bytes`, `segment_seconds`: a new file is begun at this size or age, so that old ones can be removed.
    - `max_pending_bytes`: what may wait in memory for the disk.
    - `patience`: how many seconds an event may wait for the disk. Customer.io itself gives up after 4 s (reporting
      webhooks, "Timeouts and failures"), and does not learn then that it should come again soon.
    - `min_free_bytes`: what is left free on the disk.
    - `max_backlog_bytes`: what may wait on disk for the consumer named `consumer`.
    """

    segment_bytes: int = 64 << 20
    segment_seconds: float = 3600.0
    max_pending_bytes: int = 64 << 20
    patience: float = 3.25
    min_free_bytes: int = 256 << 20
    max_backlog_bytes: int = 16 << 30
    consumer: str = "delta"


@dataclass
class JournalCounts:
    """What a journal has done in this process, and what it last saw of its disk; seconds are those spent syncing.

    `backlog_bytes` wait for the consumer of the limits, `unhandled_bytes` for the handlers of a receiver.
    """

    records: int = 0
    bytes: int = 0
    groups: int = 0
    failures: int = 0
    sync_seconds: float = 0.0
    slowest_sync: float = 0.0
    backlog_bytes: int = 0
    unhandled_bytes: int = 0
    free_bytes: int = 0


@dataclass
class _Segment:
    """The file being written; `begun` is on the monotonic clock."""

    descriptor: int
    number: int
    size: int
    begun: float


class Lane:
    """The lane one process writes. One thread at a time may use it."""

    def __init__(self, directory: Path, limits: JournalLimits, counts: JournalCounts) -> None:
        self.directory = directory
        self.number: int | None = None
        self.refusal: Refusal | None = "closed"
        self._limits = limits
        self._counts = counts
        self._lock = -1
        self._segment: _Segment | None = None
        self._last_segment = 0

    def store(self, records: Iterable[tuple[int, bytes, bytes]]) -> list[int]:
        """Append records, sync, and return where each ends.

        Raises:
            OSError: nothing is known of the records; the segment has been left, and `refusal` says what is the matter.
        """
        try:
            return self._stored(records)
        except Exception as error:
            self._give_up(error)
            if isinstance(error, OSError):
                raise
            raise OSError(errno.EIO, type(error).__name__) from error

    def look(self) -> Refusal | None:
        """Look at the disk, begin anew after a failure, and say what keeps events from being taken in, if anything."""
        try:
            refusal = self._seen()
            if refusal is None:
                self._writable()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next look may find it gone
            self._give_up(error)
        else:
            self._set(refusal)
        return self.refusal

    def close(self) -> None:
        """Give the lane back; in a forked child, let go of the parent's files."""
        descriptors = [self._lock, self._segment.descriptor if self._segment else -1]
        self._lock, self._segment, self.refusal = -1, None, "closed"
        for descriptor in descriptors:
            if descriptor >= 0:
                with suppress(OSError):
                    os.close(descriptor)

    def _stored(self, records: Iterable[tuple[int, bytes, bytes]]) -> list[int]:
        segment = self._writable()
        pieces: list[bytes] = []
        ends: list[int] = []
        end = layout.position(segment.number, segment.size)
        for received_us, headers_json, body in records:
            head = layout.head(received_us, headers_json, body)
            pieces += (head, headers_json, body)
            end += len(head) + len(headers_json) + len(body)
            ends.append(end)
        rest = memoryview(b"".join(pieces))
        size = len(rest)
        while rest:
            rest = rest[os.write(segment.descriptor, rest) :]
        began = time.monotonic()
        _sync(segment.descriptor)
        self._count(len(ends), size, time.monotonic() - began)
        segment.size += size
        return ends

    def _count(self, records: int, size: int, spent: float) -> None:
        counts = self._counts
        counts.records += records
        counts.groups += 1
        counts.bytes += size
        counts.sync_seconds += spent
        counts.slowest_sync = max(counts.slowest_sync, spent)

    def _seen(self) -> Refusal | None:
        counts, limits = self._counts, self._limits
        layout.journal_id(self.directory)
        disk = os.statvfs(self.directory)
        counts.free_bytes = disk.f_bavail * disk.f_frsize
        reader = JournalReader(self.directory)
        counts.backlog_bytes = reader.backlog(limits.consumer)
        counts.unhandled_bytes = reader.backlog(HANDLERS) if reader.has_cursor(HANDLERS) else 0
        if counts.free_bytes < limits.min_free_bytes:
            return "disk_full"
        return "behind" if counts.backlog_bytes > limits.max_backlog_bytes else None

    def _writable(self) -> _Segment:
        """Return the segment to write to: a new one if there is none, or if the last is large or old enough."""
        segment, limits = self._segment, self._limits
        if segment is not None:
            young = not segment.size or time.monotonic() - segment.begun < limits.segment_seconds
            if young and segment.size < limits.segment_bytes:
                return segment
        fresh = self._begun()
        if segment is not None:
            os.close(segment.descriptor)
        return fresh

    def _begun(self) -> _Segment:
        if self.number is None:
            self.number, self._lock, self._last_segment = _free_lane(self.directory)
        path = layout.segment_path(self.directory, self.number, self._last_segment + 1)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            self._last_segment += 1
            raise
        self._last_segment += 1
        try:
            layout.sync_folder(path.parent)  # before any record: a number whose records were read is never used again
        except OSError:
            os.close(descriptor)
            self._drop_last()
            raise
        self._segment = _Segment(descriptor, self._last_segment, 0, time.monotonic())
        return self._segment

    def _drop_last(self) -> None:
        """Remove the last segment, which is empty; the next has its number, as readers take one left out for a loss."""
        if self.number is not None:
            with suppress(OSError):
                layout.segment_path(self.directory, self.number, self._last_segment).unlink()
                self._last_segment -= 1

    def _give_up(self, error: Exception) -> None:
        """Leave the segment as it is: what a failed write or sync left of it cannot be known."""
        self._counts.failures += 1
        segment, self._segment = self._segment, None
        if segment is not None and self.number is not None:
            with suppress(OSError):
                if os.fstat(segment.descriptor).st_size == 0:
                    self._drop_last()
            with suppress(OSError):
                os.close(segment.descriptor)
        full = isinstance(error, OSError) and error.errno in _FULL
        self._set("disk_full" if full else "unwritable", type(error).__name__)

    def _set(self, refusal: Refusal | None, why: str = "") -> None:
        before, self.refusal = self.refusal, refusal
        if refusal == before:
            return
        if refusal is None:
            _LOG.info("taking events in, lane %d", self.number)
        else:
            _LOG.error("not taking events in: %s%s", REFUSALS[refusal], f" ({why})" if why else "")


def _free_lane(directory: Path) -> tuple[int, int, int]:
    """Return the first lane that no living process writes, the descriptor of its lock, and its last segment so far."""
    for number in range(_MOST_LANES):
        folder = layout.lane_path(directory, number)
        folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            layout.sync_folder(directory)
            return number, descriptor, layout.last_segment(directory, number)
        except BlockingIOError:
            os.close(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
    raise OSError(errno.EAGAIN, "every lane is taken")
