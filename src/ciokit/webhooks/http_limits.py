"""What uvicorn leaves unlimited: long heads, slow requests, answers that nobody reads, requests sent without waiting.

Each of them lets a handful of clients take the memory or the connections of a server that anybody can reach. This needs
uvicorn; `ciokit.webhooks.serving` loads it when something is served.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_MOST_AHEAD: Final = 100  # requests sent before the first is answered; each takes kilobytes while it waits
_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def sweep(connections: set[Any], patience: float) -> None:
    """Close connections whose client has kept us waiting for too long: for the rest of a request, or for reading."""
    overdue = asyncio.get_running_loop().time() - patience
    for each in list(connections):
        if any(since is not None and since < overdue for since in (each.waiting_since, each.stuck_since)):
            each.transport.abort()


def protocol(head_bytes: int, most: int) -> type[HttpToolsProtocol]:
    """Return uvicorn's HTTP protocol with limits: to what of a request is not its body, and to connections."""
    return type("LimitedProtocol", (_LimitedProtocol,), {"head_bytes": head_bytes, "most": most})


class _LimitedProtocol(HttpToolsProtocol):
    head_bytes: int
    most: int
    waiting_since: float | None  # for the rest of a request; None while there is none, or it is being answered
    stuck_since: float | None  # since when the client does not read what it is answered
    quiet_since: float
    framing: int  # bytes of the request so far that are not its body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self.waiting_since = self.quiet_since = self.loop.time()
        self.stuck_since = None
        self.framing = 0
        if len(self.connections) >= self.most:
            _make_room(self.connections)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._wait()
        self.framing += len(data)
        super().data_received(data)
        if self.framing > self.head_bytes and not self.transport.is_closing():
            if _is_free(self.cycle):
                self.transport.write(_TOO_LARGE)
                self.transport.close()
            else:  # an answer now would be taken for that of an earlier request
                self.transport.abort()

    def on_message_begin(self) -> None:
        self._wait()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers) > self.head_bytes:
            self.app = _head_too_large
            self.url = b"/"  # uvicorn cannot read one that is too long
            self.framing = 0
        super().on_headers_complete()
        if len(self.pipeline) > _MOST_AHEAD:
            self.transport.abort()
            raise ConnectionAbortedError  # so that the rest is not read

    def on_body(self, body: bytes) -> None:
        self.framing -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.waiting_since = None
        self.framing = 0
        super().on_message_complete()

    def pause_writing(self) -> None:
        self.stuck_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self.stuck_since = None
        super().resume_writing()

    def _wait(self) -> None:
        if self.waiting_since is None:
            self.waiting_since = self.quiet_since = self.loop.time()


async def _head_too_large(
    _scope: Any, _receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Answer a request whose head is too large, as an application, so that the answer takes its turn."""
    headers = [(b"content-length", b"0"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 431, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _is_free(cycle: Any) -> bool:
    return cycle is None or bool(cycle.response_complete)


def _make_room(connections: set[Any]) -> None:
    """Close the connection that has been quiet for longest, of those that nothing is being answered on."""
    free = [each for each in connections if _is_free(each.cycle) or each.waiting_since or each.stuck_since]
    if free:
        oldest = min(free, key=lambda each: each.quiet_since)
        connections.discard(oldest)
        oldest.transport.abort()
