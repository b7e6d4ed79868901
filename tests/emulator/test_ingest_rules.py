"""What single Pipelines calls must look like, how large and how many they may be, and what becomes of the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import START, Workspace

DAY = 86_400

BAD: list[tuple[str, dict[str, Any], str]] = [
    ("identify", {}, "userId"),
    ("identify", {"userId": "  "}, "userId"),
    ("identify", {"userId": "", "traits": {"email": ""}}, "userId"),
    ("identify", {"userId": 7}, "userId"),
    ("identify", {"userId": "u", "traits": []}, "traits"),
    ("identify", {"userId": "u", "traits": {"email": 1}}, "traits.email"),
    ("track", {"userId": "u"}, "event"),
    ("track", {"userId": "u", "event": " "}, "event"),
    ("track", {"userId": "u", "event": 5}, "event"),
    ("track", {"event": "Bought"}, "userId"),
    ("track", {"event": "Bought", "groupId": 7}, "userId"),
    ("track", {"event": "Bought", "groupId": " "}, "userId"),
    ("track", {"userId": "u", "event": "E", "properties": "x"}, "properties"),
    ("track", {"userId": "u", "event": "E", "timestamp": 1767225600}, "timestamp"),
    ("track", {"userId": "u", "event": "E", "timestamp": "yesterday"}, "timestamp"),
    ("track", {"userId": "u", "event": "E", "sentAt": "1767225600"}, "sentAt"),
    ("track", {"userId": "u", "event": "E", "originalTimestamp": ""}, "originalTimestamp"),
    ("track", {"userId": "u", "event": "E", "messageId": 1}, "messageId"),
    ("track", {"userId": "u", "event": "E", "context": []}, "context"),
    ("track", {"userId": "u", "event": "E", "integrations": True}, "integrations"),
    ("track", {"anonymousId": "a", "event": "User Deleted"}, "userId"),
    ("track", {"anonymousId": "a", "event": "User Suppressed"}, "userId"),
    ("track", {"anonymousId": "a", "event": "User Unsuppressed"}, "userId"),
    ("track", {"userId": "u", "event": "Device Created or Updated"}, "context.device.token"),
    ("track", {"userId": "u", "event": "Device Deleted", "context": {"device": {}}}, "context.device.token"),
    (
        "track",
        {"userId": "u", "event": "Device Created or Updated", "context": {"device": {"token": "t", "type": "web"}}},
        "context.device.type",
    ),
    ("track", {"userId": "u", "event": "Relationship Deleted", "properties": {}}, "properties.objectId"),
    ("track", {"anonymousId": "a", "event": "Object Deleted"}, "properties.objectId"),
    ("track", {"event": "Object Deleted", "properties": {"objectId": "g"}}, "userId"),
    ("track", {"event": "Report Delivery Event"}, "properties"),
    ("track", {"event": "Report Delivery Event", "properties": {"metric": "sent"}}, "properties.metric"),
    ("track", {"event": "Report Content Event", "properties": {"actionType": "seen"}}, "properties.actionType"),
    ("page", {"name": "Home"}, "userId"),
    ("screen", {"anonymousId": "a", "name": 1}, "name"),
    ("group", {"userId": "u"}, "groupId"),
    ("group", {"groupId": "g"}, "userId"),
    ("group", {"userId": "u", "groupId": "g", "traits": {"object_type_id": 1}}, "traits.object_type_id"),
    ("group", {"userId": "u", "groupId": "g", "traits": {"object_type_id": "x"}}, "traits.object_type_id"),
    ("group", {"userId": "u", "groupId": "g", "traits": {"object_type_id": "9" * 5_000}}, "traits.object_type_id"),
    ("group", {"userId": "u", "groupId": "g", "objectTypeId": 1}, "objectTypeId"),
    (
        "group",
        {"userId": "u", "groupId": "g", "traits": {"relationshipAttributes": 1}},
        "traits.relationshipAttributes",
    ),
    ("alias", {"userId": "u"}, "previousId"),
    ("alias", {"previousId": "p"}, "userId"),
]


@pytest.mark.parametrize(
    ("kind", "message", "field"), BAD, ids=[f"{kind}-{field}-{n}" for n, (kind, _, field) in enumerate(BAD)]
)
def test_bad_messages_are_refused_or_dropped(workspace: Workspace, kind: str, message: Any, field: str) -> None:
    """Strict mode says 400 and names the field; without it the answer is 200 and the ledger names it."""
    status, answer = workspace.send(kind, message, strict=True)
    assert (status, answer["meta"]["errors"][0].split(":")[0]) == (400, field)
    assert workspace.send(kind, message) == (200, {})
    (drop,) = workspace.dropped()
    assert (drop["operation"], drop["field"], drop["item"]) == (f"POST /v1/{kind}", field, message)
    stats = workspace.stats()
    assert (stats["accepted"], stats["refused"], stats["dropped"], stats["people"]) == (0, 1, 1, 0)


@pytest.mark.parametrize("field", ["userId", "anonymousId", "messageId", "properties", "context", "timestamp"])
def test_null_counts_as_left_out(workspace: Workspace, field: str) -> None:
    """The official client sends nulls for what it does not know; they are no fault."""
    message = {"anonymousId": "a"} if field == "userId" else {"userId": "u"}
    workspace.event("Bought", **{**message, field: None})
    assert workspace.stats()["events"] == 1


def test_a_group_can_perform_an_event(workspace: Workspace) -> None:
    """`groupId` alone is enough for track: the third form in the specification."""
    workspace.event("Renewed", groupId="g1")
    (event,) = workspace.world.events()
    assert (event.name, event.person) == ("Renewed", None)


@pytest.mark.parametrize(("size", "status"), [(32_000, 200), (32_001, 400)])
def test_a_call_may_have_32_kb(workspace: Workspace, size: int, status: int) -> None:
    """The limit is inclusive and counts the bytes on the wire."""
    body = _sized(size)
    assert workspace.send("track", body, strict=True)[0] == status
    assert workspace.send("track", body) == (200, {})
    assert workspace.stats()["dropped"] == (0 if status == 200 else 1)


def test_a_kb_can_be_1024_bytes() -> None:
    """The switch `size_base` takes the binary reading."""
    workspace = Workspace(size_base="binary")
    assert workspace.send("track", _sized(32_768), strict=True)[0] == 200
    assert workspace.send("track", _sized(32_769), strict=True)[0] == 400


def _sized(size: int) -> bytes:
    body = json.dumps({"userId": "u", "event": "E", "properties": {"x": ""}}).encode()
    return body.replace(b'""', b'"%b"' % (b"x" * (size - len(body))))


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"1", b'"x"', b"\xff", b"[" * 2000, b'{"userId": "u", "event": "E"} x']
)
def test_bodies_that_are_no_message_are_refused_or_dropped(workspace: Workspace, body: bytes) -> None:
    """Broken JSON and other values than objects never reach the world, and never break the emulator."""
    assert workspace.send("track", body, strict=True)[0] == 400
    assert workspace.send("track", body) == (200, {})
    assert workspace.stats()["dropped"] == 1


def test_nesting_too_deep_to_be_kept_is_refused(workspace: Workspace) -> None:
    """A message that can be read but not written again is refused instead of breaking the emulator."""
    body = b'{"userId":"u","event":"E","properties":' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}"
    assert workspace.send("track", body, strict=True)[0] == 400


@pytest.mark.parametrize(
    "authorization", ["", "Basic", "Basic !!!", "Basic Og==", "Bearer key", "Basic d3Jvbmc6", "Basic /w=="]
)
def test_a_wrong_key_is_refused_in_strict_mode_and_dropped_otherwise(authorization: str) -> None:
    """The key is the user name of basic authentication; nothing of it is kept in the ledger."""
    workspace = Workspace(key="right")
    message = {"userId": "u1"}
    assert workspace.send("identify", message, strict=True, authorization=authorization)[0] == 401
    assert workspace.send("identify", message, authorization=authorization) == (200, {})
    assert workspace.world.people == {}
    assert [drop["item"] for drop in workspace.dropped()] == [message]
    assert workspace.send("identify", message, strict=True, authorization="basic cmlnaHQ6") == (200, {})


def test_permissive_mode_can_refuse_wrong_keys() -> None:
    """The switch `permissive_auth` answers 401 without strict mode too."""
    workspace = Workspace(key="right", permissive_auth="refuse")
    assert workspace.send("identify", {"userId": "u1"})[0] == 401
    assert workspace.dropped() == []


def test_any_key_is_let_in_where_none_is_named(workspace: Workspace) -> None:
    """Without a configured key every key but an empty one will do."""
    for authorization, status in (("Basic YW55Og==", 200), ("Basic YW55", 200), ("Basic Og==", 401)):
        assert workspace.send("identify", {"userId": "u"}, strict=True, authorization=authorization)[0] == status


@pytest.mark.parametrize(("switch", "status"), [("refuse", 400), ("accept", 200)])
def test_gzip_is_a_switch(switch: str, status: int) -> None:
    """No document mentions gzip, so it is refused unless switched on."""
    import gzip

    workspace = Workspace(gzip=switch)
    body = gzip.compress(json.dumps({"userId": "u1"}).encode())
    assert workspace.send("identify", body, strict=True, content_encoding="gzip")[0] == status
    assert workspace.send("identify", b"no gzip", strict=True, content_encoding="gzip")[0] == 400
    assert workspace.send("identify", body, strict=True, content_encoding="br")[0] == 400


def test_future_timestamps_can_be_dropped() -> None:
    """By default they are kept; the switch drops such messages and says why."""
    message = {"userId": "u1", "event": "E", "timestamp": "2026-01-02T00:00:00Z"}
    kept, dropping = Workspace(), Workspace(future_timestamps="drop")
    for workspace in (kept, dropping):
        assert workspace.send("track", message, strict=True) == (200, {})
    assert (kept.stats()["events"], dropping.stats()["events"]) == (1, 0)
    assert dropping.dropped()[0]["field"] == "timestamp"


def test_ingestion_can_take_time() -> None:
    """With a delay the answer comes at once and the change later, in order, dated when it was due."""
    workspace = Workspace(ingestion_delay=2)
    workspace.take("identify", userId="u1", traits={"plan": "basic"})
    workspace.take("identify", userId="u1", traits={"plan": "pro"})
    assert workspace.read("/v1/customers/u1/attributes")[0] == 404
    assert workspace.stats()["pending"] == 2
    workspace.clock.advance(DAY)
    assert workspace.read("/v1/customers/u1/attributes")[1]["customer"]["attributes"]["plan"] == "pro"
    assert workspace.world.ids["u1"].created == START + 2


def test_what_waits_is_not_overtaken(workspace: Workspace) -> None:
    """When the delay is switched off, later messages still come after those that wait."""
    workspace.control("POST", "switches", {"ingestion_delay": 60})
    workspace.take("identify", userId="u1", traits={"plan": "basic"})
    workspace.control("POST", "switches", {"ingestion_delay": 0})
    workspace.take("identify", userId="u1", traits={"plan": "pro"})
    workspace.take("identify", userId="u2")
    workspace.control("POST", "clock", {"advance": 60})
    assert workspace.world.ids["u1"].attributes == {"plan": "pro"}
    assert workspace.world.ids["u2"].created == workspace.world.ids["u1"].created  # time never goes back


def test_the_documented_pace_can_be_enforced() -> None:
    """With the switch, call 3,001 within three seconds is answered 429 and says when to come back."""
    workspace = Workspace(rate_limits="enforce")
    answers = [workspace.send("identify", {"userId": "u1"})[0] for _ in range(3_000)]
    response = workspace.ask("POST", "/v1/identify", b"{}", authorization="Basic a2V5Og==").response
    assert (set(answers), response.status, response.headers["retry-after"]) == ({200}, 429, "3")
    workspace.clock.advance(3)
    assert workspace.send("identify", {"userId": "u1"})[0] == 200


def test_unknown_paths_name_their_neighbours(workspace: Workspace) -> None:
    """A mistyped path is a 404 that lists the nearest operations."""
    status, answer = workspace.send("identfy", {"userId": "u1"})
    assert status == 404
    assert "POST /v1/identify" in answer["errors"][0]["detail"]
