"""People: add, update, delete, suppress, unsubscribe.

Suppressing is not unsubscribing: `suppress_user` deletes the person and blocks the identifier for good;
`unsubscribe_user` sets the trait `unsubscribed` and keeps everything. Source: facts, section 3.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from ciokit.pipelines_api.messages import AnonymousOptions, Message, Options, mapping, message
from ciokit.pipelines_api.operation import Operation
from ciokit.pipelines_api.semantic import operations


@Operation
def identify_user(
    user_id: str | None = None, traits: Mapping[str, Any] | None = None, **options: Unpack[AnonymousOptions]
) -> Message:
    """Add or update a person.

    `traits` are merged into what is there; None clears a trait. With `anonymous_id` besides `user_id`, what that
    visitor did becomes the person's. Without any id, `traits["email"]` says who it is. At most 32,000 bytes in all.

    Raises `ValidationError` for an empty or missing id. Source: Pipelines spec, `identify`.
    """
    content = mapping(traits, "traits")
    nobody = user_id is None and options.get("anonymous_id") is None
    fields = {"userId": ""} if nobody and "email" in content else {}
    return message("identify", user_id, {**fields, "traits": content}, options)


@Operation
def delete_user(user_id: str, properties: Mapping[str, Any] | None = None, **options: Unpack[Options]) -> Message:
    """Delete a person; an e-mail address is looked up too.

    The person can be added again later; to prevent that, see `suppress_user`. Sent as the event `User Deleted`:
    the API has no DELETE.
    """
    return message("track", user_id, {"event": operations.user_deleted.name, "properties": properties}, options)


@Operation
def suppress_user(user_id: str, properties: Mapping[str, Any] | None = None, **options: Unpack[Options]) -> Message:
    """Delete a person and block the identifier, so that nothing can add it again. For erasure requests.

    To stop only the messages, see `unsubscribe_user`.
    """
    return message("track", user_id, {"event": operations.user_suppressed.name, "properties": properties}, options)


@Operation
def unsuppress_user(user_id: str, properties: Mapping[str, Any] | None = None, **options: Unpack[Options]) -> Message:
    """Lift the block of `suppress_user`; the deleted person and history do not come back."""
    return message("track", user_id, {"event": operations.user_unsuppressed.name, "properties": properties}, options)


@Operation
def unsubscribe_user(user_id: str, **options: Unpack[Options]) -> Message:
    """Stop messages to a person, who stays: sets the trait `unsubscribed` to true."""
    return message("identify", user_id, {"traits": {"unsubscribed": True}}, options)


@Operation
def resubscribe_user(user_id: str, **options: Unpack[Options]) -> Message:
    """Allow messages to a person again: sets the trait `unsubscribed` to false."""
    return message("identify", user_id, {"traits": {"unsubscribed": False}}, options)
