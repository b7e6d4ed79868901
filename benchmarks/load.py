"""Requests as fast as the emulator takes them: encoded cheaply, a few connections, no HTTP library in the way.

`python -m benchmarks.load PORT N single|batch` sends N track calls one by one, or in batches of 500 KB.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from typing import cast

import orjson

from benchmarks.rows import rows
from benchmarks.stopwatch import Stopwatch

_CONNECTIONS = {"single": 8, "batch": 2}
_BATCH_BYTES = 500_000


def _request(path: bytes, body: bytes) -> bytes:
    return (
        b"POST %b HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Basic YmVuY2htYXJrOg==\r\nx-strict-mode: 1\r\n"
        b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (path, len(body), body)
    )


def singles(count: int) -> Iterator[bytes]:
    """Yield a request for each row."""
    for row in rows(count, with_id=True):
        yield _request(b"/v1/track", orjson.dumps(row))


def batches(count: int) -> Iterator[bytes]:
    """Yield requests as full as the limit allows."""
    bodies: list[bytes] = []
    size = 0
    for row in rows(count, with_id=True):
        body = orjson.dumps(row)
        if size + len(body) + 13 > _BATCH_BYTES:
            yield _request(b"/v1/batch", b'{"batch":[' + b",".join(bodies) + b"]}")
            bodies, size = [], 0
        bodies.append(body)
        size += len(body) + 1
    yield _request(b"/v1/batch", b'{"batch":[' + b",".join(bodies) + b"]}")


class Source(asyncio.Protocol):
    """One connection that sends the next request when the answer to the last is there."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self._requests = requests
        self._transport = cast("asyncio.Transport", None)
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first."""
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        """Send the next; the answers are so short that each comes in one piece."""
        if data.startswith(b"HTTP/1.1 200 "):
            self._next()
        elif not self.done.done():
            self.done.set_exception(RuntimeError(f"answered {data[:200]!r}"))

    def connection_lost(self, exc: Exception | None) -> None:
        """End, if it is not the end yet."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the connection was closed"))

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
        elif not self.done.done():
            self.done.set_result(None)


async def run(port: int, count: int, shape: str) -> Stopwatch:
    """Send `count` rows and return what it took."""
    loop = asyncio.get_running_loop()
    requests = iter(list(batches(count))) if shape == "batch" else singles(count)
    with Stopwatch(count) as watch:
        opened = [
            await loop.create_connection(lambda: Source(requests), "127.0.0.1", port)
            for _ in range(_CONNECTIONS[shape])
        ]
        await asyncio.gather(*(source.done for _, source in opened))
    for transport, _ in opened:
        transport.close()
    return watch


if __name__ == "__main__":
    try:
        factory = importlib.import_module("uvloop").new_event_loop
    except ImportError:
        factory = None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])).tell()
