"""The sink counts what arrives, and every sender that is compared sends all of its rows there."""

from __future__ import annotations

import socket

import pytest

from benchmarks import webhooks as hooks
from benchmarks.processes import BenchmarkError, ask, measure, server

ROWS = 2000


@pytest.fixture(scope="module")
def sink():
    """Return a running sink."""
    with server("benchmarks.sink") as running:
        yield running


def test_the_sink_counts_requests_however_they_are_cut(sink):
    """Requests that share a packet, and one that comes in pieces, are each answered and counted once."""
    ask(f"http://127.0.0.1:{sink.port}/")
    request = b"POST /v1/track HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
    with socket.create_connection(("127.0.0.1", sink.port)) as connection:
        connection.settimeout(10)
        for piece in (request + request + request[:20], request[20:-2], request[-2:]):
            connection.sendall(piece)
        answers = b""
        while answers.count(b"{}") < 3:
            answers += connection.recv(65_536)
    assert answers.count(b"200 OK") == 3
    assert ask(f"http://127.0.0.1:{sink.port}/") == {"requests": 3, "bytes": 15}
    assert ask(f"http://127.0.0.1:{sink.port}/") == {"requests": 0, "bytes": 0}


@pytest.mark.parametrize(
    ("module", "more"),
    [
        ("benchmarks.floor", []),
        ("benchmarks.ours", ["named"]),
        ("benchmarks.ours", ["nameless"]),
        ("benchmarks.peer", []),
    ],
)
def test_every_sender_sends_all_rows(sink, module, more):
    """What is measured is the whole work: the bytes of all rows arrive, in few requests."""
    ask(f"http://127.0.0.1:{sink.port}/")
    measured = measure(module, sink.port, ROWS, *more)
    arrived = ask(f"http://127.0.0.1:{sink.port}/")
    assert (measured.count, measured.wall > 0, measured.cpu > 0) == (ROWS, True, True)
    assert arrived["bytes"] > 200 * ROWS
    assert 1 < arrived["requests"] < 10


def test_the_floor_and_the_client_send_the_same_bytes(sink):
    """With the ids given, the two differ by the warm-up call and where batches end, not by what a row is."""
    sizes = []
    for module, more in (("benchmarks.floor", []), ("benchmarks.ours", ["named"])):
        ask(f"http://127.0.0.1:{sink.port}/")
        measure(module, sink.port, ROWS, *more)
        sizes.append(ask(f"http://127.0.0.1:{sink.port}/")["bytes"])
    assert sizes[1] == pytest.approx(sizes[0], abs=300)


def test_a_measure_that_fails_says_why():
    """A sender that cannot reach the sink is an error, not a number."""
    with pytest.raises(BenchmarkError, match=r"benchmarks\.floor ended with 1: ConnectionRefusedError"):
        measure("benchmarks.floor", 1, ROWS)


@pytest.mark.parametrize("name", [hooks.NOOP, hooks.ALONE, hooks.FLASK])
def test_what_receives_webhooks_is_measured_whole(name):
    """Each receiver answers 200 to every webhook, as fast as it can and at a rate; ciokit's has all of them on disk."""
    fast = hooks.webhooks(name, 400)
    assert (fast.measure.count, fast.measure.wall > 0, 0 < fast.p50 <= fast.p99) == (400, True, True)
    steady = hooks.webhooks(name, 200, 200)
    assert 0.9 < steady.measure.wall < 20
