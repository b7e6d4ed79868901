"""Live notifications (iOS live activities and their Android kin): start, update, end, and read one."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.sends import ByEmail, ById
from ciokit.core.endpoint import Field, Group, Path, S, endpoint
from ciokit.core.retry import Retry


class ByPhone(TypedDict):
    """A person by phone number, in E.164 form."""

    phone: str


class ByInternal(TypedDict):
    """A person by the service's id, with its `cio_` prefix."""

    internal: str


LiveIdentifiers: TypeAlias = ById | ByEmail | ByPhone | ByInternal
"""Whose device it is, named in exactly one way; nobody anonymous."""


class SegmentsState(TypedDict):
    """A tracker of several steps: type `io.customer.livenotifications.segments`; at most 20 segments."""

    status: str
    segmentsTotal: int
    segmentsComplete: int
    substatus: NotRequired[str]
    trailingText: NotRequired[str]


class CountdownState(TypedDict):
    """A countdown: type `io.customer.livenotifications.countdowntimer`; `endTime` is in Unix seconds."""

    title: str
    statusMessage: NotRequired[str]
    endTime: NotRequired[int]


LiveState: TypeAlias = SegmentsState | CountdownState | dict[str, Any]
"""What a live notification shows: one of the ready-made forms, or that of a type of your own; never empty."""


class LiveAlert(TypedDict):
    """What the push shows."""

    title: str
    body: str
    sound: NotRequired[str]


class LivePush(TypedDict):
    """The push that brings the change."""

    alert: NotRequired[LiveAlert]


class LiveInstance(TypedDict):
    """The change is queued, which is not yet delivered; `instance_id` is a ULID."""

    instance_id: str


class LiveDelivery(TypedDict):
    """The last thing sent to a live notification; `created_at` is in Unix seconds."""

    id: NotRequired[str]
    operation: NotRequired[Literal["start", "update", "end"]]
    source: NotRequired[str]
    status: NotRequired[Literal["queued", "sent", "failed", "undeliverable"]]
    created_at: NotRequired[int]


class LiveNotification(TypedDict):
    """One live notification; times are in Unix seconds."""

    instance_id: str
    notification_type: NotRequired[str]
    platform: NotRequired[str]
    state: Literal["active", "ended", "expired", "failed"]
    failure_reason: NotRequired[str | None]
    started_at: NotRequired[int]
    expires_at: NotRequired[int | None]
    ended_at: NotRequired[int | None]
    last_delivery: NotRequired[LiveDelivery | None]


class LiveNotifications(Group[S]):
    """Live notifications on the devices of people; a 404 also means that the workspace does not have them on."""

    @endpoint(
        "app",
        "POST",
        "/v1/live_notifications/start",
        retry=Retry.NEVER,
        docs="startLiveNotification",
        check=checks.identified_by("id", "email", "phone", "internal"),
    )
    def start(
        self,
        *,
        identifiers: Field[LiveIdentifiers],
        notification_type: Field[str],
        attributes: Field[dict[str, Any]],
        content_state: Field[LiveState],
        device_id: Field[str | None] = None,
        platform: Field[Literal["ios", "android"] | None] = None,
        app_identifier: Field[str | None] = None,
        push_payload: Field[LivePush | None] = None,
        deep_link: Field[str | None] = None,
        expiration: Field[int | None] = None,
    ) -> LiveInstance:
        """Start a live notification for a person.

        Needs iOS 17.2 and a token registered for starting by push.

        Args:
            identifiers: whose.
            notification_type: as the app registered it, in reverse-DNS form.
            attributes: what stays the same for all of its life, not empty; the ready-made types need `header`.
            content_state: what it shows first.
            device_id: on this device only.
            platform: on these devices only.
            app_identifier: a bundle id or package name, where the workspace has several apps.
            push_payload: needed for iOS, with its `alert`.
            deep_link: where a tap leads.
            expiration: in Unix seconds, within six hours; 0 or none means six hours.

        Raises:
            RefusedError: 400, a field is missing or not valid; 404, not on in the workspace.
        """
        ...

    @endpoint("app", "POST", "/v1/live_notifications/update", retry=Retry.NEVER, docs="updateLiveNotification")
    def update(
        self,
        *,
        instance_id: Field[str],
        content_state: Field[LiveState],
        attributes: Field[dict[str, Any] | None] = None,
        push_payload: Field[LivePush | None] = None,
        deep_link: Field[str | None] = None,
    ) -> LiveInstance:
        """Show something else; `content_state` replaces all that was shown."""
        ...

    @endpoint("app", "POST", "/v1/live_notifications/end", retry=Retry.NEVER, docs="endLiveNotification")
    def end(
        self,
        *,
        instance_id: Field[str],
        content_state: Field[LiveState | None] = None,
        attributes: Field[dict[str, Any] | None] = None,
        push_payload: Field[LivePush | None] = None,
        deep_link: Field[str | None] = None,
    ) -> LiveInstance:
        """End a live notification, with a last content if given."""
        ...

    @endpoint("app", "GET", "/v1/live_notifications/{instance_id}", retry=Retry.SAFE, docs="getLiveNotification")
    def get(self, instance_id: Path[str]) -> LiveNotification:
        """Return the state of a live notification; just after its start it may not be there yet."""
        ...
