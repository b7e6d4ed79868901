"""A message is taken once: what carries a `messageId` that was taken before changes nothing and is counted."""

from __future__ import annotations

import pytest

from .conftest import Workspace


@pytest.mark.parametrize("kind", ["track", "page", "screen"])
def test_a_repeated_event_is_kept_once(workspace: Workspace, kind: str) -> None:
    """The second is answered 200, like the first."""
    for _ in range(3):
        workspace.take(kind, userId="u1", event="E", name="E", messageId="m1")
    assert len(list(workspace.world.events())) == 1
    stats = workspace.stats()
    assert (stats["accepted"], stats["duplicates"]) == (1, 2)


def test_a_late_repeat_of_an_identify_does_not_undo_a_newer_one(workspace: Workspace) -> None:
    """A retry that arrives after a newer message changes nothing."""
    workspace.take("identify", userId="u1", traits={"plan": "basic"}, messageId="m1")
    workspace.take("identify", userId="u1", traits={"plan": "pro"}, messageId="m2")
    workspace.take("identify", userId="u1", traits={"plan": "basic"}, messageId="m1")
    assert workspace.world.ids["u1"].attributes == {"plan": "pro"}


def test_there_is_no_window(workspace: Workspace) -> None:
    """A repeat a year later is still a repeat."""
    workspace.event("E", userId="u1", messageId="m1")
    workspace.clock.advance(366 * 86_400)
    workspace.event("E", userId="u1", messageId="m1")
    assert workspace.stats()["events"] == 1


def test_repeats_are_found_within_and_across_batches(workspace: Workspace) -> None:
    """Single calls and batches share their ids."""
    message = {"type": "track", "userId": "u1", "event": "E", "messageId": "m1"}
    workspace.take("batch", batch=[message, message])
    workspace.take("batch", batch=[message, {**message, "messageId": "m2"}])
    workspace.take("track", **message)
    stats = workspace.stats()
    assert (stats["events"], stats["accepted"], stats["duplicates"]) == (2, 2, 3)


@pytest.mark.parametrize("blank", [None, ""])
def test_messages_without_an_id_are_all_taken(workspace: Workspace, blank: str | None) -> None:
    """The service mints an id for each, so none is a repeat."""
    for _ in range(2):
        workspace.event("E", userId="u1", messageId=blank)
    assert workspace.stats()["events"] == 2


def test_a_refused_message_can_be_sent_again_with_its_id(workspace: Workspace) -> None:
    """An id counts as taken only when its message was: a corrected message gets through."""
    assert workspace.send("track", {"userId": "u1", "messageId": "m1"}, strict=True)[0] == 400
    assert workspace.send("track", {"userId": "u1", "messageId": "m1"}) == (200, {})
    workspace.event("E", userId="u1", messageId="m1")
    assert workspace.stats()["events"] == 1


def test_deduplication_can_be_switched_off() -> None:
    """With `dedupe=off` every copy counts."""
    workspace = Workspace(dedupe="off")
    for _ in range(2):
        workspace.event("E", userId="u1", messageId="m1")
    stats = workspace.stats()
    assert (stats["events"], stats["duplicates"]) == (2, 0)
