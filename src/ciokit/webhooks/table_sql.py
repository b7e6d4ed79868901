"""CREATE TABLE statements of the webhook tables, for whoever makes them by hand; the committer makes its own.

```python
print(ddl(TYPED["email"], "databricks", schema="main.webhooks"))
```
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

from ciokit.errors import ConfigurationError
from ciokit.webhooks.tables import Column, ColumnType, Table

_SCHEMA: Final = re.compile(r"(?:\w[\w-]*|`[^`]+`|\"[^\"]+\")(?:\.(?:\w[\w-]*|`[^`]+`|\"[^\"]+\")){0,2}")
Dialect = Literal["databricks", "spark", "duckdb"]

_DELTA: Final[Mapping[ColumnType, str]] = {
    "string": "STRING",
    "long": "BIGINT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "binary": "BINARY",
}
TYPES: Final[Mapping[Dialect, Mapping[ColumnType, str]]] = {
    "databricks": _DELTA,
    "spark": _DELTA,
    "duckdb": {**_DELTA, "string": "VARCHAR", "timestamp": "TIMESTAMP WITH TIME ZONE", "binary": "BLOB"},
}


def checked_schema(schema: str) -> str:
    """Return the name of a schema as it is, if it can stand in a statement.

    Raises:
        ConfigurationError: it cannot: it has spaces, say, and no quotes around them.
    """
    if not _SCHEMA.fullmatch(schema):
        raise ConfigurationError(
            f"{schema!r} is no name of a schema; give one such as main.webhooks, with a part in backquotes where it "
            "has more than letters, digits and _"
        )
    return schema


def ddl(table: Table, dialect: Dialect, *, schema: str = "", clustered: bool = True) -> str:
    """Write the CREATE TABLE statement of a table.

    Args:
        table: one of `ciokit.webhooks.tables.TABLES`.
        dialect: `databricks` is a Delta table with liquid clustering and comments, `spark` a Delta table with comments,
            `duckdb` a plain table; comments on its columns are statements of their own.
        schema: put before the name as it is, such as `main.webhooks`.
        clustered: False leaves liquid clustering out. delta-rs, which the committer writes with, cannot write a table
            that has it, so a table that the committer is to write on Databricks must be made without.

    Raises:
        ConfigurationError: `schema` is no name of one.
    """
    name = f"{checked_schema(schema)}.{table.name}" if schema else table.name
    lines = ",\n".join(f"  {_column(column, dialect)}" for column in table.columns)
    statement = f"CREATE TABLE IF NOT EXISTS {name} (\n{lines}\n)"
    if dialect == "duckdb":
        comments = (
            f"COMMENT ON COLUMN {name}.{_quoted(column.name, dialect)} IS {_text(column.doc)}"
            for column in table.columns
        )
        return ";\n".join((statement, f"COMMENT ON TABLE {name} IS {_text(table.doc)}", *comments))
    statement += "\nUSING DELTA"
    clusters = dialect == "databricks" and clustered
    if clusters:
        statement += f"\nCLUSTER BY ({', '.join(table.cluster_by)})"
    properties = ",\n".join(f"  '{key}' = '{value}'" for key, value in _properties(table, clustered=clusters).items())
    return f"{statement}\nCOMMENT {_text(table.doc)}\nTBLPROPERTIES (\n{properties}\n)"


def _column(column: Column, dialect: Dialect) -> str:
    words = [_quoted(column.name, dialect), TYPES[dialect][column.type]]
    if not column.nullable:
        words.append("NOT NULL")
    if dialect != "duckdb":
        words += ["COMMENT", _text(column.doc)]
    return " ".join(words)


def _properties(table: Table, *, clustered: bool) -> dict[str, str]:
    properties = {
        "delta.appendOnly": "false",  # events of people who ask for it must be deletable
        "delta.dataSkippingStatsColumns": ",".join(table.statistics),  # otherwise the first 32, long texts among them
        "delta.enableRowTracking": "false",  # delta-rs cannot write a table that has it
    }
    if clustered:
        # Clustered tables look for conflicts row by row, and by default only among rows that change: of two MERGE at
        # once each would insert what the other does (Databricks, "Isolation levels and write conflicts").
        properties["delta.isolationLevel"] = "Serializable"
    return properties


def _quoted(name: str, dialect: Dialect) -> str:
    return f'"{name}"' if dialect == "duckdb" else f"`{name}`"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
