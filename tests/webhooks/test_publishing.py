"""Copying landed tables into published ones: each row once, whatever happens in between."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot

from ciokit.errors import ConfigurationError, TableStoreError
from ciokit.webhooks.committer import Committer
from ciokit.webhooks.filling import fill_from_journal, fill_typed
from ciokit.webhooks.publishing import SparkEngine, make_statements, merge_statement, publish
from ciokit.webhooks.replaying import Selection
from ciokit.webhooks.tables import QUARANTINE, RAW, TABLES, TYPED
from ciokit.webhooks.views import VIEWS, open_tables
from tests.support.spark import spark_session
from tests.support.webhook_landing import event, events, once, record, table_ids

pytestmark = pytest.mark.timeout(300)  # ten tables at a time, and Spark: slow on a busy machine
SCHEMA = "lake.webhooks"
DIALECTS: Any = {"read": "databricks", "write": "duckdb", "unsupported_level": sqlglot.ErrorLevel.IGNORE}


class DuckEngine:
    """Runs what is written for Databricks on DuckDB, over real Delta tables that it reads and tables of its own."""

    def __init__(self, uri: Path) -> None:
        self.uri = uri
        self.statements: list[str] = []
        self.session = duckdb.connect()
        self.session.execute("ATTACH ':memory:' AS lake; CREATE SCHEMA lake.webhooks; CREATE SCHEMA delta")
        self.look()

    def look(self) -> None:
        """See the landed tables as they are now."""
        self.session.execute("USE memory.main")
        open_tables(str(self.uri), connection=self.session)
        for name in TABLES:
            if (self.uri / name).exists():
                self.session.execute(f'CREATE OR REPLACE VIEW delta."{self.uri}/{name}" AS FROM memory.main.{name}')

    def rows(self, statement: str) -> Sequence[Sequence[Any]]:
        """Run a statement and return its rows."""
        self.statements.append(statement)
        if statement.startswith(("OPTIMIZE", "VACUUM")):
            return []
        if statement.startswith("ALTER"):  # one column at a time there
            statement = statement.replace("ADD COLUMNS (", "ADD COLUMN ").partition(" COMMENT")[0]
        if "VIEW" not in statement:
            self.session.execute("USE memory.main")
        [text] = sqlglot.transpile(
            statement, read="databricks", write="duckdb", unsupported_level=sqlglot.ErrorLevel.IGNORE
        )
        return self.session.execute(text).fetchall()

    def columns(self, relation: str) -> list[str]:
        """Return the columns of a table, none if it is not there."""
        self.session.execute("USE memory.main")
        [text] = sqlglot.transpile(
            f"SELECT * FROM {relation} LIMIT 0",
            read="databricks",
            write="duckdb",
            unsupported_level=sqlglot.ErrorLevel.IGNORE,
        )
        try:
            return [each[0] for each in self.session.execute(text).description or ()]
        except duckdb.CatalogException:
            return []

    def ids(self, name: str = RAW.name) -> Counter[str]:
        """Return how often each key is in a published table."""
        key = TABLES[name].columns[0].name
        return Counter(row[0] for row in self.session.execute(f"SELECT {key} FROM {SCHEMA}.{name}").fetchall())


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Return the folder of a journal and that of its tables."""
    return tmp_path / "journal", tmp_path / "tables"


def land(journal: Path, tables: Path, bodies: Sequence[bytes]) -> None:
    """Receive and commit events."""
    record(journal, bodies)
    with Committer(journal, tables) as committer:
        committer.drain()


def test_each_landed_row_is_published_once(folders: tuple[Path, Path]) -> None:
    """Run after run, the published tables hold what has landed, once, in every table."""
    journal, tables = folders
    land(journal, tables, [*events(range(40)), b"no event"])
    engine = DuckEngine(tables)
    report = publish(engine, str(tables), SCHEMA)
    assert report.added[RAW.name] == 40
    assert (report.added[QUARANTINE.name], report.missing) == (1, [])
    assert sum(publish(engine, str(tables), SCHEMA).added.values()) == 0
    land(journal, tables, events(range(40, 60)))
    engine.look()
    assert publish(engine, str(tables), SCHEMA).added[RAW.name] == 20
    assert engine.ids() == once(range(60))
    for table in TYPED.values():
        assert engine.ids(table.name) == table_ids(tables, table.name)


def test_a_second_journal_is_published_too(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """Rows of a lane that was never seen are read from its beginning, also those that landed before others."""
    journal, tables = folders
    land(journal, tables, events(range(10)))
    engine = DuckEngine(tables)
    publish(engine, str(tables), SCHEMA)
    land(tmp_path / "another", tables, events(range(10, 15)))
    land(journal, tables, events(range(15, 20)))
    engine.look()
    publish(engine, str(tables), SCHEMA)
    assert engine.ids() == once(range(20))


def test_only_what_came_last_is_read(folders: tuple[Path, Path]) -> None:
    """A run reads by literal positions, which leave files out, unless it is told to compare everything."""
    journal, tables = folders
    land(journal, tables, events(range(10)))
    engine = DuckEngine(tables)
    publish(engine, str(tables), SCHEMA)
    engine.statements.clear()
    publish(engine, str(tables), SCHEMA)
    merges = [each for each in engine.statements if f"{SCHEMA}.webhook_email_events AS t" in each]
    assert ["_position > " in each for each in merges] == [True]
    engine.statements.clear()
    publish(engine, str(tables), SCHEMA, everything=True)
    assert not [each for each in engine.statements if "_position > " in each]
    assert engine.ids() == once(range(10))


def test_replayed_rows_come_with_everything(folders: tuple[Path, Path]) -> None:
    """Rows that a replay lands behind others are published by a run that compares everything."""
    journal, tables = folders
    land(journal, tables, events(range(16)))
    from deltalake import DeltaTable

    for name in (RAW.name, *(table.name for table in TYPED.values())):
        DeltaTable(f"{tables}/{name}").delete(f"event_id < '{min(once([8]))}'")
    engine = DuckEngine(tables)
    publish(engine, str(tables), SCHEMA)
    assert engine.ids() == once(range(8, 16))
    from ciokit.webhooks.delta import DeltaStore

    fill_from_journal(journal, DeltaStore(tables), Selection())
    fill_typed(DeltaStore(tables), Selection())
    engine.look()
    publish(engine, str(tables), SCHEMA, everything=True)
    assert engine.ids() == once(range(16))
    for table in TYPED.values():
        assert engine.ids(table.name) == table_ids(tables, table.name)


def test_one_event_that_landed_twice_is_published_once(folders: tuple[Path, Path]) -> None:
    """An event that was sent again after the window of the committer has one row, whether it lands before or after."""
    journal, tables = folders
    for _ in range(2):
        record(journal, [event(1), event(1)], days_ago=20)
        with Committer(journal, tables) as committer:
            committer.drain()
        record(journal, [event(1)])
        with Committer(journal, tables) as committer:
            committer.drain()
    assert table_ids(tables)[next(iter(once([1])))] > 1
    engine = DuckEngine(tables)
    publish(engine, str(tables), SCHEMA)
    assert engine.ids() == once([1])
    record(journal, [event(1)], days_ago=-20)
    with Committer(journal, tables) as committer:
        committer.drain()
    engine.look()
    publish(engine, str(tables), SCHEMA)
    assert engine.ids() == once([1])


def test_a_column_of_a_newer_release_is_added(folders: tuple[Path, Path]) -> None:
    """Tables published by an older release get the columns of this one, and landed ones may lack them."""
    journal, tables = folders
    land(journal, tables, events(range(8)))
    engine = DuckEngine(tables)
    publish(engine, str(tables), SCHEMA)
    engine.session.execute(f"DROP VIEW {SCHEMA}.webhook_message_events CASCADE")
    engine.session.execute(f"ALTER TABLE {SCHEMA}.webhook_email_events DROP COLUMN subject")
    engine.session.execute("USE memory.main")
    engine.session.execute(
        f'CREATE OR REPLACE VIEW delta."{tables}/webhook_sms_events" AS '
        "SELECT * EXCLUDE (recipient) FROM memory.main.webhook_sms_events"
    )
    engine.session.execute(f"DELETE FROM {SCHEMA}.webhook_sms_events")
    publish(engine, str(tables), SCHEMA)
    assert "subject" in engine.columns(f"{SCHEMA}.webhook_email_events")
    assert engine.ids("webhook_sms_events") == table_ids(tables, "webhook_sms_events")


def test_tables_that_no_receiver_made_are_named(folders: tuple[Path, Path]) -> None:
    """A table that an older receiver did not make is left out and named; where nothing landed at all is an error."""
    journal, tables = folders
    land(journal, tables, events(range(8)))
    engine = DuckEngine(tables)
    engine.session.execute(f'DROP VIEW delta."{tables}/webhook_slack_events"')
    assert publish(engine, str(tables), SCHEMA).missing == ["webhook_slack_events"]
    with pytest.raises(TableStoreError, match="nothing has landed"):
        publish(engine, "s3://nothing/here", SCHEMA)


def test_tables_are_optimised_when_asked(folders: tuple[Path, Path]) -> None:
    """Every published table is clustered and vacuumed after its rows were added."""
    journal, tables = folders
    land(journal, tables, events(range(8)))
    engine = DuckEngine(tables)
    publish(engine, str(tables), SCHEMA, optimize=True)
    done = [each for each in engine.statements if each.startswith(("OPTIMIZE", "VACUUM"))]
    assert done == [f"{verb} {SCHEMA}.{name}" for name in TABLES for verb in ("OPTIMIZE", "VACUUM")]


def test_views_answer_over_published_tables(folders: tuple[Path, Path]) -> None:
    """After a run every view is in the schema and reads the published tables."""
    journal, tables = folders
    land(journal, tables, events(range(24)))
    engine = DuckEngine(tables)
    publish(engine, str(tables), SCHEMA)
    for view in VIEWS:
        engine.session.execute(f"SELECT * FROM {SCHEMA}.{view}").fetchall()
    [sent] = engine.session.execute(f"SELECT sum(sent) FROM {SCHEMA}.daily_email_engagement").fetchone() or ()
    assert sent == 3


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start a local Spark."""
    with spark_session(tmp_path_factory.mktemp("spark")) as session:
        yield session


def test_spark_reads_every_statement(spark: Any) -> None:
    """Spark's own parser takes each statement that publishing runs, but OPTIMIZE, which only Databricks has."""
    parse = spark._jsparkSession.sessionState().sqlParser().parsePlan
    statements = make_statements("main.webhooks")
    for table in TABLES.values():
        columns = [column.name for column in table.columns]
        lanes = {"it's/0": 7, "b\\/1": 8}
        statements.append(merge_statement(table, "s3://b/webhooks", "main.webhooks", columns, since=lanes))
        statements.append(merge_statement(table, "main.landing", "main.webhooks", columns))
    assert len(statements) == 3 * len(TABLES) + 1 + len(VIEWS)
    for statement in statements:
        assert parse(statement) is not None


def test_spark_tells_a_missing_table_from_other_troubles(spark: Any) -> None:
    """A table that is not there has no columns; any other error stays one."""
    engine = SparkEngine(spark)
    assert engine.columns("nothing_of_this_name") == []
    with pytest.raises(ConfigurationError, match="cannot read Delta tables"):  # this one has none of Delta
        publish(engine, "s3://nothing/here", SCHEMA)
    spark.sql("SELECT 1 AS one, 'x' AS two").createOrReplaceTempView("something")
    assert engine.columns("something") == ["one", "two"]
    assert [tuple(row) for row in engine.rows("SELECT * FROM something")] == [(1, "x")]
    from pyspark.errors import ParseException

    with pytest.raises(ParseException):
        engine.columns("not a ) table")


@pytest.mark.parametrize(
    ("options", "first", "clustered", "views"),
    [
        (["--schema", "main.webhooks"], "CREATE TABLE IF NOT EXISTS main.webhooks.webhook_raw_events", True, True),
        (["--landing", "--no-views"], "CREATE TABLE IF NOT EXISTS webhook_raw_events", False, False),
        (["--dialect", "duckdb"], "CREATE TABLE IF NOT EXISTS webhook_raw_events", False, True),
    ],
)
def test_the_command_prints_the_statements(options: list[str], first: str, clustered: bool, views: bool) -> None:
    """`ciokit webhooks sql` prints DDL and views, in the dialect and schema that were asked for."""
    command = [sys.executable, "-m", "ciokit", "webhooks", "sql", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith(first)
    assert done.stdout.count("CREATE TABLE") == len(TABLES)
    assert ("CLUSTER BY" in done.stdout) == clustered
    assert done.stdout.count("CREATE OR REPLACE VIEW") == len(VIEWS) * views
    if "duckdb" in options:
        duckdb.connect().execute(done.stdout)
