"""One call at a time: `client.track` against the bare HTTP client posting the same body.

`python -m benchmarks.calls PORT N ours|bare WAYS`: 0 ways is the blocking client, 1 and more the awaitable one with
that many calls in flight. The limiter runs, but its limit is out of reach.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import httpx2
import orjson

from benchmarks.rows import KEY
from benchmarks.stopwatch import Stopwatch
from ciokit import AsyncCustomerIOClient, CustomerIOClient
from ciokit.settings import Limits, Rate

_LIMITS = Limits(rates={"pipelines": Rate(100_000, 1.0)})
_HEADERS = {"authorization": "Basic YmVuY2htYXJrOg==", "content-type": "application/json", "x-strict-mode": "1"}
_WARM_UP = 20


def _properties(number: int) -> dict[str, Any]:
    return {"order_id": number, "total": 12.5, "currency": "USD", "coupon": None, "plan": "premium"}


def _body(number: int) -> bytes:
    user_id, message_id = f"user-{number}", f"{number:036d}"
    message = {"type": "track", "userId": user_id, "event": "Order Completed", "properties": _properties(number)}
    return orjson.dumps({**message, "messageId": message_id})


def blocking_ours(url: str, count: int) -> Stopwatch:
    """Measure the blocking client."""
    with CustomerIOClient(KEY, base_url=url, limits=_LIMITS) as client:
        for number in range(_WARM_UP):
            client.track(f"user-{number}", "Order Completed", _properties(number))
        with Stopwatch(count) as watch:
            for number in range(count):
                client.track(f"user-{number}", "Order Completed", _properties(number))
    return watch


def blocking_bare(url: str, count: int) -> Stopwatch:
    """Measure the HTTP library's blocking client."""
    with httpx2.Client(base_url=url, headers=_HEADERS) as client:
        for number in range(_WARM_UP):
            client.post("/v1/track", content=_body(number))
        with Stopwatch(count) as watch:
            for number in range(count):
                client.post("/v1/track", content=_body(number))
    return watch


async def awaitable_ours(url: str, count: int, ways: int) -> Stopwatch:
    """Measure the awaitable client."""
    async with AsyncCustomerIOClient(KEY, base_url=url, limits=_LIMITS) as client:

        async def call(first: int, end: int) -> None:
            for number in range(first, end):
                await client.track(f"user-{number}", "Order Completed", _properties(number))

        await asyncio.gather(*(call(0, _WARM_UP) for _ in range(ways)))
        with Stopwatch(count) as watch:
            await asyncio.gather(*(call(count * way // ways, count * (way + 1) // ways) for way in range(ways)))
    return watch


async def awaitable_bare(url: str, count: int, ways: int) -> Stopwatch:
    """Measure the HTTP library's awaitable client."""
    async with httpx2.AsyncClient(base_url=url, headers=_HEADERS) as client:

        async def call(first: int, end: int) -> None:
            for number in range(first, end):
                await client.post("/v1/track", content=_body(number))

        await asyncio.gather(*(call(0, _WARM_UP) for _ in range(ways)))
        with Stopwatch(count) as watch:
            await asyncio.gather(*(call(count * way // ways, count * (way + 1) // ways) for way in range(ways)))
    return watch


def main(port: int, count: int, who: str, ways: int) -> None:
    """Make `count` calls and tell what they cost."""
    url = f"http://127.0.0.1:{port}"
    if ways:
        watch = asyncio.run((awaitable_ours if who == "ours" else awaitable_bare)(url, count, ways))
    else:
        watch = (blocking_ours if who == "ours" else blocking_bare)(url, count)
    watch.tell()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
