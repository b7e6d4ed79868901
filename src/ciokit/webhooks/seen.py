"""Which events a table already holds: a file beside the journal that repeats what the table says, for fast look-ups.

The table is the truth. Each of its rows carries the commit that wrote it in `_committed_at`, so what this file has not
heard of yet are the rows of later commits. It is made anew, from the table, whenever it is missing, damaged, or about
another table, and it reaches as far back as the events that are asked for need it to.

Keys are kept in generations of half a window each, by the time of receipt; an old generation is dropped as a whole.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import orjson

from ciokit.webhooks.delta import LandingTable, microseconds

_LOG = logging.getLogger("ciokit.webhooks.committer")
_CACHE_KIB: Final = 32 << 10  # memory stays as it is, however many keys there are


class _Marker(NamedTuple):
    """What the file holds: keys of this table, in generations of this length, received since, up to this commit."""

    table: str = ""
    half: int = 0
    since: int = 0
    commit: int = 0


class SeenKeys:
    """The keys that a table holds, as far back as a window before the oldest event in question.

    Args:
        path: the file; its folder is made.
        key: the column of the table that holds the keys.
        window_us: how long before an event another with its key counts as the same, in microseconds, by the time of
            receipt.
    """

    def __init__(self, path: Path, key: str, window_us: int) -> None:
        self._path = path
        self._key = key
        self._window = window_us
        self._half = max(1, window_us // 2)
        self._database = _opened(path)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def catch_up(self, table: LandingTable, commit: int, oldest_us: int) -> None:
        """Learn what the table's snapshot holds that this file does not.

        Args:
            table: the table.
            commit: the newest commit in its snapshot, as in `_committed_at`; 0 if there is none.
            oldest_us: when the oldest event that will be asked for was received, in microseconds since 1970.

        Raises:
            TableStoreError: the table cannot be read.
        """
        try:
            self._catch_up(table, commit, oldest_us)
        except sqlite3.DatabaseError as error:
            _LOG.warning("the file of seen events is damaged (%s) and is made anew", type(error).__name__)
            self._database.close()
            _remove(self._path)
            self._database = _opened(self._path)
            self._catch_up(table, commit, oldest_us)

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
        with self._database:
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

    def add(self, keys: Iterable[tuple[str, int]], commit: int) -> None:
        """Remember keys, each with the time of receipt in microseconds, that were committed just now."""
        with suppress(sqlite3.DatabaseError), self._database:  # what fails here is mended by the next `catch_up`
            self._insert(keys)
            self._database.execute('UPDATE marker SET "commit" = ?', (commit,))

    def known(self, keys: Sequence[str]) -> set[str]:
        """Return those of the keys that the table holds."""
        found: set[str] = set()
        asked = orjson.dumps(keys).decode()
        for name in self._generations().values():
            query = f"SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM {name} WHERE key = value)"  # noqa: S608 - our own name
            found.update(key for (key,) in self._database.execute(query, (asked,)))
        return found

    # The file

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
            self._database.execute(insert, (orjson.dumps(part).decode(),))

    def _forget_before(self, since: int) -> None:
        for generation, name in self._generations().items():
            if (generation + 1) * self._half <= since:
                self._database.execute(f"DROP TABLE {name}")

    def _clear(self) -> None:
        with self._database:
            self._database.execute("DELETE FROM marker")
            for name in self._generations().values():
                self._database.execute(f"DROP TABLE {name}")


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connected(path)
    except sqlite3.DatabaseError:
        _remove(path)
        return _connected(path)


def _connected(path: Path) -> sqlite3.Connection:
    # One thread at a time uses it, though not always the same.
    database = sqlite3.connect(path, check_same_thread=False, isolation_level="IMMEDIATE")
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        database.execute('CREATE TABLE IF NOT EXISTS marker (id TEXT, half INTEGER, since INTEGER, "commit" INTEGER)')
        database.commit()
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
