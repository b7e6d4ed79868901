"""Gives the typed tables what the raw table has taken: after a batch, after a crash, and when they are filled again."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from ciokit.core.clock import Clock
from ciokit.webhooks.arbiter import app_of, attempts
from ciokit.webhooks.delta import LandingTable, StaleTableError, text
from ciokit.webhooks.events import parse_event
from ciokit.webhooks.tables import Landing, typed_columns


def give(table: LandingTable, landings: Sequence[Landing], ends: Mapping[str, int], clock: Clock) -> int:
    """Append events to a typed table, except those of positions that it has passed; return how many it took.

    Raises:
        TableStoreError: the store does not answer; whether they were appended is unknown.
    """
    again = attempts(table, clock)
    while True:
        done = {lane: table.transaction(app_of(lane)) for lane in ends}
        fresh = [landing for landing in landings if landing.position > done[landing.journal]]
        if not fresh:
            return 0
        try:
            table.append(
                typed_columns(table.declared, fresh, time.time_ns() // 1000),
                {app_of(lane): max(end, done[lane]) for lane, end in ends.items()},
            )
        except StaleTableError as error:
            again(error)
        else:
            return len(fresh)


def read_back(raw: LandingTable, lane: str, after: int, end: int) -> list[Landing]:
    """Return the events of a lane that the raw table holds, those after one position and up to another."""
    where = f"_journal = {text(lane)} and _position > {after} and _position <= {end}"
    parts = raw.scan(("raw", "received_at", "_journal", "_position"), where)
    return sorted((each for part in parts for each in landings_of(*part)), key=lambda landing: landing.position)


def landings_of(
    bodies: Iterable[str], received: Iterable[int], lanes: Iterable[str], positions: Iterable[int]
) -> list[Landing]:
    """Make events of columns of the raw table."""
    return [
        Landing(parse_event(body.encode()), received_us, lane, position)
        for body, received_us, lane, position in zip(bodies, received, lanes, positions, strict=True)
    ]
