"""Refusals come in the envelope that the vendor documents for the operation, and clients read the words out of each."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ciokit import AppClient, CustomerIOClient, TrackClient
from ciokit.core.clock import FakeClock
from ciokit.errors import AuthenticationError, RateLimitError, RefusedError
from tests.emulator.conftest import Workspace

BEARER, BASIC = "Bearer key", "Basic c2l0ZTprZXk="
MAIL = {"to": "ann@x.io", "identifiers": {"id": "ann"}, "subject": "s", "body": "b", "from": "me@x.io"}

# Each envelope (facts, section 3.4), with what may be in it.
LIST: dict[str, Any] = {"errors": [{"detail", "status"}]}
POINTED: dict[str, Any] = {"errors": [{"detail", "status", "source"}]}
DETAIL: dict[str, Any] = {"errors": [{"detail"}]}
ERROR: dict[str, Any] = {"meta": {"error": str}}
ERRORS: dict[str, Any] = {"meta": {"errors": [str]}}
ITEM: dict[str, Any] = {"errors": [{"reason", "field", "message"}]}


@pytest.fixture
def furnished(workspace: Workspace) -> Workspace:
    """A workspace with a broadcast, a snippet, a folder and a transactional message."""
    workspace.emulator.seed(
        {
            "transactional": [{"id": 1, "name": "T", "subject": "s", "body": "b"}],
            "broadcasts": [{"id": 1, "name": "B", "messages": [{"subject": "s", "body": "b"}]}],
        }
    )
    with _app(workspace) as app:
        app.snippets.create(name="footer", value="v")
        app.asset_folders.create(name="pictures")
    return workspace


def _app(workspace: Workspace) -> AppClient:
    return AppClient("key", transport=workspace.emulator.transport, clock=FakeClock())


def _shape(body: Any) -> Any:
    """Return what kind of envelope a body is."""
    [(outer, inner)] = body.items()
    if outer == "errors":
        return {outer: [set(each) for each in inner]}
    [(name, said)] = inner.items()
    return {outer: {name: [type(each) for each in said] if isinstance(said, list) else type(said)}}


@pytest.mark.parametrize(
    ("method", "path", "body", "key", "status", "envelope"),
    [
        ("GET", "/v1/segments/99", None, BEARER, 404, LIST),
        ("GET", "/v1/segments", None, "Bearer", 401, LIST),
        ("POST", "/v1/segments", {"segment": {}}, BEARER, 400, LIST),
        ("POST", "/v1/assets/folders", {"name": "pictures"}, BEARER, 409, LIST),
        ("POST", "/v1/snippets", {"name": "footer", "value": "v"}, BEARER, 422, POINTED),
        ("POST", "/v1/campaigns/1/triggers", {"ids": []}, BEARER, 422, POINTED),
        ("POST", "/v1/newsletters", {"type": "email", "name": "N"}, BEARER, 400, DETAIL),
        ("POST", "/v1/send/email", {**MAIL, "identifiers": {}}, BEARER, 400, ERROR),
        ("POST", "/v1/send/email", MAIL, "", 401, ERROR),
        ("POST", "/v1/send/email", {**MAIL, "attachments": {"a": "=" * 8}}, BEARER, 400, ERROR),
        ("PUT", "/v1/transactional/1/content/99", {"body": "b"}, BEARER, 404, ERROR),
        ("PUT", "/api/v1/customers/ann", {"": 1}, BASIC, 400, ERRORS),
        ("PUT", "/api/v1/customers/ann", {}, "", 401, ERRORS),
        ("POST", "/api/v1/merge_customers", {"primary": {}, "secondary": {}}, BASIC, 400, ERROR),
        ("POST", "/api/v2/entity", {"type": "person", "action": "fly"}, BASIC, 400, ITEM),
        ("POST", "/api/v2/batch", {"batch": [{"type": "person"}]}, BASIC, 207, ITEM),
        ("POST", "/v1/identify", {}, BASIC, 400, ERRORS),
        ("POST", "/v1/identify", {"userId": "u"}, "", 401, ERRORS),
        ("GET", "/v1/nothing/there", None, BEARER, 404, LIST),
    ],
)
def test_envelope_is_the_documented_one(
    furnished: Workspace, method: str, path: str, body: Any, key: str, status: int, envelope: dict[str, Any]
) -> None:
    """Which one it is depends on the API, on some operations, and on the status."""
    content = b"" if body is None else json.dumps(body).encode()
    response = furnished.ask(method, path, content, authorization=key, x_strict_mode="1").response
    told = json.loads(response.body)
    for each in told.get("errors", ()):
        each.pop("batch_index", None)
    assert (response.status, _shape(told)) == (status, envelope)


def test_app_client_reads_refusals(furnished: Workspace) -> None:
    """404, 409 and 422 are refusals, with the status and what the service said."""
    with _app(furnished) as app:
        calls = {
            404: lambda: app.segments.get(99),
            409: lambda: app.asset_folders.create(name="pictures"),
            422: lambda: app.snippets.create(name="footer", value="v"),
        }
        for status, call in calls.items():
            with pytest.raises(RefusedError) as caught:
                call()
            assert (caught.value.status, len(caught.value.errors)) == (status, 1)
            assert caught.value.errors[0] in str(caught.value)


def test_app_client_reads_the_wait_of_a_429(furnished: Workspace) -> None:
    """What came too soon says how long to wait; a trigger is not tried again."""
    with _app(furnished) as app:
        app.broadcasts.trigger(1, ids=["x"])
        with pytest.raises(RateLimitError, match="once in 10 seconds") as caught:
            app.broadcasts.trigger(1, ids=["x"])
    assert (caught.value.status, caught.value.retry_after, caught.value.attempts) == (429, 10.0, 1)


@pytest.mark.parametrize("operation", ["send", "merge", "identify", "segments", "pipelines"])
def test_clients_read_a_401_in_every_envelope(workspace: Workspace, operation: str) -> None:
    """The words of the service are in the error, whichever envelope they came in."""
    workspace.emulator.key = "right"
    transport = workspace.emulator.transport
    app, track = AppClient("another", transport=transport), TrackClient("site", "another", transport=transport)
    mail = {name: value for name, value in MAIL.items() if name != "from"}
    calls: dict[str, Any] = {
        "send": lambda: app.send.email(**mail, from_="me@x.io"),
        "merge": lambda: track.v1.merge({"id": "a"}, {"id": "b"}),
        "identify": lambda: track.v1.identify("ann"),
        "segments": lambda: app.segments.get(1),
        "pipelines": lambda: CustomerIOClient("another", transport=transport).identify("ann"),
    }
    with pytest.raises(AuthenticationError, match="the key is missing or wrong") as caught:
        calls[operation]()
    assert caught.value.status == 401
