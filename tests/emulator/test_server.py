"""The serving half of the emulator, seen from real sockets: HTTP/1.1 and faults; behaviour is a stub."""

from __future__ import annotations

import contextlib
import json
import logging
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from ciokit.emulator.http1 import MAX_BODY
from ciokit.emulator.server import EmulatorServer

from .raw_http import LATE, MEGABYTE, Stand, Wire, dial, get, post


@pytest.fixture
def server(_loop: None, stand: Stand) -> Iterator[EmulatorServer]:
    """Serve the stand-in from a thread."""
    with EmulatorServer(stand) as running:
        yield running


@pytest.fixture
def connect(server: EmulatorServer) -> Iterator[Callable[[], Wire]]:
    """Return a function that opens connections and closes them at the end."""
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(Wire(dial(server.base_url)))


@pytest.fixture
def wire(connect: Callable[[], Wire]) -> Wire:
    """Return one open connection."""
    return connect()


def test_request_reaches_the_emulator_whole(wire: Wire, stand: Stand) -> None:
    """Method, full URL, lower-case headers and body arrive as they were sent, gzip untouched."""
    wire.say(post("/v1/track?a=%2B&b=%20", b"\x1f\x8b\x00", "Content-Encoding: gzip", "X-One: a", "X-One: b"))
    assert wire.hear().status == 200
    (asked,) = stand.asked
    assert (asked.method, asked.url) == ("POST", "http://emulator.test/v1/track?a=%2B&b=%20")
    assert asked.body == b"\x1f\x8b\x00"
    assert asked.headers["content-encoding"] == "gzip"
    assert asked.headers["x-one"] == "a, b"


def test_connection_is_kept_for_further_requests(wire: Wire) -> None:
    """One connection carries many requests, one after the other."""
    for number in range(20):
        wire.say(post(f"/{number}", b"x" * number))
        assert wire.hear().seen == {"method": "POST", "url": f"http://emulator.test/{number}", "size": number}


def test_pipelined_requests_are_answered_in_order(wire: Wire) -> None:
    """Requests sent without waiting are answered in their order, even if the first answer is late."""
    wire.say(get("/late") + b"".join(get(f"/{number}") for number in range(10)))
    urls = [wire.hear().seen["url"] for _ in range(11)]
    assert urls == ["http://emulator.test/late", *(f"http://emulator.test/{number}" for number in range(10))]


def test_request_may_arrive_in_single_bytes(wire: Wire) -> None:
    """A request is understood however the network cuts it."""
    for byte in post("/slowly", b"ab"):
        wire.say(bytes([byte]))
    assert wire.hear().seen["size"] == 2


def test_chunked_body_is_joined(wire: Wire) -> None:
    """A chunked body arrives as one, and the connection goes on after it."""
    wire.say(
        b"POST /c HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n"
        + get("/2")
    )
    assert wire.hear().seen["size"] == 8
    assert wire.hear().seen["url"] == "http://emulator.test/2"


def test_expect_continue_is_answered_before_the_body(wire: Wire) -> None:
    """A client that asks first is told to go on, then answered."""
    head, body = post("/", b"abc", "expect: 100-continue").split(b"\r\n\r\n")
    wire.say(head + b"\r\n\r\n")
    assert wire.hear().status == 100
    wire.say(body)
    assert wire.hear().seen["size"] == 3


def test_head_answer_has_the_length_but_no_body(wire: Wire) -> None:
    """HEAD tells what GET would send; the next answer follows at once."""
    wire.say(b"HEAD /a HTTP/1.1\r\nhost: h\r\n\r\n" + get("/b"))
    assert int(wire.hear(head_only=True).headers["content-length"]) > 0
    assert wire.hear().seen["url"] == "http://emulator.test/b"


def test_answer_without_content_has_no_framing(wire: Wire) -> None:
    """A 204 carries neither body nor length, whatever the emulator put into it."""
    wire.say(get("/empty") + get("/b"))
    answer = wire.hear()
    assert answer.status == 204
    assert not {"content-length", "transfer-encoding"} & answer.headers.keys()
    assert wire.hear().seen["url"] == "http://emulator.test/b"


def test_options_of_the_server_itself(wire: Wire, stand: Stand) -> None:
    """`OPTIONS *` is about the server and never reaches the emulator; `OPTIONS /path` does."""
    wire.say(b"OPTIONS * HTTP/1.1\r\nhost: h\r\n\r\n")
    answer = wire.hear()
    assert answer.status == 204
    assert "POST" in answer.headers["allow"]
    assert not stand.asked
    wire.say(b"OPTIONS /v1/track HTTP/1.1\r\nhost: h\r\n\r\n")
    assert wire.hear().seen["method"] == "OPTIONS"


def test_answer_says_when(wire: Wire) -> None:
    """Each answer has one Date and one Content-Length."""
    wire.say(get("/"))
    assert wire.hear().headers["date"].endswith("GMT")


@pytest.mark.parametrize(
    "request_bytes",
    [b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n"],
    ids=["connection: close", "HTTP/1.0"],
)
def test_connection_ends_when_the_client_wants_it(wire: Wire, request_bytes: bytes) -> None:
    """The answer comes first, then the connection is closed."""
    wire.say(request_bytes)
    answer = wire.hear()
    assert answer.status == 200
    assert answer.headers["connection"] == "close"
    assert wire.closed()


def test_request_without_host_is_for_the_server_itself(wire: Wire, server: EmulatorServer) -> None:
    """HTTP/1.0 knows no Host header: the base URL stands in."""
    wire.say(b"GET /x HTTP/1.0\r\n\r\n")
    assert wire.hear().seen["url"] == f"{server.base_url}/x"


def test_whole_url_as_target_is_taken(wire: Wire) -> None:
    """A client that thinks the emulator is its proxy sends whole URLs."""
    wire.say(get("http://cdp.customer.io/v1/track"))
    assert wire.hear().seen["url"] == "http://cdp.customer.io/v1/track"


def test_half_closed_client_still_gets_its_late_answer(wire: Wire) -> None:
    """A client may end its sending half and wait."""
    wire.say(get("/late"))
    wire.sock.shutdown(socket.SHUT_WR)
    assert wire.hear().status == 200
    assert wire.closed()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"this is not HTTP\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nhost: h\r\nsecret value\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: many\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\nsecret\r\n", 400),
        (b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: br\r\n\r\n", 501),
        (b"GET / HTTP/1.1\r\nhost: h\r\nx: " + b"x" * 70_000, 431),
        (b"CONNECT cdp.customer.io:443 HTTP/1.1\r\nhost: h\r\n\r\n", 405),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
    ids=["no HTTP", "no host", "no header", "bad length", "bad chunk", "bad coding", "long head", "proxy", "TLS hello"],
)
def test_malformed_request_is_refused_in_json(wire: Wire, stand: Stand, request_bytes: bytes, status: int) -> None:
    """What is not HTTP/1.1 is refused in the service's JSON shape, without an echo, and the connection ends."""
    wire.say(request_bytes)
    answer = wire.hear()
    assert answer.status == status
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["connection"] == "close"
    assert json.loads(answer.body)["errors"][0]["status"] == str(status)
    assert b"secret" not in answer.body
    assert wire.closed()
    assert not stand.asked


def test_garbage_after_a_request_does_not_lose_its_answer(wire: Wire) -> None:
    """The request before the garbage is answered, then the garbage is refused."""
    wire.say(get("/good") + b"garbage\r\n\r\n")
    assert wire.hear().status == 200
    assert wire.hear().status == 400
    assert wire.closed()


def test_unfinished_request_is_not_handled(wire: Wire, stand: Stand) -> None:
    """A client that goes away in the middle of a body leaves no trace."""
    wire.say(post("/", b"x" * 10)[:-1])
    wire.sock.shutdown(socket.SHUT_WR)
    assert wire.hear().status == 400
    assert not stand.asked


def test_declared_oversize_body_is_refused_before_it_is_sent(wire: Wire, stand: Stand) -> None:
    """A length over the limit is answered with 413 at once, instead of 100 Continue."""
    wire.say(f"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: {MAX_BODY + 1}\r\nexpect: 100-continue\r\n\r\n".encode())
    answer = wire.hear()
    assert answer.status == 413
    assert str(MAX_BODY).encode() in answer.body
    assert wire.closed()
    assert not stand.asked


def test_oversize_body_in_flight_gets_its_answer(wire: Wire) -> None:
    """A client that sends its oversize body whole before it reads still reads 413, not a broken connection."""
    wire.say(f"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: {MAX_BODY + MEGABYTE}\r\n\r\n".encode())
    for _ in range(MAX_BODY // MEGABYTE + 1):
        wire.say(bytes(MEGABYTE))
    assert wire.hear().status == 413
    assert wire.closed()


def test_oversize_chunked_body_is_refused(wire: Wire) -> None:
    """A body without a declared length is counted while it comes."""
    wire.say(b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n")
    chunk = f"{MEGABYTE:x}\r\n".encode() + bytes(MEGABYTE) + b"\r\n"
    for _ in range(MAX_BODY // MEGABYTE + 1):
        wire.say(chunk)
    assert wire.hear().status == 413


def test_body_at_the_limit_is_taken(wire: Wire) -> None:
    """The largest allowed body passes."""
    wire.say(post("/", bytes(MAX_BODY)))
    assert wire.hear().seen["size"] == MAX_BODY


@pytest.mark.parametrize("path", ["/reset", "/late-reset"])
def test_reset_breaks_the_connection(wire: Wire, path: str) -> None:
    """A reset fault is a real TCP reset, not an orderly end."""
    wire.say(get(path))
    with pytest.raises(ConnectionResetError):
        wire.stream.read(1)


def test_reset_leaves_other_connections_alone(connect: Callable[[], Wire]) -> None:
    """Only the connection the fault hit is gone."""
    other, broken = connect(), connect()
    broken.say(get("/reset"))
    with pytest.raises(ConnectionResetError):
        broken.stream.read(1)
    other.say(get("/"))
    assert other.hear().status == 200


def test_slow_answer_holds_up_nobody_else(connect: Callable[[], Wire]) -> None:
    """A late answer comes not before its time, and others are answered meanwhile."""
    slow, quick = connect(), connect()
    started = time.monotonic()
    slow.say(get("/late"))
    quick.say(get("/"))
    assert quick.hear().status == 200
    assert not select.select([slow.sock], [], [], 0)[0]
    assert slow.hear().status == 200
    assert time.monotonic() - started > LATE - 0.01


def test_client_may_leave_before_a_slow_answer(connect: Callable[[], Wire]) -> None:
    """A client that gave up costs nothing: the server goes on."""
    with connect() as gone:
        gone.say(get("/late"))
    patient = connect()
    patient.say(get("/late"))
    assert patient.hear().status == 200


def test_answers_do_not_pile_up_for_a_client_that_does_not_read(connect: Callable[[], Wire], stand: Stand) -> None:
    """Requests beyond what the client reads wait unhandled; when it reads, all are answered."""
    lazy, other = connect(), connect()
    lazy.say(get("/large") * 60)
    other.say(get("/"))
    assert other.hear().status == 200
    assert len(stand.asked) < 30
    assert all(len(lazy.hear().body) == MEGABYTE for _ in range(60))


def test_fault_of_the_emulator_is_a_500_and_no_end(wire: Wire, caplog: pytest.LogCaptureFixture) -> None:
    """A crash in one request is answered with 500, logged without its text, and the connection lives on."""
    with caplog.at_level(logging.ERROR, "ciokit.emulator"):
        wire.say(get("/broken?who=a-person") + get("/after"))
        assert wire.hear().status == 500
        assert wire.hear().status == 200
    assert "RuntimeError" in caplog.text
    assert "a-person" not in caplog.text


def test_all_requests_are_handled_on_one_thread(connect: Callable[[], Wire], stand: Stand) -> None:
    """The emulator is never entered from two threads."""
    for number in range(8):
        wire = connect()
        wire.say(get(f"/{number}"))
        wire.hear()
    assert len(stand.threads) == 1
    assert threading.get_ident() not in stand.threads


def test_serving_needs_no_http_client() -> None:
    """Starting the emulator's server loads neither httpx2 nor the TLS extra."""
    code = "import sys, ciokit.emulator.server; print({'httpx2', 'trustme', 'uvloop'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
