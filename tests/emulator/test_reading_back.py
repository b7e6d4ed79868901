"""What was sent to the Data Pipelines operations is read back over the App API, at the wire on both sides."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ciokit import AppClient
from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.errors import AuthenticationError, RefusedError

from .conftest import HOST, Read, Send

# People


def test_attributes_come_back_as_text(send: Send, app: AppClient) -> None:
    """Numbers, booleans and structures are stored as sent and shown as text; identifiers stand among them."""
    traits = {"email": "Ann@X.io", "age": 41, "vip": True, "score": 1.5, "tags": ["a", 1], "name": "Änn"}
    send("identify", userId="u1", traits=traits)
    person = app.customers.attributes("u1")["customer"]
    attributes = person["attributes"]
    assert attributes.pop("cio_id") == person["identifiers"]["cio_id"]
    assert attributes == {
        "id": "u1",
        "email": "Ann@X.io",
        "age": "41",
        "vip": "true",
        "score": "1.5",
        "tags": '["a",1]',
        "name": "Änn",
    }
    assert person["id"] == person["identifiers"]["id"] == "u1"
    assert person["unsubscribed"] is False
    assert set(person["timestamps"]) >= {"id", "email", "cio_id", "age"}


@pytest.mark.parametrize("user_id", ["a+b/c@x.com", "50% off", "..x", "Zoë北", "a%2Fb", "cio_me", "?q=1&b#c"])
def test_awkward_ids_are_found(send: Send, app: AppClient, user_id: str) -> None:
    """An id is found as it was sent, whatever a URL means by its characters."""
    send("identify", userId=user_id, traits={"n": 1})
    assert app.customers.attributes(user_id)["customer"]["id"] == user_id
    assert next(app.activities.find(customer_id=user_id, type="profile_create"))["customer_id"] == user_id


def test_person_is_found_by_each_kind_of_identifier(send: Send, app: AppClient) -> None:
    """An id, an e-mail address in any casing and a prefixed cio_id name the same person."""
    send("identify", userId="u1", traits={"email": "Ann@x.io"})
    by_id = app.customers.attributes("u1")
    assert app.customers.attributes("ann@X.IO", id_type="email") == by_id
    cio_id = by_id["customer"]["identifiers"]["cio_id"]
    assert not cio_id.startswith("cio_")
    assert app.customers.attributes(f"cio_{cio_id}", id_type="cio_id") == by_id


def test_identifier_of_another_kind_finds_nobody(send: Send, app: AppClient, read: Read) -> None:
    """A wrong id_type and a cio_id without its prefix are answered 404 with the errors envelope."""
    send("identify", userId="u1", traits={"email": "ann@x.io"})
    cio_id = app.customers.attributes("u1")["customer"]["identifiers"]["cio_id"]
    for identifier, id_type in (("u1", "email"), ("ann@x.io", "id"), (cio_id, "cio_id"), ("nobody", "id")):
        status, answer = read(f"/v1/customers/{identifier}/attributes", id_type=id_type)
        assert status == 404
        assert [error["status"] for error in answer["errors"]] == ["404"]
        assert answer["errors"][0]["detail"]
    for part in ("activities", "relationships", "segments"):
        assert read(f"/v1/customers/nobody/{part}")[0] == 404


@pytest.mark.parametrize("id_type", ["phone", "uuid"])
def test_kind_of_identifier_that_is_not_enabled_is_refused(send: Send, read: Read, id_type: str) -> None:
    """Phone numbers identify nobody in this workspace, and no other kind exists: 400."""
    send("identify", userId="u1")
    for path in ("attributes", "activities", "relationships", "segments"):
        assert read(f"/v1/customers/u1/{path}", id_type=id_type)[0] == 400
    assert read("/v1/customers/attributes", {"ids": ["u1"]}, id_type=id_type)[0] == 400
    assert read("/v1/activities", customer_id="u1", id_type=id_type)[0] == 400


def test_people_are_found_by_email(send: Send, app: AppClient) -> None:
    """The search by address answers `results`, empty for nobody."""
    send("identify", userId="u1", traits={"email": "ann+1@x.io"})
    [found] = app.customers.find_by_email("ANN+1@x.io")["results"]
    assert found["id"] == "u1"
    assert found["email"] == "ann+1@x.io"
    assert app.customers.find_by_email("bob@x.io") == {"results": []}


def test_many_people_are_read_at_once(send: Send, app: AppClient) -> None:
    """Up to 100 profiles come in the order asked for; unknown ids are left out."""
    send("batch", batch=[{"type": "identify", "userId": f"u{n}", "traits": {"n": n}} for n in range(100)])
    ids = [f"u{n}" for n in reversed(range(99))]
    answer = app.customers.attributes_of(["nobody", *ids])
    assert [each["customer"]["id"] for each in answer["customers"]] == ids
    assert answer["customers"][0] == app.customers.attributes("u98")


@pytest.mark.parametrize("ids", [[], [str(n) for n in range(101)], "u1", [1], None])
def test_too_many_or_no_ids_are_refused(read: Read, ids: Any) -> None:
    """The list holds 1 to 100 texts."""
    assert read("/v1/customers/attributes", {"ids": ids})[0] == 400


def test_people_without_id_are_only_among_identifiers(send: Send, app: AppClient, read: Read) -> None:
    """`identifiers` has everybody, `ids` only those with an id; what is not set is null."""
    send("identify", anonymousId="a1", traits={"email": "ann@x.io"})
    send("identify", userId="u2")
    everybody = {"filter": {"attribute": {"field": "cio_id", "operator": "exists"}}}
    status, answer = read("/v1/customers", everybody)
    assert status == 200
    assert answer["ids"] == ["u2"]
    assert [(one["id"], one["email"]) for one in answer["identifiers"]] == [(None, "ann@x.io"), ("u2", None)]
    assert answer["next"] == ""
    cio_id = answer["identifiers"][0]["cio_id"]
    person = app.customers.attributes(f"cio_{cio_id}", id_type="cio_id")["customer"]
    assert person["attributes"]["id"] is None


def test_unsubscribed_people_are_marked(send: Send, app: AppClient) -> None:
    """The trait `unsubscribed` shows as a claim of its own beside the attribute's text."""
    send("identify", userId="u1", traits={"unsubscribed": True})
    person = app.customers.attributes("u1")["customer"]
    assert person["unsubscribed"] is True
    assert person["attributes"]["unsubscribed"] == "true"


def test_devices_are_part_of_a_person(send: Send, app: AppClient) -> None:
    """A registered device is read back with its token, platform, time and attributes as text."""
    send(
        "track",
        userId="u1",
        event="Device Created or Updated",
        properties={"app_version": 3},
        context={"device": {"token": "t1", "type": "ios"}},
        timestamp="2026-01-02T03:04:05Z",
    )
    [device] = app.customers.attributes("u1")["customer"]["devices"]
    assert device == {"id": "t1", "platform": "ios", "last_used": 1767323045, "attributes": {"app_version": "3"}}


def test_deleted_people_are_gone_but_for_the_log(send: Send, app: AppClient, read: Read) -> None:
    """After `User Deleted` nobody is found; the log still has their past when asked for the deleted."""
    send("identify", userId="u1", traits={"email": "ann@x.io"})
    send("track", userId="u1", event="Signed Up")
    send("track", userId="u1", event="User Deleted")
    assert read("/v1/customers/u1/attributes")[0] == 404
    assert app.customers.find_by_email("ann@x.io")["results"] == []
    assert list(app.activities.find(customer_id="u1")) == []
    assert list(app.activities.find(type="event")) == []
    for asked in ({}, {"customer_id": "u1"}, {"customer_id": "ann@x.io", "id_type": "email"}):
        status, answer = read("/v1/activities", deleted="true", type="event", **asked)
        assert status == 200
        assert [entry["name"] for entry in answer["activities"]] == ["Signed Up"]


# Searching


def _attribute(field: str, value: Any = None) -> dict[str, Any]:
    rule = {"operator": "exists"} if value is None else {"operator": "eq", "value": value}
    return {"attribute": {"field": field, **rule}}


SEARCHES: dict[str, tuple[dict[str, Any], str]] = {
    "eq": (_attribute("plan", "pro"), "13"),
    "eq compares as text": (_attribute("age", "41"), "12"),
    "eq of a boolean": (_attribute("vip", value=True), "2"),
    "exists": (_attribute("plan"), "123"),
    "id": (_attribute("id", "2"), "2"),
    "email in any casing": (_attribute("email", "ANN@x.io"), "1"),
    "not": ({"not": _attribute("plan", "pro")}, "24"),
    "and": ({"and": [_attribute("plan", "pro"), _attribute("age", 41)]}, "1"),
    "or": ({"or": [_attribute("age", "41"), _attribute("plan", "pro")]}, "123"),
    "nested": ({"and": [{"or": [_attribute("age"), _attribute("plan")]}, {"not": _attribute("vip")}]}, "13"),
    "nothing": (_attribute("plan", "none"), ""),
}


@pytest.mark.parametrize("search", SEARCHES)
def test_people_are_searched(send: Send, app: AppClient, search: str) -> None:
    """Conditions on attributes and their and, or, not choose the people they say."""
    send("identify", userId="1", traits={"plan": "pro", "age": 41, "email": "ann@x.io"})
    send("identify", userId="2", traits={"plan": "free", "age": "41", "vip": True})
    send("identify", userId="3", traits={"plan": "pro", "age": 4})
    send("identify", userId="4")
    tree, ids = SEARCHES[search]
    assert "".join(one["id"] or "" for one in app.customers.find(tree)) == ids


DEEP: dict[str, Any] = _attribute("plan")
for _ in range(60):
    DEEP = {"not": DEEP}

UNREADABLE: dict[str, tuple[Any, str]] = {
    "no node": ([], "filter:"),
    "no key": ({}, "filter:"),
    "two keys": ({"and": [_attribute("a")], "not": _attribute("a")}, "filter:"),
    "unknown key": ({"xor": []}, "xor"),
    "unknown operator": ({"attribute": {"field": "a", "operator": "gt", "value": "1"}}, "operator"),
    "no operator": ({"attribute": {"field": "a"}}, "operator"),
    "no field": ({"attribute": {"operator": "exists"}}, "field"),
    "no value": ({"attribute": {"field": "a", "operator": "eq"}}, "value"),
    "a list for not": ({"not": [_attribute("a")]}, "filter.not"),
    "no list for and": ({"and": _attribute("a")}, "filter.and"),
    "nothing to or": ({"or": []}, "filter.or"),
    "deep inside": ({"and": [_attribute("a"), {"or": [{"attribute": {"field": "a", "operator": "lt"}}]}]}, "[1].or[0]"),
    "unknown segment": ({"segment": {"id": 9}}, "segment"),
    "too deep": (DEEP, "50"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_unreadable_filter_is_refused(read: Read, case: str) -> None:
    """A filter that makes no sense is answered 400, with the place at fault."""
    tree, place = UNREADABLE[case]
    status, answer = read("/v1/customers", {"filter": tree})
    assert status == 400
    assert place in answer["errors"][0]["detail"]


def test_search_needs_a_filter(read: Read) -> None:
    """A search without `filter`, or with a body that is no JSON object, is answered 400."""
    assert read("/v1/customers", {})[0] == 400
    assert read("/v1/customers", [1])[0] == 400
    assert read("/v1/objects", {"object_type_id": "1"})[0] == 400
    assert read("/v1/objects", {"object_type_id": 1, "filter": {}})[0] == 400


# Objects


def test_objects_are_read_back(send: Send, app: AppClient) -> None:
    """A group becomes an object of its type, with attributes as text and both of its ids."""
    send("group", userId="u1", groupId="acme/1", traits={"name": "Acme", "seats": 5, "object_type_id": "2"})
    found = app.objects.attributes(2, "acme/1")["object"]
    assert found["object_type_id"] == "2"
    assert found["identifiers"]["object_id"] == "acme/1"
    assert found["attributes"] == {"name": "Acme", "seats": "5"}
    assert set(found["timestamps"]) == {"name", "seats"}
    minted = found["identifiers"]["cio_object_id"]
    assert app.objects.attributes(2, minted, id_type="cio_object_id")["object"] == found


def test_unknown_object_is_not_found(send: Send, read: Read) -> None:
    """Another type, another id and a type that is no number find nothing: 404, and 400 for the last."""
    send("group", userId="u1", groupId="acme")
    assert read("/v1/objects/2/acme/attributes")[0] == 404
    assert read("/v1/objects/1/other/relationships")[0] == 404
    assert read("/v1/objects/one/acme/attributes")[0] == 400


def test_object_types_in_use_are_listed(send: Send, app: AppClient) -> None:
    """Types come in the order of their numbers, as text."""
    for type_id in ("10", "2"):
        send("group", userId="u1", groupId="g", traits={"object_type_id": type_id})
    types = app.objects.types()["types"]
    assert [each["id"] for each in types] == ["1", "2", "10"]
    assert all(each["enabled"] for each in types)


def test_objects_are_searched(send: Send, app: AppClient, read: Read) -> None:
    """Conditions choose among the objects of one type; `ids` repeats the object ids."""
    send("group", userId="u1", groupId="a", traits={"city": "Bern", "seats": 5})
    send("group", userId="u1", groupId="b", traits={"city": "Biel"})
    send("group", userId="u1", groupId="c", traits={"city": "Bern", "object_type_id": "2"})

    def of(field: str, value: str | None = None, type_id: str = "1") -> Any:
        return {"object_attribute": {**_attribute(field, value)["attribute"], "type_id": type_id}}

    def ids(type_id: str, tree: Any) -> list[str]:
        return [one["object_id"] for one in app.objects.find(type_id, tree)]

    assert ids("1", of("city", "Bern")) == ["a"]
    assert ids("1", {"not": of("city", "Bern")}) == ["b"]
    assert ids("1", {"or": [of("seats", "5"), of("city", "Biel")]}) == ["a", "b"]
    assert ids("1", of("object_id")) == ["a", "b"]
    assert ids("2", of("city", type_id="2")) == ["c"]
    assert read("/v1/objects", {"object_type_id": "1", "filter": of("city")})[1]["ids"] == ["a", "b"]
    for wrong in (of("city", type_id="2"), _attribute("city"), {"object_attribute": {"field": "a", "operator": "gt"}}):
        assert read("/v1/objects", {"object_type_id": "1", "filter": wrong})[0] == 400


def test_relationships_are_seen_from_both_ends(send: Send, app: AppClient) -> None:
    """A person's objects and an object's people are the same relationships, attributes as text."""
    send("group", userId="u1", groupId="acme", traits={"relationshipAttributes": {"role": "owner", "since": 2020}})
    send("group", userId="u2", groupId="acme")
    [link] = app.customers.relationships("u1")
    assert link["object_type_id"] == "1"
    assert link["identifiers"]["object_id"] == "acme"
    assert link["attributes"] == {"role": "owner", "since": "2020"}
    assert set(link["timestamps"]) == {"role", "since"}
    people = list(app.objects.relationships(1, "acme"))
    assert [one["identifiers"]["id"] for one in people] == ["u1", "u2"]
    assert people[0]["attributes"] == {"role": "owner", "since": "2020"}
    send("track", userId="u1", event="Relationship Deleted", properties={"objectId": "acme"})
    assert list(app.customers.relationships("u1")) == []
    assert [one["identifiers"]["id"] for one in app.objects.relationships(1, "acme")] == ["u2"]


# The log


def test_events_are_in_the_log_with_their_numbers(send: Send, app: AppClient) -> None:
    """Event data keep their types, and the time is the event's own."""
    send("identify", userId="u1", traits={"email": "ann@x.io"})
    properties = {"total": 12.5, "products": [{"sku": "ä/+%", "price": 0, "note": None}], "gift": False}
    send("track", userId="u1", event="Order Completed", properties=properties, timestamp="2026-01-02T03:04:05Z")
    [entry] = app.activities.find(type="event")
    assert entry["name"] == "Order Completed"
    assert entry["data"] == properties
    assert entry["timestamp"] == 1767323045
    assert entry["customer_id"] == "u1"
    assert entry.get("customer_identifiers") == app.customers.attributes("u1")["customer"]["identifiers"]
    assert len(entry["id"]) == 26
    assert list(app.customers.activities("ann@x.io", id_type="email", type="event")) == [entry]


def test_pages_lose_their_name_and_screens_keep_it(send: Send, app: AppClient) -> None:
    """A page is known by its address alone, a screen by its name."""
    send("page", userId="u1", name="Home", properties={"url": "https://x.io/"})
    send("screen", userId="u1", name="Start")
    page, screen = (next(app.customers.activities("u1", type=kind)) for kind in ("page", "screen"))
    assert "name" not in page
    assert page.get("url") == "https://x.io/"
    assert screen.get("name") == "Start"
    assert list(app.activities.find(name="Home")) == []
    assert list(app.activities.find(name="Start")) == [screen]


def test_changes_are_in_the_log_as_text(send: Send, app: AppClient) -> None:
    """An attribute change says from what to what, under the attribute's name."""
    send("identify", userId="u1", traits={"age": 41})
    send("identify", userId="u1", traits={"age": 42, "plan": "pro"})
    newest, oldest = app.customers.activities("u1", type="attribute_change", name="age")
    assert newest["data"] == {"age": {"from": "41", "to": "42"}, "plan": {"from": "", "to": "pro"}}
    assert oldest["data"] == {"age": {"from": "", "to": "41"}}
    assert list(app.activities.find(type="attribute_change", name="city")) == []


def test_log_is_searched_by_kind_name_and_person(send: Send, app: AppClient, read: Read) -> None:
    """Kind, name and person narrow the log, alone and together; newest arrivals come first."""
    for user_id, event in (("u1", "A"), ("u2", "A"), ("u1", "B"), ("u1", "A")):
        send("track", userId=user_id, event=event)
    send("group", userId="u1", groupId="acme")

    def found(**asked: Any) -> list[tuple[str | None, str | None]]:
        return [(one["customer_id"], one.get("name")) for one in app.activities.find(**asked)]

    assert found(type="event") == [("u1", "A"), ("u1", "B"), ("u2", "A"), ("u1", "A")]
    assert found(name="A") == [("u1", "A"), ("u2", "A"), ("u1", "A")]
    assert found(name="A", customer_id="u1") == [("u1", "A"), ("u1", "A")]
    assert found(type="event", customer_id="nobody") == []
    assert found(type="_o:1:create") == [(None, None)]
    assert found(type="sent_email") == []
    assert read("/v1/activities", type="evnt")[0] == 400
    assert read("/v1/customers/u1/activities", type="_o:x:create")[0] == 400


# Switches


def test_attributes_keep_their_types_if_told_so(emulator: Emulator, send: Send, app: AppClient) -> None:
    """With `attributes_as_strings` off, values and changes come back as they were sent."""
    emulator.switch({"attributes_as_strings": False})
    send("identify", userId="u1", traits={"age": 41, "tags": ["a", 1]})
    send("group", userId="u1", groupId="acme", traits={"seats": 5})
    attributes: dict[str, Any] = dict(app.customers.attributes("u1")["customer"]["attributes"])
    assert (attributes["age"], attributes["tags"]) == (41, ["a", 1])
    assert app.objects.attributes(1, "acme")["object"]["attributes"] == {"seats": 5}
    change = next(app.customers.activities("u1", type="attribute_change"))
    assert change["data"]["age"] == {"from": "", "to": 41}


# Segments


def test_segments_of_a_person_are_listed_and_searched(emulator: Emulator, app: AppClient) -> None:
    """A person's segments are told, and a filter chooses the people of one."""
    people = [{"id": "u1"}, {"id": "u2"}]
    segments = [{"id": 7, "name": "Pilots", "description": "who flies", "people": ["u1"]}, {"id": 8, "name": "None"}]
    seed = json.dumps({"people": people, "segments": segments}).encode()
    assert emulator.transport.send(Request("POST", f"{HOST}/_emulator/seed", {}, seed)).status == 200
    assert app.customers.segments("u1") == {"segments": [{"id": 7, "name": "Pilots", "description": "who flies"}]}
    assert app.customers.segments("u2") == {"segments": []}
    assert [one["id"] for one in app.customers.find({"segment": {"id": 7}})] == ["u1"]
    assert [one["id"] for one in app.customers.find({"not": {"segment": {"id": 7}}})] == ["u2"]
    assert list(app.customers.find({"segment": {"id": 8}})) == []


# Keys


@pytest.mark.parametrize("headers", [{}, {"authorization": "Basic azo="}, {"authorization": "Bearer "}])
def test_reading_needs_a_bearer_key(read: Read, headers: dict[str, str]) -> None:
    """Without a bearer key every operation is answered 401, in the errors envelope."""
    for path, body in (("/v1/activities", None), ("/v1/customers/u1/attributes", None), ("/v1/customers", {})):
        status, answer = read(path, body, headers=headers)
        assert status == 401
        assert answer["errors"][0]["status"] == "401"


def test_refusals_reach_the_client_as_errors(emulator: Emulator, app: AppClient) -> None:
    """A 404 and a 401 are errors of their own kind, and neither tells the id."""
    with pytest.raises(RefusedError, match=r"GET /v1/customers/\{customer_id\}/attributes: answered 404") as refusal:
        app.customers.attributes("secret-person")
    assert "secret-person" not in str(refusal.value)
    emulator.key = "the-only-one"
    with pytest.raises(AuthenticationError):
        app.objects.types()
