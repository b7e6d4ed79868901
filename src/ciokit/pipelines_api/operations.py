"""The seven operations of the Data Pipelines API, each declared once.

All are POST. Repeating one is safe: its message id is minted before the first try, and the emulator and service know
it again. Sources: Pipelines spec, `paths`; facts, section 3.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict

from ciokit.core.endpoint import Body, Endpoint, Field, Group, S, endpoint
from ciokit.core.retry import Retry
from ciokit.pipelines_api.messages import Message, MessageType


class Accepted(TypedDict):
    """The answer of every operation: an empty object, without a word on any item."""


class Pipelines(Group[S]):
    """Everything the Data Pipelines API can be told."""

    @endpoint("pipelines", "POST", "/v1/identify", retry=Retry.SAFE, docs="identify")
    def identify(self, message: Body[Message]) -> Accepted:
        """Add or update a person."""
        ...

    @endpoint("pipelines", "POST", "/v1/track", retry=Retry.SAFE, docs="track")
    def track(self, message: Body[Message]) -> Accepted:
        """Record an event; some names are commands, such as `User Deleted`."""
        ...

    @endpoint("pipelines", "POST", "/v1/page", retry=Retry.SAFE, docs="page")
    def page(self, message: Body[Message]) -> Accepted:
        """Record a page view."""
        ...

    @endpoint("pipelines", "POST", "/v1/screen", retry=Retry.SAFE, docs="screen")
    def screen(self, message: Body[Message]) -> Accepted:
        """Record a screen view."""
        ...

    @endpoint("pipelines", "POST", "/v1/group", retry=Retry.SAFE, docs="group")
    def group(self, message: Body[Message]) -> Accepted:
        """Add or update an object and its relationship to a person."""
        ...

    @endpoint("pipelines", "POST", "/v1/alias", retry=Retry.SAFE, docs="alias")
    def alias(self, message: Body[Message]) -> Accepted:
        """Tell destinations that two ids are one person; merges nothing in Customer.io."""
        ...

    @endpoint("pipelines", "POST", "/v1/batch", retry=Retry.SAFE, docs="batch")
    def batch(
        self,
        *,
        batch: Field[list[Message]],
        context: Field[Mapping[str, Any] | None] = None,
        integrations: Field[Mapping[str, Any] | None] = None,
    ) -> Accepted:
        """Send many messages at once; `context` and `integrations` apply to all of them."""
        ...


BY_TYPE: Mapping[MessageType, Endpoint[..., Accepted]] = {
    "identify": Pipelines.identify,
    "track": Pipelines.track,
    "page": Pipelines.page,
    "screen": Pipelines.screen,
    "group": Pipelines.group,
    "alias": Pipelines.alias,
}
