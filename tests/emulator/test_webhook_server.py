"""A served emulator sends webhooks by itself, over real sockets, to receivers of every temper."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import ssl
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer
from ciokit.emulator.webhooks.office import SIGNING_KEY, WebhookOptions
from ciokit.webhooks.signature import verify_headers
from tests.support.wire import Answer, ScriptedServer, scripted_server

from .hooks import HOUR, SEED
from .test_cli_emulate import emulate

SHORT, LONG = WebhookOptions(timeout=0.3), WebhookOptions(timeout=30)


class Served:
    """A served emulator with five people, asked over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask anything and return the JSON answer."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": "Bearer k", "content-type": "application/json"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def register(self, endpoint: str, *events: str) -> int:
        """Register a webhook."""
        body = {"name": "W", "endpoint": endpoint, "events": list(events) or ["email_sent"]}
        return self.ask("POST", "/v1/reporting_webhooks", body)["id"]

    def send(self, count: int = 1) -> list[str]:
        """Send e-mails and return the ids of their deliveries."""
        body = {"to": "u1@x.io", "identifiers": {"id": "u1"}, "transactional_message_id": 1}
        return [self.ask("POST", "/v1/send/email", body)["delivery_id"] for _ in range(count)]

    def settle(self) -> dict[str, Any]:
        """Wait until nothing can be sent, and return how it stands."""
        return self.ask("POST", "/_emulator/webhooks/settle")

    def advance(self, seconds: float) -> None:
        """Let the emulator's time pass."""
        self.ask("POST", "/_emulator/clock", {"advance": seconds})


@contextlib.contextmanager
def served(options: WebhookOptions = LONG) -> Iterator[Served]:
    """Serve a seeded emulator from a thread."""
    emulator = Emulator(webhooks=options)
    emulator.seed(SEED)
    emulator.let_live({"opened": 0})
    with EmulatorServer(emulator) as server:
        yield Served(server.base_url)
    emulator.close()


@pytest.fixture
def emulator() -> Iterator[Served]:
    """Yield a served emulator that waits long enough for an answer on a busy machine."""
    with served() as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[ScriptedServer]:
    """Yield a receiver that takes everything."""
    with scripted_server() as server:
        yield server


def _deliveries(receiver: ScriptedServer) -> list[str]:
    return [seen.json["data"]["delivery_id"] for seen in receiver.seen]


def test_events_come_by_themselves_signed_and_in_order(emulator: Served, receiver: ScriptedServer) -> None:
    """One event a request, on one kept connection, with the headers the vendor sends."""
    emulator.register(receiver.base_url + "/hook?a=1")
    sent = emulator.send(20)
    assert emulator.settle()["settled"] is True
    assert _deliveries(receiver) == sent
    assert {seen.port for seen in receiver.seen} == {receiver.seen[0].port}
    for seen in receiver.seen:
        assert (seen.method, seen.path) == ("POST", "/hook?a=1")
        assert seen.headers["content-type"] == "application/json"
        assert seen.headers["host"] == receiver.base_url.partition("//")[2]
        assert verify_headers(seen.body, seen.headers, SIGNING_KEY, tolerance=60)


def test_what_happens_later_is_sent_when_it_does(emulator: Served, receiver: ScriptedServer) -> None:
    """Nobody has to look: what time brings is sent as well."""
    emulator.register(receiver.base_url, "email_delivered")
    emulator.ask("POST", "/_emulator/life", {"delivery_seconds": 0.2})
    arrived = threading.Event()

    def judge(_: Any) -> Answer:
        arrived.set()
        return Answer()

    receiver.judge = judge
    emulator.send()
    assert arrived.wait(20)


def test_a_refusing_receiver_gets_the_rest_after_an_hour(emulator: Served, receiver: ScriptedServer) -> None:
    """Settling says that not everything has arrived; the emulator's clock brings the next try."""
    emulator.register(receiver.base_url)
    receiver.script = [Answer(status=429)]
    sent = emulator.send(3)
    standing = emulator.settle()
    assert standing["settled"] is False
    assert standing["webhooks"][0]["last_answer"] == "429"
    emulator.advance(HOUR)
    standing = emulator.settle()
    assert (standing["settled"], standing["total"]["acknowledged"], standing["total"]["failed"]) == (True, 3, 1)
    assert _deliveries(receiver) == [sent[0], *sent]


def test_an_answer_that_takes_too_long_counts_for_nothing(receiver: ScriptedServer) -> None:
    """After the time-out the event is tried again, on a new connection."""
    hold = threading.Event()
    receiver.judge = lambda _: Answer(hold=None if hold.is_set() else hold)
    with served(SHORT) as emulator:
        emulator.register(receiver.base_url)
        emulator.send(2)
        standing = emulator.settle()
        assert (standing["webhooks"][0]["last_answer"], standing["total"]["backlog"]) == ("timeout", 2)
        hold.set()
        standing = _until_taken(emulator)
    assert standing["acknowledged"] == 2
    assert len({seen.port for seen in receiver.seen}) >= 2


def _until_taken(emulator: Served) -> dict[str, Any]:
    """Move the time on until all is taken; on a busy machine even a quick answer may be late."""
    total: dict[str, Any] = {"backlog": 1}
    while total["backlog"]:
        emulator.advance(HOUR)
        total = emulator.settle()["total"]
    return total


def test_a_broken_connection_costs_an_hour(emulator: Served, receiver: ScriptedServer) -> None:
    """It was the first request on it, so nobody can say whether it was taken."""
    emulator.register(receiver.base_url)
    receiver.script = [Answer(break_it=True)]
    emulator.send()
    assert emulator.settle()["webhooks"][0]["last_answer"] in ("reset", "eof")
    emulator.advance(HOUR)
    assert emulator.settle()["total"]["acknowledged"] == 1


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (b"", "eof"),
        (b"HTTP/1.1 200", "eof"),
        (b"SSH-2.0-nothing\r\n\r\n", "no http"),
        (b"HTTP/1.1 abc\r\n\r\n", "no http"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "no http"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "204"),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", "200"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 OK\r\nContent-Length: 2\r\n\r\nok", "202"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "200"),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", "302"),
    ],
)
def test_every_answer_is_understood(emulator: Served, answers: bytes, told: str) -> None:
    """Odd, cut off and foreign answers have their meaning, and none ends the sending."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.settimeout(5)
                        received = b""
                        while b"}}" not in received:
                            received += connection.recv(65_536)
                        connection.sendall(answers)
                        connection.shutdown(socket.SHUT_WR)
                        while connection.recv(65_536):
                            pass

        threading.Thread(target=answer, daemon=True).start()
        emulator.register(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        emulator.send(2)
        standing = emulator.settle()["webhooks"][0]
    taken = told in ("200", "202", "204")
    assert (standing["last_answer"], standing["acknowledged"]) == (told, 2 if taken else 0)


def test_nobody_listening_is_refused(emulator: Served) -> None:
    """It costs an hour, as documented."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    emulator.register(f"http://127.0.0.1:{port}")
    emulator.send()
    standing = emulator.settle()["webhooks"][0]
    assert standing["last_answer"] == "refused"
    assert standing["next_try"] - emulator.ask("GET", "/_emulator/clock")["now"] > HOUR - 60


def test_a_certificate_nobody_trusts_is_told(emulator: Served) -> None:
    """TLS that cannot be verified is no way to send."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    with scripted_server(tls) as server:
        emulator.register(server.base_url)
        emulator.send()
        assert emulator.settle()["webhooks"][0]["last_answer"] == "tls"
        assert server.seen == []


def test_a_connection_that_closed_while_idle_costs_nothing(emulator: Served, receiver: ScriptedServer) -> None:
    """The event is sent on a new one at once, and no failure is counted."""
    emulator.register(receiver.base_url)
    for _ in range(3):
        receiver.script = [Answer(headers={"connection": "close"})]
        emulator.send()
        emulator.settle()
    assert emulator.settle()["total"] == {"sent": 3, "acknowledged": 3, "failed": 0, "dropped": 0, "backlog": 0}


def test_several_events_travel_at_once_if_wanted(receiver: ScriptedServer) -> None:
    """As many as the switch says are under way together, and no more."""
    hold, full = threading.Event(), threading.Event()

    def judge(_: Any) -> Answer:
        if len(receiver.seen) == 5:
            full.set()
        return Answer(hold=hold)

    receiver.judge = judge
    with served() as emulator:
        emulator.ask("POST", "/_emulator/switches", {"webhook_concurrency": 5})
        emulator.register(receiver.base_url)
        emulator.send(10)
        assert full.wait(20)
        assert emulator.ask("GET", "/_emulator/webhooks")["webhooks"][0]["in_flight"] == 5
        assert len(receiver.seen) == 5
        hold.set()
        assert emulator.settle()["total"]["acknowledged"] == 10
    assert len({seen.port for seen in receiver.seen}) == 5


def test_one_slow_receiver_holds_up_no_other(receiver: ScriptedServer) -> None:
    """Each webhook has its own line."""
    hold = threading.Event()
    with scripted_server() as slow, served() as emulator:
        slow.judge = lambda _: Answer(hold=hold)
        emulator.register(slow.base_url)
        emulator.register(receiver.base_url)
        arrived = threading.Event()
        receiver.judge = lambda _: (arrived.set() if len(receiver.seen) == 5 else None) or Answer()
        emulator.send(5)
        assert arrived.wait(20)
        assert len(slow.seen) <= 1
        hold.set()
        assert emulator.settle()["total"]["acknowledged"] == 10


def test_settling_ends_at_its_time(receiver: ScriptedServer) -> None:
    """A receiver that never answers is not waited for longer than asked."""
    hold = threading.Event()
    receiver.judge = lambda _: Answer(hold=hold)
    with served() as emulator:
        emulator.register(receiver.base_url)
        emulator.send()
        assert emulator.ask("POST", "/_emulator/webhooks/settle?timeout=1")["settled"] is False
        hold.set()


def test_what_is_served_again_goes_on(receiver: ScriptedServer) -> None:
    """An event whose answer did not come before the end is sent again by whoever serves the emulator next."""
    hold, begun = threading.Event(), threading.Event()
    receiver.judge = lambda _: (begun.set(), Answer(hold=hold))[1]
    emulator = Emulator(webhooks=LONG)
    emulator.seed(SEED)
    with EmulatorServer(emulator) as server:
        first = Served(server.base_url)
        first.register(receiver.base_url)
        first.send(2)
        assert begun.wait(20)
    receiver.judge = lambda _: Answer()
    hold.set()
    with EmulatorServer(emulator):
        assert emulator.webhooks.settle() is True
    assert emulator.webhooks.total().acknowledged == 2


# The command line


@pytest.mark.parametrize(("arguments", "variable", "key"), [
    (("--webhook-key", "own"), "other", "own"),
    ((), "other", "other"),
    ((), "", SIGNING_KEY),
])  # fmt: skip
def test_the_key_comes_from_option_environment_or_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], variable: str, key: str
) -> None:
    """In this order; `/_emulator/webhooks` tells it."""
    monkeypatch.setenv("CUSTOMERIO_EMULATOR_SIGNING_KEY", variable)
    with emulate(tmp_path, *arguments) as running:
        assert running.ask("/_emulator/webhooks")["signing_key"] == key


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_backlog_outlives_the_process(tmp_path: Path, receiver: ScriptedServer, number: int) -> None:
    """Whatever ends it, nothing is lost: what was not taken arrives after the restart, and what was, with its id."""
    statuses: list[int] = []
    open_again = threading.Event()

    def taken() -> list[str]:
        answered = zip(receiver.seen, statuses, strict=True)
        return [seen.json["event_id"] for seen, status in answered if status == 200]

    def judge(_: Any) -> Answer:
        statuses.append(200 if len(statuses) < 30 or open_again.is_set() else 503)
        return Answer(status=statuses[-1])

    receiver.judge = judge
    with emulate(tmp_path, "--state", "state") as running:
        first = Served(running.url)
        first.ask("POST", "/_emulator/seed", SEED)
        first.register(receiver.base_url)
        first.send(40)
        assert first.settle()["total"]["backlog"] == 10
        running.process.send_signal(number)
        running.process.wait(30)
    before = set(taken())
    assert len(before) == 30
    open_again.set()
    with emulate(tmp_path, "--state", "state") as running:
        second = Served(running.url)
        second.advance(10)
        standing = second.settle()
        assert standing["settled"] is True
    assert len(set(taken())) == 40
    if number == signal.SIGTERM:
        assert len(taken()) == 40
