"""Reads the webhook journal while it is written: records after a position, damage stepped over, old segments removed.

```python
reader = JournalReader("journal")
for lane in reader.lanes():
    after = reader.cursor(lane, "delta")
    while records := reader.read(lane, after):
        ...
        after = records[-1].position
        reader.move_cursor(lane, "delta", after)
```
"""

from __future__ import annotations

import os
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from ciokit.errors import ConfigurationError
from ciokit.webhooks import addresses
from ciokit.webhooks import journal_format as layout
from ciokit.webhooks.journal_format import FRAME, LONGEST_PAYLOAD, MAGIC, STAMP, Record

_HEAD = FRAME.size + STAMP.size
_LEAST = 64 << 10  # bytes to read at once

__all__ = ["HANDLERS", "Damage", "JournalReader", "Record"]

HANDLERS = "handlers"
"""The cursor that says how far the handlers of a receiver have come in each lane."""

Kind = Literal["torn", "corrupt", "missing"]
_NO_OFFSET = -1


@dataclass(frozen=True)
class Damage:
    """Bytes of a segment that hold no record, or segments that are gone.

    `torn` is the end of a record that was being written when its writer died or the disk refused it: it was never
    acknowledged. `corrupt` is anything else: what was there is lost. `missing` is the first segment of those that are
    gone from between others; how many bytes they had is not known.
    """

    lane: int
    segment: int
    start: int
    end: int
    kind: Kind

    @property
    def bytes(self) -> int:
        """How many."""
        return self.end - self.start


@dataclass(frozen=True)
class _Gap:
    """What lies between two records: `end` is None while more may still be written there."""

    end: int | None
    kind: Kind


class JournalReader:
    """Reads every lane of the journal in a folder; any number of readers may work beside the writers.

    Records are seen as soon as they are written, which can be before they are durable: one that is lost with the
    machine was never acknowledged, and its position is never used again.
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = addresses.folder(directory)
        self._damage: dict[tuple[int, int, int], Damage] = {}

    def require(self) -> None:
        """Make sure that there is a journal, which reading by itself does not ask.

        Raises:
            ConfigurationError: the folder holds none.
        """
        if not (self.directory / "id").exists():
            raise ConfigurationError("there is no journal in this folder; give the one that the receiver writes to")

    @property
    def id(self) -> str:
        """The journal's id, a UUID."""
        return layout.journal_id(self.directory)

    @property
    def damage(self) -> list[Damage]:
        """What `read` had to step over so far, each place once."""
        return list(self._damage.values())

    def lanes(self) -> list[int]:
        """Return the lanes there are; one more appears when another process begins to write."""
        return layout.lanes(self.directory)

    def read(self, lane: int, after: int = 0, *, max_records: int = 10_000, max_bytes: int = 8 << 20) -> list[Record]:
        """Return the next records of a lane, in the order they were written; none if there is nothing new yet.

        At least one is returned if there is one, however large; more only within both limits.
        """
        batch = _Batch([], max_records, max_bytes)
        # What is listed before the last is complete: its writer went on to the next file only when it was.
        numbers = layout.segments(self.directory, lane)
        self._notice_gaps(lane, [number for number in numbers if number >= layout.segment_of(after)])
        for number in numbers:
            if number >= layout.segment_of(after) and not batch.full:
                offset = layout.offset_of(after) if number == layout.segment_of(after) else 0
                with suppress(FileNotFoundError):  # pruned by somebody else
                    self._read_segment(batch, lane, number, offset, sealed=number != numbers[-1])
        return batch.records

    def all_records(self, lane: int, after: int = 0, *, up_to: int | None = None) -> Iterator[Record]:
        """Yield every record there is after a position, and none that ends behind `up_to`."""
        while records := self.read(lane, after):
            for record in records:
                if up_to is not None and record.position > up_to:
                    return
                yield record
            after = records[-1].position

    def newest(self, lane: int) -> int:
        """Return the position of the end of what has been written to a lane, whole or not; 0 if nothing was."""
        for number in reversed(layout.segments(self.directory, lane)):
            size = _size(layout.segment_path(self.directory, lane, number))
            if size:
                return layout.position(number, size)
        return 0

    # Cursors

    def cursor(self, lane: int, name: str) -> int:
        """Return how far the consumer `name` has come in a lane, 0 if it has not begun."""
        try:
            return int(self._cursor_path(lane, name).read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0
        except ValueError:
            raise ConfigurationError(
                f"the cursor `{name}` of lane {lane} is damaged; remove the file to begin again"
            ) from None

    def has_cursor(self, name: str, lane: int | None = None) -> bool:
        """Tell whether a consumer `name` has begun in a lane; None asks for any lane."""
        return any(self._cursor_path(each, name).exists() for each in (self.lanes() if lane is None else [lane]))

    def move_cursor(self, lane: int, name: str, position: int) -> None:
        """Keep durably how far the consumer `name` has come."""
        layout.replace_file(self._cursor_path(lane, name), f"{position}\n")

    def _cursor_path(self, lane: int, name: str) -> Path:
        return layout.lane_path(self.directory, lane) / f"{name}.cursor"

    # Sizes and retention

    def backlog(self, name: str = "delta") -> int:
        """Return the bytes that the consumer `name` has still to read, in all lanes."""
        waiting = 0
        for lane in self.lanes():
            done = self.cursor(lane, name)
            for number in layout.segments(self.directory, lane):
                if number >= layout.segment_of(done):
                    size = _size(layout.segment_path(self.directory, lane, number))
                    waiting += size - layout.offset_of(done) if number == layout.segment_of(done) else size
        return waiting

    def size(self) -> int:
        """Return the bytes of all segments."""
        return sum(
            _size(layout.segment_path(self.directory, lane, number))
            for lane in self.lanes()
            for number in layout.segments(self.directory, lane)
        )

    def prune(self, lane: int, up_to: int, keep_seconds: float = 0.0, *, now: float | None = None) -> int:
        """Remove sealed segments that end at or before a position and were last written `keep_seconds` ago.

        Returns how many were removed. A consumer that is further behind than that misses what was in them. `now` is in
        seconds since 1970. The segment being written always stays: it keeps the lane's numbers growing.
        """
        removed = 0
        oldest = (time.time() if now is None else now) - keep_seconds
        for number in layout.segments(self.directory, lane)[:-1]:
            path = layout.segment_path(self.directory, lane, number)
            with suppress(FileNotFoundError):
                status = path.stat()
                if layout.position(number, status.st_size) > max(up_to, layout.position(number, 0)):
                    break
                if status.st_mtime > oldest:
                    break
                path.unlink()
                removed += 1
        return removed

    # Segments

    def _notice_gaps(self, lane: int, numbers: list[int]) -> None:
        """Take note of segments that are gone: writers leave no number out, and `prune` begins with the oldest."""
        if not numbers or numbers[-1] - numbers[0] < len(numbers):
            return
        for before, number in pairwise(numbers):
            place = (lane, before + 1, _NO_OFFSET)
            if number > before + 1 and place not in self._damage:
                now = layout.segments(self.directory, lane)  # others prune and write while names are listed
                if before in now and before + 1 not in now:
                    self._damage[place] = Damage(lane, before + 1, 0, 0, "missing")

    def _read_segment(self, batch: _Batch, lane: int, number: int, offset: int, *, sealed: bool) -> None:
        with layout.segment_path(self.directory, lane, number).open("rb", buffering=0) as file:
            descriptor = file.fileno()
            size = os.fstat(descriptor).st_size
            while offset < size and not batch.full:
                known = self._damage.get((lane, number, offset))
                if known is not None:
                    offset = known.end
                    continue
                chunk = os.pread(descriptor, min(max(batch.room, _LEAST), size - offset), offset)
                taken = batch.parse(chunk, layout.position(number, offset))
                if not taken:
                    chunk = self._whole(descriptor, chunk, offset, size)
                    taken = batch.parse(chunk, layout.position(number, offset))
                if not taken:
                    gap = _gap(os.pread(descriptor, size - offset, offset), offset, sealed=sealed)
                    if gap.end is None:
                        return
                    self._damage[lane, number, offset] = Damage(lane, number, offset, gap.end, gap.kind)
                    taken = gap.end - offset
                offset += taken

    @staticmethod
    def _whole(descriptor: int, chunk: bytes, offset: int, size: int) -> bytes:
        """Return the one record that is longer than what was read so far, as far as it is there."""
        if len(chunk) < FRAME.size:
            return chunk
        magic, length, _ = FRAME.unpack_from(chunk)
        if magic != MAGIC or length > LONGEST_PAYLOAD:
            return chunk
        return os.pread(descriptor, min(FRAME.size + length, size - offset), offset)


@dataclass
class _Batch:
    """Records that were read together, and how many more bytes and records may join them."""

    records: list[Record]
    max_records: int
    room: int

    @property
    def full(self) -> bool:
        return self.room <= 0 or len(self.records) >= self.max_records

    def parse(self, chunk: bytes, base: int, start: int = 0) -> int:
        """Take the sound records that lie at `start` of a chunk, and return how many bytes they are."""
        view = memoryview(chunk)
        end, offset, full = len(chunk), start, start + self.room
        unpack_frame, unpack_stamp, crc32 = FRAME.unpack_from, STAMP.unpack_from, zlib.crc32
        frame, head = FRAME.size, _HEAD
        while offset < full and offset + head <= end and len(self.records) < self.max_records:
            magic, length, checksum = unpack_frame(chunk, offset)
            after = offset + frame + length
            if magic != MAGIC or length < STAMP.size or after > end:
                break
            if crc32(view[offset + frame : after]) != checksum:
                break
            received_us, headers = unpack_stamp(chunk, offset + frame)
            body = offset + head + headers
            self.records.append(Record(base + after, received_us, chunk[offset + head : body], chunk[body:after]))
            offset = after
        self.room -= offset - start
        return offset - start


def _gap(rest: bytes, offset: int, *, sealed: bool) -> _Gap:
    """Say what lies at the start of `rest`, which is no record: damage, or one that is still being written."""
    at = rest.find(MAGIC, 1)
    while at >= 0:
        if _Batch([], 1, len(rest)).parse(rest, 0, at):
            return _Gap(offset + at, "corrupt")
        at = rest.find(MAGIC, at + 1)
    if not sealed:
        return _Gap(None, "torn")
    return _Gap(offset + len(rest), "torn" if _is_cut_off(rest) else "corrupt")


def _is_cut_off(rest: bytes) -> bool:
    if len(rest) < FRAME.size:
        return MAGIC.startswith(rest[: len(MAGIC)])
    magic, length, _ = FRAME.unpack_from(rest)
    return bool(magic == MAGIC and FRAME.size + length > len(rest))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
