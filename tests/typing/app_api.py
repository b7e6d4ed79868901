"""What must and must not type-check when the App API is read. Never executed: mypy and pyright read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from typing import Any, assert_type

from ciokit import (
    BroadcastReport,
    ExportedFile,
    ImportReport,
    all_of,
    any_of,
    attribute,
    download_export,
    export_customers,
    export_deliveries,
    follow_broadcast,
    not_,
    run_broadcast,
    run_import,
    segment,
    send_email,
    send_push,
    send_sms,
    send_transactional,
    trigger_broadcast,
    upload_asset,
)
from ciokit.app_api import AppClient, AsyncAppClient
from ciokit.app_api.activities import Activity
from ciokit.app_api.assets import Asset
from ciokit.app_api.broadcasts import BroadcastActionAnswer, Triggered
from ciokit.app_api.campaigns import CampaignAction, JourneyMetricAnswer
from ciokit.app_api.customers import FoundByEmail, PeopleAnswer, PersonAnswer, PersonSegments, RelatedObject
from ciokit.app_api.exports import ExportAnswer
from ciokit.app_api.imports import ImportAnswer
from ciokit.app_api.live_notifications import LiveInstance
from ciokit.app_api.messages import Delivery, OneTimeDelivery
from ciokit.app_api.metrics import LinksAnswer, MetricAnswer
from ciokit.app_api.newsletters import NewsletterAnswer
from ciokit.app_api.objects import ObjectAnswer, ObjectTypes, RelatedPerson
from ciokit.app_api.segments import SegmentAnswer, SegmentMember
from ciokit.app_api.sends import Sent
from ciokit.app_api.suppression import Suppression
from ciokit.app_api.transactional import TransactionalContentAnswer
from ciokit.app_api.types import AudienceFilter, CustomerIdentifiers, ObjectIdentifiers


def blocking(client: AppClient) -> None:
    """Every answer has its type, and lists are iterators of rows."""
    assert_type(client.customers.find({"segment": {"id": 7}}), Iterator[CustomerIdentifiers])
    assert_type(client.customers.find_by_email("a@x.io"), FoundByEmail)
    assert_type(client.customers.attributes_of(["1"], id_type="email"), PeopleAnswer)
    assert_type(client.customers.attributes("1"), PersonAnswer)
    assert_type(client.customers.attributes("1")["customer"]["attributes"]["plan"], str | None)
    assert_type(client.customers.activities("1", type="event"), Iterator[Activity])
    assert_type(client.customers.relationships("1", limit=5), Iterator[RelatedObject])
    assert_type(client.customers.segments("1"), PersonSegments)
    assert_type(client.objects.types(), ObjectTypes)
    assert_type(client.objects.attributes(1, "acme"), ObjectAnswer)
    assert_type(client.objects.relationships(1, "acme", id_type="cio_object_id"), Iterator[RelatedPerson])
    assert_type(client.activities.find(type="_o:1:create"), Iterator[Activity])
    assert_type(
        client.objects.find("1", {"object_attribute": {"field": "name", "operator": "exists", "type_id": "1"}}),
        Iterator[ObjectIdentifiers],
    )
    assert_type(client.segments.create({"name": "VIP"}), SegmentAnswer)
    assert_type(client.segments.members(7, limit=30_000), Iterator[SegmentMember])
    assert_type(client.exports.create_deliveries(campaign_id=3, metric="opened"), ExportAnswer)
    assert_type(client.imports.get(1), ImportAnswer)
    assert_type(client.imports.get(1)["import"].get("rows_imported"), int | None)
    assert_type(client.esp_suppression.find("bounces", offset=100), Iterator[Suppression])
    assert_type(client.collections.content(1)["eventName"], Any)


async def awaitable(client: AsyncAppClient) -> None:
    """The same answers are awaited, and lists are iterated with `async for`."""
    assert_type(client.customers.find({"segment": {"id": 7}}), AsyncIterator[CustomerIdentifiers])
    assert_type(await client.customers.attributes("1"), PersonAnswer)
    assert_type(await client.objects.types(), ObjectTypes)
    await client.segments.delete(7)
    assert_type([row async for row in client.activities.find(limit=100)], list[Activity])
    client.customers.attributes("1")["customer"]  # type: ignore[index]  # pyright: ignore[reportIndexIssue]


def filters() -> list[AudienceFilter]:
    """Filters nest as deep as needed."""
    return [
        {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}},
        all_of(any_of(segment(1), attribute("age", 41)), not_({"attribute": {"field": "plan", "operator": "exists"}})),
        {"and": [{"or": [{"segment": {"id": 1}}]}, {"not": {"attribute": {"field": "plan", "operator": "exists"}}}]},
    ]


def refused(client: AppClient) -> None:
    """Wrong kinds, unknown keywords, missing arguments and wrong operators are errors in the editor."""
    client.customers.attributes("1", id_type="uuid")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.customers.attributes()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.customers.attributes("1", "id")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.customers.activities("1", page=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.customers.find({"attribute": {"field": "plan", "operator": "gt"}})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    client.segments.get("7")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.segments.create({"title": "VIP"})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    client.esp_suppression.find("bounced")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.opt_outs.update("1", [{"optout": True}])  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    not_({"segment": 7})  # type: ignore[typeddict-item]  # pyright: ignore[reportArgumentType]
    client.objects.attributes("1", "acme")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def messages(client: AppClient) -> None:
    """Sends, broadcasts, campaigns and newsletters: answers, rows and what can be changed have their types."""
    assert_type(client.send.email(to="a@x.io", identifiers={"id": "1"}, transactional_message_id="welcome"), Sent)
    assert_type(client.transactional.get_content(1, 2), TransactionalContentAnswer)
    assert_type(client.broadcasts.trigger(3, ids=["1"], data={"n": 1}), Triggered)
    assert_type(client.broadcasts.update_action(3, 4, {"subject": "S", "reply_to_id": None}), BroadcastActionAnswer)
    assert_type(client.broadcasts.trigger_errors(3, 4), Iterator[str])
    assert_type(client.broadcasts.metrics(3, period="weeks", steps=4), MetricAnswer)
    assert_type(client.campaigns.actions(3), Iterator[CampaignAction])
    assert_type(client.campaigns.messages(3, type="whatsapp"), Iterator[Delivery])
    assert_type(client.campaigns.journey_metrics(3, start=1, end=2, resolution="days"), JourneyMetricAnswer)
    assert_type(client.newsletters.messages(3), Iterator[OneTimeDelivery])
    assert_type(client.newsletters.send(3, rate_limit_email_rate=9, rate_limit_time_period=3600), NewsletterAnswer)
    assert_type(client.newsletter_variants.links(3, 4), LinksAnswer)
    assert_type(client.messages.get("d1")["message"]["type"] == "email", bool)
    client.newsletter_variants.delete_language(3, "fr")
    client.newsletters.create(
        type="email",
        name="N",
        subject="S",
        body="B",
        recipients={"and": [{"or": [{"segment": {"id": 1}}]}, {"not": {"or": [{"segment": {"id": 2}}]}}]},
    )
    assert_type(
        client.live_notifications.start(
            identifiers={"phone": "+41790000000"},
            notification_type="io.x.ride",
            attributes={"header": "Ride"},
            content_state={"status": "On its way", "segmentsTotal": 3, "segmentsComplete": 1},
        ),
        LiveInstance,
    )


async def checked_sends(client: AppClient, async_client: AsyncAppClient) -> None:
    """A checked send has the operation's arguments and answer, and is awaited with the awaitable client."""
    assert_type(send_email(client, to="a@x.io", identifiers={"email": "a@x.io"}, transactional_message_id=1), Sent)
    assert_type(await send_push(async_client, transactional_message_id=1, identifiers={"cio_id": "03"}), Sent)
    assert_type(trigger_broadcast(client, 3, per_user_data=[{"id": "1", "data": {"n": 1}}]), Triggered)
    assert_type(await trigger_broadcast(async_client, 3, emails=["a@x.io"]), Triggered)
    send_transactional(client, to="a@x.io", identifers={"id": "1"})  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    send_sms(client, to="+41790000000", identifiers={"phone": "+41790000000"}, transactional_message_id=1)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    client.send.sms(to="+41790000000", transactional_message_id=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.broadcasts.update_action(3, 4, {"name": "N"})  # type: ignore[typeddict-unknown-key]  # pyright: ignore[reportArgumentType]
    client.campaigns.metrics(3, version=2)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def long_calls(client: AppClient) -> None:
    """A long call returns what came of it."""
    assert_type(export_customers(client, "a.csv", {"segment": {"id": 7}}, attributes=["plan"]), ExportedFile)
    assert_type(export_deliveries(client, "a.csv", campaign_id=3, metric="opened"), ExportedFile)
    assert_type(download_export(client, 5, "a.csv", timeout=60), ExportedFile)
    assert_type(run_import(client, [{"id": "u1"}], name="I", type="people", identifier="id"), ImportReport)
    assert_type(run_broadcast(client, 3, ids=["u1"], progress=print), BroadcastReport)
    assert_type(follow_broadcast(client, 3, 4), BroadcastReport)
    assert_type(upload_asset(client, "logo.png"), Asset)
    run_broadcast(client, 3, ids="u1")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    download_export(client, "five", "a.csv")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    run_import(client, "https://x.io/a.csv", name="I", type="cats")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]


async def awaited_long_calls(client: AsyncAppClient) -> None:
    """With the awaitable client it is awaited."""
    assert_type(await export_customers(client, "a.csv", {"segment": {"id": 7}}), ExportedFile)
    assert_type(await run_broadcast(client, 3, recipients=segment(7)), BroadcastReport)
    assert_type(await upload_asset(client, "logo.png", parent_folder_id=3), Asset)
    assert_type(await run_import(client, b"id", name="I", type="object", object_type_id="1"), ImportReport)
