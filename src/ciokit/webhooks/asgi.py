"""The receiver as an ASGI application: run it with uvicorn, or mount it in Starlette or FastAPI.

```python
from ciokit.webhooks import WebhookReceiver
from ciokit.webhooks.asgi import AsgiApp

application = AsgiApp(WebhookReceiver(secrets, "journal"))
```

It knows ASGI and nothing else. Requests wait on futures; the only other thread is the journal's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from ciokit.errors import JournalUnavailableError
from ciokit.webhooks.receiver import ACKNOWLEDGED, SIGNATURE, STOPPING, TIMESTAMP, Reply, WebhookReceiver, kept, refusal

_LOG = logging.getLogger("ciokit.webhooks.receiver")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_HELD: Final = 256 << 20
CROWDED: Final = refusal(503, "crowded")
_SMALL: Final = 64 << 10  # more than events have: clients with long bodies must not keep these out


class AsgiApp:
    """Serves a receiver.

    Args:
        receiver: what to serve. It is opened and closed by the lifespan events; a server that sends none of them leaves
            that to the first webhook and to whoever made it.
        max_held: the bytes of long bodies that may be held while they come in pieces, all together.
    """

    def __init__(self, receiver: WebhookReceiver, *, max_held: int = MAX_HELD) -> None:
        self._receiver = receiver
        self._bodies = Bodies(receiver.max_body, max_held)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or take part in the server's start and end."""
        if scope["type"] != "http":
            await self._not_http(scope, receive, send)
            return
        path: str = scope["path"]
        if root := scope.get("root_path"):
            path = path.removeprefix(root) or "/"
        reply = self._receiver.other(scope["method"], path)
        if reply is None:
            try:
                reply = await self._webhook(scope, receive)
            except asyncio.CancelledError:  # the server ends; its own answer to that would be 500
                await answer(send, self._receiver.refused(*STOPPING))
                raise
            except Exception:  # noqa: BLE001 - a 500 would hold every later event up for an hour
                _LOG.exception("a webhook could not be taken in")
                reply = self._receiver.refused(refusal(503, "failed"), "failed")
        if reply is not None:
            await answer(send, reply)

    async def _webhook(self, scope: Message, receive: Receive) -> Reply | None:
        """Return the answer to a webhook; None if whoever sent it has gone."""
        receiver = self._receiver
        began = time.monotonic()
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        given = dict(headers)
        signature, timestamp = given.get(SIGNATURE), given.get(TIMESTAMP)
        if (reply := receiver.unread(given.get(b"content-length"), signature, timestamp)) is not None:
            return reply
        body = await self._bodies.read(receive)
        if body is None:
            return None
        if isinstance(body, Reply):
            return receiver.refused(body, "crowded")
        if (reply := receiver.objection(body, signature, timestamp)) is not None:
            return reply
        try:
            position = await receiver.journal.written(kept(headers), body, receiver.received_us())
        except JournalUnavailableError as error:
            return receiver.unavailable(error)
        settling, lane = receiver.settling, receiver.journal.lane or 0
        if settling is not None and not await settling.settled(lane, position, began):
            return receiver.unsettled()
        receiver.acknowledged(time.monotonic() - began)
        return ACKNOWLEDGED

    async def _not_http(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
            return
        await receive()
        self._receiver.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await asyncio.to_thread(self._receiver.stop)
        await send({"type": "lifespan.shutdown.complete"})


class Bodies:
    """Reads the bodies of requests, and bounds what those that come in pieces take together.

    `longest` is the most bytes of a body that are read, `most` those of all bodies at once.
    """

    def __init__(self, longest: int, most: int = MAX_HELD) -> None:
        self._longest = longest
        self._most = most
        self._held = 0

    async def read(self, receive: Receive) -> bytes | Reply | None:
        """Return a body, or more than `longest` bytes of one; an answer if there is no room, None if nobody waits."""
        pieces: list[bytes] = []
        size, more = 0, True
        try:
            while more and size <= self._longest:
                if self._held > self._most and size > _SMALL:
                    return CROWDED
                message = await receive()
                if message["type"] != "http.request":
                    return None
                piece: bytes = message.get("body", b"")
                more = message.get("more_body", False)
                if not (more or pieces):  # as most come
                    return piece
                pieces.append(piece)
                size += len(piece)
                self._held += len(piece)
        finally:
            self._held -= size
        return b"".join(pieces)


async def answer(send: Send, reply: Reply, *more: tuple[bytes, bytes], head: bool = False) -> None:
    """Send an answer with `more` headers; `head` leaves its body out."""
    headers = _NO_BODY if reply is ACKNOWLEDGED else [(n.encode(), v.encode()) for n, v in reply.headers()]
    await send({"type": "http.response.start", "status": reply.status, "headers": [*headers, *more]})
    await send({"type": "http.response.body", "body": b"" if head else reply.body})


_NO_BODY: Final = [(b"content-length", b"0")]
