"""People: find them, and read their attributes, devices, activities, relationships, segments, messages and choices."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.activities import Activity, ActivityType
from ciokit.app_api.types import AudienceFilter, CustomerIdentifiers, IdType, ObjectIdentifiers
from ciokit.core.endpoint import Field, Group, Path, Query, S, endpoint, paged
from ciokit.core.retry import Retry


class Device(TypedDict):
    """A device of a person: `id` is its token, `last_used` is in Unix seconds, attributes are text."""

    id: str
    platform: NotRequired[Literal["ios", "android"]]
    last_used: NotRequired[int]
    attributes: NotRequired[dict[str, str]]


class Person(TypedDict):
    """One profile.

    Attributes come back as text whatever they were sent as; only `id` and `email` are null where not set. `timestamps`
    says when each was set, in Unix seconds.
    """

    id: str
    identifiers: CustomerIdentifiers
    attributes: dict[str, str | None]
    timestamps: dict[str, int]
    unsubscribed: bool
    devices: list[Device]


class PersonAnswer(TypedDict):
    """A profile, under `customer`."""

    customer: Person


class PeopleAnswer(TypedDict):
    """Profiles, each under a `customer` of its own."""

    customers: list[PersonAnswer]


class FoundByEmail(TypedDict):
    """Everybody with an e-mail address."""

    results: list[CustomerIdentifiers]


class RelatedObject(TypedDict):
    """An object a person is related to, with the attributes of the relationship and when they were set.

    `object_type_id` is documented as a number and seen as text: compare `str(...)` of it.
    """

    object_type_id: int | str
    identifiers: ObjectIdentifiers
    attributes: dict[str, Any]
    timestamps: dict[str, int]


class PersonSegment(TypedDict):
    """A segment a person is in."""

    id: int
    name: str
    description: str


class PersonSegments(TypedDict):
    """The segments a person is in."""

    segments: list[PersonSegment]


class DeliveryTimes(TypedDict):
    """When a message was sent and delivered, in Unix seconds; absent what has not happened."""

    delivered: NotRequired[int]
    sent: NotRequired[int]


class PersonMessage(TypedDict):
    """A message sent to a person, one delivery of it.

    Which of the numbers is set says where it comes from. `created` is in Unix seconds. `type` is `email`, `webhook`,
    `twilio`, `push`, `in_app` or `slack`, and the list has been growing. A `forgotten` one has lost its content.
    """

    id: str
    deduplicate_id: NotRequired[str]
    msg_template_id: NotRequired[str]
    customer_id: NotRequired[str]
    campaign_id: NotRequired[int]
    action_id: NotRequired[int]
    recipient: NotRequired[str]
    subject: NotRequired[str]
    metrics: DeliveryTimes
    created: int
    failure_message: NotRequired[str | None]
    newsletter_id: NotRequired[int | None]
    content_id: NotRequired[int | None]
    broadcast_id: NotRequired[int | None]
    type: str
    forgotten: NotRequired[bool]


class TopicChoice(TypedDict):
    """A topic as a person sees it, and whether they are subscribed to it."""

    id: str
    subscribed: bool
    name: str
    description: str


class PreferencesHeader(TypedDict):
    """What stands at the head of the subscription centre."""

    title: str
    subtitle: str


class PersonPreferences(TypedDict):
    """A person's choices; `unsubscribed` outweighs every topic."""

    id: str | None
    identifiers: CustomerIdentifiers
    topics: list[TopicChoice]
    unsubscribed: bool
    header: NotRequired[PreferencesHeader]


class PersonPreferencesAnswer(TypedDict):
    """A person's choices, under `customer`."""

    customer: PersonPreferences


class Customers(Group[S]):
    """What the App API says about people."""

    @paged("app", "POST", "/v1/customers", items="identifiers", docs="getPeopleFilter", check=checks.page_of(1000))
    def find(
        self, filter: Field[AudienceFilter], *, start: Query[str | None] = None, limit: Query[int] = 50
    ) -> list[CustomerIdentifiers]:
        """Yield the people a filter matches, page by page.

        People without an `id` are among them, with `id` null. Somebody who changes meanwhile may come twice.

        Args:
            filter: such as `{"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}`.
            start: the cursor to go on from.
            limit: people a page, at most 1,000.
        """
        ...

    @endpoint("app", "GET", "/v1/customers", retry=Retry.SAFE, docs="getPeopleEmail")
    def find_by_email(self, email: Query[str]) -> FoundByEmail:
        """Return everybody with an e-mail address, upper and lower case alike; `results` is empty for nobody."""
        ...

    @endpoint(
        "app",
        "POST",
        "/v1/customers/attributes",
        retry=Retry.SAFE,
        docs="getPeopleById",
        check=checks.entries("ids", 100),
    )
    def attributes_of(self, ids: Field[list[str]], *, id_type: Query[IdType] = "id") -> PeopleAnswer:
        """Return the profiles of 1 to 100 people in one call.

        Unknown ids are left out of the answer without a word: compare what came back with what was asked for.

        Args:
            ids: identifiers, all of the kind `id_type` names.
            id_type: what kind of identifier they are.
        """
        ...

    @endpoint("app", "GET", "/v1/customers/{customer_id}/attributes", retry=Retry.SAFE, docs="getPersonAttributes")
    def attributes(self, customer_id: Path[str], *, id_type: Query[IdType] = "id") -> PersonAnswer:
        """Return one person's profile: identifiers, attributes (as text), devices.

        Raises:
            RefusedError: 404, nobody has this identifier; also the answer when `id_type` does not fit it.
        """
        ...

    @paged(
        "app",
        "GET",
        "/v1/customers/{customer_id}/activities",
        items="activities",
        docs="getPersonActivities",
        check=checks.page_of(100),
    )
    def activities(
        self,
        customer_id: Path[str],
        *,
        type: Query[ActivityType | str | None] = None,
        name: Query[str | None] = None,
        id_type: Query[IdType] = "id",
        start: Query[str | None] = None,
        limit: Query[int] = 10,
    ) -> list[Activity]:
        """Yield one person's activities, page by page.

        Only the last 30 days are certain to be there.

        Args:
            customer_id: whose; `id_type` says what kind of identifier this is.
            type: the kind of activity.
            name: the name of an event or an attribute, for the kinds that have one.
            id_type: see `customer_id`.
            start: the cursor to go on from.
            limit: activities a page, at most 100.

        Raises:
            RefusedError: 404, nobody has this identifier.
        """
        ...

    @paged(
        "app",
        "GET",
        "/v1/customers/{customer_id}/relationships",
        items="cio_relationships",
        docs="getPersonRelationships",
        check=checks.page_of(),
    )
    def relationships(
        self,
        customer_id: Path[str],
        *,
        id_type: Query[IdType] = "id",
        start: Query[str | None] = None,
        limit: Query[int | None] = None,
    ) -> list[RelatedObject]:
        """Yield the objects a person is related to, page by page; one may come twice.

        Raises:
            RefusedError: 404, nobody has this identifier.
        """
        ...

    @endpoint("app", "GET", "/v1/customers/{customer_id}/segments", retry=Retry.SAFE, docs="getPersonSegments")
    def segments(self, customer_id: Path[str], *, id_type: Query[IdType] = "id") -> PersonSegments:
        """Return the segments a person is in.

        Raises:
            RefusedError: 404, nobody has this identifier.
        """
        ...

    @paged(
        "app",
        "GET",
        "/v1/customers/{customer_id}/messages",
        items="messages",
        docs="getPersonMessages",
        check=checks.every(checks.page_of(1000), checks.window("start_ts", "end_ts", checks.SIX_MONTHS)),
    )
    def messages(
        self,
        customer_id: Path[str],
        *,
        id_type: Query[IdType] = "id",
        start_ts: Query[int | None] = None,
        end_ts: Query[int | None] = None,
        start: Query[str | None] = None,
        limit: Query[int] = 50,
    ) -> list[PersonMessage]:
        """Yield the messages sent to a person, page by page.

        Six months at most: those before `end_ts`, which is now unless given.

        Args:
            customer_id: whose; `id_type` says what kind of identifier this is.
            id_type: see `customer_id`.
            start_ts: the earliest, in Unix seconds.
            end_ts: the latest, in Unix seconds.
            start: the cursor to go on from.
            limit: messages a page, at most 1,000.

        Raises:
            RefusedError: 404, nobody has this identifier.
        """
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/customers/{customer_id}/subscription_preferences",
        retry=Retry.SAFE,
        docs="getPersonSubscriptionPreferences",
    )
    def subscription_preferences(
        self, customer_id: Path[str], *, id_type: Query[IdType] = "id", language: Query[str | None] = None
    ) -> PersonPreferencesAnswer:
        """Return what a person chose in the subscription centre, and the words it shows.

        Args:
            customer_id: whose; `id_type` says what kind of identifier this is.
            id_type: see `customer_id`.
            language: the language of the words, such as `fr`.

        Raises:
            RefusedError: 400, the request is refused; 404, nobody has this identifier.
        """
        ...
