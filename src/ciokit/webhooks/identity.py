"""Notices a journal that is older than the tables: one brought back from a backup, which counts its positions again.

The tables remember how far each lane was read. If a journal was restored to an earlier state and written on since, the
same positions mean other records, and skipping what was "read" would lose them. Such a journal gets a new id, so that
all of it is read; what the tables hold already is recognised by its event id.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable
from typing import Final

from ciokit.webhooks import journal_format as layout
from ciokit.webhooks.arbiter import app_of
from ciokit.webhooks.delta import LandingTable, text
from ciokit.webhooks.journal_reader import JournalReader

_LOG: Final = logging.getLogger("ciokit.webhooks.committer")
_LOOK_BACK: Final = 4 << 20  # bytes of the journal that are compared with the table


def checked(reader: JournalReader, raw: LandingTable, lanes: Iterable[int]) -> str:
    """Return the id of a journal, a new one if lanes of it are not those that the raw table knows under its old id.

    Raises:
        TableStoreError: the table cannot be read.
    """
    journal = reader.id
    for lane in lanes:
        done = raw.transaction(app_of(f"{journal}/{lane}"))
        if done and not _is_same(reader, raw, journal, lane, done):
            fresh = str(uuid.uuid4())
            layout.replace_file(reader.directory / "id", f"{fresh}\n")
            _LOG.warning(
                "lane %d of the journal is not the one that was committed: it seems to come from a backup; all of the "
                "journal is read again under a new id, and what the tables hold already is left out",
                lane,
            )
            return fresh
    return journal


def _is_same(reader: JournalReader, raw: LandingTable, journal: str, lane: int, done: int) -> bool:
    """Tell whether what was committed of a lane up to a position is what the journal has there."""
    segment = layout.segment_of(done)
    there = layout.segments(reader.directory, lane)
    if segment not in there:
        # Pruned, and all after it is still to be read; where nothing is left, a writer may begin with the first again.
        return bool(there) and segment < min(there)
    if reader.newest(lane) < done:
        return False
    start = max(layout.position(segment, 0), done - _LOOK_BACK)
    where = f"_journal = {text(f'{journal}/{lane}')} and _position > {start} and _position <= {done}"
    committed: dict[int, int] = {}
    for positions, received in raw.scan(("_position", "received_at"), where):
        committed.update(zip(positions, received, strict=True))
    if not committed:
        return True
    for record in reader.all_records(lane, layout.position(segment, 0), up_to=done):
        if committed.pop(record.position, record.received_us) != record.received_us:
            return False
    return not committed
