"""What a workspace holds besides people and events: written and read back over the App API, at the wire."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from ciokit import AppClient, TrackClient
from ciokit.app_api.exports import Exports
from ciokit.app_api.suppression import SuppressionType
from ciokit.core.wire import Request, Response
from ciokit.emulator.app import Emulator
from ciokit.errors import RefusedError
from tests.support.operations import unchecked

from .conftest import START, download

NOW = int(START)
EVERYBODY: Any = {"attribute": {"field": "cio_id", "operator": "exists"}}


def _raw(emulator: Emulator, method: str, path: str, body: Any = None, **headers: str) -> Response:
    content = b"" if body is None else json.dumps(body).encode()
    given = {"authorization": "Bearer k", **headers}
    return emulator.transport.send(Request(method, f"http://127.0.0.1:8787{path}", given, content))


def _table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


# Segments


def test_a_segment_is_made_read_and_deleted(app: AppClient) -> None:
    """A manual segment is empty, complete at once, and listed; after its deletion its number is not used again."""
    made = app.segments.create({"name": " Pilots ", "description": "who tried it"})["segment"]
    assert (made["id"], made["name"], made["description"]) == (1, "Pilots", "who tried it")
    assert (made["type"], made["state"], made["progress"]) == ("manual", "finished", None)
    assert made.get("created_at") == NOW
    assert app.segments.get(1)["segment"] == made
    assert app.segments.find()["segments"] == [made]
    assert app.segments.count(1)["count"] == 0
    app.segments.delete(1)
    assert app.segments.find() == {"segments": []}
    assert app.segments.create({"name": "Next"})["segment"]["id"] == 2


def test_members_are_counted_and_read_in_pages(emulator: Emulator, app: AppClient) -> None:
    """Each member is read once, in order of creation, those without an id too; deleting one takes them out."""
    people = [{"id": f"u{number}"} if number % 3 else {"email": f"e{number}@x.io"} for number in range(25)]
    members = [person.get("id") or person["email"] for person in people[:20]]
    emulator.seed({"people": people, "segments": [{"id": 7, "name": "S", "people": members}]})
    assert app.segments.count(7) == {"count": 20, "segment_id": 7}
    pages = list(app.segments.members.pages(7, limit=8))
    assert [len(page.rows) for page in pages] == [8, 8, 4]
    found = [row["id"] or row.get("email") for page in pages for row in page.rows]
    assert found == members
    resumed = app.segments.members(7, start=pages[0].next)
    assert [row["id"] or row.get("email") for row in resumed] == members[8:]
    raw = json.loads(_raw(emulator, "GET", "/v1/segments/7/membership?limit=3").body)
    assert raw["ids"] == ["u1", "u2"]
    emulator.seed([{"type": "track", "userId": "u1", "event": "User Deleted"}])
    assert app.segments.count(7)["count"] == 19
    assert app.segments.used_by(7)["used_by"] == {"campaigns": [], "sent_newsletters": [], "draft_newsletters": []}


def test_members_come_and_go_over_the_track_api(emulator: Emulator, app: AppClient) -> None:
    """Ids of nobody are passed over; an unknown segment, no ids and 1,001 of them are a 400 in the Track envelope."""
    emulator.seed({"people": [{"id": "u1", "email": "ann@x.io"}, {"id": "u2"}, {"email": "noid@x.io"}]})
    app.segments.create({"name": "S"})
    with TrackClient("site", "key", transport=emulator.transport) as track:
        track.segments.add_once(1, ["u1", "u2", "nobody"])
        track.segments.add_once(1, ["noid@x.io"], id_type="email")
        assert [row["id"] for row in app.segments.members(1)] == ["u1", "u2"]
        track.segments.remove_once(1, ["ANN@x.io"], id_type="email")
    assert [row["id"] for row in app.segments.members(1)] == ["u2"]
    key = {"authorization": "Basic c2l0ZTprZXk="}
    for number, ids in ((1, []), (1, ["u"] * 1_001), (9, ["u1"])):
        answer = _raw(emulator, "POST", f"/api/v1/segments/{number}/add_customers", {"ids": ids}, **key)
        assert answer.status == 400
        assert json.loads(answer.body)["meta"]["errors"]
    good = _raw(emulator, "POST", "/api/v1/segments/1/add_customers", {"ids": ["u1"]}, **key)
    assert (good.status, good.body) == (200, b"{}")


def test_a_segment_that_is_not_there_is_a_404(app: AppClient) -> None:
    """Every operation on one segment says so."""
    for ask in (app.segments.get, app.segments.delete, app.segments.count, app.segments.used_by):
        with pytest.raises(RefusedError, match="answered 404"):
            ask(9)
    with pytest.raises(RefusedError, match="answered 404"):
        list(app.segments.members(9))


def test_a_segment_needs_a_name(app: AppClient) -> None:
    """A blank one is a 400."""
    with pytest.raises(RefusedError, match="answered 400"):
        app.segments.create({"name": " "})


# Exports


def test_an_export_is_a_file_of_the_world_when_it_was_asked_for(emulator: Emulator, app: AppClient) -> None:
    """It is pending until its time has come, then a CSV of the matching people with the columns asked for."""
    emulator.seed(
        {
            "people": [
                {"id": "u1", "email": "ann@x.io", "attributes": {"plan": 'pro, "x"\n', "age": 41}},
                {"email": "bob@x.io"},
            ]
        }
    )
    export = app.exports.create_customers(EVERYBODY, attributes=["plan", "age", "email"])["export"]
    assert (export["status"], export["total"], export["type"], export["failed"]) == ("pending", 0, "customers", False)
    with pytest.raises(RefusedError, match="answered 404"):
        app.exports.link(export["id"])
    emulator.seed({"people": [{"id": "later"}]})
    emulator.advance(2)
    export = app.exports.get(export["id"])["export"]
    assert (export["status"], export["total"], export["updated_at"]) == ("done", 2, NOW + 2)
    file = download(emulator, app.exports.link(export["id"])["url"])
    assert (file.status, file.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    rows = _table(file.body)
    assert list(rows[0]) == ["id", "email", "cio_id", "created_at", "plan", "age"]
    assert [(row["id"], row["email"], row["plan"], row["age"]) for row in rows] == [
        ("u1", "ann@x.io", 'pro, "x"\n', "41"),
        ("", "bob@x.io", "", ""),
    ]
    assert app.exports.find()["exports"] == [{**export, "downloads": 1}]


def test_a_link_lives_15_minutes_on_the_emulators_clock(emulator: Emulator, app: AppClient) -> None:
    """It needs no key, and is refused once it is over or altered; a new one works."""
    number = app.exports.create_customers(EVERYBODY)["export"]["id"]
    emulator.advance(2)
    url = app.exports.link(number)["url"]
    assert url.startswith("https://api.customer.io/_emulator/files/")
    assert download(emulator, url).status == 200
    assert download(emulator, url[:-1] + ("0" if url[-1] != "0" else "1")).status == 403
    assert download(emulator, url.replace(f"export-{number}", f"export-{number + 1}")).status == 403
    emulator.advance(15 * 60 - 1)
    assert download(emulator, url).status == 200
    emulator.advance(1)
    assert download(emulator, url).status == 403
    assert download(emulator, app.exports.link(number)["url"]).status == 200


def test_deliveries_are_exported_of_one_source(emulator: Emulator, app: AppClient) -> None:
    """A table with the columns asked for; none or two sources are a 400."""
    export = app.exports.create_deliveries(campaign_id=3, attributes=["plan"])["export"]
    emulator.advance(2)
    header = download(emulator, app.exports.link(export["id"])["url"]).body.decode().split("\r\n")[0].split(",")
    assert {"delivery_id", "customer_id", "recipient", "created", "plan"} <= set(header)
    for sources in ({}, {"campaign_id": 3, "newsletter_id": 4}):
        with pytest.raises(RefusedError, match="answered 400"):
            unchecked(app, Exports.create_deliveries, **sources)


def test_an_export_of_an_unknown_segment_is_refused(app: AppClient) -> None:
    """The filter is held to the world: 400, and no export is there afterwards; an unknown export is a 404."""
    with pytest.raises(RefusedError, match="answered 400"):
        app.exports.create_customers({"segment": {"id": 99}})
    assert app.exports.find() == {"exports": []}
    with pytest.raises(RefusedError, match="answered 404"):
        app.exports.get(1)


# Collections


def test_a_collection_is_made_replaced_and_deleted(app: AppClient) -> None:
    """Size, number of rows and keys are those of the rows; contents are what was stored."""
    rows: list[dict[str, Any]] = [{"city": "Zürich", "n": 1}, {"city": "Bern", "big": True}]
    made = app.collections.create(name="cities", data=rows)["collection"]
    assert (made["rows"], made["schema"]) == (2, ["big", "city", "n"])
    assert made["bytes"] == len(json.dumps(rows, separators=(",", ":"), ensure_ascii=False).encode())
    assert app.collections.content(made["id"]) == {"data": rows}
    changed = app.collections.update(made["id"], name="towns", data=[{"city": "Genf"}])["collection"]
    assert (changed["name"], changed["rows"], changed["schema"]) == ("towns", 1, ["city"])
    assert app.collections.update_content(made["id"], {"free": {"form": 1}})["collection"]["schema"] == ["free"]
    assert app.collections.content(made["id"]) == {"free": {"form": 1}}
    assert [each["name"] for each in app.collections.find()["collections"]] == ["towns"]
    app.collections.delete(made["id"])
    for ask in (app.collections.get, app.collections.content, app.collections.delete):
        with pytest.raises(RefusedError, match="answered 404"):
            ask(made["id"])


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b'\xef\xbb\xbfcity,n\r\nBern,"1,5"\r\n', [{"city": "Bern", "n": "1,5"}]),
        (b' [{"city": "Bern"}]', [{"city": "Bern"}]),
    ],
)
def test_a_collection_is_read_from_a_url(
    emulator: Emulator, app: AppClient, content: bytes, rows: list[dict[str, Any]]
) -> None:
    """The file may be CSV or JSON."""
    made = app.collections.create(name="c", url=emulator.files.put(content))["collection"]
    assert app.collections.content(made["id"]) == {"data": rows}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "c"}, "data"),
        ({"name": "c", "data": [], "url": "https://x.io/a.csv"}, "data"),
        ({"name": " ", "data": []}, "name"),
        ({"name": "taken", "data": []}, "name"),
        ({"name": "c", "data": [{"a": "x" * 10_000}]}, "data[0]"),
        ({"name": "c", "data": [{"a": "x" * 9_900}] * 1_100}, "data"),
        ({"name": "c", "url": "ftp://x.io/a.csv"}, "url"),
        ({"name": "c", "url": "http://emulator.invalid/_emulator/files/none.csv"}, "url"),
    ],
)
def test_what_is_no_collection_is_refused(emulator: Emulator, app: AppClient, given: dict[str, Any], says: str) -> None:
    """Neither or both sources, a name that is blank or taken, rows over 10 KB, 10 MB in all, a URL with nothing."""
    app.collections.create(name="taken", data=[{"a": 1}])
    answer = _raw(emulator, "POST", "/v1/collections", given)
    assert answer.status == 400
    assert json.loads(answer.body)["errors"][0]["detail"].startswith(says)
    assert len(app.collections.find()["collections"]) == 1


# Snippets


def test_snippets_are_made_changed_and_deleted(app: AppClient) -> None:
    """Names and values are trimmed; an update makes what is not there."""
    assert app.snippets.create(name=" footer ", value=" Bye {{customer.name}} ")["snippet"] == {
        "name": "footer",
        "value": "Bye {{customer.name}}",
        "updated_at": NOW,
    }
    app.snippets.update(name="footer", value="Ciao")
    app.snippets.update(name="a/b c", value="x" * 16_000)
    assert [(each["name"], len(each["value"])) for each in app.snippets.find()["snippets"]] == [
        ("footer", 4),
        ("a/b c", 16_000),
    ]
    app.snippets.delete("a/b c")
    with pytest.raises(RefusedError, match="answered 404"):
        app.snippets.delete("a/b c")


@pytest.mark.parametrize(
    ("name", "value", "pointer"), [("taken", "x", "/name"), (" ", "x", "/name"), ("long", "x" * 16_001, "/value")]
)
def test_a_snippet_that_cannot_be_made_is_a_422_with_a_pointer(
    emulator: Emulator, app: AppClient, name: str, value: str, pointer: str
) -> None:
    """The envelope says which field it is; an update refuses the same with 400, save for a name that is taken."""
    app.snippets.create(name="taken", value="x")
    answer = _raw(emulator, "POST", "/v1/snippets", {"name": name, "value": value})
    error = json.loads(answer.body)["errors"][0]
    assert (answer.status, error["status"], error["source"]) == (422, "422", {"pointer": pointer})
    assert _raw(emulator, "PUT", "/v1/snippets", {"name": name, "value": value}).status == (
        200 if name == "taken" else 400
    )


# Subscriptions


def test_choices_of_a_person_are_told_with_the_topics(emulator: Emulator, app: AppClient) -> None:
    """What was chosen counts, else the topic's default; channels are told too."""
    topics = [
        {"id": 1, "name": "News"},
        {"id": 2, "name": "Offers", "subscribed_by_default": False, "description": "D"},
    ]
    choice = {"cio_subscription_preferences": {"topics": {"topic_1": False}}, "unsubscribed": True}
    emulator.seed({"people": [{"id": "u1", "attributes": choice}, {"id": "u2"}], "topics": topics})
    assert [(topic["identifier"], topic["name"]) for topic in app.subscriptions.topics()["topics"]] == [
        ("topic_1", "News"),
        ("topic_2", "Offers"),
    ]
    assert {channel["type"] for channel in app.subscriptions.channels()["channels"]} >= {"email", "twilio", "push"}
    first = app.customers.subscription_preferences("u1")["customer"]
    assert ([topic["subscribed"] for topic in first["topics"]], first["unsubscribed"]) == ([False, False], True)
    other = app.customers.subscription_preferences("u2")["customer"]
    assert ([topic["subscribed"] for topic in other["topics"]], other["unsubscribed"]) == ([True, False], False)
    with pytest.raises(RefusedError, match="answered 404"):
        app.customers.subscription_preferences("nobody")


def test_the_subscription_link_lives_a_day(emulator: Emulator, app: AppClient) -> None:
    """It is given for an id or an e-mail address, and nobody's is a 400."""
    emulator.seed({"people": [{"id": "u1", "email": "ann@x.io"}]})
    link = app.subscriptions.link("u1")
    assert app.subscriptions.link("ANN@x.io") == link
    assert link["token"]
    assert json.loads(download(emulator, link["url"]).body) == {"unsubscribed": False}
    emulator.advance(24 * 3600)
    assert download(emulator, link["url"]).status == 403
    with pytest.raises(RefusedError, match="answered 400"):
        app.subscriptions.link("nobody")


# Opt-outs and suppression


def test_opt_outs_are_kept_by_person_and_sender(emulator: Emulator, app: AppClient) -> None:
    """A change turns a sender off or on; the list can be held to one sender, and read in pages."""
    emulator.seed({"people": [{"id": f"u{number}"} for number in range(5)]})
    for number in range(5):
        app.opt_outs.update(f"u{number}", [{"from": "+41791234567", "optout": True}])
    app.opt_outs.update("u3", [{"from": "MyShop", "optout": True, "channel": "whatsapp"}])
    app.opt_outs.update("u4", [{"from": "+41791234567", "optout": False}])
    assert app.opt_outs.get("u3") == {
        "optouts": [{"channel": "sms", "from": "+41791234567"}, {"channel": "whatsapp", "from": "MyShop"}]
    }
    assert app.opt_outs.get("u4") == {"optouts": []}
    pages = list(app.opt_outs.find.pages(limit=2))
    assert [[row["customer_id"] for row in page.rows] for page in pages] == [["u0", "u1"], ["u2", "u3"]]
    assert [row["customer_id"] for row in app.opt_outs.find(from_="MyShop")] == ["u3"]
    emulator.seed([{"type": "track", "userId": "u0", "event": "User Deleted"}])
    assert [row["customer_id"] for row in app.opt_outs.find()] == ["u1", "u2", "u3"]


@pytest.mark.parametrize(
    "change",
    [
        {"from": "+41791234567", "optout": True, "channel": "email"},
        {"from": "not a sender at all", "optout": True},
        {"from": "+41791234567"},
        {"optout": True},
    ],
)
def test_a_malformed_opt_out_changes_nothing(emulator: Emulator, app: AppClient, change: dict[str, Any]) -> None:
    """One that is malformed makes the whole request a 400; nobody's is a 404."""
    emulator.seed({"people": [{"id": "u1"}]})
    good = {"from": "MyShop", "optout": True}
    assert _raw(emulator, "PUT", "/v1/customers/u1/optouts", {"optouts": [good, change]}).status == 400
    assert app.opt_outs.get("u1") == {"optouts": []}
    assert _raw(emulator, "PUT", "/v1/customers/nobody/optouts", {"optouts": [good]}).status == 404


def test_addresses_are_suppressed_by_reason(emulator: Emulator, app: AppClient) -> None:
    """Each is listed under its reason, found in any casing, read by offset, and free again after the deletion."""
    kinds: list[SuppressionType] = ["bounces", "spam_reports"]
    for number in range(5):
        app.esp_suppression.create(kinds[number % 2], f"E{number}+x@y.io")
    assert app.esp_suppression.get("e1+X@y.io") == {
        "category": "spam",
        "suppressions": [
            {"created": NOW, "email": "E1+x@y.io", "reason": "suppressed through the API", "status": "550"}
        ],
    }
    assert [row["email"] for row in app.esp_suppression.find("bounces", limit=2)] == [
        "E0+x@y.io",
        "E2+x@y.io",
        "E4+x@y.io",
    ]
    assert len(list(app.esp_suppression.find.pages("bounces", limit=2))) == 2
    assert [row["email"] for row in app.esp_suppression.find("bounces", offset=2)] == ["E4+x@y.io"]
    assert list(app.esp_suppression.find("blocks")) == []
    app.esp_suppression.delete("bounces", "e0+x@y.io")
    app.esp_suppression.delete("bounces", "e0+x@y.io")
    assert app.esp_suppression.get("e0+x@y.io") == {"suppressions": []}
    assert _raw(emulator, "POST", "/v1/esp/suppression/bounces/nonsense").status == 400
    assert _raw(emulator, "GET", "/v1/esp/suppression/nonsense").status == 400


def test_suppression_is_told_by_sending_domain(emulator: Emulator, app: AppClient) -> None:
    """The domains of the workspace's senders have it, others have none; paging by cursor reads each once."""
    emulator.seed({"senders": [{"id": 5, "name": "Shop", "email": "hello@shop.io"}]})
    for number in range(5):
        app.esp_suppression.create("blocks", f"e{number}@y.io")
    pages = list(app.esp_suppression.find_of_domain.pages("Shop.io", "blocks", limit=2))
    assert [len(page.rows) for page in pages] == [2, 2, 1]
    assert [row["email"] for row in app.esp_suppression.find_of_domain("shop.io", "blocks", email="E3@y.io")] == [
        "e3@y.io"
    ]
    assert list(app.esp_suppression.find_of_domain("other.io", "blocks")) == []
    assert len(list(app.esp_suppression.find("blocks", domain="shop.io"))) == 5
    assert list(app.esp_suppression.find("blocks", domain="other.io")) == []


# Senders, webhooks, data index, account


def test_senders_come_from_seeds(emulator: Emulator, app: AppClient) -> None:
    """A workspace has one of its own; hidden ones are only told when asked for."""
    emulator.seed(
        {
            "senders": [
                {"id": 3, "name": "Shop", "email": "hello@shop.io"},
                {"id": 2, "name": "Texts", "phone": "+41791234567", "hidden": True},
            ]
        }
    )
    assert [sender["id"] for sender in app.senders.find()] == [1, 3]
    assert [sender["id"] for sender in app.senders.find(hidden=True, sort="desc", limit=2)] == [3, 2, 1]
    sender = app.senders.get(3)["sender_identity"]
    assert (sender["template_type"], sender.get("address")) == ("email", "Shop <hello@shop.io>")
    assert app.senders.used_by(3) == {"campaigns": [], "sent_newsletters": [], "draft_newsletters": []}
    with pytest.raises(RefusedError, match="answered 404"):
        app.senders.get(9)


def test_a_reporting_webhook_is_made_changed_and_deleted(emulator: Emulator, app: AppClient) -> None:
    """The list is under `reporting_webhooks`; what an update leaves out stays; a deletion is answered 200, empty."""
    made = app.reporting_webhooks.create(
        name="W", endpoint="https://x.io/hook", events=["email_sent", "sms_replied"], disabled=True
    )
    assert (made.get("id"), made.get("type"), made.get("disabled"), made.get("full_resolution")) == (
        1,
        "webhook",
        True,
        False,
    )
    assert app.reporting_webhooks.find() == {"reporting_webhooks": [made]}
    changed = app.reporting_webhooks.update(
        1, name="V", endpoint="https://x.io/hook", events=["push_sent"], full_resolution=True
    )
    assert changed == {**made, "name": "V", "events": ["push_sent"], "full_resolution": True}
    assert app.reporting_webhooks.get(1) == changed
    answer = _raw(emulator, "DELETE", "/v1/reporting_webhooks/1")
    assert (answer.status, answer.body) == (200, b"")
    assert _raw(emulator, "DELETE", "/v1/reporting_webhooks/1").status == 404
    assert app.reporting_webhooks.find() == {"reporting_webhooks": []}


@pytest.mark.parametrize(
    "wrong", [{"events": ["email_eaten"]}, {"events": []}, {"endpoint": "x.io/hook"}, {"name": " "}, {"events": None}]
)
def test_a_webhook_that_cannot_work_is_refused(emulator: Emulator, wrong: dict[str, Any]) -> None:
    """An unknown event, none, an endpoint that is no URL and a blank name are 400."""
    good = {"name": "W", "endpoint": "https://x.io/hook", "events": ["email_sent"]}
    assert _raw(emulator, "POST", "/v1/reporting_webhooks", {**good, **wrong}).status == 400
    assert _raw(emulator, "POST", "/v1/reporting_webhooks", good).status == 200
    assert _raw(emulator, "PUT", "/v1/reporting_webhooks/1", {**good, **wrong}).status == 400


def test_the_data_index_takes_1_to_100_entries(emulator: Emulator, app: AppClient) -> None:
    """Good entries are answered 204; none or 101 are a 422 with a pointer, a long description a 400."""
    app.data_index.update_attributes([{"name": "plan", "description": "what they pay", "privacy_level": 1}])
    app.data_index.update_attributes([{"name": "plan", "privacy_level": 0}])
    assert emulator.world.held.attribute_notes == {
        "plan": {"name": "plan", "description": "what they pay", "privacy_level": 0}
    }
    assert _raw(emulator, "POST", "/v1/data_index/events", {"events": [{"name": "e"}] * 100}).status == 204
    for count in (0, 101):
        answer = _raw(emulator, "POST", "/v1/data_index/events", {"events": [{"name": "e"}] * count})
        assert answer.status == 422
        assert json.loads(answer.body)["errors"][0]["source"] == {"pointer": "/events"}
    long = {"attributes": [{"name": "a", "description": "x" * 256}]}
    assert _raw(emulator, "POST", "/v1/data_index/attributes", long).status == 400


def test_the_workspace_counts_what_it_holds(emulator: Emulator, app: AppClient) -> None:
    """People, objects and their types are those of the world."""
    emulator.seed([{"type": "group", "userId": "u1", "groupId": "g", "traits": {"object_type_id": "2"}}])
    [workspace] = app.workspaces.find()["workspaces"]
    assert (workspace["people"], workspace["objects"], workspace["object_types"]) == (1, 1, 2)


def test_addresses_are_told_without_a_key(emulator: Emulator) -> None:
    """The one operation that asks for no credentials; its neighbours do."""
    assert json.loads(_raw(emulator, "GET", "/v1/info/ip_addresses", authorization="").body)["ip_addresses"]
    assert _raw(emulator, "GET", "/v1/workspaces", authorization="").status == 401


def test_what_returns_nothing_is_answered_204(emulator: Emulator, app: AppClient) -> None:
    """Deletions have no body."""
    app.segments.create({"name": "S"})
    answer = _raw(emulator, "DELETE", "/v1/segments/1")
    assert (answer.status, answer.body) == (204, b"")
