"""The activity log: what people did, what was sent to them and what the service did with it."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.types import CustomerIdentifiers, IdType
from ciokit.core.endpoint import Group, Query, S, paged

ActivityType = Literal[
    "add_relationship",
    "anon_merge",
    "attempted_action",
    "attempted_email",
    "attempted_in_app",
    "attempted_push",
    "attempted_slack",
    "attempted_twilio",
    "attempted_webhook",
    "attribute_change",
    "bounced_action",
    "bounced_email",
    "bounced_push",
    "bounced_twilio",
    "clicked_action",
    "clicked_content",
    "clicked_email",
    "clicked_in_app",
    "clicked_push",
    "clicked_twilio",
    "clicked_webhook",
    "converted_action",
    "converted_content",
    "converted_email",
    "converted_in_app",
    "converted_slack",
    "converted_twilio",
    "converted_webhook",
    "deferred_action",
    "deferred_email",
    "deferred_in_app",
    "deferred_push",
    "deferred_slack",
    "deferred_twilio",
    "deferred_webhook",
    "delete_relationship",
    "delivered_action",
    "delivered_email",
    "delivered_push",
    "delivered_twilio",
    "device_change",
    "drafted_action",
    "drafted_email",
    "drafted_in_app",
    "drafted_push",
    "drafted_slack",
    "drafted_twilio",
    "drafted_webhook",
    "dropped_action",
    "dropped_email",
    "dropped_push",
    "dropped_twilio",
    "dropped_webhook",
    "event",
    "failed_action",
    "failed_attribute_change",
    "failed_batch_update",
    "failed_email",
    "failed_event",
    "failed_in_app",
    "failed_object_journeys",
    "failed_push",
    "failed_query_collection",
    "failed_slack",
    "failed_twilio",
    "failed_webhook",
    "opened_action",
    "opened_email",
    "opened_in_app",
    "opened_push",
    "page",
    "profile_create",
    "profile_delete",
    "profile_merge",
    "relationship_attribute_change",
    "relationship_failed_attribute_change",
    "screen",
    "sent_action",
    "sent_email",
    "sent_in_app",
    "sent_push",
    "sent_slack",
    "sent_twilio",
    "sent_webhook",
    "skipped_update",
    "spammed_email",
    "suppressed_twilio",
    "topic_unsubscribed_email",
    "undeliverable_action",
    "undeliverable_email",
    "undeliverable_in_app",
    "undeliverable_push",
    "undeliverable_slack",
    "undeliverable_twilio",
    "undeliverable_webhook",
    "unsubscribed_action",
    "unsubscribed_email",
    "viewed_content",
    "webhook_event",
]
"""The kinds of activity with a fixed name.

Those of objects and relationships carry the number of the object type: `_o:<n>:create`, `_o:<n>:delete`,
`_o:<n>:attribute_change`, `_o:<n>:failed_attribute_change`, `_o:<n>:add_relationship`, `_o:<n>:delete_relationship`,
`_r:<n>:attribute_change` and `_r:<n>:failed_attribute_change`.
"""


class Activity(TypedDict):
    """One entry of the log.

    `data` depends on `type`: for `event` the event's own properties, for attribute changes `from` and `to` by attribute
    name, for messages `delivery_id`, `delivered` and `opened`. `name` is that of the event, `url` that of the page.
    `customer_id` is null for a person without an id; `timestamp` is in Unix seconds.
    """

    id: str
    type: str
    timestamp: int
    customer_id: str | None
    customer_identifiers: NotRequired[CustomerIdentifiers]
    name: NotRequired[str]
    url: NotRequired[str]
    data: dict[str, Any]
    delivery_id: NotRequired[str]
    delivery_type: NotRequired[Literal["ios", "android", "email", "phone"]]


class Activities(Group[S]):
    """The activity log of the whole workspace; that of one person is `customers.activities`."""

    @paged("app", "GET", "/v1/activities", items="activities", docs="listActivities", check=checks.page_of(100))
    def find(
        self,
        *,
        type: Query[ActivityType | str | None] = None,
        name: Query[str | None] = None,
        customer_id: Query[str | None] = None,
        id_type: Query[IdType] = "id",
        deleted: Query[bool] = False,
        start: Query[str | None] = None,
        limit: Query[int] = 10,
    ) -> list[Activity]:
        """Yield activities, page by page.

        Only the last 30 days are certain to be there. The kinds `failed_attribute_change`, `failed_event`,
        `failed_batch_update` and `skipped_update` tell what the service took with a 200 and then did not use.

        Args:
            type: the kind of activity.
            name: the name of an event or an attribute, for the kinds that have one.
            customer_id: whose activities; `id_type` says what kind of identifier this is.
            id_type: see `customer_id`.
            deleted: give the activities of deleted people instead.
            start: the cursor to go on from.
            limit: activities a page, at most 100.
        """
        ...
