"""The views over webhook tables: what they count, on DuckDB and on Spark."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from ciokit.errors import ConfigurationError
from ciokit.webhooks.tables import TABLES
from ciokit.webhooks.views import VIEWS, open_tables, view_sql, view_statements
from tests.support.spark import spark_session
from tests.support.webhook_tables import body, random_bodies, write_tables

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyspark.sql import SparkSession

ANN: dict[str, Any] = {"customer_id": "u1", "identifiers": {"id": "u1", "email": "ann@x.io", "cio_id": "c1"}}
BOB: dict[str, Any] = {"customer_id": "u2", "identifiers": {"id": "u2", "email": "bob@x.io", "cio_id": "c2"}}
DAY = 86_400
SAME = {  # a type of Spark and that of DuckDB
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "double": "DOUBLE",
    "int": "INTEGER",
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
}


def rows(session: DuckDBPyConnection, view: str, where: str = "TRUE") -> list[dict[str, Any]]:
    """Return the rows of a view by column."""
    cursor = session.execute(f"SELECT * FROM {view} WHERE {where}")
    names = [each[0] for each in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def tables_of(folder: Path, *bodies: dict[str, Any]) -> DuckDBPyConnection:
    """Write events to Delta and open them."""
    write_tables(folder, bodies)
    return open_tables(str(folder))


def email(number: int, metric: str, delivery: str = "d1", seconds: int = 0, **data: Any) -> dict[str, Any]:
    """Return an e-mail event of campaign 7, sent to Ann unless told otherwise."""
    own = {**ANN, "delivery_id": delivery, "campaign_id": 7, "action_id": 3, "journey_id": "j1", **data}
    return body(number, "email", metric, seconds, **own)


def test_empty_folder_has_all_tables_and_views(tmp_path: Path) -> None:
    """Before the first event every table and view is there, with its columns and no row."""
    session = open_tables(str(tmp_path))
    assert [rows(session, name) for name in (*TABLES, *VIEWS)] == [[]] * (len(TABLES) + len(VIEWS))


@pytest.mark.parametrize("name", ["two words", "Übersicht", "why?", "st*r", "it's"])
def test_tables_are_read_whatever_their_folder_is_called(tmp_path: Path, name: str) -> None:
    """Names that an address or a pattern would write otherwise are names."""
    write_tables(tmp_path / name, [email(1, "sent")])
    [day] = rows(open_tables(tmp_path / name), "daily_email_engagement")
    assert day["sent"] == 1


def test_delivery_counts_once_however_often_it_is_opened(tmp_path: Path) -> None:
    """Two openings and three clicks of one delivery are one opening and one click."""
    session = tables_of(
        tmp_path,
        email(1, "sent"),
        email(2, "delivered", seconds=1),
        *(email(10 + n, "opened", seconds=10 + n) for n in range(2)),
        *(email(20 + n, "clicked", seconds=20 + n, href="https://x.io", link_id=1) for n in range(3)),
        email(30, "sent", "d2"),
        email(31, "delivered", "d2"),
    )
    [day] = rows(session, "daily_email_engagement")
    assert (day["sent"], day["delivered"], day["opened"], day["clicked"]) == (2, 2, 1, 1)
    assert (day["open_rate"], day["click_rate"], day["click_to_open_rate"]) == (0.5, 0.5, 1.0)


@pytest.mark.parametrize(
    ("events", "opened", "machine"),
    [
        ([("opened", {"prefetched": True})], 0, 1),
        ([("opened", {"prefetched": True}), ("opened", {"prefetched": False})], 1, 0),
        ([("opened", {})], 1, 0),
        ([("opened", {"proxied": True})], 1, 0),
        ([("opened", {"synthetic": True}), ("clicked", {"machine": True})], 0, 0),
        ([("opened", {"synthetic": True}), ("clicked", {"machine": False})], 1, 0),
        ([("clicked", {})], 1, 0),
        ([("clicked", {"machine": True})], 0, 0),
        ([("opened", {"machine": True})], 0, 1),
        ([("clicked", {"prefetched": True})], 0, 0),
    ],
    ids=lambda value: None if isinstance(value, int) else "+".join(f"{m}{sorted(d.items())}" for m, d in value),
)
def test_only_people_open(tmp_path: Path, events: list[tuple[str, dict[str, Any]]], opened: int, machine: int) -> None:
    """A prefetch is no opening, an inferred opening is as good as its click, and a click implies an opening."""
    bodies = [email(n, metric, seconds=n, **data) for n, (metric, data) in enumerate(events, 1)]
    [day] = rows(tables_of(tmp_path, email(0, "sent"), *bodies), "daily_email_engagement")
    assert (day["delivered"], day["opened"], day["machine_opened"]) == (1, opened, machine)


def test_what_is_opened_later_counts_for_the_day_of_sending(tmp_path: Path) -> None:
    """An e-mail of New Year's Eve opened a day later belongs to the day it was sent on, in UTC."""
    session = tables_of(tmp_path, email(1, "sent", seconds=-1), email(2, "opened", seconds=DAY))
    [day] = rows(session, "daily_email_engagement")
    assert (day["sent_date"], day["sent"], day["opened"]) == (date(2025, 12, 31), 1, 1)


def test_missing_events_do_not_lift_a_rate_over_one(tmp_path: Path) -> None:
    """Where `sent` and `delivered` are not subscribed to, what was opened was sent and delivered."""
    [day] = rows(tables_of(tmp_path, email(1, "opened"), email(2, "opened", "d2")), "daily_email_engagement")
    assert (day["sent"], day["delivered"], day["opened"], day["open_rate"]) == (2, 2, 2, 1.0)


def test_sources_are_told_apart(tmp_path: Path) -> None:
    """A campaign and a newsletter with the same number, and two channels of one campaign, are rows of their own."""
    text = {"delivery_id": "s1", "campaign_id": 7, **ANN}
    session = tables_of(
        tmp_path,
        email(1, "sent"),
        email(2, "bounced", failure_message="full"),
        email(3, "sent", "d2", campaign_id=None, newsletter_id=7, **BOB),
        body(4, "sms", "sent", 0, **text),
        body(5, "sms", "clicked", 5, **text, href="https://x.io", link_id=1),
    )
    found = {
        (row["source_type"], row["source_id"], row["channel"]): row for row in rows(session, "campaign_performance")
    }
    assert set(found) == {("campaign", "7", "email"), ("newsletter", "7", "email"), ("campaign", "7", "sms")}
    bounced = found["campaign", "7", "email"]
    assert (bounced["sent"], bounced["delivered"], bounced["bounce_rate"], bounced["open_rate"]) == (1, 0, 1.0, None)
    texted = found["campaign", "7", "sms"]
    assert (texted["clicked"], texted["click_rate"], texted["opened"], texted["click_to_open_rate"]) == (
        1,
        1.0,
        0,
        None,
    )


def test_customers_are_summed_up(tmp_path: Path) -> None:
    """A person's messages of all channels are one row; the last word on the subscription counts."""
    session = tables_of(
        tmp_path,
        email(1, "sent"),
        email(2, "opened", seconds=60),
        body(3, "push", "sent", 120, delivery_id="p1", campaign_id=7, **ANN),
        body(4, "customer", "unsubscribed", 200, **ANN, email_address="ann@x.io"),
        body(5, "customer", "subscribed", 100, **ANN, email_address="ann@x.io"),
        body(6, "customer", "subscribed", 100, **BOB, email_address="bob@x.io"),
    )
    found = {row["customer_key"]: row for row in rows(session, "customer_engagement_summary")}
    ann, bob = found["c1"], found["c2"]
    assert (ann["sent"], ann["opened"], ann["channels"], ann["is_subscribed"]) == (2, 1, 2, False)
    assert ann["last_engaged_at"] == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
    assert (bob["sent"], bob["is_subscribed"], bob["email"], bob["open_rate"]) == (0, True, "bob@x.io", None)


def test_people_who_were_deleted_are_nobody(tmp_path: Path) -> None:
    """Their ids are blank or null: they are no person of that name, and their deliveries count all the same."""
    blank: dict[str, Any] = {"customer_id": "", "identifiers": {"id": "", "email": None, "cio_id": ""}}
    session = tables_of(
        tmp_path,
        email(1, "sent"),
        email(2, "sent", "d2", **blank),
        email(3, "bounced", "d2", **blank),
        body(4, "customer", "unsubscribed", 5, **blank, email_address=""),
    )
    assert [row["customer_key"] for row in rows(session, "customer_engagement_summary")] == ["c1"]
    [campaign] = rows(session, "campaign_performance")
    assert (campaign["customers"], campaign["sent"]) == (1, 2)
    [trouble] = rows(session, "webhook_error_summary")
    assert trouble["customers"] == 0


def test_an_id_that_only_some_events_have_is_enough(tmp_path: Path) -> None:
    """A delivery is the person's whom any of its events tells, whatever the others tell of them."""
    only_id = {"customer_id": "u1", "identifiers": {"id": "u1"}}
    session = tables_of(tmp_path, email(1, "sent"), email(2, "opened", seconds=60, **only_id))
    [ann] = rows(session, "customer_engagement_summary")
    assert (ann["customer_key"], ann["opened"]) == ("c1", 1)
    assert ann["last_engaged_at"] == datetime(2026, 1, 1, 0, 1, tzinfo=UTC)


def test_errors_are_grouped_by_reason(tmp_path: Path) -> None:
    """Three tries of one delivery are three events and one delivery, which arrived in the end."""
    session = tables_of(
        tmp_path,
        *(email(n, "attempted", seconds=n, failure_message="try later") for n in range(3)),
        email(4, "delivered", seconds=9),
        email(5, "bounced", "d2", failure_message="no such user"),
    )
    found = {(row["metric"], row["failure_message"]): row for row in rows(session, "webhook_error_summary")}
    tried = found["attempted", "try later"]
    assert (tried["events"], tried["deliveries"], tried["recovered"]) == (3, 1, 1)
    assert found["bounced", "no such user"]["recovered"] == 0


def test_journeys_count_once(tmp_path: Path) -> None:
    """Two deliveries of one journey by the same action are one journey."""
    session = tables_of(
        tmp_path,
        email(1, "sent"),
        email(2, "sent", "d2"),
        email(3, "opened", "d2"),
        email(4, "sent", "d3", journey_id="j2", **BOB),
        email(5, "sent", "d4", journey_id="j2", action_id=4, **BOB),
    )
    found = {row["action_id"]: row for row in rows(session, "journey_performance")}
    assert {action: (row["journeys"], row["opened"]) for action, row in found.items()} == {3: (2, 1), 4: (1, 0)}


def test_a_journey_without_a_message_is_no_undelivered_one(tmp_path: Path) -> None:
    """The delivery rate is of what was sent, as in the other views; what has no journey is left out."""
    session = tables_of(
        tmp_path,
        email(1, "delivered"),
        email(2, "dropped", "d2", journey_id="j2"),
        email(3, "delivered", "d3", campaign_id=None, newsletter_id=1, journey_id=None),
    )
    [action] = rows(session, "journey_performance")
    assert (action["journeys"], action["sent"], action["delivery_rate"]) == (2, 1, 1.0)


def test_views_can_be_moved(tmp_path: Path) -> None:
    """Each view names what it reads behind FROM and JOIN only, so that a `ref` of dbt can stand there instead."""
    write_tables(tmp_path, random_bodies(300, seed=2))
    session = open_tables(str(tmp_path))
    session.execute("CREATE SCHEMA elsewhere")
    for name in TABLES:
        session.execute(f"CREATE TABLE elsewhere.t_{name} AS FROM {name}")
    for view in VIEWS:
        moved = re.sub(r"\b(FROM|JOIN) (webhook_\w+)", r"\1 elsewhere.t_\2", view_sql(view))
        session.execute(f"CREATE VIEW elsewhere.t_{view} AS {moved}")
    for name in (*VIEWS, *TABLES):
        session.execute(f"DROP VIEW {name}")
    for view in VIEWS:
        assert rows(session, f"elsewhere.t_{view}")


def test_unknown_view_is_refused() -> None:
    """The error names the views there are."""
    with pytest.raises(ConfigurationError, match="daily_email_engagement"):
        view_sql("nonsense")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of tables with thousands of events."""
    folder = tmp_path_factory.mktemp("filled")
    write_tables(folder, random_bodies(6_000, seed=1))
    return folder


@pytest.fixture(scope="module")
def spark(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Start Spark with the tables and views of `filled`."""
    with spark_session(tmp_path_factory.mktemp("spark")) as session:
        for name in TABLES:
            if DeltaTable.is_deltatable(str(filled / name)):
                paths = DeltaTable(str(filled / name)).file_uris()
                session.read.parquet(*paths).createOrReplaceTempView(name)
        for statement in view_statements(temporary=True):
            session.sql(statement)
        session.table("webhook_message_events").cache()
        session.table("webhook_deliveries").cache()
        yield session


def _plain(value: Any) -> Any:
    return value.timestamp() if isinstance(value, datetime) else value


@pytest.mark.timeout(300)  # Spark takes its time to start on a busy machine
@pytest.mark.parametrize("view", VIEWS)
def test_duckdb_and_spark_agree(view: str, filled: Path, spark: SparkSession) -> None:
    """Both engines give the same rows, to the last digit, in columns of the same types."""
    session = open_tables(str(filled))
    here = rows(session, view)
    there = [row.asDict() for row in spark.table(view).collect()]
    types = [row[1] for row in session.execute(f"DESCRIBE {view}").fetchall()]
    assert types == [SAME[kind] for _, kind in spark.table(view).dtypes]
    assert list(here[0]) == list(there[0])
    mine, theirs = (sorted([tuple(map(_plain, row.values())) for row in each], key=repr) for each in (here, there))
    assert len(mine) > 1
    assert mine == theirs


@pytest.mark.parametrize("view", VIEWS)
def test_rates_are_shares(view: str, filled: Path) -> None:
    """Whatever is reported, in whatever order, no rate is over 1 or under 0."""
    for row in rows(open_tables(str(filled)), view):
        rates = {name: value for name, value in row.items() if name.endswith("_rate") and value is not None}
        assert all(0 <= value <= 1 and not math.isnan(value) for value in rates.values()), (view, rates)
