"""Imports as the service works them off: a CSV file becomes people, events, objects or relationships, row by row.

Known of the files (vendor's guides to uploading people and importing objects): at most 100 MB and 100 columns; a column
`id` or `email` names the person, `object_id` the object, `object_type_id` its type; every other column is an attribute,
or a property of the event; events can only be given to people who exist.

[inferred]: an event's name is in `name` and its time in `timestamp`; an empty cell says nothing; values stay text; a
file that cannot be used at all makes the import fail, a row that cannot be used goes into the file of errors.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ciokit.emulator import rules
from ciokit.emulator.changes import events, objects, people
from ciokit.emulator.changes.common import Item
from ciokit.emulator.holdings import Export, Import
from ciokit.emulator.ledger import Problem
from ciokit.emulator.sizes import compact
from ciokit.emulator.world import Entry, Person, World

_FILE_BYTES = 100_000_000
_COLUMNS = 100
_OPERATION = "POST /v1/imports"

Row = Mapping[str, str]
Outcome = bool | str
"""Whether a row counted as imported, or what is wrong with it."""


def finish_imports(world: World, until: float) -> None:
    """Let every import happen that ends by a time (unix seconds), in order, each at its own time."""
    for job in world.held.due_imports(until):
        world.now = math.ceil(job.due)
        job.finished = world.now
        content, job.content = job.content, None
        table = _table(job, content)
        if isinstance(table, str):
            job.failure = table
            continue
        header, rows = table
        faults: list[list[str]] = []
        doubts: list[list[str]] = []
        for row, whole in rows:
            job.rows += 1
            before = len(world.log)
            outcome = whole or _EFFECTS[job.kind](world, job, row)
            cells = [row.get(name, "") for name in header]
            if outcome is True:
                job.imported += 1
                doubts += [[*cells, doubt] for doubt in _doubts(world.log[before:])]
            elif outcome:
                faults.append([*cells, outcome])
        job.errors = _report(world, job, "error", header, faults)
        job.warnings = _report(world, job, "warning", header, doubts)


def rows_in(content: bytes | None) -> int:
    """Return how many rows a file has below its header; 0 for what is no table."""
    try:
        return max(0, sum(1 for line in csv.reader(_text(content)) if line) - 1)
    except (UnicodeDecodeError, csv.Error):
        return 0


def table_bytes(header: Iterable[str], rows: Iterable[Iterable[str]]) -> bytes:
    """Return a table as CSV (RFC 4180), in UTF-8."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()


def _text(content: bytes | None) -> io.StringIO:
    return io.StringIO((content or b"").decode("utf-8-sig"), newline="")


def _table(job: Import, content: bytes | None) -> tuple[list[str], Iterator[tuple[Row, str]]] | str:
    """Return the header and the rows, each with what makes it unusable or ""; or why the file cannot be used."""
    if content is None:
        return "the file cannot be read at data_file_url"
    if len(content) > _FILE_BYTES:
        return "the file is over 100 MB"
    try:
        lines = [line for line in csv.reader(_text(content), strict=True) if line]
    except UnicodeDecodeError:
        return "the file is not UTF-8"
    except csv.Error:
        return "the file is not CSV"
    header = [name.strip() for name in lines[0]] if lines else []
    missing = [name for name in _required(job) if name not in header]
    if missing:
        return f"the file has no column {missing[0]}"
    if len(header) > _COLUMNS:
        return f"the file has {len(header)} columns, at most {_COLUMNS} are taken"
    if len(set(header)) < len(header):
        return "the file has two columns of one name"
    return header, (_row(header, line) for line in lines[1:])


def _row(header: list[str], line: list[str]) -> tuple[Row, str]:
    row = dict(zip(header, line, strict=False))
    whole = "" if len(line) == len(header) else f"has {len(line)} cells, and the file {len(header)} columns"
    return row, whole


def _required(job: Import) -> tuple[str, ...]:
    who = job.identifier or ""
    return {"people": (who,), "event": (who, "name"), "object": ("object_id",), "relationship": ("object_id", who)}[
        job.kind
    ]


def _doubts(log: Iterable[Entry]) -> Iterator[str]:
    """Yield what a row said in vain, such as an e-mail address that is somebody else's."""
    for entry in log:
        if entry.type == "failed_attribute_change":
            yield "; ".join(f"{name} {change['error']}" for name, change in entry.data.items())


def _report(world: World, job: Import, what: str, header: list[str], rows: list[list[str]]) -> int | None:
    if not rows:
        return None
    number = world.held.number("export", world.held.exports)
    content = table_bytes([*header, what], rows)
    title = f"{what.capitalize()}s of import {job.id}"
    world.held.exports[number] = Export(number, "customers", title, content, len(rows), world.now, world.now)
    return number


# One row each


def _person_of(world: World, job: Import, row: Row) -> tuple[str, Person | None]:
    named = row.get(job.identifier or "", "").strip()
    return named, world.person(named, job.identifier or "id") if named else None


def _rest(row: Row, *names: str | None) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value and name not in names}


def _skipped(job: Import, *, known: bool) -> bool:
    return job.extent == ("only_new" if known else "only_existing")


def _person(world: World, job: Import, row: Row) -> Outcome:
    named, person = _person_of(world, job, row)
    if not named:
        return f"{job.identifier} is empty"
    if _skipped(job, known=person is not None):
        return False
    if job.identifier == "id":
        message: rules.Message = {"userId": named, "traits": _rest(row, "id")}
    else:
        own = person.id if person else row.get("id")
        message = {"userId": own or "", "traits": {**_rest(row, "id"), "email": named}}
    return _applied(world, "identify", message, people.identify)


def _event(world: World, job: Import, row: Row) -> Outcome:
    named, person = _person_of(world, job, row)
    if not named:
        return f"{job.identifier} is empty"
    if person is None:
        return False if job.extent == "only_existing" else f"nobody has this {job.identifier}"
    if not row["name"].strip():
        return "name is empty"
    message: rules.Message = {
        "userId": person.id or f"cio_{person.cio_id}",
        "event": row["name"],
        "properties": _rest(row, job.identifier, "name", "timestamp"),
    }
    at = row.get("timestamp", "").strip()
    if at:
        message["timestamp"] = _iso(at)
        if rules.moment(message["timestamp"]) is None:
            return "timestamp is neither unix seconds nor ISO 8601"
    return _done(world, Item(_OPERATION, None, "track", message, {}, compact(message) or b""), events.track)


def _object(world: World, job: Import, row: Row) -> Outcome:
    named, type_id = row["object_id"].strip(), job.object_type_id or "1"
    if not named:
        return "object_id is empty"
    if _skipped(job, known=(type_id, named) in world.objects):
        return False
    traits = {**_rest(row, "object_id", "object_type_id"), "object_type_id": type_id}
    # Nobody is related by it: an anonymous id without a person stands for nobody.
    message: rules.Message = {"anonymousId": f"import {job.id}", "groupId": named, "traits": traits}
    return _applied(world, "group", message, objects.group)


def _relationship(world: World, job: Import, row: Row) -> Outcome:
    named, person = _person_of(world, job, row)
    if not named:
        return f"{job.identifier} is empty"
    if not row["object_id"].strip():
        return "object_id is empty"
    type_id = row.get("object_type_id", "").strip() or "1"
    thing = world.objects.get((type_id, row["object_id"].strip()))
    known = person is not None and thing is not None and thing.key in person.relationships
    if _skipped(job, known=known):
        return False
    if person is None:
        problem = _applied(world, "identify", _identity(job, named), people.identify)
        if problem is not True:
            return problem
        _, person = _person_of(world, job, row)
    attributes = _rest(row, job.identifier, "object_id", "object_type_id")
    traits = {"object_type_id": type_id, "relationshipAttributes": attributes}
    user_id = (person.id or f"cio_{person.cio_id}") if person else named
    message: rules.Message = {"userId": user_id, "groupId": row["object_id"].strip(), "traits": traits}
    return _applied(world, "group", message, objects.group)


def _identity(job: Import, named: str) -> rules.Message:
    return {"userId": named} if job.identifier == "id" else {"userId": "", "traits": {"email": named}}


_EFFECTS: dict[str, Callable[[World, Import, Row], Outcome]] = {
    "people": _person,
    "event": _event,
    "object": _object,
    "relationship": _relationship,
}


def _applied(
    world: World, kind: str, message: rules.Message, effect: Callable[[World, Item], Problem | None]
) -> Outcome:
    problem = rules.check(kind, message, {})
    if problem is not None:
        return str(problem)
    return _done(world, Item(_OPERATION, None, kind, message, {}, compact(message) or b""), effect)


def _done(world: World, item: Item, effect: Callable[[World, Item], Problem | None]) -> Outcome:
    problem = effect(world, item)
    return True if problem is None else str(problem)


def _iso(text: str) -> str:
    """Return unix seconds as ISO 8601, and other text as it is."""
    if text.isascii() and text.isdigit() and len(text) < 12:
        return datetime.fromtimestamp(int(text), UTC).isoformat()
    return text
