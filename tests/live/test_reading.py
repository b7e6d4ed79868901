"""The permanent test data, read in every way the App API has; nothing is written."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from ciokit import AppClient, AsyncAppClient, AuthenticationError, RefusedError, all_of, attribute, not_, testdata
from ciokit.testdata import ANN, BOB, MARK, NORTH, OBJECT_TYPE, PEOPLE, PREFIX, UNA, VERSION, ZOE
from tests.support.live import Workspace

MARKED = attribute(MARK, VERSION)
EVERYBODY = {each.id for each in PEOPLE}


@pytest.mark.read_only
def test_the_set_is_as_declared(workspace: Workspace) -> None:
    """People, devices, objects and relationships are what `ciokit testdata create` makes."""
    assert testdata.verify(workspace.app) == []


@pytest.mark.read_only
def test_somebody_is_the_same_by_each_identifier(workspace: Workspace) -> None:
    """An id, an e-mail address in any case and a `cio_id` lead to the same profile."""
    customers = workspace.app.customers
    by_id = customers.attributes(ZOE.id)["customer"]
    cio_id = f"cio_{by_id['identifiers']['cio_id']}"
    assert by_id["attributes"]["city"] == ZOE.attributes["city"]
    assert customers.attributes(ZOE.email, id_type="email")["customer"] == by_id
    assert customers.attributes(cio_id, id_type="cio_id")["customer"] == by_id
    assert [each["id"] for each in customers.find_by_email(ZOE.email.upper())["results"]] == [ZOE.id]


@pytest.mark.read_only
def test_values_come_back_as_text(workspace: Workspace) -> None:
    """Numbers and truth values come back as text, and an unsubscribed person as such."""
    ann = workspace.attributes(ANN.id)
    assert (ann["seats"], ann["active"]) == ("5", "true")
    una = workspace.person(UNA.id)
    assert una is not None
    assert una["unsubscribed"] is True


@pytest.mark.read_only
def test_filters_find_whom_they_say(workspace: Workspace) -> None:
    """A search by attributes finds those who have them, also by negation, and nobody else."""
    customers = workspace.app.customers
    assert {each["id"] for each in customers.find(MARKED)} == EVERYBODY
    assert {each["id"] for each in customers.find(all_of(MARKED, attribute("plan", "pro")))} == {ANN.id, ZOE.id}
    assert {each["id"] for each in customers.find(all_of(MARKED, not_(attribute("seats"))))} == {UNA.id, ZOE.id}


@pytest.mark.read_only
def test_pages_cover_the_list_and_resume(workspace: Workspace) -> None:
    """Page by page everybody comes, and a crawl that stopped goes on from its cursor."""
    pages = workspace.app.customers.find.pages(MARKED, limit=1)
    first = next(pages)
    rest = workspace.app.customers.find(MARKED, start=first.next, limit=1)
    assert {each["id"] for each in [*first.rows, *rest]} == EVERYBODY


@pytest.mark.read_only
def test_nobody_is_told_or_left_out(workspace: Workspace) -> None:
    """An unknown id is a 404 where one is asked for, and left out where many are."""
    nobody = f"{PREFIX}-nobody"
    with pytest.raises(RefusedError, match="answered 404"):
        workspace.app.customers.attributes(nobody)
    answer = workspace.app.customers.attributes_of([ANN.id, nobody, BOB.id])
    assert {each["customer"]["identifiers"]["id"] for each in answer["customers"]} == {ANN.id, BOB.id}


@pytest.mark.read_only
def test_relationships_are_the_same_from_both_sides(workspace: Workspace) -> None:
    """The people of an object are those who have it among their objects."""
    people = {each["identifiers"]["id"] for each in workspace.app.objects.relationships(OBJECT_TYPE, NORTH.id)}
    assert people == {ANN.id, BOB.id}
    for each in (ANN, BOB):
        [tie] = workspace.app.customers.relationships(each.id)
        assert (str(tie["object_type_id"]), tie["identifiers"]["object_id"]) == (str(OBJECT_TYPE), NORTH.id)


@pytest.mark.read_only
def test_objects_are_found_by_attribute(workspace: Workspace) -> None:
    """A search among the objects of a type finds those of the set."""
    tier = {"field": "tier", "operator": "eq", "value": "gold", "type_id": str(OBJECT_TYPE)}
    mark = {"field": MARK, "operator": "eq", "value": VERSION, "type_id": str(OBJECT_TYPE)}
    both = {"and": [{"object_attribute": mark}, {"object_attribute": tier}]}
    assert [each["object_id"] for each in workspace.app.objects.find(str(OBJECT_TYPE), both)] == [NORTH.id]


@pytest.mark.read_only
def test_both_clients_read_the_same(workspace: Workspace) -> None:
    """The awaitable client gets what the blocking one gets."""

    async def read() -> set[str | None]:
        async with workspace.again(AsyncAppClient) as app:
            return {each["id"] async for each in app.customers.find(MARKED, limit=2)}

    assert asyncio.run(read()) == {each["id"] for each in workspace.app.customers.find(MARKED)}


@pytest.mark.read_only
def test_credentials_are_of_this_region(workspace: Workspace) -> None:
    """The Track API says the region that the settings say."""
    assert workspace.track.v1.region()["region"] == workspace.place.settings.region


@pytest.mark.read_only
def test_without_a_right_key_nothing_is_told(workspace: Workspace) -> None:
    """A key that is none is refused, and does not stand in the error."""
    key = "no-key-at-all-" * 2
    settings = replace(workspace.place.settings, app_api_key=key)
    with workspace.again(AppClient, settings=settings) as app, pytest.raises(AuthenticationError) as caught:
        app.objects.types()
    assert key not in str(caught.value)
