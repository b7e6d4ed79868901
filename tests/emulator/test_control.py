"""Looking into the emulator and telling it what to do, under `/_emulator`, without a key."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import START, Workspace


def test_the_index_lists_every_control(workspace: Workspace) -> None:
    """Name and methods of each; with and without a slash at the end."""
    status, answer = workspace.control("GET", "")
    assert status == 200
    assert set(answer["control"]) == {
        "stats",
        "requests",
        "dropped",
        "reset",
        "seed",
        "faults",
        "clock",
        "switches",
        "life",
        "outbox",
        "webhooks",
        "webhooks/faults",
        "webhooks/settle",
        "keys",
    }
    assert json.loads(workspace.ask("GET", "/_emulator").response.body) == answer


def test_unknown_controls_and_methods_are_named(workspace: Workspace) -> None:
    """A 404 lists what there is, a 405 says what is taken."""
    assert workspace.control("GET", "nothing")[0] == 404
    response = workspace.ask("POST", "/_emulator/stats").response
    assert (response.status, response.headers["allow"]) == (405, "GET")


def test_stats_count_traffic_and_world(workspace: Workspace) -> None:
    """Requests, bytes and answers as they came; people, events, objects and devices as they are."""
    workspace.take("identify", userId="u1", traits={"email": "ann@example.com"})
    workspace.take("group", userId="u1", groupId="g1")
    workspace.event("Bought", userId="u1")
    workspace.event("Bought", userId="u2")
    workspace.event("Seen", anonymousId="a")
    workspace.event("Device Created or Updated", userId="u1", context={"device": {"token": "t"}})
    workspace.send("track", {}, strict=True)
    workspace.read("/v1/customers/u1/attributes")
    stats = workspace.stats()
    assert (stats["requests"], stats["by_status"]) == (8, {"200": 7, "400": 1})
    assert stats["by_route"]["POST /v1/track"] == 5
    assert stats["by_route"]["GET /v1/customers/{customer_id}/attributes"] == 1
    assert stats["bytes"] > 200
    assert stats["accepted_by_type"] == {"identify": 1, "group": 1, "track": 4}
    assert stats["events_by_name"] == {"Bought": 2, "Seen": 1}
    counts = ("people", "events", "anonymous_events", "objects", "relationships", "devices", "refused")
    assert [stats[name] for name in counts] == [2, 3, 1, 1, 1, 1, 1]


def test_requests_are_listed_without_headers(workspace: Workspace) -> None:
    """The log has route, status and size; bodies on request; keys never."""
    workspace.send("identify", {"userId": "u1"}, strict=True, authorization="Basic c2VjcmV0LWtleTo=")
    workspace.read("/v1/customers/u1/attributes?id_type=id")
    _, answer = workspace.control("GET", "requests?bodies=true")
    first, second = answer["requests"]
    assert (first["route"], first["strict"], first["status"], first["at"]) == ("POST /v1/identify", True, 200, START)
    assert (first["body"], second["body"]) == ({"userId": "u1"}, None)
    assert second["path"] == "/v1/customers/u1/attributes?id_type=id"
    raw = workspace.ask("GET", "/_emulator/requests?bodies=true").response.body
    assert b"c2VjcmV0" not in raw
    assert b"secret-key" not in raw
    assert "body" not in workspace.control("GET", "requests")[1]["requests"][0]
    assert len(workspace.control("GET", "requests?limit=1")[1]["requests"]) == 1


def test_old_requests_and_large_bodies_are_forgotten(workspace: Workspace) -> None:
    """The log holds the last 1,000 requests and 8 MB of bodies, however many come."""
    body = b'{"batch":[], "x": "' + b"y" * 400_000 + b'"}'
    for _ in range(30):
        workspace.send("batch", body)
    for _ in range(990):
        workspace.read("/v1/object_types")
    requests = workspace.control("GET", "requests?bodies=true&limit=5000")[1]["requests"]
    assert (len(requests), requests[0]["number"], requests[-1]["number"]) == (1_000, 21, 1_020)
    assert [request["body"] is None for request in requests[:10]] == [False] * 10
    for _ in range(30):
        workspace.send("batch", body)
    bodies = [request["body"] for request in workspace.control("GET", "requests?bodies=true&limit=30")[1]["requests"]]
    assert sum(body is not None for body in bodies) == 20


@pytest.mark.parametrize("query", ["limit=0", "limit=-1", "limit=x", "limit=99999999999", "bodies=yes"])
def test_wrong_queries_are_refused(workspace: Workspace, query: str) -> None:
    """A 400 names the parameter."""
    status, answer = workspace.control("GET", f"requests?{query}")
    assert (status, answer["errors"][0]["field"]) == (400, query.partition("=")[0])


def test_reset_forgets_everything_but_clock_and_switches(workspace: Workspace) -> None:
    """World, ledger, request log, message ids and faults are as on the first day."""
    workspace.control("POST", "switches", {"dedupe": "off"})
    workspace.control("POST", "clock", {"advance": 60})
    workspace.event("E", userId="u1", messageId="m1")
    workspace.event("User Suppressed", userId="u1")
    workspace.send("track", {})
    workspace.control("POST", "faults", {"status": 500})
    former = workspace.stats()
    assert workspace.control("POST", "reset") == (200, {})
    assert workspace.stats() == {**former, **{name: type(value)() for name, value in former.items() if value}}
    assert workspace.control("GET", "faults")[1] == {"faults": []}
    assert workspace.control("GET", "clock")[1] == {"now": START + 60, "offset": 60}
    assert workspace.control("GET", "switches")[1]["dedupe"] == "off"
    workspace.take("identify", userId="u1")
    assert "u1" in workspace.world.ids


def test_people_messages_and_segments_can_be_seeded(workspace: Workspace) -> None:
    """A seed is in the world at once and is no traffic."""
    seed = {
        "people": [
            {"id": "u1", "email": "ann@example.com", "attributes": {"plan": "pro"}},
            {"email": "bo@example.com"},
        ],
        "messages": [{"type": "track", "userId": "u1", "event": "Signed Up", "timestamp": "2025-01-01T00:00:00Z"}],
        "segments": [{"id": 7, "name": "Pilots", "people": ["u1", "bo@example.com"]}],
    }
    assert workspace.control("POST", "seed", seed) == (200, {"without_effect": []})
    assert workspace.world.ids["u1"].attributes == {"plan": "pro"}
    assert workspace.world.segments[7].members == set(workspace.world.people)
    stats = workspace.stats()
    assert (stats["people"], stats["events"], stats["requests"], stats["accepted"]) == (2, 1, 0, 0)


def test_a_list_of_messages_can_be_seeded(workspace: Workspace) -> None:
    """Wire messages alone need no envelope, and no size limit holds for them."""
    messages = [
        {"type": "identify", "userId": "u1", "messageId": "m1"},
        {"type": "track", "userId": "u1", "event": "E", "properties": {"x": "y" * 40_000}},
        {"type": "identify", "userId": "u1", "messageId": "m1", "traits": {"late": True}},
    ]
    status, answer = workspace.control("POST", "seed", messages)
    assert (status, [entry["index"] for entry in answer["without_effect"]]) == (200, [2])
    assert workspace.stats()["events"] == 1


@pytest.mark.parametrize(
    ("seed", "field"),
    [
        ([{"type": "identify", "userId": "u1"}, {"type": "track", "userId": "u1"}], "messages[1].event"),
        ([{"userId": "u1"}], "messages[0].type"),
        ([7], "messages[0]"),
        ({"persons": []}, "persons"),
        ({"people": {}}, "people"),
        ({"people": [{"id": 7}]}, "people[0].id"),
        ({"people": [{"attributes": {}}]}, "people[0].userId"),
        ({"segments": [{"id": "7", "name": "x"}]}, "segments[0].id"),
        ({"segments": [{"id": 7}]}, "segments[0].name"),
        ({"segments": [{"id": 7, "name": "x", "people": ["nobody"]}]}, "segments[0].people[0]"),
        ("x", "body"),
        (None, "body"),
    ],
)
def test_a_wrong_seed_is_refused_as_a_whole(workspace: Workspace, seed: Any, field: str) -> None:
    """A 400 names the place, and nothing of the seed is taken."""
    status, answer = workspace.control("POST", "seed", seed)
    assert (status, answer["errors"][0]["field"]) == (400, field)
    assert workspace.world.people == {}


def test_time_passes_on_request(workspace: Workspace) -> None:
    """`advance` moves the clock by seconds, `now` to a moment; messages are dated accordingly."""
    assert workspace.control("POST", "clock", {"advance": 3600})[1] == {"now": START + 3600, "offset": 3600}
    workspace.event("E", userId="u1")
    assert next(workspace.world.events()).timestamp == START + 3600
    assert workspace.control("POST", "clock", {"now": START + 60})[1]["now"] == START + 60


@pytest.mark.parametrize(
    "body", [None, [], {}, {"advance": "1"}, {"advance": -1}, {"now": True}, {"advance": 1, "now": 2}]
)
def test_wrong_times_are_refused(workspace: Workspace, body: Any) -> None:
    """A 400, and the clock stays."""
    assert workspace.control("POST", "clock", body)[0] == 400
    assert workspace.clock.now() == START


def test_switches_can_be_read_and_set(workspace: Workspace) -> None:
    """All are listed; some can be set, the others stay."""
    before = workspace.control("GET", "switches")[1]
    status, after = workspace.control("POST", "switches", {"dedupe": "off", "ingestion_delay": 1.5})
    assert (status, after) == (200, {**before, "dedupe": "off", "ingestion_delay": 1.5})


@pytest.mark.parametrize(
    ("changes", "hint"),
    [
        ({"dedupe": "maybe"}, "on, off"),
        ({"dedup": "on"}, "dedupe"),
        ({"ingestion_delay": -1}, "number"),
        ({"ingestion_delay": "1"}, "number"),
        ({"attributes_as_strings": 1}, "true or false"),
    ],
)
def test_wrong_switches_are_refused_with_what_they_can_be(workspace: Workspace, changes: Any, hint: str) -> None:
    """A 400 names the switch and its values, and none is set."""
    before = workspace.control("GET", "switches")[1]
    status, answer = workspace.control("POST", "switches", {"gzip": "accept", **changes})
    assert (status, answer["errors"][0]["field"]) == (400, next(iter(changes)))
    assert hint in answer["errors"][0]["detail"]
    assert workspace.control("GET", "switches")[1] == before


def test_bodies_of_controls_must_be_json(workspace: Workspace) -> None:
    """Broken JSON is a 400 that says where."""
    response = workspace.ask("POST", "/_emulator/clock", b"{x").response
    assert response.status == 400
    assert b"character" in response.body
