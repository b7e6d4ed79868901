"""One message on its way: checked, encoded, measured on the exact wire bytes, then sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from uuid import uuid4

from ciokit import values
from ciokit.core.codec import read
from ciokit.core.flow import Call, Flow, ask
from ciokit.errors import ValidationError
from ciokit.pipelines_api.messages import Message, check
from ciokit.pipelines_api.operation import Receipt
from ciokit.pipelines_api.operations import BY_TYPE
from ciokit.settings import Settings


def send_message(message: Message, settings: Settings) -> Flow[Receipt]:
    """Return the flow that sends one message.

    Raises `ValidationError` before any request when the message would be dropped, or its body is over
    `limits.call_bytes`.
    """
    check(message)
    message = with_id(message)
    message_id = message.get("messageId", "")
    body = values.encode(message, missing=settings.missing)
    limit = settings.limits.call_bytes
    if len(body) > limit:
        raise too_large(message, len(body), limit)
    route = BY_TYPE[message["type"]].route
    response = yield from ask(Call(route, route.path, {}, body))
    read(route, response)
    return Receipt(message_id, len(body))


def with_id(message: Message) -> Message:
    """Return the message with an id; one that has none gets a new UUID."""
    if message.get("messageId") is not None:
        return message
    return {**message, "messageId": str(uuid4())}


def too_large(message: Mapping[str, Any], size: int, limit: int) -> ValidationError:
    """Return the error for a message over the limit; it names the largest field and how many entries that has."""
    sizes = {name: len(values.encode(value)) for name, value in message.items()}
    largest = max(sizes, key=lambda name: sizes[name])
    field = message[largest]
    entries = f", {len(cast('Mapping[str, Any]', field)):,} entries" if isinstance(field, Mapping) else ""
    share = sizes[largest]
    return ValidationError(
        f"makes the message {size:,} B, over the limit of {limit:,} B (this field: {share:,} B{entries}); "
        "send less in one message, or raise it in `Settings.limits` if your workspace takes more",
        field=largest,
    )
