"""The committer when it is killed, when a table cannot be written, and when others write to the same tables."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from deltalake import DeltaTable

from ciokit.errors import TableStoreError
from ciokit.webhooks.commit_settings import CommitSettings
from ciokit.webhooks.committer import Committer
from ciokit.webhooks.journal import Journal
from ciokit.webhooks.maintenance import compact, vacuum
from ciokit.webhooks.tables import RAW, TYPED
from ciokit.webhooks.verifying import verify
from tests.support.webhook_landing import HEADERS, LIMITS, event, events, once, record, table_ids, typed_ids

POISON = b"no event at all %d"


@contextmanager
def committing(journal: Path, tables: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `ciokit webhooks commit --follow` as a process of its own."""
    words = ["--journal", str(journal), "--delta", str(tables), "--max-rows", "40", "--max-age", "0.02"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ciokit", "webhooks", "commit", "--follow", *words], stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[bytes], seconds: float = 30.0) -> None:
    """Wait until something holds, while a process lives."""
    tick = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        assert process.poll() is None, process.communicate()[1].decode()
        tick.wait(0.05)
    raise AssertionError("it did not come")


@pytest.mark.timeout(300)
def test_killed_at_any_instant_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Ten kill -9 at random instants, while events, retries and rejects come in: all are in the tables once."""
    journal, tables, dice = tmp_path / "journal", tmp_path / "tables", random.Random(os.urandom(8))
    cursor = journal / "lane-0" / "delta.cursor"
    recorded = 0
    with Journal(journal, LIMITS) as writer:
        for kill in range(10):
            with committing(journal, tables) as process:
                before = cursor.read_text() if cursor.exists() else ""
                for _ in range(6):
                    for body in events(range(recorded, recorded + 50)):
                        writer.append(HEADERS, body)
                    for body in [*events(range(max(0, recorded - 30), recorded)), POISON % kill]:
                        writer.append(HEADERS, body)
                    recorded += 50
                wait_for(lambda before=before: cursor.exists() and cursor.read_text() != before, process)
                threading.Event().wait(dice.uniform(0, 0.4))
                process.send_signal(signal.SIGKILL)
                process.wait()
    with Committer(journal, tables) as committer:
        committer.drain()

    assert table_ids(tables) == typed_ids(tables) == once(range(recorded))
    assert sorted(table_ids(tables, "webhook_quarantine").values()) == [1] * 10
    assert verify(journal, tables).sound


@pytest.mark.timeout(120)
def test_told_to_stop_it_commits_what_it_has_read(tmp_path: Path) -> None:
    """SIGTERM ends it in order, with code 0, after what waited for its batch is committed."""
    record(tmp_path / "journal", events(range(5)))
    words = ["--journal", str(tmp_path / "journal"), "--delta", str(tmp_path / "tables"), "--max-age", "60"]
    process = subprocess.Popen([sys.executable, "-m", "ciokit", "webhooks", "commit", "--follow", *words])
    wait_for((tmp_path / "tables" / RAW.name / "_delta_log").exists, process)
    process.terminate()

    assert process.wait(60) == 0
    assert table_ids(tmp_path / "tables") == once(range(5))


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """Let a folder be a file for a while: nothing can be written to it, whoever tries."""
    aside = folder.with_name(f"{folder.name}.aside")
    folder.rename(aside)
    folder.touch()
    try:
        yield
    finally:
        folder.unlink()
        aside.rename(folder)


@pytest.mark.parametrize("name", ["webhook_email_events", "webhook_raw_events", "webhook_quarantine"])
def test_a_table_that_cannot_be_written_is_made_up_for(tmp_path: Path, name: str) -> None:
    """When one of the tables fails, the others and later runs neither lose nor double anything."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    record(journal, events(range(20)))
    with Committer(journal, tables) as committer:
        committer.run_once()
        record(journal, [*events(range(20, 40)), POISON])
        with unwritable(tables / name), pytest.raises(TableStoreError):
            committer.run_once()
        record(journal, events(range(35, 60)))
        committer.drain()

    assert table_ids(tables) == typed_ids(tables) == once(range(60))
    assert len(table_ids(tables, "webhook_quarantine")) == 1


def test_a_crash_between_the_raw_and_the_typed_tables_is_made_up_for_by_the_next_process(tmp_path: Path) -> None:
    """What only the raw table has when the process dies is given to the typed tables by the next one."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    record(journal, events(range(8)))
    with Committer(journal, tables) as committer:
        committer.run_once()
        record(journal, events(range(8, 24)))
        with (
            unwritable(tables / "webhook_sms_events"),
            unwritable(tables / "webhook_push_events"),
            pytest.raises(TableStoreError),
        ):
            committer.run_once()
    assert table_ids(tables) == once(range(24))
    assert typed_ids(tables) < once(range(24))
    shutil.rmtree(journal / "seen")

    with Committer(journal, tables) as committer:
        committer.drain()

    assert table_ids(tables) == typed_ids(tables) == once(range(24))


def test_events_that_two_journals_hold_are_stored_once(tmp_path: Path) -> None:
    """Two committers at once, with the same events in their journals, store each once; neither fails."""
    tables = tmp_path / "tables"
    journals = [tmp_path / "one", tmp_path / "two"]
    for journal in journals:
        record(journal, [*events(range(400)), POISON])
    start = threading.Barrier(2)

    def commit(journal: Path) -> int:
        with Committer(journal, tables, CommitSettings(max_rows=25)) as committer:
            start.wait()
            return committer.drain().duplicates

    with ThreadPoolExecutor() as pool:
        duplicates = list(pool.map(commit, journals))

    assert table_ids(tables) == typed_ids(tables) == once(range(400))
    assert sum(duplicates) == 401
    assert len(table_ids(tables, "webhook_quarantine")) == 1
    assert all(verify(journal, tables).sound for journal in journals)


def test_compaction_and_vacuum_beside_a_committer_change_no_row(tmp_path: Path) -> None:
    """Tables are compacted and vacuumed again and again while a committer writes to them."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    record(journal, events(range(600)))
    with Committer(journal, tables) as other:
        other.run_once()
    done = threading.Event()

    def commit() -> None:
        with Committer(journal, tables, CommitSettings(max_rows=10)) as committer:
            record(journal, events(range(600, 1200)))
            committer.drain()
        done.set()

    compactions = 0
    with ThreadPoolExecutor() as pool, Committer(tmp_path / "nothing", tables) as idle:
        job = pool.submit(commit)
        while not done.is_set() and not job.done():
            for kind in (RAW, TYPED["email"]):
                table = idle.store.table(kind)
                compactions += compact(table).before > 1
                vacuum(table, 1)
        job.result()

    assert compactions > 1
    assert table_ids(tables) == typed_ids(tables) == once(range(1200))


def test_small_files_do_not_accumulate(tmp_path: Path) -> None:
    """A committer that makes a file with each batch brings them together again and again."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    record(journal, [event(number) for number in range(90)])

    with Committer(journal, tables, CommitSettings(max_rows=1)) as committer:
        committer.drain()

    for name in ("webhook_raw_events", "webhook_email_events"):
        table = DeltaTable(tables / name)
        assert table.version() > 90
        assert len(table.file_uris()) < 61
        assert (tables / name / "_delta_log" / "_last_checkpoint").exists()
    assert table_ids(tables) == typed_ids(tables) == once(range(90))
