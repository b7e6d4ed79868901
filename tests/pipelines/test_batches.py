"""A batch keeps account of every item, whatever happens on the way."""

from __future__ import annotations

import asyncio
import math
import pickle
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ciokit
from ciokit import (
    AsyncCustomerIOClient,
    AuthenticationError,
    BatchReport,
    CustomerIOClient,
    Limits,
    Message,
    NetworkError,
    RetryPolicy,
    ServerError,
    ValidationError,
    create_batch_operations,
    send_batch,
    split_oversized_batch,
    validate_batch_size,
)
from ciokit.core.clock import FakeClock
from tests.support.wire import Answer, ScriptedServer, Seen

from .conftest import events


def sent_ids(server: ScriptedServer) -> list[str]:
    """The message ids that reached the server, in order."""
    found: list[str] = []
    for seen in server.seen:
        items: list[dict[str, Any]] = seen.json["batch"] if seen.path == "/v1/batch" else [seen.json]
        found += [item["messageId"] for item in items]
    return found


def account(report: BatchReport) -> tuple[int, int, int]:
    """Accepted, rejected, unknown."""
    assert report.accepted + report.rejected + report.unknown == len(report)
    return report.accepted, report.rejected, report.unknown


def test_many_items_go_in_few_requests(server: ScriptedServer, client: CustomerIOClient) -> None:
    """A thousand small events are one request; each has its verdict."""
    report = client.batch(events(1000))
    assert account(report) == (1000, 0, 0)
    assert report.ok
    assert [seen.path for seen in server.seen] == ["/v1/batch"]
    assert sent_ids(server) == [f"m{n}" for n in range(1000)] == [verdict.message_id for verdict in report]
    assert report.bytes_sent == len(server.seen[0].body)


def test_no_request_is_over_the_batch_limit_and_no_item_over_its_own(
    server: ScriptedServer, client: CustomerIOClient
) -> None:
    """Ten thousand items near 32 KB never make a body over 500,000 bytes."""
    report = client.batch(events(200, size=31_800) + events(50, size=7))
    assert account(report) == (250, 0, 0)
    assert all(len(seen.body) <= 500_000 for seen in server.seen)
    assert max(len(seen.body) for seen in server.seen) > 450_000
    assert len(sent_ids(server)) == 250


@given(sizes=st.lists(st.integers(0, 400), max_size=40), limit=st.integers(200, 900))
def test_splitting_loses_nothing_and_keeps_order(sizes: list[int], limit: int) -> None:
    """For any sizes and limit: the parts joined are the whole, each fits, and no neighbour would have fitted in."""
    operations = [
        ciokit.track_event.message("u", "E", {"t": "x" * size}, message_id=str(n)) for n, size in enumerate(sizes)
    ]
    limits = Limits(batch_bytes=limit)
    if any(validate_batch_size([one]) > limit for one in operations):
        return
    parts = split_oversized_batch(operations, limits=limits)
    assert [one for part in parts for one in part] == operations
    assert all(validate_batch_size(part, limits=limits) <= limit for part in parts)
    for left, right in pairwise(parts):
        assert validate_batch_size([*left, right[0]]) > limit


def test_an_id_is_minted_once_for_items_without_one(server: ScriptedServer, client: CustomerIOClient) -> None:
    """Plain wire dicts get distinct ids, told in the report, equal over retries."""
    server.script = [Answer(500)]
    rows: list[Message] = [{"type": "track", "userId": str(n), "event": "E"} for n in range(3)]
    report = client.batch(rows)
    assert len({verdict.message_id for verdict in report}) == 3
    assert server.seen[0].body == server.seen[1].body
    assert sent_ids(server)[:3] == [verdict.message_id for verdict in report]
    assert all("messageId" not in row for row in rows)


BAD: list[tuple[Any, str | None]] = [
    ({"type": "track", "event": "E"}, "userId"),
    ({"type": "track", "userId": "", "event": "E"}, "userId"),
    ({"type": "track", "userId": "u"}, "event"),
    ({"type": "track", "userId": "u", "anonymousId": "a", "event": "E"}, "anonymousId"),
    ({"type": "track", "userId": 7, "event": "E"}, "userId"),
    ({"type": "group", "userId": "u"}, "groupId"),
    ({"type": "purchase", "userId": "u"}, "type"),
    ({"userId": "u"}, "type"),
    ("not a message", "type"),
    (None, "type"),
    ({"type": "track", "userId": "u", "event": "E", "timestamp": 1_767_225_600_000}, "timestamp"),
    ({"type": "track", "userId": "u", "event": "E", "timestamp": "yesterday"}, "timestamp"),
    ({"type": "track", "userId": "u", "event": "E", "properties": {"raw": b"x"}}, "properties.raw"),
    ({"type": "track", "userId": "u", "event": "E", "properties": {"big": "x" * 40_000}}, "properties"),
    ({"type": "track", "userId": "u", "event": "E", "messageId": 9}, "messageId"),
    ({"type": "track", "userId": "u", "event": "E", "messageId": ""}, "messageId"),
    ({"type": "track", "userId": "u", "event": "E", "properties": ["a"]}, "properties"),
    ({"type": "track", "userId": "u", "event": "E", "context": "web"}, "context"),
    ({"type": "track", "userId": "u", "event": "E", "integrations": ["Mixpanel"]}, "integrations"),
    ({"type": "identify", "userId": "u", "traits": "pro"}, "traits"),
    ({"type": "identify", "traits": {"email": math.nan}}, "userId"),
    ({"type": "page", "userId": "u", "name": 5}, "name"),
    ({"type": "group", "userId": "u", "groupId": "g", "traits": {"object_type_id": 1}}, "traits.object_type_id"),
]


@pytest.mark.parametrize(("bad", "field"), BAD)
def test_one_bad_item_holds_up_nothing(
    server: ScriptedServer, client: CustomerIOClient, bad: Any, field: str | None
) -> None:
    """Ninety-nine go, the bad one is rejected with its field and never sent."""
    good = events(99)
    report = client.batch([*good[:50], bad, *good[50:]])
    assert account(report) == (99, 1, 0)
    (verdict,) = report.problems()
    assert (verdict.index, verdict.status, verdict.field) == (50, "rejected", field)
    assert verdict.reason
    assert sent_ids(server) == [f"m{n}" for n in range(99)]


def test_nan_becomes_null_by_default_and_an_error_when_asked(server: ScriptedServer) -> None:
    """The stated policy for missing values holds in batches too."""
    row: Message = {"type": "track", "userId": "u", "event": "E", "properties": {"n": math.nan}, "messageId": "m"}
    with CustomerIOClient("k", base_url=server.base_url) as client:
        assert client.batch([row]).ok
    assert server.seen[0].json["batch"][0]["properties"] == {"n": None}
    with CustomerIOClient("k", base_url=server.base_url, missing="error") as client:
        (verdict,) = client.batch([row]).problems()
    assert verdict.field == "properties.n"


def refuse(server: ScriptedServer, bad: set[str]) -> list[str]:
    """Make the server refuse, as a whole, any batch that holds one of these ids; returns those it accepted."""
    accepted: list[str] = []

    def judge(seen: Seen) -> Answer:
        ids = [item["messageId"] for item in seen.json["batch"]]
        if bad & set(ids):
            return Answer(400, b'{"meta":{"errors":["event name is reserved"]}}')
        accepted.extend(ids)
        return Answer()

    server.judge = judge
    return accepted


@pytest.mark.parametrize("bad", [{"m0"}, {"m99"}, {"m7", "m8", "m50"}, {f"m{n}" for n in range(100)}])
def test_a_refused_batch_is_narrowed_down_to_its_bad_items(
    server: ScriptedServer, client: CustomerIOClient, bad: set[str]
) -> None:
    """The service refuses the whole; the bad items are found, and the rest goes exactly once, in order."""
    accepted = refuse(server, bad)
    report = client.batch(events(100))
    assert account(report) == (100 - len(bad), len(bad), 0)
    assert {verdict.message_id for verdict in report.problems()} == bad
    assert all("event name is reserved" in verdict.reason for verdict in report.problems())
    assert accepted == [f"m{n}" for n in range(100) if f"m{n}" not in bad]


def test_narrowing_costs_few_requests(server: ScriptedServer, client: CustomerIOClient) -> None:
    """One bad item in a thousand is found in about twenty requests, not a thousand."""
    refuse(server, {"m321"})
    assert client.batch(events(1000)).requests <= 22


def test_a_wrong_key_stops_the_run_and_says_what_became_of_each(
    server: ScriptedServer, client: CustomerIOClient
) -> None:
    """Nothing is lost silently: the error carries a report with every item, also those never read."""
    server.script = [Answer(200), Answer(401)]
    with pytest.raises(AuthenticationError) as caught:
        client.batch(iter(events(60, size=20_000)))
    report = caught.value.report
    assert isinstance(report, BatchReport)
    assert len(report) == 60
    assert account(report) == (24, 36, 0)
    assert all(verdict.retryable for verdict in report[48:])
    assert len(server.seen) == 2


@pytest.mark.parametrize(("answer", "kind"), [(Answer(500), ServerError), (Answer(break_it=True), NetworkError)])
def test_what_got_no_answer_is_unknown_not_failed(
    server: ScriptedServer, answer: Answer, kind: type[Exception]
) -> None:
    """Items that may have arrived are told apart from those never sent."""
    once = RetryPolicy(attempts=1)
    server.script = [answer]
    with CustomerIOClient("k", base_url=server.base_url, retry=once) as client, pytest.raises(kind) as caught:
        client.batch(events(60, size=20_000))
    report = caught.value.report  # type: ignore[attr-defined]  # both kinds are errors of ours
    assert account(report) == (0, 36, 24)
    assert {verdict.status for verdict in report[:24]} == {"unknown"}
    assert {verdict.retryable for verdict in report} == {True}


def test_items_with_a_context_of_their_own_are_sent_apart(server: ScriptedServer, client: CustomerIOClient) -> None:
    """A batch knows one context: neighbours with the same share a batch that has it, one alone goes by itself."""
    around = {"ip": "10.0.0.1"}
    operations = [
        *events(2),
        ciokit.register_device.message("u1", "tok-1", message_id="d1"),
        ciokit.track_event.message("u1", "E", context=around, message_id="c1"),
        ciokit.track_event.message("u2", "E", context=around, message_id="c2"),
        *events(1),
    ]
    report = send_batch(client, operations)
    assert report.ok
    assert [seen.path for seen in server.seen] == ["/v1/batch", "/v1/track", "/v1/batch", "/v1/batch"]
    assert server.seen[1].json["context"] == {"device": {"token": "tok-1"}}
    assert server.seen[2].json["context"] == around
    assert all("context" not in item for item in server.seen[2].json["batch"])
    assert sent_ids(server) == ["m0", "m1", "d1", "c1", "c2", "m0"]


def test_contexts_stay_inline_when_told_so(server: ScriptedServer) -> None:
    """The setting keeps everything in one batch, as the vendor's own clients do."""
    with CustomerIOClient("k", base_url=server.base_url, item_context="inline") as client:
        client.batch([*events(1), ciokit.register_device.message("u1", "tok")])
    assert [seen.path for seen in server.seen] == ["/v1/batch"]
    assert server.seen[0].json["batch"][1]["context"] == {"device": {"token": "tok"}}


def test_an_alias_is_not_put_into_a_batch(server: ScriptedServer, client: CustomerIOClient) -> None:
    """Alias is none of the batchable calls."""
    client.batch([*events(1), ciokit.create_alias.message("u1", "a1"), *events(1)], context={"ip": "10.0.0.1"})
    assert [seen.path for seen in server.seen] == ["/v1/batch", "/v1/alias", "/v1/batch"]
    assert [seen.json["context"] for seen in server.seen] == [{"ip": "10.0.0.1"}] * 3


def test_the_async_client_sends_the_same_bytes(server: ScriptedServer, client: CustomerIOClient) -> None:
    """Both clients share one way to make a batch."""
    client.batch(events(5))

    async def twin() -> BatchReport:
        async with AsyncCustomerIOClient("k", base_url=server.base_url) as async_client:
            return await send_batch(async_client, events(5))

    assert asyncio.run(twin()).ok
    assert server.seen[0].body == server.seen[1].body


def test_progress_is_told_after_each_request(client: CustomerIOClient) -> None:
    """A callback sees the totals grow."""
    told: list[int] = []
    client.batch(events(60, size=20_000), progress=lambda report: told.append(report.accepted))
    assert told == [24, 48, 60]


def test_an_empty_batch_sends_nothing(server: ScriptedServer, client: CustomerIOClient) -> None:
    """No rows, no request."""
    assert account(client.batch([])) == (0, 0, 0)
    assert server.seen == []


def test_a_report_can_be_sliced_counted_pickled_and_raised(client: CustomerIOClient) -> None:
    """A report is a sequence and plain data."""
    report = client.batch([*events(2), {"type": "track", "userId": "u"}])
    assert [verdict.status for verdict in report[1:]] == ["accepted", "rejected"]
    assert report[-1].index == 2
    assert pickle.loads(pickle.dumps(report))[2] == report[2]
    assert sum(report.reasons().values()) == 1
    with pytest.raises(ValidationError, match="1 items rejected and 0 unknown of 3") as caught:
        report.raise_for_problems()
    assert caught.value.field == "[2].event"
    for outside in (3, -4):
        with pytest.raises(IndexError):
            report[outside]


ROWS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("identify", {"user_id": "u", "traits": {"a": 1}}, {"userId": "u", "traits": {"a": 1}}),
    ("identify", {"anonymous_id": "a", "user_id": None}, {"anonymousId": "a"}),
    (
        "track",
        {"user_id": 7, "event": "E", "properties": {"n": 1}},
        {"userId": "7", "event": "E", "properties": {"n": 1}},
    ),
    ("page", {"user_id": "u", "name": "Home"}, {"userId": "u", "name": "Home"}),
    (
        "screen",
        {"user_id": "u", "name": "Home", "context": {"ip": "::1"}},
        {"userId": "u", "name": "Home", "context": {"ip": "::1"}},
    ),
    ("group", {"user_id": "u", "group_id": 12, "traits": {}}, {"userId": "u", "groupId": "12", "traits": {}}),
    (
        "track",
        {"user_id": "u", "event": "E", "timestamp": "2026-01-01T00:00:00Z"},
        {"userId": "u", "event": "E", "timestamp": "2026-01-01T00:00:00Z"},
    ),
]


@pytest.mark.parametrize(("kind", "row", "expected"), ROWS)
def test_rows_become_messages(kind: Any, row: dict[str, Any], expected: dict[str, Any]) -> None:
    """Snake-case rows become the wire form, each with an id."""
    (message,) = create_batch_operations(kind, [row])
    assert message.get("messageId")
    assert {name: value for name, value in message.items() if name not in ("messageId", "type")} == expected


@pytest.mark.parametrize("key", ["", "  ", 1.5, b"raw"])
def test_a_bad_key_is_that_rows_problem_alone(client: CustomerIOClient, key: Any) -> None:
    """A key that names nothing rejects its row and no other."""
    rows = [{"user_id": "u", "event": "E", "key": one} for one in ("a", key, "b")]
    report = client.batch(create_batch_operations("track", rows))
    assert account(report) == (2, 1, 0)
    assert [(verdict.index, verdict.field) for verdict in report.problems()] == [(1, "messageId")]


def test_one_key_names_one_message_of_each_kind() -> None:
    """Rows that share a key and differ in what they are about do not share an id."""
    groups = create_batch_operations("group", [{"user_id": "u", "group_id": one, "key": "k"} for one in "ab"])
    pages = create_batch_operations("page", [{"user_id": "u", "name": one, "key": "k"} for one in "ab"])
    assert len({message["messageId"] for message in groups + pages}) == 4


def test_row_ids_can_come_from_a_key() -> None:
    """The same rows give the same ids in every run."""
    rows = [{"user_id": "u", "event": "E", "key": n} for n in range(2)]
    first, second = (create_batch_operations("track", rows) for _ in range(2))
    assert first == second
    assert first[0]["messageId"] != first[1]["messageId"]


@pytest.mark.parametrize(
    ("kind", "rows", "field"),
    [
        ("alias", [], "operation_type"),
        ("track", [{"user_id": "u", "event": "E"}, {"userid": "u"}], "rows[1].userid"),
        ("identify", ["u"], "rows[0]"),
        ("identify", [{"user_id": "u", "key": "k", "message_id": "m"}], "rows[0].key"),
    ],
)
def test_a_mistake_in_every_row_is_raised_at_once(kind: Any, rows: list[Any], field: str) -> None:
    """A misspelled column is no bad row: nothing is dropped in silence."""
    with pytest.raises(ValidationError) as caught:
        create_batch_operations(kind, rows)
    assert caught.value.field == field


def test_measuring_says_the_exact_bytes(server: ScriptedServer, client: CustomerIOClient) -> None:
    """What is measured is what is sent."""
    operations = events(10)
    client.batch(operations)
    assert validate_batch_size(operations) == len(server.seen[0].body)


@pytest.mark.parametrize(
    ("operations", "field"),
    [(events(30, size=20_000), "batch"), (events(2) + events(1, size=40_000), "batch[2].properties")],
)
def test_a_batch_that_would_be_dropped_is_named(operations: list[Message], field: str) -> None:
    """Too much in all, or in one item."""
    with pytest.raises(ValidationError) as caught:
        validate_batch_size(operations)
    assert caught.value.field == field


def test_a_failing_source_is_not_hidden(server: ScriptedServer, client: CustomerIOClient) -> None:
    """An error of the rows' own source comes through as it is."""

    def source() -> Iterator[Message]:
        yield from events(1)
        raise OSError("lost the warehouse")

    with pytest.raises(OSError, match="lost the warehouse"):
        client.batch(source())
    assert server.seen == []


def test_batches_pass_the_limiter(server: ScriptedServer) -> None:
    """A pace of one request a second holds for batches."""
    clock = FakeClock()
    limits = Limits(rates={"pipelines": ciokit.Rate(1, 1.0)})
    with CustomerIOClient("k", base_url=server.base_url, clock=clock, limits=limits) as client:
        client.batch(events(60, size=20_000))
    assert len(server.seen) == 3
    assert sum(clock.sleeps) >= 2.0
