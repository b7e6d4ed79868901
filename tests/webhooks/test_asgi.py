"""The ASGI application on its own: what it answers while bodies come in pieces."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ciokit.webhooks.asgi import AsgiApp
from ciokit.webhooks.receiver import WebhookReceiver
from tests.webhooks.receiving import KEY, event, signed


class Posted:
    """A webhook whose body comes piece by piece; after the last one its sender waits for the answer."""

    def __init__(self, application: AsgiApp, body: bytes, pieces: Sequence[bytes]) -> None:
        self._application = application
        self._headers = [(name.lower().encode(), value.encode()) for name, value in signed(body).items()]
        self._pieces = list(pieces)
        self._whole = b"".join(pieces) == body
        self._statuses: list[int] = []

    async def answer(self) -> int:
        """Return the status of the answer."""
        scope = {"type": "http", "method": "POST", "path": "/", "headers": self._headers}
        await self._application(scope, self._receive, self._send)
        return self._statuses[0]

    async def _receive(self) -> dict[str, Any]:
        await asyncio.sleep(0)
        if not self._pieces:
            await asyncio.Event().wait()
        piece = self._pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self._pieces) or not self._whole}

    async def _send(self, message: Any) -> None:
        if "status" in message:
            self._statuses.append(message["status"])


def test_long_bodies_keep_no_event_out(tmp_path: Path) -> None:
    """While long bodies that never end take all the room, another long one is put off and an event is taken."""

    async def posted() -> list[int]:
        long, short = event() + b" " * 300_000, event()
        halves = [long[:150_000], long[150_000:]]
        slow = asyncio.create_task(Posted(application, long, [long[:99_950]]).answer())
        await asyncio.sleep(0.01)
        answers = [
            await Posted(application, short, [short[:90], short[90:]]).answer(),
            await Posted(application, long, halves).answer(),
        ]
        slow.cancel()
        await asyncio.wait([slow])
        return answers

    receiver = WebhookReceiver(KEY, tmp_path)
    application = AsgiApp(receiver, max_held=100_000)
    assert asyncio.run(posted()) == [200, 503]
    receiver.stop()


def test_room_is_given_back(tmp_path: Path) -> None:
    """However many bodies came in pieces before, and however they ended, there is room for the next."""

    async def posted() -> set[int]:
        long = event() + b" " * 90_000
        halves = [long[:50_000], long[50_000:]]
        given_up = [asyncio.create_task(Posted(application, long, halves[:1]).answer()) for _ in range(10)]
        await asyncio.sleep(0.01)
        for task in given_up:
            task.cancel()
        await asyncio.wait(given_up)
        return {await Posted(application, long, halves).answer() for _ in range(10)}

    receiver = WebhookReceiver(KEY, tmp_path)
    application = AsgiApp(receiver, max_held=100_000)
    assert asyncio.run(posted()) == {200}
    receiver.stop()
