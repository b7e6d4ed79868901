"""Sends the webhooks of a served emulator in the background: over kept connections, several receivers at once.

Each answer makes the next request leave at once; now and then a look tells what has become due, or took too long.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import traceback
from contextlib import suppress

from ciokit.emulator.webhooks.connection import Address, Connection, address, request_bytes
from ciokit.emulator.webhooks.lines import Error, Outcome
from ciokit.emulator.webhooks.office import Shipment, Webhooks

_LOOK_SECONDS = 0.02
_SAVE_SECONDS = 0.25
_IDLE_CONNECTIONS = 64
_log = logging.getLogger("ciokit.emulator")


class Courier:
    """Carries out what the `webhooks` of one emulator have to send, until `stop`."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks
        self._loop = asyncio.get_running_loop()
        self._trips: set[_Trip] = set()
        self._opening: set[asyncio.Task[None]] = set()
        self._idle: dict[Address, list[_Trip]] = {}
        self._tls: ssl.SSLContext | None = None
        self._stopping = False
        webhooks.carried = True
        self._looking = self._loop.create_task(self._look())

    async def stop(self, patience: float) -> None:
        """Begin nothing new, wait for answers for some seconds, and keep what has arrived."""
        self._stopping = True
        self._webhooks.carried = False
        self._looking.cancel()
        with suppress(asyncio.CancelledError):
            await self._looking
        until = self._loop.time() + patience
        while self._loop.time() < until and any(trip.shipment for trip in self._trips):  # noqa: ASYNC110 - once
            await asyncio.sleep(_LOOK_SECONDS)
        for task in tuple(self._opening):
            task.cancel()
        for trip in tuple(self._trips):
            trip.leave()
        self._webhooks.save()

    async def _look(self) -> None:
        save_at = 0.0
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await asyncio.sleep(0)  # answers that came while the loop was busy are read before they are called late
            now = self._loop.time()
            try:
                for trip in tuple(self._trips):
                    trip.check(now)
                self._send_all()
                if now >= save_at:
                    self._webhooks.save()
                    save_at = now + _SAVE_SECONDS
            except Exception as error:  # noqa: BLE001  # one bad look must not end the sending for good
                trace = "".join(traceback.format_tb(error.__traceback__))  # without the text: it may hold personal data
                _log.error("sending webhooks failed with %s\n%s", type(error).__name__, trace)

    def _send_all(self) -> None:
        for webhook_id in self._webhooks.ready():
            while (shipment := self._webhooks.next(webhook_id)) is not None:
                self._send(shipment)

    def _send(self, shipment: Shipment) -> None:
        idle = self._idle.get(address(shipment.url))
        if idle:
            idle.pop().go(shipment)
        else:
            self._begin(shipment)

    def _begin(self, shipment: Shipment) -> None:
        trip = _Trip(self, address(shipment.url), shipment)
        self._trips.add(trip)
        task = self._loop.create_task(self._open(trip))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, trip: _Trip) -> None:
        to, deadline = trip.to, self._loop.time() + self._webhooks.options.timeout
        try:
            async with asyncio.timeout_at(deadline):
                _, connection = await self._loop.create_connection(
                    lambda: Connection(trip.answered, trip.lost), to.host, to.port, ssl=self._context(to)
                )
        except (OSError, UnicodeError) as error:
            trip.failed(_why(error))
        else:
            trip.opened(connection, deadline)

    def _context(self, to: Address) -> ssl.SSLContext | None:
        if to.tls and self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls if to.tls else None

    # Told by trips

    def finished(self, trip: _Trip, shipment: Shipment, outcome: Outcome) -> None:
        """Take in what came of a request, and let the next leave."""
        self._webhooks.done(shipment, outcome)
        following = None if self._stopping else self._webhooks.next(shipment.webhook_id)
        if not trip.is_open:
            self._trips.discard(trip)
            if following is not None:
                self._send(following)
        elif following is not None and following.url == shipment.url:
            trip.go(following)
        else:
            if following is not None:
                self._send(following)
            self._rest(trip)

    def repeat(self, trip: _Trip, shipment: Shipment) -> None:
        """Make a request again, on a new connection."""
        self._trips.discard(trip)
        shipment.again = True
        self._begin(shipment)

    def abandoned(self, shipment: Shipment) -> None:
        """Leave a request to whoever sends next."""
        self._webhooks.abandon(shipment)

    def gone(self, trip: _Trip) -> None:
        """Forget a connection that was not in use."""
        self._trips.discard(trip)
        idle = self._idle.get(trip.to, [])
        if trip in idle:
            idle.remove(trip)

    def deadline(self) -> float:
        """Return when a request that leaves now must be answered."""
        return self._loop.time() + self._webhooks.options.timeout

    def _rest(self, trip: _Trip) -> None:
        idle = self._idle.setdefault(trip.to, [])
        if len(idle) < _IDLE_CONNECTIONS:
            idle.append(trip)
        else:
            trip.leave()


class _Trip:
    """A connection and what is under way on it."""

    def __init__(self, courier: Courier, to: Address, shipment: Shipment) -> None:
        self.to = to
        self.shipment: Shipment | None = shipment
        self._courier = courier
        self._connection: Connection | None = None

    @property
    def is_open(self) -> bool:
        return self._connection is not None and not self._connection.closed

    def opened(self, connection: Connection, deadline: float) -> None:
        self._connection = connection
        if self.shipment is not None:
            self._post(connection, self.shipment, deadline)

    def go(self, shipment: Shipment) -> None:
        self.shipment = shipment
        if self._connection is not None:
            self._post(self._connection, shipment, self._courier.deadline())

    def check(self, now: float) -> None:
        connection = self._connection
        if connection is not None and 0 < connection.deadline <= now:
            connection.give_up()

    def leave(self) -> None:
        shipment, self.shipment = self.shipment, None
        if self._connection is not None:
            self._connection.close()
        if shipment is not None:
            self._courier.abandoned(shipment)

    def answered(self, outcome: Outcome) -> None:
        shipment, self.shipment = self.shipment, None
        if shipment is not None:
            self._courier.finished(self, shipment, outcome)

    def failed(self, error: Error) -> None:
        self.answered(Outcome(error=error))

    def lost(self) -> None:
        shipment, self.shipment = self.shipment, None
        if shipment is None:
            self._courier.gone(self)
        elif not shipment.again:
            self._courier.repeat(self, shipment)
        else:
            self._courier.finished(self, shipment, Outcome(error="eof"))

    def _post(self, connection: Connection, shipment: Shipment, deadline: float) -> None:
        connection.post(request_bytes(self.to, shipment.timestamp, shipment.signature, shipment.body), deadline)


def _why(error: OSError | UnicodeError) -> Error:
    """Return why there is no connection, in the words of what it means for the next try."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, socket.gaierror | UnicodeError):
        return "no such host"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    return "reset" if isinstance(error, ConnectionResetError) else "unreachable"
