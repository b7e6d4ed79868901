"""The two drivers that carry steps out, one blocking and one awaitable: the only place where I/O happens."""

from __future__ import annotations

from typing import TypeVar

from ciokit.core.connection import Connection
from ciokit.core.flow import Flow, Outcome, Wait, perform
from ciokit.core.wire import AsyncTransport, Transport
from ciokit.errors import ConfigurationError, NetworkError

T = TypeVar("T")


class BlockingSender:
    """Runs flows to their end in the calling thread."""

    def __init__(self, connection: Connection, transport: Transport) -> None:
        self.connection = connection
        self.transport = transport
        self.closed = False

    def run(self, flow: Flow[T]) -> T:
        """Carry a flow out and return its value."""
        _refuse_closed(self.closed)
        steps = perform(flow, self.connection.exchange)
        outcome: Outcome | None = None
        stopped: BaseException | None = None
        try:
            while True:
                step = steps.throw(stopped) if stopped else steps.send(outcome)
                outcome = None
                try:
                    if isinstance(step, Wait):
                        self.connection.clock.sleep(step.seconds)
                    else:
                        outcome = self.transport.send(step)
                except NetworkError as error:
                    outcome = error
                except BaseException as error:  # noqa: BLE001 - raised again by the steps
                    stopped = error
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            steps.close()

    def close(self) -> None:
        """Close the connections; a further call raises `ConfigurationError`."""
        self.closed = True
        self.transport.close()


class AwaitableSender:
    """Runs flows to their end without blocking the event loop."""

    def __init__(self, connection: Connection, transport: AsyncTransport) -> None:
        self.connection = connection
        self.transport = transport
        self.closed = False

    async def run(self, flow: Flow[T]) -> T:
        """Carry a flow out and return its value."""
        _refuse_closed(self.closed)
        steps = perform(flow, self.connection.exchange)
        outcome: Outcome | None = None
        stopped: BaseException | None = None
        try:
            while True:
                step = steps.throw(stopped) if stopped else steps.send(outcome)
                outcome = None
                try:
                    if isinstance(step, Wait):
                        await self.connection.clock.asleep(step.seconds)
                    else:
                        outcome = await self.transport.send(step)
                except NetworkError as error:
                    outcome = error
                except BaseException as error:  # noqa: BLE001 - raised again by the steps
                    stopped = error
        except StopIteration as stop:
            result: T = stop.value
            return result
        finally:
            steps.close()

    async def close(self) -> None:
        """Close the connections; a further call raises `ConfigurationError`."""
        self.closed = True
        await self.transport.aclose()


def _refuse_closed(closed: bool) -> None:
    if closed:
        raise ConfigurationError("the client is closed; make a new one, or move the call inside its `with` block")
