"""The emulator as one object: a request in, a reply out, and a world in between.

```python
with Emulator() as emulator:
    client = CustomerIOClient("any-key", transport=emulator.transport)
```

Sockets are `ciokit.emulator.server`, and what there is under `/_emulator` is `ciokit.emulator.control`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs

import orjson

from ciokit.core.endpoint import Route
from ciokit.core.wire import Request, Response
from ciokit.emulator import behaviour, seeds
from ciokit.emulator.clock import EmulatorClock
from ciokit.emulator.control import Control
from ciokit.emulator.deliveries import letter
from ciokit.emulator.envelopes import envelope
from ciokit.emulator.faults import Fault, Faults
from ciokit.emulator.files import Files, is_file
from ciokit.emulator.ingest import Arrival, Ingest
from ciokit.emulator.inprocess import AsyncInProcessTransport, InProcessTransport
from ciokit.emulator.keys import Keys
from ciokit.emulator.ledger import Ledger
from ciokit.emulator.life import Life
from ciokit.emulator.operations import Operations, Sent
from ciokit.emulator.reply import Reply
from ciokit.emulator.routing import ApiFault
from ciokit.emulator.state import Journal, Record
from ciokit.emulator.switches import DEFAULTS, Switches
from ciokit.emulator.traffic import Asked, Paces, Traffic
from ciokit.emulator.webhooks.office import Delivered, Send, WebhookOptions, Webhooks
from ciokit.emulator.world import World
from ciokit.errors import ConfigurationError

__all__ = ["Emulator", "behaviour"]

_OLD = "/v1/api/"  # where customerio-node 4.4 triggers broadcasts
_CONTROL = "/_emulator"


class Emulator:
    """A local Customer.io workspace.

    - `key`: the only key that is let in; without one, any that is not empty. See `ciokit.emulator.keys` for others.
    - `state`: a directory that keeps the world across restarts; without one it is gone with the process.
    - `switches`: how to behave where the vendor is silent. Kept in `state` too: given again, other than the default,
      they replace the kept ones.
    - `clock`: the emulator's time.
    - `webhooks`: how reporting webhooks are signed, and where they may go.

    Safe to use from many threads. Raises `ConfigurationError` if `state` cannot be used, is in use, or is damaged.
    """

    def __init__(
        self,
        *,
        key: str | None = None,
        state: Path | None = None,
        switches: Switches = DEFAULTS,
        clock: EmulatorClock | None = None,
        webhooks: WebhookOptions = WebhookOptions(),  # noqa: B008 - frozen
    ) -> None:
        self.clock = clock or EmulatorClock()
        self.world = World(switches)
        self.ledger = Ledger()
        self.ingest = Ingest(self.world, self.ledger)
        self.faults = Faults()
        self.traffic = Traffic()
        self.files = Files(self.world, self.clock)
        self.transport = InProcessTransport(self)
        self.async_transport = AsyncInProcessTransport(self)
        self.keys = Keys(key)
        self.lock = threading.RLock()
        """Held by whoever looks at the world while others may change it."""
        self.webhooks = Webhooks(self, webhooks)
        self._control = Control(self)
        self._paces = Paces()
        self._operations = Operations(self.world, self.ingest, self.files.fetch)
        self._closed = False
        self.journal: Journal | None = None
        if state is not None:
            journal = Journal(Path(state))
            try:
                self._replay(journal, switches)
            except BaseException:
                journal.close()
                raise
            self.journal = journal

    # What happens to a request

    def handle(self, request: Request) -> Reply:
        """Decide about one request; header names in any casing, `url` complete."""
        with self.lock:
            if self._closed:
                raise ConfigurationError("the emulator is closed; make a new one")
            self.world.origin, target = _split(request.url)
            path, _, query = target.partition("?")
            if is_file(path):
                return Reply(self.files.handle(request.method, path, parse_qs(query), request.body))
            if path == _CONTROL or path.startswith(_CONTROL + "/"):
                name = path.removeprefix(_CONTROL).strip("/")
                return self._control.handle(request.method, name, parse_qs(query), request.body)
            if path.startswith(_OLD):
                path = "/v1/" + path.removeprefix(_OLD)
            return self._answered(request, path, query)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the state directory; the world can still be looked at."""
        with self.lock:
            self._closed = True
            self.webhooks.close()
            if self.journal is not None:
                self.journal.close()

    def _answered(self, request: Request, path: str, query: str) -> Reply:
        at = self.clock.now()
        headers = {name.lower(): value for name, value in request.headers.items()}
        route: Route | None = None
        lost: ApiFault | None = None
        try:
            route = self._operations.find(request.method, path)
        except ApiFault as fault:
            lost = fault
        label = route.label if route is not None else f"{request.method} {path}"
        rule = self.faults.decide(label, f"{request.method} {path}")
        if rule is not None and not rule.commits:
            response = _failure(rule, route)
        elif route is None:
            response = envelope(None, lost or ApiFault(404, "no route"))
        else:
            response = self._served(route, Request(request.method, path, headers, request.body), query, at)
            if rule is not None and rule.status is not None:
                response = _failure(rule, route)
        reset = rule.reset if rule is not None else ""
        asked = Asked(
            self.traffic.requests + 1,
            at,
            request.method,
            path + (f"?{query}" if query else ""),
            label,
            headers.get("x-strict-mode") == "1",
            response.status,
            len(request.body),
            request.body or None,
            rule.id if rule is not None else None,
        )
        self.traffic.note(asked, "reset" if reset else str(response.status))
        return Reply(response, rule.delay if rule is not None else 0.0, reset)

    def _served(self, route: Route, request: Request, query: str, at: float) -> Response:
        try:
            if self.world.switches.rate_limits == "enforce":
                self._keep_pace(route.surface, at)
            if route.surface == "pipelines":
                return self._pipelines(route, request, at)
            return self._read(route, request, query, at)
        except ApiFault as fault:
            items = self._operations.refused(route, request.body)
            if items and self.journal is not None:
                self.journal.add(Record("refused", at, {"items": items}))
            return envelope(route, fault)

    def _pipelines(self, route: Route, request: Request, at: float) -> Response:
        headers = request.headers
        encoding = headers.get("content-encoding", "").strip().lower()
        arrival = Arrival(
            route.path.rpartition("/")[2],
            request.body,
            strict=headers.get("x-strict-mode") == "1",
            authorized=self.keys.allow(route.surface, headers.get("authorization", "")) is not None,
            encoding="" if encoding == "identity" else encoding,
        )
        if self.journal is not None:
            detail = {"kind": arrival.kind, "strict": arrival.strict, "authorized": arrival.authorized}
            self.journal.add(Record("receive", at, {**detail, "encoding": arrival.encoding}, arrival.body))
        return self.ingest.receive(arrival, at)

    def _read(self, route: Route, request: Request, query: str, at: float) -> Response:
        if not self._operations.is_open(route):
            self.keys.check(route, request.headers, writes=self._operations.writes(route))
        self.ingest.settle(at)
        keep = self.journal.add if self.journal is not None else None
        return self._operations.serve(route, Sent.of(request, query), at, keep)

    def _keep_pace(self, surface: str, at: float) -> None:
        wait = self._paces.over(surface, at)
        if wait is not None:
            raise ApiFault(429, f"the {surface} pace is exceeded", {"retry-after": str(wait)})

    # What tests and the control API do to it

    @property
    def key(self) -> str | None:
        """The only key that is let in, if no other is named; it can be set."""
        return self.keys.only

    @key.setter
    def key(self, key: str | None) -> None:
        self.keys.only = key

    def stats(self) -> dict[str, Any]:
        """Return counts of what was asked, what became of it, and what the world holds."""
        with self.lock:
            self.catch_up()
            return self._control.stats()

    def reset(self) -> None:
        """Forget the world, the ledger, the request log and all faults; clock, switches and life stay."""
        with self.lock:
            self._forget()
            self.faults.remove()
            self.traffic = Traffic()
            if self.journal is not None:
                self.journal.clear()
                self._note_settings()
            self.webhooks.forget()

    def seed(self, given: seeds.Seed | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Put people, messages and segments into the world, or just messages; see `ciokit.emulator.seeds`.

        Messages are in wire form with their `type`. They do not count as traffic, and no size limit holds. Return what
        had no effect, as `{"index": ..., "field": ..., "reason": ...}`. Raises `ValidationError` for what breaks a
        rule; then nothing is taken.
        """
        with self.lock:
            at = self.catch_up()
            whole = given if isinstance(given, Mapping) else {"messages": list(given)}
            seed = seeds.read(whole, self.world)
            if self.journal is not None:
                self.journal.add(Record("seed", at, body=orjson.dumps(whole)))
            return seeds.plant(self.world, seed)

    def switch(self, changes: Mapping[str, Any]) -> None:
        """Set some switches; `ValidationError` names a wrong one and what it can be."""
        with self.lock:
            self.catch_up()
            self.world.switches = self.world.switches.changed(changes)
            self._note_settings()

    def let_live(self, changes: Mapping[str, Any]) -> None:
        """Set some of what becomes of messages sent from now on: see `ciokit.emulator.life.Life`.

        `ValidationError` names what is wrong.
        """
        with self.lock:
            self.catch_up()
            self.world.life = self.world.life.changed(changes)
            self._note_settings()

    def outbox(self) -> list[dict[str, Any]]:
        """Return every message that was sent, oldest first: `recipient`, `subject`, `body`, `channel` and more."""
        with self.lock:
            self.catch_up()
            return [letter(each) for each in self.world.messaging.deliveries if "sent" in each.metrics]

    def deliver_webhooks(self, send: Send | None = None) -> Delivered:
        """Send the reporting webhooks that are due, in the calling thread; see `ciokit.emulator.webhooks.office`.

        `send` makes one request; by default it goes over HTTP. A served emulator sends by itself.
        """
        return self.webhooks.deliver(send)

    def advance(self, seconds: float) -> None:
        """Let the emulator's time pass."""
        with self.lock:
            self.clock.advance(seconds)
            self.catch_up()
            self._note_settings()

    def catch_up(self) -> float:
        """Let everything happen that is due by now, and return the time in unix seconds."""
        at = self.clock.now()
        self.ingest.settle(at)
        return at

    def _forget(self) -> None:
        self.world.reset()
        self.ingest.clear()
        self.ledger.clear()

    def _note_settings(self) -> None:
        if self.journal is not None:
            world = self.world
            settings = {"switches": world.switches.as_dict(), "life": world.life.as_dict()}
            detail = {"offset": self.clock.offset, **settings}
            self.journal.add(Record("settings", self.clock.now(), detail))

    def _replay(self, journal: Journal, given: Switches) -> None:
        self.world.switches = DEFAULTS
        for record in journal.records():
            detail = record.detail
            if record.do == "settings":
                self.ingest.settle(record.at)
                self.clock.offset = detail["offset"]
                self.world.switches = Switches(**detail["switches"])
                self.world.life = Life(**detail.get("life", {}))
            elif record.do == "seed":
                self.ingest.settle(record.at)
                seeds.plant(self.world, seeds.read(orjson.loads(record.body), self.world))
            elif record.do == "refused":
                self.ledger.refused += detail["items"]
            elif record.do == "webhooks":
                self.webhooks.restore(detail)
            elif record.do == "write":
                self.ingest.settle(record.at)
                self._operations.replay(record)
            else:
                self.ingest.receive(Arrival(body=record.body, **detail), record.at)
        kept = self.world.switches
        self.world.switches = given if given != DEFAULTS else kept
        if self.world.switches != kept:
            self.journal = journal
            self._note_settings()


def _split(url: str) -> tuple[str, str]:
    """Return the origin of an absolute URL, and its raw path and query."""
    start = url.find("/", url.find("://") + 3)
    return (url[:start], url[start:]) if start >= 0 else (url, "/")


def _failure(fault: Fault, route: Route | None) -> Response:
    headers = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    status = fault.status if fault.status is not None else 500
    return envelope(route, ApiFault(status, "a fault rule of the emulator made this request fail", headers))
