"""Which events a table already holds: a file beside the journal that repeats what the table says, for fast look-ups.

The table is the truth. Each of its rows carries the commit that wrote it in `_committed_at`, so what this file has not
heard of yet are the rows of later commits. It is made anew, from the table, whenever it is missing, damaged, or about
another table, and it reaches as far back as the events that are asked for need it to.

Keys are kept in generations of half a window each, by the time of receipt; an old generation is dropped as a whole.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from ciokit.errors import TableStoreError
from ciokit.webhooks.delta import LandingTable, microseconds

_LOG = logging.getLogger("ciokit.webhooks.committer")
_CACHE_KIB: Final = 32 << 10  # memory stays as it is, however many keys there are
# What says of the disk, or of another that holds the file, what it would say of any other file: making it anew is no
# help. A limit to the size of files and a quota come as SQLITE_IOERR.
_NOT_NOW: Final = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
)


class _Marker(NamedTuple):
    """What the file holds: keys of this table, in generations of this length, received since, up to this commit."""

    table: str = ""
    half: int = 0
    since: int = 0
    commit: int = 0


class SeenKeys:
    """The keys that a table holds, as far back as a window before the oldest event in question.

    Args:
        path: the file; it and its folder are made when they are needed.
        key: the column of the table that holds the keys.
        window_us: how long before an event another with its key counts as the same, in microseconds, by the time of
            receipt.
    """

    def __init__(self, path: Path, key: str, window_us: int) -> None:
        self._path = path
        self._key = key
        self._window = window_us
        self._half = max(1, window_us // 2)
        self._open: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file; it is opened again when it is next used."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def known(self, keys: Sequence[str], table: LandingTable, commit: int, oldest_us: int) -> set[str]:
        """Return those of the keys that the table's snapshot holds.

        Args:
            keys: what is asked for.
            table: the table; what this file does not know of it yet is read.
            commit: the newest commit in its snapshot, as in `_committed_at`; 0 if there is none.
            oldest_us: when the oldest event that is asked for was received, in microseconds since 1970.

        Raises:
            TableStoreError: the table cannot be read, or the disk has no room for the file.
        """
        with _told():
            try:
                return self._known(keys, table, commit, oldest_us)
            except sqlite3.DatabaseError as error:
                if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF in _NOT_NOW:
                    raise
                _LOG.warning("the file of seen events is damaged (%s) and is made anew", type(error).__name__)
            self.close()
            _remove(self._path)
            return self._known(keys, table, commit, oldest_us)

    def add(self, keys: Iterable[tuple[str, int]], commit: int) -> None:
        """Remember keys, each with the time of receipt in microseconds, that were committed just now."""
        with suppress(sqlite3.DatabaseError), self._writing():  # what fails here is made up for by the next `known`
            self._insert(keys)
            self._database.execute('UPDATE marker SET "commit" = ?', (commit,))

    def _known(self, keys: Sequence[str], table: LandingTable, commit: int, oldest_us: int) -> set[str]:
        self._catch_up(table, commit, oldest_us)
        found: set[str] = set()
        asked = _stored(keys)
        for name in self._generations().values():
            query = f"SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM {name} WHERE key = value)"  # noqa: S608 - our own name
            found.update(_original(key) for (key,) in self._database.execute(query, (asked,)))
        return found

    def _catch_up(self, table: LandingTable, commit: int, oldest_us: int) -> None:
        known = self._marker()
        since = (oldest_us - self._window) // self._half * self._half
        if known.table == table.id and known.half == self._half and known.commit <= commit:
            if known.commit == commit and known.since <= since < known.since + 2 * self._half:
                return
        else:
            _LOG.info("reading which events %s holds already", table.name)
            self._clear()
            known = _Marker(since=since)
        with self._writing():
            if known.commit < commit:
                later = f" and _committed_at > {microseconds(known.commit)}" if known.commit else ""
                self._load(table, f"received_at >= {microseconds(known.since)}{later}")
            if since < known.since:
                before = f"received_at >= {microseconds(since)} and received_at < {microseconds(known.since)}"
                self._load(table, before)
            kept = max(since - self._half, min(since, known.since))
            self._forget_before(kept)
            self._database.execute("DELETE FROM marker")
            self._database.execute("INSERT INTO marker VALUES (?, ?, ?, ?)", (table.id, self._half, kept, commit))

    # The file

    @property
    def _database(self) -> sqlite3.Connection:
        if self._open is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._open = _connected(self._path)
        return self._open

    @contextmanager
    def _writing(self) -> Generator[None]:
        """Do all or nothing, the making and dropping of tables too."""
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            yield

    def _marker(self) -> _Marker:
        row = self._database.execute('SELECT id, half, since, "commit" FROM marker').fetchone()
        return _Marker() if row is None else _Marker(*row)

    def _generations(self) -> dict[int, str]:
        names = self._database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'seen_*'")
        return {int(name.removeprefix("seen_")): name for (name,) in names}

    def _load(self, table: LandingTable, where: str) -> None:
        for keys, received in table.scan((self._key, "received_at"), where):
            self._insert(zip(keys, received, strict=True))

    def _insert(self, keys: Iterable[tuple[str, int]]) -> None:
        parts: dict[int, list[str]] = {}
        for key, received in keys:
            parts.setdefault(max(0, received // self._half), []).append(key)
        for generation, part in parts.items():
            name = f"seen_{generation}"
            self._database.execute(f"CREATE TABLE IF NOT EXISTS {name} (key TEXT PRIMARY KEY) WITHOUT ROWID")
            insert = f"INSERT OR IGNORE INTO {name} SELECT value FROM json_each(?)"  # noqa: S608 - our own name
            self._database.execute(insert, (_stored(part),))

    def _forget_before(self, since: int) -> None:
        for generation, name in self._generations().items():
            if (generation + 1) * self._half <= since:
                self._database.execute(f"DROP TABLE {name}")

    def _clear(self) -> None:
        with self._writing():
            self._database.execute("DELETE FROM marker")
            for name in self._generations().values():
                self._database.execute(f"DROP TABLE {name}")


@contextmanager
def _told() -> Generator[None]:
    """Tell what is the matter with the file as of a store that does not answer: it is waited out like that."""
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        what = getattr(error, "sqlite_errorname", type(error).__name__)
        raise TableStoreError(
            f"the file of seen events cannot be written ({what}); make room on the disk of the journal, or see whether "
            "it is sound"
        ) from error


def _stored(keys: Sequence[str]) -> str:
    """Return keys as SQLite is given them. It ends a text at a NUL in JSON: one that has a NUL is stored as JSON."""
    return orjson.dumps([_as_json(key) if "\x00" in key or key.startswith('"') else key for key in keys]).decode()


def _original(stored: str) -> str:
    key: str = orjson.loads(stored) if stored.startswith('"') else stored
    return key


def _as_json(key: str) -> str:
    return orjson.dumps(key).decode()


def _connected(path: Path) -> sqlite3.Connection:
    # One thread at a time uses it, though not always the same. Transactions are begun by `_writing`.
    database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        database.execute('CREATE TABLE IF NOT EXISTS marker (id TEXT, half INTEGER, since INTEGER, "commit" INTEGER)')
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
