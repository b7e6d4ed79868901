"""Every public function builds what the specification asks for, and sends it through either client alike."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from typing import Any

import jsonschema_rs
import numpy as np
import pytest

import ciokit
from ciokit import AsyncCustomerIOClient, CustomerIOClient, Receipt, ValidationError
from ciokit.pipelines_api.operation import Operation
from ciokit.pipelines_api.operations import BY_TYPE
from tests.support.wire import ScriptedServer

FACTS = json.loads((Path(__file__).parents[2] / "specs" / "pipelines.facts.json").read_text())
COMMANDS = {
    "User Deleted": "delete_person",
    "User Suppressed": "suppress_person",
    "User Unsuppressed": "unsuppress_person",
    "Object Deleted": "group_deleted",
    "Relationship Deleted": "relationship_deleted",
    "Device Created or Updated": "create_update_device",
    "Device Deleted": "delete_device",
    "Report Delivery Event": "report_delivery_event",
}
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone(timedelta(hours=2)))

# function, arguments, the wire form expected besides type, messageId
CASES: list[tuple[str, tuple[Any, ...], dict[str, Any], str, dict[str, Any]]] = [
    ("identify_user", ("u1", {"plan": "pro"}), {}, "identify", {"userId": "u1", "traits": {"plan": "pro"}}),
    (
        "identify_user",
        ("u1",),
        {"anonymous_id": "a1"},
        "identify",
        {"userId": "u1", "anonymousId": "a1", "traits": {}},
    ),
    (
        "identify_user",
        (),
        {"traits": {"email": "a@example.com"}},
        "identify",
        {"userId": "", "traits": {"email": "a@example.com"}},
    ),
    ("delete_user", ("u1",), {}, "track", {"userId": "u1", "event": "User Deleted"}),
    ("suppress_user", ("u1",), {}, "track", {"userId": "u1", "event": "User Suppressed"}),
    ("unsuppress_user", ("u1",), {}, "track", {"userId": "u1", "event": "User Unsuppressed"}),
    ("unsubscribe_user", ("u1",), {}, "identify", {"userId": "u1", "traits": {"unsubscribed": True}}),
    ("resubscribe_user", ("u1",), {}, "identify", {"userId": "u1", "traits": {"unsubscribed": False}}),
    (
        "track_event",
        ("u1", "Bought", {"n": 1}),
        {},
        "track",
        {"userId": "u1", "event": "Bought", "properties": {"n": 1}},
    ),
    (
        "track_event",
        (None, "Seen"),
        {"anonymous_id": "a1", "timestamp": AT, "context": {"ip": "10.0.0.1"}, "integrations": {"All": True}},
        "track",
        {
            "anonymousId": "a1",
            "event": "Seen",
            "properties": {},
            "timestamp": "2026-01-02T01:04:05Z",
            "context": {"ip": "10.0.0.1"},
            "integrations": {"All": True},
        },
    ),
    ("track_page", ("u1", "Home"), {}, "page", {"userId": "u1", "name": "Home", "properties": {}}),
    (
        "track_pageview",
        ("u1",),
        {"url": "https://x.example/a", "title": "A", "properties": {"ab": 1}},
        "page",
        {"userId": "u1", "name": "A", "properties": {"url": "https://x.example/a", "title": "A", "ab": 1}},
    ),
    ("track_page_view", ("u1", "Home"), {}, "page", {"userId": "u1", "name": "Home", "properties": {}}),
    (
        "track_screen",
        (None, "Cart"),
        {"anonymous_id": "a1"},
        "screen",
        {"anonymousId": "a1", "name": "Cart", "properties": {}},
    ),
    (
        "track_screenview",
        ("u1",),
        {"screen_name": "Cart", "screen_class": "CartView"},
        "screen",
        {"userId": "u1", "name": "Cart", "properties": {"screen_class": "CartView"}},
    ),
    ("track_screen_view", ("u1", "Cart"), {}, "screen", {"userId": "u1", "name": "Cart", "properties": {}}),
    (
        "create_object",
        ("u1", "acme", {"name": "Acme"}),
        {"object_type_id": 2, "relationship": {"role": "owner"}},
        "group",
        {
            "userId": "u1",
            "groupId": "acme",
            "traits": {"name": "Acme", "object_type_id": "2", "relationshipAttributes": {"role": "owner"}},
        },
    ),
    (
        "update_object",
        ("u1", "acme"),
        {},
        "group",
        {"userId": "u1", "groupId": "acme", "traits": {"object_type_id": "1"}},
    ),
    (
        "create_relationship",
        ("u1", "acme", {"role": "owner"}),
        {},
        "group",
        {
            "userId": "u1",
            "groupId": "acme",
            "traits": {"object_type_id": "1", "relationshipAttributes": {"role": "owner"}},
        },
    ),
    (
        "delete_object",
        ("acme",),
        {"object_type_id": "2"},
        "track",
        {"anonymousId": "ciokit", "event": "Object Deleted", "properties": {"objectId": "acme", "objectTypeId": 2}},
    ),
    (
        "delete_relationship",
        ("u1", "acme"),
        {},
        "track",
        {"userId": "u1", "event": "Relationship Deleted", "properties": {"objectId": "acme", "objectTypeId": 1}},
    ),
    (
        "register_device",
        ("u1", "tok", "ios", {"model": "X"}),
        {"context": {"ip": "10.0.0.1"}},
        "track",
        {
            "userId": "u1",
            "event": "Device Created or Updated",
            "properties": {},
            "context": {"ip": "10.0.0.1", "device": {"token": "tok", "type": "ios", "model": "X"}},
        },
    ),
    (
        "delete_device",
        ("u1", "tok"),
        {},
        "track",
        {"userId": "u1", "event": "Device Deleted", "properties": {}, "context": {"device": {"token": "tok"}}},
    ),
    ("create_alias", ("u1", "a1"), {}, "alias", {"userId": "u1", "previousId": "a1"}),
    (
        "track_report_delivery_event",
        ("d1", "opened", {"href": "https://x.example"}),
        {},
        "track",
        {
            "anonymousId": "ciokit",
            "event": "Report Delivery Event",
            "properties": {"deliveryId": "d1", "metric": "opened", "href": "https://x.example"},
        },
    ),
]


def operation(name: str) -> Operation[...]:
    """The public operation of this name."""
    found = getattr(ciokit, name)
    assert isinstance(found, Operation)
    return found


@pytest.mark.parametrize(("name", "args", "kwargs", "kind", "expected"), CASES)
def test_the_wire_form_is_the_documented_one(
    server: ScriptedServer,
    client: CustomerIOClient,
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    kind: str,
    expected: dict[str, Any],
) -> None:
    """The call, the async call and the unsent message are one and the same body, and it fits the specification."""
    fixed = {**kwargs, "message_id": "m-1"}
    call = operation(name)
    receipt = call(client, *args, **fixed)

    async def twin() -> Receipt:
        async with AsyncCustomerIOClient("secret-key", base_url=server.base_url) as async_client:
            return await call(async_client, *args, **fixed)

    again = asyncio.run(twin())
    assert [seen.path for seen in server.seen] == [f"/v1/{kind}"] * 2
    assert server.seen[0].body == server.seen[1].body
    assert server.seen[0].json == call.message(*args, **fixed) == {**expected, "type": kind, "messageId": "m-1"}
    assert receipt == again == Receipt("m-1", len(server.seen[0].body))
    jsonschema_rs.validate(documented(kind, expected.get("event")), server.seen[0].json)


def documented(kind: str, event: str | None) -> dict[str, Any]:
    """The vendor's schema of a message; a command to Customer.io has one of its own.

    The vendor writes `oneOf` where alternatives overlap (a group message with a userId fits both of its two), which
    no message can satisfy: at least one has to fit.
    """
    name = COMMANDS.get(event or "", "alias_all" if kind == "alias" else kind)
    components = json.loads(json.dumps(FACTS["components"]).replace('"oneOf"', '"anyOf"'))
    return {"$ref": f"#/components/schemas/{name}", "components": components}


@pytest.mark.parametrize(
    ("alias", "of"),
    [
        ("track_user_deleted", "delete_user"),
        ("track_user_suppressed", "suppress_user"),
        ("track_user_unsuppressed", "unsuppress_user"),
        ("track_device_deleted", "delete_device"),
        ("track_object_deleted", "delete_object"),
        ("track_relationship_deleted", "delete_relationship"),
        ("update_device", "register_device"),
    ],
)
def test_two_names_for_one_thing_are_one_thing(alias: str, of: str) -> None:
    """A command under its event's name is the same operation, not a second copy."""
    assert operation(alias) is operation(of)


def test_client_methods_are_the_functions() -> None:
    """`client.identify` is `identify_user`, bound; and so on for both clients."""
    for kind in (CustomerIOClient, AsyncCustomerIOClient):
        assert (kind.identify, kind.track, kind.page, kind.screen, kind.group, kind.alias, kind.delete) == tuple(
            map(
                operation,
                (
                    "identify_user",
                    "track_event",
                    "track_page",
                    "track_screen",
                    "create_object",
                    "create_alias",
                    "delete_user",
                ),
            )
        )


def test_help_shows_the_real_signature() -> None:
    """Notebooks and editors see arguments, not `*args`."""
    assert list(inspect.signature(ciokit.identify_user.message).parameters)[:2] == ["user_id", "traits"]
    assert "Add or update a person." in (ciokit.identify_user.__doc__ or "")


def test_every_message_type_has_its_operation() -> None:
    """A message goes to the path of its own type."""
    assert {kind: endpoint.route.path for kind, endpoint in BY_TYPE.items()} == {
        kind: f"/v1/{kind}" for kind in BY_TYPE
    }


BAD: list[tuple[str, tuple[Any, ...], dict[str, Any], str]] = [
    ("identify_user", ("",), {}, "user_id"),
    ("identify_user", ("  ",), {}, "user_id"),
    ("identify_user", (), {}, "userId"),
    ("identify_user", (7,), {}, "user_id"),
    ("track_event", ("u1", ""), {}, "event_name"),
    ("track_event", ("u1", "X"), {"anonymous_id": "a1"}, "anonymousId"),
    ("track_event", (None, "X"), {}, "userId"),
    ("track_event", (None, "X"), {"anonymous_id": ""}, "anonymous_id"),
    ("track_event", ("u1", "X"), {"timestamp": datetime(2026, 1, 1)}, "timestamp"),
    ("track_event", ("u1", "X"), {"timestamp": 1767225600000}, "timestamp"),
    ("track_event", ("u1", "X"), {"message_id": "a", "key": "b"}, "key"),
    ("track_event", ("u1", "X", {"at": datetime(2026, 1, 1)}), {}, "properties.at"),
    ("track_event", ("u1", "X", {"raw": b"x"}), {}, "properties.raw"),
    ("track_event", ("u1", "X", {f"property_{n}": n for n in range(10_001)}), {}, "properties"),
    ("identify_user", ("u1", {"bio": "x" * 40_000}), {}, "traits"),
    ("create_object", (None, "acme"), {}, "userId"),
    ("create_object", ("u1", ""), {}, "object_id"),
    ("create_object", ("u1", "acme"), {"object_type_id": "company"}, "object_type_id"),
    ("create_object", ("u1", "acme", {"object_type_id": "3"}), {}, "traits.object_type_id"),
    ("create_object", ("u1", "acme", {"objectTypeId": 3}), {}, "traits.objectTypeId"),
    ("create_object", ("u1", "acme", {"relationshipAttributes": {}}), {}, "traits.relationshipAttributes"),
    ("register_device", ("u1", ""), {}, "device_token"),
    ("register_device", ("u1", "tok", "windows"), {}, "device_type"),
    ("create_alias", ("u1", "u1"), {}, "previous_id"),
    ("track_report_delivery_event", ("d1", "sent"), {}, "metric"),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "field"), BAD)
def test_bad_input_is_named_before_any_request(
    server: ScriptedServer,
    client: CustomerIOClient,
    name: str,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    field: str,
) -> None:
    """The error names the field, holds no value of it, and nothing reached the wire."""
    with pytest.raises(ValidationError) as caught:
        operation(name)(client, *args, **kwargs)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"`{field}`")
    assert server.seen == []


def test_a_recursive_dict_is_refused(server: ScriptedServer, client: CustomerIOClient) -> None:
    """A value that holds itself is an error, not a hang."""
    traits: dict[str, Any] = {}
    traits["self"] = traits
    with pytest.raises(ValidationError):
        client.identify("u1", traits)
    assert server.seen == []


def test_an_unknown_option_is_a_type_error(client: CustomerIOClient) -> None:
    """A misspelled keyword is not swallowed."""
    with pytest.raises(TypeError, match="timestmp"):
        client.track("u1", "X", timestmp=AT)  # type: ignore[call-arg]  # the misspelling is the point


def test_the_size_error_says_how_large_and_what_is_largest(client: CustomerIOClient) -> None:
    """Ten thousand properties are told by their number and bytes, against the limit."""
    with pytest.raises(ValidationError, match=r"over the limit of 32,000 B \(this field: [\d,]+ B, 10,001 entries\)"):
        client.track("u1", "X", {f"property_{n}": n for n in range(10_001)})


def test_the_limit_is_counted_on_exact_wire_bytes(server: ScriptedServer, client: CustomerIOClient) -> None:
    """A body of exactly the limit goes; one byte more, of a two-byte letter, does not."""
    empty = len(json.dumps(ciokit.track_event.message("u1", "X", {"a": ""}, message_id="m")).replace(" ", ""))
    assert client.track("u1", "X", {"a": "x" * (32_000 - empty)}, message_id="m").size == 32_000
    with pytest.raises(ValidationError):
        client.track("u1", "X", {"a": "x" * (31_999 - empty) + "é"}, message_id="m")
    assert len(server.seen) == 1


def test_a_key_gives_the_same_id_every_time() -> None:
    """Ids derived from a row's key repeat over runs and differ by key, person and event."""
    ids = [
        ciokit.track_event.message(user, event, key=key)["messageId"]
        for user, event, key in [("u", "A", "1"), ("u", "A", "1"), ("u", "A", "2"), ("v", "A", "1"), ("u", "B", "1")]
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


def test_merging_is_refused_openly(client: CustomerIOClient, server: ScriptedServer) -> None:
    """Pipelines cannot merge profiles, so nothing pretends to."""
    with pytest.raises(ciokit.ConfigurationError, match="Track API"):
        ciokit.merge_profiles(client, "u1", "u2")
    assert server.seen == []


def test_text_of_other_types_is_text(server: ScriptedServer, client: CustomerIOClient) -> None:
    """Members of a string enum and numpy strings are ids and names like any other text."""

    class Names(StrEnum):
        SEEN = "Seen"

    client.track(np.str_("u1"), Names.SEEN, message_id=np.str_("m1"))
    client.batch([{"type": "track", "userId": np.str_("u2"), "event": Names.SEEN}])
    first, (second,) = server.seen[0].json, server.seen[1].json["batch"]
    assert (first["userId"], first["event"], first["messageId"]) == ("u1", "Seen", "m1")
    assert (second["userId"], second["event"]) == ("u2", "Seen")


@pytest.mark.parametrize("value", ["ab", ["ab", "cd"], [("a", 1)], 7])
def test_what_is_no_dict_is_not_made_into_one(value: Any) -> None:
    """A list of two-letter words could be read as pairs; it is named instead."""
    builders: list[tuple[str, Callable[[], object]]] = [
        ("properties", lambda: ciokit.track_event.message("u1", "E", value)),
        ("properties", lambda: ciokit.track_page.message("u1", "Home", value)),
        ("properties", lambda: ciokit.track_screenview.message("u1", properties=value)),
        ("traits", lambda: ciokit.identify_user.message("u1", value)),
        ("traits", lambda: ciokit.create_object.message("u1", "o1", value)),
        ("relationship", lambda: ciokit.create_relationship.message("u1", "o1", value)),
    ]
    for field, build in builders:
        with pytest.raises(ValidationError, match="give a dict") as caught:
            build()
        assert caught.value.field == field


def test_options_that_are_none_are_left_out() -> None:
    """An optional context handed on as None is no context."""
    options: Any = {"context": None, "integrations": None}
    assert not {"context", "integrations"} & ciokit.track_event.message("u1", "E", **options).keys()
    device = ciokit.register_device.message("u1", "tok", **options)
    assert device["context"] == {"device": {"token": "tok"}}
