"""What the emulator decides to do about one request: answer, mostly in JSON, answer late, or break the connection."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import orjson

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


def in_json(status: int, content: object, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer that says something in JSON."""
    return Response(status, {"content-type": "application/json", **(headers or {})}, orjson.dumps(content))
