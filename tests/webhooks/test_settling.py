"""Receivers whose disk goes with their container: acknowledged is what is in the tables."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ciokit.webhooks.asgi import AsgiApp
from ciokit.webhooks.journal_reader import JournalReader
from ciokit.webhooks.receiver import WebhookReceiver
from tests.support.webhook_landing import table_ids, typed_ids
from tests.webhooks.receiving import KEY, event, served, signed


def test_what_is_acknowledged_is_in_the_tables(tmp_path: Path) -> None:
    """At the moment of a 200 the event is in the raw table and in its typed one, however many come at once."""
    tables = tmp_path / "tables"
    options = ("--acknowledge", "committed", "--delta", str(tables))
    with served(tmp_path / "journal", *options, committing=True) as running:
        first = event("first")
        while running.post(first) != 200:  # the first ones wait for the committer to start
            pass
        assert table_ids(tables)["first"] == 1
        names = [f"event-{number}" for number in range(24)]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda name: running.post(event(name)), names))
        settled = {name for name, answer in zip(names, answers, strict=True) if answer == 200}
        assert settled
        running.process.kill()
    there = table_ids(tables)
    assert {name for name in settled if there[name] != 1 or typed_ids(tables)[name] != 1} == set()


def test_without_a_committer_nothing_is_acknowledged(tmp_path: Path) -> None:
    """While the tables are not written the answer is 503 before the service gives up, and the event is kept."""
    with served(tmp_path / "journal", "--acknowledge", "committed") as running:
        body = event()
        assert running.post(body) == 503
        assert b'reason="not_committed",status="503"} 1.0' in running.ask("GET", "/metrics")[2]
        assert running.bodies() == [body]


def test_waiting_ends_when_the_committer_has_come_so_far(tmp_path: Path) -> None:
    """Both kinds of waiting end when the cursor of the tables reaches the event, and not before."""
    receiver = WebhookReceiver(KEY, tmp_path, settle_seconds=10)
    receiver.start()
    reader = JournalReader(tmp_path)
    headers = [(name.encode(), value.encode()) for name, value in signed(event("one")).items()]
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(receiver.handle, "POST", "/", headers, event("one"))
        while not (records := list(reader.all_records(0))):
            pass
        reader.move_cursor(0, "delta", records[0].position - 1)
        pause = threading.Event()
        pause.wait(0.1)
        assert not answer.done()
        reader.move_cursor(0, "delta", records[0].position)
        assert answer.result(10).status == 200

    async def posted() -> int:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "headers": [(name.lower().encode(), value.encode()) for name, value in signed(event("two")).items()],
        }
        statuses: list[int] = []

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": event("two")}

        async def send(message: object) -> None:
            assert isinstance(message, dict)
            if "status" in message:
                statuses.append(message["status"])

        task = asyncio.ensure_future(AsgiApp(receiver)(scope, receive, send))
        while len(records := list(reader.all_records(0))) < 2:  # noqa: ASYNC110 - the other side is a file
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert not task.done()
        reader.move_cursor(0, "delta", records[1].position)
        await task
        return statuses[0]

    assert asyncio.run(posted()) == 200
    receiver.stop()
