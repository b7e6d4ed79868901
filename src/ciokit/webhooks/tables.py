"""The tables that events land in, declared once: the 8 typed ones, the raw one and the quarantine.

Columns are made of the declarations in `ciokit.webhooks.schema`. Rows are made column-wise, for many events at once:
events of the same shape are transposed together, which costs a tenth of making one row after the other.

Values are as Arrow stores them: a `timestamp` is an int of microseconds since 1970 in UTC, a `date` an int of days
since 1970. A value of another type than its column never fails a row: it is converted where nothing is lost (`42` in a
text column), otherwise the column is null there and the value stays in `raw`.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias, cast, get_args, get_origin, get_type_hints

import orjson

from ciokit.webhooks.events import WebhookEvent
from ciokit.webhooks.schema import DATA, EventData, Identifiers

ColumnType = Literal["string", "long", "boolean", "timestamp", "date", "binary"]

Columns: TypeAlias = dict[str, Sequence[Any]]
"""Values by column, all of one length; a column that is not there is null in every row."""


_STATISTICS: Final = frozenset(
    {"event_id", "object_type", "metric", "event_timestamp", "event_date", "received_at", "received_date", "reason"}
    | {"body_sha256", "customer_id", "delivery_id", "campaign_id", "broadcast_id", "newsletter_id", "journey_id"}
    | {"_journal", "_position", "_committed_at"}
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `json` marks text that holds JSON because the field is an object or an array."""

    name: str
    type: ColumnType
    doc: str
    nullable: bool = True
    json: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `cluster_by` is how Databricks lays it out."""

    name: str
    doc: str
    columns: tuple[Column, ...]
    cluster_by: tuple[str, ...]

    @property
    def statistics(self) -> tuple[str, ...]:
        """Names of the columns worth having least and greatest values of; the others are long, or personal."""
        return tuple(column.name for column in self.columns if column.name in _STATISTICS)

    def __repr__(self) -> str:
        return f"Table({self.name!r}, {len(self.columns)} columns)"


class Landing(NamedTuple):
    """An event on its way into the tables: when it was received (microseconds), and where the journal has it."""

    event: WebhookEvent
    received_us: int
    journal: str
    position: int


class Reject(NamedTuple):
    """A signed body that is no event, on its way into the quarantine."""

    reason: str
    body: bytes
    received_us: int
    journal: str
    position: int


# --- the declaration --------------------------------------------------------------------------------------------------

_ENVELOPE: Final = (
    Column("event_id", "string", "Id of the event; the same when it is sent again.", nullable=False),
    Column("object_type", "string", "What the event is about, such as email.", nullable=False),
    Column("metric", "string", "What happened, such as opened.", nullable=False),
    Column("event_timestamp", "timestamp", "When it happened, UTC.", nullable=False),
    Column("event_date", "date", "Day on which it happened, UTC.", nullable=False),
    Column("received_at", "timestamp", "When the receiver got it, UTC.", nullable=False),
)
_RAW_JSON: Final = Column("raw", "string", "Body of the webhook as it came, JSON.", nullable=False)
_EXTRA: Final = Column("extra", "string", "Fields of the body that have no column, in their places, JSON.", json=True)
_BOOKKEEPING: Final = (
    Column("_journal", "string", "Journal that the receiver wrote it to.", nullable=False),
    Column("_position", "long", "Where in that journal.", nullable=False),
    Column("_committed_at", "timestamp", "When it was written to this table, UTC.", nullable=False),
)


def _declared(declaration: type) -> tuple[Column, ...]:
    columns: list[Column] = []
    for name, hint in get_type_hints(declaration, include_extras=True).items():
        if get_origin(hint) is Annotated:
            kind, doc = get_args(hint)
            columns.append(_column(name, get_args(kind) if isinstance(kind, UnionType) else (kind,), doc))
        else:  # `identifiers`, whose fields are columns of their own
            columns += _declared(hint)
    return tuple(columns)


def _column(name: str, kinds: tuple[Any, ...], doc: str) -> Column:
    if any(get_origin(kind) in {dict, list} for kind in kinds):
        return Column(name, "string", f"{doc.removesuffix('.')}, JSON.", json=True)
    return Column(name, "string" if str in kinds else "boolean" if bool in kinds else "long", doc)


def _typed(object_type: str, declaration: type) -> Table:
    return Table(
        f"webhook_{object_type}_events",
        f"Events about {object_type}, one row each.",
        (*_ENVELOPE, *_declared(declaration), _EXTRA, _RAW_JSON, *_BOOKKEEPING),
        ("event_date", "metric", "delivery_id"),
    )


TYPED: Final[Mapping[str, Table]] = {name: _typed(name, declaration) for name, declaration in DATA.items()}
"""The table of each object type."""

RAW: Final = Table(
    "webhook_raw_events",
    "Every event, of known and unknown types, one row each.",
    (*_ENVELOPE, _RAW_JSON, *_BOOKKEEPING),
    ("event_date", "object_type", "metric"),
)

QUARANTINE: Final = Table(
    "webhook_quarantine",
    "Signed bodies that are no events, one row each.",
    (
        Column("body_sha256", "string", "Hash of the body, hex; the same when it is sent again.", nullable=False),
        Column("reason", "string", "Why it is no event, such as not_json.", nullable=False),
        Column("received_at", "timestamp", "When the receiver got it, UTC.", nullable=False),
        Column("received_date", "date", "Day on which the receiver got it, UTC.", nullable=False),
        Column("body", "binary", "Body of the webhook, byte for byte.", nullable=False),
        *_BOOKKEEPING,
    ),
    ("received_date", "reason"),
)

TABLES: Final[Mapping[str, Table]] = {table.name: table for table in (RAW, *TYPED.values(), QUARANTINE)}
"""Every table by its name."""

SHARED: Final = (*_ENVELOPE, *_declared(EventData))
"""The columns that every typed table starts with."""


# --- rows -------------------------------------------------------------------------------------------------------------

_Values: TypeAlias = Sequence[Any]
_Landings: TypeAlias = Sequence[tuple[WebhookEvent, int, str, int]]  # Landing is one, and costs more to make
_NONE: Final = type(None)
_INT64: Final = 2**63
_EXACT: Final = 2**53  # up to here every integer has a float of its own
_DIGITS: Final = 19
_DAY_US: Final = 86_400_000_000
_IDENTIFIERS: Final = tuple(get_type_hints(Identifiers))


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _long(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and abs(value) <= _EXACT and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS:
        value = int(value)
    return value if isinstance(value, int) and -_INT64 <= value < _INT64 else None


def _json(value: object) -> str | None:
    try:
        return None if value is None else orjson.dumps(value).decode()
    except TypeError:  # deeper than orjson writes, though not deeper than it reads
        return None


_Convert: TypeAlias = Callable[[_Values], _Values]


def _texts(values: _Values) -> _Values:
    return values if {str, _NONE}.issuperset(map(type, values)) else [_text(value) for value in values]


def _longs(values: _Values) -> _Values:
    if set(map(type, values)) == {int} and max(values) < _INT64:  # orjson has made floats of what is below
        return values
    return [_long(value) for value in values]


def _booleans(values: _Values) -> _Values:
    kinds = {bool, _NONE}
    return values if kinds.issuperset(map(type, values)) else [v if type(v) is bool else None for v in values]


def _jsons(values: _Values) -> _Values:
    return [_json(value) for value in values]


_BY_TYPE: Final[Mapping[str, _Convert]] = {"string": _texts, "long": _longs, "boolean": _booleans}
_CONVERT: Final[Mapping[str, Mapping[str, _Convert]]] = {
    TYPED[name].name: {
        column.name: _jsons if column.json else _BY_TYPE[column.type]
        for column in _declared(declaration)
        if column.name not in _IDENTIFIERS
    }
    for name, declaration in DATA.items()
}


def typed_columns(table: Table, landings: _Landings, committed_us: int) -> Columns:
    """Make the rows of one typed table; they come grouped by shape, not in the order of `landings`.

    A thousand events at a time, right after they were parsed, take half the time of tens of thousands at once.
    """
    shapes: defaultdict[tuple[str, ...], list[tuple[WebhookEvent, int, str, int]]] = defaultdict(list)
    for landing in landings:
        shapes[tuple(landing[0].data)].append(landing)
    convert = _CONVERT[table.name]
    parts = [(len(group), _part(convert, shape, group)) for shape, group in shapes.items()]
    columns = _joined(parts) if len(parts) != 1 else parts[0][1]
    columns["_committed_at"] = [committed_us] * len(landings)
    return columns


def raw_columns(landings: _Landings, committed_us: int) -> Columns:
    """Make rows of the raw table, in the order of `landings`."""
    columns, _, _ = _envelope(landings)
    columns["_committed_at"] = [committed_us] * len(landings)
    return columns


def quarantine_columns(rejects: Sequence[Reject], committed_us: int) -> Columns:
    """Make rows of the quarantine, in the order of `rejects`."""
    return {
        "body_sha256": [body_hash(each.body) for each in rejects],
        "reason": [each.reason for each in rejects],
        "received_at": [each.received_us for each in rejects],
        "received_date": [each.received_us // _DAY_US for each in rejects],
        "body": [each.body for each in rejects],
        "_journal": [each.journal for each in rejects],
        "_position": [each.position for each in rejects],
        "_committed_at": [committed_us] * len(rejects),
    }


def body_hash(body: bytes) -> str:
    """Name a body by its content: SHA-256, hex."""
    return hashlib.sha256(body).hexdigest()


def _joined(parts: list[tuple[int, Columns]]) -> Columns:
    names = dict.fromkeys(name for _, part in parts for name in part)
    joined: Columns = {}
    for name in names:
        values: list[Any] = []
        for count, part in parts:
            values.extend(part.get(name) or [None] * count)
        joined[name] = values
    return joined


def _envelope(landings: _Landings) -> tuple[Columns, Sequence[dict[str, Any]], Sequence[dict[str, Any]]]:
    """Return the columns that every event fills, the data of each event, and what else it has."""
    events, received, journals, positions = zip(*landings, strict=True) if landings else ((),) * 4
    ids, types, metrics, occurred, data, raws, others = zip(*events, strict=True) if landings else ((),) * 7
    columns: Columns = {
        "event_id": ids,
        "object_type": types,
        "metric": metrics,
        "event_timestamp": occurred,
        "event_date": [moment // _DAY_US for moment in occurred],
        "received_at": received,
        "raw": list(map(bytes.decode, raws)),
        "_journal": journals,
        "_position": positions,
    }
    return columns, data, others


def _part(convert: Mapping[str, _Convert], shape: tuple[str, ...], group: _Landings) -> Columns:
    """Make the columns of events whose data have the same fields in the same order."""
    columns, data, others = _envelope(group)
    fields: Columns = dict(zip(shape, zip(*map(dict[str, Any].values, data), strict=True), strict=False))
    identifiers = fields.pop("identifiers", ())
    unknown = {name: fields.pop(name) for name in shape if name not in convert and name in fields}
    columns |= {name: convert[name](values) for name, values in fields.items()}
    found, strangers = _identifiers(identifiers)
    columns |= found
    if unknown or strangers or any(others):
        rows = zip(*unknown.values(), strict=True) if unknown else [()] * len(group)
        beyond = [dict(zip(unknown, row, strict=True)) for row in rows]
        for each, stranger in zip(beyond, strangers, strict=False):
            if stranger:
                each["identifiers"] = stranger
        columns["extra"] = [_extra(other, row) for other, row in zip(others, beyond, strict=True)]
    return columns


def _identifiers(values: _Values) -> tuple[Columns, _Values]:
    """Return the columns of the identifiers, and the unknown ones of each row if there are any."""
    people = cast("Sequence[dict[str, Any]]", values)
    if set(map(type, values)) != {dict}:
        people = [each if type(each) is dict else {} for each in people]
    shapes: set[tuple[str, ...]] = set(map(tuple, people))
    names = {name for shape in shapes for name in shape}
    if len(shapes) == 1:
        cells: Columns = dict(zip(*shapes, zip(*(each.values() for each in people), strict=True), strict=False))
    else:
        cells = {name: [each.get(name) for each in people] for name in names.intersection(_IDENTIFIERS)}
    columns = {name: _texts(cells[name]) for name in _IDENTIFIERS if name in cells}
    if names.issubset(_IDENTIFIERS):
        return columns, ()
    return columns, [{name: each[name] for name in each if name not in _IDENTIFIERS} for each in people]


def _extra(other: dict[str, Any], data: dict[str, Any]) -> str | None:
    extra = {**other, "data": data} if data else other
    return _json(extra) if extra else None
