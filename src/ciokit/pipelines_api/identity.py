"""Identity: what `alias` is for, and what it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Unpack

from ciokit.errors import ConfigurationError, ValidationError
from ciokit.pipelines_api.messages import Message, Options, message, text
from ciokit.pipelines_api.operation import Operation

if TYPE_CHECKING:
    from ciokit.pipelines_api.client import AsyncCustomerIOClient, CustomerIOClient


@Operation
def create_alias(user_id: str, previous_id: str, **options: Unpack[Options]) -> Message:
    """Tell destinations such as Mixpanel that `previous_id` and `user_id` are one person.

    Merges nothing in Customer.io: its own profiles stay two. To tie an anonymous visitor to a person use
    `identify_user(client, user_id, anonymous_id=...)`; to merge profiles see `merge_profiles`. Source: facts, 3.7.
    """
    if text(previous_id, "previous_id") == user_id:
        raise ValidationError("is the same as `user_id`; an alias ties two different ids", field="previous_id")
    return message("alias", user_id, {"previousId": previous_id}, options)


def merge_profiles(
    client: CustomerIOClient | AsyncCustomerIOClient,  # noqa: ARG001 - the contract's signature; refused all the same
    primary_user_id: str,  # noqa: ARG001 - same
    secondary_user_id: str,  # noqa: ARG001 - same
) -> NoReturn:
    """Refuse: the Data Pipelines API cannot merge profiles, and pretending with `alias` would merge nothing.

    Merging is an operation of the Track API (`POST /api/v1/merge_customers`, irreversible: the secondary profile is
    deleted). Raises `ConfigurationError`; nothing is sent.
    """
    raise ConfigurationError(
        "profiles are merged by the Track API, with Track credentials, which this client does not have; "
        "`alias` would merge nothing. Nothing was sent"
    )
