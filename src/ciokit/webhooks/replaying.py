"""Takes events from where they are kept, the journal or the raw table, to have them once more.

`filling` brings what is missing into the tables; `post` sends events to a receiver as Customer.io would.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

from ciokit.core.clock import Clock, SystemClock
from ciokit.core.wire import Request, Transport
from ciokit.errors import ConfigurationError, NetworkError
from ciokit.webhooks.delta import LandingTable, microseconds, text
from ciokit.webhooks.giving import landings_of
from ciokit.webhooks.intake import Batch
from ciokit.webhooks.journal_reader import JournalReader
from ciokit.webhooks.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from ciokit.webhooks.tables import Landing

_LOG: Final = logging.getLogger("ciokit.webhooks.replaying")
_ADDRESS: Final = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)

WHERE_FROM: Final = ("raw", "received_at", "_journal", "_position")
"""The columns of the raw table that make an event whole again, as `landings_of` takes them."""


@dataclass(frozen=True)
class Selection:
    """Which events: received from `since` and before `until`, of these object types; all where nothing is said."""

    since: datetime | None = None
    until: datetime | None = None
    object_types: frozenset[str] = frozenset()

    def takes(self, landing: Landing) -> bool:
        """Tell whether an event is one of them."""
        kind = landing.event.object_type
        return self.covers(landing.received_us) and (not self.object_types or kind in self.object_types)

    def covers(self, received_us: int) -> bool:
        """Tell whether what was received at a time, in microseconds, may be one of them."""
        return (self.since is None or received_us >= _us(self.since)) and (
            self.until is None or received_us < _us(self.until)
        )

    def widened(self, by: timedelta) -> Selection:
        """Return the same with times that reach further on both sides."""
        since = None if self.since is None else self.since - by
        return replace(self, since=since, until=None if self.until is None else self.until + by)

    def where(self) -> str:
        """Return the same as a predicate on a table."""
        parts = ["true"]
        if self.since is not None:
            parts.append(f"received_at >= {microseconds(_us(self.since))}")
        if self.until is not None:
            parts.append(f"received_at < {microseconds(_us(self.until))}")
        if self.object_types:
            parts.append(f"object_type in ({', '.join(map(text, sorted(self.object_types)))})")
        return " and ".join(parts)


EVERYTHING: Final = Selection()


@dataclass
class PostReport:
    """How posting went: events taken by the receiver, and those it did not take, by status."""

    posted: int
    refused: dict[int, int]


def from_journal(directory: str | Path, selection: Selection = EVERYTHING) -> Iterator[list[Landing]]:
    """Yield the events that a journal holds, up to its present end, some at a time; what is no event is left out.

    Raises:
        ConfigurationError: there is no journal.
    """
    for batch in batches(directory, selection):
        if batch.landings:
            yield batch.landings


def batches(directory: str | Path, selection: Selection = EVERYTHING) -> Iterator[Batch]:
    """Yield what a journal holds, events and rejects; these only where no object types are asked for.

    Raises:
        ConfigurationError: there is no journal.
    """
    reader = JournalReader(directory)
    reader.require()
    # What comes later is left out: it may be what is posted from here, to the receiver that writes this journal.
    ends = {lane: reader.newest(lane) for lane in reader.lanes()}
    for lane, end in ends.items():
        name, after = f"{reader.id}/{lane}", 0
        while records := reader.read(lane, after):
            after = records[-1].position
            batch = Batch()
            batch.add(name, [record for record in records if record.position <= end])
            batch.landings = [landing for landing in batch.landings if selection.takes(landing)]
            some_types = bool(selection.object_types)
            batch.rejects = [] if some_types else [each for each in batch.rejects if selection.covers(each.received_us)]
            yield batch
            if after >= end:
                break


def from_table(raw: LandingTable, selection: Selection = EVERYTHING) -> Iterator[list[Landing]]:
    """Yield the events that the raw table holds, some at a time.

    Raises:
        ConfigurationError: there is no raw table.
        TableStoreError: the store does not answer.
    """
    raw.require()
    for part in raw.scan(WHERE_FROM, selection.where()):
        yield landings_of(*part)


def post(
    parts: Iterable[list[Landing]],
    url: str,
    secret: str,
    transport: Transport,
    *,
    attempts: int = 8,
    clock: Clock | None = None,
) -> PostReport:
    """Send events to a receiver one after the other, each with a fresh signature.

    While the receiver answers 503, or not at all, it is asked again, up to `attempts` times with growing pauses.

    Raises:
        ConfigurationError: `url` is no address of a receiver.
        NetworkError: the receiver cannot be reached.
    """
    if not _ADDRESS.match(url):
        raise ConfigurationError("events are posted to a URL: give one that begins with http:// or https://")
    report, clock = PostReport(0, {}), clock or SystemClock()
    for landing in (landing for part in parts for landing in part):
        status = _sent(partial(_request, landing.event.raw, url, secret), transport, attempts, clock)
        if 200 <= status < 300:
            report.posted += 1
        else:
            report.refused[status] = report.refused.get(status, 0) + 1
    return report


def _request(body: bytes, url: str, secret: str) -> Request:
    now = str(int(time.time()))
    signature = {TIMESTAMP_HEADER: now, SIGNATURE_HEADER: sign(body, now, secret)}
    return Request("POST", url, {"content-type": "application/json", **signature}, body, "POST webhook")


def _sent(request: Callable[[], Request], transport: Transport, attempts: int, clock: Clock) -> int:
    for attempt in range(1, attempts):
        why = "it answers 503"
        try:
            status = transport.send(request()).status
            if status != 503:
                return status
        except NetworkError as error:
            why = f"cannot connect: {error.message}" if not error.maybe_sent else error.message
        if attempt == 1:
            _LOG.warning("the receiver does not take an event, trying again up to %d times: %s", attempts - 1, why)
        clock.sleep(min(30.0, 0.25 * 2**attempt))
    return transport.send(request()).status


def _us(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000)
