"""Clients that ask for too much of `ciokit webhooks serve`: they are cut off, and the memory stays as it is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.webhooks.receiving import Running, event, request, served, signed, statuses

PROBE = b"GET /metrics HTTP/1.1\r\nHost: receiver\r\n\r\n"
MORE = 70_000  # bytes, of which a head may have 65,536


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Generator[Running]:
    """Return a receiver that soon loses its patience."""
    with served(tmp_path_factory.mktemp("journal"), "--request-seconds", "1") as started:
        yield started


def memory_mib(running: Running) -> int:
    """Return the memory that a receiver has now."""
    lines = Path(f"/proc/{running.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS"))


def send_all(connection: socket.socket, data: bytes, times: int, *, pause: float = 0.0) -> None:
    """Send the same bytes over and over."""
    clock = threading.Event()
    for _ in range(times):
        connection.sendall(data)
        clock.wait(pause)


def long_header() -> bytes:
    """Return a genuine request with a header that is too long."""
    body = event()
    return request(body, {**signed(body), "X-Long": "y" * MORE})


def long_line() -> bytes:
    """Return a genuine request whose line is too long."""
    return request(event(), path="/?" + "y" * MORE)


@pytest.mark.parametrize("wire", [long_header(), long_line()], ids=["header", "line"])
def test_a_long_head_in_one_piece_is_refused(running: Running, wire: bytes) -> None:
    """However it arrives, a head beyond its limit is answered 431, and nothing is kept."""
    before = len(running.bodies())
    assert running.raw(wire, answers=2) == [431]
    assert len(running.bodies()) == before


def test_a_long_head_is_refused_in_its_turn(running: Running) -> None:
    """Requests sent ahead of one whose head is too long are answered first."""
    assert running.raw(request(event()) + request(event()) + long_header(), answers=4) == [200, 200, 431]


def test_endless_trailers_are_cut_off(running: Running) -> None:
    """What follows a body in chunks is limited as a head is."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        headers = {**signed(event()), "Transfer-Encoding": "chunked"}
        connection.sendall(request(b"", headers).replace(b"Content-Length: 0\r\n", b"") + b"0\r\n")
        with pytest.raises(ConnectionError):
            send_all(connection, b"x-more: " + b"y" * 1_000_000 + b"\r\n", 200)
    assert memory_mib(running) < 120
    assert running.post(event()) == 200


def test_requests_without_end_that_wait_for_no_answer_are_cut_off(running: Running) -> None:
    """A client that sends a hundred thousand requests at once is cut off, and its memory is given back."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        with pytest.raises(ConnectionError):
            send_all(connection, PROBE * 5_000, 20)
        assert memory_mib(running) < 120
    assert running.post(event()) == 200


def test_a_client_that_reads_no_answers_is_cut_off(running: Running) -> None:
    """Answers that nobody reads are not kept for longer than a request may take."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", running.port))
        with pytest.raises(ConnectionError):
            send_all(connection, PROBE * 20, 2_000, pause=0.01)
    assert running.post(event()) == 200


def test_half_a_request_behind_a_whole_one_is_cut_off(running: Running) -> None:
    """The time for a request to arrive begins with its first byte, also where that came with the last of another."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        connection.sendall(request(event()) + request(event())[:30])
        received = b""
        with suppress(ConnectionError):
            while more := connection.recv(65_536):
                received += more
    assert statuses(received) == [200]
