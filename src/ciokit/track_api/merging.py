"""Merging two profiles, as a function that takes the client first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, overload

from ciokit.errors import ConfigurationError
from ciokit.identity import Person, identity_of
from ciokit.track_api.client import AsyncTrackClient, TrackClient

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ciokit.pipelines_api.client import AsyncCustomerIOClient, CustomerIOClient


@overload
def merge_profiles(client: TrackClient, primary: Person, secondary: Person) -> None: ...
@overload
def merge_profiles(client: AsyncTrackClient, primary: Person, secondary: Person) -> Coroutine[Any, Any, None]: ...
@overload
def merge_profiles(
    client: CustomerIOClient | AsyncCustomerIOClient, primary: Person, secondary: Person
) -> NoReturn: ...
def merge_profiles(client: object, primary: Person, secondary: Person) -> Coroutine[Any, Any, None] | None:
    """Merge `secondary` into `primary` and delete it. This cannot be undone.

    People are given as text, which is their id, or as `Identity`; a phone number will not do. `primary` must exist, or
    nothing happens: wait after making it. What moves is told at `V1.merge`.

    The Data Pipelines API cannot merge profiles, and its `alias` merges nothing: a client of it is refused with
    `ConfigurationError`, and nothing is sent. Raises `ValidationError` for twice the same person.
    """
    if not isinstance(client, TrackClient | AsyncTrackClient):
        raise ConfigurationError(
            "profiles are merged by the Track API, with Track credentials, which this client does not have: pass a "
            "TrackClient; `alias` would merge nothing. Nothing was sent"
        )
    return client.v1.merge(identity_of(primary), identity_of(secondary))
