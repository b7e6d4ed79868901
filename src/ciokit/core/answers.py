"""Reading answers: one tolerant parser for the service's five error envelopes, and the error each status becomes.

The envelopes (facts, section 3.4): `{errors:[{detail,status}]}`, the same with `source.pointer`,
`{errors:[{reason,field,message}]}`, `{meta:{error}}` and `{meta:{errors:[...]}}`. A body that is none of these, or no
JSON at all, still gives an error with the status: the parser never raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, cast

import orjson

from ciokit.core.redact import redact
from ciokit.core.wire import Response
from ciokit.errors import ApiError, AuthenticationError, RateLimitError, RefusedError, ServerError


def read_errors(body: bytes) -> tuple[str, ...]:
    """Return the service's own words from any of its error envelopes; empty if there are none."""
    try:
        tree: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ()
    if not isinstance(tree, dict):
        return ()
    envelope = cast("dict[str, Any]", tree)
    meta: Any = envelope.get("meta")
    found: list[Any] = _listed(envelope.get("errors"))
    if isinstance(meta, dict):
        inner = cast("dict[str, Any]", meta)
        found += _listed(inner.get("errors")) + _listed(inner.get("error"))
    return tuple(text for text in map(_words, found) if text)


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return [*value] if isinstance(value, list) else [value]


def _words(entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    item = cast("dict[str, Any]", entry)
    words = str(item.get("detail") or item.get("message") or item.get("reason") or "")
    source: Any = item.get("source")
    pointer: Any = cast("dict[str, Any]", source).get("pointer") if isinstance(source, dict) else None
    where = item.get("field") or pointer
    return f"{where}: {words}" if where else words


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds a `Retry-After` header asks for (a number or an HTTP date), or None."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:  # the zone -0000: the time is UTC, the place unknown (RFC 5322, 3.3)
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


_TOLD = 10  # a batch may be refused with a reason for each item; `ApiError.errors` has them all
_ADVICE = {
    401: "check the key, and that its region is the client's",
    403: "check what the key is allowed to do",
    404: "check the id and its type",
    413: "send less in one request",
    429: "slow down; share one limiter between the clients of a workspace",
}


def error_from(response: Response, *, request: str, attempts: int, known: Iterable[str] = ()) -> ApiError:
    """Build the error for an answer outside 2xx, with the service's words redacted."""
    status = response.status
    errors = tuple(redact(text, known) for text in read_errors(response.body))
    advice = _ADVICE.get(status)
    if 300 <= status < 400:
        advice = "the service sends this account elsewhere: check the region"
    elif status in (404, 405) and not errors:
        advice = "not in the service's words: check the id, and `base_url`"
    said = "; ".join(errors[:_TOLD]) or "without a reason"
    if len(errors) > _TOLD:
        said += f"; and {len(errors) - _TOLD} more"
    message = f"answered {status}: {said}" + (f" ({advice})" if advice else "")
    kind: type[ApiError] = RefusedError
    if status == 429:
        kind = RateLimitError
    elif status in (401, 403):
        kind = AuthenticationError
    elif status == 408 or status >= 500:
        kind = ServerError
    return kind(
        message,
        status=status,
        errors=errors,
        request=request,
        request_id=response.headers.get("x-request-id"),
        attempts=attempts,
        retry_after=retry_after(response.headers),
    )
