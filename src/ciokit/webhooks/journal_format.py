"""How the webhook journal lies on disk: names of files, the bytes of a record, and what a position means.

```
DIR/id                            a UUID, minted once: which journal this is, whatever folder it is moved to
DIR/lane-0/lock                   held by the one process that writes this lane
DIR/lane-0/0000000001.journal     a segment; the one with the highest number is the one being written
DIR/lane-0/delta.cursor           how far a consumer named `delta` has come, as text
```

A record is `MAGIC`, the length and the CRC-32 of its payload (4 bytes each, big-endian), then the payload: microseconds
since 1970 at which it was received (8 bytes), the length of the headers (4 bytes), the headers as JSON, and the
body as it came. `MAGIC` begins with bytes that UTF-8 never holds, so no JSON can look like a record.

A position is `number of the segment << 40 | offset of the record's end`: it fits a signed 64-bit integer and only grows
within a lane, because no segment is ever written by two processes or after a failure.
"""

from __future__ import annotations

import fcntl
import os
import uuid
import zlib
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

import orjson

from ciokit.errors import ConfigurationError

MAGIC = b"\xff\xfeCJ"
FRAME = Struct(">4sII")
STAMP = Struct(">qI")
LONGEST_PAYLOAD = 1 << 28  # a longer one is a damaged length: readers step over it
LONGEST_BODY = LONGEST_PAYLOAD // 2  # leaves room for headers

_OFFSET_BITS = 40
_OFFSET_MASK = (1 << _OFFSET_BITS) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Record(NamedTuple):
    """One webhook as it was received; `position` is where it ends in its lane."""

    position: int
    received_us: int
    headers_json: bytes
    body: bytes

    @property
    def received_at(self) -> datetime:
        """When it was received, in UTC."""
        return _EPOCH + timedelta(microseconds=self.received_us)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the request, names in lower case; those that hold credentials were not kept."""
        found: dict[str, Any] = orjson.loads(self.headers_json)
        return found


def head(received_us: int, headers_json: bytes, body: bytes) -> bytes:
    """Return the bytes of a record that go before its headers and body."""
    stamp = STAMP.pack(received_us, len(headers_json))
    checksum = zlib.crc32(body, zlib.crc32(headers_json, zlib.crc32(stamp)))
    return FRAME.pack(MAGIC, len(headers_json) + len(body) + STAMP.size, checksum) + stamp


def position(segment: int, offset: int) -> int:
    """Return the position of what ends at `offset` of a segment."""
    return segment << _OFFSET_BITS | offset


def segment_of(position: int) -> int:
    """Return the number of the segment that a position is in."""
    return position >> _OFFSET_BITS


def offset_of(position: int) -> int:
    """Return the offset in its segment at which a position lies."""
    return position & _OFFSET_MASK


# Files


def lane_path(directory: Path, lane: int) -> Path:
    """Return the folder of a lane."""
    return directory / f"lane-{lane}"


def lanes(directory: Path) -> list[int]:
    """Return the numbers of the lanes there are, in order."""
    return _numbers(directory, "lane-", "")


def segment_path(directory: Path, lane: int, segment: int) -> Path:
    """Return the file of a segment."""
    return lane_path(directory, lane) / f"{segment:010d}.journal"


def segments(directory: Path, lane: int) -> list[int]:
    """Return the numbers of a lane's segments, oldest first; all but the last are sealed."""
    return _numbers(lane_path(directory, lane), "", ".journal")


def last_segment(directory: Path, lane: int) -> int:
    """Return the highest number that a segment of a lane has or had, as far as can be told; 0 if there was none.

    Where the last segment is gone, cursors still say which numbers were used: none may be used again, because a
    consumer takes what ends before its cursor for read.
    """
    numbers = segments(directory, lane)
    for path in lane_path(directory, lane).glob("*.cursor"):
        with suppress(ValueError):
            numbers.append(segment_of(int(path.read_text(encoding="ascii"))))
    return max(numbers, default=0)


def _numbers(folder: Path, prefix: str, suffix: str) -> list[int]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 - asked often; names are all that is needed
    except FileNotFoundError:
        return []
    found = [
        name[len(prefix) : len(name) - len(suffix)]
        for name in names
        if name.startswith(prefix) and name.endswith(suffix)
    ]
    return sorted(int(number) for number in found if number.isdecimal())


def journal_id(directory: Path) -> str:
    """Return the id of a journal, minting it if this is the first time anyone asks.

    Raises:
        ConfigurationError: the folder can be neither read nor made.
    """
    try:
        _make_folder(directory)
        known = directory / "id"
        if not known.exists():
            with _locked(directory / "id.lock"):
                if not known.exists():
                    replace_file(known, f"{uuid.uuid4()}\n")
        return str(uuid.UUID(known.read_text(encoding="ascii").strip()))
    except OSError as error:
        raise ConfigurationError(
            f"the journal's folder cannot be used ({type(error).__name__}); give one that this user may write"
        ) from error
    except ValueError:
        raise ConfigurationError("the file `id` in the journal's folder holds no UUID; restore it") from None


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, durably."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)


@contextmanager
def _locked(path: Path) -> Generator[None]:
    with path.open("a", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def replace_file(path: Path, text: str) -> None:
    """Write a small file so that a reader sees the old text or the new one, also after a power cut."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with fresh.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
