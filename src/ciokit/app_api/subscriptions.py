"""The subscription centre: topics and channels people can subscribe to, and their link to the page for it."""

from __future__ import annotations

from typing import Literal, TypedDict

from ciokit.core.endpoint import Group, Path, S, endpoint
from ciokit.core.retry import Retry


class Topic(TypedDict):
    """A topic; `identifier` is the name of the attribute that holds a person's choice."""

    id: int
    identifier: str
    name: str
    description: str
    subscribed_by_default: bool


class TopicList(TypedDict):
    """The topics of a workspace; empty when it has none."""

    topics: list[Topic]


class Channel(TypedDict):
    """A channel people can subscribe to."""

    id: int
    name: str
    description: str
    type: Literal["email", "twilio", "urban_airship", "slack", "push", "in_app", "line", "inbox", "whatsapp"]
    subscribed_by_default: bool


class ChannelList(TypedDict):
    """The channels of a workspace."""

    channels: list[Channel]


class PreferencesLink(TypedDict):
    """A person's own way to the subscription centre; whoever has it can change the person's choices for 24 hours."""

    token: str
    url: str


class Subscriptions(Group[S]):
    """What the App API says about subscriptions; one person's choices are `customers.subscription_preferences`."""

    @endpoint("app", "GET", "/v1/subscription_topics", retry=Retry.SAFE, docs="getTopics")
    def topics(self) -> TopicList:
        """Return the topics people can subscribe to."""
        ...

    @endpoint("app", "GET", "/v1/subscription_channels", retry=Retry.SAFE, docs="getChannels")
    def channels(self) -> ChannelList:
        """Return the channels people can subscribe to."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/subscription_center/{customer_id}/token",
        retry=Retry.SAFE,
        docs="getSubscriptionCenterToken",
    )
    def link(self, customer_id: Path[str]) -> PreferencesLink:
        """Return a signed link to one person's subscription centre, good for 24 hours.

        On a custom tracking domain the token also works as `/u/i/<token>/<language>`, the language being optional.

        Args:
            customer_id: the person's `id` or e-mail address.

        Raises:
            RefusedError: 400, nobody has this identifier.
        """
        ...
