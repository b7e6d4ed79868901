"""Every error ciokit raises; read this to know whose fault a failure is and whether to try again.

```
CustomerIOError             .fault  .retryable  .request
|- ConfigurationError       yours, before any I/O: a missing key, a wrong region, a closed client
|- ValidationError          yours, before any I/O: bad input; .field names it
|- UnparseableEventError    theirs: the body of a webhook is no event; .reason
|- ApiError                 the service answered no; .status .errors .retry_after
|  |- RefusedError          yours: 400, 404, 409, 413, 422 ...
|  |- AuthenticationError   yours: 401, 403
|  |- RateLimitError        try later: 429
|  |- ServerError           theirs: 408 and 5xx
|- NetworkError             nothing came back
|  |- NetworkTimeoutError   no answer in time
|- UnexpectedAnswerError    a 2xx answer that is not what the operation declares
|- JobError                 an export or import failed at the service, or takes too long; .job
|- JournalUnavailableError  the webhook journal cannot take an event in now; it tries again by itself
|- TableStoreError          the store of the webhook tables does not answer, or not as it should
```

Four questions are answered by type and attribute: whose fault (`fault`), try again (`retryable`), may it have been
taken (`maybe_sent`), which request (`request`, such as `POST /v1/track`: the route, never an id). What
ciokit says holds no key, body or identifier; the service's own words, which may repeat what was sent, come redacted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

Fault = Literal["caller", "service", "network"]


class CustomerIOError(Exception):
    """Base of every error raised by ciokit.

    `maybe_sent` is True when this or an earlier attempt may have been taken by the service: repeat such a call only if
    it is safe to repeat.
    """

    fault: ClassVar[Fault] = "caller"
    retryable: bool = False
    maybe_sent: bool = False

    def __init__(self, message: str, *, request: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.request = request
        self.report: Any = None

    def __str__(self) -> str:
        return f"{self.request}: {self.message}" if self.request else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.args, dict(self.__dict__)))


def _rebuild(cls: type[CustomerIOError], args: tuple[Any, ...], state: dict[str, Any]) -> CustomerIOError:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(CustomerIOError):
    """The client cannot work as it is set up; nothing was sent."""


class ValidationError(CustomerIOError, ValueError):
    """The input is not something the service can take; nothing was sent.

    `field` is the path of the value at fault, such as `properties.products[3].price`.
    """

    def __init__(self, message: str, *, field: str | None = None, request: str | None = None) -> None:
        super().__init__(message, request=request)
        self.field = field

    def __str__(self) -> str:
        text = super().__str__()
        return f"`{self.field}`: {text}" if self.field else text


class UnparseableEventError(CustomerIOError):
    """The body of a reporting webhook cannot be an event; `reason` is a word for it, such as `event_id_missing`."""

    fault = "service"

    def __init__(self, message: str, *, reason: str, request: str | None = None) -> None:
        super().__init__(message, request=request)
        self.reason = reason


class ApiError(CustomerIOError):
    """The service answered with an error status; `retry_after` holds the seconds it wants to be left alone, if any."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        errors: tuple[str, ...] = (),
        request: str | None = None,
        request_id: str | None = None,
        attempts: int = 1,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, request=request)
        self.status = status
        self.errors = errors
        self.request_id = request_id
        self.attempts = attempts
        self.retry_after = retry_after


class RefusedError(ApiError):
    """The service understood the request and refused it (400, 404, 409, 422 and other 4xx)."""


class AuthenticationError(ApiError):
    """The key is missing, wrong, or not allowed to do this (401, 403)."""


class RateLimitError(ApiError):
    """The service asked for a slower pace (429)."""

    retryable = True
    fault = "service"


class ServerError(ApiError):
    """The service failed (408, 5xx). What was sent may or may not have been taken."""

    fault = "service"
    retryable = True
    maybe_sent = True


class NetworkError(CustomerIOError):
    """No answer came back."""

    fault = "network"
    retryable = True

    def __init__(self, message: str, *, maybe_sent: bool, request: str | None = None, attempts: int = 1) -> None:
        super().__init__(message, request=request)
        self.maybe_sent = maybe_sent
        self.attempts = attempts


class NetworkTimeoutError(NetworkError, TimeoutError):
    """No answer came back in time."""


class UnexpectedAnswerError(CustomerIOError):
    """The service answered 2xx with something the operation does not declare."""

    fault = "service"
    maybe_sent = True

    def __init__(self, message: str, *, status: int, request: str | None = None) -> None:
        super().__init__(message, request=request)
        self.status = status


class JobError(CustomerIOError):
    """Long work at the service failed, or did not end within the time it was given; `job` is what it last said of it.

    Work that only takes long goes on at the service: ask for it again with the number in `job`.
    """

    fault = "service"

    def __init__(self, message: str, *, job: Mapping[str, Any], request: str | None = None) -> None:
        super().__init__(message, request=request)
        self.job = job


class JournalUnavailableError(CustomerIOError):
    """The webhook journal cannot take an event in: the disk fails or is full, or what is on it waits too long.

    It begins again by itself when the disk does. Whether the event is on disk is unknown: have it sent again. `reason`
    is a word for what is the matter, such as `disk_full`.
    """

    retryable = True
    maybe_sent = True

    def __init__(self, message: str, *, reason: str, request: str | None = None) -> None:
        super().__init__(message, request=request)
        self.reason = reason


class TableStoreError(CustomerIOError):
    """The store of the webhook tables cannot be read or written now.

    Nothing is lost: what was not committed is in the journal, and what may have been is found out before the next try.
    """

    fault = "network"
    retryable = True
    maybe_sent = True
