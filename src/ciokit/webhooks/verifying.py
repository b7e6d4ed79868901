"""Compares a journal with the tables: every event that was acknowledged is in them, and once.

What is compared is what the journal still holds and the committer has passed; what it has not come to yet is pending.
The comparison goes through a file on disk, so memory stays flat.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ciokit.webhooks.arbiter import app_of, typed_app_of
from ciokit.webhooks.commit_settings import CURSOR, CommitSettings
from ciokit.webhooks.delta import DeltaStore, LandingTable, microseconds
from ciokit.webhooks.intake import Batch
from ciokit.webhooks.journal_reader import Damage, JournalReader
from ciokit.webhooks.seen import WINDOWS_REMEMBERED
from ciokit.webhooks.tables import QUARANTINE, RAW, TYPED, body_hash

_NOTHING: Final = 2**62
_DAY_US: Final = 86_400_000_000
_TABLES: Final = """
CREATE TABLE events (
    key TEXT PRIMARY KEY, day TEXT, kind TEXT, records INTEGER, given INTEGER, raw INTEGER DEFAULT 0,
    typed INTEGER DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE rejects (key TEXT PRIMARY KEY, records INTEGER, there INTEGER DEFAULT 0) WITHOUT ROWID;
"""
_EVENT: Final = """
INSERT INTO events (key, day, kind, records, given) VALUES (?, ?, ?, 1, ?)
ON CONFLICT (key) DO UPDATE SET records = records + 1, given = max(given, excluded.given)
"""
_REJECT: Final = """
INSERT INTO rejects (key, records) VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET records = records + 1
"""
_SUMMARY: Final = """
SELECT day, kind, sum(records), count(*), sum(raw = 0), sum(raw > 1), sum(given AND typed = 0), sum(typed > 1)
FROM events GROUP BY day, kind ORDER BY day, kind
"""


@dataclass(frozen=True)
class DayCount:
    """Events of one day, by when they happened, UTC, and one object type.

    `records` are what the journal holds of them, retries included; `events` are different ones. `missing` and
    `doubled` are about the raw table, `typed_missing` and `typed_doubled` about the one of the type.
    """

    day: str
    object_type: str
    records: int
    events: int
    missing: int
    doubled: int
    typed_missing: int
    typed_doubled: int


@dataclass(frozen=True)
class Verification:
    """What a journal and the tables have in common; `sound` is whether nothing is missing and nothing there twice."""

    days: list[DayCount]
    pending: int
    rejects: int
    rejects_missing: int
    rejects_doubled: int
    damage: list[Damage] = field(default_factory=list[Damage])

    @property
    def missing(self) -> int:
        """Events that are not in all the tables they belong in."""
        return self.rejects_missing + sum(day.missing + day.typed_missing for day in self.days)

    @property
    def doubled(self) -> int:
        """Events that are in a table more than once."""
        return self.rejects_doubled + sum(day.doubled + day.typed_doubled for day in self.days)

    @property
    def lost_bytes(self) -> int:
        """Bytes of the journal that were damaged after they had been written."""
        return sum(damage.bytes for damage in self.damage if damage.kind == "corrupt")

    @property
    def lost_segments(self) -> int:
        """Places in the journal where segments are gone."""
        return sum(damage.kind == "missing" for damage in self.damage)

    @property
    def sound(self) -> bool:
        """Whether nothing is missing, doubled or damaged."""
        return not (self.missing or self.doubled or self.lost_bytes or self.lost_segments)


def verify(
    directory: str | Path,
    uri: str | Path,
    *,
    storage_options: Mapping[str, str] | None = None,
    window_days: float = CommitSettings.window_days,
) -> Verification:
    """Compare a journal with the tables; a committer may work meanwhile.

    `window_days` is what the committer works with: a record may repeat an event that was received so long before.

    Raises:
        ConfigurationError: there is no journal, it cannot be read, or there are no webhook tables.
        TableStoreError: the store does not answer.
    """
    reader, store = JournalReader(directory), DeltaStore(uri, storage_options)
    reader.require()
    with (
        tempfile.TemporaryDirectory(prefix="ciokit-verify-") as folder,
        closing(sqlite3.connect(Path(folder) / "events.sqlite", isolation_level=None)) as database,
    ):
        database.executescript(_TABLES)
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        return _Comparison(reader, store, database).made(int(window_days * _DAY_US))


class _Comparison:
    def __init__(self, reader: JournalReader, store: DeltaStore, database: sqlite3.Connection) -> None:
        self._reader = reader
        self._store = store
        self._database = database
        self._pending = 0
        self._oldest_us = _NOTHING

    def made(self, window_us: int) -> Verification:
        # The cursors first, then the raw table: what these have passed, the tables that are opened later have too.
        cursors = {lane: self._reader.cursor(lane, CURSOR) for lane in self._reader.lanes()}
        raw = self._store.table(RAW)
        raw.require()
        for lane, cursor in cursors.items():
            self._read(raw, lane, cursor)
        if self._oldest_us < _NOTHING:
            since = f"received_at >= {microseconds(self._oldest_us - WINDOWS_REMEMBERED * window_us)}"
            self._count(raw, "event_id", since, "events", "raw")
            for table in TYPED.values():
                self._count(self._store.table(table), "event_id", since, "events", "typed")
            self._count(self._store.table(QUARANTINE), "body_sha256", since, "rejects", "there")
        (rejects,) = self._database.execute(
            "SELECT count(*), coalesce(sum(there = 0), 0), coalesce(sum(there > 1), 0) FROM rejects"
        )
        return Verification(
            days=[DayCount(*row) for row in self._database.execute(_SUMMARY)],
            pending=self._pending,
            rejects=rejects[0],
            rejects_missing=rejects[1],
            rejects_doubled=rejects[2],
            damage=self._reader.damage,
        )

    def _read(self, raw: LandingTable, lane: int, cursor: int) -> None:
        name, after = f"{self._reader.id}/{lane}", 0
        # A raw table that is not the committer's, or was taken back, has not passed what the cursor says.
        done = max(raw.transaction(app_of(name)), cursor)
        # The raw table knows of the batch before the last; of the last one, the committer says so in the journal.
        given = max(raw.transaction(typed_app_of(name)), cursor)
        while records := self._reader.read(lane, after):
            after = records[-1].position
            passed = [record for record in records if record.position <= done]
            self._pending += len(records) - len(passed)
            if not passed:
                continue
            batch = Batch()
            batch.add(name, passed)
            self._oldest_us = min(self._oldest_us, *(record.received_us for record in passed))
            self._database.executemany(
                _EVENT,
                (
                    (event.event_id, _day(event.occurred_us), kind, kind in TYPED and position <= given)
                    for event, _, _, position in batch.landings
                    for kind in (event.object_type,)
                ),
            )
            self._database.executemany(_REJECT, ((body_hash(reject.body),) for reject in batch.rejects))

    def _count(self, table: LandingTable, key: str, where: str, into: str, column: str) -> None:
        if not table.exists():
            return  # all that should be there is missing
        for (keys,) in table.scan((key,), where):
            update = f"UPDATE {into} SET {column} = {column} + 1 WHERE key = ?"  # noqa: S608 - our own names
            self._database.executemany(update, ((key,) for key in keys))


def _day(microseconds_: int) -> str:
    return datetime.fromtimestamp(microseconds_ // 1_000_000, UTC).date().isoformat()
