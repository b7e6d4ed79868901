"""A client of the emulator's server that says exactly the bytes it is told to, and a stand-in for the emulator."""

from __future__ import annotations

import json
import socket
import threading
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from ciokit.core.wire import Request, Response
from ciokit.emulator.reply import Reply

JSON = {"content-type": "application/json"}
MEGABYTE = 1024 * 1024
LATE = 0.4


class Stand:
    """Stands in for the emulator: tells what it was asked, and does what the path says."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.threads: set[int] = set()

    def handle(self, request: Request) -> Reply:
        """Answer with the request's own parts."""
        self.asked.append(request)
        self.threads.add(threading.get_ident())
        path = urlsplit(request.url).path
        if path == "/broken":
            raise RuntimeError(request.url)
        if path == "/reset":
            return Reply(Response(200), reset="after")
        if path == "/late-reset":
            return Reply(Response(200), delay=0.2, reset="before")
        if path == "/empty":
            return Reply(Response(204, {"content-length": "5", "transfer-encoding": "chunked"}, b"gone?"))
        if path == "/large":
            return Reply(Response(200, JSON, b"x" * MEGABYTE))
        seen = {"method": request.method, "url": request.url, "size": len(request.body)}
        return Reply(Response(200, JSON, json.dumps(seen).encode()), delay=LATE if path == "/late" else 0.0)


class Answer(NamedTuple):
    """One answer as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def seen(self) -> dict[str, object]:
        """Return the JSON object in the body."""
        value: dict[str, object] = json.loads(self.body)
        return value


class Wire:
    """A client that says exactly the bytes it is told to say."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.stream = sock.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stream.close()
        self.sock.close()

    def say(self, data: bytes) -> None:
        """Send bytes."""
        self.sock.sendall(data)

    def hear(self, *, head_only: bool = False) -> Answer:
        """Read one answer."""
        line = self.stream.readline()
        if not line:
            raise EOFError("the server closed the connection")
        headers: dict[str, str] = {}
        while (field := self.stream.readline().strip()) != b"":
            name, _, value = field.decode().partition(": ")
            headers[name.lower()] = value
        size = 0 if head_only else int(headers.get("content-length", 0))
        return Answer(int(line.split()[1]), headers, self.stream.read(size))

    def closed(self) -> bool:
        """Tell whether the server has closed its side; waits for it."""
        return self.stream.read(1) == b""


def get(path: str, *fields: str) -> bytes:
    """Return the bytes of a GET."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "host: emulator.test", *fields, "", ""]).encode()


def post(path: str, body: bytes, *fields: str) -> bytes:
    """Return the bytes of a POST with a known length."""
    lines = [f"POST {path} HTTP/1.1", "host: emulator.test", f"content-length: {len(body)}", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def port_of(url: str) -> int:
    """Return the port of a base URL."""
    port = urlsplit(url).port
    assert port is not None
    return port


def dial(url: str) -> socket.socket:
    """Open a connection to the port of a base URL."""
    return socket.create_connection(("127.0.0.1", port_of(url)), timeout=20)
