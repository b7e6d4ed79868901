"""What a restart knows of webhooks: what arrived, what failed since when, and everything that is still to be sent."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from ciokit.emulator.webhooks.lines import DAYS, Line, Outcome, Parcel

from .conftest import START, Workspace
from .hooks import DAY, HOUR, Inbox, lively, register, seeded, send_email

TAKEN, REFUSED = Outcome(200), Outcome(503)


def _restarted(workspace: Workspace, state: Path) -> Workspace:
    """Return the workspace of a new emulator; the clock, which stands still in tests, is moved on by what was kept."""
    workspace.emulator.close()
    return Workspace(state=state)


def test_what_arrived_is_not_sent_again_and_the_rest_is(tmp_path: Path) -> None:
    """Bodies and ids are the same as before, whatever has changed since; counts go on."""
    first, inbox = seeded(state=tmp_path), Inbox()
    register(first)
    lively(first.emulator)
    for who in ("u1", "u2"):
        send_email(first, who)
    first.take("identify", userId="u1", traits={"unsubscribed": True})
    first.emulator.advance(DAY)
    inbox.judge = lambda _: 200 if len(inbox.requests) <= 5 else 500
    before = first.emulator.deliver_webhooks(inbox)
    assert (before.acknowledged, before.failed) == (5, 1)
    first.take("identify", userId="u1", traits={"email": "new@x.io"})
    second, later = _restarted(first, tmp_path), Inbox()
    second.emulator.advance(HOUR)
    after = second.emulator.deliver_webhooks(later)
    uninterrupted = Inbox()
    whole = seeded()
    register(whole)
    lively(whole.emulator)
    for who in ("u1", "u2"):
        send_email(whole, who)
    whole.take("identify", userId="u1", traits={"unsubscribed": True})
    whole.emulator.advance(DAY)
    whole.emulator.deliver_webhooks(uninterrupted)
    assert [request.body for request in (*inbox.requests[:5], *later.requests)] == [
        request.body for request in uninterrupted.requests
    ]
    assert (after.acknowledged, after.failed, after.backlog) == (11, 1, 0)
    second.emulator.close()


def test_seven_days_go_on_over_a_restart(tmp_path: Path) -> None:
    """The next try and the end of all tries are those of before."""
    workspace, inbox = seeded(state=tmp_path), Inbox()
    register(workspace, "email_sent")
    send_email(workspace)
    inbox.judge = lambda _: 500
    for _ in range(20):
        workspace.emulator.deliver_webhooks(inbox)
        following = workspace.emulator.webhooks.status()["webhooks"][0]["next_try"]
        if following is None:
            break
        workspace = _restarted(workspace, tmp_path)
        assert workspace.emulator.webhooks.status()["webhooks"][0]["next_try"] == following
        workspace.emulator.advance(following - workspace.clock.now())
    assert workspace.clock.now() == START + 7 * DAY
    assert workspace.emulator.webhooks.total().dropped == 1
    workspace.emulator.close()


def test_a_crash_before_anything_is_kept_sends_it_again(tmp_path: Path) -> None:
    """What arrived in the moment before may come twice, with the same id, and nothing is lost."""
    first, inbox = seeded(state=tmp_path / "a"), Inbox()
    register(first, "email_sent")
    for _ in range(3):
        send_email(first)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    first.emulator.deliver_webhooks(inbox)
    first.emulator.close()
    second, again = Workspace(state=tmp_path / "b"), Inbox()
    second.emulator.deliver_webhooks(again)
    assert again.ids() == inbox.ids()
    second.emulator.close()


def test_a_reset_is_kept_too(tmp_path: Path) -> None:
    """After it nothing old is sent, and new events have new ids, also after a restart."""
    workspace, inbox = seeded(state=tmp_path), Inbox()
    register(workspace, "email_sent")
    send_email(workspace)
    workspace.emulator.deliver_webhooks(inbox)
    workspace.emulator.reset()
    workspace = _restarted(workspace, tmp_path)
    workspace.emulator.seed({"people": [{"id": "u1"}], "transactional": [{"id": 1, "name": "T", "body": "b"}]})
    register(workspace, "email_sent")
    send_email(workspace)
    workspace.emulator.deliver_webhooks(inbox)
    assert len(set(inbox.ids())) == 2
    workspace.emulator.close()


@pytest.mark.parametrize("seed", range(40))
def test_no_order_of_things_loses_an_event(seed: int) -> None:
    """Several under way, refusals, made-up ones, being taken back and restarts from any moment: each place arrives."""
    draw = random.Random(seed)
    arrived: set[int] = set()
    line, under_way, now = _line(), list[Parcel](), 0.0
    kept = line.kept()
    for _ in range(400):
        now += draw.choice([0, 1, HOUR])
        step = draw.random()
        if step < 0.5:
            parcel = line.take(now, 4)
            if parcel is not None:
                under_way.append(parcel)
                if draw.random() < 0.2:
                    line.put_back(Parcel(parcel.place, "unknown_metric", extra=True))
        elif step < 0.9 and under_way:
            parcel = under_way.pop(draw.randrange(len(under_way)))
            outcome = TAKEN if draw.random() < 0.7 else REFUSED
            assert line.done(parcel, outcome, now, 10)
            if outcome.arrived and not parcel.extra:
                arrived.add(parcel.place)
        elif step < 0.95:
            kept = line.kept()
        elif step < 0.98:
            line, under_way = _line(), []
            line.restore(kept)
    while line.backlog:
        now += DAYS / 1000
        parcel = under_way.pop() if under_way else line.take(now, 4)
        assert parcel is not None
        line.done(parcel, TAKEN, now, 10)
        arrived.add(parcel.place)
    assert arrived == set(range(0, 200, 2))
    assert (line.mark, line.in_flight) == (200, 0)


def _line() -> Line:
    line = Line(end=200)
    for place in range(0, 200, 2):
        line.add(place)
    return line
