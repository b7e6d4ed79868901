"""Moves the journal into Delta tables, each event exactly once, whenever and wherever the process is killed.

```python
with Committer("journal", "s3://bucket/webhooks") as committer:
    committer.follow(stop)  # a threading.Event; or run_once() for one batch
```

A batch is committed in three steps:

1. the quarantine takes what is no event and not in it yet, by hash;
2. the raw table takes the events that it does not hold yet: this decides what is new, for all committers;
3. the typed tables take the same events.

The commits of 2 and 3 also set, as transaction ids, how far each lane of the journal is in that table.

The raw table also keeps how far step 3 had come before. After a crash the rows between that and its own position are
read back from it and given to the typed tables, which skip what they have. Any failure is handled as a crash is: what
is in memory is dropped, and the tables say where to go on. Nothing but the tables is needed for that.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from ciokit.core.clock import Clock, SystemClock
from ciokit.errors import ConfigurationError, TableStoreError
from ciokit.webhooks import identity
from ciokit.webhooks.arbiter import LaneMovedError, arbiters, received_app_of, typed_app_of
from ciokit.webhooks.commit_settings import CURSOR, CommitSettings
from ciokit.webhooks.delta import DeltaStore, LandingTable
from ciokit.webhooks.giving import give, read_back
from ciokit.webhooks.intake import Batch, Intake
from ciokit.webhooks.journal_reader import JournalReader
from ciokit.webhooks.maintenance import Maintenance
from ciokit.webhooks.tables import QUARANTINE, RAW, TYPED, Landing, Reject

_LOG: Final = logging.getLogger("ciokit.webhooks.committer")
_POLL: Final = 0.1  # seconds between looks at an idle journal
_LONGEST_WAIT: Final = 30.0
_IDLE: Final = 1.0  # seconds between turns of what else there is to do, while nothing comes


@dataclass
class CommitReport:
    """What was done: records read, rows by table, and what was not stored because it was there already.

    `unknown` counts events of object types that have no table of their own: they are in the raw table.
    """

    records: int = 0
    duplicates: int = 0
    unknown: int = 0
    rows: dict[str, int] = field(default_factory=dict[str, int])

    def add(self, other: CommitReport) -> None:
        """Add what another report counts."""
        self.records += other.records
        self.duplicates += other.duplicates
        self.unknown += other.unknown
        for name, count in other.rows.items():
            self.rows[name] = self.rows.get(name, 0) + count


class JournalTakenError(ConfigurationError):
    """Another process commits this journal."""


class Committer:
    """The one process that moves a journal into tables; others may move other journals into the same tables.

    Args:
        directory: the folder of the journal.
        uri: where the tables are, see `DeltaStore`.
        settings: see `CommitSettings`.
        storage_options: credentials and endpoints as delta-rs names them; see `DeltaStore`.
        clock: waits between attempts.

    Raises:
        ConfigurationError: the folder can be no journal's, or delta-rs is not installed.
        JournalTakenError: another process moves this journal.
        TableStoreError: the journal's disk does not allow it now.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        uri: str | Path,
        settings: CommitSettings | None = None,
        *,
        storage_options: Mapping[str, str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings or CommitSettings()
        self.store = DeltaStore(uri, storage_options, history_hours=self.settings.history_hours)
        self.reader = JournalReader(directory)
        self.totals = CommitReport()
        self._clock = clock or SystemClock()
        self._lock = _locked(self.reader.directory)
        self._raw, self._quarantine = arbiters(
            self.store, self.reader.directory / "seen", self.settings.window_days, self._clock
        )
        self._intake = Intake(self.reader, self.settings.max_rows, self.settings.max_bytes)
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="ciokit-committer")
        self._maintenance = Maintenance(self.store, self.reader, self.settings)
        self._complete: dict[str, int] = {}
        self._damaged = 0
        self._failures = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the journal go; what is not committed stays in it."""
        self._pool.shutdown()
        self._raw.close()
        self._quarantine.close()
        self._lock.close()

    def run_once(self) -> CommitReport:
        """Commit one batch of what is there now, and return what was done; nothing, where there is nothing new.

        Raises:
            TableStoreError: the store does not answer, or the journal's disk fails or is full; call again to go on.
        """
        while True:
            try:
                with _disk():
                    self._begin()
                    return self._commit(self._intake.fill(Batch()))
            except LaneMovedError:
                self._restart()
            except BaseException:
                self._restart()
                raise

    def drain(self) -> CommitReport:
        """Commit batch after batch until nothing is left, and return what was done.

        Raises:
            TableStoreError: the store does not answer, or the journal's disk fails or is full; call again to go on.
        """
        report = CommitReport()
        while True:
            try:
                with _disk():
                    self._work(None, report)
            except LaneMovedError:
                continue
            return report

    def follow(self, stop: threading.Event) -> None:
        """Commit what comes until told to stop; while the store does not answer or a disk is full, keep trying."""
        while not stop.is_set():
            try:
                with _disk():
                    self._work(stop, CommitReport())
            except LaneMovedError:
                continue
            except TableStoreError as error:
                if not self._failures:
                    _LOG.warning("the tables cannot be written; it is tried until they can: %s", error)
                stop.wait(min(_LONGEST_WAIT, 0.5 * 2 ** min(self._failures, 10)))
                self._failures += 1

    # One batch after another

    def _work(self, stop: threading.Event | None, report: CommitReport) -> None:
        """Commit until told to stop, or all is done where nobody tells, reading the next batch beside each commit."""
        batch, ahead = Batch(), None
        try:
            while True:
                self._begin()
                self._due(batch, stop)
                if batch.records:
                    ahead = self._pool.submit(self._intake.fill, Batch())
                    report.add(self._commit(batch))
                    batch = ahead.result()
                self._maintenance.work(self._positions())
                if self._failures:
                    self._failures = 0
                    _LOG.warning("the tables are written again; %d bytes wait", self.reader.backlog(CURSOR))
                if stop.is_set() if stop else not batch.records:
                    return
        finally:
            if ahead is not None:
                wait([ahead])
            self._restart()

    def _due(self, batch: Batch, stop: threading.Event | None) -> None:
        """Wait until a batch is full or old enough; at times return an empty one, for what else there is to do."""
        idle = time.monotonic() + _IDLE
        while True:
            self._intake.fill(batch)
            now = time.monotonic()
            if stop is None or stop.is_set() or self._intake.full(batch):
                return
            if now >= (idle if batch.since is None else batch.since + self.settings.max_age):
                return
            stop.wait(_POLL)

    def _commit(self, batch: Batch) -> CommitReport:
        report = CommitReport(records=batch.records)
        if not batch.records:
            return report
        fresh: list[Reject] = []
        if batch.rejects:
            fresh = self._quarantine.commit(batch.rejects, {})
        if fresh:
            reasons = Counter(reject.reason for reject in fresh).most_common()
            told = ", ".join(f"{reason}: {count}" for reason, count in reasons)
            _LOG.warning("%d bodies are no events (%s); they are in %s", len(fresh), told, QUARANTINE.name)
        more = {typed_app_of(lane): self._complete[lane] for lane in batch.ends}
        more |= {received_app_of(lane): received_us for lane, received_us in batch.received.items()}
        accepted = self._raw.commit(batch.landings, batch.ends, expected=self._complete, more=more)
        rows = {QUARANTINE.name: len(fresh), RAW.name: len(accepted), **self._give(accepted, batch.ends)}
        report.rows = {name: count for name, count in rows.items() if count}
        report.duplicates = batch.records - len(accepted) - len(fresh)
        report.unknown = sum(landing.event.object_type not in TYPED for landing in accepted)
        for lane, end in batch.ends.items():
            self._complete[lane] = end
            self.reader.move_cursor(int(lane.rpartition("/")[2]), CURSOR, end)
        self._notice_damage()
        self.totals.add(report)
        return report

    def _give(self, landings: Sequence[Landing], ends: Mapping[str, int]) -> dict[str, int]:
        """Give events to their typed tables, several tables at a time."""
        parts: defaultdict[str, list[Landing]] = defaultdict(list)
        for landing in landings:
            parts[landing.event.object_type].append(landing)
        jobs = {
            TYPED[kind].name: self._pool.submit(give, self.store.table(TYPED[kind]), part, ends, self._clock)
            for kind, part in parts.items()
            if kind in TYPED
        }
        failures = [error for job in jobs.values() if (error := job.exception()) is not None]
        if failures:
            raise failures[0]
        return {name: job.result() for name, job in jobs.items()}

    # Beginning, again and again

    def _begin(self) -> None:
        """Take up the lanes that are not read yet: all of them at the start and after a failure."""
        if identity.began_anew(self.reader, self._positions()):
            raise LaneMovedError
        unknown = [lane for lane in self.reader.lanes() if not self._intake.known(lane)]
        if not unknown:
            return
        if not self._complete:
            list(self._pool.map(LandingTable.refresh, self.store.tables()))  # so that all are there from the start
        self._raw.table.refresh()
        before = self.reader.id
        for lane in unknown:
            self._finish(f"{before}/{lane}")
        journal = identity.checked(self.reader, self._raw.table, unknown)
        if journal != before:
            raise LaneMovedError
        for lane in unknown:
            self._intake.start(lane, self._complete[f"{journal}/{lane}"], journal)
        self._maintenance.prune(self._positions())  # a full disk may have been the failure

    def _finish(self, lane: str) -> None:
        """Give the typed tables what a crash kept from them."""
        end = self._raw.done(lane)
        done = self._raw.table.transaction(typed_app_of(lane))
        if end > done:
            self._give(read_back(self._raw.table, lane, done, end), {lane: end})
        self._complete[lane] = end

    def _positions(self) -> dict[int, int]:
        return {int(lane.rpartition("/")[2]): position for lane, position in self._complete.items()}

    def _restart(self) -> None:
        """Drop what is in memory; the tables say where to go on."""
        self._intake.stop()
        self._complete.clear()
        self.store.forget()

    def _notice_damage(self) -> None:
        for damage in self.reader.damage[self._damaged :]:
            self._damaged += 1
            if damage.kind == "corrupt":
                _LOG.error(
                    "the journal is damaged: %d bytes of lane %d, segment %d, at %d hold no record",
                    damage.bytes,
                    damage.lane,
                    damage.segment,
                    damage.start,
                )
            elif damage.kind == "missing":
                _LOG.error(
                    "the journal is damaged: segment %d of lane %d is gone, and all up to the next that is there",
                    damage.segment,
                    damage.lane,
                )


def _locked(directory: Path) -> IO[str]:
    with _disk():
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = (directory / "committer.lock").open("a", encoding="ascii")
        except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:  # whatever the disk does
            raise ConfigurationError(
                f"the journal's folder cannot be used ({type(error).__name__}); give one that this user may write"
            ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise JournalTakenError(
            "another process commits this journal already, and one is enough; stop it, or start this receiver with "
            "`--no-commit`"
        ) from None
    return lock


@contextmanager
def _disk() -> Generator[None]:
    """Tell of a journal's disk that fails or is full as of a store that does not answer: both are waited out."""
    try:
        yield
    except OSError as error:
        raise TableStoreError(
            f"the disk of the journal fails ({error.strerror or type(error).__name__}); make room on it, or see "
            "whether it is sound"
        ) from error
