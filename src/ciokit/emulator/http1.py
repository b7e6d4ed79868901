"""One client connection of the emulator: HTTP/1.1 bytes in, requests to the emulator, answers out; no behaviour here.

[h11](https://h11.readthedocs.io) knows the protocol and does no I/O; this module feeds it from an asyncio transport.
Requests on one connection are answered strictly in their order, also when they are pipelined or one answer is late.
"""

from __future__ import annotations

import asyncio
import email.utils
import http
import json
import logging
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol, cast

import h11

from ciokit.core.wire import Request, Response
from ciokit.emulator.reply import Reply

MAX_BODY = 64 * 1024 * 1024
MAX_HEAD = 64 * 1024

# Closing a socket with unread bytes makes the kernel send a reset, which can destroy the answer on its way to a client
# that is still sending. So the rest of a refused request is read and thrown away for this long.
LINGER_SECONDS = 5.0

_FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "date"})
_BODILESS = frozenset({204, 304})
_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_log = logging.getLogger("ciokit.emulator")


class Handler(Protocol):
    """Whatever decides about requests: the `Emulator`. Called on the server's loop only, so it must be quick."""

    def handle(self, request: Request) -> Reply:
        """Return what to do about `request`, whose header names are lower case."""
        ...


class HttpConnection(asyncio.Protocol):
    """Serves one connection; adds itself to `open_connections` while it lives."""

    def __init__(self, handler: Handler, base_url: str, open_connections: set[HttpConnection]) -> None:
        self._handler = handler
        self._scheme, _, self._authority = base_url.partition("://")
        self._open_connections = open_connections
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        self._head: h11.Request | None = None
        self._body: list[bytes] = []
        self._size = 0
        self._late: asyncio.TimerHandle | None = None
        self._full = False
        self._lingering: asyncio.TimerHandle | None = None
        self._transport = cast("asyncio.Transport", None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)
        self._open_connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's signature
        """Forget everything: nobody is there to be answered."""
        self._open_connections.discard(self)
        for timer in (self._late, self._lingering):
            if timer is not None:
                timer.cancel()

    def data_received(self, data: bytes) -> None:
        """Take bytes in and answer each request they complete."""
        if self._lingering is None:
            self._http.receive_data(data)
            self._advance()

    def eof_received(self) -> bool:
        """Learn that the client sends no more; it may still wait for an answer."""
        if self._lingering is not None:
            return False
        self._http.receive_data(b"")
        self._advance()
        # True keeps our half open for an answer that is still to come. TLS has no half-closed state.
        return self._blocked and self._scheme == "http"

    def pause_writing(self) -> None:
        """Stop reading while the client does not read its answers, so that they cannot pile up here."""
        self._full = True
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on when the client has caught up."""
        self._full = False
        self._resume()

    def close(self, *, at_once: bool = False) -> None:
        """End the connection after what is already written, or `at_once` without even that."""
        if at_once:
            self._transport.abort()
        else:
            self._transport.close()

    @property
    def _blocked(self) -> bool:
        return self._late is not None or self._full

    def _resume(self) -> None:
        if not self._blocked and not self._transport.is_closing():
            self._transport.resume_reading()
            self._advance()

    def _advance(self) -> None:
        while not self._blocked and self._lingering is None and not self._transport.is_closing():
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                self._refuse(error.error_status_hint, "This is not a valid HTTP/1.1 request.")
                return
            if event is h11.NEED_DATA:
                return
            if isinstance(event, h11.Request):
                self._begin(event)
            elif isinstance(event, h11.Data):
                self._collect(event.data)
            elif isinstance(event, h11.EndOfMessage):
                self._complete()
            else:
                self._transport.close()

    def _begin(self, head: h11.Request) -> None:
        self._head, self._body, self._size = head, [], 0
        declared = next((int(value) for name, value in head.headers if name == b"content-length"), 0)
        if head.method == b"CONNECT":
            self._refuse(405, "The emulator is no proxy: send requests to it directly.")
        elif declared > MAX_BODY:
            self._refuse_size()
        elif self._http.they_are_waiting_for_100_continue:
            self._transport.write(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))

    def _collect(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > MAX_BODY:
            self._refuse_size()
        else:
            self._body.append(data)

    def _complete(self) -> None:
        head = cast("h11.Request", self._head)
        target = head.target.decode("ascii")
        if target == "*":
            self._send(Response(204, {"allow": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}))
            return
        headers = _joined(head)
        if target.startswith("/"):
            target = f"{self._scheme}://{headers.get('host') or self._authority}{target}"
        request = Request(head.method.decode("ascii"), target, headers, b"".join(self._body))
        self._body = []
        self._reply(_decide(self._handler, request))

    def _reply(self, reply: Reply) -> None:
        if reply.delay > 0:
            self._transport.pause_reading()
            self._late = asyncio.get_running_loop().call_later(reply.delay, self._reply_late, reply)
        else:
            self._deliver(reply)

    def _reply_late(self, reply: Reply) -> None:
        self._late = None
        if reply.again is not None:
            reply = _guarded(reply.again, "late")
            if reply.delay > 0:
                self._reply(reply)
                return
        self._deliver(reply)
        self._resume()

    def _deliver(self, reply: Reply) -> None:
        if reply.reset:
            # Only a zero linger time makes the kernel send RST, which is what a broken connection looks like.
            wire = self._transport.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            self._transport.abort()
        else:
            self._send(reply.response)

    def _refuse_size(self) -> None:
        self._refuse(413, f"The body is larger than {MAX_BODY} bytes, the most the emulator takes in.")

    def _refuse(self, status: int, reason: str) -> None:
        """Answer without asking the emulator, then close: what follows on the connection cannot be trusted."""
        if self._http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            self._send(_problem(status, reason, {"connection": "close"}))
        else:
            self._transport.close()

    def _send(self, response: Response) -> None:
        method = self._head.method if self._head is not None else b"GET"
        self._head = None
        head, body = _framed(response)
        wire = self._http.send(head)
        if body and method != b"HEAD":
            wire += self._http.send(h11.Data(data=body))
        self._transport.write(wire + self._http.send(h11.EndOfMessage()))
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
        elif self._http.their_state in (h11.MUST_CLOSE, h11.CLOSED):
            self._transport.close()
        else:
            self._linger()

    def _linger(self) -> None:
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._lingering = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._transport.close)


def _decide(handler: Handler, request: Request) -> Reply:
    return _guarded(lambda: handler.handle(request), request.method)


def _guarded(decide: Callable[[], Reply], what: str) -> Reply:
    try:
        return decide()
    except Exception as error:  # noqa: BLE001  # a fault in one request must not end the server for all others
        # The error's own text may hold personal data: its type and place are enough to find it.
        trace = "".join(traceback.format_tb(error.__traceback__))
        _log.error("the emulator failed with %s on a %s request\n%s", type(error).__name__, what, trace)
        return Reply(_problem(500, "The emulator itself failed; its log says where.", {}))


def _problem(status: int, reason: str, headers: dict[str, str]) -> Response:
    body = json.dumps({"errors": [{"detail": reason, "status": str(status)}]}).encode()
    return Response(status, {"content-type": "application/json", **headers}, body)


def _joined(head: h11.Request) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _framed(response: Response) -> tuple[h11.Response, bytes]:
    """Return head and body for the wire; the framing is ours, whatever the answer says of it."""
    headers = [(name, value) for name, value in response.headers.items() if name not in _FRAMING]
    body = b"" if response.status in _BODILESS else response.body
    if response.status not in _BODILESS:
        headers.append(("content-length", str(len(body))))
    if response.headers.get("connection") == "close":
        headers.append(("connection", "close"))
    headers.append(("date", _date(int(time.time()))))
    return h11.Response(status_code=response.status, headers=headers, reason=_reason(response.status)), body


@lru_cache(maxsize=64)
def _reason(status: int) -> str:
    return http.HTTPStatus(status).phrase if status in set(http.HTTPStatus) else ""


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return email.utils.formatdate(second, usegmt=True)
