"""Keys are let in for what they are for: 401 for a wrong one, 403 for one whose scope does not cover the operation."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ciokit import AppClient
from ciokit.emulator.keys import Key
from ciokit.errors import AuthenticationError
from tests.emulator.conftest import Workspace

SEND = {"to": "ann@x.io", "identifiers": {"id": "ann"}, "subject": "s", "body": "b", "from": "me@x.io"}
SEARCH = {"filter": {"attribute": {"field": "id", "operator": "exists"}}}
TOKEN = "sa_live_1"


@pytest.fixture
def guarded(workspace: Workspace) -> Workspace:
    """A workspace with a key of each API and scope, and something to trigger."""
    workspace.emulator.seed({"broadcasts": [{"id": 1, "name": "B", "messages": [{"subject": "s", "body": "b"}]}]})
    for key in (
        {"key": "all", "surface": "app"},
        {"key": "reader", "surface": "app", "scope": "read"},
        {"key": "sender", "surface": "app", "scope": "send"},
        {"key": TOKEN, "surface": "app"},
        {"key": "secret", "surface": "track"},
        {"key": "source", "surface": "pipelines"},
    ):
        assert workspace.control("POST", "keys", key)[0] == 200
    return workspace


def _ask(workspace: Workspace, key: str, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    content = b"" if body is None else json.dumps(body).encode()
    response = workspace.ask(method, path, content, authorization=f"Bearer {key}", **headers).response
    return response.status, json.loads(response.body or b"null")


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize(
    ("key", "reads", "searches", "makes", "sends", "triggers"),
    [
        ("all", 200, 200, 200, 200, 200),
        ("reader", 200, 200, 403, 403, 403),
        ("sender", 403, 403, 403, 200, 200),
        ("wrong", 401, 401, 401, 401, 401),
    ],
)
def test_key_does_what_its_scope_covers(
    guarded: Workspace, key: str, reads: int, searches: int, makes: int, sends: int, triggers: int
) -> None:
    """Reading takes searches in, and sending takes triggers in; an unknown key may do nothing."""
    assert _ask(guarded, key, "GET", "/v1/segments")[0] == reads
    assert _ask(guarded, key, "POST", "/v1/customers", SEARCH)[0] == searches
    assert _ask(guarded, key, "POST", "/v1/segments", {"segment": {"name": "S"}})[0] == makes
    assert _ask(guarded, key, "POST", "/v1/send/email", SEND)[0] == sends
    assert _ask(guarded, key, "POST", "/v1/campaigns/1/triggers", {"ids": ["ann"]})[0] == triggers


def test_a_reader_downloads_what_others_exported(guarded: Workspace) -> None:
    """To ask for a file is reading, although the workspace counts how often it was asked for."""
    everybody = {"filters": SEARCH["filter"]}
    assert _ask(guarded, "reader", "POST", "/v1/exports/customers", everybody)[0] == 403
    made = _ask(guarded, "all", "POST", "/v1/exports/customers", everybody)[1]["export"]["id"]
    guarded.clock.advance(60)
    assert _ask(guarded, "reader", "GET", f"/v1/exports/{made}/download")[0] == 200
    assert _ask(guarded, "reader", "GET", f"/v1/exports/{made}")[1]["export"]["downloads"] == 1


def test_refusals_have_the_envelope_of_the_operation(guarded: Workspace) -> None:
    """A send says what is wrong under `meta`, others in a list; neither says the key."""
    status, answer = _ask(guarded, "reader", "POST", "/v1/send/email", SEND)
    assert (status, list(answer["meta"])) == (403, ["error"])
    status, answer = _ask(guarded, "sender", "GET", "/v1/segments")
    assert (status, answer["errors"][0]["status"]) == (403, "403")
    assert "sender" not in json.dumps(answer)


def test_client_tells_a_scope_that_is_too_narrow(guarded: Workspace) -> None:
    """The client's error has the status and what the service said of it."""
    client = AppClient("reader", transport=guarded.emulator.transport)
    with pytest.raises(AuthenticationError, match=r"403.*scope is `read`"):
        client.segments.create({"name": "S"})


def test_service_account_sends_into_the_workspace_it_names(guarded: Workspace) -> None:
    """Its token is taken by sends alone, and with the number of a workspace (App catalogue, auth)."""
    assert _ask(guarded, TOKEN, "POST", "/v1/send/email", SEND, x_workspace_id="1")[0] == 200
    status, answer = _ask(guarded, TOKEN, "POST", "/v1/send/email", SEND)
    assert (status, "x-workspace-id" in answer["meta"]["error"]) == (400, True)
    assert _ask(guarded, TOKEN, "GET", "/v1/segments", x_workspace_id="1")[0] == 401


def test_each_api_has_its_own_keys(guarded: Workspace) -> None:
    """A key of one API is wrong for the others."""
    for secret, status in (("secret", 200), ("all", 401), ("source", 401)):
        asked = guarded.ask("PUT", "/api/v1/customers/ann", b"{}", authorization=_basic("site", secret))
        assert asked.response.status == status
    for source, status in (("source", 200), ("secret", 401)):
        assert guarded.send("identify", {"userId": "u"}, strict=True, authorization=_basic(source, ""))[0] == status


def test_named_keys_are_shown_without_themselves_and_forgotten(guarded: Workspace) -> None:
    """What is named can be counted, not read; without any, whatever is not empty is let in again."""
    shown = guarded.control("GET", "keys")[1]["keys"]
    assert {"surface": "app", "scope": "read"} in shown
    assert "secret" not in json.dumps(shown)
    assert TOKEN not in repr(Key(TOKEN, "app"))
    assert guarded.control("DELETE", "keys") == (200, {"removed": 6})
    assert _ask(guarded, "wrong", "GET", "/v1/segments")[0] == 200


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ({"surface": "app"}, "key"),
        ({"key": "k"}, "surface"),
        ({"key": "k", "surface": "app", "scope": "write"}, "scope"),
        ({"key": "k", "surface": "track", "scope": "read"}, "scope"),
        ({"key": "k", "surface": "app", "until": 1}, "until"),
    ],
)
def test_wrong_key_is_named_by_its_field(workspace: Workspace, key: dict[str, Any], field: str) -> None:
    """A key that cannot be is refused, and nothing changes."""
    status, answer = workspace.control("POST", "keys", key)
    assert (status, answer["errors"][0]["field"]) == (400, field)
    assert workspace.control("GET", "keys")[1] == {"keys": []}
