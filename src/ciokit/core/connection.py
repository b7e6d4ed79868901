"""What every call of one client has in common: host, credentials, limit, patience, log and hooks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from ciokit.core import codec
from ciokit.core.answers import error_from
from ciokit.core.clock import Clock
from ciokit.core.flow import Call, Outcome, Steps, Wait
from ciokit.core.limits import SlidingWindow
from ciokit.core.retry import RetryPolicy
from ciokit.core.wire import Request, Response
from ciokit.errors import ApiError, NetworkError


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a hook is told after each try: enough for metrics and tracing, nothing personal."""

    request: str
    number: int
    status: int | None
    error: str | None
    seconds: float
    bytes_sent: int


Hook = Callable[[Attempt], None]


@dataclass(frozen=True)
class Connection:
    """Turns calls into requests and makes each one good."""

    base_url: str
    headers: Mapping[str, str]
    limiter: SlidingWindow
    retry: RetryPolicy
    clock: Clock
    log: logging.Logger
    timeout: float = 30.0
    hooks: tuple[Hook, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def request(self, call: Call) -> Request:
        """Return the request a call becomes on this connection."""
        query = urlencode(call.query, doseq=True)
        url = f"{self.base_url}{call.path}" + (f"?{query}" if query else "")
        return Request(call.route.method, url, self.headers, call.body, call.route.label, self.timeout)

    def exchange(self, call: Call) -> Steps[Response]:
        """Send a call, again if that is allowed and helps; return its 2xx answer or raise its last error."""
        request = self.request(call)
        started = self.clock.now()
        number = 0
        while True:
            number += 1
            yield from self.limiter.acquire(self.clock.now)
            sent_at = self.clock.now()
            outcome = yield request
            if outcome is None:
                raise TypeError("a sender resumed a flow without an outcome")
            error = self._read(call, request, outcome, number, self.clock.now() - sent_at)
            if error is None and isinstance(outcome, Response):
                return outcome
            assert error is not None
            wait = self.retry.wait(call.route.retry, error, number, self.clock.now() - started)
            if wait is None:
                raise error
            self.log.info("%s trying again in %.2f s", request.label, wait)
            yield Wait(wait)

    def _read(
        self, call: Call, request: Request, outcome: Outcome, number: int, seconds: float
    ) -> ApiError | NetworkError | None:
        error: ApiError | NetworkError | None = None
        if isinstance(outcome, NetworkError):
            error = outcome
            error.attempts = number
        elif not 200 <= outcome.status < 300:
            known = (*self.secrets, *codec.identifiers(call))
            error = error_from(outcome, request=request.label, attempts=number, known=known)
        status = outcome.status if isinstance(outcome, Response) else None
        result = str(status) if status is not None else type(error).__name__
        level = logging.DEBUG if error is None else logging.WARNING
        self.log.log(
            level, "%s attempt %d: %s, %d B in %.0f ms", request.label, number, result, len(request.body), seconds * 1e3
        )
        if self.hooks:
            name = type(error).__name__ if error else None
            self._tell(Attempt(request.label, number, status, name, seconds, len(request.body)))
        return error

    def _tell(self, attempt: Attempt) -> None:
        for hook in self.hooks:
            try:
                hook(attempt)
            except Exception:  # a broken metrics hook must not lose the answer of a call that was made
                self.log.exception("a hook failed")
