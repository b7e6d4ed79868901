"""Webhook events of a made-up past, single rows, and Delta tables filled with events without a receiver."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import write_deltalake

from ciokit.webhooks.events import parse_event
from ciokit.webhooks.schema import METRICS
from ciokit.webhooks.tables import (
    QUARANTINE,
    RAW,
    TYPED,
    Columns,
    Landing,
    Reject,
    Table,
    quarantine_columns,
    raw_columns,
    typed_columns,
)

START = 1_767_225_600  # 2026-01-01T00:00:00Z
_ARROW: dict[str, pa.DataType] = {
    "string": pa.string(),
    "long": pa.int64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", "UTC"),
    "date": pa.date32(),
    "binary": pa.binary(),
}
_FAILURES = ("mailbox full", "no such user", "")


def body(number: int, object_type: str, metric: str, seconds: int, **data: Any) -> dict[str, Any]:
    """Return the body of an event; `seconds` count from `START`."""
    return {
        "event_id": f"01J{number:023d}",
        "object_type": object_type,
        "metric": metric,
        "timestamp": START + seconds,
        "data": data,
    }


def random_bodies(count: int, seed: int) -> list[dict[str, Any]]:
    """Return events of a few hundred deliveries over ten days, in no order, many of them implausible."""
    dice = random.Random(seed)
    bodies: list[dict[str, Any]] = []
    for number in range(count):
        object_type = dice.choice(list(METRICS))
        person = dice.randrange(40)
        person_data = {
            "customer_id": f"u{person}",
            "identifiers": {"id": f"u{person}", "email": f"u{person}@x.io", "cio_id": f"c{person}"},
        }
        data: dict[str, Any] = dict(person_data)
        if person % 7 == 0:
            data["identifiers"] = {"id": f"u{person}"}
        metric = dice.choice(METRICS[object_type])
        if object_type != "customer":
            delivery = dice.randrange(200)
            data |= {"delivery_id": f"{object_type}-{delivery}", "action_id": delivery % 5}
            source = ("campaign_id", "broadcast_id", "newsletter_id", "transactional_message_id")[delivery % 4]
            data[source] = delivery % 3 + 1
            if source in {"campaign_id", "broadcast_id"}:
                data["journey_id"] = f"01H{delivery % 60}"
            if metric in {"bounced", "failed", "dropped", "attempted"}:
                data["failure_message"] = dice.choice(_FAILURES)
        if object_type == "email" and metric == "opened":
            data |= {"prefetched": dice.random() < 0.4, "synthetic": dice.random() < 0.2}
        if object_type == "email" and metric == "clicked":
            data |= {"machine": dice.random() < 0.4, "href": "https://x.io", "link_id": 1}
        bodies.append(body(number, object_type, metric, dice.randrange(10 * 86_400), **data))
    return bodies


def write_tables(uri: Path, bodies: Iterable[dict[str, Any]]) -> None:
    """Write events to the raw and typed Delta tables under `uri`."""
    landings = [
        Landing(parse_event(json.dumps(each).encode()), START * 1_000_000, "j", position)
        for position, each in enumerate(bodies)
    ]
    _write(uri, RAW, raw_columns(landings, 0))
    for object_type, table in TYPED.items():
        own: Sequence[Landing] = [each for each in landings if each.event.object_type == object_type]
        if own:
            _write(uri, table, typed_columns(table, own, 0))


def typed_row(landing: Landing, committed_us: int) -> tuple[Table, dict[str, Any]] | None:
    """Make one row with every column of the event's typed table; None where the type has no table."""
    table = TYPED.get(landing.event.object_type)
    return None if table is None else (table, _row(table, typed_columns(table, [landing], committed_us)))


def raw_row(landing: Landing, committed_us: int) -> dict[str, Any]:
    """Make one row of the raw table."""
    return _row(RAW, raw_columns([landing], committed_us))


def quarantine_row(reject: Reject, committed_us: int) -> dict[str, Any]:
    """Make one row of the quarantine."""
    return _row(QUARANTINE, quarantine_columns([reject], committed_us))


def _row(table: Table, columns: Columns) -> dict[str, Any]:
    return {column.name: columns[column.name][0] if column.name in columns else None for column in table.columns}


def _write(uri: Path, table: Table, columns: Columns) -> None:
    height = len(columns["_committed_at"])
    arrays = {each.name: pa.array(columns.get(each.name, [None] * height), _ARROW[each.type]) for each in table.columns}
    write_deltalake(str(uri / table.name), pa.table(arrays), mode="append")
