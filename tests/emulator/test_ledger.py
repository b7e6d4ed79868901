"""Nothing disappears: what was sent is accepted, refused, a duplicate, or in the ledger with its reason."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from .conftest import START, Workspace

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
IDS = st.sampled_from(["u1", "u2", "a@example.com", " ", ""]) | VALUES
ITEMS = VALUES | st.fixed_dictionaries(
    {"type": st.sampled_from(["identify", "track", "page", "screen", "group", "alias"]) | VALUES},
    optional={
        "userId": IDS,
        "anonymousId": IDS,
        "messageId": st.sampled_from(["m1", "m2", "m3"]) | VALUES,
        "event": st.sampled_from(
            (
                "E",
                "User Deleted",
                "User Suppressed",
                "User Unsuppressed",
                "Object Deleted",
                "Relationship Deleted",
                "Device Created or Updated",
                "Device Deleted",
                "Report Delivery Event",
            )
        )
        | VALUES,
        "name": VALUES,
        "groupId": st.sampled_from(["g1", "g2"]) | VALUES,
        "traits": st.fixed_dictionaries(
            {},
            optional={
                "email": st.sampled_from(["a@example.com", "b@example.com", ""]) | VALUES,
                "id": VALUES,
                "object_type_id": st.sampled_from(["1", "02"]) | VALUES,
                "relationshipAttributes": VALUES,
                "cio_subscription_preferences": VALUES,
                "cio_subscription_preferences.topics.topic_1": VALUES,
                "plan": VALUES,
            },
        )
        | VALUES,
        "properties": st.fixed_dictionaries({}, optional={"objectId": IDS, "objectTypeId": VALUES, "metric": VALUES})
        | VALUES,
        "context": st.just({"device": {"token": "t"}}) | VALUES,
        "timestamp": st.sampled_from(["2026-01-01T00:00:00Z", "0001-01-01", "9999-12-31T23:59:59-14:00"]) | VALUES,
    },
)


@given(st.lists(ITEMS, max_size=8), st.booleans(), st.sampled_from(["all_or_nothing", "partial"]))
def test_every_item_is_accounted_for(items: list[Any], strict: bool, strict_batch: str) -> None:
    """Accepted, refused, dropped and duplicate items are together what was sent, whatever was sent."""
    workspace = Workspace(strict_batch=strict_batch, item_context="honoured")
    status, answer = workspace.send("batch", {"batch": items}, strict=strict)
    assert (status, "meta" in answer) in ((200, False), (400, True))
    stats = workspace.stats()
    assert stats["accepted"] + stats["refused"] + stats["dropped"] + stats["duplicates"] == len(items)
    if not strict:
        assert stats["refused"] == 0
    assert workspace.read("/v1/activities?limit=100")[0] == 200


@given(ITEMS, st.sampled_from(["identify", "track", "page", "screen", "group", "alias"]))
def test_the_indexes_of_the_world_agree(item: Any, kind: str) -> None:
    """After any two messages each index of the world leads to the same people, objects and devices."""
    workspace = Workspace()
    workspace.take("identify", userId="u1", anonymousId="a1", traits={"email": "a@example.com"})
    workspace.send(kind, item)
    world = workspace.world
    assert all(world.people[person.cio_id] is person for person in (*world.ids.values(), *world.emails.values()))
    assert all(world.ids[person.id] is person for person in world.people.values() if person.id)
    assert all(world.emails[person.email.lower()] is person for person in world.people.values() if person.email)
    assert {token for person in world.people.values() for token in person.devices} == set(world.device_owners)
    for thing in world.objects.values():
        for cio_id, relationship in thing.relationships.items():
            assert world.people[cio_id].relationships[thing.key] is relationship
    assert [entry.number for entry in world.log] == list(range(len(world.log)))


def test_a_drop_says_when_where_what_and_why(workspace: Workspace) -> None:
    """The item is shown as it was sent, nothing of it hidden: it is the user's own world."""
    message = {"userId": "u1", "properties": {"email": "ann@example.com"}}
    workspace.send("track", message)
    assert workspace.dropped() == [
        {
            "at": START,
            "operation": "POST /v1/track",
            "index": None,
            "field": "event",
            "reason": "is required",
            "items": 1,
            "item": message,
        }
    ]


def test_what_is_no_json_is_shown_as_text(workspace: Workspace) -> None:
    """A broken body is in the ledger as the text it was."""
    workspace.send("track", b'{"userId": \xff')
    assert workspace.dropped()[0]["item"] == '{"userId": \ufffd'


def test_strict_refusals_are_no_drops(workspace: Workspace) -> None:
    """What was answered 400 is counted as refused and stays out of the ledger."""
    workspace.send("track", {"userId": "u1"}, strict=True)
    assert workspace.dropped() == []
    assert workspace.stats()["refused"] == 1


def test_the_ledger_shows_the_latest(workspace: Workspace) -> None:
    """`limit` asks for the last so many; `total` counts all."""
    for number in range(5):
        workspace.send("track", {"userId": str(number)})
    answer = workspace.control("GET", "dropped?limit=2")[1]
    assert ([drop["item"]["userId"] for drop in answer["dropped"]], answer["total"]) == (["3", "4"], 5)


def test_an_oversize_call_is_in_the_ledger(workspace: Workspace) -> None:
    """The reason names size and limit, and the whole item is there."""
    message = {"userId": "u1", "event": "E", "properties": {"x": "y" * 32_000}}
    workspace.send("track", message)
    (drop,) = workspace.dropped()
    assert drop["item"] == message
    assert drop["reason"] == f"{len(json.dumps(message)):,} B are over the limit of 32,000 B"
