"""The journal on disks that hang, and after files of it were lost: nobody waits in vain, no position comes twice."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from ciokit.errors import JournalUnavailableError, ValidationError
from ciokit.webhooks import journal_format as layout
from ciokit.webhooks.committer import Committer
from ciokit.webhooks.journal import Journal, JournalLimits
from ciokit.webhooks.journal_format import LONGEST_PAYLOAD, STAMP
from ciokit.webhooks.journal_reader import JournalReader
from tests.support.webhook_landing import event, once, table_ids
from tests.webhooks.receiving import hung, until

PATIENCE = 0.4
FEW_FILES = """
import os, resource, sys, threading
from ciokit.webhooks.journal import Journal
from ciokit.webhooks.journal_reader import JournalReader
journal = Journal(sys.argv[1])
JournalReader(sys.argv[1]).id
free = os.dup(0)
os.close(free)
limit, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, hard))
print(journal.open())
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
while journal.refusal:
    threading.Event().wait(0.02)
print(journal.lane)
"""
FULL = """
import resource, sys
from ciokit.errors import JournalUnavailableError, ValidationError
from ciokit.webhooks.journal import Journal
from ciokit.webhooks.journal_reader import JournalReader
journal, reader = Journal(sys.argv[1]), JournalReader(sys.argv[1])
journal.open()
print(reader.prune(0, reader.cursor(0, "delta")))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
try:
    journal.append(b"{}", b"x")
except JournalUnavailableError as error:
    print(error.reason, flush=True)
"""


def ran(code: str, directory: Path) -> list[str]:
    """Run a program of this page on a journal and return the words it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, str(directory)], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.split()


def written(directory: Path, *bodies: bytes) -> list[int]:
    """Write bodies with a journal that is closed afterwards, and return where they end."""
    with Journal(directory) as journal:
        return [journal.append(b"{}", body) for body in bodies]


# Disks that hang


def test_nobody_waits_for_a_disk_that_does_not_answer(tmp_path: Path) -> None:
    """A thread is told within its patience, later ones at once; when the disk answers, events are taken in again."""
    acknowledged: list[bytes] = []
    reasons: set[str] = set()
    pause = threading.Event()

    def append(journal: Journal, number: int) -> float:
        body, began = b"%d" % number, time.monotonic()
        try:
            journal.append(b"{}", body)
        except JournalUnavailableError as error:
            reasons.add(error.reason)
            return time.monotonic() - began
        acknowledged.append(body)
        pause.wait(0.01)
        return 0.0

    with Journal(tmp_path, JournalLimits(patience=PATIENCE)) as journal:
        with hung(tmp_path):
            waited = next(seconds for number in range(1000) if (seconds := append(journal, number)))
            assert PATIENCE * 0.9 < waited < PATIENCE + 1
            until(lambda: journal.refusal == "stalled")
            assert 0 < append(journal, 1001) < PATIENCE / 2
        until(lambda: journal.refusal is None)
        append(journal, 1002)
    assert (acknowledged[-1], reasons) == (b"1002", {"stalled"})
    assert set(acknowledged) <= {record.body for record in JournalReader(tmp_path).all_records(0)}


def test_no_task_waits_for_a_disk_that_does_not_answer(tmp_path: Path) -> None:
    """Tasks are told within their patience and a look, each for itself."""

    async def told(journal: Journal) -> tuple[str, float]:
        while True:
            began = time.monotonic()
            try:
                await asyncio.gather(*(journal.written(b"{}", b"%d" % n) for n in range(20)))
            except JournalUnavailableError as error:
                return error.reason, time.monotonic() - began
            await asyncio.sleep(0.01)

    with Journal(tmp_path, JournalLimits(patience=PATIENCE)) as journal:
        with hung(tmp_path):
            reason, waited = asyncio.run(told(journal))
            assert (reason, waited < PATIENCE + 1) == ("stalled", True)
        until(lambda: journal.refusal is None)
        assert journal.append(b"{}", b"after")


def test_closing_does_not_wait_for_a_disk_that_does_not_answer(tmp_path: Path) -> None:
    """While the disk hangs a journal can be closed; the lane is given back when it answers."""
    journal = Journal(tmp_path, JournalLimits(patience=PATIENCE))
    journal.append(b"{}", b"before")
    with hung(tmp_path):
        until(lambda: journal.refusal == "stalled")
        began = time.monotonic()
        journal.close()
        assert time.monotonic() - began < PATIENCE + 1

    def is_free() -> bool:
        with Journal(tmp_path) as other:
            return other.lane == 0

    until(is_free)


# Positions


def test_no_position_comes_twice_after_the_last_segment_is_gone(tmp_path: Path) -> None:
    """Where segments are gone, what consumers have come to says which numbers were used."""
    before = [written(tmp_path, b"%d" % number)[0] for number in range(3)]
    JournalReader(tmp_path).move_cursor(0, "delta", before[-1])
    for number in (1, 2, 3):
        layout.segment_path(tmp_path, 0, number).unlink()
    assert min(written(tmp_path, b"later")) > before[-1]


def test_what_comes_after_a_full_disk_and_a_restart_is_read(tmp_path: Path) -> None:
    """An empty segment that could not be written and was the only one left makes no consumer miss what follows."""
    reader = JournalReader(tmp_path)
    (end,) = written(tmp_path, b"one")
    reader.move_cursor(0, "delta", end)
    assert ran(FULL, tmp_path) == ["1", "disk_full"]
    assert layout.segments(tmp_path, 0) == []
    written(tmp_path, b"two")
    assert [record.body for record in reader.read(0, reader.cursor(0, "delta"))] == [b"two"]


def test_events_after_a_lane_was_emptied_are_committed(tmp_path: Path) -> None:
    """A committer that finds the folder of a lane empty takes what is written there afterwards for new."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    for number in range(3):
        written(journal, event(number))
    with Committer(journal, tables) as committer:
        committer.drain()
    for path in layout.lane_path(journal, 0).iterdir():
        path.unlink()
    with Committer(journal, tables) as committer:
        committer.run_once()
        written(journal, event(3))
        committer.run_once()
    assert table_ids(tables) == once(range(4))


# Size


def test_what_no_reader_would_take_is_not_appended(tmp_path: Path) -> None:
    """A record that is a byte too long for readers is refused, and harms nothing."""
    with Journal(tmp_path) as journal:
        with pytest.raises(ValidationError, match="too long"):
            journal.append(b"{}", bytes(LONGEST_PAYLOAD - STAMP.size - 1))
        journal.append(b"{}", b"after")
    assert [record.body for record in JournalReader(tmp_path).all_records(0)] == [b"after"]


# Files


def test_a_lane_that_could_not_be_taken_is_let_go(tmp_path: Path) -> None:
    """Where no more files may be open a lane is not held half: it is the first one that is taken later."""
    assert ran(FEW_FILES, tmp_path) == ["unwritable", "0"]
