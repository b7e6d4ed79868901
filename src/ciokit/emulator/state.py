"""A world that survives restarts: a journal of what changed it, replayed at the start.

A record is one line of JSON (what, when, size and checksum of its body) and the body. It is handed to the operating
system before the answer leaves, so killing the process loses nothing that was answered; a power cut may lose the last
moments. A record that a kill tore off at the end is cut away; damage anywhere else is refused, never guessed around.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson

from ciokit.errors import ConfigurationError

_FORMAT = 1
_log = logging.getLogger("ciokit.emulator")


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that changed the world: `do` names it, `at` is the emulator's time in unix seconds."""

    do: str
    at: float
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])
    body: bytes = b""


class Journal:
    """The records in one directory. Only one emulator at a time can hold it.

    Raises `ConfigurationError` when the directory cannot be used, is held already, or holds what is no journal.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / "journal"
        self.torn = 0
        """How many bytes of a torn record were cut off at the start."""
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock = (directory / "lock").open("ab")
        except OSError as error:
            raise ConfigurationError(f"the state directory {directory} cannot be used: {error.strerror}") from None
        if not _locked(self._lock):
            self._lock.close()
            raise ConfigurationError(f"the state directory {directory} is in use by another emulator; choose another")
        self._end = 0
        try:
            self._file = self.path.open("r+b" if self.path.exists() else "x+b", buffering=0)
        except OSError as error:
            self._lock.close()
            raise ConfigurationError(f"the journal {self.path} cannot be used: {error.strerror}") from None

    def records(self) -> Iterator[Record]:
        """Yield every record from the first; afterwards new ones can be added."""
        self._end = 0
        with self.path.open("rb") as file:
            while True:
                record, size = _read(file, self._end)
                if record is None:
                    break
                self._end += size
                yield record
            self.torn = os.fstat(file.fileno()).st_size - self._end
        if self.torn:
            _log.warning("cut off %d bytes of a torn record at the end of %s", self.torn, self.path)
            self._file.truncate(self._end)
        self._file.seek(self._end)

    def add(self, record: Record) -> None:
        """Write a record; when that fails (a full disk), the journal stays as it was and the error goes up."""
        head = orjson.dumps(
            {
                "do": record.do,
                "at": record.at,
                "format": _FORMAT,
                "bytes": len(record.body),
                "crc": zlib.crc32(record.body),
                **record.detail,
            }
        )
        data = memoryview(b"%b\n%b\n" % (head, record.body))
        if os.fstat(self._file.fileno()).st_nlink == 0:  # what is written to a file without a name is kept nowhere
            raise FileNotFoundError(errno.ENOENT, "the journal was deleted while it was in use", str(self.path))
        try:
            written = 0
            while written < len(data):
                written += self._file.write(data[written:]) or 0
        except OSError:
            self._file.truncate(self._end)
            self._file.seek(self._end)
            raise
        self._end += len(data)

    def clear(self) -> None:
        """Forget every record."""
        self._file.truncate(0)
        self._file.seek(0)
        self._end = 0

    def close(self) -> None:
        """Let go of the directory."""
        self._file.close()
        self._lock.close()


def _read(file: BinaryIO, at: int) -> tuple[Record | None, int]:
    """Return the next record and its size; None at the end, or where the last record is torn."""
    head = file.readline()
    if not head.endswith(b"\n"):
        return None, 0
    try:
        detail = cast("dict[str, Any]", orjson.loads(head))
        kind, when, size, crc = detail.pop("do"), detail.pop("at"), detail.pop("bytes"), detail.pop("crc")
        known = detail.pop("format") == _FORMAT
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise _damaged(file, at) from None
    if not known:
        raise ConfigurationError(f"{file.name} was written by another version of ciokit; use an empty directory")
    body = file.read(size + 1)
    if len(body) <= size:
        return None, 0
    if body[-1:] != b"\n" or zlib.crc32(body[:-1]) != crc:
        raise _damaged(file, at)
    return Record(kind, when, detail, body[:-1]), len(head) + len(body)


def _damaged(file: BinaryIO, at: int) -> ConfigurationError:
    return ConfigurationError(
        f"{file.name} is damaged at byte {at}: it was changed by something else than the emulator. "
        "Restore it, or use an empty directory"
    )


def _locked(file: BinaryIO) -> bool:
    """Take the lock that goes with an open file, and with it; the operating system drops it when the process ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
