"""Rows of the webhook tables: wrong values never fail one, unknown fields stay, and the DDL can be read."""

from __future__ import annotations

import hashlib
import itertools
import json

import duckdb
import orjson
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st

from ciokit.webhooks.events import parse_event
from ciokit.webhooks.schema import OBJECT_TYPES
from ciokit.webhooks.table_sql import ddl
from ciokit.webhooks.tables import (
    QUARANTINE,
    RAW,
    SHARED,
    TABLES,
    TYPED,
    Landing,
    Reject,
    raw_columns,
    typed_columns,
)
from tests.support.webhook_tables import quarantine_row, raw_row, typed_row

RECEIVED = 1_767_225_600_000_001
COMMITTED = 1_767_225_601_000_000
FIELDS = sorted({column.name for table in TYPED.values() for column in table.columns} | {"identifiers", "new", "raw"})
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["7", "-7", "9" * 40, "\N{SUPERSCRIPT TWO}", "\x00"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "email", "cio_id", "x"]), inner),
    max_leaves=5,
)
DATA = st.dictionaries(st.sampled_from(FIELDS), VALUE, max_size=6)
PLAIN = {"string": str, "long": int, "boolean": bool, "timestamp": int, "date": int, "binary": bytes}


def _landing(data, position=5, object_type="email", metric="opened", **other) -> Landing:
    body = {"event_id": f"e{position}", "object_type": object_type, "metric": metric, "timestamp": 1613063089}
    return Landing(parse_event(orjson.dumps({**body, "data": data, **other})), RECEIVED, "j/lane-0", position)


def _row(data, **other):
    _, row = typed_row(_landing(data, **other), COMMITTED)
    return row


def test_a_typed_row_has_where_it_comes_from_and_when() -> None:
    """Envelope, UTC date, receipt, journal position and commit are in every typed row, and the body as it came."""
    landing = _landing(
        {"delivery_id": "ZAIA", "identifiers": {"id": "42", "email": None, "cio_id": "d9"}, "prefetched": True}
    )
    table, row = typed_row(landing, COMMITTED)
    assert table is TYPED["email"]
    assert {name: value for name, value in row.items() if value is not None} == {
        "event_id": "e5",
        "object_type": "email",
        "metric": "opened",
        "event_timestamp": 1613063089_000000,
        "event_date": 18669,  # 2021-02-11
        "received_at": RECEIVED,
        "id": "42",
        "cio_id": "d9",
        "delivery_id": "ZAIA",
        "prefetched": True,
        "raw": landing.event.raw.decode(),
        "_journal": "j/lane-0",
        "_position": 5,
        "_committed_at": COMMITTED,
    }
    assert list(row) == [column.name for column in table.columns]


def test_a_raw_row_has_the_body_as_it_came() -> None:
    """An event of a type without a table has a raw row, and no typed one."""
    landing = _landing({}, object_type="fax", metric="jammed")
    assert typed_row(landing, COMMITTED) is None
    row = raw_row(landing, COMMITTED)
    assert list(row) == [column.name for column in RAW.columns]
    assert (row["object_type"], row["raw"].encode()) == ("fax", landing.event.raw)


def test_a_quarantine_row_has_the_bytes_as_they_came() -> None:
    """A body that is no event is kept byte for byte, with the reason and a hash to know it again by."""
    row = quarantine_row(Reject("not_json", b"\xff\x00", RECEIVED, "j/lane-0", 9), COMMITTED)
    assert row == {
        "body_sha256": hashlib.sha256(b"\xff\x00").hexdigest(),
        "reason": "not_json",
        "received_at": RECEIVED,
        "received_date": 20454,  # 2026-01-01
        "body": b"\xff\x00",
        "_journal": "j/lane-0",
        "_position": 9,
        "_committed_at": COMMITTED,
    }
    assert list(row) == [column.name for column in QUARANTINE.columns]


@pytest.mark.parametrize(
    ("column", "value", "landed"),
    [
        ("journey_id", 15, "15"),  # the vendor's own sample has a number here
        ("journey_id", "01GW20GXAAXBKZD8J96M8FNV3R", "01GW20GXAAXBKZD8J96M8FNV3R"),
        ("journey_id", True, None),
        ("journey_id", 1.5, None),
        ("journey_id", {"a": 1}, None),
        ("transactional_message_id", 3, "3"),
        ("transactional_message_id", "welcome", "welcome"),
        ("link_id", 7, 7),
        ("link_id", "7", 7),
        ("link_id", 7.0, 7),
        ("link_id", 7.5, None),
        ("link_id", True, None),
        ("link_id", "seven", None),
        ("link_id", 2**63 - 1, 2**63 - 1),
        ("link_id", 2**63, None),
        ("link_id", "9223372036854775808", None),
        ("link_id", -(2**63), -(2**63)),
        ("link_id", None, None),
        ("machine", False, False),
        ("machine", "true", None),
        ("machine", 1, None),
        ("headers", {"X": ["y"]}, '{"X":["y"]}'),
        ("headers", "X: y", '"X: y"'),
        ("headers", None, None),
    ],
)
def test_a_value_of_another_type_is_converted_exactly_or_null(column, value, landed) -> None:
    """Nothing is guessed: what can be converted without loss is, anything else is null and stays in `raw`."""
    row = _row({column: value})
    assert (row[column], type(row[column])) == (landed, type(landed))
    assert json.loads(row["raw"])["data"] == {column: value}


def test_unknown_fields_are_kept_in_their_places() -> None:
    """What has no column is in `extra`, where the body had it; what has one is not."""
    data = {"subject": "Hi", "sparkle": [1], "identifiers": {"id": "1", "x": 2}, "event_id": "inner"}
    row = _row(data, v=3, object_type_type="email")
    assert json.loads(row["extra"]) == {
        "v": 3,
        "data": {"sparkle": [1], "event_id": "inner", "identifiers": {"x": 2}},
    }
    assert (row["event_id"], row["id"], row["subject"]) == ("e5", "1", "Hi")


@pytest.mark.parametrize("identifiers", [None, "42", [], 5, {}, {"id": {"a": 1}}])
def test_identifiers_of_another_type_are_null(identifiers) -> None:
    """A person who is not told as documented does not fail the row."""
    row = _row({"identifiers": identifiers})
    assert (row["id"], row["email"], row["cio_id"]) == (None, None, None)


def test_what_is_too_deep_to_be_written_is_null_and_stays_in_raw() -> None:
    """Nesting that JSON can hold and the writer cannot leaves the row alone."""
    body = b'{"event_id":"e","object_type":"email","metric":"sent","timestamp":1,"data":{"headers":%b,"new":%b}}'
    event = parse_event(body % ((b"[" * 400 + b"]" * 400,) * 2))
    _, row = typed_row(Landing(event, RECEIVED, "j", 1), COMMITTED)
    assert (row["headers"], row["extra"], row["raw"]) == (None, None, event.raw.decode())


@pytest.mark.parametrize("object_type", OBJECT_TYPES)
@given(datas=st.lists(DATA, max_size=6))
def test_many_events_make_the_rows_that_each_makes_alone(object_type, datas) -> None:
    """Whatever the values are, rows made together are those made one by one, of the right types, none missing."""
    landings = [_landing(data, position, object_type) for position, data in enumerate(datas)]
    table = TYPED[object_type]
    columns = typed_columns(table, landings, COMMITTED)
    assert {len(values) for values in columns.values()} == {len(datas)}
    rows = [
        {column.name: columns.get(column.name, [None] * len(datas))[index] for column in table.columns}
        for index in range(len(datas))
    ]
    alone = [typed_row(landing, COMMITTED)[1] for landing in landings]
    assert sorted(rows, key=lambda row: row["_position"]) == alone
    for row, column in itertools.product(alone, table.columns):
        value = row[column.name]
        assert type(value) is PLAIN[column.type] or (value is None and column.nullable), column


def test_raw_rows_keep_their_order() -> None:
    """Rows of the raw table come in the order of the journal; no rows are columns without values."""
    landings = [_landing({}, position, object_type) for position, object_type in enumerate(OBJECT_TYPES)]
    assert list(raw_columns(landings, COMMITTED)["_position"]) == list(range(len(OBJECT_TYPES)))
    assert {len(values) for values in raw_columns([], COMMITTED).values()} == {0}
    assert set(raw_columns(landings, COMMITTED)) == {column.name for column in RAW.columns}


def test_the_tables_are_the_promised_ones() -> None:
    """One raw table, one for each of the 8 types, one quarantine; the typed ones start alike."""
    assert set(TABLES) == {
        "webhook_raw_events",
        *(f"webhook_{object_type}_events" for object_type in OBJECT_TYPES),
        "webhook_quarantine",
    }
    for table in TYPED.values():
        assert table.columns[: len(SHARED)] == SHARED


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("dialect", ["databricks", "spark"])
def test_the_ddl_is_read_as_it_is_meant(table, dialect) -> None:
    """A parser of the dialect reads every column with its type, NOT NULL and comment, and the clustering."""
    read = sqlglot.parse_one(ddl(table, dialect, schema="main.hooks"), dialect=dialect)
    assert isinstance(read, sqlglot.exp.Create)
    assert read.find(sqlglot.exp.Table).sql(dialect) == f"main.hooks.{table.name}"
    found = {}
    for column in read.find_all(sqlglot.exp.ColumnDef):
        kinds = {type(each.kind).__name__: each.kind for each in column.args["constraints"]}
        comment = kinds["CommentColumnConstraint"].this.this
        found[column.name] = (column.args["kind"].sql(dialect), "NotNullColumnConstraint" not in kinds, comment)
    types = {"string": "STRING", "long": "BIGINT", "boolean": "BOOLEAN", "date": "DATE", "binary": "BINARY"}
    types["timestamp"] = "TIMESTAMP"
    assert found == {column.name: (types[column.type], column.nullable, column.doc) for column in table.columns}
    clustered = read.find(sqlglot.exp.ClusterProperty)
    names = tuple(each.name for each in clustered.expressions) if clustered else ()
    assert names == (table.cluster_by if dialect == "databricks" else ())


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_clustering_can_be_had_and_left_out(table) -> None:
    """Databricks clusters by at most four columns, each with statistics; what delta-rs shall write goes without."""
    assert 0 < len(table.cluster_by) <= 4
    assert set(table.cluster_by) <= set(table.statistics)
    assert "CLUSTER BY" not in ddl(table, "databricks", clustered=False)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_clustered_tables_refuse_one_of_two_merges(table) -> None:
    """A clustered table is serializable: otherwise Databricks lets two runs insert the same row."""
    assert "'delta.isolationLevel' = 'Serializable'" in ddl(table, "databricks")
    assert "isolationLevel" not in ddl(table, "databricks", clustered=False)


def test_duckdb_makes_the_tables() -> None:
    """DuckDB takes every statement, and has every column with its type."""
    types = {"string": "VARCHAR", "long": "BIGINT", "boolean": "BOOLEAN", "date": "DATE", "binary": "BLOB"}
    types["timestamp"] = "TIMESTAMP WITH TIME ZONE"
    with duckdb.connect() as session:
        for table in TABLES.values():
            session.execute(ddl(table, "duckdb"))
            found = session.execute(
                "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() WHERE table_name = ? "
                "ORDER BY column_index",
                [table.name],
            ).fetchall()
            assert found == [(each.name, types[each.type], each.nullable, each.doc) for each in table.columns]
