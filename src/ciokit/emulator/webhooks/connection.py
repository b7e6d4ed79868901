"""One connection to a receiver of webhooks: a request out, the status of its answer in, the next on the same socket.

HTTP/1.1 written by hand, because a webhook is one fixed kind of request, of which a test sends 100,000s. The body of an
answer is passed over; one whose end is not announced by its length costs the connection and nothing else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, cast
from urllib.parse import urlsplit

from ciokit.emulator.webhooks.lines import Outcome

_MAX_HEAD = 64 * 1024
_BODILESS = frozenset({204, 304})


class Address(NamedTuple):
    """Where a URL leads, and the beginning of each request to it."""

    host: str
    port: int
    tls: bool
    head: bytes


@lru_cache(maxsize=256)
def address(url: str) -> Address:
    """Return the address of a URL that begins with http:// or https://."""
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = parts.netloc.rpartition("@")[2]
    head = (
        f"POST {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: ciokit-emulator\r\nAccept: */*\r\n"
        "Content-Type: application/json\r\n"
    )
    return Address(parts.hostname or "", parts.port or (443 if tls else 80), tls, head.encode("latin-1", "replace"))


def request_bytes(to: Address, timestamp: int, signature: str, body: bytes) -> bytes:
    """Return a whole request."""
    headers = b"X-CIO-Timestamp: %d\r\nX-CIO-Signature: %b\r\nContent-Length: %d\r\n\r\n"
    return to.head + headers % (timestamp, signature.encode(), len(body)) + body


class _Head(NamedTuple):
    status: int
    length: int
    """Bytes of the body; -1 where nothing says how many."""
    keeps: bool


class Connection(asyncio.Protocol):
    """Makes one request after the other; `answered` is called with what came of each, `lost` when it is of no more use.

    `lost` may leave a request without an answer, which can be made again at once: an idle socket may close at any
    moment, and a server that did so has not read what was written then.
    """

    def __init__(self, answered: Callable[[Outcome], None], lost: Callable[[], None]) -> None:
        self.deadline = 0.0
        """When the answer must be there, on the clock of the event loop; 0 while nothing is under way."""
        self.closed = False
        self._answered = answered
        self._lost = lost
        self._buffer = bytearray()
        self._head: _Head | None = None
        self._posts = 0
        self._transport = cast("asyncio.Transport", None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def post(self, wire: bytes, deadline: float) -> None:
        """Make a request; the one before must be answered."""
        self.deadline = deadline
        self._posts += 1
        self._transport.write(wire)

    def data_received(self, data: bytes) -> None:
        """Read an answer."""
        if not self.deadline:  # what nobody asked for
            self._transport.abort()
            return
        self._buffer += data
        try:
            self._read()
        except ValueError:
            self._finish(Outcome(error="no http"), keeps=False)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell what became of the request under way, if the other side ended it."""
        self.closed = True
        idle, self.deadline = not self.deadline, 0.0
        if idle or (self._head is None and not self._buffer and self._posts > 1):
            self._lost()
        else:
            self._answered(Outcome(error="eof" if exc is None else "reset"))

    def give_up(self) -> None:
        """End a request that took too long."""
        self._finish(Outcome(error="timeout"), keeps=False)

    def close(self) -> None:
        """End it without a word."""
        self.deadline = 0.0
        self._transport.abort()

    def _read(self) -> None:
        while self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > _MAX_HEAD:
                    raise ValueError
                return
            head = _head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            if head.status >= 200:
                self._head = head
        if self._head.length < 0:
            self._finish(Outcome(self._head.status), keeps=False)
        elif len(self._buffer) >= self._head.length:
            del self._buffer[: self._head.length]
            self._finish(Outcome(self._head.status), keeps=self._head.keeps and not self._buffer)

    def _finish(self, outcome: Outcome, *, keeps: bool) -> None:
        self.deadline = 0.0
        self._head = None
        if not keeps:
            self.closed = True
            self._transport.abort()
        self._answered(outcome)


def _head(text: bytes) -> _Head:
    """Return what the head of an answer says; `ValueError` for what is none."""
    first, *lines = text.split(b"\r\n")
    version, _, rest = first.partition(b" ")
    if not version.startswith(b"HTTP/1.") or len(rest) < 3:
        raise ValueError
    status = int(rest[:3])
    length, keeps = (0 if status in _BODILESS else -1), version == b"HTTP/1.1"
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        if name == b"content-length" and length < 0:
            length = int(value)
        elif name == b"transfer-encoding":
            return _Head(status, -1, keeps=False)
        elif name == b"connection":
            keeps = b"close" not in value.lower() and (keeps or b"keep-alive" in value.lower())
    return _Head(status, length, keeps)
