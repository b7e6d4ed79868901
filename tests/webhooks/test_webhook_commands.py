"""`ciokit webhooks commit|compact|vacuum|replay|verify|tail`, and what they are made of."""

from __future__ import annotations

import http.server
import json
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from ciokit.cli import main
from ciokit.webhooks import journal_format as layout
from ciokit.webhooks.commit_settings import CommitSettings
from ciokit.webhooks.committer import Committer
from ciokit.webhooks.delta import DeltaStore
from ciokit.webhooks.filling import fill_from_journal, fill_typed
from ciokit.webhooks.replaying import Selection
from ciokit.webhooks.signature import verify_headers
from ciokit.webhooks.verifying import verify
from tests.support.webhook_landing import commit, event, event_id, events, once, record, table_ids, typed_ids

KEY = "a signing key"


@pytest.fixture
def landed(journal: Path, tables: Path) -> None:
    """Have 80 events, a retry and a reject in journal and tables."""
    record(journal, [*events(range(80)), *events([0]), b"no event"])
    with Committer(journal, tables) as committer:
        committer.drain()


def told(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Return what a command printed, line by line."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def remove(tables: Path, name: str, where: str) -> None:
    """Take rows out of a table."""
    DeltaTable(tables / name).delete(where)


def test_commit_says_what_it_did(journal: Path, tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`commit` brings what is there into the tables, prints the counts, and ends."""
    record(journal, [*events(range(16)), event(3), b"no event", event(99, "fax")])

    assert main(["webhooks", "commit", "--journal", str(journal), "--delta", str(tables)]) == 0

    (report,) = told(capsys)
    assert (report["records"], report["duplicates"], report["unknown"]) == (19, 1, 1)
    assert report["rows"]["webhook_raw_events"] == 17
    assert report["rows"]["webhook_quarantine"] == 1
    assert report["rows"]["webhook_email_events"] == 2


def test_compact_and_vacuum_are_commands(journal: Path, tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`compact` brings files together, `vacuum` removes those left over; no row changes."""
    record(journal, [event(number) for number in range(12)])
    with Committer(journal, tables, CommitSettings(max_rows=3)) as committer:
        committer.drain()

    assert main(["webhooks", "compact", "--delta", str(tables)]) == 0
    assert {"table": "webhook_raw_events", "before": 4, "after": 1} in told(capsys)

    assert main(["webhooks", "vacuum", "--delta", str(tables), "--dry-run", "--retention-hours", "0"]) == 0
    assert {"table": "webhook_raw_events", "removed": 4, "dry_run": True} in told(capsys)
    assert len(list((tables / "webhook_raw_events").glob("*.parquet"))) == 5

    for retention in ([], ["--retention-hours", "0.5"]):
        assert main(["webhooks", "vacuum", "--delta", str(tables), *retention]) == 0
        assert {"table": "webhook_raw_events", "removed": 0, "dry_run": False} in told(capsys)

    assert main(["webhooks", "vacuum", "--delta", str(tables), "--retention-hours", "0"]) == 0
    assert len(list((tables / "webhook_raw_events").glob("*.parquet"))) == 1
    assert table_ids(tables) == typed_ids(tables) == once(range(12))


def test_compact_makes_no_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there are no tables, that is said and none are made."""
    assert main(["webhooks", "compact", "--delta", str(tmp_path / "nowhere")]) == 2

    assert "there are no webhook tables" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_storage_options_come_from_a_file(journal: Path, tables: Path, tmp_path: Path) -> None:
    """Credentials are read from a file of JSON; one that is not is refused before anything is done."""
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text('{"AWS_REGION": "eu-central-1"}')
    bad.write_text("[1]")
    record(journal, [event(1)])
    words = ["webhooks", "commit", "--journal", str(journal), "--delta", str(tables), "--storage-options"]

    assert main([*words, str(bad)]) == 2
    assert main([*words, str(tmp_path / "none.json")]) == 2
    assert not tables.exists()
    assert main([*words, str(good)]) == 0


# verify


@pytest.mark.usefixtures("landed")
def test_verify_counts_by_day_and_type(journal: Path, tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Journal and tables are compared by the day of the event and its type; what is not committed yet is pending."""
    record(journal, events(range(80, 83)))

    assert main(["webhooks", "verify", "--journal", str(journal), "--delta", str(tables)]) == 0

    *days, summary = told(capsys)
    assert {day["day"] for day in days} == {"2026-01-01"}
    assert {day["object_type"]: day["events"] for day in days}["email"] == 10
    assert sum(day["records"] for day in days) == 81
    assert summary == {
        "sound": True,
        "missing": 0,
        "doubled": 0,
        "pending": 3,
        "rejects": 1,
        "rejects_missing": 0,
        "rejects_doubled": 0,
        "lost_bytes": 0,
        "lost_segments": 0,
    }


@pytest.mark.usefixtures("landed")
@pytest.mark.parametrize(
    ("name", "where", "missing"),
    [
        ("webhook_raw_events", f"event_id = '{event_id(9)}'", 1),
        ("webhook_email_events", "true", 10),
        ("webhook_quarantine", "true", 1),
    ],
)
def test_verify_finds_what_is_missing(journal: Path, tables: Path, name: str, where: str, missing: int) -> None:
    """A row that is gone from any of the tables is told, and ends the command with 1."""
    remove(tables, name, where)

    assert verify(journal, tables).missing == missing
    assert main(["webhooks", "verify", "--journal", str(journal), "--delta", str(tables), "--table"]) == 1


@pytest.mark.usefixtures("landed")
def test_verify_finds_what_is_there_twice(journal: Path, tables: Path) -> None:
    """A row that is in a table twice is told."""
    store = DeltaStore(tables)
    typed = next(each for each in store.tables() if each.name == "webhook_email_events")
    names = [column.name for column in typed.declared.columns]
    for part in list(typed.scan(names)):
        typed.append(dict(zip(names, part, strict=True)), {})

    assert verify(journal, tables).doubled == 10


@pytest.mark.usefixtures("landed")
def test_verify_misses_what_a_table_that_is_gone_had(journal: Path, tables: Path) -> None:
    """A typed table that is gone lacks all its events, and is not made by looking."""
    shutil.rmtree(tables / "webhook_email_events")

    assert verify(journal, tables).missing == 10
    assert not (tables / "webhook_email_events").exists()


@pytest.mark.parametrize("command", [["verify"], ["replay"]])
@pytest.mark.usefixtures("landed")
def test_a_wrong_address_is_told_and_gets_no_tables(
    journal: Path, tmp_path: Path, command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no tables are, nothing is sound, and none are made."""
    there = tmp_path / "elsewhere"

    assert main(["webhooks", *command, "--journal", str(journal), "--delta", str(there)]) == 2

    assert "there is no table webhook_raw_events" in capsys.readouterr().err
    assert not there.exists()


@pytest.mark.usefixtures("landed")
def test_what_other_tables_hold_is_missing(journal: Path, tmp_path: Path) -> None:
    """Tables that the journal was not committed to lack what its cursor says was; that is not pending, nor sound."""
    others = tmp_path / "others"
    record(tmp_path / "other-journal", [event(1000)])
    with Committer(tmp_path / "other-journal", others) as committer:
        committer.drain()

    found = verify(journal, others)

    assert (found.sound, found.pending, found.rejects_missing) == (False, 0, 1)
    assert sum(day.missing for day in found.days) == sum(day.typed_missing for day in found.days) == 80


def test_what_is_remembered_beyond_the_window_is_not_missed(journal: Path, tables: Path) -> None:
    """A repeat that was left out though its event is older than the window is neither missing nor brought back."""
    record(journal, [event(1), b"no event"], days_ago=11.9)
    with Committer(journal, tables) as committer:
        committer.drain()
        record(journal, [event(1), event(2), b"no event"])
        assert committer.drain().duplicates == 2
        assert committer.reader.prune(0, committer.reader.newest(0)) == 1

    assert verify(journal, tables).sound
    assert fill_from_journal(journal, DeltaStore(tables)) == {}


@pytest.mark.usefixtures("landed")
def test_verify_tells_damage_of_the_journal(journal: Path, tables: Path) -> None:
    """Bytes that were changed on disk are told as lost."""
    (segment,) = (journal / "lane-0").glob("*.journal")
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 0xFF
    segment.write_bytes(content)

    found = verify(journal, tables)

    assert found.lost_bytes > 0
    assert not found.sound


# replay


@pytest.mark.usefixtures("landed")
def test_replay_brings_back_what_is_missing(journal: Path, tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What any table lacks comes back once: from the journal, and in typed tables from the raw one."""
    remove(tables, "webhook_raw_events", f"event_id = '{event_id(9)}' or event_id = '{event_id(10)}'")
    remove(tables, "webhook_sms_events", "true")
    remove(tables, "webhook_push_events", f"event_id = '{event_id(10)}'")
    remove(tables, "webhook_quarantine", "true")

    words = ["webhooks", "replay", "--journal", str(journal), "--delta", str(tables)]
    assert main(words) == 0
    (report,) = told(capsys)
    assert report["added"] == {
        "webhook_raw_events": 2,
        "webhook_quarantine": 1,
        "webhook_sms_events": 10,
        "webhook_push_events": 1,
    }

    assert main(words) == 0
    assert told(capsys) == [{"added": {}}]
    assert table_ids(tables) == typed_ids(tables) == once(range(80))
    assert verify(journal, tables).sound


@pytest.mark.usefixtures("landed")
def test_replay_fills_a_typed_table_that_is_gone(tables: Path) -> None:
    """A typed table that was removed is made again from the raw table alone."""
    shutil.rmtree(tables / "webhook_email_events")

    assert fill_typed(DeltaStore(tables)) == {"webhook_email_events": 10}
    assert typed_ids(tables) == once(range(80))


def test_replay_from_another_receipt_doubles_nothing(journal: Path, tables: Path) -> None:
    """An event that only a later receipt of it can bring back to the raw table is in its typed table already."""
    record(journal, [event(1)], days_ago=1.5)
    record(journal, [event(1)])
    with Committer(journal, tables) as committer:
        committer.drain()
        assert committer.reader.prune(0, committer.reader.newest(0)) == 1
    remove(tables, "webhook_raw_events", "true")

    assert fill_from_journal(journal, DeltaStore(tables)) == {"webhook_raw_events": 1}
    assert fill_typed(DeltaStore(tables)) == {}
    assert typed_ids(tables) == once([1])


@pytest.mark.parametrize("command", ["verify", "replay", "tail"])
def test_a_folder_without_a_journal_is_told(
    tmp_path: Path, tables: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no journal is, nothing is sound and nothing comes; none is made."""
    there = tmp_path / "elsewhere"
    tables_option = [] if command == "tail" else ["--delta", str(tables)]
    record(tmp_path / "journal", [event(1)])
    with Committer(tmp_path / "journal", tables) as committer:
        committer.drain()

    assert main(["webhooks", command, "--journal", str(there), *tables_option]) == 2

    assert "there is no journal in this folder" in capsys.readouterr().err
    assert not there.exists()


@pytest.mark.usefixtures("landed")
def test_replay_leaves_to_the_committer_what_is_its_own(journal: Path, tables: Path) -> None:
    """What is not committed yet is not added by a replay, and is stored once whichever comes first."""
    record(journal, events(range(80, 90)))

    assert fill_from_journal(journal, DeltaStore(tables)) == {}
    with Committer(journal, tables) as committer:
        committer.drain()
    assert fill_typed(DeltaStore(tables)) == {}
    assert table_ids(tables) == typed_ids(tables) == once(range(90))


def test_replay_finishes_for_a_committer_that_was_lost(journal: Path, tables: Path) -> None:
    """What a committer that may never come back gave only to the raw table reaches the typed ones, once."""
    record(journal, events(range(16)))
    with Committer(journal, tables) as committer:
        committer.drain()
    for path in tables.glob("webhook_[!rq]*"):  # as if it had died before the typed tables got anything
        shutil.rmtree(path)

    added = fill_typed(DeltaStore(tables))
    record(journal, events(range(16, 20)))
    with Committer(journal, tables) as committer:
        committer.drain()

    assert sum(added.values()) == 16
    assert table_ids(tables) == typed_ids(tables) == once(range(20))


@pytest.mark.usefixtures("landed")
def test_replay_takes_a_selection(journal: Path, tables: Path) -> None:
    """Only events of the types and times asked for are replayed."""
    remove(tables, "webhook_sms_events", "true")
    remove(tables, "webhook_push_events", "true")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    store = DeltaStore(tables)

    assert fill_typed(store, Selection(since=tomorrow)) == {}
    assert fill_typed(store, Selection(until=tomorrow, object_types=frozenset({"sms"}))) == {"webhook_sms_events": 10}
    assert fill_from_journal(journal, store, Selection(since=tomorrow)) == {}
    remove(tables, "webhook_quarantine", "true")
    assert fill_from_journal(journal, store, Selection(since=tomorrow)) == {}
    assert fill_from_journal(journal, store, Selection(object_types=frozenset({"sms"}))) == {}
    assert fill_from_journal(journal, store, Selection(until=tomorrow)) == {"webhook_quarantine": 1}


class _Receiver(http.server.BaseHTTPRequestHandler):
    """Takes signed posts; every fifth request is answered 503, and one event never taken."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked += 1
        status = 200
        if not verify_headers(body, dict(self.headers.items()), KEY):
            status = 401
        elif self.server.asked % 5 == 0:
            status = 503
        elif b"poison" in body:
            status = 413
        else:
            self.server.taken[json.loads(body)["event_id"]] += 1
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Any]:
    """Serve a receiver that counts what it takes."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Receiver) as server:
        server.daemon_threads = True
        server.asked, server.taken = 0, Counter()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.usefixtures("landed")
@pytest.mark.parametrize("source", ["journal", "tables"])
def test_replay_posts_events_with_a_fresh_signature(
    journal: Path,
    tables: Path,
    source: str,
    receiver: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Events are posted signed, again after a 503, and what is refused is counted and ends the command with 1."""
    monkeypatch.setenv("CUSTOMERIO_WEBHOOK_SIGNING_KEY", KEY)
    record(journal, [event(500, subject="poison")])
    with Committer(journal, tables) as committer:
        committer.drain()
    where = ["--journal", str(journal)] if source == "journal" else ["--delta", str(tables)]

    code = main(["webhooks", "replay", *where, "--to", f"http://127.0.0.1:{receiver.server_port}/", "--type", "email"])

    numbers = [number for number in range(80) if events([number]) == [event(number, "email")]]
    assert code == 1
    assert told(capsys) == [{"posted": len(numbers), "refused": {"413": 1}}]
    assert receiver.taken == once(numbers)


def test_replay_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    """Without tables or a receiver there is nothing to replay to."""
    assert main(["webhooks", "replay", "--journal", "somewhere"]) == 2
    assert main(["webhooks", "replay", "--to", "http://127.0.0.1:1/"]) == 2
    assert "--delta URI" in capsys.readouterr().err


@pytest.mark.parametrize("committed", [True, False])
def test_verify_tells_a_piece_of_the_journal_that_is_gone(
    journal: Path, tables: Path, caplog: pytest.LogCaptureFixture, *, committed: bool
) -> None:
    """A segment that is gone from between others is told by the committer that comes by, and by `verify`."""
    for number in range(5):
        record(journal, [event(number)])
        if committed or not number:
            commit(journal, tables)
    for number in (2, 3):
        layout.segment_path(journal, 0, number).unlink()

    commit(journal, tables)
    found = verify(journal, tables)

    assert (found.sound, found.lost_segments, found.missing) == (False, 1, 0)
    assert ("segment 2 of lane 0 is gone" in caplog.text) is not committed


# tail


def test_tail_shows_events_without_people(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each event is a line with its ids, types and times; what says who it is about only with `--full`."""
    body = event(1, recipient="ann@example.com", campaign_id=7)
    record(journal, [body, b"no event"])
    words = ["webhooks", "tail", "--journal", str(journal), "--no-follow", "--from-start"]

    assert main(words) == 0
    text = capsys.readouterr().out
    shown, rejected = (json.loads(line) for line in text.splitlines())
    assert (shown["event_id"], shown["object_type"], shown["metric"]) == (event_id(1), "email", "sent")
    assert (shown["campaign_id"], shown["delivery_id"]) == (7, "d1")
    assert rejected["rejected"] == "not_json"
    assert "ann@" not in text
    assert "u1" not in text

    assert main([*words, "--full"]) == 0
    assert json.loads(told(capsys)[0]["body"]) == json.loads(body)


def test_tail_begins_at_the_end(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unless asked to, it does not print what was received before."""
    record(journal, [event(1)])

    assert main(["webhooks", "tail", "--journal", str(journal), "--no-follow"]) == 0
    assert told(capsys) == []
