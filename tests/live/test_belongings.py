"""What people do and have: events, devices, objects, segments, messages."""

from __future__ import annotations

import pytest

from ciokit import create_object, delete_device, delete_relationship, register_device, send_email
from ciokit.testdata import OBJECT_TYPE, object_profile
from tests.support.live import Made, Workspace


@pytest.mark.mutating
def test_events_are_seen_in_the_activities(workspace: Workspace, made: Made) -> None:
    """Events of either API are in the log of whom they are of, with their data; one sent twice is there once."""
    ann = made.person("ann")
    workspace.client.identify(ann, made.mark)
    workspace.client.track(ann, "Ordered", {"total": 12.5}, message_id=made.name("order"))
    workspace.expect(lambda: workspace.person(ann), lambda each: each)
    workspace.track.v1.track(ann, "Returned", data={"total": 3})
    message_id = made.name("twice")
    for _ in range(2):
        workspace.client.track(ann, "Seen", message_id=message_id)

    def events() -> list[tuple[str, object]]:
        rows = workspace.app.customers.activities(ann, type="event", limit=100)
        return sorted((row["name"], row["data"].get("total")) for row in rows)

    found = workspace.expect(events, lambda each: len(each) >= 3)
    assert found == [("Ordered", 12.5), ("Returned", 3), ("Seen", None)]


@pytest.mark.mutating
def test_devices_come_and_go(workspace: Workspace, made: Made) -> None:
    """A device registered over either API is shown with its platform until it is deleted."""
    ann, old, new = made.person("ann"), made.name("old"), made.name("new")

    def devices() -> dict[str, str | None]:
        person = workspace.person(ann)
        return {each["id"]: each.get("platform") for each in person["devices"]} if person else {}

    workspace.client.identify(ann, made.mark)
    register_device(workspace.client, ann, old, "android", {"model": "Pixel 9"})
    workspace.expect(devices, lambda each: each == {old: "android"})
    workspace.track.v1.add_device(ann, {"id": new, "platform": "ios"})
    workspace.expect(devices, lambda each: each == {old: "android", new: "ios"})
    delete_device(workspace.client, ann, old, "android")
    workspace.expect(devices, lambda each: each == {new: "ios"})
    workspace.track.v1.delete_device(ann, new)
    workspace.expect(devices, lambda each: each == {})


@pytest.mark.mutating
def test_relationships_come_and_go(workspace: Workspace, made: Made) -> None:
    """An object and a relationship are seen from both sides; when it ends, person and object stay."""
    ann, acme = made.person("ann"), made.object("acme")
    workspace.client.identify(ann, made.mark)
    create_object(workspace.client, ann, acme, {**made.mark, "name": "Acme"}, relationship={"role": "owner"})

    def objects() -> list[str]:
        if workspace.person(ann) is None:
            return []
        return [row["identifiers"]["object_id"] for row in workspace.app.customers.relationships(ann)]

    workspace.expect(objects, lambda each: each == [acme])
    profile = workspace.expect(lambda: object_profile(workspace.app, acme), lambda each: each)
    assert profile is not None
    assert profile["attributes"]["name"] == "Acme"
    people = [row["identifiers"]["id"] for row in workspace.app.objects.relationships(OBJECT_TYPE, acme)]
    assert people == [ann]
    delete_relationship(workspace.client, ann, acme)
    workspace.expect(objects, lambda each: each == [])
    assert workspace.person(ann) is not None
    assert object_profile(workspace.app, acme) is not None


@pytest.mark.mutating
def test_people_join_and_leave_a_segment(workspace: Workspace, made: Made) -> None:
    """Members of a manual segment are those that were put in, less those taken out; an unknown id is passed over."""
    ann, bob = made.person("ann"), made.person("bob")
    for each in (ann, bob):
        workspace.track.v1.identify(each, made.mark)
        workspace.expect(lambda each=each: workspace.person(each), lambda found: found)
    segment = made.segment("everybody")

    def members() -> set[str | None]:
        return {each["id"] for each in workspace.app.segments.members(segment)}

    assert workspace.track.segments.add(segment, [ann, bob, made.name("nobody")]).ok
    workspace.expect(members, lambda each: each == {ann, bob})
    workspace.expect(lambda: workspace.app.segments.count(segment)["count"], lambda each: each == 2)
    assert segment in {each["id"] for each in workspace.app.customers.segments(ann)["segments"]}
    assert workspace.track.segments.remove(segment, [bob]).ok
    workspace.expect(members, lambda each: each == {ann})


@pytest.mark.mutating
@pytest.mark.sends
def test_an_email_that_was_sent_is_among_the_messages(
    workspace: Workspace, made: Made, addresses: tuple[str, str]
) -> None:
    """A transactional e-mail has a delivery, which is among the messages of whom it was sent to."""
    to, sender = addresses
    ann = made.person("ann")
    workspace.client.identify(ann, made.mark)
    workspace.expect(lambda: workspace.person(ann), lambda each: each)
    sent = send_email(
        workspace.app, to=to, identifiers={"id": ann}, from_=sender, subject="ciokit", body="<p>A live test.</p>"
    )
    messages = workspace.app.customers.messages
    workspace.expect(lambda: [row["id"] for row in messages(ann)], lambda each: sent["delivery_id"] in each)
