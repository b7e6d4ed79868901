"""The emulator as a transport inside the process: no socket, and nobody waits for real."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ciokit.core.wire import Request, Response
from ciokit.errors import NetworkError, NetworkTimeoutError

if TYPE_CHECKING:
    from ciokit.emulator.app import Emulator

_CLOCK = threading.Event()  # never set: somebody else does what is waited for


class InProcessTransport:
    """Hands requests to an emulator. A late answer moves the emulator's clock instead of waiting."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def send(self, request: Request) -> Response:
        """Return the emulator's answer, or raise what a broken or slow connection would raise."""
        reply = self._emulator.handle(request)
        while reply.again is not None:
            _CLOCK.wait(reply.delay)
            reply = reply.again()
        if reply.delay > request.timeout:
            self._emulator.clock.advance(request.timeout)
            raise NetworkTimeoutError(
                f"no answer within {request.timeout:g} s; it may have been taken in",
                maybe_sent=True,
                request=request.label,
            )
        if reply.delay:
            self._emulator.clock.advance(reply.delay)
        if reply.reset:
            raise NetworkError(
                "the connection was reset before an answer came; it may have been taken in",
                maybe_sent=True,
                request=request.label,
            )
        return reply.response

    def close(self) -> None:
        """Do nothing: the emulator belongs to whoever made it."""


class AsyncInProcessTransport:
    """The awaitable twin of `InProcessTransport`."""

    def __init__(self, emulator: Emulator) -> None:
        self._blocking = InProcessTransport(emulator)

    async def send(self, request: Request) -> Response:
        """Return the emulator's answer, or raise what a broken or slow connection would raise."""
        return self._blocking.send(request)

    async def aclose(self) -> None:
        """Do nothing: the emulator belongs to whoever made it."""
