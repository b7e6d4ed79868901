"""The receiver as a WSGI application: run it with gunicorn, or mount it in Flask or Django.

```python
from werkzeug.middleware.dispatcher import DispatcherMiddleware

receiver = WebhookReceiver(secrets, "journal")
flask_app.wsgi_app = DispatcherMiddleware(flask_app.wsgi_app, {"/webhooks": WsgiApp(receiver)})
```

Each process of a server takes a lane of the journal for itself when its first webhook comes, also where the application
was loaded before the fork. Use threads (gunicorn's `gthread`): those that wait for the disk at the same time share one
sync. Put a proxy in front that reads requests whole: WSGI servers wait for slow ones with a thread.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Protocol

from ciokit.webhooks.receiver import SIGNATURE, TIMESTAMP, Reply, WebhookReceiver, refusal

_LOG = logging.getLogger("ciokit.webhooks.receiver")
_PIECE = 64 << 10
_PLAIN = {"CONTENT_TYPE": b"content-type", "CONTENT_LENGTH": b"content-length"}


class _Input(Protocol):
    def read(self, size: int, /) -> bytes: ...


class WsgiApp:
    """Serves a receiver; all threads of the server may call it at once."""

    def __init__(self, receiver: WebhookReceiver) -> None:
        self._receiver = receiver

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        """Answer one request."""
        method: str = environ["REQUEST_METHOD"]
        try:
            reply = self._answer(method, environ)
        except Exception:  # noqa: BLE001 - a 500 would hold every later event up for an hour
            _LOG.exception("a webhook could not be taken in")
            reply = self._receiver.refused(refusal(503, "failed"), "failed")
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", reply.headers())
        return [] if method == "HEAD" else [reply.body]

    def _answer(self, method: str, environ: dict[str, Any]) -> Reply:
        receiver = self._receiver
        path = environ.get("PATH_INFO") or "/"
        if (reply := receiver.other(method, path)) is not None:
            return reply
        headers = _headers(environ)
        given = dict(headers)
        length = given.get(b"content-length")
        if (reply := receiver.unread(length, given.get(SIGNATURE), given.get(TIMESTAMP))) is not None:
            return reply
        body = _body(environ, length, receiver.max_body)
        return receiver.handle(method, path, headers, body)


def _headers(environ: dict[str, Any]) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = []
    for key, value in environ.items():
        if key.startswith("HTTP_"):
            found.append((key[5:].replace("_", "-").lower().encode("latin-1"), value.encode("latin-1")))
        elif key in _PLAIN and value:
            found.append((_PLAIN[key], value.encode("latin-1")))
    return found


def _body(environ: dict[str, Any], length: bytes | None, max_body: int) -> bytes:
    """Return the body, or its first bytes if it is longer than `max_body`.

    Without a length it is read to its end only where the server says that there is one (`wsgi.input_terminated`).
    """
    if length is not None and length.isdigit():
        left = int(length)
    else:
        left = max_body + 1 if environ.get("wsgi.input_terminated") else 0
    source: _Input = environ["wsgi.input"]
    pieces: list[bytes] = []
    while left > 0 and (piece := source.read(min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
