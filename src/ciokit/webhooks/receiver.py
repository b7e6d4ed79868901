"""Receives webhooks: verifies, makes durable, then acknowledges; knows HTTP's words, but no server and no framework.

```python
receiver = WebhookReceiver(secrets, "journal")
application = AsgiApp(receiver)  # ciokit.webhooks.asgi; or WsgiApp of ciokit.webhooks.wsgi


@receiver.on("email", "opened")
def opened(event): ...
```

What it answers on `path`: 200 once the body is on disk, whatever is in it; 401 if the signature is not right; 413 above
`max_body`; 503 while the journal takes nothing in. Customer.io tries again after any of these, and after a 503 without
the hour that a 401 or 500 costs (reporting webhooks, "Timeouts and failures"). `GET /health`, `/ready` and `/metrics`
are for operators.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

import orjson

from ciokit.errors import ConfigurationError, JournalUnavailableError
from ciokit.webhooks.follower import Follower
from ciokit.webhooks.journal import Journal
from ciokit.webhooks.journal_format import LONGEST_BODY
from ciokit.webhooks.router import Router
from ciokit.webhooks.settling import Settling
from ciokit.webhooks.signature import SIGNATURE_HEADER, TIMESTAMP_HEADER, Secrets, Verifier

_LOG = logging.getLogger("ciokit.webhooks.receiver")

SIGNATURE: Final = SIGNATURE_HEADER.encode()
TIMESTAMP: Final = TIMESTAMP_HEADER.encode()
MAX_BODY: Final = 4 << 20
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 4.0)

# They let whoever holds them act for somebody; what a proxy in front of the receiver demands is no part of the event.
_NOT_KEPT: Final = frozenset(
    {
        b"authorization",
        b"cookie",
        b"proxy-authorization",
        b"x-forwarded-access-token",
    }
)
_PROBES: Final = ("/health", "/ready", "/metrics")

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, body, and the two headers it may need besides its length."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    allow: str = ""

    def headers(self) -> list[tuple[str, str]]:
        """Return its headers, names in lower case."""
        found = [("content-length", str(len(self.body)))]
        if self.body:
            found.append(("content-type", self.content_type))
        if self.allow:
            found.append(("allow", self.allow))
        return found


def refusal(status: int, reason: str, *, allow: str = "") -> Reply:
    """Return an answer that says in a word why a request was not taken."""
    return Reply(status, orjson.dumps({"reason": reason}), allow=allow)


ACKNOWLEDGED: Final = Reply(200)
TOO_LARGE: Final = refusal(413, "too_large")
STOPPING: Final = (refusal(503, "stopping"), "stopping")


@dataclass
class ReceiverCounts:
    """What a receiver has answered in this process.

    `answers` are those to webhooks by status and reason; `waits` counts acknowledgements by the first of `BUCKETS` that
    is not below the seconds it took.
    """

    answers: Counter[tuple[int, str]] = field(default_factory=Counter[tuple[int, str]])
    waits: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    wait_seconds: float = 0.0


class WebhookReceiver:
    """Takes the webhooks of one workspace in.

    Args:
        secrets: the webhook's signing key, or several while one takes the place of another.
        journal: the journal, or the folder of one.
        path: where webhooks are posted; `/health`, `/ready` and `/metrics` are taken.
        max_body: the longest body, in bytes, up to 128 MiB.
        tolerance: how many seconds a timestamp may be away from the clock; None takes any, so that no retry of the
            seven days is refused.
        router: whose handlers get the events, after they were acknowledged.
        clock: gives the seconds since 1970.
        settle_seconds: acknowledge what the committer has brought into the tables instead of what is on disk, and
            answer 503 if that takes longer; for a disk that goes with its container.

    Raises:
        ConfigurationError: a secret is missing or empty, the path cannot be served, or `max_body` is out of range.
    """

    def __init__(
        self,
        secrets: Secrets,
        journal: Journal | str | os.PathLike[str],
        *,
        path: str = "/",
        max_body: int = MAX_BODY,
        tolerance: float | None = None,
        router: Router | None = None,
        clock: Callable[[], float] = time.time,
        settle_seconds: float | None = None,
    ) -> None:
        if not path.startswith("/") or path in _PROBES:
            raise ConfigurationError("`path` must begin with / and be none of " + ", ".join(_PROBES))
        if not 0 < max_body <= LONGEST_BODY:
            raise ConfigurationError(f"`max_body` must be from 1 to {LONGEST_BODY}, which the journal can hold")
        self.journal = journal if isinstance(journal, Journal) else Journal(journal)
        self.verifier = Verifier(secrets, tolerance, clock=clock)
        self.path = path
        self.max_body = max_body
        self.router = Router() if router is None else router  # one without handlers is false
        self.follower = Follower(self.journal.directory, self.router)
        self.settling = None if settle_seconds is None else Settling(self.journal.directory, settle_seconds)
        self.counts = ReceiverCounts()
        self._clock = clock
        self._guard = threading.Lock()
        self.on = self.router.on

    def start(self) -> None:
        """Open the journal and begin to run handlers; done by itself when the first webhook comes."""
        self.journal.open()
        self.follower.start()

    def stop(self) -> None:
        """Write what waits, let the handler that runs end, and close the journal."""
        self.journal.close()
        self.follower.stop()

    def handle(self, method: str, path: str, headers: Headers, body: bytes) -> Reply:
        """Answer a whole request, blocking until its body is on disk; for frameworks without an adapter here.

        Names of headers may be in any case.
        """
        if (reply := self.other(method, path)) is not None:
            return reply
        found = [(name.lower(), value) for name, value in headers]
        given = dict(found)
        began = time.monotonic()
        reason = self.objection(body, given.get(SIGNATURE), given.get(TIMESTAMP))
        if reason is not None:
            return reason
        try:
            position = self.journal.append(kept(found), body, self.received_us())
        except JournalUnavailableError as error:
            return self.unavailable(error)
        if self.settling is not None and not self.settling.settle(self.journal.lane or 0, position, began):
            return self.unsettled()
        self.acknowledged(time.monotonic() - began)
        return ACKNOWLEDGED

    # What adapters are made of

    def other(self, method: str, path: str) -> Reply | None:
        """Answer whatever is not a webhook; None for what is."""
        if path == self.path:
            return None if method == "POST" else refusal(405, "method_not_allowed", allow="POST")
        if path not in _PROBES:
            return refusal(404, "not_found")
        if method not in ("GET", "HEAD"):
            return refusal(405, "method_not_allowed", allow="GET, HEAD")
        if path == "/health":
            return Reply(200, b"ok\n", "text/plain")
        return self._ready() if path == "/ready" else self._metrics()

    def unread(self, length: bytes | str | None, signature: bytes | None, timestamp: bytes | None) -> Reply | None:
        """Answer a webhook whose headers are enough to refuse it; None if its body should be read."""
        if length and length.isdigit() and (len(length) > 18 or int(length) > self.max_body):
            return self.refused(TOO_LARGE, "too_large")
        if not signature or not timestamp:
            return self.objection(b"", signature, timestamp)
        return None

    def objection(self, body: bytes, signature: bytes | None, timestamp: bytes | None) -> Reply | None:
        """Answer a webhook that is not to be taken; None for one that is genuine."""
        if len(body) > self.max_body:
            return self.refused(TOO_LARGE, "too_large")
        verification = self.verifier.verify(body, signature, timestamp)
        return None if verification else self.refused(refusal(401, verification.reason), verification.reason)

    def received_us(self) -> int:
        """Return the time of the clock, in microseconds since 1970."""
        return int(self._clock() * 1e6)

    def acknowledged(self, seconds: float) -> None:
        """Count an acknowledgement and how long it took; let the handlers have it."""
        counts = self.counts
        with self._guard:
            counts.answers[200, "ok"] += 1
            counts.waits[bisect_left(BUCKETS, seconds)] += 1
            counts.wait_seconds += seconds
        if self.router:
            self.follower.start()

    def unavailable(self, error: JournalUnavailableError) -> Reply:
        """Count and answer a webhook that the journal does not take in."""
        return self.refused(refusal(503, error.reason), error.reason)

    def unsettled(self) -> Reply:
        """Count and answer a webhook that is on disk, but not in the tables in time."""
        return self.refused(refusal(503, "not_committed"), "not_committed")

    def refused(self, reply: Reply, reason: str) -> Reply:
        """Count an answer other than 200, and log it now and then."""
        with self._guard:
            self.counts.answers[reply.status, reason] += 1
            count = self.counts.answers[reply.status, reason]
        if str(count).strip("0") == "1":  # 1, 10, 100 ...: whoever knocks often must not fill the log
            _LOG.warning("refused with %d %s: %d so far", reply.status, reason, count)
        return reply

    def _ready(self) -> Reply:
        reason = self.journal.open()
        return refusal(503, reason) if reason else Reply(200, b'{"reason":"ok"}')

    def _metrics(self) -> Reply:
        from ciokit.webhooks import metrics

        try:
            return Reply(200, metrics.exposition(self), metrics.CONTENT_TYPE)
        except ModuleNotFoundError:
            return refusal(404, "needs_prometheus_client")


def kept(headers: Headers) -> bytes:
    """Return the headers of a request as JSON, without those that hold credentials; names must be in lower case."""
    return orjson.dumps(
        {name.decode("latin-1"): value.decode("latin-1") for name, value in headers if name not in _NOT_KEPT}
    )
