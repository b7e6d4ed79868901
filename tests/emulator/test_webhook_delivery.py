"""How webhooks travel: signed, in order, held up by what fails, tried again for a week, and on demand badly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.emulator.clock import EmulatorClock
from ciokit.emulator.webhooks.office import SIGNING_KEY, WebhookOptions
from ciokit.errors import NetworkError, NetworkTimeoutError, ValidationError
from ciokit.webhooks.signature import verify_headers

from .conftest import START, Workspace
from .hooks import DAY, HOUR, Inbox, ask, lively, register, seeded, send_email

HOUR_STATUSES = (400, 401, 402, 403, 404, 405, 410, 429, 500, 502, 521)
OTHER_STATUSES = (302, 408, 418, 501, 503, 504)
WEEK = 7 * DAY


@pytest.fixture
def workspace() -> Workspace:
    """Return a workspace with five people and a template, in which nobody reacts."""
    return seeded()


@pytest.fixture
def inbox() -> Inbox:
    """Return a receiver that takes everything."""
    return Inbox()


def _send(workspace: Workspace, count: int) -> list[str]:
    return [send_email(workspace) for _ in range(count)]


def _standing(workspace: Workspace) -> dict[str, Any]:
    [webhook] = workspace.control("GET", "webhooks")[1]["webhooks"]
    return webhook


def _deliveries(inbox: Inbox) -> list[str]:
    return [event["data"]["delivery_id"] for event in inbox.events]


def test_each_event_is_one_signed_request(workspace: Workspace, inbox: Inbox) -> None:
    """The body is JSON of one event, signed with the key that `/_emulator/webhooks` tells, at the emulator's time."""
    register(workspace, "email_sent", "email_delivered")
    _send(workspace, 2)
    workspace.emulator.deliver_webhooks(inbox)
    key = workspace.control("GET", "webhooks")[1]["signing_key"]
    assert key == SIGNING_KEY
    assert [event["metric"] for event in inbox.events] == ["sent", "sent"]
    for request in inbox.requests:
        assert request.method == "POST"
        assert request.headers["content-type"] == "application/json"
        assert verify_headers(request.body, request.headers, key, now=START, tolerance=1)
    assert not verify_headers(request.body + b" ", request.headers, key)


def test_each_emulator_can_have_its_own_key(inbox: Inbox) -> None:
    """What is signed with the key given is not signed with the default one."""
    workspace = Workspace()
    workspace.emulator = Emulator(clock=EmulatorClock(START), webhooks=WebhookOptions(signing_key="own"))
    workspace.emulator.seed({"people": [{"id": "u1"}], "transactional": [{"id": 1, "name": "T", "body": "b"}]})
    register(workspace, "email_sent")
    send_email(workspace)
    workspace.emulator.deliver_webhooks(inbox)
    [request] = inbox.requests
    assert verify_headers(request.body, request.headers, "own")
    assert not verify_headers(request.body, request.headers, SIGNING_KEY)


def test_only_what_is_subscribed_to_is_sent(workspace: Workspace, inbox: Inbox) -> None:
    """Other events, disabled webhooks, and what happened before a webhook was there, are silent."""
    send_email(workspace)
    register(workspace, "email_delivered")
    register(workspace, "email_sent", endpoint="http://127.0.0.1:9/off", disabled=True)
    send_email(workspace)
    workspace.emulator.advance(60)
    workspace.emulator.deliver_webhooks(inbox)
    assert [event["metric"] for event in inbox.events] == ["delivered", "delivered"]
    assert {request.url for request in inbox.requests} == {"http://127.0.0.1:9/hook"}


def test_changes_of_a_webhook_hold_from_then_on(workspace: Workspace, inbox: Inbox) -> None:
    """What happened before a change is sent by the old events, what happens while it is disabled never."""
    number = register(workspace, "email_sent")
    before = send_email(workspace)
    change = {"name": "W", "endpoint": "http://127.0.0.1:9/new", "events": ["email_delivered"]}
    ask(workspace, "PUT", f"/v1/reporting_webhooks/{number}", {**change, "disabled": True})
    send_email(workspace)
    workspace.emulator.advance(60)
    assert workspace.emulator.deliver_webhooks(inbox).sent == 0
    ask(workspace, "PUT", f"/v1/reporting_webhooks/{number}", {**change, "disabled": False})
    after = send_email(workspace)
    workspace.emulator.advance(60)
    workspace.emulator.deliver_webhooks(inbox)
    assert [(each["metric"], each["data"]["delivery_id"]) for each in inbox.events] == [
        ("sent", before),
        ("delivered", after),
    ]
    assert {request.url for request in inbox.requests} == {"http://127.0.0.1:9/new"}


def test_what_is_deleted_is_silent(workspace: Workspace, inbox: Inbox) -> None:
    """The backlog goes with the webhook."""
    number = register(workspace)
    send_email(workspace)
    ask(workspace, "DELETE", f"/v1/reporting_webhooks/{number}")
    assert workspace.emulator.deliver_webhooks(inbox).backlog == 0
    assert inbox.requests == []


@pytest.mark.parametrize("status", HOUR_STATUSES)
def test_some_answers_cost_an_hour(workspace: Workspace, inbox: Inbox, status: int) -> None:
    """The next try comes after an hour, not before, and then after twice the time."""
    register(workspace, "email_sent")
    send_email(workspace)
    inbox.judge = lambda _: status
    workspace.emulator.deliver_webhooks(inbox)
    for wait in (HOUR, 2 * HOUR, 4 * HOUR):
        before = len(inbox.requests)
        workspace.emulator.advance(wait - 1)
        workspace.emulator.deliver_webhooks(inbox)
        assert len(inbox.requests) == before
        workspace.emulator.advance(1)
        workspace.emulator.deliver_webhooks(inbox)
        assert len(inbox.requests) == before + 1
    assert len({request.body for request in inbox.requests}) == 1
    assert _standing(workspace)["last_answer"] == str(status)


@pytest.mark.parametrize("status", OTHER_STATUSES)
def test_other_answers_cost_seconds_that_double(inbox: Inbox, status: int) -> None:
    """The switch says how many."""
    workspace = seeded(webhook_retry_seconds=5)
    register(workspace, "email_sent")
    send_email(workspace)
    inbox.judge = lambda _: status
    tries: list[float] = []
    for _ in range(80):
        workspace.emulator.deliver_webhooks(inbox)
        tries += [workspace.clock.now() - START] * (len(inbox.requests) - len(tries))
        workspace.emulator.advance(1)
    assert tries == [0, 5, 15, 35, 75]


@pytest.mark.parametrize(
    ("error", "wait", "told"),
    [
        (NetworkTimeoutError("late", maybe_sent=True), 10, "timeout"),
        (NetworkError("broken", maybe_sent=True), HOUR, "eof"),
        (NetworkError("refused", maybe_sent=False), HOUR, "refused"),
    ],
)
def test_no_answer_is_a_failure(workspace: Workspace, error: NetworkError, wait: int, told: str) -> None:
    """A timeout is tried again soon, a broken or refused connection after an hour."""
    register(workspace, "email_sent")
    send_email(workspace)

    def never(_: Request) -> Any:
        raise error

    workspace.emulator.deliver_webhooks(never)
    assert (_standing(workspace)["last_answer"], _standing(workspace)["next_try"]) == (told, START + wait)


def test_a_receiver_that_breaks_off_loses_nothing(workspace: Workspace, inbox: Inbox) -> None:
    """An exception of `send` that is no network error goes up, and the event is still to be sent."""
    register(workspace, "email_sent")
    send_email(workspace)

    def broken(_: Request) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workspace.emulator.deliver_webhooks(broken)
    assert workspace.emulator.deliver_webhooks(inbox).acknowledged == 1


def test_later_events_wait_behind_a_failing_one(workspace: Workspace, inbox: Inbox) -> None:
    """In order, none is skipped and none overtakes; other webhooks go on."""
    register(workspace, "email_sent")
    sent = _send(workspace, 5)
    inbox.judge = lambda request: 500 if json.loads(request.body)["data"]["delivery_id"] == sent[1] else 200
    assert workspace.emulator.deliver_webhooks(inbox).backlog == 4
    assert _deliveries(inbox) == sent[:2]
    other = Inbox()
    register(workspace, "email_sent", endpoint="http://127.0.0.1:9/other")
    late = send_email(workspace)
    workspace.emulator.deliver_webhooks(other)
    assert _deliveries(other) == [late]
    inbox.judge = lambda _: 204
    workspace.emulator.advance(HOUR)
    assert workspace.emulator.deliver_webhooks(inbox).backlog == 0
    assert _deliveries(inbox) == [*sent[:2], *sent[1:], late]


def test_after_seven_days_an_event_is_dropped(
    workspace: Workspace, inbox: Inbox, caplog: pytest.LogCaptureFixture
) -> None:
    """Up to the last second it is tried; then it is said that it was dropped, and the others go on."""
    register(workspace, "email_sent")
    sent = _send(workspace, 3)
    inbox.judge = lambda request: 503 if json.loads(request.body)["data"]["delivery_id"] == sent[0] else 200
    for _ in range(30):
        workspace.emulator.deliver_webhooks(inbox)
        following = _standing(workspace)["next_try"]
        if following is None:
            break
        workspace.emulator.advance(following - workspace.clock.now())
    assert workspace.clock.now() == START + WEEK
    assert set(_deliveries(inbox)[:-2]) == {sent[0]}
    assert _deliveries(inbox)[-2:] == sent[1:]
    standing = _standing(workspace)
    assert (standing["dropped"], standing["acknowledged"], standing["backlog"]) == (1, 2, 0)
    assert "dropped after seven days" in caplog.text
    assert sent[0] not in caplog.text


def test_a_leap_in_time_drops_nothing_untried(workspace: Workspace, inbox: Inbox) -> None:
    """However far the time is moved, an event that can be taken now is taken."""
    register(workspace, "email_sent")
    send_email(workspace)
    inbox.judge = lambda _: 500
    workspace.emulator.deliver_webhooks(inbox)
    workspace.emulator.advance(30 * DAY)
    inbox.judge = lambda _: 200
    assert workspace.emulator.deliver_webhooks(inbox).acknowledged == 1


@pytest.mark.parametrize(("full", "count"), [(True, 3), (False, 1)])
def test_full_resolution_tells_every_opening(workspace: Workspace, inbox: Inbox, full: bool, count: int) -> None:
    """Without it only the first opening of a delivery is told."""
    register(workspace, "email_opened", full_resolution=full)
    lively(workspace.emulator, clicked=0, repeated=1)
    send_email(workspace)
    workspace.emulator.advance(DAY)
    workspace.emulator.deliver_webhooks(inbox)
    assert len(inbox.events) == count


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:9/a", "https://localhost/a", "http://[::1]:9/a", "http://a.localhost"]
)
def test_this_machine_is_sent_to(workspace: Workspace, inbox: Inbox, endpoint: str) -> None:
    """Every form of its address will do."""
    register(workspace, "email_sent", endpoint=endpoint)
    send_email(workspace)
    assert workspace.emulator.deliver_webhooks(inbox).acknowledged == 1


@pytest.mark.parametrize("anywhere", [True, False])
def test_other_machines_are_sent_to_only_if_allowed(inbox: Inbox, anywhere: bool) -> None:
    """Otherwise the events wait, and the reason is told."""
    workspace = Workspace()
    workspace.emulator = Emulator(clock=EmulatorClock(START), webhooks=WebhookOptions(anywhere=anywhere))
    workspace.emulator.seed({"people": [{"id": "u1"}], "transactional": [{"id": 1, "name": "T", "body": "b"}]})
    register(workspace, "email_sent", endpoint="https://127.0.0.1.example.com/hook")
    send_email(workspace)
    standing = workspace.emulator.deliver_webhooks(inbox)
    assert (standing.acknowledged, standing.backlog) == ((1, 0) if anywhere else (0, 1))
    assert bool(_standing(workspace)["problem"]) is not anywhere


# Trouble on demand


def _trouble(workspace: Workspace, trouble: str, **given: Any) -> None:
    status, _ = workspace.control("POST", "webhooks/faults", {"trouble": trouble, **given})
    assert status == 200


def test_duplicates_have_one_id(workspace: Workspace, inbox: Inbox) -> None:
    """An event that comes twice is the same to the byte."""
    register(workspace, "email_sent")
    _trouble(workspace, "duplicate", times=1)
    sent = _send(workspace, 2)
    assert workspace.emulator.deliver_webhooks(inbox).acknowledged == 2
    assert _deliveries(inbox) == [sent[0], *sent]
    assert inbox.requests[0].body == inbox.requests[1].body


def test_events_come_in_another_order(workspace: Workspace, inbox: Inbox) -> None:
    """The next one passes the one that is held, and none is lost."""
    register(workspace, "email_sent")
    _trouble(workspace, "reorder", every=2)
    sent = _send(workspace, 4)
    workspace.emulator.deliver_webhooks(inbox)
    assert _deliveries(inbox) == [sent[0], sent[2], sent[1], sent[3]]


def test_a_stale_time_stamp_is_signed_all_the_same(workspace: Workspace, inbox: Inbox) -> None:
    """It fails a check with a tolerance and no other; the next try has the right time."""
    register(workspace, "email_sent")
    _trouble(workspace, "stale_timestamp", seconds=600)
    send_email(workspace)
    check: Any = lambda request: verify_headers(  # noqa: E731
        request.body, request.headers, SIGNING_KEY, now=workspace.clock.now(), tolerance=300
    )
    inbox.judge = lambda request: 200 if check(request) else 401
    workspace.emulator.deliver_webhooks(inbox)
    workspace.emulator.advance(HOUR)
    assert workspace.emulator.deliver_webhooks(inbox).acknowledged == 1
    assert [int(request.headers["x-cio-timestamp"]) for request in inbox.requests] == [START - 600, START + HOUR]
    assert all(verify_headers(request.body, request.headers, SIGNING_KEY) for request in inbox.requests)


def test_forgeries_hold_up_nothing(workspace: Workspace, inbox: Inbox) -> None:
    """Something like the event comes before it, wrongly signed and with another id, once; the event follows."""
    register(workspace, "email_sent")
    _trouble(workspace, "forged_signature")
    _send(workspace, 3)
    inbox.judge = lambda request: 200 if verify_headers(request.body, request.headers, SIGNING_KEY) else 401
    standing = workspace.emulator.deliver_webhooks(inbox)
    assert (standing.sent, standing.acknowledged, standing.failed) == (6, 3, 0)
    assert len(set(inbox.ids())) == 6
    assert _standing(workspace)["made_up"] == {"acknowledged": 0, "forged": 3, "forged_refused": 3}


@pytest.mark.parametrize("trouble", ["unknown_metric", "unknown_object_type", "malformed_body"])
def test_what_is_made_up_is_well_signed(workspace: Workspace, inbox: Inbox, trouble: str) -> None:
    """It has an id of its own, and counts apart; the event itself follows unharmed."""
    register(workspace, "email_sent")
    _trouble(workspace, trouble)
    send_email(workspace)
    standing = workspace.emulator.deliver_webhooks(inbox)
    assert (standing.sent, standing.acknowledged) == (2, 1)
    first, second = inbox.requests
    assert verify_headers(first.body, first.headers, SIGNING_KEY)
    event = json.loads(second.body)
    assert event["metric"] == "sent"
    if trouble == "malformed_body":
        with pytest.raises(json.JSONDecodeError):
            json.loads(first.body)
    else:
        made_up = json.loads(first.body)
        assert made_up["event_id"] != event["event_id"]
        assert (made_up["metric"], made_up["object_type"]) != (event["metric"], event["object_type"])


def test_a_poisoned_event_that_is_refused_holds_up_the_rest(workspace: Workspace, inbox: Inbox) -> None:
    """A receiver that answers 400 to what it cannot read gets nothing else until it takes it."""
    register(workspace, "email_sent")
    _trouble(workspace, "malformed_body", times=1)
    _send(workspace, 3)
    inbox.judge = lambda request: 200 if request.body.endswith(b"}") else 400
    assert workspace.emulator.deliver_webhooks(inbox).sent == 1
    inbox.judge = lambda _: 200
    workspace.emulator.advance(HOUR)
    assert workspace.emulator.deliver_webhooks(inbox).acknowledged == 3


def test_unknown_fields_are_there_at_every_try(workspace: Workspace, inbox: Inbox) -> None:
    """The event has its own id, fields nobody documented, and the same bytes when it is tried again."""
    register(workspace, "email_sent")
    _trouble(workspace, "unknown_field")
    send_email(workspace)
    inbox.judge = lambda _: 500
    workspace.emulator.deliver_webhooks(inbox)
    inbox.judge = lambda _: 200
    workspace.emulator.advance(HOUR)
    assert workspace.emulator.deliver_webhooks(inbox).acknowledged == 1
    assert inbox.requests[0].body == inbox.requests[1].body
    assert "emulated_field" in inbox.events[0]["data"]


def test_all_troubles_at_once_lose_nothing(workspace: Workspace, inbox: Inbox) -> None:
    """Every event arrives, whatever the rules do, at any number of events at once."""
    register(workspace, "email_sent")
    workspace.emulator.switch({"webhook_concurrency": 4})
    kinds = ("duplicate", "reorder", "stale_timestamp", "forged_signature", "unknown_metric", "unknown_object_type")
    for place, kind in enumerate((*kinds, "unknown_field", "malformed_body")):
        _trouble(workspace, kind, probability=0.5, seed=place)
    sent = _send(workspace, 50)
    standing = workspace.emulator.deliver_webhooks(inbox)
    assert (standing.acknowledged, standing.backlog) == (50, 0)
    good = [json.loads(request.body) for request in inbox.requests if request.body.endswith(b"}")]
    arrived = {event["data"]["delivery_id"] for event in good if event["metric"] == "sent"}
    assert arrived == set(sent)


def test_rules_choose_webhook_event_and_share(workspace: Workspace, inbox: Inbox) -> None:
    """By number, by name, each n-th and at most so many; a removed rule does nothing."""
    register(workspace, "email_sent", "email_delivered")
    other = register(workspace, "email_sent", endpoint="http://127.0.0.1:9/other")
    _trouble(workspace, "duplicate", event="*_delivered")
    _trouble(workspace, "duplicate", webhook=other, every=2, times=1)
    _send(workspace, 4)
    workspace.emulator.advance(60)
    workspace.emulator.deliver_webhooks(inbox)
    made = [(request.url[-5:], event["metric"]) for request, event in zip(inbox.requests, inbox.events, strict=True)]
    assert {each: made.count(each) for each in set(made)} == {
        ("/hook", "sent"): 4,
        ("/hook", "delivered"): 8,
        ("other", "sent"): 5,
    }
    listed = workspace.control("GET", "webhooks/faults")[1]["faults"]
    assert [(rule["matched"], rule["fired"]) for rule in listed] == [(4, 4), (4, 1)]
    assert workspace.control("DELETE", "webhooks/faults")[1] == {"removed": 2}
    assert workspace.control("GET", "webhooks/faults")[1] == {"faults": []}


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({}, "trouble"),
        ({"trouble": "gremlins"}, "trouble"),
        ({"trouble": "duplicate", "each": 2}, "each"),
        ({"trouble": "duplicate", "every": 0}, "every"),
        ({"trouble": "duplicate", "probability": 2}, "probability"),
        ({"trouble": "duplicate", "event": 7}, "event"),
    ],
)
def test_a_wrong_rule_is_refused(workspace: Workspace, rule: dict[str, Any], field: str) -> None:
    """By the name of the field that is wrong."""
    status, answer = workspace.control("POST", "webhooks/faults", rule)
    assert (status, answer["errors"][0]["field"]) == (400, field)
    with pytest.raises(ValidationError, match=field):
        workspace.emulator.webhooks.rules.add(rule)  # type: ignore[arg-type]


def test_nobody_settles_what_is_not_served(workspace: Workspace) -> None:
    """In process, asking to wait is a mistake that is told."""
    status, answer = workspace.control("POST", "webhooks/settle")
    assert status == 400
    assert "deliver_webhooks" in answer["errors"][0]["detail"]


def test_it_makes_no_difference_how_often_somebody_looks() -> None:
    """A world that is looked at every second tells the same as one that is looked at in the end."""
    ids: list[list[str]] = []
    for step in (1, DAY):
        workspace, inbox = seeded(processing_seconds=5), Inbox()
        register(workspace)
        lively(workspace.emulator, reaction_seconds=20)
        content = workspace.emulator.files.put(b"id,unsubscribed\nu2,true\n")
        ask(
            workspace,
            "POST",
            "/v1/imports",
            {"import": {"name": "I", "type": "people", "identifier": "id", "data_file_url": content}},
        )
        send_email(workspace)
        for _ in range(0, 100, min(step, 100)):
            workspace.emulator.advance(min(step, 100))
            workspace.stats()
        workspace.emulator.deliver_webhooks(inbox)
        ids.append([f"{event['event_id']} {event['metric']}" for event in inbox.events])
    assert ids[0] == ids[1]
    assert len(ids[0]) > 5
