"""Columns of Python values as Arrow data and back, with the small Arrow library that delta-rs brings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from ciokit.webhooks.tables import Columns, ColumnType, Table


def arrow_table(table: Table, columns: Columns) -> Any:
    """Make Arrow data of columns of values; those that are not given are null in every row."""
    rows = max(map(len, columns.values()), default=0)
    arrays = [
        _array(column.type, columns[column.name]) if column.name in columns else _nulls(column.type, rows)
        for column in table.columns
    ]
    return _arrow().Table.from_arrays(arrays, schema=_arrow_schema(table))


@cache
def _arrow_schema(table: Table) -> Any:
    fields = [
        _arrow().Field(column.name, _array(column.type, []).type, nullable=column.nullable) for column in table.columns
    ]
    return _arrow().Schema(fields)


def _arrow() -> Any:
    """Return the Arrow library that delta-rs brings; how it types its arrays is half unknown."""
    import arro3.core

    return arro3.core


def _array(kind: ColumnType, values: Sequence[Any]) -> Any:
    array, types = _arrow().Array, _arrow().DataType
    if kind == "timestamp":
        return array(values, types.int64()).cast(types.timestamp("us", tz="UTC"))
    if kind == "date":
        return array(values, types.int32()).cast(types.date32())
    plain = {"string": types.utf8, "long": types.int64, "boolean": types.bool, "binary": types.binary}
    return array(values, plain[kind]())


@cache
def _long_nulls(kind: ColumnType, length: int) -> Any:
    return _array(kind, [None] * length)


def _nulls(kind: ColumnType, rows: int) -> Any:
    """Return nulls, cut from an array that is made once: most columns of most events are empty."""
    return _long_nulls(kind, 1 << max(10, (rows - 1).bit_length())).slice(0, rows)


def values_of(array: Any, kind: ColumnType) -> list[Any]:
    """Return the values of an Arrow array as tables hold them: times in microseconds, dates in days."""
    types = _arrow().DataType
    if kind == "timestamp":
        array = array.cast(types.int64())
    elif kind == "date":
        array = array.cast(types.int32())
    return list(array.to_pylist())
