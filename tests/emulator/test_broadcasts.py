"""Broadcasts and newsletters: triggered, scheduled and sent to the people they are for, on the emulator's clock."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ciokit import AppClient, trigger_broadcast
from ciokit.app_api.newsletters import Newsletters, Recipients
from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.emulator.seeds import Seed
from ciokit.errors import RefusedError
from tests.support.operations import unchecked

PRO: Any = {"attribute": {"field": "plan", "operator": "eq", "value": "pro"}}
SEED: Seed = {
    "people": [
        {"id": "u1", "email": "ann@x.io", "attributes": {"plan": "pro", "language": "de"}},
        {"id": "u2", "email": "bob@x.io", "attributes": {"plan": "pro", "unsubscribed": True}},
        {"id": "u3", "email": "cat@x.io", "attributes": {"plan": "free"}},
    ],
    "segments": [{"id": 7, "name": "Pilots", "people": ["u1", "u3"]}],
    "topics": [{"id": 1, "name": "News"}],
    "broadcasts": [
        {
            "id": 12,
            "name": "B",
            "recipients": PRO,
            "messages": [
                {
                    "id": 120,
                    "subject": "{{ trigger.headline }}",
                    "body": "{{ trigger.code }}",
                    "translations": [{"language": "de", "body": "Code {{ trigger.code }}"}],
                }
            ],
        },
        {"id": 13, "name": "Other", "messages": [{"subject": "s", "body": "b"}]},
    ],
}
PILOTS: Recipients = {"and": [{"or": [{"segment": {"id": 7}}]}]}


@pytest.fixture
def app(ciokit_emulator: Emulator, ciokit_app_client: AppClient) -> AppClient:
    """Return a client of a workspace with three people, of whom one is unsubscribed, and two broadcasts."""
    ciokit_emulator.seed(SEED)
    ciokit_emulator.let_live({"opened": 0})
    return ciokit_app_client


def _sent_to(emulator: Emulator) -> list[str]:
    return [each["recipient"] for each in emulator.outbox()]


def _raw(emulator: Emulator, body: dict[str, Any], broadcast: int = 12) -> tuple[int, Any, dict[str, str]]:
    """Trigger a broadcast without the client, which would keep the pace."""
    headers = {"authorization": "Bearer k", "content-type": "application/json"}
    url = f"http://127.0.0.1/v1/campaigns/{broadcast}/triggers"
    answer = emulator.transport.send(Request("POST", url, headers, json.dumps(body).encode()))
    return answer.status, json.loads(answer.body), dict(answer.headers)


def test_trigger_is_worked_off_a_little_later(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Its own audience gets it once it is processed; who unsubscribed does not."""
    run = trigger_broadcast(app, 12, data={"headline": "News", "code": "X"})["id"]
    assert "processed_at" not in app.broadcasts.get_trigger(12, run)
    assert ciokit_emulator.outbox() == []
    ciokit_emulator.advance(3)
    assert app.broadcasts.get_trigger(12, run).get("processed_at")
    [letter] = ciokit_emulator.outbox()
    assert (letter["recipient"], letter["subject"], letter["body"]) == ("ann@x.io", "News", "Code X")
    rows = {str(each.get("customer_id")): each.get("metrics", {}) for each in app.broadcasts.messages(12)}
    assert "sent" in rows["u1"]
    assert "undeliverable" in rows["u2"]
    assert "u3" not in rows
    series = app.broadcasts.metrics(12, steps=2)["metric"]["series"]
    assert sum(series.get("sent", [])) == sum(series.get("undeliverable", [])) == 1
    assert app.broadcasts.triggers(12)["triggers"][0]["id"] == run


@pytest.mark.parametrize(
    ("audience", "expected"),
    [
        ({"recipients": {"segment": {"id": 7}}}, ["ann@x.io", "cat@x.io"]),
        ({"ids": ["u3"]}, ["cat@x.io"]),
        ({"emails": ["CAT@x.io", "ann@x.io"]}, ["cat@x.io", "ann@x.io"]),
        ({"per_user_data": [{"id": "u3", "data": {"code": "own"}}, {"email": "ann@x.io"}]}, ["cat@x.io", "ann@x.io"]),
    ],
)
def test_audience_of_the_trigger_replaces_its_own(
    app: AppClient, ciokit_emulator: Emulator, audience: dict[str, Any], expected: list[str]
) -> None:
    """A filter, ids, addresses, or people with data of their own."""
    app.broadcasts.trigger(12, data={"code": "all"}, **audience)
    ciokit_emulator.advance(3)
    assert _sent_to(ciokit_emulator) == expected
    own = [each["body"] for each in ciokit_emulator.outbox() if each["recipient"] == "cat@x.io"]
    assert own == (["own"] if "per_user_data" in audience else ["all"])


def test_people_can_come_from_a_file(app: AppClient, ciokit_emulator: Emulator) -> None:
    """One JSON object a line; a URL that holds nothing is refused."""
    url = ciokit_emulator.files.put(b'{"id": "u3", "data": {"headline": "filed"}}\n\n{"email": "ann@x.io"}\n')
    app.broadcasts.trigger(12, data_file_url=url)
    ciokit_emulator.advance(11)
    assert [each["subject"] for each in ciokit_emulator.outbox()] == ["filed", ""]
    status, answer, _ = _raw(ciokit_emulator, {"data_file_url": "ftp://x.invalid/a"})
    assert (status, answer["errors"][0]["source"]["pointer"]) == (422, "/data_file_url")


def test_missing_people_are_errors_unless_left_out(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Each is a line with its number, in pages; the others get theirs."""
    ids = ["u3", *(f"nobody{number}" for number in range(5))]
    run = app.broadcasts.trigger(12, ids=ids)["id"]
    ciokit_emulator.advance(11)
    errors = list(app.broadcasts.trigger_errors(12, run, limit=2))
    assert [line.partition(":")[0] for line in errors] == [f"line {number}" for number in range(2, 7)]
    assert _sent_to(ciokit_emulator) == ["cat@x.io"]
    second = app.broadcasts.trigger(12, ids=ids, id_ignore_missing=True)["id"]
    ciokit_emulator.advance(3)
    assert list(app.broadcasts.trigger_errors(12, second)) == []


def test_one_trigger_in_ten_seconds(app: AppClient, ciokit_emulator: Emulator) -> None:
    """A second one is a 429 that says how long to wait, for the workspace or, by the switch, for each broadcast."""
    assert _raw(ciokit_emulator, {})[0] == 200
    status, _, headers = _raw(ciokit_emulator, {}, 13)
    assert status == 429
    assert 1 <= int(headers["retry-after"]) <= 10
    ciokit_emulator.switch({"trigger_scope": "broadcast"})
    assert _raw(ciokit_emulator, {}, 13)[0] == 200
    assert _raw(ciokit_emulator, {})[0] == 429
    ciokit_emulator.advance(10)
    assert _raw(ciokit_emulator, {})[0] == 200


def test_at_most_five_triggers_wait(app: AppClient, ciokit_emulator: Emulator) -> None:
    """A sixth is refused until one is through."""
    ciokit_emulator.switch({"processing_seconds": 100})
    statuses: list[int] = []
    for _ in range(6):
        statuses.append(_raw(ciokit_emulator, {})[0])
        ciokit_emulator.advance(11)
    assert statuses == [200, 200, 200, 200, 200, 429]
    ciokit_emulator.advance(60)
    assert _raw(ciokit_emulator, {})[0] == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"ids": ["u1"], "emails": ["ann@x.io"]}, "/emails"),
        ({"ids": [str(number) for number in range(10_001)]}, "/ids"),
        ({"data": {"x": "x" * 50_001}}, "/data"),
        ({"per_user_data": [{"id": "u1", "email": "ann@x.io"}]}, "/0"),
    ],
)
def test_bad_triggers_are_refused(
    app: AppClient, ciokit_emulator: Emulator, body: dict[str, Any], pointer: str
) -> None:
    """A 422 points at what is wrong, and no run is made."""
    status, answer, _ = _raw(ciokit_emulator, body)
    assert (status, answer["errors"][0]["source"]["pointer"]) == (422, pointer)
    assert app.broadcasts.triggers(12) == {"triggers": []}


def test_unknown_things_are_not_found(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Broadcasts and runs that are not there are 404, steps that are not there 400."""
    assert _raw(ciokit_emulator, {}, 99)[0] == 404
    with pytest.raises(RefusedError, match="answered 404"):
        app.broadcasts.get_trigger(12, 1)
    with pytest.raises(RefusedError, match="answered 400"):
        app.broadcasts.get_action(12, 1)


def test_changed_step_is_what_is_sent(app: AppClient, ciokit_emulator: Emulator) -> None:
    """A step and its translations are read and changed; one that is off sends nothing."""
    app.broadcasts.update_action(12, 120, {"subject": "Changed"})
    app.broadcasts.update_action_language(12, 120, "de", {"body": "Neu"})
    assert app.broadcasts.get_action(12, 120)["action"].get("subject") == "Changed"
    app.broadcasts.trigger(12)
    ciokit_emulator.advance(11)
    [letter] = ciokit_emulator.outbox()
    assert (letter["subject"], letter["body"]) == ("Changed", "Neu")
    app.broadcasts.update_action(12, 120, {"sending_state": "off"})
    app.broadcasts.trigger(12)
    ciokit_emulator.advance(11)
    assert len(ciokit_emulator.outbox()) == 1


# Newsletters


def _newsletter(app: AppClient, **more: Any) -> int:
    made = app.newsletters.create(type="email", name="N", subject="S", body="B", recipients=PILOTS, **more)
    return made["newsletter"]["id"]


def test_newsletter_is_sent_once(app: AppClient, ciokit_emulator: Emulator) -> None:
    """It goes to its recipients in their language, and not a second time."""
    number = _newsletter(app)
    app.newsletter_variants.create_language(number, language="de", subject="D", body="B")
    assert app.newsletters.get(number)["newsletter"].get("recipient_segment_ids") == [7]
    sent = app.newsletters.send(number)["newsletter"]
    assert sent.get("sent_at")
    assert [(each["recipient"], each["subject"]) for each in ciokit_emulator.outbox()] == [
        ("ann@x.io", "D"),
        ("cat@x.io", "S"),
    ]
    assert len(list(app.newsletters.messages(number))) == 2
    assert sum(app.newsletters.metrics(number, steps=1)["metric"]["series"].get("sent", [])) == 2
    for again in (app.newsletters.send, app.newsletter_variants.create_test_group):
        with pytest.raises(RefusedError, match="sent already"):
            again(number)


def test_newsletter_can_be_scheduled_and_taken_back(app: AppClient, ciokit_emulator: Emulator) -> None:
    """It leaves at its time, unless it was taken back or deleted before."""
    at = int(ciokit_emulator.clock.now()) + 100
    kept = _newsletter(app, scheduled_at=at)
    taken_back, deleted = _newsletter(app), _newsletter(app)
    for number in (taken_back, deleted):
        app.newsletters.schedule(number, scheduled_at=at, timezone="Europe/Zurich")
    app.newsletters.schedule(taken_back, scheduled_at=0)
    app.newsletters.delete(deleted)
    ciokit_emulator.advance(101)
    assert {each["source"]["id"] for each in ciokit_emulator.outbox()} == {kept}
    assert app.newsletters.get(kept)["newsletter"].get("sent_at") == at
    assert [each["id"] for each in app.newsletters.find(sort="desc")] == [taken_back, kept]


def test_topic_and_inverse_choose_who_gets_it(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Who does not want the topic gets nothing; `inverse` turns a condition round."""
    choice = {"cio_subscription_preferences": {"topics": {"topic_1": False}}}
    ciokit_emulator.seed({"people": [{"id": "u1", "attributes": choice}]})
    _newsletter(app, subscription_topic_id=1, send_now=True)
    assert _sent_to(ciokit_emulator) == ["cat@x.io"]
    not_free: Recipients = {
        "and": [{"attribute": {"field": "plan", "operator": "eq", "value": "free", "inverse": True}}]
    }
    app.newsletters.create(type="twilio", name="T", body="B", recipients=not_free, send_now=True)
    [*_, last] = app.messages.find(type="twilio")
    assert last.get("failure_message")
    assert {each.get("customer_id") for each in app.messages.find(type="twilio")} == {"u1", "u2"}


def test_test_groups_share_the_recipients(app: AppClient, ciokit_emulator: Emulator) -> None:
    """A second group begins as a copy, can be changed, and gets its part of the people."""
    number = _newsletter(app)
    assert app.newsletter_variants.test_groups(number) == {"test_groups": []}
    app.newsletter_variants.create_test_group(number)
    first, second = app.newsletter_variants.test_groups(number)["test_groups"]
    [content_id] = second.get("content_ids", [])
    app.newsletter_variants.update(number, int(content_id), {"subject": "Two"})
    app.newsletters.send(number)
    assert {each["subject"] for each in ciokit_emulator.outbox()} == {"S", "Two"}
    [own] = first.get("content_ids", [])
    assert sum(app.newsletter_variants.metrics(number, int(own), steps=1)["metric"]["series"].get("sent", [])) == 1


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"subject": None}, 422),
        ({"name": "n" * 191}, 422),
        ({"send_now": True, "scheduled_at": 10**10}, 422),
        ({"rate_limit_email_rate": 5}, 422),
        ({"recipients": {"and": []}}, 400),
        ({"recipients": {"and": [{"or": [{"segment": {"id": 99}}]}]}}, 400),
    ],
)
def test_bad_newsletters_are_refused(app: AppClient, changed: dict[str, Any], status: int) -> None:
    """What contradicts itself or is missing is refused, and nothing is made."""
    whole: dict[str, Any] = {"type": "email", "name": "N", "subject": "S", "body": "B", "recipients": PILOTS}
    with pytest.raises(RefusedError) as caught:
        unchecked(app, Newsletters.create, **{**whole, **changed})
    assert caught.value.status == status
    assert list(app.newsletters.find()) == []
