"""Batches of version 2: items packed up to the byte limits, and the answer read item by item."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from ciokit import values
from ciokit.core.codec import identifiers, read
from ciokit.core.flow import Call
from ciokit.core.redact import redact
from ciokit.core.wire import Response
from ciokit.errors import UnexpectedAnswerError, ValidationError
from ciokit.report import REJECTED, UNKNOWN, BatchReport
from ciokit.settings import Settings
from ciokit.track_api.items import checked

if TYPE_CHECKING:
    from ciokit.core.endpoint import Route

_HEAD, _TAIL = b'{"batch":[', b"]}"
_PARTLY = 207


@dataclass(slots=True)
class ItemChunk:
    """The items of one request."""

    route: Route
    bodies: list[bytes] = field(default_factory=list[bytes])
    places: list[int] = field(default_factory=list[int])

    def call(self) -> Call:
        """Return the request."""
        return Call(self.route, self.route.path, {}, _HEAD + b",".join(self.bodies) + _TAIL)

    def halves(self) -> tuple[ItemChunk, ItemChunk]:
        """Return the two halves."""
        middle = len(self.places) // 2
        return (
            ItemChunk(self.route, self.bodies[:middle], self.places[:middle]),
            ItemChunk(self.route, self.bodies[middle:], self.places[middle:]),
        )


def chunks(
    route: Route, items: Iterable[Mapping[str, Any]], settings: Settings, report: BatchReport
) -> Iterator[ItemChunk]:
    """Yield chunks in order, each below `limits.batch_bytes`; what cannot be sent is rejected in the report."""
    limits = settings.limits
    chunk, size = ItemChunk(route), len(_HEAD) + len(_TAIL)
    for item in items:
        try:
            ready = checked(item)
            body = values.encode(ready, missing=settings.missing)
            if len(body) > limits.call_bytes:
                raise _too_large(ready, len(body), limits.call_bytes)
        except ValidationError as error:
            report.reject(None, error)
            continue
        if chunk.bodies and size + len(body) + 1 >= limits.batch_bytes:
            yield chunk
            chunk, size = ItemChunk(route), len(_HEAD) + len(_TAIL)
        chunk.bodies.append(body)
        chunk.places += report.add([_id_of(ready)])
        size += len(body) + 1
    if chunk.bodies:
        yield chunk


def _id_of(item: Mapping[str, Any]) -> str:
    given = item.get("id")
    return given if isinstance(given, str) else ""


def _too_large(item: Mapping[str, Any], size: int, limit: int) -> ValidationError:
    sizes = {name: len(values.encode(value)) for name, value in item.items()}
    largest = max(sizes, key=lambda name: sizes[name])
    return ValidationError(
        f"makes the item {size:,} B, over the limit of {limit:,} B (this field: {sizes[largest]:,} B); "
        "send less in one item, or raise `limits.call_bytes` if your workspace takes more",
        field=largest,
    )


def settle(call: Call, response: Response, places: Sequence[int], report: BatchReport) -> None:
    """Settle the items of a request: those an answer names are rejected, the rest accepted (Track spec, 207).

    An answer that says some were refused, and not which, leaves every item that it does not name unknown.
    """
    answer = read(call.route, response)
    errors: object = answer.get("errors")
    entries = cast("list[object]", errors) if isinstance(errors, list) else []
    found = [(_index(entry, len(places)), entry) for entry in entries]
    named = {index: entry for index, entry in reversed(found) if index is not None}  # the first of several counts
    if response.status == _PARTLY and (not named or any(index is None for index, _ in found)):
        lost = UnexpectedAnswerError("answered 207 without saying which items it refused", status=_PARTLY)
        report.settle(places, UNKNOWN, lost)
    else:
        report.accept(places)
    known = tuple(identifiers(call)) if named else ()
    for index, entry in named.items():
        reason, at = _told(cast("dict[str, Any]", entry), known)
        report.settle([places[index]], REJECTED, ValidationError(reason, field=at))


def _index(entry: object, count: int) -> int | None:
    index: Any = cast("dict[str, Any]", entry).get("batch_index") if isinstance(entry, dict) else None
    return index if isinstance(index, int) and not isinstance(index, bool) and 0 <= index < count else None


def _told(entry: dict[str, Any], known: Iterable[str]) -> tuple[str, str | None]:
    """Return what the service says of an item, without what is personal, and the field it names."""
    words = [str(entry[name]) for name in ("reason", "message") if entry.get(name)]
    at = entry.get("field")
    return redact(": ".join(words) or "refused without a reason", known), str(at) if at else None
