"""Events: what somebody did, under a name of your own. For the names the vendor defines see `ciokit.ecommerce` and kin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from ciokit.errors import ValidationError
from ciokit.pipelines_api.messages import AnonymousOptions, Message, message
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
    if not isinstance(event_name, str) or not event_name.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValidationError("is empty or not text; give the event a name", field="event_name")
    return message("track", user_id, {"event": event_name, "properties": dict(properties or {})}, options)
