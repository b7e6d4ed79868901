"""Lists of the App API come page by page: sizes, cursors, and what comes and goes between two pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ciokit import AppClient
from ciokit.emulator.app import Emulator
from ciokit.errors import RefusedError

from .conftest import Read, Send


def _exists(field: str) -> dict[str, Any]:
    return {"attribute": {"field": field, "operator": "exists"}}


def test_people_come_in_pages(send: Send, app: AppClient, read: Read) -> None:
    """50 by default, at most 1,000, each person once, also when people come and go between two pages."""
    for start in range(0, 1100, 100):
        rows = [{"type": "identify", "userId": f"u{n}", "traits": {"n": n}} for n in range(start, start + 100)]
        send("batch", batch=rows)
    search = {"filter": _exists("n")}
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
    body = {"filter": _exists("id")} if path == "/v1/customers" else None
    for cursor in ("-1/x", "²", "9" * 5000 + "/"):
        assert read(path, body, start=cursor)[0] == 400
    for limit in ("many", "1.5", "²", "", "9" * 5000):
        assert read(path, body, limit=limit)[0] == 400


EVERY_OBJECT: Any = {"object_attribute": {"field": "name", "operator": "exists", "type_id": "1"}}
NO_CURSORS: dict[str, Callable[[AppClient, str], Any]] = {
    "people": lambda app, start: app.customers.find(_exists("cio_id"), start=start),
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
def test_a_cursor_that_never_was_is_refused(case: str, start: str, emulator: Emulator, app: AppClient) -> None:
    """It neither begins the list anew nor ends it without a word."""
    emulator.seed([{"type": "identify", "userId": "u1", "traits": {"plan": "pro"}}])
    with pytest.raises(RefusedError, match="is no cursor of this list") as caught:
        list(NO_CURSORS[case](app, start))
    assert caught.value.status == 400
