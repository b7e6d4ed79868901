"""A workspace with one of everything in it, numbered 1 where things have numbers, and how to name what is there."""

from __future__ import annotations

from typing import Any

from ciokit import CustomerIOClient
from ciokit.app_api import AppClient
from ciokit.emulator.app import Emulator
from ciokit.emulator.seeds import Seed

WORLD: list[dict[str, Any]] = [
    {"type": "identify", "userId": "u1", "traits": {"email": "ann@x.io", "age": 41, "tags": ["a"], "none": None}},
    {"type": "track", "userId": "u1", "event": "Signed Up", "properties": {"n": 1}},
    {"type": "page", "userId": "u1", "name": "Home", "properties": {"url": "https://x.io/"}},
    {"type": "group", "userId": "u1", "groupId": "acme", "traits": {"name": "A", "relationshipAttributes": {"r": 1}}},
]
DEVICE = {
    "type": "track",
    "userId": "u1",
    "event": "Device Created or Updated",
    "properties": {"app_version": 3},
    "context": {"device": {"token": "t1", "type": "ios"}},
}
EVERYBODY = {"attribute": {"field": "id", "operator": "exists"}}
WEBHOOK = {"name": "W", "endpoint": "https://x.io/hook", "events": ["email_sent"]}
# What stands for a thing of the workspace that `furnish` makes, by the name of the argument.
THINGS: dict[str, Any] = {
    "customer_id": "u1",
    "segment_id": 1,
    "export_id": 1,
    "import_id": 1,
    "collection_id": 1,
    "webhook_id": 1,
    "sender_id": 1,
    "snippet_name": "footer",
    "suppression_type": "bounces",
    "email_address": "ann@x.io",
    "domain_name": "example.com",
    "transactional_id": 1,
    "transactional_message_id": 1,
    "broadcast_id": 1,
    "campaign_id": 1,
    "newsletter_id": 1,
    "action_id": 11,
    "content_id": 1,
    "test_group_id": "1",
    "trigger_id": 1,
    "language": "de",
    "identifiers": {"id": "u1"},
    "resolution": "days",
}
MESSAGE = {
    "subject": "Hi {{customer.id}}",
    "body": "<a href='https://x.io/a'>a</a>",
    "translations": [{"language": "de", "subject": "Hallo", "body": "b"}],
}
STEP = {"id": 11, "name": "Step", "headers": "[]", **MESSAGE}
# One of everything that sends: of most, what it sent to u1 as well.
SENDERS: Seed = {
    "transactional": [
        {"id": 1, "name": "T", **MESSAGE},
        {"id": 2, "name": "P", "type": "push", "subject": "t"},
        {"id": 3, "name": "S", "type": "twilio", "body": "t"},
        {"id": 4, "name": "W", "type": "whatsapp", "body": "t"},
        {"id": 5, "name": "A", "type": "in_app", "body": "t"},
        {"id": 6, "name": "I", "type": "inbox", "body": "t"},
    ],
    "broadcasts": [{"id": 1, "name": "B", "messages": [STEP]}],
    "campaigns": [{"id": 1, "name": "C", "messages": [STEP]}],
    "newsletters": [{"id": n, "name": "N", "recipients": EVERYBODY, **MESSAGE} for n in (1, 2)],
    "deliveries": [
        {name: number, "people": ["u1"]}
        for name, number in (
            ("transactional_message_id", 1),
            ("broadcast_id", 1),
            ("campaign_id", 1),
            ("newsletter_id", 2),
        )
    ],
}


def furnish(emulator: Emulator) -> None:
    """Put one of everything into the workspace, with the number 1 where things have numbers."""
    client = CustomerIOClient("any", transport=emulator.transport)
    app = AppClient("any", transport=emulator.transport)
    for message in (*WORLD, DEVICE):
        client.send(message)
    emulator.let_live({"opened": 1, "clicked": 1, "converted": 1})
    emulator.seed(SENDERS)
    app.broadcasts.trigger(1, ids=["u1", "nobody"])
    app.segments.create({"name": "S"})
    app.exports.create_customers({"attribute": {"field": "id", "operator": "exists"}})
    url = emulator.files.put(b"id,email\nu2,ann@x.io\n,nobody@x.io\n")
    app.imports.create({"name": "I", "data_file_url": url, "type": "people", "identifier": "id"})
    app.collections.create(name="c", data=[{"a": 1}])
    app.snippets.create(name="footer", value="v")
    app.reporting_webhooks.create(name="W", endpoint="https://x.io/hook", events=["email_sent"])
    app.opt_outs.update("u1", [{"from": "+41790000000", "optout": True}])
    app.esp_suppression.create("bounces", "ann@x.io")
    emulator.seed({"topics": [{"id": 1, "name": "News"}], "segments": [{"id": 1, "name": "S", "people": ["u1"]}]})
    emulator.advance(15)
