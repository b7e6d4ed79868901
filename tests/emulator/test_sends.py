"""Transactional sends: through the client, into the emulator, and out of its outbox."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

import ciokit
from ciokit import AppClient
from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.emulator.seeds import Seed
from ciokit.errors import RefusedError

SEED: Seed = {
    "people": [
        {"id": "u1", "email": "ann@x.io", "attributes": {"name": "Ann", "language": "de"}},
        {"id": "u2", "email": "bob@x.io", "attributes": {"unsubscribed": True}},
    ],
    "transactional": [
        {
            "id": 1,
            "name": "Welcome",
            "trigger_name": "welcome",
            "subject": "Hi {{ customer.name }}",
            "body": "{{ trigger.code | upcase }} <a href='https://x.io/go'>go</a>",
            "from": "hello@x.io",
            "translations": [{"language": "de", "subject": "Hallo {{ customer.name }}"}],
        },
        {"id": 2, "name": "Ping", "type": "push", "subject": "Ping", "body": "pong"},
        {"id": 3, "name": "Wrong", "subject": "{% if %}", "body": "b", "from": "hello@x.io"},
    ],
}
ANN: Any = {"id": "u1"}


@pytest.fixture
def app(ciokit_emulator: Emulator, ciokit_app_client: AppClient) -> AppClient:
    """Return a client of a workspace with two people and three templates, in which nobody reacts."""
    ciokit_emulator.seed(SEED)
    ciokit_emulator.let_live({"opened": 0})
    return ciokit_app_client


def _metrics(app: AppClient, delivery_id: str) -> set[str]:
    return set(app.messages.get(delivery_id)["message"].get("metrics", {}))


def test_template_is_filled_in_and_sent(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Liquid knows the person and the data; the outbox shows what was sent to whom."""
    sent = ciokit.send_email(
        app, to="ann@x.io", identifiers=ANN, transactional_message_id="WELCOME", message_data={"code": "abc"}
    )
    [letter] = ciokit_emulator.outbox()
    assert letter["delivery_id"] == sent["delivery_id"]
    assert letter["recipient"] == "ann@x.io"
    assert letter["subject"] == "Hi Ann"
    assert letter["body"] == "ABC <a href='https://x.io/go'>go</a>"
    assert letter["channel"] == "email"
    assert letter["customer"]["id"] == "u1"
    assert app.messages.archived(sent["delivery_id"])["archived_message"].get("subject") == "Hi Ann"


def test_language_chooses_a_translation(app: AppClient, ciokit_emulator: Emulator) -> None:
    """A translation replaces what it has; a language there is none of falls back to the default."""
    for language in ("de", "de-AT", "fr"):
        ciokit.send_email(app, to="a@x.io", identifiers=ANN, transactional_message_id=1, language=language)
    assert [each["subject"] for each in ciokit_emulator.outbox()] == ["Hallo Ann", "Hallo Ann", "Hi Ann"]


def test_call_comes_before_the_template(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Subject and body of the call are sent instead of the template's; without a template they are all there is."""
    ciokit.send_email(app, to="a@x.io", identifiers=ANN, transactional_message_id=1, subject="Own")
    ciokit.send_email(app, to="b@x.io", identifiers=ANN, subject="S", body="B", from_="c@x.io")
    first, second = ciokit_emulator.outbox()
    assert first["subject"] == "Own"
    assert first["from"] == "hello@x.io"
    assert (second["subject"], second["body"], second["from"], second["source"]) == ("S", "B", "c@x.io", None)


def test_send_at_waits_for_the_clock(app: AppClient, ciokit_emulator: Emulator) -> None:
    """A send for later is there at once, and leaves at its time with what is true then."""
    at = int(ciokit_emulator.clock.now()) + 3600
    sent = ciokit.send_email(app, to="ann@x.io", identifiers=ANN, transactional_message_id=1, send_at=at)
    assert sent.get("send_at") == at
    assert _metrics(app, sent["delivery_id"]) == {"created"}
    assert ciokit_emulator.outbox() == []
    ciokit_emulator.seed({"people": [{"id": "u1", "attributes": {"name": "Anna"}}]})
    ciokit_emulator.advance(3601)
    [letter] = ciokit_emulator.outbox()
    assert letter["subject"] == "Hi Anna"
    assert letter["sent_at"] == at


def test_unsubscribed_person_gets_nothing_unless_told(app: AppClient, ciokit_emulator: Emulator) -> None:
    """With send_to_unsubscribed off the delivery is undeliverable, or as the switch says; on, it is sent."""

    def send(wanted: bool) -> set[str]:
        bob: Any = {"id": "u2"}
        sent = ciokit.send_email(
            app, to="bob@x.io", identifiers=bob, transactional_message_id=1, send_to_unsubscribed=wanted
        )
        return _metrics(app, sent["delivery_id"])

    assert "sent" in send(wanted=True)
    assert send(wanted=False) == {"created", "undeliverable"}
    ciokit_emulator.switch({"unsubscribed_sends": "dropped"})
    assert send(wanted=False) == {"created", "dropped"}


def test_suppressed_addresses_and_people_are_dropped(app: AppClient, ciokit_emulator: Emulator) -> None:
    """An address the provider suppresses, and a person who is suppressed, get nothing."""
    app.esp_suppression.create("bounces", "ann@x.io")
    first = ciokit.send_email(app, to="Ann <ANN@x.io>", identifiers=ANN, transactional_message_id=1)
    ciokit_emulator.seed([{"type": "track", "userId": "u2", "event": "User Suppressed"}])
    bob: Any = {"id": "u2"}
    second = ciokit.send_email(app, to="other@x.io", identifiers=bob, transactional_message_id=1)
    for sent in (first, second):
        assert _metrics(app, sent["delivery_id"]) == {"created", "dropped"}
    assert ciokit_emulator.outbox() == []


def test_wrong_liquid_fails_the_delivery(app: AppClient) -> None:
    """The send is taken; the delivery says why it failed."""
    sent = ciokit.send_email(app, to="ann@x.io", identifiers=ANN, transactional_message_id=3)
    message = app.messages.get(sent["delivery_id"])["message"]
    assert "failed" in message.get("metrics", {})
    assert "Liquid" in str(message.get("failure_message"))


def test_draft_is_kept_and_not_sent(app: AppClient, ciokit_emulator: Emulator) -> None:
    """A draft is listed among drafts only."""
    sent = ciokit.send_email(app, to="ann@x.io", identifiers=ANN, transactional_message_id=1, queue_draft=True)
    assert ciokit_emulator.outbox() == []
    assert [each["id"] for each in app.messages.find(drafts=True)] == [sent["delivery_id"]]
    assert list(app.messages.find()) == []


def test_push_goes_to_the_devices_of_a_person(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Without a device it fails; one that comes along is added first."""
    first = ciokit.send_push(app, transactional_message_id=2, identifiers=ANN)
    assert "failed" in _metrics(app, first["delivery_id"])
    ciokit.send_push(app, transactional_message_id=2, identifiers=ANN, custom_device={"token": "t1", "platform": "ios"})
    [letter] = ciokit_emulator.outbox()
    assert (letter["recipient"], letter["subject"], letter["body"]) == ("t1", "Ping", "pong")
    assert app.customers.attributes("u1")["customer"]["devices"][0]["id"] == "t1"


def test_auto_create_makes_an_empty_template(app: AppClient) -> None:
    """A new trigger name is refused without auto_create, and makes a template with it."""
    with pytest.raises(RefusedError, match="transactional_message_id"):
        ciokit.send_email(app, to="ann@x.io", identifiers=ANN, transactional_message_id="receipt")
    ciokit.send_email(app, to="ann@x.io", identifiers=ANN, transactional_message_id="receipt", auto_create=True)
    assert "receipt" in [each["name"] for each in app.transactional.find()["messages"]]


@pytest.mark.parametrize(("mode", "known"), [("deliver", False), ("create", True)])
def test_unknown_person_is_what_the_switch_says(
    app: AppClient, ciokit_emulator: Emulator, mode: str, known: bool
) -> None:
    """The message is sent and belongs to nobody, or to a person made for it."""
    ciokit_emulator.switch({"unknown_recipients": mode})
    new: Any = {"id": "new"}
    ciokit.send_email(app, to="new@x.io", identifiers=new, transactional_message_id=1)
    [letter] = ciokit_emulator.outbox()
    assert (letter["customer"] is not None) is known
    assert ("new" in ciokit_emulator.world.ids) is known


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"to": "a@x.io", "transactional_message_id": 1, "identifiers": {"id": "u1", "email": "a@x.io"}}, 400),
        ({"to": "a@x.io", "transactional_message_id": 1, "identifiers": {"phone": "+41"}}, 400),
        ({"to": "a@x.io", "transactional_message_id": 99}, 400),
        ({"to": "a@x.io", "transactional_message_id": 2}, 400),
        ({"to": "a@x.io", "subject": "s"}, 400),
        ({"to": ",".join(f"u{n}@x.io" for n in range(16)), "transactional_message_id": 1}, 400),
        ({"to": "a@x.io", "transactional_message_id": 1, "send_at": 10**10}, 400),
        ({"to": "a@x.io", "transactional_message_id": 1, "attachments": {"a": "A" * 2_800_000}}, 413),
    ],
)
def test_bad_sends_are_refused_in_their_own_envelope(
    app: AppClient, ciokit_emulator: Emulator, body: dict[str, Any], status: int
) -> None:
    """What the service refuses is refused with `meta.error`, and nothing is sent."""
    headers = {"authorization": "Bearer k", "content-type": "application/json"}
    request = Request("POST", "http://127.0.0.1/v1/send/email", headers, json.dumps(body).encode())
    answer = ciokit_emulator.transport.send(request)
    assert answer.status == status
    assert json.loads(answer.body)["meta"]["error"]
    assert ciokit_emulator.world.messaging.deliveries == []


def test_without_the_library_templates_stay_as_they_are(
    app: AppClient, ciokit_emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where `python-liquid` is not installed, what is sent is the template; once it is there, it is filled in."""
    template = "{{ customer.name }} of a template that only this test has"
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "liquid", None)
        ciokit.send_email(app, to="a@x.io", identifiers=ANN, transactional_message_id=1, subject=template)
    ciokit.send_email(app, to="a@x.io", identifiers=ANN, transactional_message_id=1, subject=template)
    subjects = {letter["subject"] for letter in ciokit_emulator.outbox()}
    assert subjects == {template, "Ann of a template that only this test has"}


def test_what_a_translation_is_not_declared_to_change_stays(app: AppClient) -> None:
    """`recipient` can be read, and is a field of other contents' changes; a change of this one leaves it as it was."""
    before = app.transactional.get_language(1, "de")["content"][0]
    changed: Any = {"subject": "Servus", "recipient": {"no": "text"}}
    after = app.transactional.update_language(1, "de", changed)["content"][0]
    assert after == {**before, "subject": "Servus", "updated": after["updated"]}
