"""What webhooks are sent: every event of every channel, as the vendor documents it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from ciokit.emulator.seeds import Seed

from .conftest import START, Workspace
from .hooks import DAY, EVERYTHING, Inbox, ask, lively, register, seeded, send_email

SPEC: dict[str, Any] = json.loads((Path(__file__).parents[2] / "specs/reporting_webhooks.facts.json").read_text())
CHANNELS = {"email": "email", "push": "push", "twilio": "sms", "whatsapp": "whatsapp", "in_app": "in_app",
            "slack": "slack", "webhook": "webhook"}  # fmt: skip
LINK = "<a href='https://x.io/a'>a</a>"
SENDER = {"from": "a@x.io", "url": "https://x.io/api"}


def _schemas() -> dict[str, Any]:
    """Return the spec's schemas, with the slips mended that `ciokit.emulator.webhooks.bodies` names."""
    schemas = copy.deepcopy(SPEC["components"]["schemas"])
    schemas["other_event_common_data"] = schemas["event_common_data"]
    schemas["push_drafted"] = json.loads(json.dumps(schemas["push_drafted"]).replace('"attempted"', '"drafted"'))
    dropped = json.dumps(schemas["whatsapp_dropped"]).replace("whatsapp_event_common", "sms_event_common")
    schemas["sms_dropped"] = json.loads(dropped)
    changed = schemas["person_cio_subscription_preferences_changed"]["properties"]
    changed["object_type"] = changed["object_type_type"]
    return schemas


SCHEMAS = _schemas()


def _named(event: dict[str, Any]) -> str:
    if event["metric"] == "cio_subscription_preferences_changed":
        return f"person_{event['metric']}"
    if "delivery_id" not in event["data"]:
        return f"person_{event['metric']}"
    return f"{event['object_type']}_{event['metric']}"


def _validator(name: str) -> jsonschema_rs.Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    return jsonschema_rs.validator_for(schema)


def check(events: list[dict[str, Any]]) -> set[str]:
    """Hold every event against its schema, and against the field names it has; return which schemas there were."""
    found: set[str] = set()
    for event in events:
        name = _named(event)
        _validator(name).validate(event)
        known = set(_properties(SCHEMAS[name]))
        assert event.keys() | event["data"].keys() <= known, name
        found.add(name)
    return found


def _properties(schema: Any) -> Iterator[str]:
    """Yield every property a schema names, down to the first level of `data`."""
    if "$ref" in schema:
        yield from _properties(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    for each in (*schema.get("allOf", []), *schema.get("oneOf", [])):
        yield from _properties(each)
    yield from schema.get("required", [])
    for name, value in schema.get("properties", {}).items():
        yield name
        if name == "data":
            yield from _properties(value)


def _full_seed() -> Seed:
    messages: list[Any] = [
        {"id": 50 + place, "type": kind, "subject": "S", "title": "T", "body": LINK, "recipient": to, **SENDER}
        for place, (kind, to) in enumerate(
            {**dict.fromkeys(CHANNELS, ""), "slack": "#a", "webhook": "https://x"}.items()
        )
    ]
    people: list[Any] = [
        {"id": f"u{n}", "email": f"u{n}@x.io", "attributes": {"phone": f"+1555010{n}"}} for n in range(9)
    ]
    devices: list[Any] = [
        {"type": "track", "userId": f"u{n}", "event": "Device Created or Updated",
         "context": {"device": {"token": f"t{n}", "type": "ios"}}}
        for n in range(9)
    ]  # fmt: skip
    return {
        "people": people,
        "messages": devices,
        "campaigns": [{"id": 3, "name": "C", "messages": messages}],
        "newsletters": [{"id": 4, "name": "N", "subject": "S", "body": LINK, "from": "a@x.io"}],
        "broadcasts": [
            {"id": 5, "name": "B", "messages": [{"id": 90, "subject": "S", "body": LINK, "from": "a@x.io"}]}
        ],
    }


def _deliver(workspace: Workspace, who: str, **named: int) -> None:
    workspace.emulator.seed({"deliveries": [{"people": [who], **named}]})  # type: ignore[typeddict-item]


def _whole(workspace: Workspace) -> None:
    """Let everything happen that can happen to a message."""
    emulator = workspace.emulator
    emulator.seed(_full_seed())
    for who, chances in {
        "u1": {"unsubscribed": 1},
        "u2": {"bounced": 1},
        "u3": {"failed": 1},
        "u4": {"spammed": 1},
    }.items():
        lively(emulator, **chances)
        for named in ({"campaign_id": 3}, {"newsletter_id": 4}):
            _deliver(workspace, who, **named)
        emulator.advance(DAY)
    lively(emulator)
    ask(workspace, "POST", "/v1/campaigns/5/triggers", {"ids": ["u5"]})
    emulator.advance(DAY)
    ask(workspace, "PUT", "/v1/campaigns/3/actions/50", {"sending_state": "draft"})
    _deliver(workspace, "u6", campaign_id=3)
    workspace.event("User Suppressed", userId="u7")
    emulator.advance(DAY)


@pytest.fixture
def inbox() -> Inbox:
    """Return a receiver that takes everything."""
    return Inbox()


def test_every_event_is_as_documented(inbox: Inbox) -> None:
    """Whatever happens on whatever channel is valid against the vendor's schema, and has no field besides."""
    workspace = seeded()
    register(workspace, with_content=True)
    _whole(workspace)
    send_email(workspace)
    workspace.take("identify", userId="u1", traits={"unsubscribed": False})
    workspace.take("identify", userId="u1", traits={"cio_subscription_preferences": {"topics": {"topic_1": True}}})
    workspace.emulator.advance(DAY)
    workspace.emulator.deliver_webhooks(inbox)
    found = check(inbox.events)
    assert {f"{kind}_sent" for kind in CHANNELS.values()} <= found
    assert {f"{kind}_clicked" for kind in CHANNELS.values()} - {"webhook_clicked"} <= found
    assert {f"{kind}_failed" for kind in CHANNELS.values()} <= found
    wanted = {"delivered", "opened", "converted", "unsubscribed", "bounced", "spammed", "drafted"}
    assert {f"email_{metric}" for metric in wanted} <= found
    assert {"push_bounced", "push_delivered", "sms_bounced", "person_subscribed", "person_unsubscribed"} <= found
    assert "person_cio_subscription_preferences_changed" in found


@pytest.mark.parametrize("name", ["email", "sms", "push"])
def test_what_is_dropped_says_why(inbox: Inbox, name: str) -> None:
    """A message that is not sent because the person opted out or is suppressed is told with its reason."""
    workspace = seeded()
    emulator = workspace.emulator
    emulator.seed(_full_seed())
    register(workspace)
    emulator.switch({"unsubscribed_sends": "dropped"})
    workspace.take("identify", userId="u1", traits={"unsubscribed": True})
    _deliver(workspace, "u1", campaign_id=3)
    emulator.deliver_webhooks(inbox)
    [dropped] = [event for event in inbox.events if _named(event) == f"{name}_dropped"]
    check([dropped])
    text = json.dumps(dropped["data"])
    assert "the person is unsubscribed" in text


def test_an_event_names_person_source_and_time(inbox: Inbox) -> None:
    """Identifiers, all ids of the source, a journey as text that all messages of one way share, a link as a number."""
    workspace = seeded()
    workspace.emulator.seed(_full_seed())
    register(workspace, "email_clicked", "push_clicked")
    lively(workspace.emulator)
    _deliver(workspace, "u1", campaign_id=3)
    workspace.emulator.advance(DAY)
    workspace.emulator.deliver_webhooks(inbox)
    email, push = sorted(inbox.events, key=lambda event: event["object_type"])
    data = email["data"]
    assert data["identifiers"] == {
        "id": "u1",
        "email": "u1@x.io",
        "cio_id": workspace.world.person("u1").cio_id,  # type: ignore[union-attr]
    }
    assert (data["customer_id"], data["campaign_id"], data["action_id"]) == ("u1", 3, 50)
    assert (data["href"], data["link_id"], data["recipient"]) == ("https://x.io/a", 1, "u1@x.io")
    assert isinstance(data["journey_id"], str)
    assert data["journey_id"] == push["data"]["journey_id"]
    assert START < email["timestamp"] < START + DAY
    assert push["data"]["recipients"] == [{"device_id": "t1", "device_platform": "ios"}]


def test_a_broadcast_names_its_trigger(inbox: Inbox) -> None:
    """The number that triggering answered with is in each event."""
    workspace = seeded()
    workspace.emulator.seed(_full_seed())
    register(workspace, "email_sent")
    trigger = ask(workspace, "POST", "/v1/campaigns/5/triggers", {"ids": ["u5"]})["id"]
    workspace.emulator.advance(60)
    workspace.emulator.deliver_webhooks(inbox)
    [event] = inbox.events
    assert (event["data"]["broadcast_id"], event["data"]["trigger_id"]) == (5, trigger)


def test_ids_are_ulids_in_order_and_the_same_in_every_run() -> None:
    """26 characters, each id above the one before; the same world tells the same ids."""
    runs: list[list[Any]] = []
    for _ in range(2):
        workspace, inbox = seeded(), Inbox()
        register(workspace)
        lively(workspace.emulator)
        send_email(workspace)
        workspace.emulator.advance(DAY)
        workspace.emulator.deliver_webhooks(inbox)
        runs.append(inbox.events)
    ids = [event["event_id"] for event in runs[0]]
    assert runs[0] == runs[1]
    assert ids == sorted(set(ids))
    assert {len(each) for each in ids} == {26}
    assert set("".join(ids)) <= set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_ids_do_not_come_again_after_a_reset() -> None:
    """What happens in an emptied world at the same time has ids of its own."""
    workspace, inbox = seeded(), Inbox()
    for _ in range(2):
        register(workspace, "email_sent")
        send_email(workspace)
        workspace.emulator.deliver_webhooks(inbox)
        workspace.emulator.reset()
        workspace.emulator.seed({"people": [{"id": "u1"}], "transactional": [{"id": 1, "name": "T", "body": "b"}]})
    assert len(set(inbox.ids())) == 2


@pytest.mark.parametrize("with_content", [True, False])
def test_bodies_are_sent_on_request(inbox: Inbox, with_content: bool) -> None:
    """With `with_content` a sent event holds the text and the custom headers, and no other event does."""
    workspace = seeded()
    register(workspace, "email_sent", "email_delivered", with_content=with_content)
    send_email(workspace, headers='[{"name": "X-A", "value": "1"}]', body="Hello", subject="S")
    workspace.emulator.advance(60)
    workspace.emulator.deliver_webhooks(inbox)
    sent, delivered = inbox.events
    check(inbox.events)
    assert sent["data"].get("content") == ("Hello" if with_content else None)
    assert sent["data"].get("headers") == ({"X-A": ["1"]} if with_content else None)
    assert not delivered["data"].keys() & {"content", "headers"}


def _identify(workspace: Workspace, traits: dict[str, Any]) -> None:
    workspace.take("identify", userId="u1", traits=traits)


def _track(workspace: Workspace, traits: dict[str, Any]) -> None:
    body = json.dumps(traits).encode()
    answer = workspace.ask("PUT", "/api/v1/customers/u1", body, authorization="Basic a2V5OnM=")
    assert answer.response.status == 200


@pytest.mark.parametrize("write", [_identify, _track])
def test_changed_preferences_are_told_whoever_changed_them(inbox: Inbox, write: Any) -> None:
    """Unsubscribing, subscribing and choosing topics over either API are events of the customer; no change is none."""
    workspace = seeded()
    register(workspace, with_content=True)
    write(workspace, {"unsubscribed": "False"})
    write(workspace, {"unsubscribed": True})
    write(workspace, {"unsubscribed": "1"})
    write(workspace, {"unsubscribed": False})
    write(workspace, {"cio_subscription_preferences": {"topics": {"topic_1": False}}})
    write(workspace, {"plan": "pro"})
    workspace.emulator.deliver_webhooks(inbox)
    check(inbox.events)
    assert [event["metric"] for event in inbox.events] == [
        "unsubscribed",
        "subscribed",
        "cio_subscription_preferences_changed",
    ]
    assert {event["object_type"] for event in inbox.events} == {"customer"}
    assert {event["data"]["email_address"] for event in inbox.events} == {"u1@x.io"}
    assert json.loads(inbox.events[2]["data"]["content"]) == {"topics": {"topic_1": False}}


def test_who_unsubscribes_in_a_message_is_told_twice(inbox: Inbox) -> None:
    """Of the message it is `email_unsubscribed`, of the person `customer_unsubscribed` with the channel that did it."""
    workspace = seeded()
    register(workspace, "email_unsubscribed", "customer_unsubscribed")
    lively(workspace.emulator, unsubscribed=1)
    delivery = send_email(workspace)
    workspace.emulator.advance(DAY)
    workspace.emulator.deliver_webhooks(inbox)
    message, person = inbox.events
    assert check(inbox.events) == {"email_unsubscribed", "person_unsubscribed"}
    assert message["data"]["delivery_id"] == delivery
    assert (person["metric"], person["object_type"]) == ("unsubscribed", "email")


def test_the_schemas_slip_can_be_had(inbox: Inbox) -> None:
    """The switch gives changed preferences the type field as the schema spells it."""
    workspace = seeded(preferences_type_field="object_type_type")
    register(workspace, "customer_subscription_preferences_changed")
    _identify(workspace, {"cio_subscription_preferences": {"topics": {"topic_1": True}}})
    workspace.emulator.deliver_webhooks(inbox)
    [event] = inbox.events
    check([event])
    assert event["object_type_type"] == "customer"
    assert "object_type" not in event


def test_what_nobody_can_subscribe_to_is_not_sent(inbox: Inbox) -> None:
    """Messages of the inbox channel have no events of their own."""
    workspace = seeded()
    register(workspace)
    message: Any = {"id": 70, "type": "inbox", "body": "b"}
    workspace.emulator.seed({"campaigns": [{"id": 8, "name": "I", "messages": [message]}]})
    _deliver(workspace, "u1", campaign_id=8)
    assert [event.type for event in workspace.world.messaging.events] == ["sent"]
    assert workspace.emulator.deliver_webhooks(inbox).sent == 0
    assert set(EVERYTHING) & {"inbox_sent"} == set()


def test_machines_are_told_apart(inbox: Inbox) -> None:
    """What a mail proxy opens and a scanner clicks is flagged, and is no person's; what people do is not flagged."""
    workspace = seeded()
    register(workspace, "email_opened", "email_clicked", full_resolution=True)
    lively(workspace.emulator, prefetched=1, scanned=1)
    delivery = send_email(workspace)
    workspace.emulator.advance(DAY)
    workspace.emulator.deliver_webhooks(inbox)
    check(inbox.events)
    flags = [(each["metric"], each["data"].get("prefetched", each["data"].get("machine"))) for each in inbox.events]
    assert flags == [("opened", True), ("clicked", True), ("opened", False), ("clicked", False)]
    metrics = ask(workspace, "GET", f"/v1/messages/{delivery}")["message"]["metrics"]
    assert metrics["opened"] < metrics["human_opened"]
