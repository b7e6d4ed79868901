"""One HTTP connection for one request at a time: bytes in, a status out, quick enough to load a receiver."""

from __future__ import annotations

import asyncio
import re
from typing import Final, Self, cast

_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Connection(asyncio.Protocol):
    """A connection to this machine; `open` makes one, and `ask` sends a request on it."""

    def __init__(self) -> None:
        self._transport = cast("asyncio.Transport", None)
        self._waiting: asyncio.Future[int] | None = None
        self._received = b""
        self.closed = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect, or raise `OSError`."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    def send(self, piece: bytes) -> None:
        """Send bytes without waiting for anything."""
        self._transport.write(piece)

    async def ask(self, request: bytes, seconds: float) -> int:
        """Send a request and return the status of its answer.

        Raises:
            ConnectionError: the connection ended without one.
            TimeoutError: none came in time.
        """
        if self.closed.done():
            raise ConnectionResetError
        waiting: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        timer = asyncio.get_running_loop().call_later(seconds, self._give_up)
        self._transport.write(request)
        try:
            return await waiting
        finally:
            timer.cancel()
            self._waiting = None

    def close(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take an answer, in whatever pieces it comes."""
        received = self._received + data
        head, separator, body = received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not separator or (length and len(body) < int(length[1])):
            self._received = received
            return
        self._received = b""
        status = _STATUS.match(head)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(int(status[1]) if status else 0)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        """Tell whoever waits."""
        if not self.closed.done():
            self.closed.set_result(None)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionResetError())

    def _give_up(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(TimeoutError())
