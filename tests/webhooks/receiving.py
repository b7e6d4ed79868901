"""Receivers as real processes, and webhooks sent to them byte for byte."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from ciokit.webhooks.journal_reader import JournalReader
from ciokit.webhooks.signature import sign

ROOT = Path(__file__).resolve().parents[2]
KEY = "the-key-of-these-tests"
MOMENT = 1_700_000_000
MAX_BODY = 200_000


def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    """Wait for something that another thread or process brings about."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    pytest.fail("it did not happen in time")


def event(name: str = "") -> bytes:
    """Return the body of an event with an id of its own."""
    content = {
        "event_id": name or uuid4().hex,
        "object_type": "email",
        "metric": "sent",
        "timestamp": MOMENT,
        "data": {},
    }
    return json.dumps(content).encode()


def signed(body: bytes, key: str = KEY) -> dict[str, str]:
    """Return the headers that make a body genuine."""
    return {"X-CIO-Timestamp": str(MOMENT), "X-CIO-Signature": sign(body, MOMENT, key)}


def request(body: bytes, headers: dict[str, str] | None = None, *, method: str = "POST", path: str = "/") -> bytes:
    """Return a request as bytes, with the headers that make it genuine unless others are given."""
    given = {"Host": "receiver", "Content-Length": str(len(body)), **(signed(body) if headers is None else headers)}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


@dataclass
class Running:
    """A receiver that runs, and the journal it writes."""

    port: int
    process: subprocess.Popen[str]
    journal: Path

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection that stays open."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> int:
        """Post a body, genuine unless other headers are given, and return the status."""
        return self.ask("POST", "/", body, signed(body) if headers is None else headers)[0]

    def ask(
        self, method: str, path: str, body: bytes | Iterable[bytes] = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request on a connection of its own and return status, headers and body."""
        connection = self.connect()
        try:
            connection.request(method, path, body, headers or {}, encode_chunked=not isinstance(body, bytes))
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def raw(self, *pieces: bytes, answers: int = 1) -> list[int]:
        """Send bytes as they are and return the statuses of so many answers, fewer if the connection ends."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
            for piece in pieces:
                connection.sendall(piece)
            received = b""
            with suppress(ConnectionError, TimeoutError):
                while len(statuses(received)) < answers and (more := connection.recv(65_536)):
                    received += more
        return statuses(received)

    def bodies(self) -> list[bytes]:
        """Return everything in the journal."""
        reader = JournalReader(self.journal)
        return [record.body for lane in reader.lanes() for record in reader.all_records(lane)]

    def stop(self) -> int:
        """Ask it to end and return its code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


def statuses(received: bytes) -> list[int]:
    """Return the status of each answer."""
    return [int(found) for found in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


@contextmanager
def served(journal: Path, *options: str, committing: bool = False) -> Generator[Running]:
    """Run `ciokit webhooks serve`."""
    command = [sys.executable, "-m", "ciokit", "webhooks", "serve", "--port", "0", "--quiet", "--journal", str(journal)]
    command += [*options, *([] if committing else ["--no-commit"])]
    with _process(command) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        yield Running(port, process, journal)


@contextmanager
def hosted(*words: str) -> Generator[Running]:
    """Run another command of `ciokit webhooks` that serves something, without a journal."""
    command = [sys.executable, "-m", "ciokit", "webhooks", *words, "--port", "0", "--quiet"]
    with _process(command) as process:
        assert process.stdout is not None
        yield Running(int(process.stdout.readline().rpartition(":")[2]), process, Path())


@contextmanager
def gunicorn(journal: Path, application: str, *options: str) -> Generator[Running]:
    """Run gunicorn with threads on one of the applications of `tests.webhooks.applications`."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        port: int = listener.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "gunicorn",
            "--worker-class",
            "gthread",
            "--threads",
            "8",
            "--keep-alive",
            "20",
        ]
        command += ["--log-level", "error", "--bind", f"fd://{listener.fileno()}", *options]
        command.append(f"tests.webhooks.applications:{application}({str(journal)!r})")
        with _process(command, listener.fileno()) as process:
            running = Running(port, process, journal)
            until(lambda: running.ask("GET", "/health")[0] == 200)
            yield running


@contextmanager
def _process(command: list[str], *descriptors: int) -> Generator[subprocess.Popen[str]]:
    environment = {**os.environ, "CUSTOMERIO_WEBHOOK_SIGNING_KEY": f"an-older-key, {KEY}"}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, pass_fds=descriptors
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def hung(journal: Path) -> Generator[None]:
    """Let a disk hang: whoever looks at the journal waits, and is told nothing, until the block ends."""
    known, away = journal / "id", journal / "id.away"
    pipe = journal / "id.pipe"
    os.link(known, away)
    os.mkfifo(pipe)
    pipe.rename(known)
    try:
        yield
    finally:
        known.rename(pipe)
        away.rename(known)
        with suppress(OSError):  # nobody looked
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        pipe.unlink()
