"""The committer on an S3-compatible object store on loopback, whole, cut off, and with answers that are lost."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import boto3
import pytest

from ciokit.errors import TableStoreError
from ciokit.webhooks.commit_settings import CommitSettings
from ciokit.webhooks.committer import Committer
from ciokit.webhooks.delta import DeltaStore
from ciokit.webhooks.maintenance import compact, vacuum
from ciokit.webhooks.tables import RAW
from ciokit.webhooks.verifying import verify
from tests.support.cut_wire import CutWire
from tests.support.webhook_landing import event, events, once, record, table_ids, typed_ids

BUCKET = "landing"


@pytest.fixture(scope="module")
def store() -> Iterator[int]:
    """Serve an object store, in a process of its own, and return its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            break
        threading.Event().wait(0.05)
    yield port
    server.kill()
    server.wait()


@pytest.fixture
def wire(store: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[CutWire]:
    """Return a wire to the store; the keys are in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{store}", region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    with CutWire(store) as wire:
        yield wire


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """Return an address for tables that no other test uses."""
    return f"s3://{BUCKET}/{tmp_path.name}"


def options(wire: CutWire) -> dict[str, str]:
    """Return how to reach the store through a wire."""
    return {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{wire.port}", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1"}


def test_tables_in_an_object_store_hold_every_event_once(tmp_path: Path, wire: CutWire, uri: str) -> None:
    """Batches, retries and a new process: all events are in the tables once; they can be compacted and vacuumed."""
    journal, found = tmp_path / "journal", {"storage_options": options(wire)}
    record(journal, events(range(60)))
    with Committer(journal, uri, CommitSettings(max_rows=20), **found) as committer:
        committer.drain()
    record(journal, events(range(50, 80)))
    with Committer(journal, uri, **found) as committer:
        committer.drain()
        raw = committer.store.table(RAW)
        assert compact(raw)[1:] == (4, 1)
        assert len(vacuum(raw, 0)) == 4

    assert table_ids(uri, **found) == typed_ids(uri, **found) == once(range(80))
    assert verify(journal, uri, **found).sound


def test_two_committers_share_tables_in_an_object_store(tmp_path: Path, wire: CutWire, uri: str) -> None:
    """Conditional puts decide between two committers: the same events in two journals are stored once."""
    found = {"storage_options": options(wire)}
    for name in ("one", "two"):
        record(tmp_path / name, events(range(40)))

    def commit(name: str) -> None:
        with Committer(tmp_path / name, uri, CommitSettings(max_rows=10), **found) as committer:
            committer.drain()

    with ThreadPoolExecutor() as pool:
        list(pool.map(commit, ("one", "two")))

    assert table_ids(uri, **found) == typed_ids(uri, **found) == once(range(40))


def test_a_batch_asks_the_store_for_little(tmp_path: Path, wire: CutWire, uri: str) -> None:
    """A batch of one type of events costs a few requests, and no more after many commits than after few."""
    journal, found = tmp_path / "journal", {"storage_options": options(wire)}
    record(journal, [event(number) for number in range(41)])
    with Committer(journal, uri, CommitSettings(max_rows=1), **found) as committer:
        counts = []
        for _ in range(41):
            before = wire.asked
            assert committer.run_once().records == 1
            counts.append(wire.asked - before)

    assert max(counts[2:]) <= 12


@pytest.mark.parametrize("table", ["webhook_raw_events", "webhook_email_events"])
def test_a_commit_whose_answer_is_lost_is_made_once(tmp_path: Path, wire: CutWire, uri: str, table: str) -> None:
    """The store commits and nobody hears of it: the committer finds out, and goes on where the tables are."""
    journal, found = tmp_path / "journal", {"storage_options": options(wire)}
    record(journal, events(range(10)))
    with Committer(journal, uri, **found) as committer:
        committer.drain()
        record(journal, events(range(10, 30)))
        wire.lose_answer_to(f"PUT /{BUCKET}/{tmp_path.name}/{table}/_delta_log/")
        committer.drain()

    assert wire.lost == 1
    assert table_ids(uri, **found) == typed_ids(uri, **found) == once(range(30))


def test_whatever_is_asked_of_a_store_that_is_away_fails_alike(wire: CutWire, uri: str) -> None:
    """A table that was open when its store went away raises one kind of error, which a committer waits out."""
    raw = DeltaStore(uri, {**options(wire), "max_retries": "0"}).table(RAW)
    raw.refresh()
    wire.cut()
    for ask in (lambda: raw.transaction("nobody"), raw.refresh, lambda: list(raw.scan(["event_id"])), raw.file_sizes):
        with pytest.raises(TableStoreError):
            ask()


@pytest.mark.timeout(120)
def test_a_store_that_cannot_be_reached_is_waited_for(
    tmp_path: Path, wire: CutWire, uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    """While the store is away the journal keeps what comes, it is said once, and all is committed afterwards."""
    journal, stop = tmp_path / "journal", threading.Event()
    found = {"storage_options": {**options(wire), "max_retries": "1", "retry_timeout": "1s", "timeout": "2s"}}
    caplog.set_level(logging.WARNING, "ciokit.webhooks.committer")

    def heard(words: str) -> bool:
        return any(words in message for message in caplog.messages)

    def until(words: str) -> None:
        for _ in range(600):
            if heard(words):
                return
            stop.wait(0.05)
        raise AssertionError(words)

    record(journal, events(range(10)))
    with Committer(journal, uri, CommitSettings(max_age=0.05), **found) as committer, ThreadPoolExecutor() as pool:
        committer.drain()
        wire.cut()
        record(journal, events(range(10, 12)))
        with pytest.raises(TableStoreError):
            committer.drain()
        following = pool.submit(committer.follow, stop)
        until("the tables cannot be written")
        record(journal, events(range(12, 50)))
        wire.mend()
        until("the tables are written again")
        stop.set()
        following.result()
        committer.drain()

    assert len([message for message in caplog.messages if "cannot be written" in message]) == 1
    assert not heard("secret")
    assert table_ids(uri, **found) == typed_ids(uri, **found) == once(range(50))
