"""The Track API, version 1: one person or one event a call.

Who is meant stands in the path, where the service tells an id from an e-mail address and from a `cio_id` by its form;
a phone number would be taken for an id, and is refused. `Identity` writes each as it must be. Source: Track spec,
`paths`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict

from ciokit.core.endpoint import Body, Field, Group, Path, S, endpoint
from ciokit.core.retry import Retry
from ciokit.identity import ByCioId, ByEmail, ById, Identity
from ciokit.track_api import arguments
from ciokit.track_api.arguments import UnixTime

EventType = Literal["event", "page", "screen"]
"""What an event is: something that happened, a page that was viewed, or a screen of an app."""


class Account(TypedDict):
    """Where an account lives, and the number of the workspace the credentials are for."""

    url: str
    region: Literal["us", "eu"]
    environment_id: int


class DeviceAttributes(TypedDict, total=False):
    """What is known of a device; all text, further names are taken too. `_last_status` is read only."""

    device_os: str
    device_model: str
    app_version: str
    cio_sdk_version: str
    _last_status: Literal["", "bounced", "sent", "suppressed"]
    device_locale: str
    push_enabled: Literal["true", "false"]


class Device(TypedDict):
    """A device: `id` is its token, `last_used` is in Unix seconds."""

    id: str
    platform: Literal["ios", "android"]
    last_used: NotRequired[UnixTime]
    attributes: NotRequired[DeviceAttributes]


class V1(Group[S]):
    """People and events, one a call. A 200 means taken, not done: the service works it off afterwards."""

    @endpoint("track", "GET", "/api/v1/accounts/region", retry=Retry.SAFE, docs="getRegion")
    def region(self) -> Account:
        """Return the region an account is in; either region's host answers."""
        ...

    @endpoint(
        "track",
        "PUT",
        "/api/v1/customers/{identifier}",
        retry=Retry.SAFE,
        docs="identify",
        prepare=arguments.attributes,
    )
    def identify(self, identifier: Path[str | Identity], attributes: Body[Mapping[str, Any] | None] = None) -> None:
        """Add a person or update one.

        Limits: an id 150 bytes, attribute names 150, values 1,000, 300 attributes a person or call. Identifiers that
        belong to different people are answered with 200 and end as an `Attribute Update Failure` activity.

        Args:
            identifier: who. To change somebody's id or e-mail address, name them by `cio_id`.
            attributes: such as `{"plan": "pro"}`; those not named stay. `_update: True` never adds a person,
                `_timestamp` says when this was true, so that older values do not overwrite newer ones; it and
                `created_at` are in Unix seconds. `cio_relationships`, `cio_subscription_preferences`, `anonymous_id`
                and `unsubscribed` mean something to the service.

        Raises:
            ValidationError: a phone number, or a time in milliseconds.
        """
        ...

    @endpoint(
        "track", "DELETE", "/api/v1/customers/{identifier}", retry=Retry.SAFE, docs="delete", prepare=arguments.person
    )
    def delete(self, identifier: Path[str | Identity]) -> None:
        """Delete a person with everything known of them; a later call about them makes them anew."""
        ...

    @endpoint(
        "track",
        "PUT",
        "/api/v1/customers/{identifier}/devices",
        retry=Retry.SAFE,
        docs="add_device",
        prepare=arguments.device,
    )
    def add_device(self, identifier: Path[str | Identity], device: Field[Device]) -> None:
        """Add a device to a person, or update it."""
        ...

    @endpoint(
        "track",
        "DELETE",
        "/api/v1/customers/{identifier}/devices/{device_id}",
        retry=Retry.SAFE,
        docs="delete_device",
        prepare=arguments.person,
    )
    def delete_device(self, identifier: Path[str | Identity], device_id: Path[str]) -> None:
        """Take a device, named by its token, from a person."""
        ...

    @endpoint(
        "track",
        "POST",
        "/api/v1/customers/{identifier}/suppress",
        retry=Retry.SAFE,
        docs="suppress",
        prepare=arguments.person,
    )
    def suppress(self, identifier: Path[str | Identity]) -> None:
        """Delete a person for good and ignore whatever is sent about their identifiers from now on."""
        ...

    @endpoint(
        "track",
        "POST",
        "/api/v1/customers/{identifier}/unsuppress",
        retry=Retry.SAFE,
        docs="unsuppress",
        prepare=arguments.person,
    )
    def unsuppress(self, identifier: Path[str | Identity]) -> None:
        """Take notice of an identifier again; what was deleted does not come back."""
        ...

    @endpoint(
        "track",
        "POST",
        "/api/v1/customers/{identifier}/events",
        retry=Retry.SAFE,
        docs="track",
        prepare=arguments.event,
    )
    def track(
        self,
        identifier: Path[str | Identity],
        name: Field[str],
        *,
        data: Field[Mapping[str, Any] | None] = None,
        type: Field[EventType | None] = None,
        timestamp: Field[UnixTime | None] = None,
        id: Field[str | None] = None,
    ) -> None:
        """Record something a person did.

        Sending it again is safe: it carries an id, and the service ignores an event whose id it has seen. Limits: a
        name 100 bytes, data 100,000.

        Args:
            identifier: who.
            name: what happened, or the address of a page or the name of a screen.
            data: about it; `recipient`, `from_address` and `reply_to` mean something to messages it triggers.
            type: `event` if left out.
            timestamp: when, in Unix seconds or as an aware datetime; left out it is now. Within the last 72 hours it
                may trigger campaigns.
            id: a ULID; left out it gets a new one.

        Raises:
            ValidationError: no name, no ULID, a phone number, or a time in milliseconds.
        """
        ...

    @endpoint("track", "POST", "/api/v1/events", retry=Retry.SAFE, docs="trackAnonymous", prepare=arguments.event)
    def track_anonymous(
        self,
        name: Field[str],
        *,
        anonymous_id: Field[str | None] = None,
        data: Field[Mapping[str, Any] | None] = None,
        type: Field[EventType | None] = None,
        timestamp: Field[UnixTime | None] = None,
        id: Field[str | None] = None,
    ) -> None:
        """Record something somebody did who is not known yet; the other arguments are those of `track`.

        Args:
            name: what happened.
            anonymous_id: such as that of a cookie. Once a person has it as their attribute `anonymous_id`, the events
                of the last 30 days become theirs, where the workspace merges events. Without it, nobody's for good.
            data: about it.
            type: `event` if left out.
            timestamp: when.
            id: a ULID; left out it gets a new one.
        """
        ...

    @endpoint("track", "POST", "/api/v1/merge_customers", retry=Retry.SAFE, docs="merge", prepare=arguments.merger)
    def merge(
        self,
        primary: Field[Identity | ById | ByEmail | ByCioId],
        secondary: Field[Identity | ById | ByEmail | ByCioId],
    ) -> None:
        """Merge one person into another and delete them. This cannot be undone.

        `primary` keeps its attributes and gets those it does not have, the last 30 days of events, manual segments,
        deliveries and journeys. `primary` must exist, or nothing happens and nothing is said: wait after making it.
        Sending it again is safe, since by then there is nobody to merge.

        Args:
            primary: who stays, by id, email or cio_id.
            secondary: who is deleted, by id, email or cio_id.

        Raises:
            ValidationError: a phone number, or twice the same person.
        """
        ...
