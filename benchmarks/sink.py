"""A receiver that does nothing: it reads each request whole, counts it and answers `{}`.

`python -m benchmarks.sink` listens on a free port of this machine and prints it. `GET /` answers the counts and starts
them anew, so that whoever measures can check that everything arrived.
"""

from __future__ import annotations

import asyncio
import importlib
import json
from typing import cast

_TAKEN = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
_HEAD_END = b"\r\n\r\n"


class Counts:
    """What has arrived since it was last asked."""

    def __init__(self) -> None:
        self.requests = 0
        self.bytes = 0

    def answer(self) -> bytes:
        """Return the answer that tells the counts, and begin again."""
        body = json.dumps({"requests": self.requests, "bytes": self.bytes}).encode()
        self.requests = self.bytes = 0
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


class SinkConnection(asyncio.Protocol):
    """One connection. Bodies are counted as they come and kept nowhere, so that a large one costs no copies."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._head = b""
        self._missing = 0  # bytes of the current body that are still to come
        self._transport = cast("asyncio.Transport", None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Count what came and answer each request that is now complete."""
        while data:
            if self._missing:
                taken = min(self._missing, len(data))
                self._missing -= taken
                data = data[taken:]
                if not self._missing:
                    self._transport.write(_TAKEN)
                continue
            head, end, data = (self._head + data).partition(_HEAD_END)
            if not end:
                self._head = head
                return
            self._head = b""
            self._begin(head)

    def _begin(self, head: bytes) -> None:
        if head.startswith(b"GET "):
            self._transport.write(self._counts.answer())
            return
        fields = (line.partition(b":") for line in head.lower().split(b"\r\n")[1:])
        self._missing = next(int(value) for name, _, value in fields if name == b"content-length")
        self._counts.requests += 1
        self._counts.bytes += self._missing
        if not self._missing:
            self._transport.write(_TAKEN)


async def serve() -> None:
    """Serve until the process is ended."""
    counts = Counts()
    server = await asyncio.get_running_loop().create_server(lambda: SinkConnection(counts), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    try:
        factory = importlib.import_module("uvloop").new_event_loop
    except ImportError:
        factory = None
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(serve())
