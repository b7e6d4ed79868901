"""Batches of the Track API at the wire: packed by bytes, and every item answered for."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from ciokit import AsyncTrackClient, AuthenticationError, BatchReport, NetworkError, ServerError, TrackClient
from tests.support.wire import Answer, ScriptedServer, Seen

ULID = re.compile("[0-7][0-9A-HJKMNP-TV-Z]{25}")


def person(number: int, **attributes: Any) -> dict[str, Any]:
    """Return an item that adds a person."""
    who = {"type": "person", "action": "identify", "identifiers": {"id": f"u{number}"}}
    return who | {"attributes": attributes} if attributes else who


def event(name: str, **more: Any) -> dict[str, Any]:
    """Return an item that records an event."""
    return {"type": "person", "action": "event", "identifiers": {"id": "u1"}, "name": name, **more}


def partly(*errors: Any) -> Answer:
    """Return the answer to a batch of which some items were refused."""
    return Answer(207, json.dumps({"errors": list(errors)}).encode())


def states(report: BatchReport) -> list[str]:
    """Return the status of each item."""
    return [verdict.status for verdict in report]


# --- packing ---------------------------------------------------------------------------------------------------------


def test_items_fill_requests_up_to_the_byte_limit(track: TrackClient, server: ScriptedServer) -> None:
    """Every item arrives once and in order, no request is over 500,000 bytes, and none but the last has room."""
    items = [person(number, text="x" * (number % 7) * 2_000) for number in range(300)]
    report = track.v2.batch(items)
    assert [item for seen in server.seen for item in seen.json["batch"]] == items
    sizes = [len(seen.body) for seen in server.seen]
    assert max(sizes) <= 500_000
    assert min(sizes[:-1]) > 500_000 - 13_000
    assert {(seen.method, seen.path) for seen in server.seen} == {("POST", "/api/v2/batch")}
    assert (report.accepted, len(report), report.requests, report.bytes_sent) == (300, 300, len(sizes), sum(sizes))


def test_item_of_the_limit_is_sent_and_one_byte_more_is_not(track: TrackClient, server: ScriptedServer) -> None:
    """An item has at most 32,000 bytes on the wire; a larger one is rejected with its field, and the rest goes."""
    room = 32_000 - len(json.dumps(person(1, a=""), separators=(",", ":")))
    report = track.v2.batch([person(1, a="x" * room), person(2, a="x" * (room + 1)), person(3)])
    assert states(report) == ["accepted", "rejected", "accepted"]
    assert (report[1].field, report[1].reason[:46]) == ("attributes", "makes the item 32,001 B, over the limit of 32,")
    assert [len(seen.json["batch"]) for seen in server.seen] == [2]


def test_batch_is_shown_as_what_it_returns(track: TrackClient) -> None:
    """Help and notebooks show the call as it is made, and not the flow behind it."""
    shown = inspect.signature(track.v2.batch)
    assert (list(shown.parameters), shown.return_annotation) == (["items", "progress"], BatchReport)


def test_nothing_is_sent_for_nothing(track: TrackClient, server: ScriptedServer) -> None:
    """No items make no request and an empty report."""
    assert list(track.v2.batch([])) == []
    assert server.seen == []


def test_items_are_read_as_they_are_sent(server: ScriptedServer, track: TrackClient) -> None:
    """A generator is not read to its end before the first request leaves; progress tells after each."""
    read: list[int] = []
    told: list[tuple[int, int]] = []

    def items() -> Iterator[dict[str, Any]]:
        for number in range(60):
            read.append(len(server.seen))
            yield person(number, text="x" * 20_000)

    track.v2.batch(items(), progress=lambda report: told.append((report.requests, report.accepted)))
    assert read[-1] == 2
    assert told == [(1, 24), (2, 48), (3, 60)]


def test_missing_values_follow_the_setting(server: ScriptedServer) -> None:
    """NaN is left out when the client says so: the policy is that of every other writer."""
    with TrackClient("s", "k", base_url=server.base_url, missing="omit") as client:
        client.v2.batch([person(1, a=float("nan"), b=2)])
    assert server.seen[0].json["batch"][0]["attributes"] == {"b": 2}


# --- answers ---------------------------------------------------------------------------------------------------------


def test_refused_items_of_a_batch_are_told_apart(track: TrackClient, server: ScriptedServer) -> None:
    """A 207 names items by their place in the request: they are rejected with reason and field, all others accepted."""
    message = "property value cannot be longer than 1000 bytes"
    server.script = [
        partly({"batch_index": 1, "reason": "invalid", "field": "attributes.plan", "message": message}),
        partly({"batch_index": 0, "reason": "required"}, {"batch_index": 2, "reason": "invalid", "field": "name"}),
    ]
    report = track.v2.batch([person(number, text="x" * 30_000) for number in range(19)])
    assert [len(seen.json["batch"]) for seen in server.seen] == [16, 3]
    assert [(one.index, one.status, one.reason, one.field) for one in report.problems()] == [
        (1, "rejected", f"invalid: {message}", "attributes.plan"),
        (16, "rejected", "required", None),
        (18, "rejected", "invalid", "name"),
    ]
    assert (report.accepted, report.rejected, report.unknown) == (16, 3, 0)


def test_item_refused_for_two_reasons_is_rejected_once(track: TrackClient, server: ScriptedServer) -> None:
    """Two errors about one item leave one verdict, and the others accepted."""
    server.script = [partly({"batch_index": 0, "reason": "a"}, {"batch_index": 0, "reason": "b"})]
    report = track.v2.batch([person(1), person(2)])
    assert (states(report), report[0].reason) == (["rejected", "accepted"], "a")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(207, b"{}"),
        Answer(207, b'{"errors": []}'),
        Answer(207, b'{"errors": "some"}'),
        partly({"reason": "invalid"}),
        partly({"batch_index": 3, "reason": "invalid"}),
        partly({"batch_index": -1, "reason": "invalid"}),
        partly({"batch_index": True, "reason": "invalid"}),
        partly("invalid"),
    ],
    ids=["empty", "no errors", "text", "no index", "beyond", "below", "boolean", "words"],
)
def test_answer_that_does_not_say_which_leaves_items_unknown(
    answer: Answer, track: TrackClient, server: ScriptedServer
) -> None:
    """An item is accepted only when the answer cannot mean it: otherwise nobody knows, and the report says so."""
    server.script = [answer]
    report = track.v2.batch([person(1), person(2), person(3)])
    assert states(report) == ["unknown"] * 3
    assert "without saying which" in report[0].reason


def test_items_named_beside_unreadable_errors_are_rejected(track: TrackClient, server: ScriptedServer) -> None:
    """What an answer does say counts, also when the rest of it cannot be read."""
    server.script = [partly({"batch_index": 2, "reason": "invalid"}, {"reason": "invalid"})]
    assert states(track.v2.batch([person(1), person(2), person(3)])) == ["unknown", "unknown", "rejected"]


def test_reasons_hold_nothing_personal(track: TrackClient, server: ScriptedServer) -> None:
    """Identifiers that the service repeats in its reason stay out of the verdict."""
    said = {"batch_index": 0, "reason": "invalid", "message": "user-secret-7 and ann@example.com are two people"}
    server.script = [partly(said)]
    item = {"type": "person", "action": "suppress", "identifiers": {"id": "user-secret-7"}}
    [verdict] = track.v2.batch([item])  # type: ignore[list-item]
    assert verdict.reason == "invalid: [redacted] and [email] are two people"


def test_batch_refused_as_a_whole_is_halved_until_the_bad_item_stands_alone(
    track: TrackClient, server: ScriptedServer
) -> None:
    """A malformed request says nothing of its items; the good ones go all the same, each once."""
    taken: list[str] = []

    def judge(seen: Seen) -> Answer:
        ids = [item["identifiers"]["id"] for item in seen.json["batch"]]
        if "u5" in ids:
            return Answer(400, b'{"errors":[{"reason":"malformed","field":"batch","message":"cannot be read"}]}')
        taken.extend(ids)
        return Answer()

    server.judge = judge
    report = track.v2.batch([person(number) for number in range(8)])
    assert [(one.index, one.reason) for one in report.problems()] == [(5, "answered 400: batch: cannot be read")]
    assert taken == [f"u{number}" for number in (0, 1, 2, 3, 4, 6, 7)]


def test_batch_without_an_answer_is_unknown_and_stops_the_run(track: TrackClient, server: ScriptedServer) -> None:
    """When the network goes, the error carries a verdict for every item: taken, unknown, and never sent."""
    server.script = [Answer(), *[Answer(break_it=True)] * 6]
    with pytest.raises(NetworkError) as lost:
        track.v2.batch([person(number, text="x" * 30_000) for number in range(40)])
    report = lost.value.report
    assert states(report) == ["accepted"] * 16 + ["unknown"] * 16 + ["rejected"] * 8
    assert [verdict.retryable for verdict in report][-8:] == [True] * 8


def test_wrong_credentials_stop_the_run(track: TrackClient, server: ScriptedServer) -> None:
    """A 401 is raised at once, with every item rejected and no further request."""
    server.script = [Answer(401)]
    with pytest.raises(AuthenticationError) as refused:
        track.v2.batch([person(number, text="x" * 30_000) for number in range(40)])
    assert states(refused.value.report) == ["rejected"] * 40
    assert len(server.seen) == 1


def test_events_carry_the_same_id_however_often_they_are_sent(track: TrackClient, server: ScriptedServer) -> None:
    """An event without an id gets a ULID before the first try; the verdict tells it, and trying again repeats it."""
    server.script = [Answer(503), Answer(500)]
    report = track.v2.batch([event("A"), event("B"), event("C", id="01JD8Z9V7K3M5N6P8Q0R2S4T6V"), person(1)])
    first, second, third = server.seen
    assert first.body == second.body == third.body
    sent = [item.get("id", "") for item in first.json["batch"]]
    assert [verdict.message_id for verdict in report] == sent
    assert all(map(ULID.fullmatch, sent[:2]))
    assert sent[2:] == ["01JD8Z9V7K3M5N6P8Q0R2S4T6V", ""]
    assert len(set(sent)) == 4


def test_service_that_stays_down_leaves_items_unknown(track: TrackClient, server: ScriptedServer) -> None:
    """After all tries the items may or may not have been taken."""
    server.judge = lambda _: Answer(503)
    with pytest.raises(ServerError) as down:
        track.v2.batch([person(1)])
    assert states(down.value.report) == ["unknown"]


def test_awaitable_batch_is_the_same(async_track: AsyncTrackClient, track: TrackClient, server: ScriptedServer) -> None:
    """Both clients send the same bytes and give the same verdicts."""
    items = [person(number, text="x" * 30_000) for number in range(20)]
    refusal = {"batch_index": 3, "reason": "invalid", "field": "attributes"}
    server.script = [partly(refusal), Answer(), partly(refusal), Answer()]

    async def run() -> BatchReport:
        async with async_track as client:
            return await client.v2.batch(items)

    assert list(asyncio.run(run())) == list(track.v2.batch(items))
    bodies = [seen.body for seen in server.seen]
    assert bodies[:2] == bodies[2:]


# --- what is refused before anything is sent -------------------------------------------------------------------------

WHO = {"identifiers": {"id": "u1"}}


@pytest.mark.parametrize(
    ("item", "field"),
    [
        ("text", "item"),
        ({}, "type"),
        ({"type": "company", **WHO}, "type"),
        ({"type": "person", "action": "explode", **WHO}, "action"),
        ({"type": "object", "action": "merge", **WHO}, "action"),
        ({"type": "person", "action": "delete"}, "identifiers"),
        ({"type": "person", "action": "delete", "identifiers": "u1"}, "identifiers"),
        ({"type": "person", "action": "delete", "identifiers": {}}, "identifiers"),
        ({"type": "person", "action": "delete", "identifiers": {"id": "u1", "email": "a@x.io"}}, "identifiers"),
        ({"type": "person", "action": "delete", "identifiers": {"user_id": "u1"}}, "identifiers"),
        ({"type": "person", "action": "delete", "identifiers": {"id": 7}}, "identifiers.id"),
        ({"type": "person", "action": "delete", "identifiers": {"phone": "041 79"}}, "identifiers.phone"),
        ({"type": "person", "action": "event", **WHO}, "name"),
        ({"type": "person", "action": "event", "name": " ", **WHO}, "name"),
        ({"type": "person", "action": "event", "name": "A", "id": "not-a-ulid", **WHO}, "id"),
        ({"type": "person", "action": "event", "name": "A", "timestamp": 1_700_000_000_000, **WHO}, "timestamp"),
        ({"type": "person", "action": "event", "name": "A", "timestamp": "2026-01-31T09:30:00Z", **WHO}, "timestamp"),
        ({"type": "person", "action": "identify", "attributes": [], **WHO}, "attributes"),
        (
            {"type": "person", "action": "identify", "attributes": {"_timestamp": 1_700_000_000_000}, **WHO},
            "attributes._timestamp",
        ),
        ({"type": "person", "action": "identify", "attributes": {"a": b"x"}, **WHO}, "attributes.a"),
        ({"type": "person", "action": "add_device", **WHO}, "device"),
        ({"type": "person", "action": "add_device", "device": "token", **WHO}, "device"),
        (
            {"type": "person", "action": "add_device", "device": {"token": "t", "last_used": 1e9}, **WHO},
            "device.last_used",
        ),
        ({"type": "person", "action": "add_relationships", **WHO}, "cio_relationships"),
        ({"type": "person", "action": "merge", "primary": {"id": "a"}}, "secondary"),
        ({"type": "person", "action": "merge", "primary": {"id": "a"}, "secondary": {"id": "a"}}, "secondary"),
        ({"type": "person", "action": "merge", "primary": {"phone": "+41791234567"}, "secondary": WHO}, "primary"),
        ({"type": "object", "action": "delete", "identifiers": {"object_id": "acme"}}, "identifiers"),
        ({"type": "delivery", "action": "event", "name": "opened", "attributes": {}, "identifiers": {}}, "identifiers"),
        ({"type": "delivery", "action": "event", "name": "opened", **WHO}, "attributes"),
    ],
    ids=str,
)
def test_item_that_cannot_be_is_rejected_by_field(
    item: Any, field: str, track: TrackClient, server: ScriptedServer
) -> None:
    """A bad item is rejected before any request and names its field; its neighbours go, and its values are not told."""
    report = track.v2.batch([person(1), item, person(2)])
    assert states(report) == ["accepted", "rejected", "accepted"]
    assert report[1].field == field
    assert "u1" not in report[1].reason
    assert len(server.seen[0].json["batch"]) == 2


def test_client_for_one_item_refuses_the_same(track: TrackClient, server: ScriptedServer) -> None:
    """A single item goes to its own operation, with an id, and a bad one is refused by name."""
    track.v2.entity(event("A"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"`timestamp`: .*is not in Unix seconds"):
        track.v2.entity(event("A", timestamp=1_700_000_000_000))  # type: ignore[arg-type]
    [seen] = server.seen
    assert (seen.path, seen.json["name"]) == ("/api/v2/entity", "A")
    assert ULID.fullmatch(seen.json["id"])
