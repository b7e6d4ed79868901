"""What has been asked of the emulator: counts, the latest requests, and the pace they come at."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import orjson

from ciokit.settings import Limits, Rate

_KEPT_REQUESTS = 1_000
_KEPT_BODY_BYTES = 8 * 1024 * 1024


@dataclass(slots=True)
class Asked:
    """One request and its answer; no header is kept, so no key is. `fault` is the id of the rule that failed it."""

    number: int
    at: float
    method: str
    path: str
    route: str
    strict: bool
    status: int
    size: int
    body: bytes | None
    fault: int | None = None

    def as_dict(self, *, bodies: bool) -> dict[str, Any]:
        """Return the request as the control API shows it; bodies long gone, or not JSON, are shown as null or text."""
        shown: dict[str, Any] = {
            "number": self.number,
            "at": self.at,
            "method": self.method,
            "path": self.path,
            "route": self.route,
            "strict": self.strict,
            "status": self.status,
            "bytes": self.size,
            "fault": self.fault,
        }
        if bodies:
            shown["body"] = _shown(self.body)
        return shown


def _shown(body: bytes | None) -> Any:
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode(errors="replace")


@dataclass
class Traffic:
    """Counts since the start or the last reset, and the last 1,000 requests with at most 8 MB of their bodies."""

    requests: int = 0
    size: int = 0
    by_route: Counter[str] = field(default_factory=Counter[str])
    by_status: Counter[str] = field(default_factory=Counter[str])
    recent: deque[Asked] = field(default_factory=lambda: deque[Asked](maxlen=_KEPT_REQUESTS))
    _bodies: deque[Asked] = field(default_factory=deque[Asked])
    _body_bytes: int = 0

    def note(self, asked: Asked, status: str) -> None:
        """Count a request; `status` is what the client saw, which may be no answer at all."""
        self.requests += 1
        self.size += asked.size
        self.by_route[asked.route] += 1
        self.by_status[status] += 1
        self.recent.append(asked)
        if not asked.body:
            return
        self._bodies.append(asked)
        self._body_bytes += asked.size
        while self._body_bytes > _KEPT_BODY_BYTES or len(self._bodies) > _KEPT_REQUESTS:
            oldest = self._bodies.popleft()
            self._body_bytes -= oldest.size
            oldest.body = None


class Paces:
    """The documented paces, by surface, watched over a sliding window."""

    def __init__(self) -> None:
        self._started: dict[str, deque[float]] = {}

    def over(self, surface: str, at: float) -> int | None:
        """Count a request; when it is over its pace, return the whole seconds after which there is room again."""
        rate: Rate | None = Limits().rates.get(surface)
        if rate is None:
            return None
        started = self._started.setdefault(surface, deque())
        while started and started[0] <= at - rate.seconds:
            started.popleft()
        if len(started) < rate.requests:
            started.append(at)
            return None
        return max(1, math.ceil(started[0] + rate.seconds - at))
