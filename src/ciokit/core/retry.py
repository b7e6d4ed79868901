"""Whether and when a failed call is tried again: exponential backoff with jitter inside a total time budget."""

from __future__ import annotations

import enum
import random
from collections.abc import Callable
from dataclasses import dataclass, field

from ciokit.errors import ApiError, CustomerIOError, NetworkError


class Retry(enum.Enum):
    """Whether repeating an operation is harmless; every operation states it."""

    SAFE = "safe"
    """Repeating changes nothing: reads, idempotent writes, and messages whose id was minted before the first try."""
    NEVER = "never"
    """Repeating may send a message twice: tried again only when no byte of it can have left."""


@dataclass(frozen=True)
class RetryPolicy:
    """How patient a client is.

    At most `attempts` tries within `total` seconds, counted from the start of the first. The n-th wait is drawn between
    half and the whole of `base * 2**(n-1)`, at most `cap` seconds. A `Retry-After` answer replaces the draw, at most
    `retry_after_cap`.
    """

    attempts: int = 6
    total: float = 120.0
    base: float = 0.25
    cap: float = 20.0
    retry_after_cap: float = 60.0
    jitter: Callable[[], float] = field(default=random.random, repr=False)

    def wait(self, retry: Retry, error: CustomerIOError, attempt: int, elapsed: float) -> float | None:
        """Return the seconds to wait before the next try, or None when the error is final."""
        if not error.retryable or attempt >= self.attempts:
            return None
        if retry is Retry.NEVER and not (isinstance(error, NetworkError) and not error.maybe_sent):
            return None
        wait = min(self.cap, self.base * 2.0 ** min(attempt - 1, 99)) * (0.5 + self.jitter() / 2)
        if isinstance(error, ApiError) and error.retry_after is not None:
            wait = min(error.retry_after, self.retry_after_cap)
        return wait if elapsed + wait <= self.total else None
