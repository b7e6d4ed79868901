"""The trials run, small, and hold; and what they compare and judge by can tell when something is wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake

from chaos.compare import compare
from chaos.events import Events
from chaos.processes import ROOT
from chaos.sending import Sent
from chaos.soak import Sample, judge
from ciokit.webhooks.committer import Committer
from tests.support.webhook_landing import record

EVENTS = Events("test")
COUNT = 120
SMALL = ["--rate", "100", "--seconds", "3", "--outage", "2", "--forged", "200", "--slow", "40", "--good", "50"]
SAMPLE = Sample(
    at=0.0,
    receiver=40 << 20,
    committer=150 << 20,
    live={"raw": 10},
    on_disk={"raw": 90},
    journal=1 << 20,
    lag=0.5,
    sent=Sent(),
)


def chaos(*words: str) -> str:
    """Run `python -m chaos`, which must find nothing wrong, and return its report."""
    done = subprocess.run(
        [sys.executable, "-m", "chaos", *words], cwd=ROOT, capture_output=True, text=True, timeout=150, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def landed(folder: Path, bodies: Iterable[bytes]) -> str:
    """Bring bodies into tables and return where these are."""
    record(folder / "journal", list(bodies))
    with Committer(folder / "journal", folder / "tables") as committer:
        committer.drain()
    return str(folder / "tables")


# The trials


@pytest.mark.timeout(180)
def test_kill_9_of_receiver_and_committer_under_load_loses_nothing() -> None:
    """After a few kills of each kind, what was acknowledged is in the tables, once."""
    report = chaos("webhooks", "--only", "kills", "--kills", "3", *SMALL)
    assert "killed       3 times" in report
    assert "Nothing acknowledged is missing, nothing is there twice, nothing is forged." in report


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", ["disk-full", "read-only", "store-away", "clock", "forged", "slowloris", "poisoned"])
def test_each_trial_holds(name: str) -> None:
    """With a broken disk, store or clock, or bad clients, no acknowledged event is lost and no forgery stored."""
    report = chaos("webhooks", "--only", name, *SMALL)
    found = re.search(r"^TRIAL.*\n.*?  +([\d,]+)(?:  +0){4}", report, re.MULTILINE)
    assert found, report
    assert int(found[1].replace(",", "")) > 0


@pytest.mark.timeout(120)
def test_a_soak_reports() -> None:
    """A steady load is sampled, and memory, files and journal are judged."""
    report = chaos("soak", "--seconds", "5", "--rate", "100")
    verdicts = re.findall(r"^(memory of|live files|files of|MiB of).*(yes|-)$", report, re.MULTILINE)
    assert len(verdicts) == 5, report


# What they compare by


def test_what_arrived_whole_has_no_differences(tmp_path: Path) -> None:
    """Events of every kind, poisoned and unknown ones among them, are found as they were sent."""
    tables = landed(tmp_path, map(EVENTS.body, range(COUNT)))
    found = compare(tables, EVENTS, set(range(COUNT)), COUNT)
    assert (found.differences, found.stored, found.quarantined, found.unasked) == (0, COUNT, 2, 0)


def test_an_acknowledged_event_that_is_not_there_is_missed(tmp_path: Path) -> None:
    """One event is missing that is in no table, another that is not in the table of its type."""
    tables = landed(tmp_path, map(EVENTS.body, range(COUNT)))
    DeltaTable(f"{tables}/webhook_email_events").delete(f"event_id = '{EVENTS.key(1)}'")
    assert EVENTS.typed_table(1) == "webhook_email_events"
    found = compare(tables, EVENTS, set(range(COUNT + 1)), COUNT + 1)
    assert (found.missing, found.differences) == (2, 2)


@pytest.mark.parametrize("name", ["webhook_raw_events", "webhook_email_events", "webhook_quarantine"])
def test_a_row_that_is_there_twice_is_found(tmp_path: Path, name: str) -> None:
    """A table whose rows are added once more is full of doubles."""
    tables = landed(tmp_path, map(EVENTS.body, range(COUNT)))
    table = DeltaTable(f"{tables}/{name}")
    rows = table.scan().read_all()
    write_deltalake(table, rows, mode="append")
    found = compare(tables, EVENTS, set(range(COUNT)), COUNT)
    assert (found.doubled, found.differences) == (rows.num_rows, rows.num_rows)


def test_what_nobody_sent_is_found(tmp_path: Path) -> None:
    """A forged event is foreign in each of its tables; one with a genuine id is altered; so is a foreign reject."""
    tables = landed(tmp_path, [EVENTS.body(0), EVENTS.forged(1), EVENTS.forged(2), b"no event"])
    found = compare(tables, EVENTS, {0}, COUNT)
    assert (found.foreign, found.altered, found.missing, found.doubled) == (3, 1, 0, 0)


# What they judge by


def samples(minutes: float, growing: float, *, sawtooth: float = 0.0, stall: float = 0.0) -> list[Sample]:
    """Return samples of a run in which the committer grows by so many MiB a minute.

    On top of that it gathers `sawtooth` MiB from one compaction to the next, 47 seconds later, and holds `stall` MiB
    more for a minute.
    """
    moments = [5.0 * number for number in range(1, int(minutes * 12) + 1)]
    sizes = {at: growing * at / 60 + sawtooth * (at % 47) / 47 + stall * (480 <= at < 540) for at in moments}
    return [replace(SAMPLE, at=at, committer=SAMPLE.committer + int(size * (1 << 20))) for at, size in sizes.items()]


@pytest.mark.parametrize(
    ("course", "within"),
    [
        (samples(10, 0.0), True),
        (samples(10, 5.0), False),
        (samples(10, 3.0, sawtooth=40.0), False),
        (samples(10, 0.0, sawtooth=40.0), True),
        (samples(10, 0.0, stall=200.0), True),
        ([sample for sample in samples(10, 5.0) if not 420 <= sample.at < 485], False),
        (samples(9, 5.0), None),
    ],
    ids=["even", "growing", "growing saw-tooth", "even saw-tooth", "one stall", "growing, a gap", "too short to tell"],
)
def test_growing_memory_is_told(course: list[Sample], within: bool | None) -> None:
    """Memory that grows for minutes is out of bounds; neither compactions nor a run of seconds say anything of it."""
    verdicts = {verdict.what: verdict.within for verdict in judge(course)}
    assert verdicts["memory of the committer"] is within


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"live": {"raw": 10, "email": 500}}, "live files of a table"),
        ({"on_disk": {"raw": 5000}}, "files of a table on disk"),
        ({"journal": 2 << 30}, "MiB of the journal"),
    ],
)
def test_files_without_bound_are_told(change: dict[str, object], what: str) -> None:
    """A table or a journal that was ever too large is out of bounds."""
    course = samples(2, 0.0)
    course[5] = replace(course[5], **change)
    assert [verdict.what for verdict in judge(course) if verdict.within is False] == [what]
