"""Appends to a table that decides, for every committer that writes to it, which event was first.

All of them raise one shared transaction id of the table, in the same commit that adds the rows. delta-rs refuses the
commit of whoever decided on an older snapshot, so of two committers that hold the same event at the same moment one is
refused, looks again, and finds the event there.

The shared id is the time of the commit in milliseconds, and always greater than the last. It stands in `_committed_at`
of the rows too (whole milliseconds, because that is what the log's statistics hold), so that the rows of later commits
are found without reading earlier ones.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, Generic, TypeVar

from ciokit.core.clock import Clock, SystemClock
from ciokit.errors import TableStoreError
from ciokit.webhooks.delta import DeltaStore, LandingTable, StaleTableError
from ciokit.webhooks.seen import SeenKeys
from ciokit.webhooks.tables import (
    QUARANTINE,
    RAW,
    Columns,
    Landing,
    Reject,
    body_hash,
    quarantine_columns,
    raw_columns,
)

APP: Final = "ciokit-webhooks"
_ATTEMPTS: Final = 30
_SHORTEST: Final = 0.005
_LONGEST: Final = 0.5
_DAY_US: Final = 86_400_000_000


Row = TypeVar("Row", Landing, Reject)


class LaneMovedError(Exception):
    """Somebody has committed more of a lane than this process knew of; perhaps itself, without hearing the answer."""


def app_of(lane: str) -> str:
    """Return the transaction id under which the position of a lane is kept; a lane is `journal id/number`."""
    return f"{APP}/{lane}"


def typed_app_of(lane: str) -> str:
    """Return the raw table's transaction id for how much of a lane the typed tables have."""
    return f"{app_of(lane)}/typed"


def received_app_of(lane: str) -> str:
    """Return the raw table's transaction id for when the last record read of a lane was received, in microseconds."""
    return f"{app_of(lane)}/received"


def attempts(table: LandingTable, clock: Clock) -> Callable[[StaleTableError], None]:
    """Return what to call after a refused commit: it waits a little, takes the newest snapshot, and gives up in time.

    Raises:
        TableStoreError: it was refused too often, or the snapshot cannot be had.
    """
    waits = iter(min(_LONGEST, _SHORTEST * 2**attempt) for attempt in range(_ATTEMPTS))

    def again(error: StaleTableError) -> None:
        wait = next(waits, None)
        if wait is None:
            raise TableStoreError(
                f"{table.name} refused {_ATTEMPTS} commits in a row ({error}); see what else writes to it"
            ) from error
        if str(error):  # else the handle was only due to be opened anew
            clock.sleep(random.uniform(0, wait))  # noqa: S311 - so that two committers do not meet again
        table.refresh()

    return again


class Arbiter(Generic[Row]):
    """The way into one such table.

    Args:
        table: the table.
        seen: what it holds already.
        key_of: the key of a row.
        columns: makes columns of rows, given the microseconds of the commit.
        clock: waits between attempts.
    """

    def __init__(
        self,
        table: LandingTable,
        seen: SeenKeys,
        key_of: Callable[[Row], str],
        columns: Callable[[Sequence[Row], int], Columns],
        clock: Clock | None = None,
    ) -> None:
        self.table = table
        self._seen = seen
        self._key_of: Callable[[Row], str] = key_of
        self._columns: Callable[[Sequence[Row], int], Columns] = columns
        self._clock = clock or SystemClock()

    def close(self) -> None:
        """Close the file of seen keys."""
        self._seen.close()

    def done(self, lane: str) -> int:
        """Return how much of a lane is in the table's snapshot, as a position."""
        return self.table.transaction(app_of(lane))

    def commit(
        self,
        rows: Sequence[Row],
        ends: Mapping[str, int],
        *,
        expected: Mapping[str, int] | None = None,
        more: Mapping[str, int] | None = None,
    ) -> list[Row]:
        """Append the rows that are new, in one commit with the lanes' positions; return those that were appended.

        Args:
            rows: in the order in which the first of two equal ones wins.
            ends: how far each lane has been read, as a position.
            expected: how much of each lane the table must hold before; not checked where it is None.
            more: further transaction ids to set in the same commit.

        Raises:
            LaneMovedError: the table holds more or less of a lane than expected.
            TableStoreError: the store does not answer, and whether the commit was made is unknown; or the file of
                seen keys has no room.
        """
        again = attempts(self.table, self._clock)
        while True:
            done = {lane: self.done(lane) for lane in ends}
            if expected is not None and done != {lane: expected[lane] for lane in ends}:
                raise LaneMovedError
            last = self.table.transaction(APP)
            fresh = self._fresh([row for row in rows if row.position > done.get(row.journal, 0)], last * 1000)
            if not (fresh or ends):
                return []
            commit = max(time.time_ns() // 1_000_000, last + 1)
            transactions = {app_of(lane): max(end, done[lane]) for lane, end in ends.items()}
            try:
                self.table.append(self._columns(fresh, commit * 1000), {APP: commit, **transactions, **(more or {})})
            except StaleTableError as error:
                again(error)
            else:
                self._seen.add(((self._key_of(row), row.received_us) for row in fresh), commit * 1000)
                return fresh

    def _fresh(self, rows: Sequence[Row], commit_us: int) -> list[Row]:
        if not rows:
            return []
        first: dict[str, Row] = {}
        for row in rows:
            first.setdefault(self._key_of(row), row)
        oldest_us = min(row.received_us for row in rows)
        known = self._seen.known(list(first), self.table, commit_us, oldest_us)
        return [row for key, row in first.items() if key not in known] if known else list(first.values())


def arbiters(
    store: DeltaStore, seen: Path, window_days: float, clock: Clock | None = None
) -> tuple[Arbiter[Landing], Arbiter[Reject]]:
    """Return the ways into the raw table, by `event_id`, and into the quarantine, by the hash of the body.

    Args:
        store: where the tables are.
        seen: the folder for the files of seen keys.
        window_days: how far apart two receipts of the same may be.
        clock: waits between attempts.
    """
    raw, quarantine = store.table(RAW), store.table(QUARANTINE)
    window = int(window_days * _DAY_US)
    ids = SeenKeys(seen / f"{raw.name}.sqlite", "event_id", window)
    hashes = SeenKeys(seen / f"{quarantine.name}.sqlite", "body_sha256", window)
    return (
        Arbiter(raw, ids, lambda landing: landing.event.event_id, raw_columns, clock),
        Arbiter(quarantine, hashes, lambda reject: body_hash(reject.body), quarantine_columns, clock),
    )
