"""People, written over every API and read back."""

from __future__ import annotations

import asyncio

import pytest

from ciokit import AsyncCustomerIOClient, Identity, identify_user, merge_profiles
from tests.support.live import Made, Workspace


@pytest.mark.mutating
def test_pipelines_make_change_and_delete_somebody(workspace: Workspace, made: Made) -> None:
    """What is identified is read back as text; a second call adds to it, None takes away; deleted is gone."""
    ann = made.person("ann")
    email = f"{ann}@example.com"
    workspace.client.identify(ann, {**made.mark, "email": email, "seats": 3, "active": True, "city": "Zürich"})
    found = workspace.expect(lambda: workspace.attributes(ann), lambda each: each)
    assert [found[name] for name in ("email", "seats", "active", "city")] == [email, "3", "true", "Zürich"]
    workspace.client.identify(ann, {"seats": 4, "city": None})
    changed = workspace.expect(lambda: workspace.attributes(ann), lambda each: each["seats"] == "4")
    assert changed.get("city") in (None, "")
    assert changed["active"] == "true"
    workspace.client.delete(ann)
    workspace.expect(lambda: workspace.person(ann), lambda each: each is None)


@pytest.mark.mutating
def test_a_batch_makes_everybody(workspace: Workspace, made: Made) -> None:
    """Of a batch with a bad item every good one arrives, and the bad one is told before anything is sent."""
    people = [made.person(f"p{number}") for number in range(3)]
    batch = [identify_user.message(each, {**made.mark, "plan": "pro"}) for each in people]
    report = workspace.client.batch([*batch, {"type": "track", "event": "Nobody did this"}])
    assert (report.accepted, report.rejected) == (3, 1)
    for each in people:
        workspace.expect(lambda each=each: workspace.attributes(each), lambda found: found.get("plan") == "pro")


@pytest.mark.mutating
def test_an_awkward_id_arrives_as_it_is(workspace: Workspace, made: Made) -> None:
    """An id may hold what means something in URLs, and letters beyond ASCII."""
    odd = made.person("a+b/c d%2Fä?#")
    workspace.client.identify(odd, made.mark)
    found = workspace.expect(lambda: workspace.person(odd), lambda each: each)
    assert found is not None
    assert found["identifiers"]["id"] == odd
    assert workspace.app.customers.attributes(odd)["customer"]["identifiers"]["id"] == odd


@pytest.mark.mutating
def test_track_v1_makes_changes_and_deletes_somebody(workspace: Workspace, made: Made) -> None:
    """The first version of the Track API does the same to people as Data Pipelines."""
    bob = made.person("bob")
    workspace.track.v1.identify(bob, {**made.mark, "email": f"{bob}@example.com", "seats": 3})
    workspace.expect(lambda: workspace.attributes(bob), lambda each: each.get("seats") == "3")
    workspace.track.v1.identify(Identity(email=f"{bob}@example.com"), {"seats": 4})
    workspace.expect(lambda: workspace.attributes(bob), lambda each: each["seats"] == "4")
    workspace.track.v1.delete(bob)
    workspace.expect(lambda: workspace.person(bob), lambda each: each is None)


@pytest.mark.mutating
def test_track_v2_takes_the_good_items_of_a_batch(workspace: Workspace, made: Made) -> None:
    """An item that the service refuses has its reason and field; the others arrive."""
    good, bad = made.person("good"), made.person("bad")
    identify = {"type": "person", "action": "identify"}
    items = [
        {**identify, "identifiers": {"id": good}, "attributes": {**made.mark, "plan": "pro"}},
        {**identify, "identifiers": {"id": bad}, "attributes": {**made.mark, "plan": "x" * 1001}},
    ]
    report = workspace.track.v2.batch(items)
    assert [each.status for each in report] == ["accepted", "rejected"]
    assert "plan" in f"{report[1].field} {report[1].reason}"
    workspace.expect(lambda: workspace.attributes(good), lambda each: each.get("plan") == "pro")
    workspace.track.v2.entity({"type": "person", "action": "delete", "identifiers": {"id": good}})
    workspace.expect(lambda: workspace.person(good), lambda each: each is None)


@pytest.mark.mutating
def test_two_people_become_one(workspace: Workspace, made: Made) -> None:
    """Merged into another, somebody is gone, and what only they had is the other's."""
    primary, secondary = made.person("primary"), made.person("secondary")
    workspace.track.v1.identify(primary, {**made.mark, "plan": "pro"})
    workspace.track.v1.identify(secondary, {**made.mark, "plan": "free", "city": "Bern"})
    for each in (primary, secondary):
        workspace.expect(lambda each=each: workspace.person(each), lambda found: found)
    merge_profiles(workspace.track, primary, secondary)
    workspace.expect(lambda: workspace.person(secondary), lambda each: each is None)
    merged = workspace.expect(lambda: workspace.attributes(primary), lambda each: each.get("city"))
    assert (merged["plan"], merged["city"]) == ("pro", "Bern")


@pytest.mark.mutating
def test_a_suppressed_id_takes_nothing_until_it_is_lifted(workspace: Workspace, made: Made) -> None:
    """Suppressed, somebody is gone and cannot be added; afterwards they can, and what was said meanwhile is lost."""
    una = made.person("una")
    workspace.track.v1.identify(una, made.mark)
    workspace.expect(lambda: workspace.person(una), lambda each: each)
    workspace.track.v1.suppress(una)
    try:
        workspace.expect(lambda: workspace.person(una), lambda each: each is None)
        workspace.track.v1.identify(una, {**made.mark, "said": "meanwhile"})
    finally:
        workspace.track.v1.unsuppress(una)
    if workspace.place.settings.base_url is None:
        workspace.place.clock.sleep(5)  # nothing tells when the service has lifted it
    workspace.track.v1.identify(una, {**made.mark, "plan": "pro"})
    found = workspace.expect(lambda: workspace.attributes(una), lambda each: each.get("plan") == "pro")
    assert "said" not in found


@pytest.mark.mutating
def test_the_awaitable_client_makes_somebody(workspace: Workspace, made: Made) -> None:
    """What the awaitable client sends is read back by the blocking one."""
    zoe = made.person("zoe")

    async def send() -> None:
        async with workspace.again(AsyncCustomerIOClient) as client:
            await client.identify(zoe, {**made.mark, "plan": "pro"})

    asyncio.run(send())
    workspace.expect(lambda: workspace.attributes(zoe), lambda each: each.get("plan") == "pro")
