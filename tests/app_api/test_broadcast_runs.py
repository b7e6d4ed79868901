"""Broadcasts as one call: triggered once, followed to the end, errors collected, whatever comes between."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from ciokit import AppClient, AsyncAppClient, follow_broadcast, run_broadcast
from ciokit.core.clock import FakeClock
from ciokit.core.wire import Response
from ciokit.emulator.app import Emulator
from ciokit.errors import ApiError, JobError, NetworkError, RefusedError, ValidationError
from tests.support.operations import AsyncWire, Wire

TRIGGER = "POST"
NOBODIES = [f"nobody-{number}" for number in range(120)]
WAITING, THROUGH = {"id": 4, "broadcast_id": 12}, {"id": 4, "broadcast_id": 12, "processed_at": 1}


class Impatient(FakeClock):
    """Somebody presses Ctrl-C while the call waits."""

    def sleep(self, seconds: float) -> None:
        """Interrupt the first wait."""
        raise KeyboardInterrupt


def _json(content: Any, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(content).encode())


def _client(*answers: Response | NetworkError, clock: FakeClock | None = None) -> tuple[AppClient, Wire, FakeClock]:
    wire, clock = Wire(*answers), clock or FakeClock()
    return AppClient("the-secret-key", transport=wire, clock=clock), wire, clock


def _triggers(wire: Wire) -> int:
    return sum(request.method == TRIGGER for request in wire.sent)


@pytest.fixture
def emulator(ciokit_emulator: Emulator) -> Emulator:
    """Return a workspace with one person and a broadcast."""
    broadcasts: Any = [{"id": 12, "name": "B", "messages": [{"subject": "{{ trigger.headline }}", "body": "b"}]}]
    ciokit_emulator.seed({"people": [{"id": "u1", "email": "ann@x.io"}], "broadcasts": broadcasts})
    return ciokit_emulator


def test_a_broadcast_is_triggered_followed_and_its_errors_are_collected(
    emulator: Emulator, ciokit_app_client: AppClient, ciokit_clock: FakeClock
) -> None:
    """One call; progress has the number of the run from the first on; errors of all pages are there."""
    told: list[Any] = []
    report = run_broadcast(
        ciokit_app_client, 12, ids=["u1", *NOBODIES], data={"headline": "News"}, progress=told.append
    )
    assert told[0]["id"] == report.run["id"]
    assert "processed_at" not in told[0]
    assert told[-1] == report.run
    assert report.run.get("processed_at")
    assert len(report.errors) == len(NOBODIES)
    assert report.errors[0].startswith("line 2: ")
    assert [each["subject"] for each in emulator.outbox()] == ["News"]
    assert sum(ciokit_clock.sleeps) > 0
    assert "line 2" not in repr(report)


def test_the_awaitable_client_does_the_same(emulator: Emulator, ciokit_async_app_client: AsyncAppClient) -> None:
    """Both are awaited; a run that was followed can be followed again."""

    async def run() -> None:
        report = await run_broadcast(ciokit_async_app_client, 12, emails=["ann@x.io", "nobody@x.io"])
        assert len(report.errors) == 1
        assert await follow_broadcast(ciokit_async_app_client, 12, report.run["id"]) == report

    asyncio.run(run())
    assert emulator.traffic.by_route["POST /v1/campaigns/{broadcast_id}/triggers"] == 1


def test_both_clients_send_the_same_requests() -> None:
    """Blocking or awaitable, a run is the same series of requests, page after page of errors."""
    pages = [_json({"errors": ["line 1: no"], "next": 1}), _json({"errors": ["line 2: no"]})]
    answers = [_json({"id": 4}), _json(WAITING), _json(THROUGH), *pages]
    client, wire, _ = _client(*answers)
    report = run_broadcast(client, 12, ids=["u1"])
    awaited = AsyncWire(*answers)

    async def run() -> Any:
        async with AsyncAppClient("the-secret-key", transport=awaited, clock=FakeClock()) as other:
            return await run_broadcast(other, 12, ids=["u1"])

    assert asyncio.run(run()) == report
    assert report.errors == ["line 1: no", "line 2: no"]
    assert wire.sent == awaited.sent
    assert [request.url.rpartition("/")[2] for request in wire.sent[-2:]] == ["errors", "errors?start=1"]


def test_time_that_is_over_leaves_the_run_to_be_followed() -> None:
    """The error carries the run; it was triggered once, and can be followed later."""
    client, wire, clock = _client(_json({"id": 4}), _json(WAITING))
    with pytest.raises(JobError) as caught:
        run_broadcast(client, 12, ids=["u1"], timeout=40)
    assert caught.value.job["id"] == 4
    assert sum(clock.sleeps) >= 40
    assert _triggers(wire) == 1
    client, wire, _ = _client(_json(THROUGH), _json({"errors": []}))
    assert follow_broadcast(client, 12, caught.value.job["id"]).errors == []
    assert _triggers(wire) == 0


def test_an_interrupt_says_how_to_go_on() -> None:
    """Ctrl-C ends the call at once, without a second trigger, and its note names the call that takes the run up."""
    client, wire, _ = _client(_json({"id": 4}), _json(WAITING), clock=Impatient())
    with pytest.raises(KeyboardInterrupt) as caught:
        run_broadcast(client, 12, ids=["u1"])
    assert any("follow_broadcast(client, 12, 4)" in note for note in caught.value.__notes__)
    assert _triggers(wire) == 1


def test_an_answer_that_is_lost_does_not_trigger_again() -> None:
    """Whether it was triggered is not known: the error says where to look."""
    client, wire, _ = _client(NetworkError("reset", maybe_sent=True), _json({"id": 4}))
    with pytest.raises(NetworkError, match=r"broadcasts\.triggers"):
        run_broadcast(client, 12, ids=["u1"])
    assert _triggers(wire) == len(wire.sent) == 1


@pytest.mark.parametrize(
    ("answer", "notes"),
    [
        (_json({}, 401), 0),
        (_json({}, 429), 0),
        (NetworkError("no way there", maybe_sent=False), 0),
        (_json({}, 500), 1),
        (NetworkError("reset", maybe_sent=True), 1),
    ],
)
def test_only_what_may_have_triggered_is_told_to_look(answer: Response | NetworkError, notes: int) -> None:
    """A wrong key, a pace or a service out of reach triggered nothing; a lost answer may have."""
    client, _, _ = _client(answer)
    with pytest.raises((ApiError, NetworkError)) as caught:
        run_broadcast(client, 12, ids=["u1"])
    assert len(getattr(caught.value, "__notes__", [])) == notes


def test_what_cannot_be_triggered_or_followed_is_refused(emulator: Emulator, ciokit_app_client: AppClient) -> None:
    """Bad input is told before anything is sent; a broadcast and a run that are not there by the service."""
    client, wire, _ = _client()
    with pytest.raises(ValidationError, match="ids") as refused:
        run_broadcast(client, 12, ids=[])
    assert wire.sent == []
    assert not hasattr(refused.value, "__notes__")
    with pytest.raises(RefusedError) as caught:
        run_broadcast(ciokit_app_client, 99)
    assert caught.value.status == 404
    assert not hasattr(caught.value, "__notes__")
    with pytest.raises(RefusedError):
        follow_broadcast(ciokit_app_client, 12, 99)
