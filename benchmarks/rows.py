"""The rows every sender is given, made one by one inside the measured time, as a pipeline would make them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

KEY = "benchmark"


def rows(count: int, *, with_id: bool) -> Iterator[dict[str, Any]]:
    """Yield `count` track calls in wire form; without a `messageId` the sender has to mint one for each."""
    return _named(count) if with_id else _nameless(count)


def _named(count: int) -> Iterator[dict[str, Any]]:
    # Written out twice: a step that adds the id would cost every row more than the generator around it does.
    for number in range(count):
        yield {
            "type": "track",
            "userId": f"user-{number}",
            "event": "Order Completed",
            "messageId": f"m-{number:036d}",
            "timestamp": "2026-11-22T00:00:00Z",
            "properties": {
                "order_id": number,
                "total": 12.5,
                "currency": "USD",
                "coupon": None,
                "email": f"user{number}@example.com",
                "plan": "premium",
            },
        }


def _nameless(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {
            "type": "track",
            "userId": f"user-{number}",
            "event": "Order Completed",
            "timestamp": "2026-11-22T00:00:00Z",
            "properties": {
                "order_id": number,
                "total": 12.5,
                "currency": "USD",
                "coupon": None,
                "email": f"user{number}@example.com",
                "plan": "premium",
            },
        }
