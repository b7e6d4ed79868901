"""What every call of one client has in common: host, credentials, limit, patience, log and hooks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

from ciokit.core import codec
from ciokit.core.answers import error_from
from ciokit.core.clock import Clock
from ciokit.core.flow import Call, Outcome, Steps, Wait, told_of
from ciokit.core.limits import Limiters
from ciokit.core.retry import Retry, RetryPolicy
from ciokit.core.wire import Request, Response
from ciokit.errors import ApiError, NetworkError, ServerError, UnexpectedAnswerError

if TYPE_CHECKING:
    from ciokit.settings import Limits

# What an open end of a call that must not be repeated may mean, and where to look, by the call's pace.
_OPEN_ENDS = {
    "app_send": ("the message may have been sent", "look up the recipient's deliveries (`customers.messages`)"),
    "app_broadcast": ("the broadcast may have been sent", "look up its runs (`broadcasts.triggers`)"),
}
_OPEN_END = ("it may have been done", "read back what it was to make or send")


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
E = TypeVar("E", ApiError, NetworkError)


@dataclass(frozen=True)
class Connection:
    """Turns calls into requests and makes each one good."""

    base_url: str
    headers: Mapping[str, str] = field(repr=False)  # the key is among them
    limiters: Limiters
    retry: RetryPolicy
    clock: Clock
    log: logging.Logger
    limits: Limits  # what the checks of calls are told
    timeout: float = 30.0
    hooks: tuple[Hook, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def request(self, call: Call) -> Request:
        """Return the request a call becomes on this connection; one to a link carries nothing of it."""
        if call.link is not None:
            _check_link(call.link, call.route.label, plain=self.base_url.startswith("http://"))
            return Request(call.route.method, call.link, {}, b"", call.route.label, self.timeout)
        query = urlencode(call.query, doseq=True)
        url = f"{self.base_url}{call.path}" + (f"?{query}" if query else "")
        headers = {**self.headers, **call.headers} if call.headers else self.headers
        return Request(call.route.method, url, headers, call.body, call.route.label, self.timeout)

    def exchange(self, call: Call) -> Steps[Response]:
        """Send a call, again if that is allowed and helps; return its 2xx answer or raise its last error."""
        if call.check is not None:
            with told_of(call.route.label):
                call.check(self.limits, self.clock.unix())
        request = self.request(call)
        number = 0
        started = 0.0
        maybe_sent = False
        while True:
            number += 1
            granted: float | None = None
            if call.link is None:  # the service's pace is not that of the storage behind a link
                granted = yield from self.limiters.of(call.route.rate).acquire(self.clock.now)
            sent_at = self.clock.now()
            started = started if number > 1 else sent_at  # waiting for the limit is no failure to be patient with
            outcome = yield request
            if outcome is None:
                raise TypeError("a sender resumed a flow without an outcome")
            if granted is not None and isinstance(outcome, Response):  # how soon a call fails says nothing of the way
                self.limiters.of(call.route.rate).answered(granted, self.clock.now(), call.route.label)
            result = self._judge(call, outcome, number)
            self._report(request, result, number, self.clock.now() - sent_at)
            if isinstance(result, Response):
                return result
            if maybe_sent and not result.maybe_sent:
                result.maybe_sent = True
                result.message += "; an earlier attempt may have been taken"
            maybe_sent = result.maybe_sent
            again = self.retry.wait(call.route.retry, result, number, self.clock.now() - started)
            if again is None:
                raise result
            self.log.info("%s trying again in %.2f s", request.label, again)
            yield Wait(again)

    def _judge(self, call: Call, outcome: Outcome, number: int) -> Response | ApiError | NetworkError:
        if isinstance(outcome, NetworkError):
            outcome.attempts = number
            return self._settle(call, outcome, unknown=outcome.maybe_sent)
        if 200 <= outcome.status < 300:
            return outcome
        known = (*self.secrets, *codec.identifiers(call))
        error = error_from(outcome, request=call.route.label, attempts=number, known=known)
        return self._settle(call, error, unknown=isinstance(error, ServerError))

    def _settle(self, call: Call, error: E, *, unknown: bool) -> E:
        """Make an error final when it is unknown whether a call that must not be repeated was carried out."""
        if unknown and call.route.retry is Retry.NEVER:
            done, look = _OPEN_ENDS.get(call.route.rate, _OPEN_END)
            error.message += f"; {done}, so it was not tried again: {look} before you repeat it"
            error.args = (error.message,)
            error.retryable = False
        return error

    def _report(
        self, request: Request, result: Response | ApiError | NetworkError, number: int, seconds: float
    ) -> None:
        failed = not isinstance(result, Response)
        status = None if isinstance(result, NetworkError) else result.status
        said = type(result).__name__ if status is None else status
        level = logging.WARNING if failed else logging.DEBUG
        if self.log.isEnabledFor(level):
            text = "%s attempt %d: %s, %d B in %.0f ms"
            self.log.log(level, text, request.label, number, said, len(request.body), seconds * 1000)
        if self.hooks:
            error = type(result).__name__ if failed else None
            self._tell(Attempt(request.label, number, status, error, seconds, len(request.body)))

    def _tell(self, attempt: Attempt) -> None:
        for hook in self.hooks:
            try:
                hook(attempt)
            except Exception:  # a broken metrics hook must not lose the answer of a call that was made
                self.log.exception("a hook failed")


def _check_link(link: str, label: str, *, plain: bool) -> None:
    """Refuse what leads to no file: another scheme, and plain http unless the client itself uses it."""
    scheme, _, rest = link.partition("://")
    if (scheme != "https" and not (plain and scheme == "http")) or not rest:
        text = "the service gave a link where one that begins with https:// is expected, and it does not"
        raise UnexpectedAnswerError(text, status=200, request=label)
