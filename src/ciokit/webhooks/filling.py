"""Fills tables that lack rows: the raw one and the quarantine from the journal, the typed ones from the raw one.

It is safe beside committers, and may be repeated: what is there already is left out.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from ciokit.core.clock import Clock, SystemClock
from ciokit.webhooks.arbiter import APP, Row, app_of, arbiters, attempts, typed_app_of
from ciokit.webhooks.commit_settings import CommitSettings
from ciokit.webhooks.delta import DeltaStore, LandingTable, StaleTableError
from ciokit.webhooks.giving import give, landings_of, read_back
from ciokit.webhooks.replaying import EVERYTHING, WHERE_FROM, Selection, batches
from ciokit.webhooks.seen import WINDOWS_REMEMBERED
from ciokit.webhooks.tables import QUARANTINE, RAW, TYPED, typed_columns

_REPLAY: Final = f"{APP}/replay"
_DAY_US: Final = 86_400_000_000


def fill_from_journal(
    directory: str | Path,
    store: DeltaStore,
    selection: Selection = EVERYTHING,
    *,
    window_days: float = CommitSettings.window_days,
    clock: Clock | None = None,
) -> dict[str, int]:
    """Add what the raw table and the quarantine lack of what a committer has passed; return how many, by table.

    Raises:
        ConfigurationError: there is no journal, or no raw table.
        TableStoreError: the store does not answer; call again.
    """
    added: Counter[str] = Counter()
    raw, quarantine = store.table(RAW), store.table(QUARANTINE)
    raw.require()
    for table in (raw, quarantine):
        table.refresh()
    with tempfile.TemporaryDirectory(prefix="ciokit-replay-") as folder:
        events, rejects = arbiters(store, Path(folder), WINDOWS_REMEMBERED * window_days, clock)
        with closing(events), closing(rejects):
            for batch in batches(directory, selection):
                added[raw.name] += len(events.commit(_passed(raw, batch.landings), {}))
                added[quarantine.name] += len(rejects.commit(_passed(raw, batch.rejects), {}))
    return dict(+added)


def _passed(raw: LandingTable, rows: Sequence[Row]) -> list[Row]:
    """Leave out what its committer has not come to: it may be about to add the same."""
    return [row for row in rows if row.position <= raw.transaction(app_of(row.journal))]


def fill_typed(
    store: DeltaStore,
    selection: Selection = EVERYTHING,
    *,
    window_days: float = CommitSettings.window_days,
    clock: Clock | None = None,
) -> dict[str, int]:
    """Add the events of the raw table that the typed tables lack; return how many, by table.

    Raises:
        ConfigurationError: there is no raw table.
        TableStoreError: the store does not answer; call again.
    """
    added: Counter[str] = Counter()
    clock, raw = clock or SystemClock(), store.table(RAW)
    raw.require()
    raw.refresh()
    _finish(store, raw, clock, added)
    window = timedelta(days=WINDOWS_REMEMBERED * window_days)
    for day in list(_days(raw, selection)):
        for object_type, table in TYPED.items():
            if not selection.object_types or object_type in selection.object_types:
                part = replace(day, object_types=frozenset({object_type}))
                added[table.name] += _fill(raw, store.table(table), part, window, clock)
    return dict(+added)


def _finish(store: DeltaStore, raw: LandingTable, clock: Clock, added: Counter[str]) -> None:
    """Do for every lane what its committer does after a crash, in case that one was lost with its machine.

    It is done under the lane's transaction id, so neither this nor a committer that is alive adds what the other has.
    """
    for lane in {lane for (names,) in raw.scan(("_journal",)) for lane in set(names)}:
        done, end = raw.transaction(typed_app_of(lane)), raw.transaction(app_of(lane))
        landings = read_back(raw, lane, done, end) if end > done else []
        for object_type in TYPED.keys() & {landing.event.object_type for landing in landings}:
            table = store.table(TYPED[object_type])
            table.refresh()
            part = [each for each in landings if each.event.object_type == object_type]
            added[table.name] += give(table, part, {lane: end}, clock)


def _days(raw: LandingTable, selection: Selection) -> Iterator[Selection]:
    """Yield a selection cut up into days of receipt, so that what is compared at once stays small."""
    days = {received // _DAY_US for (part,) in raw.scan(("received_at",), selection.where()) for received in part}
    for number in sorted(days):
        start = datetime.combine(date(1970, 1, 1) + timedelta(days=number), datetime.min.time(), UTC)
        end = start + timedelta(days=1)
        yield replace(
            selection,
            since=start if selection.since is None else max(start, selection.since),
            until=end if selection.until is None else min(end, selection.until),
        )


def _fill(raw: LandingTable, table: LandingTable, selection: Selection, window: timedelta, clock: Clock) -> int:
    again, added = attempts(table, clock), 0
    # The raw table may have got back an event from another receipt of it than the typed one has it from.
    around = selection.widened(window)
    table.refresh()
    while True:
        try:
            for part in raw.missing_in(table, WHERE_FROM, selection.where(), around.where()):
                landings = landings_of(*part)
                columns = typed_columns(table.declared, landings, time.time_ns() // 1000)
                table.append(columns, {_REPLAY: table.transaction(_REPLAY) + 1})
                added += len(landings)
        except StaleTableError as error:  # another is filling it; what it added is no longer missing
            again(error)
        else:
            return added
