"""What single Pipelines calls do to the world, and what the vendor's documents make easy to get wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import START, Workspace

DAY = 86_400


# People


def test_identify_makes_a_person_who_can_be_read_back(workspace: Workspace) -> None:
    """Traits become attributes, each with the time it was set."""
    workspace.take("identify", userId="u1", traits={"email": "Ann@Example.com", "plan": "pro", "age": 41})
    person = workspace.world.people[next(iter(workspace.world.people))]
    assert (person.id, person.email, person.attributes) == ("u1", "Ann@Example.com", {"plan": "pro", "age": 41})
    assert person.timestamps == {"id": START, "email": START, "plan": START, "age": START}
    status, answer = workspace.read("/v1/customers/u1/attributes")
    assert status == 200
    assert answer["customer"]["attributes"]["plan"] == "pro"


def test_a_second_identify_adds_to_the_first(workspace: Workspace) -> None:
    """What is not mentioned stays; what changed is one activity with old and new value."""
    workspace.take("identify", userId="u1", traits={"plan": "basic", "city": "Oslo"})
    workspace.clock.advance(60)
    workspace.take("identify", userId="u1", traits={"plan": "pro", "city": "Oslo"})
    person = workspace.world.ids["u1"]
    assert person.attributes == {"plan": "pro", "city": "Oslo"}
    assert (person.timestamps["plan"], person.timestamps["city"]) == (START + 60, START)
    assert workspace.activities("attribute_change")[-1] == {"plan": {"from": "basic", "to": "pro"}}
    assert len(workspace.activities("profile_create")) == 1


def test_email_identifies_where_the_user_id_is_empty(workspace: Workspace) -> None:
    """An empty userId with traits.email makes, and later finds, the same person in any casing."""
    workspace.take("identify", userId="", traits={"email": "ann@example.com", "a": 1})
    workspace.take("identify", traits={"email": "ANN@example.com", "b": 2})
    (person,) = workspace.world.people.values()
    assert (person.id, person.attributes) == (None, {"a": 1, "b": 2})


def test_an_email_only_person_gets_the_first_id(workspace: Workspace) -> None:
    """An identify with both joins the person known by e-mail instead of making another."""
    workspace.take("identify", traits={"email": "ann@example.com"})
    workspace.take("identify", userId="u1", traits={"email": "ann@example.com"})
    (person,) = workspace.world.people.values()
    assert person.identifiers() == {"id": "u1", "email": "ann@example.com", "cio_id": person.cio_id}


def test_an_email_address_as_user_id_finds_its_owner(workspace: Workspace) -> None:
    """A userId that is nobody's id is looked up as an e-mail address."""
    workspace.take("identify", userId="u1", traits={"email": "ann@example.com"})
    workspace.event("Bought", userId="Ann@example.com")
    assert len(workspace.world.people) == 1
    assert workspace.world.ids["u1"].log[-1].type == "event"


def test_somebody_elses_email_is_a_failed_change_behind_a_200(workspace: Workspace) -> None:
    """The e-mail stays with its owner, other traits are taken, and the log says what failed."""
    workspace.take("identify", userId="u1", traits={"email": "ann@example.com"})
    workspace.take("identify", userId="u2", traits={"email": "ANN@example.com", "plan": "pro"})
    assert workspace.world.emails["ann@example.com"].id == "u1"
    assert (workspace.world.ids["u2"].email, workspace.world.ids["u2"].attributes) == (None, {"plan": "pro"})
    (failed,) = workspace.activities("failed_attribute_change")
    assert failed["email"]["to"] == "ANN@example.com"
    assert workspace.dropped() == []


def test_a_changed_email_frees_the_old_one(workspace: Workspace) -> None:
    """After a change the old address finds nobody and can be taken by somebody else."""
    workspace.take("identify", userId="u1", traits={"email": "old@example.com"})
    workspace.take("identify", userId="u1", traits={"email": "new@example.com"})
    workspace.take("identify", userId="u2", traits={"email": "old@example.com"})
    assert {email: person.id for email, person in workspace.world.emails.items()} == {
        "new@example.com": "u1",
        "old@example.com": "u2",
    }


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), ("1", 1), ([1], {"a": 1})])
def test_a_value_of_another_type_is_a_change(workspace: Workspace, before: Any, after: Any) -> None:
    """What Python calls equal is still another JSON value."""
    workspace.take("identify", userId="u1", traits={"x": before})
    workspace.take("identify", userId="u1", traits={"x": after})
    assert json.dumps(workspace.world.ids["u1"].attributes["x"]) == json.dumps(after)


@pytest.mark.parametrize("blank", [None, ""])
def test_blank_traits_remove_attributes(workspace: Workspace, blank: str | None) -> None:
    """Null and "" take an attribute away; a blank that was never set is no change."""
    workspace.take("identify", userId="u1", traits={"plan": "pro", "city": "Oslo"})
    workspace.take("identify", userId="u1", traits={"plan": blank, "never": blank})
    assert workspace.world.ids["u1"].attributes == {"city": "Oslo"}


def test_blank_traits_can_be_kept() -> None:
    """The switch `blank_attributes` keeps null and "" as values."""
    workspace = Workspace(blank_attributes="keep")
    workspace.take("identify", userId="u1", traits={"plan": None, "city": ""})
    assert workspace.world.ids["u1"].attributes == {"plan": None, "city": ""}


def test_trait_and_event_names_are_trimmed(workspace: Workspace) -> None:
    """Outer spaces of names are gone, also where the name is a command."""
    workspace.take("identify", userId="u1", traits={" plan ": "pro"})
    workspace.event("  Bought ", userId="u1")
    assert workspace.world.ids["u1"].attributes == {"plan": "pro"}
    assert workspace.stats()["events_by_name"] == {"Bought": 1}
    workspace.event(" User Deleted", userId="u1")
    assert workspace.world.people == {}


def test_one_topic_can_be_set_by_its_dotted_name(workspace: Workspace) -> None:
    """`cio_subscription_preferences.topics.topic_1` changes one topic and keeps the others."""
    preferences = {"topics": {"topic_1": True, "topic_2": True}, "channels": {"email": True}}
    workspace.take("identify", userId="u1", traits={"cio_subscription_preferences": preferences})
    workspace.take("identify", userId="u1", traits={"cio_subscription_preferences.topics.topic_1": False})
    assert workspace.world.ids["u1"].subscription_preferences == {
        "topics": {"topic_1": False, "topic_2": True},
        "channels": {"email": True},
    }


@pytest.mark.parametrize(("value", "meaning"), [(True, True), ("tRUe", True), (1, True), ("1", True), ("yes", False)])
def test_unsubscribed_is_an_attribute_with_documented_values(workspace: Workspace, value: Any, meaning: bool) -> None:
    """Any casing of "true", 1 and "1" unsubscribe; the person stays."""
    workspace.take("identify", userId="u1", traits={"unsubscribed": value})
    assert workspace.world.ids["u1"].unsubscribed is meaning


def test_alias_merges_nothing(workspace: Workspace) -> None:
    """`alias` is taken and changes nobody: it is not a merge."""
    workspace.take("identify", userId="u1")
    workspace.take("identify", userId="u2")
    workspace.take("alias", previousId="u1", userId="u2")
    assert set(workspace.world.ids) == {"u1", "u2"}
    assert workspace.stats()["accepted_by_type"] == {"identify": 2, "alias": 1}


# Events


@pytest.mark.parametrize("kind", ["track", "page", "screen"])
def test_an_event_makes_its_person(workspace: Workspace, kind: str) -> None:
    """An unknown userId becomes a person, and the event is theirs, with time and properties as sent."""
    name = {"event": "Seen"} if kind == "track" else {"name": "Seen"}
    at = "2025-12-24T18:00:00.123456789+01:00"
    workspace.take(kind, userId="u1", properties={"n": 1.50, "big": 2**53}, timestamp=at, **name)
    (event,) = workspace.world.events()
    assert (event.type, event.name, event.person) == (kind.replace("track", "event"), "Seen", workspace.world.ids["u1"])
    assert (event.timestamp, event.received) == (1_766_595_600, START)
    assert event.data == {"n": 1.5, "big": 2**53}


def test_delivery_reports_need_nobody(workspace: Workspace) -> None:
    """A report without any id is taken, makes no person of the id it may have, and is nobody's event."""
    workspace.event("Report Delivery Event", properties={"deliveryId": "d", "metric": "opened"})
    workspace.event("Report Delivery Event", userId="u1", properties={"metric": "clicked"})
    assert workspace.world.people == {}
    assert workspace.stats()["events_by_name"] == {}
    assert [each["field"] for each in workspace.dropped()] == ["properties.deliveryId", "properties"]


# Anonymous people


def test_an_anonymous_past_joins_the_person_who_is_identified(workspace: Workspace) -> None:
    """Events of an anonymous id become the person's, in the order they came, and later ones too."""
    workspace.event("First", anonymousId="a1")
    workspace.event("Elsewhere", userId="u1")
    workspace.event("Other", anonymousId="a2")
    workspace.take("identify", userId="u1", anonymousId="a1")
    workspace.event("Later", anonymousId="a1")
    names = [event.name for event in workspace.world.events() if event.person is workspace.world.ids["u1"]]
    assert names == ["First", "Elsewhere", "Later"]
    assert [entry.number for entry in workspace.world.ids["u1"].log] == sorted(
        entry.number for entry in workspace.world.ids["u1"].log
    )
    assert workspace.activities("anon_merge") == [{"anonymous_id": "a1", "events": 1}]
    assert workspace.stats()["anonymous_events"] == 1


def test_only_the_last_thirty_days_join(workspace: Workspace) -> None:
    """Anonymous events older than the window stay nobody's."""
    workspace.event("Old", anonymousId="a1", timestamp="2025-11-30T00:00:00Z")
    workspace.event("New", anonymousId="a1", timestamp="2025-12-03T00:00:00Z")
    workspace.take("identify", userId="u1", anonymousId="a1")
    assert [event.name for event in workspace.world.events() if event.person] == ["New"]


def test_an_anonymous_identify_changes_nobody_and_says_so(workspace: Workspace) -> None:
    """Traits of an anonymous id have no profile to go to: a 200, no person, and a line in the ledger."""
    workspace.take("identify", anonymousId="a1", traits={"plan": "pro"})
    assert workspace.world.people == {}
    assert [drop["field"] for drop in workspace.dropped()] == ["userId"]


# Deleting and suppressing


def test_deleting_is_an_event_and_there_is_no_delete_method(workspace: Workspace) -> None:
    """`User Deleted` removes the person; DELETE is answered 405 with the method there is."""
    workspace.take("identify", userId="u1", traits={"email": "ann@example.com"})
    response = workspace.ask("DELETE", "/v1/identify", authorization="Basic a2V5Og==").response
    assert (response.status, response.headers["allow"]) == (405, "POST")
    assert "u1" in workspace.world.ids
    workspace.event("User Deleted", userId="u1")
    assert (workspace.world.people, workspace.world.ids, workspace.world.emails) == ({}, {}, {})
    assert workspace.read("/v1/customers/u1/attributes")[0] == 404


@pytest.mark.parametrize("name", ["Delete Person", "Suppress Person"])
def test_schema_titles_are_plain_events(workspace: Workspace, name: str) -> None:
    """The titles of the vendor's schemas do nothing when sent as event names."""
    workspace.take("identify", userId="u1")
    workspace.event(name, userId="u1")
    assert "u1" in workspace.world.ids
    assert workspace.stats()["events_by_name"] == {name: 1}


def test_a_deleted_person_comes_back_as_somebody_new(workspace: Workspace) -> None:
    """The id can be used again; nothing of the former person does, not even the cio_id."""
    workspace.take("identify", userId="u1", traits={"plan": "pro"})
    former = workspace.world.ids["u1"].cio_id
    workspace.event("User Deleted", userId="u1")
    workspace.take("identify", userId="u1")
    assert workspace.world.ids["u1"].attributes == {}
    assert workspace.world.ids["u1"].cio_id != former


def test_user_deleted_looks_an_email_up_too(workspace: Workspace) -> None:
    """An e-mail address in userId deletes its owner; somebody unknown is no fault."""
    workspace.take("identify", userId="u1", traits={"email": "ann@example.com"})
    workspace.event("User Deleted", userId="ANN@example.com")
    workspace.event("User Deleted", userId="nobody")
    assert workspace.world.people == {}
    assert workspace.dropped() == []


def test_suppressing_deletes_and_blocks_for_good(workspace: Workspace) -> None:
    """Whatever is sent about a suppressed person, by id or e-mail, is dropped behind a 200 even in strict mode."""
    workspace.take("identify", userId="u1", traits={"email": "ann@example.com"})
    workspace.event("User Suppressed", userId="u1")
    assert workspace.world.people == {}
    workspace.take("identify", userId="u1")
    workspace.event("Bought", userId="u1")
    workspace.take("group", userId="u1", groupId="g")
    workspace.take("identify", userId="u2", traits={"email": "Ann@Example.com"})
    assert workspace.world.people == {}
    assert [drop["field"] for drop in workspace.dropped()] == ["userId", "userId", "userId", "traits.email"]
    assert workspace.stats()["suppressed"] == 1


def test_unsuppressing_lifts_the_block_and_restores_nothing(workspace: Workspace) -> None:
    """Afterwards the id and the e-mail can be used again, from nothing."""
    workspace.take("identify", userId="u1", traits={"email": "ann@example.com", "plan": "pro"})
    workspace.event("User Suppressed", userId="u1")
    workspace.event("User Unsuppressed", userId="u1")
    assert workspace.world.people == {}
    workspace.take("identify", userId="u1", traits={"email": "ann@example.com"})
    assert workspace.world.ids["u1"].attributes == {}
    assert workspace.dropped() == []


def test_unsubscribing_is_not_suppressing(workspace: Workspace) -> None:
    """The trait `unsubscribed` keeps the person and takes further calls."""
    workspace.take("identify", userId="u1", traits={"unsubscribed": True})
    workspace.event("Bought", userId="u1")
    assert workspace.stats()["events"] == 1
    assert workspace.stats()["suppressed"] == 0


# Objects and relationships


def test_group_makes_object_and_relationship(workspace: Workspace) -> None:
    """Traits go to the object of the type in `traits.object_type_id`, relationship attributes to the relationship."""
    traits = {"object_type_id": "3", "name": "Acme", "relationshipAttributes": {"role": "owner"}}
    workspace.take("group", userId="u1", groupId="g1", traits=traits)
    thing = workspace.world.objects["3", "g1"]
    assert thing.attributes == {"name": "Acme"}
    (relationship,) = thing.relationships.values()
    assert (relationship.person.id, relationship.attributes) == ("u1", {"role": "owner"})
    assert workspace.activities("add_relationship") == [{"object_type_id": "3", "object_id": "g1"}]


def test_the_object_type_is_one_where_none_is_given(workspace: Workspace) -> None:
    """Without a type it is "1"; at the top level `objectTypeId` of newer samples is taken as well."""
    workspace.take("group", userId="u1", groupId="g1")
    workspace.take("group", userId="u1", groupId="g1", objectTypeId="2")
    assert set(workspace.world.objects) == {("1", "g1"), ("2", "g1")}


def test_an_unknown_anonymous_person_gets_no_relationship(workspace: Workspace) -> None:
    """The object is made all the same."""
    workspace.take("group", anonymousId="a1", groupId="g1", traits={"name": "Acme"})
    assert workspace.world.objects["1", "g1"].relationships == {}


def test_relationship_deleted_takes_an_integer_type(workspace: Workspace) -> None:
    """It ends one relationship; object, person and other relationships stay."""
    for group in ("g1", "g2"):
        workspace.take("group", userId="u1", groupId=group, traits={"object_type_id": "2"})
    workspace.event("Relationship Deleted", userId="u1", properties={"objectId": "g1", "objectTypeId": 2})
    assert set(workspace.world.ids["u1"].relationships) == {("2", "g2")}
    assert len(workspace.world.objects) == 2
    message = {"userId": "u1", "event": "Relationship Deleted", "properties": {"objectId": "g2", "objectTypeId": "2"}}
    status, answer = workspace.send("track", message, strict=True)
    assert (status, answer["meta"]["errors"][0].split(":")[0]) == (400, "properties.objectTypeId")


def test_object_deleted_removes_it_from_everybody(workspace: Workspace) -> None:
    """The object and all its relationships go; people stay. Type 1 is the default."""
    for person in ("u1", "u2"):
        workspace.take("group", userId=person, groupId="g1")
    workspace.event("Object Deleted", anonymousId="anybody", properties={"objectId": "g1"})
    assert workspace.world.objects == {}
    assert [person.relationships for person in workspace.world.people.values()] == [{}, {}]


# Devices


def test_devices_are_added_updated_and_deleted(workspace: Workspace) -> None:
    """A token is one device with its platform, attributes and last use."""
    device = {"token": "t1", "type": "ios", "model": "X"}
    at = "2025-12-31T00:00:00Z"
    changed = "Device Created or Updated"
    workspace.event(changed, userId="u1", context={"device": device}, properties={"app": "1.0"}, timestamp=at)
    workspace.event(changed, userId="u1", context={"device": {"token": "t1"}}, properties={"app": "1.1"})
    kept = workspace.world.ids["u1"].devices["t1"]
    assert (kept.platform, kept.last_used, kept.attributes) == ("ios", START, {"model": "X", "app": "1.1"})
    workspace.event("Device Deleted", userId="u1", context={"device": {"token": "t1", "type": "ios"}})
    assert workspace.world.ids["u1"].devices == {}
    assert [change["action"] for change in workspace.activities("device_change")] == ["add", "update", "delete"]


def test_a_token_moves_to_who_registers_it_last(workspace: Workspace) -> None:
    """One device belongs to one person."""
    for person in ("u1", "u2"):
        workspace.event("Device Created or Updated", userId=person, context={"device": {"token": "t"}})
    assert (workspace.world.ids["u1"].devices, list(workspace.world.ids["u2"].devices)) == ({}, ["t"])
    assert workspace.stats()["devices"] == 1
