"""A journal to write into and tables to look into, for tests of what moves webhooks from one to the other."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from ciokit.webhooks.commit_settings import CommitSettings
from ciokit.webhooks.committer import CommitReport, Committer
from ciokit.webhooks.journal import Journal, JournalLimits
from ciokit.webhooks.tables import TABLES, TYPED

HEADERS = b'{"content-type":"application/json"}'
LIMITS = JournalLimits(min_free_bytes=0)
DAY_US = 86_400_000_000


def event_id(number: int) -> str:
    """Return the id of an event that was numbered."""
    return f"01J{number:023d}"


def event(number: int, object_type: str = "email", metric: str = "sent", **data: Any) -> bytes:
    """Return the body of an event as it is posted."""
    body = {
        "event_id": event_id(number),
        "object_type": object_type,
        "metric": metric,
        "timestamp": 1_767_225_600 + number,
        "data": {"delivery_id": f"d{number}", "identifiers": {"id": f"u{number}"}, **data},
    }
    return json.dumps(body).encode()


def events(numbers: Iterable[int]) -> list[bytes]:
    """Return events, of every typed object type in turn."""
    kinds = list(TYPED)
    return [event(number, kinds[number % len(kinds)]) for number in numbers]


def record(folder: Path, bodies: Sequence[bytes], *, days_ago: float = 0.0, limits: JournalLimits = LIMITS) -> None:
    """Put bodies into a journal, as a receiver does that is started for them and stopped again."""
    now = time.time_ns() // 1000 - int(days_ago * DAY_US)
    with Journal(folder, limits) as journal:
        for number, body in enumerate(bodies):
            journal.append(HEADERS, body, now + number)


def commit(journal: Path, tables: Path, settings: CommitSettings | None = None) -> CommitReport:
    """Commit what there is, in a committer of its own."""
    with Committer(journal, tables, settings) as committer:
        return committer.drain()


def table_ids(uri: Path | str, name: str = "webhook_raw_events", **options: Any) -> Counter[str]:
    """Return how often each event id is in a table."""
    key = "body_sha256" if name == "webhook_quarantine" else "event_id"
    table = DeltaTable(f"{uri}/{name}", **options)
    return Counter(value for batch in table.scan(columns=[key]) for value in batch.column(key).to_pylist())


def typed_ids(uri: Path | str, **options: Any) -> Counter[str]:
    """Return how often each event id is in the typed tables together."""
    found: Counter[str] = Counter()
    for table in TYPED.values():
        found += table_ids(uri, table.name, **options)
    return found


def rows(uri: Path | str, name: str, where: str | None = None) -> list[dict[str, Any]]:
    """Return the rows of a table, times as numbers."""
    batches = list(DeltaTable(f"{uri}/{name}").scan(predicate=where))
    columns = [column.name for column in TABLES[name].columns]
    return [
        dict(zip(columns, values, strict=True))
        for batch in batches
        for values in zip(*(batch.column(name).to_pylist() for name in columns), strict=True)
    ]


def once(numbers: Iterable[int]) -> Counter[str]:
    """Return what tables hold where each event is in them once."""
    return Counter(event_id(number) for number in numbers)
