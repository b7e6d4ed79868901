"""The data index: describe attributes and events, and mark attributes as sensitive."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.core.endpoint import Field, Group, S, endpoint
from ciokit.core.retry import Retry


class AttributeEntry(TypedDict):
    """What to note of an attribute: at most 255 characters, and 1 for sensitive (Premium plans only), 0 for not."""

    name: str
    description: NotRequired[str]
    privacy_level: NotRequired[Literal[0, 1]]


class EventEntry(TypedDict):
    """What to note of an event: at most 255 characters."""

    name: str
    description: NotRequired[str]


class DataIndex(Group[S]):
    """What the App API does about the data index."""

    # Both set values by name: the second time changes nothing, so these POSTs may be repeated.

    @endpoint(
        "app",
        "POST",
        "/v1/data_index/attributes",
        retry=Retry.SAFE,
        docs="updateAttributeMetadata",
        check=checks.every(checks.entries("attributes", 100), checks.longest("attributes[].description", 255)),
    )
    def update_attributes(self, attributes: Field[list[AttributeEntry]]) -> None:
        """Describe 1 to 100 attributes, or mark them as sensitive.

        Raises:
            RefusedError: 422, none or more than 100, or the plan has no privacy levels.
        """
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/data_index/events",
        retry=Retry.SAFE,
        docs="updateEventMetadata",
        check=checks.every(checks.entries("events", 100), checks.longest("events[].description", 255)),
    )
    def update_events(self, events: Field[list[EventEntry]]) -> None:
        """Describe 1 to 100 events.

        Raises:
            RefusedError: 422, none or more than 100.
        """
        ...
