"""What must and must not type-check when the App API is read. Never executed: mypy and pyright read it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from typing import Any, assert_type

from ciokit import all_of, any_of, attribute, not_, segment
from ciokit.app_api import AppClient, AsyncAppClient
from ciokit.app_api.activities import Activity
from ciokit.app_api.customers import FoundByEmail, PeopleAnswer, PersonAnswer, PersonSegments, RelatedObject
from ciokit.app_api.exports import ExportAnswer
from ciokit.app_api.imports import ImportAnswer
from ciokit.app_api.objects import ObjectAnswer, ObjectTypes, RelatedPerson
from ciokit.app_api.segments import SegmentAnswer, SegmentMember
from ciokit.app_api.suppression import Suppression
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
