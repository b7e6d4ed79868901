"""What was sent to the Data Pipelines operations is read back over the App API, at the wire on both sides."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from ciokit import AppClient
from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.errors import AuthenticationError, RefusedError

HOST = "http://127.0.0.1"
SEND = {"authorization": "Basic azo=", "content-type": "application/json", "x-strict-mode": "1"}
READ = {"authorization": "Bearer k"}

Send = Callable[..., None]
Answer = tuple[int, dict[str, Any]]
Read = Callable[..., Answer]


@pytest.fixture
def send(ciokit_emulator: Emulator) -> Send:
    """Return a way to send one message of a kind, or a batch of messages, that must be taken."""

    def send(kind: str, **message: Any) -> None:
        body = json.dumps(message).encode()
        answer = ciokit_emulator.transport.send(Request("POST", f"{HOST}/v1/{kind}", SEND, body))
        assert answer.status == 200, answer.body

    return send


@pytest.fixture
def read(ciokit_emulator: Emulator) -> Read:
    """Return a way to ask the App API for a raw answer: status and JSON."""

    def read(path: str, body: Any = None, *, headers: dict[str, str] = READ, **query: Any) -> Answer:
        url = f"{HOST}{path}" + (f"?{urlencode(query)}" if query else "")
        content = b"" if body is None else json.dumps(body).encode()
        request = Request("GET" if body is None else "POST", url, headers, content)
        answer = ciokit_emulator.transport.send(request)
        return answer.status, json.loads(answer.body)

    return read


@pytest.fixture
def app(ciokit_app_client: AppClient) -> AppClient:
    """Return a client of the same world."""
    return ciokit_app_client


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


# Pages


def test_people_come_in_pages(send: Send, app: AppClient, read: Read) -> None:
    """50 by default, at most 1,000, each person once, also when people come and go between two pages."""
    for start in range(0, 1100, 100):
        rows = [{"type": "identify", "userId": f"u{n}", "traits": {"n": n}} for n in range(start, start + 100)]
        send("batch", batch=rows)
    search = {"filter": _attribute("n")}
    for limit, size in (({}, 50), ({"limit": 7}, 7), ({"limit": 1000}, 1000), ({"limit": 5000}, 1000)):
        assert len(read("/v1/customers", search, **limit)[1]["identifiers"]) == size
    assert [one["id"] for one in app.customers.find(search["filter"], limit=300)] == [f"u{n}" for n in range(1100)]
    people = app.customers.find(search["filter"], limit=10)
    seen = [next(people)["id"] for _ in range(10)]
    send("track", userId="u0", event="User Deleted")
    send("track", userId="u11", event="User Deleted")
    send("identify", userId="late", traits={"n": 0})
    seen += [one["id"] for one in people]
    assert seen == [f"u{n}" for n in range(1100) if n != 11] + ["late"]


def test_log_comes_in_pages(send: Send, app: AppClient, read: Read) -> None:
    """10 by default, at most 100; what arrives between two pages neither repeats nor hides anything."""
    send("batch", batch=[{"type": "track", "userId": "u1", "event": f"e{n}"} for n in range(250)])
    for path in ("/v1/activities", "/v1/customers/u1/activities"):
        for limit, size in (({}, 10), ({"limit": 7}, 7), ({"limit": 100}, 100), ({"limit": 101}, 100)):
            assert len(read(path, type="event", **limit)[1]["activities"]) == size
    everything = [f"e{n}" for n in reversed(range(250))]
    of_person = app.customers.activities("u1", type="event", limit=100)
    of_all = app.activities.find(type="event", limit=100)
    seen = [[next(rows).get("name") for _ in range(100)] for rows in (of_person, of_all)]
    send("track", userId="u1", event="late")
    assert seen[0] + [one.get("name") for one in of_person] == everything
    assert seen[1] + [one.get("name") for one in of_all] == everything


def test_relationships_and_objects_come_in_pages(send: Send, app: AppClient, read: Read) -> None:
    """50 by default, at most 1,000, from both ends and in the search for objects."""
    batch = [{"type": "group", "userId": "u1", "groupId": f"g{n}", "traits": {"n": n}} for n in range(120)]
    send("batch", batch=batch)
    send("batch", batch=[{"type": "group", "userId": f"p{n}", "groupId": "g0"} for n in range(120)])
    search = {"object_attribute": {"field": "n", "operator": "exists", "type_id": "1"}}
    _, first = read("/v1/objects", {"object_type_id": "1", "filter": search})
    assert len(first["identifiers"]) == 50
    for path in ("/v1/customers/u1/relationships", "/v1/objects/1/g0/relationships"):
        assert len(read(path)[1]["cio_relationships"]) == 50
        assert len(read(path, limit=1000)[1]["cio_relationships"]) >= 120
    groups = [f"g{n}" for n in range(120)]
    assert [one["object_id"] for one in app.objects.find("1", search, limit=7)] == groups
    assert [one["identifiers"]["object_id"] for one in app.customers.relationships("u1", limit=7)] == groups
    people = ["u1", *(f"p{n}" for n in range(120))]
    assert [one["identifiers"]["id"] for one in app.objects.relationships(1, "g0", limit=7)] == people


@pytest.mark.parametrize(
    "path", ["/v1/activities", "/v1/customers/u1/activities", "/v1/customers/u1/relationships", "/v1/customers"]
)
def test_wrong_cursor_or_limit_is_refused(send: Send, read: Read, path: str) -> None:
    """A cursor of another make and a limit that is no number are answered 400."""
    send("identify", userId="u1")
    body = {"filter": _attribute("id")} if path == "/v1/customers" else None
    for cursor in ("-1/x", "²", "9" * 5000 + "/"):
        assert read(path, body, start=cursor)[0] == 400
    for limit in ("many", "1.5", "²", "", "9" * 5000):
        assert read(path, body, limit=limit)[0] == 400


# Switches


def test_attributes_keep_their_types_if_told_so(ciokit_emulator: Emulator, send: Send, app: AppClient) -> None:
    """With `attributes_as_strings` off, values and changes come back as they were sent."""
    ciokit_emulator.switch({"attributes_as_strings": False})
    send("identify", userId="u1", traits={"age": 41, "tags": ["a", 1]})
    send("group", userId="u1", groupId="acme", traits={"seats": 5})
    attributes: dict[str, Any] = dict(app.customers.attributes("u1")["customer"]["attributes"])
    assert (attributes["age"], attributes["tags"]) == (41, ["a", 1])
    assert app.objects.attributes(1, "acme")["object"]["attributes"] == {"seats": 5}
    change = next(app.customers.activities("u1", type="attribute_change"))
    assert change["data"]["age"] == {"from": "", "to": 41}


# Segments


def test_segments_of_a_person_are_listed_and_searched(ciokit_emulator: Emulator, app: AppClient) -> None:
    """A person's segments are told, and a filter chooses the people of one."""
    people = [{"id": "u1"}, {"id": "u2"}]
    segments = [{"id": 7, "name": "Pilots", "description": "who flies", "people": ["u1"]}, {"id": 8, "name": "None"}]
    seed = json.dumps({"people": people, "segments": segments}).encode()
    assert ciokit_emulator.transport.send(Request("POST", f"{HOST}/_emulator/seed", {}, seed)).status == 200
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


def test_refusals_reach_the_client_as_errors(ciokit_emulator: Emulator, app: AppClient) -> None:
    """A 404 and a 401 are errors of their own kind, and neither tells the id."""
    with pytest.raises(RefusedError, match=r"GET /v1/customers/\{customer_id\}/attributes: answered 404") as refusal:
        app.customers.attributes("secret-person")
    assert "secret-person" not in str(refusal.value)
    ciokit_emulator.key = "the-only-one"
    with pytest.raises(AuthenticationError):
        app.objects.types()


EVERY_OBJECT: Any = {"object_attribute": {"field": "name", "operator": "exists", "type_id": "1"}}
NO_CURSORS: dict[str, Callable[[AppClient, str], Any]] = {
    "people": lambda app, start: app.customers.find(
        {"attribute": {"field": "cio_id", "operator": "exists"}}, start=start
    ),
    "activities": lambda app, start: app.activities.find(start=start),
    "activities of a person": lambda app, start: app.customers.activities("u1", start=start),
    "relationships": lambda app, start: app.customers.relationships("u1", start=start),
    "messages": lambda app, start: app.messages.find(start=start),
    "messages of a person": lambda app, start: app.customers.messages("u1", start=start),
    "newsletters": lambda app, start: app.newsletters.find(start=start),
    "objects": lambda app, start: app.objects.find("1", EVERY_OBJECT, start=start),
    "opt-outs": lambda app, start: app.opt_outs.find(start=start),
    "previews": lambda app, start: app.inbox_previews.find(cursor=start),
    "senders": lambda app, start: app.senders.find(start=start),
}


@pytest.mark.parametrize("case", NO_CURSORS)
@pytest.mark.parametrize("start", ["bogus", "-1", "e0", "9999999999999999999999"])
def test_a_cursor_that_never_was_is_refused(
    case: str, start: str, ciokit_emulator: Emulator, ciokit_app_client: AppClient
) -> None:
    """It neither begins the list anew nor ends it without a word."""
    ciokit_emulator.seed([{"type": "identify", "userId": "u1", "traits": {"plan": "pro"}}])
    with pytest.raises(RefusedError, match="is no cursor of this list") as caught:
        list(NO_CURSORS[case](ciokit_app_client, start))
    assert caught.value.status == 400
