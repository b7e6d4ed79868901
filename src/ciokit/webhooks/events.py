"""Reading the body of a reporting webhook.

The service adds types, metrics and fields as it likes: `parse_event` keeps them all, and raises only for what cannot be
an event.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple, NoReturn, cast

from ciokit.errors import UnparseableEventError, ValidationError
from ciokit.values import decode
from ciokit.webhooks.schema import TypedEvent

PREFERENCES_CHANGED: Final = "cio_subscription_preferences_changed"


class WebhookEvent(NamedTuple):
    """An event that arrived, of a known type or not.

    `data` is as the JSON has it. `raw` is the body, untouched. `occurred_us` is when it happened, in microseconds since
    1970 in UTC; `timestamp` is the same as a datetime. `other` holds what stands beside the documented fields.
    """

    event_id: str
    object_type: str
    metric: str
    occurred_us: int
    data: dict[str, Any]
    raw: bytes
    other: dict[str, Any]

    @property
    def timestamp(self) -> datetime:
        """When it happened, in UTC."""
        return _EPOCH + timedelta(microseconds=self.occurred_us)

    @property
    def typed(self) -> TypedEvent:
        """The event as its JSON has it, for type checkers to narrow by `object_type`; not checked at run time."""
        body = {
            "event_id": self.event_id,
            "object_type": self.object_type,
            "metric": self.metric,
            "timestamp": self.occurred_us // 1_000_000,
            "data": self.data,
        }
        return cast("TypedEvent", body)

    def __repr__(self) -> str:
        return f"WebhookEvent({self.object_type!r}, {self.metric!r}, {len(self.raw)} B)"


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST: Final = -62_135_596_800  # the first and last second that a datetime can hold
_LAST: Final = 253_402_300_799
_DIGITS_OF_LAST: Final = 12
_OBJECT: Final[type] = dict
_NOT_JSON: Final[Any] = object()
_BOM: Final = b"\xef\xbb\xbf"
_ESCAPES: Final = re.compile(
    r"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[dD][89a-fA-F][\da-fA-F]{2}|\\."
)
_ONE_ESCAPE: Final = len(r"\ud83d")
_REPLACED: Final = r"\ufffd"
_LONGEST_INTEGER: Final = 20  # digits; orjson makes floats of what does not fit into 64 bits
_ENVELOPE: Final = frozenset({"event_id", "object_type", "object_type_type", "metric", "timestamp", "data"})


def parse_event(payload: bytes) -> WebhookEvent:
    """Read the body of a webhook; unknown types, metrics and fields are kept.

    Raises:
        UnparseableEventError: the body is not JSON, not an object, or lacks what every event has: an id, a type, a
            metric and a time. `.reason` says which, in one word.
    """
    try:
        fields: dict[str, Any] = decode(payload)
    except ValidationError:
        fields = _leniently(payload)
    if type(fields) is not _OBJECT:
        _refuse("not_json" if fields is _NOT_JSON else "not_an_object")
    try:
        event_id, object_type, metric = fields["event_id"], fields["object_type"], fields["metric"]
        seconds, data = fields["timestamp"], fields["data"]
    except KeyError:
        return _unusual(fields, payload)
    if (
        len(fields) == 5  # nothing but the five
        and type(event_id) is type(object_type) is type(metric) is str
        and type(data) is dict
        and type(seconds) is int
        and 0 < seconds <= _LAST
        and event_id
        and object_type
        and metric
    ):
        return WebhookEvent(event_id, object_type, metric, seconds * 1_000_000, data, payload, {})
    return _unusual(fields, payload)


def _leniently(payload: bytes) -> Any:
    """Read JSON that one value, or a byte order mark, keeps from being read strictly: no event is lost for that.

    Half a pair of surrogates, as of a text that was cut off, becomes U+FFFD; a number beyond all floats becomes null.
    """
    try:
        text = _ESCAPES.sub(_valid, payload.removeprefix(_BOM).decode())
        fields: Any = json.loads(text, parse_float=_finite, parse_int=_integer, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return _NOT_JSON
    if type(fields) is not _OBJECT:
        return fields
    # Two ids that differ only in what was replaced would be one.
    return _NOT_JSON if "\ufffd" in str(cast("dict[str, Any]", fields).get("event_id")) else fields


def _valid(escape: re.Match[str]) -> str:
    found = escape[0]
    return _REPLACED if len(found) == _ONE_ESCAPE else found


def _no_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _integer(text: str) -> float | int | None:
    if len(text) <= _LONGEST_INTEGER and -(2**63) <= (number := int(text)) < 2**64:
        return number
    return _finite(text)


def _unusual(fields: dict[str, Any], payload: bytes) -> WebhookEvent:
    """Read an event that is not in the form of most: something is missing, of another type, or there is more."""
    event_id, object_type, metric = (fields.get(name) for name in ("event_id", "object_type", "metric"))
    if type(event_id) is int:
        event_id = str(event_id)
    if not event_id or not isinstance(event_id, str):
        _refuse("event_id_missing")
    if not metric or not isinstance(metric, str):
        _refuse("metric_missing")
    if not object_type and metric == PREFERENCES_CHANGED:
        object_type = "customer"  # its schema has `object_type_type` instead, and asks for neither
    object_type = object_type or fields.get("object_type_type")
    if not object_type or not isinstance(object_type, str):
        _refuse("object_type_missing")
    data = fields.get("data")
    other = {name: value for name, value in fields.items() if name not in _ENVELOPE}
    if not isinstance(data, dict):
        other |= {} if data is None else {"data": data}
        data = {}
    known = cast("dict[str, Any]", data)
    return WebhookEvent(event_id, object_type, metric, _microseconds(fields.get("timestamp")), known, payload, other)


def _microseconds(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _DIGITS_OF_LAST:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not _FIRST <= value <= _LAST:
        _refuse("timestamp_invalid")
    return round(value * 1_000_000)


def _refuse(reason: str) -> NoReturn:
    raise UnparseableEventError(
        f"The body of a webhook is no event ({reason}); expected a JSON object with event_id, object_type, metric and "
        "timestamp. Keep the body and look at what sent it",
        reason=reason,
    )


def event_type(object_type: str, metric: str) -> str:
    """Name a kind of event as subscriptions do, such as `email_opened`.

    Subscriptions leave out the `cio_` of `cio_subscription_preferences_changed` (App API, createWebhook).
    """
    return f"{object_type}_{metric.removeprefix('cio_')}"


def get_event_type(event: WebhookEvent) -> str:
    """Return the name under which the event is subscribed to, such as `email_opened`."""
    return event_type(event.object_type, event.metric)
