"""From messages to request bodies: each message is checked and encoded once, and packed up to the byte limit.

`context` and `integrations` are known to a batch as a whole and not to its items (facts, 3.7). Messages that carry
their own therefore share a request only with neighbours that carry the same; alone, one goes to its own operation.
Order is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

from ciokit import values
from ciokit.core.flow import Call
from ciokit.errors import ValidationError
from ciokit.pipelines_api.messages import Message, check
from ciokit.pipelines_api.operations import BY_TYPE, Pipelines
from ciokit.pipelines_api.report import BatchReport
from ciokit.pipelines_api.sending import too_large
from ciokit.settings import Settings

_BATCH = Pipelines.batch.route
_UNBATCHABLE = "alias"  # not among the calls a batch takes (facts, 3.7)
_AROUND = ("context", "integrations")


class Envelope:
    """What stands around the items of a request: `context` and `integrations`, encoded once."""

    def __init__(self, around: Mapping[str, Any], *, of_item: bool = False) -> None:
        self.around = around
        self.fields = values.encode(around)[1:-1] + b"," if around else b""
        self.inside = len(self.fields) if of_item else 0  # what an item is larger by when it stands alone
        self.head = b"{" + self.fields + b'"batch":['
        self.size = len(self.head) + 1  # with the closing brackets, less the comma the first item does not have


@dataclass(slots=True)
class Chunk:
    """The items of one request: their ids and bodies, and, as far as they are noted there, places in the report."""

    envelope: Envelope
    ids: list[str] = field(default_factory=list[str])
    bodies: list[bytes] = field(default_factory=list[bytes])
    places: list[int] = field(default_factory=list[int])
    alone: Message | None = None

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
        self.base = Envelope(around)
        self.prefix = uuid4().hex
        self.numbers = count()

    def chunks(self, messages: Iterable[Message]) -> Iterator[Chunk]:
        """Yield chunks, each at most `limits.batch_bytes` on the wire."""
        report, base, missing = self.report, self.base, self.settings.missing
        item_limit, batch_limit = self.settings.limits.call_bytes, self.settings.limits.batch_bytes
        separate = self.settings.item_context == "separate"
        chunk, size = Chunk(base), base.size
        for message in messages:
            try:
                if message.__class__ is not dict:  # pyright: ignore[reportUnnecessaryComparison]  # from untyped code
                    _refuse_other(message)
                check(message)
                envelope = base
                content: Mapping[str, Any] = message
                if separate and ("context" in message or "integrations" in message) and _carries_own(message):
                    envelope, content = self._around(message, chunk.envelope), _without(message, _AROUND)
                body = values.encode(content, missing)
                message_id = message.get("messageId")
                if message_id is None:
                    message_id, body = self._minted(content, body)
                length = len(body)
                if length + envelope.inside > item_limit:
                    raise too_large(message, length + envelope.inside, item_limit)
            except ValidationError as error:
                chunk.note(report)
                report.reject(message, error)
                continue
            lone = message["type"] == _UNBATCHABLE
            if size + length >= batch_limit or lone or envelope is not chunk.envelope:
                yield from self._closed(chunk)
                chunk, size = Chunk(envelope), envelope.size
            chunk.ids.append(message_id)
            chunk.bodies.append(body)
            size += length + 1
            if lone or envelope is not base:
                chunk.alone = message if len(chunk.ids) == 1 else None
            if lone:
                yield from self._closed(chunk)
                chunk, size = Chunk(base), base.size
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

    def _around(self, message: Message, current: Envelope) -> Envelope:
        own = {name: message.get(name) for name in _AROUND if message.get(name)}
        around = {**self.base.around}
        for name, value in own.items():
            around[name] = {**around.get(name, {}), **value} if isinstance(value, Mapping) else value
        return current if current.around == around else Envelope(around, of_item=True)


def _carries_own(message: Message) -> bool:
    return bool(message.get("context") or message.get("integrations"))


def _without(message: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in message.items() if name not in names}


def _refuse_other(message: object) -> None:
    if not isinstance(message, Mapping):
        raise ValidationError(f"is a {type(message).__name__}; an item of a batch is a message, a dict", field="type")
