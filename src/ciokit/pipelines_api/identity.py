"""Identity: what `alias` is for, and what it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Unpack

from ciokit.errors import ConfigurationError, ValidationError
from ciokit.pipelines_api.messages import Message, Options, message
from ciokit.pipelines_api.operation import Operation

if TYPE_CHECKING:
    from ciokit.pipelines_api.client import AsyncCustomerIOClient, CustomerIOClient


@Operation
def create_alias(user_id: str, previous_id: str, **options: Unpack[Options]) -> Message:
    """Tell destinations such as Mixpanel that `previous_id` and `user_id` are one person.

    Merges nothing in Customer.io: its own profiles stay two. To tie an anonymous visitor to a person use
    `identify_user(client, user_id, anonymous_id=...)`; to merge profiles see `merge_profiles`. Source: facts, 3.7.
    """
    if not isinstance(previous_id, str) or not previous_id.strip():  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValidationError("is empty or not text; give the id the person had before", field="previous_id")
    if previous_id == user_id:
        raise ValidationError("is the same as `user_id`; an alias ties two different ids", field="previous_id")
    return message("alias", user_id, {"previousId": previous_id}, options)


def merge_profiles(
    client: CustomerIOClient | AsyncCustomerIOClient, primary_user_id: str, secondary_user_id: str
) -> NoReturn:
    """Refuse: the Data Pipelines API cannot merge profiles, and pretending with `alias` would merge nothing.

    Merging is an operation of the Track API (`POST /api/v1/merge_customers`, irreversible: the secondary profile is
    deleted). Raises `ConfigurationError`; nothing is sent.
    """
    raise ConfigurationError(
        "profiles are merged by the Track API, with Track credentials, which this client does not have; "
        "`alias` would merge nothing. Nothing was sent"
    )
