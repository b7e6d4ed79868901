"""The committer and journals that were lost, restored, pruned, or lie beside files that are not theirs."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from ciokit.webhooks.committer import Committer
from ciokit.webhooks.journal_reader import JournalReader
from tests.support.webhook_landing import commit, event, events, once, record, table_ids, typed_ids


def test_losing_the_cursor_loses_nothing(journal: Path, tables: Path) -> None:
    """The tables themselves know how far the journal was read."""
    record(journal, events(range(10)))
    commit(journal, tables)
    (journal / "lane-0" / "delta.cursor").unlink()

    assert commit(journal, tables).records == 0


@pytest.mark.parametrize("damage", ["removed", "garbage", "emptied"])
def test_losing_the_file_of_seen_events_doubles_nothing(journal: Path, tables: Path, damage: str) -> None:
    """The file of seen events is made anew from the raw table."""
    record(journal, events(range(10)))
    commit(journal, tables)
    for path in (journal / "seen").iterdir():
        if damage == "removed":
            path.unlink()
        elif damage == "garbage":
            path.write_bytes(b"garbage" * 1000)
        elif path.suffix == ".sqlite":
            with sqlite3.connect(path) as database:
                database.execute("DELETE FROM marker")
    record(journal, events(range(8, 12)))

    assert commit(journal, tables).duplicates == 2
    assert table_ids(tables) == typed_ids(tables) == once(range(12))


def test_a_journal_from_a_backup_loses_and_doubles_nothing(journal: Path, tables: Path, tmp_path: Path) -> None:
    """A journal that was restored to an earlier state and written on is read whole, under a new id."""
    record(journal, events(range(10)))
    shutil.copytree(journal, tmp_path / "backup")
    record(journal, events(range(10, 20)))
    commit(journal, tables)
    before = JournalReader(journal).id

    shutil.rmtree(journal)
    shutil.copytree(tmp_path / "backup", journal)
    record(journal, events(range(20, 30)))  # as many bytes as were committed from there
    commit(journal, tables)

    assert table_ids(tables) == typed_ids(tables) == once(range(30))
    assert JournalReader(journal).id != before


def test_a_journal_from_a_backup_that_is_shorter_is_noticed(journal: Path, tables: Path, tmp_path: Path) -> None:
    """A restored journal with less in it than was committed is read whole too."""
    record(journal, events(range(5)))
    shutil.copytree(journal, tmp_path / "backup")
    record(journal, events(range(5, 50)))
    commit(journal, tables)

    shutil.rmtree(journal)
    shutil.copytree(tmp_path / "backup", journal)
    commit(journal, tables)
    record(journal, events(range(50, 53)))
    commit(journal, tables)

    assert table_ids(tables) == typed_ids(tables) == once(range(53))


def test_a_new_journal_in_the_place_of_the_old_is_read_whole(journal: Path, tables: Path) -> None:
    """A journal that was lost with its disk is followed by one that counts from the beginning."""
    record(journal, events(range(10)))
    commit(journal, tables)
    shutil.rmtree(journal)
    record(journal, events(range(9, 15)))
    commit(journal, tables)

    assert table_ids(tables) == typed_ids(tables) == once(range(15))


def test_raw_tables_that_were_removed_are_filled_from_the_journal(journal: Path, tables: Path) -> None:
    """What the journal still holds is committed again to tables that are gone."""
    record(journal, events(range(10)))
    commit(journal, tables)
    shutil.rmtree(tables)

    commit(journal, tables)

    assert table_ids(tables) == typed_ids(tables) == once(range(10))


def test_a_pruned_journal_is_gone_on_with(journal: Path, tables: Path) -> None:
    """Removed segments are not missed: what was committed need not be there."""
    for start in (0, 10, 20):
        record(journal, events(range(start, start + 10)))
    commit(journal, tables)
    reader = JournalReader(journal)
    assert reader.prune(0, reader.newest(0)) == 2

    record(journal, events(range(30, 40)))
    assert commit(journal, tables).records == 10
    assert table_ids(tables) == typed_ids(tables) == once(range(40))


def test_a_lane_without_segments_is_not_taken_for_the_one_that_was_read(tmp_path: Path) -> None:
    """A committer that starts before the first file is written again reads that file."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    for start in (0, 5):
        record(journal, events(range(start, start + 5)))
    with Committer(journal, tables) as committer:
        committer.drain()
    for segment in (journal / "lane-0").glob("*.journal"):
        segment.unlink()
    with Committer(journal, tables) as committer:
        committer.run_once()
        record(journal, events(range(10, 15)))
        committer.run_once()

    assert table_ids(tables) == typed_ids(tables) == once(range(15))


@pytest.mark.parametrize("last", [event(3), b"no event"], ids=["a retry", "a reject"])
def test_a_backup_is_noticed_though_nothing_new_was_committed_last(tmp_path: Path, last: bytes) -> None:
    """A journal that was restored before its last record, which left no row, is read whole."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    record(journal, events(range(10)))
    shutil.copytree(journal, tmp_path / "backup")
    record(journal, [last])
    with Committer(journal, tables) as committer:
        committer.drain()
    shutil.rmtree(journal)
    shutil.copytree(tmp_path / "backup", journal)
    record(journal, events(range(10, 20)))
    with Committer(journal, tables) as committer:
        committer.drain()

    assert table_ids(tables) == typed_ids(tables) == once(range(20))
