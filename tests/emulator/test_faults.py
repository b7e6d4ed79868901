"""Failures on demand: what a client sees, and what the world took in all the same."""

from __future__ import annotations

from typing import Any

import pytest

from ciokit.core.wire import Request
from ciokit.errors import NetworkError, NetworkTimeoutError

from .conftest import START, Workspace

HEADERS = {"authorization": "Basic a2V5Og=="}


def _fail(workspace: Workspace, **fault: Any) -> int:
    status, answer = workspace.control("POST", "faults", fault)
    assert status == 200, answer
    return int(answer["id"])


def _track(workspace: Workspace, number: int = 1) -> Any:
    body = b'{"userId":"u","event":"E","messageId":"m%d"}' % number
    return workspace.ask("POST", "/v1/track", body, **HEADERS)


def test_429_with_and_without_retry_after(workspace: Workspace) -> None:
    """The header is there only where the rule gives it, and nothing is taken in."""
    _fail(workspace, status=429, times=1)
    _fail(workspace, status=429, retry_after=1.5, times=1)
    first, second = _track(workspace).response, _track(workspace).response
    assert (first.status, first.headers.get("retry-after")) == (429, None)
    assert (second.status, second.headers["retry-after"]) == (429, "1.5")
    assert workspace.stats()["accepted"] == 0


@pytest.mark.parametrize(("when", "taken"), [("before", 0), ("after", 1)])
def test_500_before_and_after_the_commit(workspace: Workspace, when: str, taken: int) -> None:
    """The client sees the same; the world took the message in or not, and a retry never doubles it."""
    _fail(workspace, route="POST /v1/track", status=500, when=when, times=1)
    assert _track(workspace).response.status == 500
    assert workspace.stats()["events"] == taken
    assert _track(workspace).response.status == 200
    stats = workspace.stats()
    assert (stats["events"], stats["duplicates"]) == (1, taken)


@pytest.mark.parametrize(("reset", "taken"), [("before", 0), ("after", 1)])
def test_a_reset_connection(workspace: Workspace, reset: str, taken: int) -> None:
    """In process a reset is the error a broken connection raises, which says the message may have been sent."""
    _fail(workspace, reset=reset)
    body = b'{"userId":"u","event":"E"}'
    with pytest.raises(NetworkError) as error:
        workspace.emulator.transport.send(Request("POST", "http://x/v1/track", HEADERS, body))
    assert error.value.maybe_sent
    assert workspace.stats()["events"] == taken


def test_a_late_answer(workspace: Workspace) -> None:
    """In process nobody waits: the clock moves, and beyond the request's timeout there is no answer."""
    _fail(workspace, delay=5)
    reply = _track(workspace)
    assert (reply.response.status, reply.delay) == (200, 5)
    send = workspace.emulator.transport.send
    body = b'{"userId":"u","event":"E"}'
    assert send(Request("POST", "http://x/v1/track", HEADERS, body, timeout=6)).status == 200
    assert workspace.clock.now() == START + 5
    with pytest.raises(NetworkTimeoutError):
        send(Request("POST", "http://x/v1/track", HEADERS, body, timeout=4))
    assert workspace.clock.now() == START + 9
    assert workspace.stats()["events"] == 3


def test_every_nth_request_at_most_so_many_times(workspace: Workspace) -> None:
    """`every` and `times` count matching requests of the rule."""
    _fail(workspace, status=503, every=3, times=2)
    answers = [_track(workspace, number).response.status for number in range(12)]
    assert answers == [200, 200, 503, 200, 200, 503, 200, 200, 200, 200, 200, 200]


def test_rules_count_side_by_side(workspace: Workspace) -> None:
    """Two rules look at every request; where both strike, the first added decides."""
    _fail(workspace, reset="before", every=3)
    _fail(workspace, status=500, when="after", every=5)
    seen = []
    for number in range(15):
        reply = _track(workspace, number)
        seen.append(reply.reset or reply.response.status)
    good, bad = 200, 500
    assert seen == [
        good,
        good,
        "before",
        good,
        bad,
        "before",
        good,
        good,
        "before",
        bad,
        good,
        "before",
        good,
        good,
        "before",
    ]


def test_probability_repeats_with_its_seed() -> None:
    """The same seed fails the same requests, another seed others."""

    def run(seed: int) -> list[int]:
        workspace = Workspace()
        _fail(workspace, status=500, probability=0.5, seed=seed)
        return [_track(workspace, number).response.status for number in range(50)]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert {200, 500} == set(run(1))


@pytest.mark.parametrize(
    ("route", "status"),
    [
        ("*", 500),
        ("POST /v1/track", 500),
        ("POST /v1/*", 500),
        ("GET *", 200),
        ("POST /v1/batch", 200),
        ("/v1/track", 200),
    ],
)
def test_the_route_is_a_glob(workspace: Workspace, route: str, status: int) -> None:
    """A rule fails only what its pattern covers, method and path together."""
    _fail(workspace, route=route, status=500)
    assert _track(workspace).response.status == status


def test_a_route_may_be_a_template_or_a_path(workspace: Workspace) -> None:
    """Both the declared path and the one that was asked for are compared."""
    _fail(workspace, route="GET /v1/customers/{customer_id}/attributes", status=503, times=1)
    _fail(workspace, route="GET /v1/customers/u7/*", status=504)
    assert [workspace.read(f"/v1/customers/{person}/attributes")[0] for person in ("u1", "u1", "u7")] == [503, 404, 504]


def test_error_bodies_are_those_of_the_api(workspace: Workspace) -> None:
    """Pipelines and App API each have their own envelope."""
    _fail(workspace, status=500)
    assert set(workspace.send("track", {})[1]) == {"meta"}
    assert workspace.read("/v1/customers/u1/attributes")[1]["errors"][0]["status"] == "500"


def test_control_never_fails(workspace: Workspace) -> None:
    """No rule reaches the control API, so faults can always be taken away again."""
    first = _fail(workspace, status=500)
    _fail(workspace, status=502)
    assert _track(workspace).response.status == 500
    assert workspace.control("DELETE", f"faults?id={first}") == (200, {"removed": 1})
    assert _track(workspace).response.status == 502
    rules = workspace.control("GET", "faults")[1]["faults"]
    assert [(rule["status"], rule["matched"], rule["fired"]) for rule in rules] == [(502, 2, 1)]
    assert workspace.control("DELETE", "faults") == (200, {"removed": 1})
    assert _track(workspace).response.status == 200


@pytest.mark.parametrize(
    ("fault", "field"),
    [
        ({}, "status"),
        ({"status": 200}, "status"),
        ({"status": "500"}, "status"),
        ({"status": True}, "status"),
        ({"status": 500, "when": "later"}, "when"),
        ({"status": 500, "every": 0}, "every"),
        ({"status": 500, "every": 1.5}, "every"),
        ({"status": 500, "times": -1}, "times"),
        ({"status": 500, "probability": 2}, "probability"),
        ({"status": 500, "route": 7}, "route"),
        ({"status": 500, "reset": "before"}, "reset"),
        ({"reset": "now"}, "reset"),
        ({"delay": -1}, "delay"),
        ({"delay": None}, "delay"),
        ({"status": 429, "retry_after": "soon"}, "retry_after"),
        ({"status": 500, "often": True}, "often"),
        ({"status": 500, "matched": 3}, "matched"),
    ],
)
def test_wrong_rules_are_refused_with_their_field(workspace: Workspace, fault: Any, field: str) -> None:
    """A 400 names the field and says what it can be; no rule comes into force."""
    status, answer = workspace.control("POST", "faults", fault)
    assert (status, answer["errors"][0]["field"]) == (400, field)
    assert workspace.control("GET", "faults")[1] == {"faults": []}


def test_faults_reach_keyless_requests_and_unknown_paths(workspace: Workspace) -> None:
    """A failing service fails before it looks at keys and routes."""
    _fail(workspace, status=503)
    assert workspace.ask("POST", "/v1/track", b"{}").response.status == 503
    assert workspace.ask("GET", "/nowhere").response.status == 503
