"""Copies the tables that events land in into those that people query on Databricks: clustered, with views, rows once.

delta-rs, which lands events, cannot write a table that has liquid clustering; Databricks can. So there are two sets of
tables, and a job that runs this over and over, in whatever process, as often as somebody likes:

```python
publish(SparkEngine(spark), "s3://bucket/webhooks", "main.webhooks")
```

How far a published table has come stands in itself: within a lane of a journal rows land in the order of `_position`,
so the highest one of each `_journal` says what to read next. A MERGE by the key then adds what is not there. Of two
runs at the same moment Delta refuses the one that finds rows it did not know of, as the tables are serializable, and
the next run does its work.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final, Protocol

from ciokit.errors import ConfigurationError, TableStoreError
from ciokit.webhooks.table_sql import TYPES, Dialect, checked_schema, ddl
from ciokit.webhooks.tables import RAW, TABLES, Column, Table
from ciokit.webhooks.views import view_statements

_LOG: Final = logging.getLogger("ciokit.webhooks.publishing")
# What Spark and Databricks call a table, or a folder, that is not there.
_NOT_THERE: Final = frozenset(
    {
        "DELTA_MISSING_DELTA_TABLE",
        "DELTA_PATH_DOES_NOT_EXIST",
        "DELTA_TABLE_NOT_FOUND",
        "PATH_NOT_FOUND",
        "TABLE_OR_VIEW_NOT_FOUND",
    }
)


class Engine(Protocol):
    """Runs the SQL of Databricks."""

    def rows(self, statement: str) -> Sequence[Sequence[Any]]:
        """Run a statement and return its rows."""
        ...

    def columns(self, relation: str) -> list[str]:
        """Return the columns of a table, none if it is not there."""
        ...


class Session(Protocol):
    """What is used of a Spark session; pyspark need not be installed to read this."""

    def sql(self, statement: str, /) -> Any:
        """Run a statement and return a data frame."""
        ...


class SparkEngine:
    """A Spark session as an engine; None takes the one of the process, as in a job.

    Raises:
        ConfigurationError: there is no Spark.
    """

    def __init__(self, session: Session | None = None) -> None:
        try:
            self._session: Session = session or import_module("pyspark.sql").SparkSession.builder.getOrCreate()
            self._analysis: type[Exception] = import_module("pyspark.errors").AnalysisException
        except ModuleNotFoundError:
            raise ConfigurationError("publishing needs Spark: run it as a job on Databricks") from None

    def rows(self, statement: str) -> Sequence[Sequence[Any]]:
        """Run a statement and return its rows."""
        found: list[Sequence[Any]] = self._session.sql(statement).collect()
        return found

    def columns(self, relation: str) -> list[str]:
        """Return the columns of a table, none if it is not there.

        Raises:
            ConfigurationError: this Spark knows no Delta tables.
        """
        try:
            names: list[str] = self._session.sql(f"SELECT * FROM {relation} LIMIT 0").columns  # noqa: S608 - ours
        except self._analysis as error:
            kind: str = getattr(error, "getCondition", str)() or ""
            if kind.partition(".")[0] in _NOT_THERE:
                if relation.startswith("delta."):
                    self._require_delta()
                return []
            raise
        return names

    def _require_delta(self) -> None:
        """Tell a Spark that has no Delta, to which no address is one, from an address where nothing is."""
        try:
            self._session.sql(
                "CREATE OR REPLACE TEMPORARY VIEW ciokit_probe USING delta OPTIONS (path '/nothing/here')"
            )
        except Exception as error:
            if "[DATA_SOURCE_NOT_FOUND]" in str(error):  # it comes as an error of Java's, which has no condition
                raise ConfigurationError(
                    "this Spark cannot read Delta tables: run it on Databricks, or add Delta Lake to the session"
                ) from error


@dataclass
class PublishReport:
    """What was done: rows added to each table, and the tables that no receiver has made yet."""

    added: dict[str, int] = field(default_factory=dict[str, int])
    missing: list[str] = field(default_factory=list[str])


def publish(
    engine: Engine, source: str, schema: str, *, everything: bool = False, optimize: bool = False
) -> PublishReport:
    """Bring the published tables up to the landed ones, and make them and their views where they are missing.

    Args:
        engine: runs the SQL.
        source: the address that the committer writes to, such as `s3://bucket/webhooks`, or a schema whose tables lie
            there, such as `main.webhooks_landing`.
        schema: where the published tables are, such as `main.webhooks`; it must be there.
        everything: compare all rows instead of those that came last: after `ciokit webhooks replay`, whose rows land
            behind others, and now and then to be sure.
        optimize: also cluster what was added, and remove the files that are no longer needed.

    Raises:
        ConfigurationError: `schema` is no name of one, or the engine cannot read Delta tables.
        TableStoreError: nothing has landed at `source`.
    """
    report = PublishReport()
    checked_schema(schema)
    if not engine.columns(_landed(source, RAW)):
        raise TableStoreError("nothing has landed where the tables were to be; start a committer that writes there")
    for statement in make_statements(schema, views=False):
        engine.rows(statement)
    for table in TABLES.values():
        there = engine.columns(_landed(source, table))
        if not there:
            report.missing.append(table.name)
            continue
        _add_columns(engine, table, schema)
        statement = merge_statement(
            table, source, schema, there, since=None if everything else _positions(engine, table, schema)
        )
        counts = engine.rows(statement)
        # Databricks answers with affected, updated, deleted and inserted rows, of which only inserted can be above 0.
        report.added[table.name] = int(counts[0][0] or 0) if counts else 0
        if optimize:
            engine.rows(f"OPTIMIZE {schema}.{table.name}")
            engine.rows(f"VACUUM {schema}.{table.name}")
    for statement in make_statements(schema, tables=False):
        engine.rows(statement)
    _LOG.info("published %d rows", sum(report.added.values()))
    return report


def make_statements(
    schema: str,
    dialect: Dialect = "databricks",
    *,
    clustered: bool = True,
    tables: bool = True,
    views: bool = True,
) -> list[str]:
    """Return what makes the tables and views in a schema; `clustered` as for `ddl`."""
    statements: list[str] = []
    if tables:
        statements += [ddl(table, dialect, schema=schema, clustered=clustered) for table in TABLES.values()]
    if views:
        statements += [f"USE {checked_schema(schema)}"] if schema else []
        statements += view_statements()
    return statements


def merge_statement(
    table: Table, source: str, schema: str, there: Sequence[str], *, since: dict[str, int] | None = None
) -> str:
    """Return the MERGE that adds landed rows to a published table.

    Args:
        table: the table.
        source: see `publish`.
        schema: see `publish`.
        there: the columns that the landed table has.
        since: how far each lane has been read, as a position; None reads all.
    """
    key = table.columns[0].name
    # The day goes into the condition so that only files of days that rows came for are read.
    same = [key, "event_date"] if any(column.name == "event_date" for column in table.columns) else [key]
    names = [_quoted(column.name) for column in table.columns if column.name in there]
    where = "" if since is None else f"\n     WHERE {_after(since)}"
    return (  # every value is quoted
        f"MERGE INTO {schema}.{table.name} AS t\n"  # noqa: S608 - see above
        "USING (\n"
        f"  SELECT {', '.join(names)} FROM (\n"
        f"    SELECT *, ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY _committed_at, _journal, _position) AS _nth\n"
        f"      FROM {_landed(source, table)}{where}\n"
        "  ) AS landed WHERE _nth = 1\n"
        ") AS s\n"
        f"ON {' AND '.join(f't.{name} = s.{name}' for name in same)}\n"
        f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)})\n"
        f"VALUES ({', '.join(f's.{name}' for name in names)})"
    )


def _positions(engine: Engine, table: Table, schema: str) -> dict[str, int]:
    query = f"SELECT _journal, MAX(_position) FROM {schema}.{table.name} GROUP BY _journal"  # noqa: S608 - our names
    return {str(lane): int(position) for lane, position in engine.rows(query)}


def _after(since: dict[str, int]) -> str:
    """Return the condition as literals, which files are left out by; a join would read them all."""
    if not since:
        return "TRUE"
    lanes = sorted(since)
    further = [f"(_journal = {_text(lane)} AND _position > {since[lane]})" for lane in lanes]
    return " OR ".join([f"_journal NOT IN ({', '.join(map(_text, lanes))})", *further])


def _add_columns(engine: Engine, table: Table, schema: str) -> None:
    """Add the columns that an older release did not have."""
    name = f"{schema}.{table.name}"
    there = engine.columns(name)
    missing = ", ".join(_declared(column) for column in table.columns if column.name not in there)
    if missing:
        engine.rows(f"ALTER TABLE {name} ADD COLUMNS ({missing})")


def _declared(column: Column) -> str:
    return f"{_quoted(column.name)} {TYPES['databricks'][column.type]} COMMENT {_text(column.doc)}"


def _landed(source: str, table: Table) -> str:
    where = source.rstrip("/")
    return f"delta.{_quoted(f'{where}/{table.name}')}" if "/" in where else f"{where}.{table.name}"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
