"""Reads a journal ahead of the tables: records become events and rejects, gathered into batches."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from ciokit.errors import UnparseableEventError
from ciokit.webhooks.events import parse_event
from ciokit.webhooks.journal_format import Record
from ciokit.webhooks.journal_reader import JournalReader
from ciokit.webhooks.tables import Landing, Reject


@dataclass
class Batch:
    """Records of one or more lanes on their way into the tables.

    `ends` says how far each lane was read, as a position, and `received` when the record there was received, in
    microseconds. `since` is the monotonic time of the first record's arrival here, None while there is none.
    """

    landings: list[Landing] = field(default_factory=list[Landing])
    rejects: list[Reject] = field(default_factory=list[Reject])
    ends: dict[str, int] = field(default_factory=dict[str, int])
    received: dict[str, int] = field(default_factory=dict[str, int])
    records: int = 0
    bytes: int = 0
    since: float | None = None

    def add(self, lane: str, records: list[Record]) -> None:
        """Parse records of a lane and add them."""
        landings, size = self.landings, 0
        for position, received_us, _, body in records:
            size += len(body)
            try:
                landings.append(Landing(parse_event(body), received_us, lane, position))
            except UnparseableEventError as error:
                self.rejects.append(Reject(error.reason, body, received_us, lane, position))
        self.ends[lane] = records[-1].position
        self.received[lane] = records[-1].received_us
        self.records += len(records)
        self.bytes += size
        if self.since is None:
            self.since = time.monotonic()


class Intake:
    """Where each lane of a journal is to be read on from.

    Args:
        reader: the journal.
        max_rows: the most records of a batch.
        max_bytes: the bytes of bodies at which a batch is full.
    """

    def __init__(self, reader: JournalReader, max_rows: int, max_bytes: int) -> None:
        self._reader = reader
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._after: dict[int, int] = {}
        self._journal = ""
        self._turn = 0

    def start(self, lane: int, position: int, journal: str) -> None:
        """Read a lane on from a position; `journal` is the journal's id."""
        self._after[lane] = position
        self._journal = journal

    def known(self, lane: int) -> bool:
        """Tell whether a lane was started."""
        return lane in self._after

    def stop(self) -> None:
        """Forget all lanes."""
        self._after.clear()

    def full(self, batch: Batch) -> bool:
        """Tell whether a batch takes no more."""
        return batch.records >= self._max_rows or batch.bytes >= self._max_bytes

    def fill(self, batch: Batch) -> Batch:
        """Add what there is to a batch until it is full, every lane in turn; return it."""
        waiting = list(self._after)
        while waiting and not self.full(batch):
            self._turn += 1
            lane = waiting[self._turn % len(waiting)]
            share = max(1, min(1000, self._max_rows - batch.records))
            room = max(1, min(1 << 20, self._max_bytes - batch.bytes))
            records = self._reader.read(lane, self._after[lane], max_records=share, max_bytes=room)
            if records:
                batch.add(f"{self._journal}/{lane}", records)
                self._after[lane] = records[-1].position
            else:
                waiting.remove(lane)
        return batch
