"""Compares what was acknowledged with what the tables hold, read without the code that wrote them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from deltalake import DeltaTable

from chaos.events import QUARANTINE, RAW, Events

_TYPES = ("email", "customer", "sms", "push", "in_app", "slack", "webhook", "whatsapp")
_TYPED = [f"webhook_{kind}_events" for kind in _TYPES]


@dataclass(frozen=True)
class Compared:
    """How the tables differ from what was acknowledged.

    - `missing`: acknowledged events that one of their tables lacks.
    - `doubled`: rows beyond the first of an event in a table.
    - `foreign`: rows that were never sent, or are in the wrong table.
    - `altered`: rows of the raw table and the quarantine that differ from what was sent.
    - `unasked`: events stored of which no acknowledgement arrived; no difference, their answer was lost with a kill.
    """

    acknowledged: int
    stored: int
    quarantined: int
    missing: int
    doubled: int
    foreign: int
    altered: int
    unasked: int

    @property
    def differences(self) -> int:
        """How many in all; 0 is as it should be."""
        return self.missing + self.doubled + self.foreign + self.altered


def compare(
    tables: str,
    events: Events,
    acknowledged: set[int],
    issued: int,
    options: Mapping[str, str] | None = None,
    *,
    bodies: bool = True,
) -> Compared:
    """Compare all tables; `issued` is how many events were made, and `bodies` whether each byte is looked at."""
    raw, altered, unknown = _raw(tables, events, issued, options, bodies=bodies)
    rejects, odd = _quarantine(tables, events, issued, options)
    stored = raw + rejects
    missing = len(acknowledged - stored.keys())
    doubled = stored.total() - len(stored)
    foreign = unknown + odd + sum(events.poisoned(number) for number in raw)
    for name in _TYPED:
        found, strange = _numbers(tables, name, events, issued, options)
        wanted = {number for number in raw if events.typed_table(number) == name}
        missing += len(wanted - found.keys())
        foreign += strange + len(found.keys() - wanted)
        doubled += found.total() - len(found)
    return Compared(
        acknowledged=len(acknowledged),
        stored=len(stored),
        quarantined=len(rejects),
        missing=missing,
        doubled=doubled,
        foreign=foreign,
        altered=altered,
        unasked=len(stored.keys() - acknowledged),
    )


def _raw(
    tables: str, events: Events, issued: int, options: Mapping[str, str] | None, *, bodies: bool
) -> tuple[Counter[int], int, int]:
    """Return the numbers of the raw table, and how many rows are not as sent, and not sent at all."""
    found: Counter[int] = Counter()
    altered = foreign = 0
    columns = ("event_id", "raw") if bodies else ("event_id",)
    for key, *body in _rows(tables, RAW, columns, options):
        number = events.number(key)
        if number is None or number >= issued:
            foreign += 1
            continue
        found[number] += 1
        if body and body[0].encode() != events.body(number):
            altered += 1
    return found, altered, foreign


def _quarantine(
    tables: str, events: Events, issued: int, options: Mapping[str, str] | None
) -> tuple[Counter[int], int]:
    """Return the numbers of what was quarantined, told apart by digest, and how many rows are none of them."""
    wanted = {events.key(number): number for number in range(issued) if events.poisoned(number)}
    found: Counter[int] = Counter()
    foreign = 0
    for key, body in _rows(tables, QUARANTINE, ("body_sha256", "body"), options):
        number = wanted.get(key)
        if number is None or body != events.body(number):
            foreign += 1
        else:
            found[number] += 1
    return found, foreign


def _numbers(
    tables: str, name: str, events: Events, issued: int, options: Mapping[str, str] | None
) -> tuple[Counter[int], int]:
    found: Counter[int] = Counter()
    foreign = 0
    for (key,) in _rows(tables, name, ("event_id",), options):
        number = events.number(key)
        if number is None or number >= issued:
            foreign += 1
        else:
            found[number] += 1
    return found, foreign


def _rows(
    tables: str, name: str, columns: tuple[str, ...], options: Mapping[str, str] | None
) -> Iterator[tuple[Any, ...]]:
    table = DeltaTable(f"{tables}/{name}", storage_options=dict(options or {}))
    for batch in table.scan(columns=list(columns)):
        yield from zip(*(batch.column(column).to_pylist() for column in columns), strict=True)


def orphans(tables: str) -> int:
    """Return how many data files on this disk belong to no version: a kill kept their commits from being made."""
    count = 0
    for table in Path(tables).iterdir():
        added: set[str] = set()
        for commit in (table / "_delta_log").glob("*.json"):
            for line in commit.read_bytes().splitlines():
                action = orjson.loads(line)
                if "add" in action:
                    added.add(action["add"]["path"])
        count += sum(path.name not in added for path in table.glob("*.parquet"))
    return count
