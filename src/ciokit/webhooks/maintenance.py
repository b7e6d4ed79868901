"""Keeps tables and journal small: compaction, vacuum, removal of what the journal no longer needs to keep.

Many small files are brought together in two steps, so that a row is rewritten a few times and not each time: small
files become middle ones, and many middle ones become full ones.
"""

from __future__ import annotations

import gc
import logging
import math
import os
import shutil
import time
from contextlib import suppress
from typing import Final, NamedTuple

from ciokit.errors import ConfigurationError
from ciokit.webhooks import journal_format as layout
from ciokit.webhooks.commit_settings import CommitSettings
from ciokit.webhooks.delta import DeltaStore, LandingTable, StaleTableError, maintained
from ciokit.webhooks.journal_reader import HANDLERS, JournalReader

_LOG: Final = logging.getLogger("ciokit.webhooks.maintenance")
_SMALL: Final = 16 << 20
_FULL: Final = 128 << 20
_MOST: Final = 40  # files of a kind that a table may have before they are brought together
_LOOK_EVERY: Final = 20  # commits to a table between looks at its files
_PRUNE_EVERY: Final = 10.0
_SWEEP_EVERY: Final = 20  # turns between searches for cycles
_HANDLERS_SECONDS: Final = 7 * 86_400.0  # how long handlers that are behind are waited for


class Compaction(NamedTuple):
    """What compaction did to a table: how many files there were, and how many there are."""

    table: str
    before: int
    after: int


def compact(table: LandingTable, target_bytes: int = _FULL) -> Compaction:
    """Bring the files of a table together into files of about `target_bytes`; readers and writers go on meanwhile.

    Raises:
        ConfigurationError: a file is to have less than a byte.
        TableStoreError: the store does not answer, or another compaction was faster.
    """
    if target_bytes < 1:
        raise ConfigurationError("a compacted file must have room for something: give a size above 0")
    table.refresh()
    before = len(table.file_sizes())
    with maintained("compact", table):
        table.handle.optimize.compact(target_size=target_bytes, max_concurrent_tasks=1)
    return Compaction(table.name, before, len(table.file_sizes()))


def vacuum(table: LandingTable, retention_hours: float | None = None, *, dry_run: bool = False) -> list[str]:
    """Remove files that no version of the last `retention_hours` needs, and return their names.

    Also what a killed writer left behind, once it is that old. None takes what the table says, 3 days if it was made
    here. Less than a few minutes breaks commits that are under way.

    Raises:
        ConfigurationError: the retention is no time.
        TableStoreError: the store does not answer.
    """
    if retention_hours is not None and not 0 <= retention_hours < 1e6:
        raise ConfigurationError(f"the retention must be from 0 to 1,000,000 hours, not {retention_hours:g}")
    table.refresh()
    with maintained("vacuum", table):
        return table.handle.vacuum(
            # delta-rs counts whole hours; half an hour must not become none.
            retention_hours=None if retention_hours is None else math.ceil(retention_hours),
            dry_run=dry_run,
            enforce_retention_duration=False,
            full=True,
        )


class Maintenance:
    """What a committer does between batches."""

    def __init__(self, store: DeltaStore, reader: JournalReader, settings: CommitSettings) -> None:
        self._store = store
        self._reader = reader
        self._settings = settings
        self._looked: dict[str, int] = {}
        self._pruned = 0.0
        self._turns = 0

    def work(self, done: dict[int, int]) -> None:
        """Do what is due; `done` says how far each lane is in all tables.

        Raises:
            TableStoreError: the store does not answer.
        """
        self._turns += 1
        if self._turns % _SWEEP_EVERY == 0:
            # Each append leaves cycles of delta-rs, which hold memory that the interpreter does not know of: it would
            # look for them after hundreds of MiB.
            gc.collect()
        for table in self._store.tables():
            # At the start too: a committer that is run every minute, or dies every minute, would never look.
            if table.commits - self._looked.get(table.name, -_LOOK_EVERY) >= _LOOK_EVERY:
                self._looked[table.name] = table.commits
                self._compact_if_due(table)
        if time.monotonic() - self._pruned >= _PRUNE_EVERY:
            self._pruned = time.monotonic()
            self.prune(done)
            self._vacuum_if_due()

    def prune(self, done: dict[int, int]) -> int:
        """Remove segments of the journal that are in the tables and older than they need be; return how many.

        What the handlers of a receiver have not come to stays for a week, or until the disk is short.
        """
        keep = self._settings.keep_hours * 3600
        longest = max(keep, _HANDLERS_SECONDS)
        if shutil.disk_usage(self._reader.directory).free < self._settings.min_free_bytes:
            keep = longest = 0.0
        wanted = [(lane, min(position, self._handled(lane, position)), keep) for lane, position in done.items()]
        wanted += [(lane, position, longest) for lane, position in done.items()]
        due = [each for each in wanted if self._is_due(*each)]
        if due and self._store.local:
            os.sync()  # delta-rs does not: what leaves the journal must have reached the disk of the tables
        return sum(self._prune(*each) for each in due)

    def _prune(self, lane: int, position: int, keep_seconds: float) -> int:
        removed = self._reader.prune(lane, position, keep_seconds)
        if removed and self._handled(lane, position) < position:
            _LOG.warning("handlers are too far behind in lane %d: %d files went that they had not read", lane, removed)
        return removed

    def _handled(self, lane: int, position: int) -> int:
        """Return how far the handlers have come in a lane; as far as `position` where there are none."""
        with suppress(ConfigurationError):  # a damaged cursor holds nothing up
            if self._reader.has_cursor(HANDLERS, lane):
                return self._reader.cursor(lane, HANDLERS)
        return position

    def _is_due(self, lane: int, position: int, keep_seconds: float) -> bool:
        oldest = next(iter(layout.segments(self._reader.directory, lane)), 0)
        if not oldest < layout.segment_of(position):
            return False
        with suppress(FileNotFoundError):
            written = layout.segment_path(self._reader.directory, lane, oldest).stat().st_mtime
            return time.time() - written >= keep_seconds
        return False

    @staticmethod
    def _compact_if_due(table: LandingTable) -> None:
        sizes = table.file_sizes()
        small = sum(size < _SMALL for size in sizes)
        middle = sum(_SMALL <= size < _FULL for size in sizes)
        if small <= _MOST and middle <= _MOST:
            return
        with suppress(StaleTableError):  # another committer was faster
            done = compact(table, _FULL if middle > _MOST else _SMALL)
            _LOG.info("%s had %d files and has %d", *done)

    def _vacuum_if_due(self) -> None:
        hours = self._settings.vacuum_hours
        mark = self._reader.directory / "vacuumed"
        if not hours:
            return
        try:
            age = time.time() - mark.stat().st_mtime
        except FileNotFoundError:
            age = 0.0
            mark.touch()
        if age < hours * 3600:
            return
        mark.touch()
        for table in self._store.tables():
            with suppress(StaleTableError):
                removed = vacuum(table)
                _LOG.info("%d files of %s were removed", len(removed), table.name)
