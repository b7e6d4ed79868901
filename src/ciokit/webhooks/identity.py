"""Notices a journal that is older than the tables: one brought back from a backup, which counts its positions again.

The tables remember how far each lane was read. If a journal was restored to an earlier state and written on since, or
lost its segments and began anew, the same positions mean other records, and skipping what was "read" would lose them.
Such a journal gets a new id, so that all of it is read; what the tables hold already is recognised by its event id.
"""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from ciokit.webhooks import journal_format as layout
from ciokit.webhooks.arbiter import app_of, received_app_of
from ciokit.webhooks.delta import LandingTable
from ciokit.webhooks.journal_reader import JournalReader

_LOG: Final = logging.getLogger("ciokit.webhooks.committer")


def checked(reader: JournalReader, raw: LandingTable, lanes: Iterable[int]) -> str:
    """Return the id of a journal, a new one if lanes of it are not those that the raw table knows under its old id.

    Raises:
        TableStoreError: the table cannot be read.
    """
    journal = reader.id
    for lane in lanes:
        name = f"{journal}/{lane}"
        done = raw.transaction(app_of(name))
        if done and not _is_same(reader, lane, done, raw.transaction(received_app_of(name))):
            fresh = str(uuid.uuid4())
            layout.replace_file(reader.directory / "id", f"{fresh}\n")
            _LOG.warning(
                "lane %d of the journal is not the one that was committed: it seems to come from a backup; all of the "
                "journal is read again under a new id, and what the tables hold already is left out",
                lane,
            )
            return fresh
    return journal


def began_anew(reader: JournalReader, positions: Mapping[int, int]) -> bool:
    """Tell whether a lane counts from the beginning again: its newest segment is older than what was read of it."""
    return any(
        max(layout.segments(reader.directory, lane), default=0) < layout.segment_of(position)
        for lane, position in positions.items()
    )


def _is_same(reader: JournalReader, lane: int, done: int, received_us: int) -> bool:
    """Tell whether the last record that was committed is where it was; no other was received at its microsecond."""
    segment = layout.segment_of(done)
    there = layout.segments(reader.directory, lane)
    if segment not in there:
        return bool(there) and segment < min(there)  # it was pruned, and all after it is still to be read
    last = deque(reader.all_records(lane, layout.position(segment, 0), up_to=done), maxlen=1)
    return bool(last) and (last[0].position, last[0].received_us) == (done, received_us)
