"""From messages to request bodies: each message is checked and encoded once, and packed up to the byte limit.

`context` and `integrations` are known to a batch as a whole and not to its items (facts, 3.7). Messages that carry
their own therefore share a request only with neighbours that carry the same; alone, one goes to its own operation.
Order is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast
from uuid import uuid4

from ciokit import values
from ciokit.core.flow import Call
from ciokit.errors import ValidationError
from ciokit.pipelines_api.messages import Message, check
from ciokit.pipelines_api.operations import BY_TYPE, Pipelines
from ciokit.pipelines_api.sending import too_large
from ciokit.report import BatchReport
from ciokit.settings import Settings

_BATCH = Pipelines.batch.route
_UNBATCHABLE = "alias"  # not among the calls a batch takes (facts, 3.7)
_AROUND = ("context", "integrations")


class Envelope:
    """`context` and `integrations` around the items of a request: encoded once, with the room they leave."""

    def __init__(self, around: Mapping[str, Any], settings: Settings, *, of_item: bool = False) -> None:
        self.around = around
        inner = values.encode(around, settings.missing)[1:-1]
        self.fields = inner + b"," if inner else b""
        self.head = b"{" + self.fields + b'"batch":['
        self.size = len(self.head) + 1  # with the closing brackets, less the comma the first item does not have
        limits = settings.limits
        self.room_alone = limits.call_bytes - len(self.fields)  # for an item that goes without a batch
        self.room = min(self.room_alone if of_item else limits.call_bytes, limits.batch_bytes - self.size - 1)


@dataclass(slots=True)
class Chunk:
    """The items of one request: their ids and bodies, and, as far as they are noted there, places in the report."""

    envelope: Envelope
    ids: list[str] = field(default_factory=list[str])
    bodies: list[bytes] = field(default_factory=list[bytes])
    places: list[int] = field(default_factory=list[int])
    alone: Message | None = None

    def __repr__(self) -> str:
        return f"Chunk({len(self.ids)} items, {sum(map(len, self.bodies))} B)"

    def note(self, report: BatchReport) -> None:
        """Note the items that the report does not have yet."""
        self.places += report.add(self.ids[len(self.places) :])

    def call(self) -> Call:
        """Return the request: a batch, or for an item that must stand alone its own operation."""
        if self.alone is None:
            parts = [self.envelope.head + self.bodies[0], *self.bodies[1:]]
            parts[-1] += b"]}"
            return Call(_BATCH, _BATCH.path, {}, b",".join(parts))  # joined once: it is half a megabyte
        route = BY_TYPE[self.alone["type"]].route
        return Call(route, route.path, {}, standing_alone(self.envelope, self.bodies[0]))

    def halves(self) -> tuple[Chunk, Chunk]:
        """Return the two halves of a batch."""
        middle = len(self.places) // 2
        return (
            Chunk(self.envelope, self.ids[:middle], self.bodies[:middle], self.places[:middle]),
            Chunk(self.envelope, self.ids[middle:], self.bodies[middle:], self.places[middle:]),
        )


def standing_alone(envelope: Envelope, body: bytes) -> bytes:
    """Return an item's body with what was around it inside."""
    return b"{" + envelope.fields + body[1:]


class Packer:
    """Packs messages into chunks and notes each one in the report; what cannot be sent is rejected there."""

    def __init__(self, settings: Settings, around: Mapping[str, Any], report: BatchReport) -> None:
        self.settings = settings
        self.report = report
        self.base = Envelope(_own(around), settings)
        self.open = Chunk(self.base)
        self.prefix = uuid4().hex
        self.numbers = count()

    def chunks(self, messages: Iterable[Message]) -> Iterator[Chunk]:
        """Yield chunks, each at most `limits.batch_bytes` on the wire."""
        report, base, missing = self.report, self.base, self.settings.missing
        batch_limit = self.settings.limits.batch_bytes
        separate = self.settings.item_context == "separate"
        chunk, size = self.open, base.size
        for message in messages:
            try:
                if message.__class__ is not dict:  # pyright: ignore[reportUnnecessaryComparison]  # from untyped code
                    _refuse_other(message)
                check(message)
                envelope = base
                content: Mapping[str, Any] = message
                if separate and ("context" in message or "integrations" in message) and (own := _own(message)):
                    envelope, content = self._around(own, chunk.envelope), _without(message, _AROUND)
                body = values.encode(content, missing)
                message_id = message.get("messageId")
                if message_id is None:
                    message_id, body = self._minted(content, body)
                length = len(body)
                lone = message["type"] == _UNBATCHABLE
                if length > envelope.room or (lone and length > envelope.room_alone):
                    raise self._no_room(message, envelope, length)
            except ValidationError as error:
                chunk.note(report)
                report.reject(message, error)
                continue
            if size + length >= batch_limit or lone or envelope is not chunk.envelope:
                yield from self._closed(chunk)
                chunk = self.open = Chunk(envelope)
                size = envelope.size
            chunk.ids.append(message_id)
            chunk.bodies.append(body)
            size += length + 1
            if lone or envelope is not base:
                chunk.alone = message if len(chunk.ids) == 1 else None
            if lone:
                yield from self._closed(chunk)
                chunk = self.open = Chunk(base)
                size = base.size
        yield from self._closed(chunk)

    def _closed(self, chunk: Chunk) -> Iterator[Chunk]:
        if chunk.ids:
            chunk.note(self.report)
            yield chunk

    def _minted(self, message: Mapping[str, Any], body: bytes) -> tuple[str, bytes]:
        """Return a new id, and the body with it: spliced in, since encoding again would cost more than the rest."""
        if "messageId" in message:  # as None, which readers would take for the id
            body = values.encode(_without(message, ("messageId",)), self.settings.missing)
        message_id = f"{self.prefix}-{next(self.numbers):x}"
        return message_id, b'{"messageId":"%b",%b' % (message_id.encode(), body[1:])

    def _around(self, own: Mapping[str, Mapping[str, Any]], current: Envelope) -> Envelope:
        around = {**self.base.around}
        for name, value in own.items():
            around[name] = {**around.get(name, {}), **value}
        envelope = Envelope(around, self.settings, of_item=True)
        # Compared as they are written: Python holds True and 1 equal, and some values cannot be compared at all.
        return current if current.fields == envelope.fields else envelope

    def _no_room(self, message: Message, envelope: Envelope, length: int) -> ValidationError:
        """Return the error for an item that is too large, by itself or with what is around it."""
        limits = self.settings.limits
        if envelope is self.base and length > limits.call_bytes:
            return too_large(message, length, limits.call_bytes)
        whole, limit = length + len(envelope.fields), limits.call_bytes
        if whole <= limit or (envelope is self.base and length > envelope.room):
            whole, limit = envelope.size + length + 1, limits.batch_bytes
        return too_large({**message, **envelope.around}, whole, limit)


def _own(message: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return what of `context` and `integrations` a message itself holds, or a batch."""
    own: dict[str, Mapping[str, Any]] = {}
    for name in _AROUND:
        value: object = message.get(name)
        if isinstance(value, Mapping):
            if value:
                own[name] = cast("Mapping[str, Any]", value)
        elif value is not None:
            raise ValidationError(f"is a {type(value).__name__}; give a dict", field=name)
    return own


def _without(message: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in names}


def _refuse_other(message: object) -> None:
    if not isinstance(message, Mapping):
        raise ValidationError(f"is a {type(message).__name__}; an item of a batch is a message, a dict", field="type")
