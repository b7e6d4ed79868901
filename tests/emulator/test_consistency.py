"""What was accepted is read after a while if so switched, whichever API wrote it, and stands in the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.conftest import Workspace

KEY = "Basic c2l0ZTprZXk="
ULID = "01JD8Z9V7K3M5N6P8Q0R2S4T6V"
ANN = {"type": "person", "action": "identify", "identifiers": {"id": "ann"}, "attributes": {"plan": "pro"}}


def _track(workspace: Workspace, method: str, path: str, body: Any = None) -> int:
    content = b"" if body is None else json.dumps(body).encode()
    return workspace.ask(method, path, content, authorization=KEY).response.status


def _app(workspace: Workspace, method: str, path: str, body: Any = None) -> Any:
    content = b"" if body is None else json.dumps(body).encode()
    response = workspace.ask(method, path, content, authorization="Bearer key").response
    return json.loads(response.body or b"null")


def test_what_the_track_api_wrote_is_read_later() -> None:
    """People, events and members of segments are there once the delay is over, and not before."""
    workspace = Workspace(ingestion_delay=2.0)
    workspace.emulator.seed({"segments": [{"id": 7, "name": "Pilots"}]})
    assert _track(workspace, "PUT", "/api/v1/customers/ann", {"plan": "pro"}) == 200
    assert _track(workspace, "POST", "/api/v2/batch", {"batch": [ANN | {"identifiers": {"id": "ben"}}]}) == 200
    assert _track(workspace, "POST", "/api/v1/segments/7/add_customers", {"ids": ["ann"]}) == 200
    assert workspace.read("/v1/customers/ann/attributes")[0] == 404
    assert (workspace.stats()["pending"], workspace.stats()["accepted"]) == (3, 0)
    workspace.clock.advance(1.9)
    assert workspace.read("/v1/customers/ben/attributes")[0] == 404
    workspace.clock.advance(0.1)
    assert workspace.read("/v1/customers/ben/attributes")[0] == 200
    assert workspace.read("/v1/segments/7/membership")[1]["ids"] == ["ann"]
    assert (workspace.stats()["pending"], workspace.stats()["accepted"]) == (0, 3)


def test_reports_about_deliveries_are_read_later() -> None:
    """What is reported of a delivery, and unsubscribing from one, take as long; a report is of when it arrived."""
    workspace = Workspace()
    workspace.emulator.let_live({"opened": 0})
    workspace.take("identify", userId="ann", traits={"email": "ann@x.io"})
    mail = {"to": "ann@x.io", "identifiers": {"id": "ann"}, "subject": "s", "body": "b", "from": "me@x.io"}
    named = _app(workspace, "POST", "/v1/send/email", mail)["delivery_id"]
    workspace.clock.advance(10)
    workspace.control("POST", "switches", {"ingestion_delay": 2.0})
    assert _track(workspace, "POST", "/api/v1/metrics", {"delivery_id": named, "metric": "opened"}) == 200
    assert _track(workspace, "POST", f"/unsubscribe/{named}", {"unsubscribe": True}) == 200
    seen: list[Any] = []
    for _ in range(2):
        metrics = workspace.read(f"/v1/messages/{named}")[1]["message"]["metrics"]
        person = workspace.read("/v1/customers/ann/attributes")[1]["customer"]
        seen.append((metrics.get("opened"), person["unsubscribed"]))
        workspace.clock.advance(2)
    assert seen == [(None, False), (int(workspace.clock.now()) - 4, True)]


def test_both_apis_that_write_people_keep_their_order() -> None:
    """Of two writes about one attribute the later one stands, whichever API each came over."""
    workspace = Workspace(ingestion_delay=2.0)
    workspace.take("identify", userId="ann", traits={"plan": "first"})
    _track(workspace, "PUT", "/api/v1/customers/ann", {"plan": "second", "city": "Bern"})
    workspace.take("identify", userId="ann", traits={"city": "Chur"})
    workspace.clock.advance(2)
    attributes = workspace.read("/v1/customers/ann/attributes")[1]["customer"]["attributes"]
    assert (attributes["plan"], attributes["city"]) == ("second", "Chur")


def test_opt_outs_and_suppressed_addresses_are_read_later() -> None:
    """What the App API writes about people takes as long."""
    workspace = Workspace()
    workspace.take("identify", userId="ann", traits={"email": "ann@x.io"})
    workspace.control("POST", "switches", {"ingestion_delay": 2.0})
    _app(workspace, "PUT", "/v1/customers/ann/optouts", {"optouts": [{"from": "+41790000000", "optout": True}]})
    _app(workspace, "POST", "/v1/esp/suppression/bounces/ann@x.io")
    seen = []
    for _ in range(2):
        found = _app(workspace, "GET", "/v1/esp/suppression/bounces")["suppressions"]
        seen.append((len(workspace.read("/v1/customers/ann/optouts")[1]["optouts"]), len(found)))
        workspace.clock.advance(2)
    assert seen == [(0, 0), (1, 1)]


def test_device_of_a_push_is_read_later() -> None:
    """A push goes at once to the device that it brings along; the profile shows that device once the delay is over."""
    workspace = Workspace(ingestion_delay=2.0)
    workspace.emulator.seed(
        {"people": [{"id": "ann"}], "transactional": [{"id": 2, "name": "P", "type": "push", "body": "x"}]}
    )
    push = {
        "transactional_message_id": 2,
        "identifiers": {"id": "ann"},
        "custom_device": {"token": "t1", "platform": "ios"},
    }
    sent = _app(workspace, "POST", "/v1/send/push", push)["delivery_id"]
    message = workspace.read(f"/v1/messages/{sent}")[1]["message"]
    assert (message["recipient"], "sent" in message["metrics"]) == ("t1", True)
    devices: list[list[str]] = []
    for _ in range(2):
        person = workspace.read("/v1/customers/ann/attributes")[1]["customer"]
        devices.append([device["id"] for device in person["devices"]])
        workspace.clock.advance(2)
    assert devices == [[], ["t1"]]


@pytest.mark.parametrize(
    ("method", "path", "body", "counts"),
    [
        ("PUT", "/api/v1/customers/ann", {"plan": "pro"}, {"accepted": 1}),
        ("POST", "/api/v1/customers/ann/events", {"name": "Bought", "id": ULID}, {"accepted": 1}),
        ("POST", "/api/v1/events", {"name": "Seen", "anonymous_id": "a1"}, {"accepted": 1}),
        ("POST", "/api/v1/customers/ann/events", {"data": {}}, {"refused": 1}),
        ("POST", "/api/v2/entity", {**ANN, "action": "fly"}, {"refused": 1}),
        ("POST", "/api/v2/batch", {"batch": [ANN, {**ANN, "action": "fly"}]}, {"accepted": 1, "refused": 1}),
        ("POST", "/api/v2/batch", {"batch": [1, 2, 3]}, {"refused": 3}),
        ("POST", "/api/v2/batch", {"batch": []}, {}),
        ("POST", "/api/v1/forms/f1/submit", {"data": {"email": "f@x.io"}}, {"accepted": 2}),
        ("PUT", "/api/v1/customers/gone", {"plan": "pro"}, {"dropped": 1}),
        ("PUT", "/api/v1/customers/cio_99", {"plan": "pro"}, {"dropped": 1}),
        ("POST", "/api/v1/metrics", {"delivery_id": "x", "metric": "opened", "timestamp": 1}, {"dropped": 1}),
        ("GET", "/api/v1/accounts/region", None, {}),
    ],
)
def test_every_item_of_the_track_api_is_in_the_ledger(
    workspace: Workspace, method: str, path: str, body: Any, counts: dict[str, int]
) -> None:
    """Each is accepted, dropped or refused, as the items of Data Pipelines are."""
    workspace.event("User Suppressed", userId="gone")
    before = workspace.stats()
    _track(workspace, method, path, body)
    after = workspace.stats()
    names = ("accepted", "dropped", "duplicates", "refused")
    assert {name: after[name] - before[name] for name in names if after[name] != before[name]} == counts


def test_a_repeated_event_is_counted_apart(workspace: Workspace) -> None:
    """An event's id that was there before is a duplicate, and a wrong key is refused."""
    for _ in range(2):
        _track(workspace, "POST", "/api/v1/customers/ann/events", {"name": "Bought", "id": ULID})
    workspace.ask("PUT", "/api/v1/customers/ann", b"{}")
    stats = workspace.stats()
    assert (stats["accepted"], stats["duplicates"], stats["refused"]) == (1, 1, 1)
    assert stats["accepted_by_type"] == {"person.event": 1}


def test_what_waits_outlives_a_restart(tmp_path: Path) -> None:
    """What was accepted and could not be read yet can be read later by who opens the state again."""
    before = Workspace(state=tmp_path, ingestion_delay=2.0)
    _track(before, "PUT", "/api/v1/customers/ann", {"plan": "pro"})
    before.emulator.close()
    after = Workspace(state=tmp_path)
    assert after.read("/v1/customers/ann/attributes")[0] == 404
    after.clock.advance(2)
    assert after.read("/v1/customers/ann/attributes")[0] == 200
    assert after.stats()["accepted"] == 1
    after.emulator.close()


def test_what_was_refused_is_counted_after_a_restart(tmp_path: Path) -> None:
    """Items that broke a rule, were malformed or had no key stand in the ledger of whoever opens the state again."""
    before = Workspace(state=tmp_path)
    assert _track(before, "POST", "/api/v2/entity", {**ANN, "action": "fly"}) == 400
    assert _track(before, "POST", "/api/v2/batch", {"batch": [1, 2, 3]}) == 400
    assert _track(before, "POST", "/api/v2/batch", {"batch": [ANN, {**ANN, "action": "fly"}]}) == 207
    assert before.ask("PUT", "/api/v1/customers/ann", b"{}").response.status == 401
    counts = {name: before.stats()[name] for name in ("accepted", "refused", "dropped")}
    assert counts == {"accepted": 1, "refused": 6, "dropped": 0}
    before.emulator.close()
    after = Workspace(state=tmp_path)
    assert {name: after.stats()[name] for name in counts} == counts
    after.emulator.close()
