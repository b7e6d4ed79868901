"""Views over the webhook tables: one text that DuckDB, Spark and Databricks read alike, and a DuckDB session with them.

Each view is one `SELECT` in `sql/`, named as its file; they build on each other in the order of `VIEWS`.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from ciokit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from deltalake import DeltaTable
    from duckdb import DuckDBPyConnection

    from ciokit.webhooks.tables import Table

VIEWS = (
    "webhook_message_events",
    "webhook_deliveries",
    "daily_email_engagement",
    "campaign_performance",
    "customer_engagement_summary",
    "webhook_error_summary",
    "journey_performance",
)
"""The views, each after those it reads."""

_NO_NAME: Final = re.compile(r"://|[*?\[]")
"""What makes of a path something else for DuckDB: an address, or a pattern."""


def view_sql(name: str) -> str:
    """Return the `SELECT` of a view. Raises `ConfigurationError` where there is none of that name."""
    if name not in VIEWS:
        raise ConfigurationError(f"there is no view {name!r}; there are {', '.join(VIEWS)}")
    return files("ciokit.webhooks").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


def view_statements(*, temporary: bool = False) -> list[str]:
    """Return what creates all views in the current schema, in order: for `spark.sql` or any other engine.

    The tables of `ciokit.webhooks.tables` must be there under their names.
    """
    kind = "TEMPORARY VIEW" if temporary else "VIEW"
    return [f"CREATE OR REPLACE {kind} {name} AS\n{view_sql(name)}" for name in VIEWS]


def open_tables(
    uri: str | Path,
    *,
    connection: DuckDBPyConnection | None = None,
    storage_options: Mapping[str, str] | None = None,
) -> DuckDBPyConnection:
    """Return a DuckDB session with the webhook tables and views under `uri`, as they are at this moment.

    Local tables are read where they lie, query by query; those in an object store are loaded into memory. A table that
    nothing was written to yet is there and empty. Call it again, with the same connection, for what came since.

    Args:
        uri: the folder or address that holds the tables, as given to the committer.
        connection: a session to put them into; None opens one in memory.
        storage_options: credentials and endpoints of an object store, as delta-rs names them.

    Raises:
        ConfigurationError: DuckDB or deltalake is not installed.
    """
    from ciokit.webhooks.tables import TABLES

    try:
        import duckdb
    except ImportError:
        raise ConfigurationError("the views need DuckDB: pip install 'ciokit[webhooks,duckdb]'") from None
    session = connection or duckdb.connect()
    session.execute("SET TimeZone = 'UTC'")
    for table in TABLES.values():
        _add_table(session, table, f"{str(uri).rstrip('/')}/{table.name}", storage_options)
    for statement in view_statements():
        session.execute(statement)
    return session


def _add_table(session: DuckDBPyConnection, table: Table, uri: str, storage_options: Mapping[str, str] | None) -> None:
    from deltalake import DeltaTable

    from ciokit.webhooks.table_sql import TYPES

    columns = ", ".join(f'CAST(NULL AS {TYPES["duckdb"][each.type]}) AS "{each.name}"' for each in table.columns)
    # Comes first in a union by name, so that columns and their types are the declared ones whatever the files have.
    select = f"SELECT {columns} WHERE FALSE"
    options = dict(storage_options) if storage_options else None
    if DeltaTable.is_deltatable(uri, options):
        delta = DeltaTable(uri, storage_options=options)
        select += f" UNION ALL BY NAME SELECT * FROM {_source(session, table, delta)}"  # noqa: S608 - names and paths of ours, quoted
    session.execute(f"CREATE OR REPLACE VIEW {table.name} AS {select}")


def _source(session: DuckDBPyConnection, table: Table, delta: DeltaTable) -> str:
    paths = [unquote(path) for path in delta.file_uris()]  # delta-rs writes addresses, DuckDB reads names
    # A table with more than the plainest protocol may have deletion vectors, or other names for its columns.
    if paths and delta.protocol().min_reader_version == 1 and not any(_NO_NAME.search(path) for path in paths):
        listed = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
        return f"read_parquet([{listed}], union_by_name = true)"
    from deltalake import QueryBuilder

    rows = QueryBuilder().register("wanted", delta).execute("SELECT * FROM wanted")
    session.register("_ciokit_rows", rows)
    create = f"CREATE OR REPLACE TEMPORARY TABLE {table.name}_loaded"
    session.execute(f"{create} AS SELECT * FROM _ciokit_rows")  # noqa: S608 - the name is declared
    session.unregister("_ciokit_rows")
    return f"{table.name}_loaded"
