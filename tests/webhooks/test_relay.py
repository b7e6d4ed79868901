"""The relay in front of a receiver that demands a token: what it acknowledges, and what it does not."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from ciokit.core.wire import Request, Response
from ciokit.errors import AuthenticationError, ConfigurationError
from ciokit.webhooks.relay import Relay
from ciokit.webhooks.workspace import Workspace
from tests.support.workspace import FakeWorkspace, workspace
from tests.webhooks.receiving import Running, event, hosted, request, served, signed

APP = "/api/webhooks"


def accepted(relay: Running, body: bytes) -> bool:
    """Post a webhook until it is acknowledged, as the service does: a busy machine may be late at first."""
    return 200 in (relay.post(body) for _ in range(5))


@pytest.fixture
def front(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeWorkspace]:
    """Serve a workspace that the environment names."""
    with workspace() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def receiver(front: FakeWorkspace, tmp_path: Path) -> Iterator[Running]:
    """Run a receiver where the App is."""
    with served(tmp_path / "journal", "--path", APP) as running:
        front.behind = running.port
        yield running


def test_what_the_app_acknowledges_is_acknowledged(front: FakeWorkspace, receiver: Running) -> None:
    """A genuine webhook is on the receiver's disk, byte for byte, before the relay says 200; one token serves all."""
    odd = event().replace(b'"metric"', b'\n  "metric"')
    with hosted("relay", "--to", f"{front.url}{APP}") as relay:
        bodies = [odd, event(), event()]
        assert [accepted(relay, body) for body in bodies] == [True] * 3
    assert (set(receiver.bodies()), len(front.tokens)) == (set(bodies), 1)


def test_forged_webhooks_are_refused_before_they_are_passed_on(front: FakeWorkspace, receiver: Running) -> None:
    """With the signing keys at hand, the relay answers 401 itself, and the App hears nothing of it."""
    with hosted("relay", "--to", f"{front.url}{APP}") as relay:
        assert relay.post(event(), signed(event(), "another key")) == 401
        assert relay.post(event(), {}) == 401
    assert (front.passed, receiver.bodies()) == (0, [])


def test_what_the_receiver_refuses_is_not_acknowledged(front: FakeWorkspace, receiver: Running, tmp_path: Path) -> None:
    """What the receiver refuses is answered with 503, and costs no new token."""
    keys = tmp_path / "keys"
    keys.write_text("a key that the receiver does not have\n")
    wrong = signed(event("e1"), "a key that the receiver does not have")
    with hosted("relay", "--to", f"{front.url}{APP}", "--signing-key-file", str(keys)) as relay:
        assert [relay.post(event("e1"), wrong) for _ in range(3)] == [503, 503, 503]
    assert (len(front.tokens), receiver.bodies()) == (1, [])


def test_a_token_that_was_revoked_is_replaced_at_once(front: FakeWorkspace, receiver: Running) -> None:
    """A webhook that meets a refused token is passed on with a new one and acknowledged."""
    with hosted("relay", "--to", f"{front.url}{APP}") as relay:
        assert accepted(relay, event())
        front.good = set()
        assert accepted(relay, event("after"))
    assert len(front.tokens) == 2
    assert event("after") in receiver.bodies()


def test_nothing_but_the_receivers_word_is_an_acknowledgement(front: FakeWorkspace, receiver: Running) -> None:
    """A login page, an App that does not run and a principal that is not known are all answered with 503."""
    with hosted("relay", "--to", f"{front.url}{APP}") as relay:
        assert relay.ask("GET", "/ready")[0] == 200
        assert accepted(relay, event())
        front.good, front.logs_in_with_a_page = set(), True
        assert relay.post(event()) == 503
        front.good = set(front.tokens)
        receiver.stop()
        assert relay.post(event()) == 503
    with hosted("relay", "--to", f"{front.url}{APP}") as relay:
        front.knows = False
        assert relay.post(event()) == 503
        assert relay.ask("GET", "/health")[0] == 200


def test_many_at_once_share_a_token(front: FakeWorkspace, receiver: Running) -> None:
    """Webhooks that come at the same moment are all passed on, with one token between them."""
    with hosted("relay", "--to", f"{front.url}{APP}") as relay, ThreadPoolExecutor(16) as pool:
        bodies = [event() for _ in range(64)]
        assert all(pool.map(lambda body: accepted(relay, body), bodies))
    assert (len(front.tokens), set(receiver.bodies())) == (1, set(bodies))


def test_slow_clients_keep_no_webhook_out(front: FakeWorkspace, receiver: Running) -> None:
    """However many requests are only half there, one that is whole is passed on."""
    with hosted("relay", "--to", f"{front.url}{APP}") as relay, ExitStack() as connections:
        for _ in range(220):
            slow = connections.enter_context(socket.create_connection(("127.0.0.1", relay.port), timeout=20))
            slow.sendall(request(event())[:-5])
        assert relay.ask("GET", "/health")[0] == 200
        body = event()
        assert accepted(relay, body)
    assert body in receiver.bodies()


def test_a_client_that_leaves_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """A request whose sender goes away is not answered, and fills no log."""

    async def receive() -> dict[str, object]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    sent: list[object] = []
    relay = Relay("https://app.example.com/api/webhooks", Workspace("https://w.example.com", "id", "secret"))
    asyncio.run(relay({"type": "http", "method": "POST", "path": "/", "headers": []}, receive, send))
    assert (sent, caplog.records) == ([], [])


def test_other_requests_are_not_passed_on(front: FakeWorkspace, receiver: Running) -> None:
    """Other methods and paths, and bodies that are too long, are answered by the relay."""
    with hosted("relay", "--to", f"{front.url}{APP}", "--path", "/in") as relay:
        assert [relay.ask(method, path)[0] for method, path in (("GET", "/in"), ("POST", "/"))] == [405, 404]
        body = b"x" * (5 << 20)
        assert relay.ask("POST", "/in", body, signed(body))[0] == 413
    assert receiver.bodies() == []


def test_a_token_goes_nowhere_in_the_clear() -> None:
    """A receiver's address without TLS is refused, unless it is on this machine."""
    with pytest.raises(ConfigurationError, match="https"):
        Relay("http://app.example.com/api/webhooks", Workspace("https://w.example.com", "id", "secret"))


def test_the_command_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a workspace in the environment the command ends and names the variables."""
    words = [sys.executable, "-m", "ciokit", "webhooks", "relay", "--to", "https://app.example.com/api/webhooks"]
    there = {name: value for name, value in os.environ.items() if not name.startswith("DATABRICKS")}
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, env=there)
    assert done.returncode == 2
    assert "DATABRICKS_HOST, DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET" in done.stderr


class Tokens:
    """A transport that gives numbered tokens of an hour, or refuses."""

    def __init__(self) -> None:
        self.given = 0
        self.refuses = False

    async def send(self, request: Request) -> Response:
        """Answer a request for a token."""
        if self.refuses:
            return Response(500)
        self.given += 1
        return Response(200, {}, b'{"access_token": "t%d", "expires_in": 3600}' % self.given)

    async def aclose(self) -> None:
        """Do nothing."""


def test_tokens_are_renewed_before_they_end() -> None:
    """A token is used until five minutes before its end; while no new one can be had, until its end."""

    async def used() -> list[str]:
        now, tokens = [0.0], Tokens()
        place = Workspace("https://w.example.com", "id", "secret", transport=tokens, clock=lambda: now[0])
        found = [await place.token(), await place.token()]
        now[0] = 3301.0
        found.append(await place.token())
        tokens.refuses = True
        now[0] = 6700.0
        found.append(await place.token())
        now[0] = 6902.0
        with pytest.raises(AuthenticationError, match="service principal"):
            await place.token()
        return found

    assert asyncio.run(used()) == ["t1", "t1", "t2", "t2"]


def test_a_workspace_shows_no_secret() -> None:
    """What a log might show of a workspace holds its address only."""
    assert repr(Workspace("w.example.com/", "id", "secret")) == "Workspace('https://w.example.com')"
