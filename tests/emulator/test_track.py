"""What was written with the Track API is read back over the App API, at the wire on both sides."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from ciokit import AppClient, CustomerIOClient, TrackClient
from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.errors import RefusedError

HOST = "http://127.0.0.1"
FIRST, SECOND = "01JD8Z9V7K3M5N6P8Q0R2S4T6V", "01JD8Z9V7K3M5N6P8Q0R2S4T6W"
ANN: Any = {"id": "ann"}


@pytest.fixture
def app(ciokit_app_client: AppClient) -> AppClient:
    """A client of the same world."""
    return ciokit_app_client


def ask(emulator: Emulator, method: str, path: str, body: Any) -> tuple[int, Any]:
    """Send one raw request of the Track API; return status and decoded answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(method, HOST + path, {"authorization": "Basic c2l0ZTprZXk="}, content)
    response = emulator.transport.send(request)
    return response.status, json.loads(response.body)


def person(action: str, who: Any = ANN, **more: Any) -> Any:
    """Return an item about a person."""
    return {"type": "person", "action": action, "identifiers": who, **more}


def thing(action: str, **more: Any) -> Any:
    """Return an item about the object `acme`."""
    return {"type": "object", "action": action, "identifiers": {"object_type_id": "1", "object_id": "acme"}, **more}


def attributes(app: AppClient, who: str, kind: Any = "id") -> dict[str, Any]:
    """Return what the App API knows of a person."""
    return dict(app.customers.attributes(who, id_type=kind)["customer"]["attributes"])


def names(app: AppClient, who: str) -> list[str | None]:
    """Return the names of a person's events, newest first."""
    return [each.get("name") for each in app.customers.activities(who, type="event")]


@pytest.mark.parametrize(
    ("site_id", "key", "status"),
    [("site", "key", 200), ("another", "key", 200), ("key", "wrong", 401), ("key", "", 401), ("", "key", 401)],
)
def test_its_key_is_the_password(site_id: str, key: str, status: int, ciokit_emulator: Emulator) -> None:
    """With one key that is let in, any site id with that key is; a key in the other place opens only Pipelines."""
    ciokit_emulator.key = "key"
    basic = {"authorization": "Basic " + base64.b64encode(f"{site_id}:{key}".encode()).decode()}
    pipelines = Request("POST", f"{HOST}/v1/identify", {**basic, "x-strict-mode": "1"}, b'{"userId": "ann"}')
    assert ciokit_emulator.transport.send(pipelines).status == (200 if site_id == "key" else 401)
    region = Request("GET", f"{HOST}/api/v1/accounts/region", basic)
    assert ciokit_emulator.transport.send(region).status == status


# Version 1: people


def test_people_are_told_by_the_form_of_the_path(track: TrackClient, app: AppClient) -> None:
    """An id, an e-mail address and a `cio_id` in the path mean the person they name, and the first two make one."""
    track.v1.identify("ann", {"email": "Ann@x.io", "age": 41})
    track.v1.identify("ben@x.io", {"plan": "pro"})
    track.v1.identify("ANN@x.io", {"plan": "free"})
    cio_id = app.customers.attributes("ann")["customer"]["identifiers"]["cio_id"]
    track.v1.identify(f"cio_{cio_id}", {"vip": True})
    track.v1.identify("cio_unknown", {"vip": True})
    known = attributes(app, "ann")
    assert (known["email"], known["age"], known["plan"], known["vip"]) == ("Ann@x.io", "41", "free", "true")
    ben = app.customers.attributes("ben@x.io", id_type="email")["customer"]
    assert (ben["identifiers"]["id"], ben["attributes"]["plan"]) == (None, "pro")
    assert [each["id"] for each in app.customers.find({"attribute": {"field": "vip", "operator": "exists"}})] == ["ann"]


def test_update_alone_makes_nobody(track: TrackClient, app: AppClient) -> None:
    """`_update` changes who is there, and is no attribute."""
    track.v1.identify("ann", {"_update": True, "plan": "pro"})
    with pytest.raises(RefusedError, match="404"):
        app.customers.attributes("ann")
    track.v1.identify("ann")
    track.v1.identify("ann", {"_update": True, "plan": "pro"})
    assert attributes(app, "ann")["plan"] == "pro"
    assert "_update" not in attributes(app, "ann")


def test_older_values_do_not_overwrite_newer_ones(track: TrackClient, app: AppClient) -> None:
    """`_timestamp` orders writes, attribute by attribute, whatever their order of arrival."""
    track.v1.identify("ann", {"plan": "new", "_timestamp": 1_700_000_200})
    track.v1.identify("ann", {"plan": "old", "city": "Bern", "_timestamp": 1_700_000_100})
    assert (attributes(app, "ann")["plan"], attributes(app, "ann")["city"]) == ("new", "Bern")
    track.v1.identify("ann", {"plan": "newest", "_timestamp": 1_700_000_300})
    assert attributes(app, "ann")["plan"] == "newest"


def test_id_changes_only_by_cio_id(track: TrackClient, app: AppClient) -> None:
    """Whoever has an id keeps it, and the failure is in the log, unless they are named by `cio_id`."""
    track.v1.identify("ann")
    track.v1.identify("ann", {"id": "anna"})
    assert [each["type"] for each in app.customers.activities("ann", type="failed_attribute_change")] == [
        "failed_attribute_change"
    ]
    cio_id = app.customers.attributes("ann")["customer"]["identifiers"]["cio_id"]
    track.v1.identify(f"cio_{cio_id}", {"id": "anna"})
    assert attributes(app, "anna")["cio_id"] == cio_id
    with pytest.raises(RefusedError, match="404"):
        app.customers.attributes("ann")


def test_email_of_somebody_else_is_a_failed_change(track: TrackClient, app: AppClient) -> None:
    """Identifiers that belong to two people are answered 200, and the failure is in the log (facts, section 3.2)."""
    track.v1.identify("ann@x.io", {"id": "ann"})
    track.v1.identify("ben", {"email": "ANN@x.io", "plan": "pro"})
    [failure] = app.customers.activities("ben", type="failed_attribute_change")
    assert failure["data"]["email"]["to"] == "ANN@x.io"
    assert (attributes(app, "ann")["email"], attributes(app, "ben")["plan"]) == ("ann@x.io", "pro")
    assert attributes(app, "ben")["email"] is None


def test_deleted_people_are_gone(track: TrackClient, app: AppClient) -> None:
    """Deleting takes a person away; nobody is no fault, and a later call makes them anew."""
    track.v1.identify("ann", {"plan": "pro"})
    track.v1.delete("ann")
    track.v1.delete("ann")
    with pytest.raises(RefusedError, match="404"):
        app.customers.attributes("ann")
    track.v1.identify("ann")
    assert "plan" not in attributes(app, "ann")


def test_suppressed_people_stay_away_until_lifted(
    track: TrackClient, app: AppClient, ciokit_client: CustomerIOClient
) -> None:
    """Nothing about a suppressed person is taken, over either API; lifting brings nothing back but lets them in."""
    track.v1.identify("ann", {"email": "ann@x.io", "plan": "pro"})
    track.v1.suppress("ann")
    track.v1.identify("ann")
    track.v1.track("ann@x.io", "Bought")
    ciokit_client.identify("ann")
    for who in ("ann", "ann@x.io"):
        with pytest.raises(RefusedError, match="404"):
            app.customers.attributes(who, id_type="email" if "@" in who else "id")
    track.v1.unsuppress("ann@x.io")
    track.v1.identify("ann")
    assert "plan" not in attributes(app, "ann")


def test_devices_come_and_go(track: TrackClient, app: AppClient) -> None:
    """A device is kept with its platform, last use and attributes, and is taken away by its token."""
    device: Any = {"id": "t/1", "platform": "ios", "last_used": 1_700_000_000, "attributes": {"device_os": "17"}}
    track.v1.add_device("ann", device)
    [known] = app.customers.attributes("ann")["customer"]["devices"]
    assert (known["id"], known.get("platform"), known.get("last_used")) == ("t/1", "ios", 1_700_000_000)
    assert known.get("attributes", {})["device_os"] == "17"
    track.v1.delete_device("ann", "t/1")
    assert app.customers.attributes("ann")["customer"]["devices"] == []


def test_region_is_told(track: TrackClient) -> None:
    """The emulator counts as the US region, and gives the address that answered, its scheme too."""
    assert track.v1.region()["region"] == "us"
    assert track.v1.region()["url"] == "https://track.customer.io"


# Version 1: events


def test_events_are_in_the_log_once(track: TrackClient, app: AppClient) -> None:
    """An event makes its person, keeps data and time, and one that repeats an id is ignored."""
    track.v1.track("ann@x.io", "Bought", data={"price": 9.5}, timestamp=1_700_000_000, id=FIRST)
    track.v1.track("ann@x.io", "Bought", data={"price": 9.5}, timestamp=1_700_000_000, id=FIRST)
    [entry] = app.customers.activities("ann@x.io", id_type="email", type="event")
    assert (entry.get("name"), entry["data"], entry["timestamp"]) == ("Bought", {"price": 9.5}, 1_700_000_000)


def test_command_names_are_plain_events_here(track: TrackClient, app: AppClient) -> None:
    """What commands the Data Pipelines API is only a name in the Track API: nobody is deleted."""
    track.v1.track("ann", "User Deleted")
    assert names(app, "ann") == ["User Deleted"]


def test_pages_and_screens_are_kinds_of_their_own(track: TrackClient, app: AppClient) -> None:
    """The name of a page is its address."""
    track.v1.track("ann", "https://x.io/", type="page")
    track.v1.track("ann", "Start", type="screen")
    page, screen = (next(app.customers.activities("ann", type=kind)) for kind in ("page", "screen"))
    assert (page.get("url"), screen.get("name")) == ("https://x.io/", "Start")


def test_milliseconds_are_taken_for_the_far_future(ciokit_emulator: Emulator, app: AppClient) -> None:
    """The service says nothing of them (facts, section 3.2), so only the client can."""
    body = {"name": "Bought", "timestamp": 1_700_000_000_000}
    assert ask(ciokit_emulator, "POST", "/api/v1/customers/ann/events", body) == (200, {})
    assert next(app.customers.activities("ann", type="event"))["timestamp"] == 1_700_000_000_000


def test_anonymous_events_join_who_becomes_known(track: TrackClient, app: AppClient) -> None:
    """Events of an anonymous id become those of the person who gets it; those without one stay nobody's."""
    track.v1.track_anonymous("Viewed", anonymous_id="cookie", id=FIRST)
    track.v1.track_anonymous("Viewed", anonymous_id="cookie", id=FIRST)
    track.v1.track_anonymous("Invited", id=SECOND)
    assert [each["customer_id"] for each in app.activities.find(type="event")] == [None, None]
    track.v1.identify("ann", {"anonymous_id": "cookie"})
    assert names(app, "ann") == ["Viewed"]


# Merging


def test_merging_keeps_values_and_folds_the_others_in(track: TrackClient, app: AppClient) -> None:
    """The one who stays keeps their values and gets what they lack, with events, devices, objects and segments."""
    track.v1.identify("ann", {"plan": "pro"})
    track.v1.identify("ben", {"plan": "free", "city": "Bern", "email": "ben@x.io"})
    track.v1.track("ben", "Bought")
    track.v1.add_device("ben", {"id": "t1", "platform": "android"})
    track.v2.entity(
        person("add_relationships", {"id": "ben"}, cio_relationships=[{"identifiers": thing("")["identifiers"]}])
    )
    segment = app.segments.create({"name": "Pilots"})["segment"]["id"]
    track.segments.add_once(segment, ["ben"])
    track.v1.merge({"id": "ann"}, {"email": "BEN@x.io"})
    merged = app.customers.attributes("ann")["customer"]
    assert (merged["attributes"]["plan"], merged["attributes"]["city"]) == ("pro", "Bern")
    assert merged["attributes"]["email"] == "ben@x.io"
    assert [each["id"] for each in merged["devices"]] == ["t1"]
    assert names(app, "ann") == ["Bought"]
    assert [each["identifiers"]["object_id"] for each in app.customers.relationships("ann")] == ["acme"]
    assert [each["id"] for each in app.segments.members(segment)] == ["ann"]
    with pytest.raises(RefusedError, match="404"):
        app.customers.attributes("ben")


def test_merging_into_nobody_changes_nothing(track: TrackClient, app: AppClient) -> None:
    """Without a primary the secondary stays, and the answer does not tell."""
    track.v1.identify("ben")
    track.v1.merge({"id": "ann"}, {"id": "ben"})
    assert attributes(app, "ben")["id"] == "ben"


@pytest.mark.parametrize(
    "body",
    [
        {"primary": {"id": "a"}},
        {"primary": {"id": "a"}, "secondary": {"id": "a"}},
        {"primary": {"phone": "+41791234567"}, "secondary": {"id": "a"}},
        {"primary": {"id": "a"}, "secondary": {"id": "b", "email": "b@x.io"}},
    ],
    ids=["one side", "same", "phone", "two identifiers"],
)
def test_merge_that_cannot_be_has_an_envelope_of_its_own(ciokit_emulator: Emulator, body: Any) -> None:
    """A 400 of a merge says what is wrong under `meta.error`."""
    status, answer = ask(ciokit_emulator, "POST", "/api/v1/merge_customers", body)
    assert status == 400
    assert [*answer] == ["meta"]
    assert "ary" in answer["meta"]["error"]


# Limits

LARGE: dict[str, tuple[str, str, Any]] = {
    "count": ("PUT", "", {f"a{number}": 1 for number in range(301)}),
    "name": ("PUT", "", {"a" * 151: 1}),
    "value": ("PUT", "", {"a": "ä" * 501}),
    "event name": ("POST", "/events", {"name": "a" * 101}),
    "event data": ("POST", "/events", {"name": "A", "data": {"a": "a" * 100_000}}),
}
FITTING: dict[str, tuple[str, str, Any]] = {
    "count": ("PUT", "", {f"a{number}": 1 for number in range(300)}),
    "name": ("PUT", "", {"a" * 150: 1}),
    "value": ("PUT", "", {"a": "ä" * 500}),
    "event name": ("POST", "/events", {"name": "a" * 100}),
    "event data": ("POST", "/events", {"name": "A", "data": {"a": "a" * 99_992}}),
}


@pytest.mark.parametrize("case", LARGE)
def test_sizes_and_counts_have_limits(ciokit_emulator: Emulator, case: str) -> None:
    """What is at a limit is taken, what is over it is answered 400 (facts, section 3.2)."""
    method, path, body = FITTING[case]
    assert ask(ciokit_emulator, method, f"/api/v1/customers/ann{path}", body) == (200, {})
    method, path, body = LARGE[case]
    status, answer = ask(ciokit_emulator, method, f"/api/v1/customers/ann{path}", body)
    assert status == 400
    assert "over the limit" in answer["meta"]["errors"][0]


def test_long_id_is_refused(ciokit_emulator: Emulator) -> None:
    """An id has at most 150 bytes."""
    assert ask(ciokit_emulator, "PUT", f"/api/v1/customers/{'a' * 150}", {})[0] == 200
    assert ask(ciokit_emulator, "PUT", f"/api/v1/customers/{'a' * 151}", {})[0] == 400


# Version 2


def test_items_do_what_the_calls_of_version_1_do(track: TrackClient, app: AppClient) -> None:
    """Every action on people works in a batch, in order, for each kind of identifier."""
    report = track.v2.batch(
        [
            person("identify", attributes={"plan": "pro", "email": "ann@x.io"}),
            person("event", {"email": "ann@x.io"}, name="Bought", attributes={"price": 9.5}, timestamp=1_700_000_000),
            person("page", name="https://x.io/"),
            person("screen", name="Start"),
            person("add_device", device={"token": "t1", "platform": "ios"}),
            person("add_device", device={"token": "t2", "platform": "ios"}),
            person("delete_device", device={"token": "t2"}),
            person("identify", {"id": "ben"}, attributes={"city": "Bern"}),
            {"type": "person", "action": "merge", "primary": {"email": "ann@x.io"}, "secondary": {"id": "ben"}},
            person("identify", {"id": "eve"}),
            person("delete", {"id": "eve"}),
            person("suppress", {"id": "zoe"}),
            person("identify", {"id": "zoe"}),
            person("unsuppress", {"id": "zoe"}),
        ]
    )
    assert [verdict.status for verdict in report] == ["accepted"] * 14
    known = app.customers.attributes("ann")["customer"]
    assert (known["attributes"]["plan"], known["attributes"]["city"]) == ("pro", "Bern")
    assert [device["id"] for device in known["devices"]] == ["t1"]
    happened = [each["type"] for each in app.customers.activities("ann") if each["type"] in ("event", "page", "screen")]
    assert happened == ["screen", "page", "event"]
    for who in ("ben", "eve", "zoe"):
        with pytest.raises(RefusedError, match="404"):
            app.customers.attributes(who)


def test_objects_and_relationships_are_kept(track: TrackClient, app: AppClient) -> None:
    """Objects are made, related from both ends, named by either id, parted and deleted."""
    ties = [{"identifiers": {"id": "ann"}, "relationship_attributes": {"role": "owner"}}]
    track.v2.entity(thing("identify", attributes={"seats": 5}, cio_relationships=ties))
    track.v2.entity(thing("add_relationships", cio_relationships=[{"identifiers": {"email": "ben@x.io"}}]))
    found = app.objects.attributes(1, "acme")["object"]
    assert found["attributes"] == {"seats": "5"}
    people = list(app.objects.relationships(1, "acme"))
    assert [each["identifiers"]["email"] for each in people] == [None, "ben@x.io"]
    assert people[0].get("attributes") == {"role": "owner"}
    minted: Any = {"cio_object_id": found["identifiers"]["cio_object_id"]}
    track.v2.entity({"type": "object", "action": "identify", "identifiers": minted, "attributes": {"seats": ""}})
    assert app.objects.attributes(1, "acme")["object"]["attributes"] == {}
    track.v2.entity(person("delete_relationships", cio_relationships=[{"identifiers": minted}]))
    track.v2.entity(thing("delete_relationships", cio_relationships=[{"identifiers": {"email": "ben@x.io"}}]))
    assert list(app.objects.relationships(1, "acme")) == []
    track.v2.entity(thing("delete"))
    with pytest.raises(RefusedError, match="404"):
        app.objects.attributes(1, "acme")


def test_bad_items_are_named_and_the_others_taken(ciokit_emulator: Emulator, app: AppClient) -> None:
    """A batch with a bad item is answered 207: place, reason, field and message of each, and the rest is done."""
    items = [
        person("identify"),
        person("identify", {"phone": "+41791234567"}),
        person("identify", attributes={"plan": "x" * 1001}),
        person("event"),
        person("identify", {"id": "ben"}, attributes={f"a{number}": "x" * 900 for number in range(40)}),
        person("identify", {"id": "eve"}),
    ]
    status, answer = ask(ciokit_emulator, "POST", "/api/v2/batch", {"batch": items})
    assert status == 207
    assert [(each["batch_index"], each["reason"], each["field"]) for each in answer["errors"]] == [
        (1, "invalid", "identifiers.phone"),
        (2, "invalid", "attributes.plan"),
        (3, "required", "name"),
        (4, "invalid", ""),
    ]
    assert all(each["message"] for each in answer["errors"])
    assert [attributes(app, who)["id"] for who in ("ann", "eve")] == ["ann", "eve"]


def test_client_tells_refused_items_apart(track: TrackClient, app: AppClient) -> None:
    """The report of a batch has the emulator's refusal, with its field, beside what was taken."""
    report = track.v2.batch([person("identify", attributes={"plan": "x" * 1001}), person("identify", {"id": "ben"})])
    assert [verdict.status for verdict in report] == ["rejected", "accepted"]
    assert report[0].field == "attributes.plan"
    assert attributes(app, "ben")["id"] == "ben"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("batch", b"{"),
        ("batch", {}),
        ("batch", {"batch": {}}),
        ("batch", {"batch": ["text"]}),
        ("batch", {"batch": [person("identify", attributes={"a": "x" * 900})] * 520}),
        ("entity", b"{"),
        ("entity", person("explode")),
        ("entity", person("delete_device", device="t1")),
        ("entity", person("add_relationships", cio_relationships=[{"identifiers": {"object_id": "acme"}}])),
        ("entity", person("event", name="A", timestamp="2026-01-31")),
        ("entity", person("identify", attributes={f"a{number}": "x" * 900 for number in range(40)})),
    ],
    ids=["no JSON", "no batch", "no list", "no item", "500 KB", "text", "action", "device", "object", "time", "32 KB"],
)
def test_malformed_requests_are_refused_as_a_whole(ciokit_emulator: Emulator, path: str, body: Any) -> None:
    """A request that cannot be read, and a bad single item, are answered 400 in the envelope of version 2."""
    status, answer = ask(ciokit_emulator, "POST", f"/api/v2/{path}", body)
    assert status == 400
    assert answer["errors"][0]["message"]
    assert ciokit_emulator.world.people == {}


def test_what_the_track_api_wrote_survives_a_restart(tmp_path: Path) -> None:
    """The same requests make the same world again from the journal."""
    item = person("identify", attributes={"plan": "pro"}, cio_relationships=[{"identifiers": thing("")["identifiers"]}])
    before = Emulator(state=tmp_path)
    assert ask(before, "POST", "/api/v2/batch", {"batch": [item, person("event", name="Bought")]})[0] == 200
    cio_id = before.world.ids["ann"].cio_id
    before.close()
    with Emulator(state=tmp_path) as after:
        [again] = after.world.people.values()
        assert (again.id, again.cio_id, again.attributes) == ("ann", cio_id, {"plan": "pro"})
        assert [event.name for event in after.world.events()] == ["Bought"]
        assert [*after.world.objects] == [("1", "acme")]
