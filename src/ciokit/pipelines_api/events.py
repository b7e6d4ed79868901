"""Events: what somebody did, under names of your own; the vendor's own names are in `ciokit.ecommerce` and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from ciokit.pipelines_api.messages import AnonymousOptions, Message, mapping, message, text
from ciokit.pipelines_api.operation import Operation


@Operation
def track_event(
    user_id: str | None,
    event_name: str,
    properties: Mapping[str, Any] | None = None,
    **options: Unpack[AnonymousOptions],
) -> Message:
    """Record something a person did, or an anonymous visitor: `track_event(client, None, "Seen", anonymous_id="a1")`.

    A person not seen before is added. Some names are commands, such as `User Deleted`. `timestamp` back-dates it.
    At most 32,000 bytes in all. Raises `ValidationError` for an empty name or id. Source: Pipelines spec, `track`.
    """
    fields = {"event": text(event_name, "event_name"), "properties": mapping(properties, "properties")}
    return message("track", user_id, fields, options)
