"""Signed webhooks to a receiver: as fast as it takes them, or at a steady rate with the time of each answer.

`python -m benchmarks.webhook_load PORT N` sends N on 64 connections. With `--rate R` it sends R a second whether
answers have come or not, and counts the time of an answer from when its request was due. Requests are made before the
clock starts; the bodies are the size of an e-mail event.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import time
from collections import deque
from collections.abc import Iterator
from typing import cast
from uuid import uuid4

from benchmarks.stopwatch import Stopwatch
from benchmarks.webhook_servers import KEY
from ciokit.webhooks.signature import sign

CONNECTIONS = 64


def requests(count: int) -> Iterator[bytes]:
    """Yield requests, each with an event of its own."""
    moment = int(time.time())
    for number in range(count):
        event = {
            "event_id": uuid4().hex,
            "object_type": "email",
            "metric": ("sent", "delivered", "opened", "clicked")[number % 4],
            "timestamp": moment,
            "data": {
                "customer_id": f"customer-{number}",
                "identifiers": {
                    "id": f"customer-{number}",
                    "email": f"{number}@example.com",
                    "cio_id": f"d9{number:010}",
                },
                "delivery_id": f"RPILAgUBcRhIBqSfeiIwdIYJKxTY{number}",
                "campaign_id": 23,
                "action_id": 38,
                "journey_id": f"01GW20GXAAXBKZD8J96M8FNV3R{number}",
                "parent_action_id": 37,
                "content_id": 9,
                "recipient": f"{number}@example.com",
                "subject": "Thanks for signing up, and a word about what you can do next",
                "trigger_event_id": "01E4C4CT6YDC7Y5M7FE1GWWPQJ",
            },
        }
        body = json.dumps(event).encode()
        yield (
            b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\nuser-agent: Customer.io Reporting Webhooks\r\n"
            b"content-type: application/json\r\naccept-encoding: gzip\r\nx-cio-timestamp: %d\r\nx-cio-signature: %b\r\n"
            b"content-length: %d\r\n\r\n%b" % (moment, sign(body, moment, KEY).encode(), len(body), body)
        )


class Load:
    """Hands requests to free connections, and keeps when each was due and answered."""

    def __init__(self, pending: deque[bytes]) -> None:
        self.pending = pending
        self.left = len(pending)
        self.due: deque[float] = deque()
        self.free: deque[Sender] = deque()
        self.waits: list[float] = []
        self.failed: bytes | None = None
        self.done = asyncio.Event()

    def answered(self, sender: Sender, data: bytes) -> None:
        """Note an answer and use the connection again."""
        if not data.startswith(b"HTTP/1.1 200 "):
            self.failed = data[:200]
            self.done.set()
            return
        self.left -= 1
        if not self.left:
            self.done.set()
        self.free.append(sender)
        self.give()

    def give(self) -> None:
        """Send what is due on whatever is free."""
        while self.free and self.due and self.pending:
            self.free.popleft().send(self.pending.popleft(), self.due.popleft())


class Sender(asyncio.Protocol):
    """One connection, for one request at a time; the answers are so short that each comes in one piece."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._due = 0.0
        self._transport = cast("asyncio.Transport", None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be free."""
        self._transport = cast("asyncio.Transport", transport)
        self._load.free.append(self)

    def send(self, request: bytes, due: float) -> None:
        """Send a request that was due at a time."""
        self._due = due
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Note the answer."""
        self._load.waits.append(time.perf_counter() - self._due)
        self._load.answered(self, data)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop, if it is not the end yet."""
        if self._load.left:
            self._load.failed = repr(exc).encode()
            self._load.done.set()


async def run(port: int, count: int, rate: float) -> tuple[Stopwatch, list[float]]:
    """Send `count` requests and return what it took, and the seconds that each answer took."""
    loop = asyncio.get_running_loop()
    load = Load(deque(requests(count)))
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Sender(load), "127.0.0.1", port)
    with Stopwatch(count) as watch:
        began = time.perf_counter()
        if rate:
            for number in range(count):
                due = began + number / rate
                if due > time.perf_counter():
                    await asyncio.sleep(due - time.perf_counter())
                load.due.append(due)
                load.give()
        else:
            load.due.extend([began] * count)
            load.give()
        await load.done.wait()
    if load.failed is not None:
        raise RuntimeError(f"answered {load.failed!r}")
    return watch, load.waits


def main() -> None:
    """Print the measure, and what share of the answers took how many milliseconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--rate", type=float, default=0.0)
    arguments = parser.parse_args()
    factory = importlib.import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        watch, waits = runner.run(run(arguments.port, arguments.count, arguments.rate))
    waits.sort()
    print(json.dumps({f"p{share}": 1000 * waits[int(len(waits) * share / 100)] for share in (50, 99)}))
    watch.tell()


if __name__ == "__main__":
    main()
