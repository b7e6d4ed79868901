"""What must and must not type-check of the Track API: read by the type checkers, never executed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import assert_type

from ciokit import AsyncTrackClient, BatchReport, Identity, TrackClient, merge_profiles
from ciokit.track_api.items import Item
from ciokit.track_api.v1 import Account


def blocking(track: TrackClient) -> None:
    """Operations are had as they are declared, whoever is meant."""
    assert_type(track.v1.region(), Account)
    track.v1.identify("u1", {"plan": "pro", "seats": 3})
    track.v1.identify(Identity(email="ann@example.com"))
    track.v1.track("u1", "Purchased", data={"price": 9.5}, timestamp=datetime.now(tz=UTC))
    track.v1.merge(Identity(id="u1"), {"email": "old@example.com"})
    assert_type(track.v2.batch([]), BatchReport)
    assert_type(track.segments.add(7, ["u1"], id_type="email"), BatchReport)
    track.deliveries.report("d1", "opened")


async def awaitable(track: AsyncTrackClient) -> None:
    """The twin has the same operations, awaited."""
    assert_type(await track.v1.region(), Account)
    assert_type(await track.v2.batch([]), BatchReport)
    assert_type(await track.segments.remove(7, ["u1"]), BatchReport)


async def merging(track: TrackClient, async_track: AsyncTrackClient) -> None:
    """Merging takes either Track client first."""
    merge_profiles(track, "u1", Identity(email="old@example.com"))
    await merge_profiles(async_track, "u1", "u2")


def items() -> list[Item]:
    """Items of a batch are told apart by type and action."""
    return [
        {"type": "person", "action": "identify", "identifiers": {"id": "u1"}, "attributes": {"plan": "pro"}},
        {"type": "person", "action": "event", "identifiers": {"phone": "+41791234567"}, "name": "Called"},
        {"type": "person", "action": "merge", "primary": {"id": "u1"}, "secondary": {"cio_id": "03"}},
        {"type": "object", "action": "delete", "identifiers": {"object_type_id": "1", "object_id": "acme"}},
        {
            "type": "delivery",
            "action": "event",
            "identifiers": {"id": "d1"},
            "name": "opened",
            "attributes": {"device_token": "t"},
        },
    ]


def refused(track: TrackClient) -> None:
    """Wrong kinds, unknown keywords, missing arguments and unknown metrics are errors in the editor."""
    track.v1.track("u1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    track.v1.track("u1", "A", type="click")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    track.v1.merge({"phone": "+41791234567"}, {"id": "u1"})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    track.deliveries.report("d1", "read")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    track.segments.add(7, ["+41"], id_type="phone")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
