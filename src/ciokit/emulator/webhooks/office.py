"""The reporting webhooks of one emulator: what is to be sent now, what came of it, and how it stands.

Whoever does the sending asks for the `next` request and tells what is `done`; `deliver` does both in the calling
thread.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ciokit.core.transport import HttpTransport, TransportOptions
from ciokit.core.wire import Request, Response
from ciokit.emulator.state import Record
from ciokit.emulator.webhooks.bodies import body_of
from ciokit.emulator.webhooks.faults import Rules, made_up, twisted
from ciokit.emulator.webhooks.happened import name_of
from ciokit.emulator.webhooks.lines import Line, Outcome, Parcel
from ciokit.errors import NetworkError, NetworkTimeoutError
from ciokit.webhooks.signature import sign

if TYPE_CHECKING:
    from ciokit.app_api.reporting_webhooks import ReportingWebhook
    from ciokit.emulator.app import Emulator

SIGNING_KEY = "emulator-signing-key"
"""What an emulator signs with unless it is told otherwise."""

Send = Callable[[Request], Response]

_FORGER = "not the signing key"
_POLL_SECONDS = 0.01
_ELSEWHERE = "is not on this machine; --webhooks-anywhere (WebhookOptions.anywhere) sends there too"
_log = logging.getLogger("ciokit.emulator")


@dataclass(frozen=True, slots=True)
class WebhookOptions:
    """How an emulator sends webhooks.

    - `signing_key`: what they are signed with.
    - `anywhere`: whether other machines are sent to; by default only this one is, by an address such as 127.0.0.1 or as
      `localhost`: a world may hold copies of real people.
    - `timeout`: how many seconds of the machine's time an answer may take (reporting webhooks spec: 4).
    """

    signing_key: str = SIGNING_KEY
    anywhere: bool = False
    timeout: float = 4.0


@dataclass(slots=True, eq=False)
class Shipment:
    """One request to make: a POST of `body` to `url`, with two headers; `again`: a lost socket swallowed it once."""

    webhook_id: int
    url: str
    timestamp: int
    signature: str
    body: bytes
    line: Line
    parcel: Parcel
    again: bool = False

    def request(self, timeout: float) -> Request:
        """Return the request as plain data."""
        headers = {
            "content-type": "application/json",
            "x-cio-timestamp": str(self.timestamp),
            "x-cio-signature": self.signature,
        }
        return Request("POST", self.url, headers, self.body, "POST a webhook", timeout)


@dataclass(frozen=True, slots=True)
class Delivered:
    """How the webhooks of an emulator stand together; see `Webhooks.status` for each."""

    sent: int
    acknowledged: int
    failed: int
    dropped: int
    backlog: int


class Webhooks:
    """The webhooks of an emulator; safe to use from many threads."""

    def __init__(self, emulator: Emulator, options: WebhookOptions) -> None:
        self.options = options
        self.rules = Rules()
        self.carried = False
        """Whether somebody sends in the background."""
        self._emulator = emulator
        self._kept: Mapping[str, Any] | None = None
        self._unsaved = False
        self._closed = False

    # For whoever sends

    @property
    def concurrency(self) -> int:
        """How many events of one webhook are under way at once."""
        return max(1, int(self._emulator.world.switches.webhook_concurrency))

    def ready(self) -> list[int]:
        """Let happen what is due, and return the numbers of the webhooks that have something to send now."""
        with self._emulator.lock:
            world = self._emulator.world
            if self._closed or not world.held.webhooks:
                return []
            self._emulator.catch_up()
            self._distribute()
            now = self._emulator.clock.now()
            return [number for number, each in world.held.webhooks.items() if self._can_send(each, now)]

    def next(self, webhook_id: int) -> Shipment | None:
        """Return the next request of a webhook, which is then under way; None if there is none now."""
        with self._emulator.lock:
            webhook = self._emulator.world.held.webhooks.get(webhook_id)
            now = self._emulator.clock.now()
            if webhook is None or not self._can_send(webhook, now):
                return None
            line = self._emulator.world.outgoing.line(webhook_id)
            parcel = line.take(now, self.concurrency)
            if parcel is None:
                return None
            if not (parcel.looked_at or parcel.extra) and self.rules.rules:
                name = name_of(self._emulator.world.outgoing.happened[parcel.place])
                parcel = self.rules.trouble(line, parcel, webhook_id, name)
            return self._shipment(webhook_id, webhook, line, parcel, now)

    def done(self, shipment: Shipment, outcome: Outcome) -> None:
        """Take in what came of a request."""
        with self._emulator.lock:
            retry = self._emulator.world.switches.webhook_retry_seconds
            now = self._emulator.clock.now()
            if not shipment.line.done(shipment.parcel, outcome, now, retry):
                _log.warning("webhook %d: an event was dropped after seven days of tries", shipment.webhook_id)
            self._unsaved = True

    def abandon(self, shipment: Shipment) -> None:
        """Take back a request of which nothing will come: it is made again later, and does not count as a try."""
        with self._emulator.lock:
            shipment.line.in_flight -= 1
            shipment.line.put_back(shipment.parcel)

    def save(self) -> None:
        """Keep in the state directory what has arrived; what has not is sent again after a restart."""
        with self._emulator.lock:
            journal = self._emulator.journal
            if not self._unsaved or journal is None or self._closed:
                return
            outgoing = self._emulator.world.outgoing
            lines = {str(number): line.kept() for number, line in outgoing.lines.items()}
            record = Record("webhooks", self._emulator.clock.now(), {"generation": outgoing.generation, "lines": lines})
            try:
                journal.add(record)
            except OSError as error:  # a full disk: the same is sent again after a restart
                _log.warning("what webhooks have arrived could not be kept: %s", error.strerror)
            self._unsaved = False

    # For the emulator

    def restore(self, detail: Mapping[str, Any]) -> None:
        """Go on from what was kept, once the world is what it was."""
        self._kept = detail
        self._emulator.world.outgoing.generation = detail["generation"]

    def forget(self) -> None:
        """Take in that the world was emptied, rules and all."""
        self.rules = Rules()
        self._kept = None
        self._unsaved = True
        self.save()

    def close(self) -> None:
        """Keep what has arrived, and send nothing more."""
        self.save()
        self._closed = True

    # For people

    def deliver(self, send: Send | None = None) -> Delivered:
        """Send everything that can be sent now, in the calling thread, and return how it stands.

        `send` makes one request and returns the answer, or raises `NetworkError`; by default it is made over HTTP.
        """
        with closing(HttpTransport(TransportOptions())) as transport:
            carry = send or transport.send
            try:
                while ready := self.ready():
                    for number in ready:
                        shipment = self.next(number)
                        if shipment is not None:
                            self._carry(shipment, carry)
            finally:
                self.save()
        return self.total()

    def _carry(self, shipment: Shipment, send: Send) -> None:
        try:
            outcome = _outcome(send, shipment.request(self.options.timeout))
        except BaseException:
            self.abandon(shipment)
            raise
        self.done(shipment, outcome)

    def settle(self, timeout: float = 30.0) -> bool:
        """Wait until nothing can be sent any more, and return whether everything has arrived.

        What waits for its next try is not waited for: `advance` the emulator. Sends in the calling thread if nobody
        does in the background; never call it from the event loop that serves the emulator.
        """
        if not self.carried:
            self.deliver()
        clock = threading.Event()
        for _ in range(int(timeout / _POLL_SECONDS)):
            if self.is_quiet():
                break
            clock.wait(_POLL_SECONDS)
        return self.is_quiet() and self.total().backlog == 0

    def is_quiet(self) -> bool:
        """Whether nothing is under way, and nothing can be sent now."""
        with self._emulator.lock:
            ready = self.ready()
            return not ready and not any(line.in_flight for line in self._emulator.world.outgoing.lines.values())

    def total(self) -> Delivered:
        """Return how all webhooks stand together."""
        with self._emulator.lock:
            self.ready()
            lines = [self._emulator.world.outgoing.line(number) for number in self._emulator.world.held.webhooks]
            names = ("sent", "acknowledged", "failed", "dropped", "backlog")
            return Delivered(*(sum(getattr(line, name) for line in lines) for name in names))

    def status(self) -> dict[str, Any]:
        """Return how each webhook stands, and what receivers need to know."""
        with self._emulator.lock:
            self.ready()
            webhooks = self._emulator.world.held.webhooks.items()
            lines = self._emulator.world.outgoing
            return {
                "signing_key": self.options.signing_key,
                "in_background": self.carried,
                "total": asdict(self.total()),
                "webhooks": [self._standing(number, each, lines.line(number)) for number, each in webhooks],
            }

    def _standing(self, number: int, webhook: ReportingWebhook, line: Line) -> dict[str, Any]:
        return {
            "id": number,
            "name": webhook["name"],
            "endpoint": webhook["endpoint"],
            "disabled": webhook.get("disabled") is True,
            "problem": "" if self._may_reach(webhook["endpoint"]) else _ELSEWHERE,
            "sent": line.sent,
            "acknowledged": line.acknowledged,
            "failed": line.failed,
            "dropped": line.dropped,
            "backlog": line.backlog,
            "in_flight": line.in_flight,
            "tries": line.failing.attempts if line.failing is not None else 0,
            "next_try": line.next_try or None,
            "last_answer": str(line.last) if line.last is not None else None,
            "made_up": {"acknowledged": line.extra, "forged": line.forged, "forged_refused": line.refused},
        }

    def _distribute(self) -> None:
        outgoing = self._emulator.world.outgoing
        outgoing.distribute(self._emulator.world)
        kept, self._kept = self._kept, None
        for number, line in (kept or {}).get("lines", {}).items():
            if int(number) in outgoing.lines:
                outgoing.lines[int(number)].restore(line)

    def _can_send(self, webhook: ReportingWebhook, now: float) -> bool:
        if webhook.get("disabled") or not self._may_reach(webhook["endpoint"]):
            return False
        line = self._emulator.world.outgoing.line(webhook.get("id", 0))
        return line.can_send(now, self.concurrency)

    def _may_reach(self, endpoint: str) -> bool:
        return self.options.anywhere or _is_here(endpoint)

    def _shipment(self, webhook_id: int, webhook: ReportingWebhook, line: Line, parcel: Parcel, now: float) -> Shipment:
        if not parcel.body:
            content = webhook.get("with_content") is True
            made = made_up(parcel.twist)
            parcel.body = twisted(
                parcel.twist, body_of(self._emulator.world, parcel.place, with_content=content, made_up=made)
            )
        timestamp = int(now - parcel.age)
        parcel.age = 0.0
        signature = sign(parcel.body, timestamp, _FORGER if parcel.forged else self.options.signing_key)
        return Shipment(webhook_id, webhook["endpoint"], timestamp, signature, parcel.body, line, parcel)


@lru_cache(maxsize=256)
def _is_here(endpoint: str) -> bool:
    host = (urlsplit(endpoint).hostname or "").rstrip(".")
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost" or host.endswith(".localhost")


def _outcome(send: Send, request: Request) -> Outcome:
    try:
        return Outcome(send(request).status)
    except NetworkTimeoutError:
        return Outcome(error="timeout")
    except NetworkError as error:
        return Outcome(error="eof" if error.maybe_sent else "refused")
