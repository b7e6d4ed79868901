"""What the committer keeps and what it removes: segments of the journal, files of the tables, memory."""

from __future__ import annotations

import gc
import os
import time
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from ciokit.errors import ConfigurationError
from ciokit.webhooks.commit_settings import CURSOR, CommitSettings
from ciokit.webhooks.committer import Committer
from ciokit.webhooks.maintenance import Maintenance
from ciokit.webhooks.tables import RAW
from tests.support.webhook_landing import commit, event, events, once, record, table_ids, typed_ids


def test_the_journal_loses_only_what_is_in_the_tables_and_old_enough(journal: Path, tables: Path) -> None:
    """Segments go when they are committed and older than asked for; what is not committed stays, however old."""
    for start in (0, 10, 20):
        record(journal, events(range(start, start + 10)))
    segments = sorted((journal / "lane-0").glob("*.journal"))
    for segment in segments:
        os.utime(segment, (1_000_000_000, 1_000_000_000))

    with Committer(journal, tables, CommitSettings(max_rows=12)) as committer:
        committer.run_once()
        settings = committer.settings
        maintenance = Maintenance(committer.store, committer.reader, settings)
        passed = {0: committer.reader.cursor(0, CURSOR)}
        assert maintenance.prune(passed) == 1  # the second is committed in part
        assert maintenance.prune(passed) == 0
        committer.drain()

    assert [segment.exists() for segment in segments] == [False, False, True]
    assert table_ids(tables) == typed_ids(tables) == once(range(30))


def test_the_history_is_what_was_asked_for(journal: Path, tables: Path) -> None:
    """How long old files are kept is written into the tables; less than an hour is refused."""
    record(journal, [event(1)])
    commit(journal, tables, CommitSettings(history_hours=5))

    settings = DeltaTable(tables / RAW.name).metadata().configuration
    assert settings["delta.deletedFileRetentionDuration"] == "interval 5 hours"
    with pytest.raises(ConfigurationError, match="`history_hours` must be at least 1, not 0"):
        CommitSettings(history_hours=0)


def test_files_no_version_needs_are_removed_in_time(journal: Path, tables: Path) -> None:
    """It removes what a killed writer left, as what was compacted away, once it is older than the history."""
    record(journal, [event(1)])
    commit(journal, tables)
    orphan = tables / RAW.name / "part-0.parquet"
    orphan.write_bytes(b"left by a writer that was killed")
    old = time.time() - 100 * 3600
    os.utime(orphan, (old, old))
    commit(journal, tables)
    assert orphan.exists()

    os.utime(journal / "vacuumed", (old, old))
    commit(journal, tables)

    assert not orphan.exists()
    assert table_ids(tables) == typed_ids(tables) == once([1])


def test_what_was_just_committed_stays_in_the_journal(journal: Path, tables: Path) -> None:
    """By default the journal keeps what is in the tables for a day, so that it can be compared and replayed."""
    for start in (0, 10):
        record(journal, events(range(start, start + 10)))

    commit(journal, tables)

    assert len(list((journal / "lane-0").glob("*.journal"))) == 2


def test_a_full_disk_makes_the_journal_give_up_what_is_committed(journal: Path, tables: Path) -> None:
    """With little free on its disk the journal keeps only what is not in the tables."""
    for start in (0, 10):
        record(journal, events(range(start, start + 10)))

    commit(journal, tables, CommitSettings(min_free_bytes=1 << 60))

    assert len(list((journal / "lane-0").glob("*.journal"))) == 1
    assert table_ids(tables) == once(range(20))


@pytest.mark.parametrize(
    "settings", [{"max_rows": 0}, {"max_bytes": 0}, {"max_age": -1.0}, {"window_days": 0.0}, {"keep_hours": -1.0}]
)
def test_settings_that_commit_nothing_are_refused(settings: dict[str, Any]) -> None:
    """A batch without room, no window, and times before now are told at once."""
    with pytest.raises(ConfigurationError, match="must be at least"):
        CommitSettings(**settings)


def test_small_files_are_brought_together_by_committers_that_live_shortly(journal: Path, tables: Path) -> None:
    """Runs too short to notice by themselves how many files they add do not let them gather."""
    settings = CommitSettings(max_rows=1)
    for run in range(4):
        record(journal, [event(number) for number in range(15 * run, 15 * (run + 1))])
        commit(journal, tables, settings)

    assert len(DeltaTable(tables / RAW.name).file_uris()) < 40
    assert table_ids(tables) == typed_ids(tables) == once(range(60))


def test_what_delta_rs_leaves_behind_does_not_gather(journal: Path, tables: Path) -> None:
    """The cycles that appends leave, which hold memory, are swept up by the committer, collector or not."""

    def left_by(numbers: range) -> int:
        record(journal, [event(number) for number in numbers])
        gc.collect()
        commit(journal, tables, CommitSettings(max_rows=1))
        return gc.collect()

    gc.disable()
    try:
        few, many = left_by(range(15)), left_by(range(15, 105))
    finally:
        gc.enable()
    assert many < 2 * few
