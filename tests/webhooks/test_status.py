"""The status page: what it shows of the tables and of the receiver behind it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import sqlglot

from ciokit.errors import TableStoreError
from ciokit.webhooks.status import StatusPage
from ciokit.webhooks.views import open_tables
from tests.support.webhook_tables import START, body, write_tables
from tests.support.workspace import FakeWorkspace, workspace
from tests.webhooks.receiving import event, hosted, served

NOW = START + 86_400


def warehouse(session: duckdb.DuckDBPyConnection, statement: str) -> list[list[str | None]]:
    """Run a statement of Databricks as a warehouse does, every value as text."""
    # The columns are whole already there; DuckDB has the function under another name.
    text = sqlglot.transpile(statement.replace("UNIX_MICROS", "EPOCH_US"), read="databricks", write="duckdb")[0]
    return [[None if cell is None else str(cell) for cell in row] for row in session.execute(text).fetchall()]


@pytest.fixture
def front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWorkspace]:
    """Serve a workspace whose tables hold the events of two days and one body in quarantine."""
    tables = tmp_path / "tables"
    kinds = [("email", "sent"), ("email", "opened"), ("sms", "sent")]
    write_tables(tables, [body(n, *kinds[n % 3], (n % 2) * 86_400) for n in range(30)])
    session = open_tables(str(tables))
    session.execute("CREATE SCHEMA webhooks")
    for name in ("webhook_raw_events", "webhook_quarantine"):
        session.execute(f"CREATE VIEW webhooks.{name} AS FROM main.{name}")
    with workspace() as server:
        server.run = lambda statement: warehouse(session.cursor(), statement)
        for name, value in {**server.environment, "DATABRICKS_WAREHOUSE_ID": "w1"}.items():
            monkeypatch.setenv(name, value)
        yield server


async def through(front: FakeWorkspace, statement: str) -> Sequence[Sequence[str | None]]:
    """Run a statement without HTTP in between."""
    return front.run(statement)


def test_events_are_counted_by_day_and_type(front: FakeWorkspace) -> None:
    """The page's numbers are those of the raw table: by UTC day and object type, newest first."""
    page = StatusPage(lambda statement: through(front, statement), "webhooks", clock=lambda: NOW + 90.0)
    status = asyncio.run(page.status())
    assert status.days == [
        ("2026-01-02", "email", 10),
        ("2026-01-02", "sms", 5),
        ("2026-01-01", "email", 10),
        ("2026-01-01", "sms", 5),
    ]
    assert (status.newest_received, status.newest_landed, status.quarantined) == (START, 0, 0)


def test_the_page_is_served_on_the_port_of_an_app(front: FakeWorkspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """`status` listens where Databricks says, shows what the warehouse answers, and reads it once a minute at most."""
    front.run = lambda statement: (
        [["2026-01-02", "<b>odd</b>", "1234"]]
        if "GROUP BY" in statement
        else [[str(START), None]]
        if "MAX" in statement
        else [["7"]]
    )
    with hosted("status", "--schema", "main.webhooks") as running:
        status, headers, content = running.ask("GET", "/")
        assert running.ask("GET", "/")[0] == 200
        assert running.ask("GET", "/health")[::2] == (200, b"ok\n")
        assert [running.ask(method, path)[0] for method, path in (("POST", "/"), ("GET", "/nothing"))] == [405, 404]
    page = content.decode()
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<td>2026-01-02<td>&lt;b&gt;odd&lt;/b&gt;<td class=n>1,234" in page
    assert re.search(r"Newest event received<td>2026-01-01 00:00:00 UTC, \d+ days", page)
    assert "Newest event landed<td>none yet" in page
    assert len(front.statements) == 3
    assert all("main.webhooks.webhook_" in statement for statement in front.statements)


def test_a_page_in_front_of_a_receiver_leaves_webhooks_to_it(front: FakeWorkspace, tmp_path: Path) -> None:
    """With `--status-schema`, webhooks are taken at their path, and the page says what is on disk."""
    options = ("--path", "/api/webhooks", "--status-schema", "webhooks")
    with served(tmp_path / "journal", *options) as running:
        body = event()
        from tests.webhooks.receiving import signed

        assert running.ask("POST", "/api/webhooks", body, signed(body))[0] == 200
        assert running.ask("GET", "/ready")[0] == 200
        page = running.ask("GET", "/")[2].decode()
        assert running.bodies() == [body]
    assert "Receiver<td>taking events in" in page
    assert "Acknowledged since its start<td>1" in page


def test_tables_that_cannot_be_read_are_told_on_the_page(front: FakeWorkspace) -> None:
    """A failing warehouse makes no failing page: the last numbers stay, with a line that says so."""
    now = [float(NOW)]

    async def read(statement: str) -> Sequence[Sequence[str | None]]:
        if now[0] > NOW:
            raise TableStoreError("the warehouse failed")
        return front.run(statement)

    page = StatusPage(read, "webhooks", clock=lambda: now[0])

    async def twice() -> tuple[int, str, str]:
        first = await page.status()
        counted, problem = len(first.days), first.problem
        now[0] += 61
        return counted, problem, (await page.status()).problem

    assert asyncio.run(twice()) == (4, "", "The tables cannot be read (TableStoreError); the log says more.")
    with hosted("status", "--schema", "nothing") as running:
        assert b"cannot be read" in running.ask("GET", "/")[2]


def test_ages_are_shown_in_utc(front: FakeWorkspace) -> None:
    """The page tells moments in UTC with their age."""
    page = StatusPage(lambda statement: through(front, statement), "webhooks", clock=lambda: START + 90.0)
    shown = page._page(asyncio.run(page.status()))
    assert f"{datetime.fromtimestamp(START, UTC):%Y-%m-%d} 00:00:00 UTC, 0:01:30 ago" in shown
