"""Follows a journal for somebody who watches: what comes in, as small dictionaries, without what is about people."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from ciokit.errors import UnparseableEventError
from ciokit.webhooks.events import parse_event
from ciokit.webhooks.journal_format import Record
from ciokit.webhooks.journal_reader import JournalReader

_SHOWN: Final = (
    "campaign_id",
    "broadcast_id",
    "newsletter_id",
    "transactional_message_id",
    "action_id",
    "content_id",
    "journey_id",
    "delivery_id",
)
_POLL: Final = 0.2


def tail(
    directory: str | Path, stop: threading.Event, *, from_start: bool = False, follow: bool = True, full: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield what a journal takes in, as values that JSON can hold.

    Args:
        directory: the folder of the journal.
        stop: ends the waiting.
        from_start: begin with the oldest record instead of the next one.
        follow: wait for more at the end.
        full: with the body as text, which is personal data.

    Raises:
        ConfigurationError: there is no journal.
    """
    reader = JournalReader(directory)
    reader.require()
    after = {lane: 0 if from_start else reader.newest(lane) for lane in reader.lanes()}
    while True:
        found = False
        for lane in reader.lanes():  # one that appears later is read from its beginning
            for record in reader.read(lane, after.get(lane, 0), max_records=1000):
                found, after[lane] = True, record.position
                yield _shown(lane, record, full=full)
        if not found and (not follow or stop.wait(_POLL)):
            return


def _shown(lane: int, record: Record, *, full: bool) -> dict[str, Any]:
    line: dict[str, Any] = {
        "received_at": record.received_at.isoformat(),
        "lane": lane,
        "position": record.position,
        "bytes": len(record.body),
    }
    try:
        event = parse_event(record.body)
    except UnparseableEventError as error:
        line["rejected"] = error.reason
    else:
        line |= {
            "event_id": event.event_id,
            "object_type": event.object_type,
            "metric": event.metric,
            "timestamp": event.timestamp.isoformat(),
        }
        line |= {name: event.data[name] for name in _SHOWN if isinstance(event.data.get(name), int | str)}
    if full:
        line["body"] = record.body.decode("utf-8", "replace")
    return line
