"""Handlers of a receiver: they get every event behind the acknowledgement, and hold none up."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import threading
import time
from pathlib import Path

import pytest

from ciokit.webhooks import journal_format as layout
from ciokit.webhooks.commit_settings import CommitSettings
from ciokit.webhooks.delta import DeltaStore
from ciokit.webhooks.events import WebhookEvent
from ciokit.webhooks.follower import Follower
from ciokit.webhooks.journal import Journal
from ciokit.webhooks.journal_reader import JournalReader
from ciokit.webhooks.maintenance import Maintenance
from ciokit.webhooks.receiver import WebhookReceiver
from ciokit.webhooks.router import Router
from tests.webhooks.receiving import KEY, event, signed, until


def written(directory: Path, *names: str) -> None:
    """Append events with these ids to a journal."""
    with Journal(directory) as journal:
        for name in names:
            journal.append(b"{}", event(name))


def followed(directory: Path, router: Router) -> Follower:
    """Return a follower at work that does not wait before it tries again."""
    follower = Follower(directory, router, pause=0.0)
    follower.start()
    return follower


def test_handlers_get_what_was_acknowledged(tmp_path: Path) -> None:
    """Plain and coroutine handlers of a receiver are called with the events of their kind, in order."""
    receiver = WebhookReceiver(KEY, tmp_path)
    got: list[str] = []

    @receiver.on("email", "sent")
    def plain(event: WebhookEvent) -> None:
        got.append(event.event_id)

    @receiver.on("sms")
    async def coroutine(event: WebhookEvent) -> None:
        got.append(f"sms {event.event_id}")

    sms = json.dumps({**json.loads(event("b")), "object_type": "sms"}).encode()
    for body in (event("a"), sms, b"no event", event("c")):
        headers = [(name.encode(), value.encode()) for name, value in signed(body).items()]
        assert receiver.handle("POST", "/", headers, body).status == 200
    until(lambda: len(got) == 3)
    receiver.stop()
    assert got == ["a", "sms b", "c"]
    assert receiver.follower.handled == 3


def test_a_slow_handler_holds_no_acknowledgement_up(tmp_path: Path) -> None:
    """While a handler waits, webhooks are acknowledged; it gets them afterwards."""
    receiver = WebhookReceiver(KEY, tmp_path)
    go, got = threading.Event(), []

    @receiver.on("email")
    def slow(event: WebhookEvent) -> None:
        go.wait(20)
        got.append(event.event_id)

    for number in range(50):
        body = event(str(number))
        headers = [(name.encode(), value.encode()) for name, value in signed(body).items()]
        assert receiver.handle("POST", "/", headers, body).status == 200
    assert got == []
    go.set()
    until(lambda: len(got) == 50)
    receiver.stop()


def test_a_handler_that_keeps_failing_holds_nothing_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An event is given three times, then counted, skipped and logged without what is in it; the next one follows."""
    router, got = Router(), []

    @router.on("email")
    def handler(event: WebhookEvent) -> None:
        got.append(event.event_id)
        if event.event_id == "bad" or got.count(event.event_id) < 2:
            raise ValueError("ann@example.com")

    written(tmp_path, "bad", "good")
    with caplog.at_level(logging.WARNING, "ciokit.webhooks"):
        follower = followed(tmp_path, router)
        until(lambda: follower.handled)
        follower.stop()
    assert got == ["bad"] * 3 + ["good"] * 2
    assert (follower.handled, follower.skipped) == (1, 1)
    assert "ValueError at test_handlers.py" in caplog.text
    assert "skipped" in caplog.text
    assert "ann@example.com" not in caplog.text


@pytest.mark.parametrize("error", [SystemExit, asyncio.CancelledError, KeyboardInterrupt])
def test_a_handler_that_exits_ends_no_other(tmp_path: Path, error: type[BaseException]) -> None:
    """What would end a program is one more way for a handler to fail: the next event is given all the same."""
    router, got = Router(), []

    @router.on("email")
    async def handler(event: WebhookEvent) -> None:
        got.append(event.event_id)
        if event.event_id == "bad":
            raise error

    written(tmp_path, "bad", "good")
    follower = followed(tmp_path, router)
    until(lambda: "good" in got)
    follower.stop()
    assert (got, follower.skipped) == (["bad"] * 3 + ["good"], 1)


def test_a_journal_that_cannot_be_read_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """While the journal cannot be read handlers wait without filling the log; afterwards they go on."""
    router, got, journal = Router(), [], tmp_path / "journal"
    router.on("email")(lambda event: got.append(event.event_id))
    written(journal, "a")
    away = journal.rename(tmp_path / "away")
    journal.write_text("in the way")
    follower = followed(journal, router)
    until(lambda: caplog.records)
    threading.Event().wait(0.5)
    journal.unlink()
    away.rename(journal)
    until(lambda: got == ["a"])
    follower.stop()
    assert [record.message for record in caplog.records] == ["handlers cannot read on in the journal"]


def test_what_handlers_have_not_come_to_is_kept(tmp_path: Path) -> None:
    """What is in the tables stays for handlers that are behind: for a week, or until the disk is short."""
    journal, week = tmp_path / "journal", 7 * 86_400
    reader = JournalReader(journal)

    def left(age: float, settings: CommitSettings | None = None) -> list[int]:
        for number in layout.segments(journal, 0):
            os.utime(layout.segment_path(journal, 0, number), (time.time() - age,) * 2)
        store = DeltaStore(tmp_path / "tables")
        Maintenance(store, reader, settings or CommitSettings()).prune({0: reader.newest(0)})
        return layout.segments(journal, 0)

    for number in range(5):
        written(journal, str(number))
    reader.move_cursor(0, "handlers", reader.read(0)[1].position)
    assert left(week - 100) == [3, 4, 5]
    assert left(week + 100) == [5]
    written(journal, "more")
    written(journal, "still more")
    assert left(week - 100) == [5, 6, 7]
    assert left(week - 100, CommitSettings(min_free_bytes=1 << 60)) == [7]


def test_how_far_handlers_are_behind_is_told(tmp_path: Path) -> None:
    """While a handler waits /metrics has the bytes that it has not come to, and none when it has."""
    receiver = WebhookReceiver(KEY, tmp_path)
    go = threading.Event()
    receiver.on("email")(lambda _: go.wait(20))
    written(tmp_path, "a", "b")

    def behind() -> float:
        text = receiver.handle("GET", "/metrics", [], b"").body.decode()
        return float(re.findall(r"^ciokit_webhooks_handlers_backlog_bytes\{.*\} (.*)$", text, re.MULTILINE)[0])

    receiver.start()
    until(lambda: behind() > 200)
    go.set()
    until(lambda: receiver.follower.handled == 2)
    until(lambda: not behind())
    receiver.stop()
    assert behind() == 0


def test_handlers_go_on_where_they_were_left(tmp_path: Path) -> None:
    """A follower that is started again, in this process or another, gives only what came since, from every lane."""
    router, got = Router(), []

    @router.on("email")
    def handler(event: WebhookEvent) -> None:
        got.append(event.event_id)

    written(tmp_path, "a")
    follower = followed(tmp_path, router)
    until(lambda: got == ["a"])
    follower.stop()
    with Journal(tmp_path):
        written(tmp_path, "b")  # in a second lane, as the first is taken
    written(tmp_path, "c")
    follower.start()
    until(lambda: len(got) == 3)
    follower.stop()
    another = followed(tmp_path, router)
    another.stop()
    assert sorted(got) == ["a", "b", "c"]


def test_of_two_followers_one_gets_each_event(tmp_path: Path) -> None:
    """Two processes that follow the same journal share its lanes: no event is given twice."""
    router, got = Router(), []

    @router.on("email")
    def handler(event: WebhookEvent) -> None:
        got.append(event.event_id)

    followers = [followed(tmp_path, router) for _ in range(2)]
    written(tmp_path, *map(str, range(200)))
    until(lambda: len(got) >= 200)
    for follower in followers:
        follower.stop()
    assert got == list(map(str, range(200)))
