"""Deliveries of the whole workspace and of one person, and the stored copy of each."""

from __future__ import annotations

from typing import Any, cast

from ciokit.app_api.customers import Customers, DeliveryTimes, PersonMessage
from ciokit.app_api.messages import (
    ArchivedMessage,
    ArchivedMessageAnswer,
    Channel,
    Delivery,
    DeliveryAnswer,
    DeliveryMetric,
    Messages,
)
from ciokit.app_api.types import IdType
from ciokit.core.endpoint import Page
from ciokit.emulator import messaging
from ciokit.emulator.behaviour import lookup, mailings
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World

# [inferred]: a message of a person names its content, never the step of a workflow.
_OF_PERSON = PersonMessage.__annotations__.keys() - {"action_id"}
_COPIED = ("body", "from", "reply_to", "subject", "bcc", "fake_bcc", "preheader_text", "url")


@on(Messages.find)
def find(
    world: World,
    *,
    type: Channel | None = None,
    metric: DeliveryMetric | None = None,
    drafts: bool | None = None,
    campaign_id: int | None = None,
    newsletter_id: int | None = None,
    action_id: int | None = None,
    start_ts: int | None = None,
    end_ts: int | None = None,
    get_tracked_responses: bool = False,
    start: str | None = None,
    limit: int = 50,
) -> Page[Delivery]:
    """Answer with deliveries of at most six months; nobody answers surveys here."""
    del get_tracked_responses
    if action_id is not None and campaign_id is None:
        raise ApiFault(400, "campaign_id: is needed with action_id")
    of_kind = mailings.matching(channel=type, metric=metric, drafts=bool(drafts), content_id=action_id)

    def test(each: messaging.Delivery) -> bool:
        return (
            of_kind(each)
            and campaign_id in (None, each.of("campaign"))
            and newsletter_id in (None, each.of("newsletter"))
        )

    first = mailings.within(world, start_ts, end_ts, mailings.SIX_MONTHS, mailings.SIX_MONTHS)
    return mailings.shown(mailings.page(world, test, start, limit, first, end_ts))


@on(Messages.get)
def get(world: World, message_id: str, *, get_tracked_responses: bool = False) -> DeliveryAnswer:
    """Answer with one delivery."""
    del get_tracked_responses
    return {"message": mailings.delivery(_known(world, message_id))}


@on(Messages.archived)
def archived(world: World, message_id: str) -> ArchivedMessageAnswer:
    """Answer with what was sent; 404 where no copy was kept [inferred]."""
    each = _known(world, message_id)
    if not each.keeps:
        raise ApiFault(404, "no copy of this message was kept")
    fields = {name: each.content[name] for name in _COPIED if each.content.get(name) is not None}
    if each.channel == "webhook":
        fields["request_method"] = str(each.content.get("method") or "post").upper()
        given: Any = each.content.get("headers")
        fields["headers"] = given if isinstance(given, dict) else {}
    return {"archived_message": cast("ArchivedMessage", {"id": each.id, "recipient": each.recipient, **fields})}


@on(Customers.messages)
def of_person(
    world: World,
    customer_id: str,
    *,
    id_type: IdType = "id",
    start_ts: int | None = None,
    end_ts: int | None = None,
    start: str | None = None,
    limit: int = 50,
) -> Page[PersonMessage]:
    """Answer with the messages to one person, of at most six months."""
    person = lookup.known_person(world, customer_id, id_type)
    first = mailings.within(world, start_ts, end_ts, mailings.SIX_MONTHS, mailings.SIX_MONTHS)
    page = mailings.page(world, lambda each: each.person is person, start, limit, first, end_ts)
    return Page([_of_person(each) for each in page.rows], page.next)


def _of_person(each: messaging.Delivery) -> PersonMessage:
    row = {name: value for name, value in mailings.delivery(each).items() if name in _OF_PERSON}
    for name in ("customer_id", "campaign_id"):  # here they are left out where others have null (App spec)
        if row[name] is None:
            del row[name]
    row["metrics"] = {name: at for name, at in each.metrics.items() if name in DeliveryTimes.__annotations__}
    row["type"] = each.channel
    if each.content_id is not None:
        row["msg_template_id"] = str(each.content_id)
        row["content_id"] = each.content_id
    return cast("PersonMessage", row)


def _known(world: World, message_id: str) -> messaging.Delivery:
    return lookup.known(world.messaging.by_id, message_id, "message")
