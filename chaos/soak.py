"""Sends at a steady rate for minutes and looks every few seconds whether memory and files stay bounded.

What is otherwise kept for a day or a week (removed files, the log of commits, committed parts of the journal, the ids
that tell a retry) is kept for minutes here, so that ten of them show what weeks would.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Final

from deltalake import DeltaTable

from chaos.events import Events
from chaos.processes import Receiver, free_port, resident, until
from chaos.sending import Sending, Sent
from chaos.trial import Outcome, Sizes, settle
from ciokit.webhooks.delta import DeltaStore
from ciokit.webhooks.journal_reader import JournalReader

MOST_GROWTH: Final = 2.0
"""MiB a minute by which memory may grow after the warm-up, from the least of a minute to that of another.

The least of a minute, because each compaction takes memory and gives it back, and at 1,000 events a second one comes in
less than a minute; the median of all pairs of minutes, because a machine that stands still for one says nothing of
growth.
"""

MOST_MEMORY: Final = 768
"""MiB that a process may hold at any moment; a compaction to a file of 128 MiB takes 500."""

MOST_LIVE: Final = 120
"""Live files of a table: 40 small and 40 of middle size at most, and what 20 commits between two looks may add."""

MOST_ON_DISK: Final = 600
"""All files of a table and its log: those that are live, and what is written while others are still kept."""

MOST_JOURNAL: Final = 400 << 20
"""Bytes of the journal: what comes in the minutes it is kept, in segments of 8 MiB."""

_KEPT: Final = "interval 1 minutes"
_OPTIONS: Final = (
    *("--max-age", "1", "--segment-bytes", str(8 << 20)),
    *("--keep-hours", "0.02", "--vacuum-hours", "0.01", "--window-days", "0.001"),
)
_WARM_SECONDS: Final = 300.0  # ids are known for three windows, which takes more than four minutes
_JUDGED_SECONDS: Final = 590.0  # a shorter run says nothing about growth, as one bad minute would decide
_MIB: Final = 1 << 20


@dataclass(frozen=True)
class Sample:
    """How things stood at a moment; `live` and `on_disk` are files by table, `lag` is in seconds, sizes in bytes."""

    at: float
    receiver: int
    committer: int
    live: dict[str, int]
    on_disk: dict[str, int]
    journal: int
    lag: float
    sent: Sent


@dataclass(frozen=True)
class Verdict:
    """What is to be bounded, its bound, what was found, and whether that is within; None after too short a run."""

    what: str
    bound: str
    found: str
    within: bool | None


def soak(folder: Path, sizes: Sizes) -> tuple[Outcome, list[Verdict], list[Sample]]:
    """Send for `sizes.seconds` at `sizes.rate`, and judge."""
    events = Events(f"soak-{sizes.seed}")
    port = free_port()
    _made(folder / "tables")
    samples: list[Sample] = []
    with (
        Receiver(folder, port, *_OPTIONS) as receiver,
        Sending(folder, port, events.run, rate=sizes.rate, seed=sizes.seed, trouble=0.002) as sending,
    ):
        until(receiver.committers, 60, "the receiver should start a committer")
        began = time.monotonic()
        every = min(5.0, sizes.seconds / 4)
        while (now := time.monotonic() - began) < sizes.seconds:
            until(lambda: False, min(every, sizes.seconds - now))
            samples.append(_sample(time.monotonic() - began, receiver, sending.mark()))
            print(_line(samples[-1], sizes.seconds), file=sys.stderr, flush=True)
        sent = sending.finish()
        pace = f"{sent.acknowledged / (time.monotonic() - began):,.0f} events/s for {sizes.seconds:.0f} s"
        facts = [f"sent         {pace}, p50 {sent.p50:.1f} ms, p99 {sent.p99:.1f} ms"]
        outcome = settle("steady load", receiver, folder, sent, events, facts=facts)
    return outcome, judge(samples), samples


def judge(samples: Sequence[Sample]) -> list[Verdict]:
    """Say of memory and files whether they are bounded."""
    warm = [sample for sample in samples if sample.at >= _WARM_SECONDS]
    found: list[Verdict] = []
    for name in ("receiver", "committer"):
        sizes = [(sample.at, getattr(sample, name) / _MIB) for sample in warm]
        most = max(getattr(sample, name) for sample in samples) / _MIB
        slope = growth(sizes)
        words = (
            f"at most {most:.0f} MiB, too short a run to tell"
            if slope is None
            else f"{slope:+.2f} a minute, at most {most:.0f} MiB"
        )
        found.append(
            Verdict(
                f"memory of the {name}",
                f"{MOST_MEMORY} MiB, +{MOST_GROWTH:g} a minute",
                words,
                False if most > MOST_MEMORY else None if slope is None else slope <= MOST_GROWTH,
            )
        )
    for what, bound, most in (
        ("live files of a table", MOST_LIVE, max(max(sample.live.values()) for sample in samples)),
        ("files of a table on disk", MOST_ON_DISK, max(max(sample.on_disk.values()) for sample in samples)),
        ("MiB of the journal", MOST_JOURNAL >> 20, max(sample.journal for sample in samples) >> 20),
    ):
        found.append(Verdict(what, f"{bound:,}", f"at most {most:,}", most <= bound))
    return found


def growth(sizes: Sequence[tuple[float, float]]) -> float | None:
    """Return by how much something grows in a minute, given pairs of seconds and size; None of a short run."""
    minutes: dict[int, list[float]] = {}
    for at, size in sizes:
        minutes.setdefault(int(at / 60), []).append(size)
    least = [(minute, min(part)) for minute, part in minutes.items() if len(part) > 2]  # not one that only began
    if not sizes or sizes[-1][0] < _JUDGED_SECONDS:
        return None
    return median((after - before) / (later - earlier) for (earlier, before), (later, after) in combinations(least, 2))


def _made(tables: Path) -> None:
    """Make the tables as the committer would, but with a short memory for what is not live."""
    for table in DeltaStore(tables).tables():
        table.handle.alter.set_table_properties(
            {"delta.deletedFileRetentionDuration": _KEPT, "delta.logRetentionDuration": _KEPT}
        )


def _sample(at: float, receiver: Receiver, sent: Sent) -> Sample:
    tables = sorted(Path(str(receiver.tables)).iterdir())
    reader = JournalReader(receiver.journal)
    return Sample(
        at=at,
        receiver=resident(receiver.pid),
        committer=sum(map(resident, receiver.committers())),
        live={table.name: len(DeltaTable(str(table)).file_uris()) for table in tables},
        on_disk={table.name: sum(1 for path in table.rglob("*") if path.is_file()) for table in tables},
        journal=sum(path.stat().st_size for path in receiver.journal.rglob("*.journal")),
        lag=_lag(reader),
        sent=sent,
    )


def _lag(reader: JournalReader) -> float:
    """Return for how long the oldest event has waited to be committed."""
    oldest = [
        record.received_us
        for lane in reader.lanes()
        for record in reader.read(lane, reader.cursor(lane, "delta"), max_records=1)
    ]
    return max(0.0, time.time() - min(oldest) / 1e6) if oldest else 0.0


def _line(sample: Sample, seconds: float) -> str:
    sent = sample.sent
    return (
        f"soak: {sample.at:.0f} of {seconds:.0f} s, {sent.rate:,.0f}/s, p50 {sent.p50:.1f} ms, p99 {sent.p99:.1f} ms, "
        f"receiver {sample.receiver / _MIB:.0f} MiB, committer {sample.committer / _MIB:.0f} MiB, "
        f"{max(sample.live.values())} live files of a table, {max(sample.on_disk.values())} on disk, "
        f"journal {sample.journal / _MIB:.0f} MiB, {sample.lag:.1f} s behind"
    )


def table(verdicts: Sequence[Verdict], samples: Sequence[Sample]) -> Iterator[str]:
    """Yield the verdicts and the course of the run, line by line."""
    yield ""
    heads = (
        "seconds",
        "events/s",
        "p50 ms",
        "p99 ms",
        "receiver MiB",
        "committer MiB",
        "live",
        "on disk",
        "journal MiB",
    )
    yield "".join(f"{head:>14}" for head in (*heads, "behind s"))
    step = max(1, len(samples) // 12)
    for sample in samples[step - 1 :: step]:
        sent = sample.sent
        values = (sample.at, sent.rate, sent.p50, sent.p99, sample.receiver / _MIB, sample.committer / _MIB)
        files = (max(sample.live.values()), max(sample.on_disk.values()), sample.journal / _MIB, sample.lag)
        yield "".join(f"{value:>14,.1f}" for value in (*values, *files))
    yield ""
    for verdict in verdicts:
        said = {True: "yes", False: "NO", None: "-"}[verdict.within]
        yield f"{verdict.what:<28}{'bound ' + verdict.bound:<38}{verdict.found:<44}{said}"
