"""The committer: every event of the journal in the tables once, whatever happened before."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from hypothesis import given
from hypothesis import strategies as st

from ciokit.errors import ConfigurationError
from ciokit.webhooks.arrow import arrow_table
from ciokit.webhooks.commit_settings import CommitSettings
from ciokit.webhooks.committer import Committer
from ciokit.webhooks.delta import DeltaStore
from ciokit.webhooks.filling import fill_typed
from ciokit.webhooks.intake import Batch
from ciokit.webhooks.journal_format import Record
from ciokit.webhooks.journal_reader import JournalReader
from ciokit.webhooks.tables import RAW, TABLES, TYPED, raw_columns, typed_columns
from tests.support.webhook_landing import commit, event, event_id, events, once, record, rows, table_ids, typed_ids

QUARANTINE = "webhook_quarantine"


def test_every_event_is_in_the_raw_table_and_its_typed_table_once(journal: Path, tables: Path) -> None:
    """What was recorded is in the raw table once, and in the table of its type once."""
    record(journal, events(range(100)))

    report = commit(journal, tables)

    assert table_ids(tables) == once(range(100))
    assert typed_ids(tables) == once(range(100))
    assert report.records == 100
    assert report.duplicates == 0
    assert report.rows["webhook_raw_events"] == 100
    assert sum(report.rows[table.name] for table in TYPED.values()) == 100


def test_all_tables_are_there_from_the_start(journal: Path, tables: Path) -> None:
    """A table that no event came for is there, and empty."""
    record(journal, [event(1, "email")])

    commit(journal, tables)

    assert sorted(path.name for path in tables.iterdir()) == sorted(TABLES)
    assert not table_ids(tables, "webhook_sms_events")


def test_a_second_run_finds_nothing_to_do(journal: Path, tables: Path) -> None:
    """A committer that is started again goes on where the last one was."""
    record(journal, events(range(10)))
    commit(journal, tables)

    assert commit(journal, tables).records == 0

    record(journal, events(range(10, 12)))
    assert commit(journal, tables).records == 2
    assert table_ids(tables) == typed_ids(tables) == once(range(12))


def test_batches_are_no_larger_than_asked_for(journal: Path, tables: Path) -> None:
    """What is recorded is committed in batches of `max_rows`, and all of it."""
    record(journal, events(range(25)))

    with Committer(journal, tables, CommitSettings(max_rows=10)) as committer:
        sizes = [committer.run_once().records for _ in range(4)]

    assert sizes == [10, 10, 5, 0]
    assert table_ids(tables) == once(range(25))


def test_an_event_that_is_sent_again_is_stored_once(journal: Path, tables: Path) -> None:
    """Retries are left out: within a batch, in a later batch, and after a restart."""
    record(journal, [event(1), event(1), event(2)])
    first = commit(journal, tables)
    record(journal, [event(2), event(3)])
    second = commit(journal, tables)

    assert table_ids(tables) == typed_ids(tables) == once([1, 2, 3])
    assert (first.duplicates, second.duplicates) == (1, 1)


def test_a_batch_of_nothing_new_moves_on(journal: Path, tables: Path) -> None:
    """A batch in which all was seen before is not read again."""
    record(journal, events(range(5)))
    commit(journal, tables)
    record(journal, events(range(5)))
    assert commit(journal, tables).duplicates == 5

    for lane in JournalReader(journal).lanes():
        (journal / f"lane-{lane}" / "delta.cursor").unlink()
    assert commit(journal, tables).records == 0


def test_duplicates_are_recognised_for_the_whole_window(journal: Path, tables: Path) -> None:
    """A retry seven days after the event is left out; one after the window is a new event."""
    record(journal, [event(1), event(2)], days_ago=7)
    commit(journal, tables)
    record(journal, [event(1)])
    commit(journal, tables)
    assert table_ids(tables) == once([1, 2])

    record(journal, [event(3)], days_ago=30)
    commit(journal, tables)
    record(journal, [event(3)])
    commit(journal, tables)
    assert table_ids(tables)[event_id(3)] == 2


def test_old_events_are_checked_against_the_table_too(journal: Path, tables: Path, tmp_path: Path) -> None:
    """Events that waited for weeks, committed from another journal before, are recognised."""
    record(journal, events(range(20)), days_ago=40)
    commit(journal, tables)
    record(journal, events(range(100, 120)))
    commit(journal, tables)

    record(tmp_path / "other", events(range(20)), days_ago=39)
    assert commit(tmp_path / "other", tables).duplicates == 20
    assert table_ids(tables) == once([*range(20), *range(100, 120)])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\xff\xfe not text", "not_json"),
        (b"[1]", "not_an_object"),
        (b'{"metric": "sent"}', "event_id_missing"),
        (b'{"event_id": "x", "metric": "sent", "object_type": "email"}', "timestamp_invalid"),
        (b'{"event_id": "\\ud800", "metric": "sent", "object_type": "email", "timestamp": 1}', "not_json"),
    ],
)
def test_what_is_no_event_is_quarantined(journal: Path, tables: Path, body: bytes, reason: str) -> None:
    """A signed body that is no event is kept byte for byte with the reason, and holds nothing up."""
    record(journal, [body, event(1), body])

    report = commit(journal, tables)

    (row,) = rows(tables, QUARANTINE)
    assert (row["body"], row["reason"]) == (body, reason)
    assert table_ids(tables) == once([1])
    assert report.rows[QUARANTINE] == 1
    assert report.duplicates == 1

    record(journal, [body])
    assert commit(journal, tables).duplicates == 1
    assert len(rows(tables, QUARANTINE)) == 1


def test_what_is_quarantined_is_told_once_a_batch(
    journal: Path, tables: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says how many bodies were no events, and why, and nothing of what is in them."""
    record(journal, [event(1), b"secret one", b"secret two", b"[]"])

    commit(journal, tables)

    (said,) = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert "3 bodies are no events (not_json: 2, not_an_object: 1)" in said
    assert "secret" not in said
    caplog.clear()
    record(journal, [event(2), b"secret one"])
    commit(journal, tables)
    assert [each for each in caplog.records if each.levelno == logging.WARNING] == []


def test_an_unknown_object_type_is_in_the_raw_table(journal: Path, tables: Path) -> None:
    """An event of a type that nobody knew is kept whole in the raw table, and counted."""
    body = event(1, "fax", "jammed", page=3)
    record(journal, [body, event(2)])

    report = commit(journal, tables)

    (row,) = rows(tables, "webhook_raw_events", "object_type = 'fax'")
    assert row["raw"].encode() == body
    assert report.unknown == 1
    assert typed_ids(tables) == once([2])


def test_a_value_of_another_type_does_not_fail_its_row(journal: Path, tables: Path) -> None:
    """Wrongly typed fields are null in their columns, and as they came in `raw`."""
    odd = {"link_id": "four", "subject": {"a": 1}, "campaign_id": 2**70, "machine": "yes", "identifiers": [1]}
    body = event(1, "email", "clicked", **odd)
    record(journal, [body, event(2)])

    commit(journal, tables)

    (row,) = rows(tables, "webhook_email_events", f"event_id = '{event_id(1)}'")
    assert row["link_id"] is None
    assert json.loads(row["raw"]) == json.loads(body)
    assert typed_ids(tables) == once([1, 2])


def test_an_event_with_a_value_that_is_hard_to_read_lands(journal: Path, tables: Path) -> None:
    """It is in its typed table, made valid, and raw as it came; filled again from there it is the same."""
    bodies = [
        event(1, subject="s").replace(b'"s"', rb'"cut off \ud83d"'),
        event(2, "email", "sent", content_id=7).replace(b": 7", b": 1e999"),
        b"\xef\xbb\xbf" + event(3),
        event(4).replace(f'"{event_id(4)}"'.encode(), b"12345"),
    ]
    record(journal, bodies)
    assert commit(journal, tables).rows == {"webhook_raw_events": 4, "webhook_email_events": 4}
    landed = _by_position(tables)
    assert [row["subject"] for row in landed] == ["cut off \ufffd", None, None, None]
    assert [row["content_id"] for row in landed] == [None] * 4
    assert [row["raw"].encode() for row in landed] == bodies
    assert [row["event_id"] for row in landed] == [event_id(1), event_id(2), event_id(3), "12345"]

    DeltaTable(tables / "webhook_email_events").delete()
    assert fill_typed(DeltaStore(tables)) == {"webhook_email_events": 4}

    assert _by_position(tables) == landed


def _by_position(tables: Path) -> list[dict[str, Any]]:
    found = rows(tables, "webhook_email_events")
    return [
        {name: value for name, value in row.items() if name != "_committed_at"}
        for row in sorted(found, key=lambda row: row["_position"])
    ]


def test_a_row_says_where_it_came_from(journal: Path, tables: Path) -> None:
    """Rows name the journal's lane and the position in it; commits get greater times."""
    record(journal, [event(1)])
    commit(journal, tables)
    record(journal, [event(2)])
    commit(journal, tables)

    reader = JournalReader(journal)
    places = {record.position: record.body for record in reader.all_records(0)}
    for name in ("webhook_raw_events", "webhook_email_events"):
        found = sorted(rows(tables, name), key=lambda row: row["event_id"])
        assert {row["_journal"] for row in found} == {f"{reader.id}/0"}
        assert [places[row["_position"]] for row in found] == [event(1), event(2)]
        assert found[0]["_committed_at"] < found[1]["_committed_at"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=12,
    )
)
def test_no_body_breaks_a_batch(value: object) -> None:
    """Whatever JSON is signed becomes a row of Arrow data or a reject: one event never holds up the others."""
    fields = {field: value for table in TYPED.values() for field in (column.name for column in table.columns)}
    bodies = [json.dumps({**json.loads(event(1, kind)), "data": {**fields, "more": value}}) for kind in TYPED]
    bodies += [json.dumps(value), json.dumps({**json.loads(event(2)), "data": value, "timestamp": value})]
    batch = Batch()
    batch.add("j/0", [Record(place, 1, b"{}", body.encode()) for place, body in enumerate(bodies, 1)])

    assert len(batch.landings) + len(batch.rejects) == len(bodies)
    assert arrow_table(RAW, raw_columns(batch.landings, 1)).num_rows == len(batch.landings)
    for kind, table in TYPED.items():
        rows = [landing for landing in batch.landings if landing.event.object_type == kind]
        assert arrow_table(table, typed_columns(table, rows, 1)).num_rows == len(rows)


# Who may


def test_one_journal_has_one_committer(journal: Path, tables: Path) -> None:
    """A second committer of a journal is refused, and told why."""
    record(journal, [event(1)])
    with Committer(journal, tables), pytest.raises(ConfigurationError, match="another process commits this journal"):
        Committer(journal, tables)


def test_a_table_of_another_kind_is_refused(journal: Path, tables: Path) -> None:
    """A table that has a column of another type is not written to."""
    record(journal, [event(1)])
    commit(journal, tables)
    shutil.rmtree(tables / "webhook_email_events")
    shutil.copytree(tables / QUARANTINE, tables / "webhook_email_events")
    log = tables / "webhook_email_events" / "_delta_log" / f"{0:020d}.json"
    log.write_text(
        log.read_text().replace(
            '\\"name\\":\\"body_sha256\\",\\"type\\":\\"string\\"', '\\"name\\":\\"metric\\",\\"type\\":\\"long\\"'
        )
    )

    with pytest.raises(ConfigurationError, match=r"`metric` of .* is long, not string"):
        commit(journal, tables)


def test_a_table_with_liquid_clustering_is_refused(journal: Path, tables: Path) -> None:
    """delta-rs cannot write a clustered table: that is said at once, and not tried again and again."""
    record(journal, [event(1)])
    commit(journal, tables)
    name = tables / "webhook_email_events"
    features = {"minReaderVersion": 1, "minWriterVersion": 7, "writerFeatures": ["clustering", "domainMetadata"]}
    version = DeltaTable(name).version() + 1
    (name / "_delta_log" / f"{version:020d}.json").write_text(json.dumps({"protocol": features}) + "\n")
    record(journal, [event(2)])

    with pytest.raises(ConfigurationError, match="Liquid clustering"):
        commit(journal, tables)


def test_columns_that_a_table_lacks_are_added(journal: Path, tables: Path) -> None:
    """A table of an older release gets the columns that came since; one with more columns is written to."""
    commit_log = tables / "webhook_email_events" / "_delta_log" / f"{0:020d}.json"
    record(journal, [event(1)])
    with Committer(journal, tables) as committer:
        committer.store.table(TYPED["email"]).refresh()
    text = commit_log.read_text()
    assert '\\"name\\":\\"subject\\"' in text
    commit_log.write_text(text.replace('\\"name\\":\\"subject\\"', '\\"name\\":\\"of_old\\"'))

    commit(journal, tables)

    names = [field.name for field in DeltaTable(tables / "webhook_email_events").schema().fields]
    assert {"of_old", "subject"}.issubset(names)
    assert typed_ids(tables) == once([1])
