"""How a command ends: the exit code of each class of error, and an error as one line of JSON."""

from __future__ import annotations

from typing import Any

import orjson

from ciokit.errors import (
    AuthenticationError,
    ConfigurationError,
    CustomerIOError,
    NetworkError,
    RateLimitError,
    RefusedError,
    ServerError,
    UnexpectedAnswerError,
    ValidationError,
)

INTERRUPTED = 130
TERMINATED = 143
PARTLY = 1
CODES: tuple[tuple[int, str, tuple[type[CustomerIOError], ...]], ...] = (
    (0, "done", ()),
    (
        PARTLY,
        (
            "partly: an item of a batch was not accepted, or `doctor` or `testdata` found something wrong;"
            " or the output could not be written"
        ),
        (),
    ),
    (2, "configuration or input, before anything was sent", (ConfigurationError, ValidationError)),
    (3, "refused by the service", (RefusedError,)),
    (4, "authentication: the key is missing, wrong, or not allowed to do this", (AuthenticationError,)),
    (5, "rate limit, after all retries", (RateLimitError,)),
    (6, "the service failed", (ServerError,)),
    (7, "network: no answer came", (NetworkError,)),
    (8, "an answer that the operation does not declare", (UnexpectedAnswerError,)),
    (INTERRUPTED, "interrupted", ()),
    (TERMINATED, "ended by SIGTERM", ()),
)


def code_of(error: CustomerIOError) -> int:
    """Return the exit code for an error."""
    return next((code for code, _, kinds in CODES if isinstance(error, kinds)), PARTLY)


def told(error: CustomerIOError) -> str:
    """Return an error as one line of JSON: what it is, whose request, which field, and whether to try again."""
    line: dict[str, Any] = {
        "error": type(error).__name__,
        "message": error.message,
        "request": error.request,
        "field": getattr(error, "field", None),
        "status": getattr(error, "status", None),
        "retryable": error.retryable,
    }
    return orjson.dumps(line).decode()


def epilog() -> str:
    """Return the table of exit codes for `ciokit --help`."""
    rows = "\n".join(f"  {code:<4} {words}" for code, words, _ in CODES)
    return f"exit codes:\n{rows}"
