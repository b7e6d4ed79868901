"""What the emulator decides to do about one request: answer, answer late, or break the connection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ciokit.core.wire import Response


@dataclass(frozen=True, slots=True)
class Reply:
    """One decision; `response` is what a client sees unless `reset` is set.

    `delay` is in seconds, waited before answering or resetting. `reset` breaks the connection instead of answering:
    "before" says that the world was left as it was, "after" that it already took the request in. Where `again` is
    given, nothing is decided yet: after the delay it is called for another reply.
    """

    response: Response
    delay: float = 0.0
    reset: Literal["", "before", "after"] = ""
    again: Callable[[], Reply] | None = None
