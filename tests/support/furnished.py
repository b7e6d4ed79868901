"""A workspace with one of everything in it, numbered 1 where things have numbers, and how to name what is there."""

from __future__ import annotations

from typing import Any

from ciokit import CustomerIOClient, Limits, Rate
from ciokit.app_api import AppClient
from ciokit.core.endpoint import Declared
from ciokit.emulator.app import Emulator
from ciokit.emulator.seeds import Seed
from tests.support.operations import some_arguments

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
# A workspace is furnished hundreds of times in a run: waiting for the service's 10 a second would take minutes.
AT_ONCE = Limits(rates=dict.fromkeys(Limits().rates, Rate(1_000, 0.001)))
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
PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00"
LIVE: dict[str, Any] = {
    "identifiers": {"id": "u1"},
    "notification_type": "com.example.order",
    "attributes": {"order": "o1"},
    "content_state": {"eta": 10},
    "push_payload": {"alert": {"title": "T", "body": "B"}},
}


# Arguments that are taken, of operations that take more than the number of a thing.
ASK: dict[str, dict[str, Any]] = {
    "exports.create_customers": {"filters": EVERYBODY, "attributes": ["age"]},
    "exports.create_deliveries": {"campaign_id": 1},
    "imports.create": {
        "import_": {"name": "I", "data_file_url": "https://x.invalid/a.csv", "type": "people", "identifier": "id"}
    },
    "collections.create": {"name": "more", "data": [{"a": 1}]},
    "reporting_webhooks.create": WEBHOOK,
    "reporting_webhooks.update": {"webhook_id": 1, **WEBHOOK},
    "customers.find": {"filter": {"attribute": {"field": "id", "operator": "exists"}}},
    "customers.find_by_email": {"email": "ann@x.io"},
    "customers.attributes_of": {"ids": ["u1"]},
    "objects.find": {
        "object_type_id": "1",
        "filter": {"object_attribute": {"field": "name", "operator": "exists", "type_id": "1"}},
    },
    "objects.types": {},
    "objects.attributes": {"object_type_id": 1, "object_id": "acme"},
    "objects.relationships": {"object_type_id": 1, "object_id": "acme"},
    "activities.find": {},
    "segments.create": {"segment": {"name": "S"}},
    "newsletters.create": {
        "type": "twilio",
        "name": "N",
        "body": "hello",
        "recipients": {"and": [{"or": [{"segment": {"id": 1}}]}]},
    },
    "newsletters.messages": {"newsletter_id": 2},
    "newsletters.schedule": {"newsletter_id": 1, "scheduled_at": 10**10, "timezone": "Europe/Zurich"},
    "newsletter_variants.get": {"newsletter_id": 1, "content_id": 14},
    "newsletter_variants.update": {"newsletter_id": 1, "content_id": 14, "content": {"headers": []}},
    "newsletter_variants.metrics": {"newsletter_id": 1, "content_id": 14},
    "newsletter_variants.links": {"newsletter_id": 1, "content_id": 14},
    "newsletter_variants.create_language": {"newsletter_id": 1, "language": "fr", "subject": "s", "body": "b"},
    "newsletter_variants.create_test_language": {
        "newsletter_id": 1,
        "test_group_id": "1",
        "language": "fr",
        "subject": "s",
        "body": "b",
    },
    "send.email": {"to": "ann@x.io", "transactional_message_id": 1, "identifiers": {"id": "u1"}},
    "send.push": {"transactional_message_id": 2, "identifiers": {"id": "u1"}},
    "send.sms": {"transactional_message_id": 3, "to": "+41790000000", "identifiers": {"id": "u1"}},
    "send.whatsapp": {"transactional_message_id": 4, "to": "+41790000000", "identifiers": {"id": "u1"}},
    "send.in_app": {"transactional_message_id": 5, "identifiers": {"id": "u1"}},
    "send.inbox_message": {"transactional_message_id": 6, "identifiers": {"id": "u1"}},
    "opt_outs.update": {"customer_id": "u1", "optouts": [{"from": "+41790000000", "optout": True}]},
    "data_index.update_attributes": {"attributes": [{"name": "plan", "privacy_level": 1}]},
    "data_index.update_events": {"events": [{"name": "Signed Up", "description": "first visit"}]},
    "assets.create": {"file": PICTURE, "name": "new.png"},
    "live_notifications.start": LIVE,
}
# Further arguments of operations whose ids are minted: see `_minted`.
MORE: dict[str, dict[str, Any]] = {
    "assets.update": {"changes": {"name": "other.png"}},
    "asset_folders.update": {"changes": {"name": "other"}},
    "design_studio_components.create": {"name": "C", "tag": "x-new", "content": "<b></b>"},
    "design_studio_components.update": {"changes": {"name": "C"}},
    "design_studio_folders.create": {"name": "new"},
    "design_studio_folders.update": {"changes": {"name": "other"}},
    "design_studio_emails.create": {"name": "new"},
    "design_studio_emails.update": {"changes": {"name": "other"}},
    "design_studio_emails.link": {"target": {"type": "newsletter", "newsletter_id": 1}},
    "design_studio_translations.create": {"language": "fr"},
    "live_notifications.update": {"content_state": {"eta": 5}},
    "inbox_previews.create": {"client_ids": ["gmail_web"]},
}

_U1: dict[str, Any] = {"userId": "u1", "context": {"device": {"token": "t1", "type": "ios"}}}
_MESSAGES: dict[str, dict[str, Any]] = {
    "identify": {**_U1, "traits": {"plan": "pro"}},
    "track": {**_U1, "event": "Bought", "properties": {"n": 1}, "timestamp": "2026-01-01T00:00:00Z"},
    "page": {**_U1, "name": "Home", "properties": {"url": "https://x.io"}},
    "screen": {**_U1, "name": "Home"},
    "group": {**_U1, "groupId": "acme", "traits": {"object_type_id": "1", "relationshipAttributes": {"r": 1}}},
    "alias": {"userId": "u1", "previousId": "u2"},
}
PIPELINES: dict[str, dict[str, Any]] = {
    **{f"/v1/{kind}": {"message": message} for kind, message in _MESSAGES.items()},
    "/v1/batch": {"batch": [{"type": kind, **message} for kind, message in _MESSAGES.items() if kind != "alias"]},
}
# What people are written with in the Track API, by the name of the argument.
SAMPLES: dict[str, Any] = {
    "timestamp": 1_700_000_000,
    "id": "01JD8Z9V7K3M5N6P8Q0R2S4T6V",
    "device": {"id": "t1", "platform": "ios", "last_used": 1_700_000_000},
    "item": {"type": "person", "action": "identify", "identifiers": {"id": "u1"}, "attributes": {"plan": "pro"}},
    "batch": [
        {
            "type": "person",
            "action": "event",
            "identifiers": {"id": "u1"},
            "name": "Bought",
            "timestamp": 1_700_000_000,
        },
        {
            "type": "object",
            "action": "identify",
            "identifiers": {"object_type_id": "1", "object_id": "acme"},
            "cio_relationships": [{"identifiers": {"id": "u1"}, "relationship_attributes": {"role": "admin"}}],
        },
        {
            "type": "person",
            "action": "add_device",
            "identifiers": {"id": "u1"},
            "device": {"token": "t", "platform": "ios"},
        },
    ],
    "primary": {"id": "u1"},
    "secondary": {"id": "u2"},
    "attributes": {"plan": "pro"},
    "segment_id": 1,
}


def furnish(emulator: Emulator) -> None:
    """Put one of everything into the workspace, with the number 1 where things have numbers."""
    client = CustomerIOClient("any", transport=emulator.transport)
    app = AppClient("furnishing", transport=emulator.transport, limits=AT_ONCE)
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
    app.assets.create(PICTURE, name="dot.png")
    app.asset_folders.create("pictures")
    app.live_notifications.start(**LIVE)
    _design(app)
    emulator.seed({"topics": [{"id": 1, "name": "News"}], "segments": [{"id": 1, "name": "S", "people": ["u1"]}]})
    emulator.advance(15)


def _design(app: AppClient) -> None:
    """Make a folder, a component and two e-mails in two languages; the first is linked, published and looked at."""
    app.design_studio_folders.create("mail")
    app.design_studio_components.create("Button", "x-button", "<b><slot></slot></b>")
    for name in ("linked", "free"):
        envelope: Any = {"from_id": 1, "headers": [{"name": "X-A", "value": "a"}]}
        content: Any = {"subject": "s", "html": "<x-button>Go</x-button><a href='https://x.io'>x</a>"}
        made = app.design_studio_emails.create(name, content=content, envelope=envelope)["email"]["id"]
        app.design_studio_translations.create(made, "de", content={"subject": "t"})
        app.design_studio_versions.create(made, "first")
        if name == "linked":
            app.design_studio_emails.link(made, {"type": "newsletter", "newsletter_id": 1})
            app.design_studio_emails.publish(made)
            app.inbox_previews.create(made, ["gmail_web"])


def _minted(noun: str, name: str, emulator: Emulator) -> dict[str, Any]:
    """Return what stands for things whose ids the workspace mints; only what is deleted is of the free e-mail."""
    held, live = emulator.world.held, emulator.world.messaging.live
    by_kind = {
        kind: [id for other, id in held.design.library.nodes if other == kind] for kind in ("folder", "component")
    }
    linked, free = (id for kind, id in held.design.library.nodes if kind == "email")
    email = free if name == "delete" else linked
    ids: dict[str, Any] = {
        "assets": 1,
        "asset_folders": 1,
        "design_studio_components": by_kind["component"][0],
        "design_studio_folders": by_kind["folder"][0],
    }
    return {
        "id": ids.get(noun, email),
        "version_id": held.design.versions[email][0].id,
        "publish_id": next(iter(held.design.publishings)),
        "run_id": 1,
        "client_id": "gmail_web",
        "instance_id": next(iter(live)),
    }


def good_arguments(operation: Declared[..., Any], emulator: Emulator) -> dict[str, Any]:
    """Return arguments of an operation that the furnished workspace takes: of the App API the required ones."""
    if operation.route.name in ASK:
        return ASK[operation.route.name]
    if operation.route.surface == "pipelines":
        return PIPELINES[operation.route.path]
    if operation.route.surface == "track":
        samples = {name: value for name, value in SAMPLES.items() if name in operation.route.types}
        return some_arguments(operation.route, "u1", **samples)
    needed = operation.route.required
    arguments = some_arguments(operation.route, filter=EVERYBODY)
    noun, _, name = operation.route.name.partition(".")
    things = {**THINGS, "message_id": emulator.world.messaging.deliveries[0].id, **_minted(noun, name, emulator)}
    things |= MORE.get(operation.route.name, {})
    return {name: things.get(name, value) for name, value in arguments.items() if name in needed}
