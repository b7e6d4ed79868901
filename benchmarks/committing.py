"""The committer against bare delta-rs: the same events, as Arrow data made beforehand, appended to the same tables.

`python -m benchmarks.committing fill|ours|bare FOLDER COUNT`: `fill` writes the journal that the others read.
"""

from __future__ import annotations

import json
import random
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.stopwatch import Stopwatch
from ciokit.cli.memory import calm_memory
from ciokit.webhooks.arrow import arrow_table
from ciokit.webhooks.commit_settings import CommitSettings
from ciokit.webhooks.committer import Committer
from ciokit.webhooks.delta import DeltaStore
from ciokit.webhooks.intake import Batch
from ciokit.webhooks.journal import Journal, JournalLimits
from ciokit.webhooks.journal_reader import JournalReader
from ciokit.webhooks.schema import METRICS
from ciokit.webhooks.tables import RAW, TYPED, raw_columns, typed_columns

HEADERS = b'{"content-type":"application/json","x-cio-timestamp":"1767225600","x-cio-signature":"%b"}' % (b"a" * 64)
_SHARES = {"email": 55, "push": 15, "in_app": 10, "sms": 8, "customer": 4, "webhook": 4, "slack": 2, "whatsapp": 2}


def body(number: int, dice: random.Random) -> bytes:
    """Return an event of a type that is as frequent as people use it, with the fields most events have."""
    (kind,) = dice.choices(list(_SHARES), list(_SHARES.values()))
    person = f"u{dice.randrange(50_000)}"
    data: dict[str, Any] = {
        "customer_id": person,
        "identifiers": {"id": person, "email": f"{person}@example.com", "cio_id": f"d9c106{number:010x}"},
    }
    if kind != "customer":
        data |= {
            "delivery_id": f"RPILAgUBcRhIBqSfeiIwdIYJKxTY{number:08d}",
            "action_id": 96,
            "campaign_id": 23,
            "content_id": 38,
            "journey_id": f"01GW20GXAAXBKZD8J96M8FNV3{dice.randrange(10)}",
            "recipient": f"{person}@example.com",
            "subject": "Thanks for joining, here is what comes next",
        }
    event = {
        "event_id": f"01E4C4CT6YDC7Y5M7{number:09d}",
        "object_type": kind,
        "metric": dice.choice(METRICS[kind]),
        "timestamp": 1_767_225_600 + number // 100,
        "data": data,
    }
    return json.dumps(event).encode()


def fill(folder: Path, count: int) -> None:
    """Write the journal."""
    dice = random.Random(1)
    with Journal(folder / "journal", JournalLimits(min_free_bytes=0)) as journal, ThreadPoolExecutor(32) as pool:
        list(pool.map(lambda number: journal.append(HEADERS, body(number, dice)), range(count)))


def ours(folder: Path, count: int) -> None:
    """Commit the journal, with everything the committer does: reading, parsing, looking for duplicates, three steps."""
    calm_memory()
    with Committer(folder / "nothing", folder / "ours") as first:
        first.drain()
        for table in first.store.tables():
            table.refresh()  # which makes them
    with Committer(folder / "journal", folder / "ours") as committer:
        with Stopwatch(count) as watch:
            report = committer.drain()
        assert report.rows[RAW.name] == count
    watch.tell()


def bare(folder: Path, count: int) -> None:
    """Append the same rows in the same batches, one plain append after the other, from Arrow data that is ready."""
    from deltalake import WriterProperties, write_deltalake  # here: `ours` is to load it as the command does

    store, reader = DeltaStore(folder / "bare"), JournalReader(folder / "journal")
    records, batches = reader.all_records(0), list[tuple[Any, Any]]()
    while part := list(islice(records, CommitSettings.max_rows)):
        batch = Batch()
        batch.add("journal/0", part)
        batches.append((store.table(RAW), arrow_table(RAW, raw_columns(batch.landings, 1))))
        for kind, table in TYPED.items():
            if rows := [landing for landing in batch.landings if landing.event.object_type == kind]:
                batches.append((store.table(table), arrow_table(table, typed_columns(table, rows, 1))))
    for table in store.tables():
        table.refresh()
    properties = WriterProperties(compression="ZSTD", compression_level=1)
    with Stopwatch(count) as watch:
        for table, data in batches:
            write_deltalake(table.handle, data, mode="append", writer_properties=properties)
    assert store.table(RAW).handle.count() == count
    watch.tell()


if __name__ == "__main__":
    {"fill": fill, "ours": ours, "bare": bare}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
