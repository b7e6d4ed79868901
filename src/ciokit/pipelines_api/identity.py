"""Identity: what `alias` is for, and what it is not."""

from __future__ import annotations

from typing import Unpack

from ciokit.errors import ValidationError
from ciokit.pipelines_api.messages import Message, Options, message, text
from ciokit.pipelines_api.operation import Operation


@Operation
def create_alias(user_id: str, previous_id: str, **options: Unpack[Options]) -> Message:
    """Tell destinations such as Mixpanel that `previous_id` and `user_id` are one person.

    Merges nothing in Customer.io: its own profiles stay two. To tie an anonymous visitor to a person use
    `identify_user(client, user_id, anonymous_id=...)`; to merge profiles see `merge_profiles`. Source: facts, 3.7.
    """
    if text(previous_id, "previous_id") == user_id:
        raise ValidationError("is the same as `user_id`; an alias ties two different ids", field="previous_id")
    return message("alias", user_id, {"previousId": previous_id}, options)
