"""What `POST /v1/batch` does: order, shared context, sizes on the wire, and bad items among good ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Workspace

GOOD: dict[str, Any] = {"type": "track", "userId": "u1", "event": "Bought"}
BAD: dict[str, Any] = {"type": "track", "userId": "u2"}
DEVICE = {"type": "track", "userId": "u1", "event": "Device Created or Updated"}


def test_all_five_types_are_taken_in_order(workspace: Workspace) -> None:
    """Identify, group, track, page and screen share a request; the later wins."""
    batch = [
        {"type": "identify", "userId": "u1", "traits": {"plan": "basic"}},
        {"type": "group", "userId": "u1", "groupId": "g1"},
        {"type": "track", "userId": "u1", "event": "Bought"},
        {"type": "page", "userId": "u1", "name": "Home"},
        {"type": "screen", "userId": "u1", "name": "Main"},
        {"type": "identify", "userId": "u1", "traits": {"plan": "pro"}},
    ]
    workspace.take("batch", batch=batch)
    assert workspace.world.ids["u1"].attributes == {"plan": "pro"}
    stats = workspace.stats()
    assert stats["accepted_by_type"] == {"identify": 2, "group": 1, "track": 1, "page": 1, "screen": 1}
    assert (stats["requests"], stats["events"], stats["pages"], stats["screens"]) == (1, 1, 1, 1)


@pytest.mark.parametrize("kind", ["alias", "delete", "", None, 1])
def test_other_types_are_not_batchable(workspace: Workspace, kind: Any) -> None:
    """`alias` is not listed among the batchable calls, and a type is required."""
    item = {"type": kind, "userId": "u1", "previousId": "p"}
    assert workspace.send("batch", {"batch": [item]}, strict=True)[0] == 400
    assert workspace.send("batch", {"batch": [item]}) == (200, {})
    assert [(drop["index"], drop["field"]) for drop in workspace.dropped()] == [(0, "type")]


def test_a_bad_item_is_dropped_alone_in_permissive_mode(workspace: Workspace) -> None:
    """The others are taken, and the ledger has the item, its place and the reason."""
    assert workspace.send("batch", {"batch": [GOOD, BAD, 7, GOOD]}) == (200, {})
    assert [(drop["index"], drop["field"], drop["item"]) for drop in workspace.dropped()] == [
        (1, "event", BAD),
        (2, "", 7),
    ]
    stats = workspace.stats()
    assert (stats["events"], stats["accepted"], stats["dropped"], stats["people"]) == (2, 2, 2, 1)


def test_a_bad_item_refuses_the_whole_batch_in_strict_mode(workspace: Workspace) -> None:
    """Nothing is taken, and the answer says what is wrong but not where."""
    status, answer = workspace.send("batch", {"batch": [GOOD, BAD, GOOD, BAD]}, strict=True)
    assert (status, answer) == (400, {"meta": {"errors": ["event: is required"]}})
    stats = workspace.stats()
    assert (stats["events"], stats["accepted"], stats["refused"], stats["dropped"]) == (0, 0, 4, 0)


def test_strict_mode_can_take_the_good_items() -> None:
    """The switch `strict_batch=partial` takes them and names the places of the others."""
    workspace = Workspace(strict_batch="partial")
    status, answer = workspace.send("batch", {"batch": [GOOD, BAD, GOOD]}, strict=True)
    assert (status, answer) == (400, {"meta": {"errors": ["batch[1].event: is required"]}})
    stats = workspace.stats()
    assert (stats["events"], stats["accepted"], stats["refused"]) == (2, 2, 1)


def test_devices_take_the_context_of_the_batch(workspace: Workspace) -> None:
    """`context` at batch level applies to every item; an item's own is ignored."""
    own = {**DEVICE, "userId": "u2", "context": {"device": {"token": "own"}}}
    context = {"device": {"token": "shared", "type": "android"}}
    workspace.take("batch", batch=[own], context=context)
    assert {token: device.platform for token, device in workspace.world.ids["u2"].devices.items()} == {
        "shared": "android"
    }


def test_a_device_whose_token_is_only_in_the_item_is_no_device(workspace: Workspace) -> None:
    """Without a batch context the token is missing: devices of several people cannot share a batch."""
    item = {**DEVICE, "context": {"device": {"token": "own"}}}
    status, answer = workspace.send("batch", {"batch": [item]}, strict=True)
    assert (status, answer["meta"]["errors"][0].split(":")[0]) == (400, "context.device.token")


def test_item_context_can_be_honoured() -> None:
    """The switch `item_context` lets each item bring its own, over the batch's."""
    workspace = Workspace(item_context="honoured")
    batch = [
        {**DEVICE, "userId": person, "context": {"device": {"token": f"t-{person}"}}, "messageId": person}
        for person in ("u1", "u2")
    ]
    workspace.take("batch", batch=batch, context={"device": {"token": "shared"}, "ip": "127.0.0.1"})
    assert {person.id: list(person.devices) for person in workspace.world.people.values()} == {
        "u1": ["t-u1"],
        "u2": ["t-u2"],
    }


@pytest.mark.parametrize(("size", "status"), [(500_000, 200), (500_001, 400)])
def test_a_batch_may_have_500_kb(workspace: Workspace, size: int, status: int) -> None:
    """The limit is inclusive; over it every item is lost at once, and the ledger counts them."""
    body = _filled(size)
    items = len(json.loads(body)["batch"])
    assert workspace.send("batch", body, strict=True)[0] == status
    assert workspace.send("batch", body) == (200, {})
    stats = workspace.stats()
    assert stats["dropped"] == (0 if status == 200 else items)
    assert stats["refused"] == stats["dropped"]


def _filled(size: int) -> bytes:
    batch = [{**GOOD, "properties": {"x": "y" * 2_000}}] * (size // 2_100)
    body = json.dumps({"batch": batch}).encode()
    return body.replace(b'"x": "', b'"x": "' + b"y" * (size - len(body)), 1)


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize(("size", "fits"), [(32_000, True), (32_001, False)])
def test_an_item_may_have_32_kb_on_the_wire(
    workspace: Workspace, size: int, fits: bool, separators: tuple[str, str]
) -> None:
    """An item is measured as it was written, white space included; the others are taken."""
    item = {**GOOD, "properties": {"x": ""}}
    padding = size - len(json.dumps(item, separators=separators))
    item["properties"] = {"x": "y" * padding}
    body = json.dumps({"context": {"ip": "::1"}, "batch": [GOOD, item, GOOD]}, separators=separators).encode()
    assert workspace.send("batch", body, strict=True)[0] == (200 if fits else 400)
    workspace.control("POST", "reset")
    assert workspace.send("batch", body) == (200, {})
    assert workspace.stats()["events"] == (3 if fits else 2)
    assert [drop["index"] for drop in workspace.dropped()] == ([] if fits else [1])


def test_escapes_count_as_they_were_written(workspace: Workspace) -> None:
    """An item whose text is escaped on the wire is as large as the escapes, whatever it means."""
    text = json.dumps({**GOOD, "properties": {"x": "ä" * 6_000}})
    assert len(text) > 32_000
    body = f'{{ "batch" : [ {json.dumps(GOOD)} , {text} ], "note": [1, {{"batch": []}}] }}'.encode()
    assert workspace.send("batch", body) == (200, {})
    assert [drop["index"] for drop in workspace.dropped()] == [1]
    workspace.control("POST", "reset")
    assert workspace.send("batch", body.decode().replace("\\u00e4", "ä").encode(), strict=True) == (200, {})


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        [GOOD],
        {"batch": {}},
        {"batch": None},
        {"batch": [GOOD], "context": "x"},
        {"batch": [GOOD], "integrations": []},
    ],
)
def test_a_malformed_batch_is_lost_as_a_whole(workspace: Workspace, body: Any) -> None:
    """Without an array of messages, or with a wrong context, nothing of it is taken."""
    assert workspace.send("batch", body, strict=True)[0] == 400
    assert workspace.send("batch", body) == (200, {})
    (drop,) = workspace.dropped()
    assert (drop["index"], drop["item"]) == (None, body)
    assert workspace.stats()["events"] == 0


def test_an_empty_batch_is_no_fault(workspace: Workspace) -> None:
    """No items, no errors."""
    workspace.take("batch", batch=[], sentAt="2026-01-01T00:00:00Z")
    assert workspace.stats()["accepted"] == 0


def test_an_item_too_deep_to_be_kept_is_lost_alone(workspace: Workspace) -> None:
    """The other items of the batch are taken."""
    deep = '{"type":"track","userId":"u","event":"E","properties":' + '{"a":' * 300 + "1" + "}" * 301
    body = f'{{"batch":[{json.dumps(GOOD)},{deep}]}}'.encode()
    assert workspace.send("batch", body) == (200, {})
    assert [drop["index"] for drop in workspace.dropped()] == [1]
    assert workspace.stats()["events"] == 1


def test_suppressed_people_are_dropped_from_a_strict_batch(workspace: Workspace) -> None:
    """Nothing is wrong with the message, so the batch is taken and the item is in the ledger."""
    workspace.event("User Suppressed", userId="u1")
    workspace.take("batch", batch=[{**GOOD, "userId": "u2"}, GOOD])
    assert [(drop["index"], drop["field"]) for drop in workspace.dropped()] == [(1, "userId")]
    assert workspace.stats()["events"] == 1
