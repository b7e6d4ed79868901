"""Answers have the documented shape where the operations of one noun differ in it."""

from __future__ import annotations

import json
from typing import Any

from tests.emulator.conftest import Workspace

STEP = {"id": 11, "subject": "s", "body": "b"}


def _tell(workspace: Workspace, method: str, path: str, body: Any) -> tuple[int, Any]:
    response = workspace.ask(method, path, json.dumps(body).encode(), authorization="Bearer key").response
    return response.status, json.loads(response.body)


def test_list_of_broadcast_errors_goes_on_at_a_number(workspace: Workspace) -> None:
    """The mark of this list alone is a whole number, and 0 after the last row (App catalogue, broadcastErrors)."""
    workspace.emulator.seed({"broadcasts": [{"id": 1, "name": "B", "messages": [{"subject": "s", "body": "b"}]}]})
    assert _tell(workspace, "POST", "/v1/campaigns/1/triggers", {"ids": ["x", "y"]}) == (200, {"id": 1})
    workspace.clock.advance(5)
    path = "/v1/campaigns/1/triggers/1/errors?limit=1"
    assert workspace.read(path)[1]["next"] == 1
    assert workspace.read(path + "&start=1")[1]["next"] == 0


def test_step_has_the_fields_of_its_kind_alone(workspace: Workspace) -> None:
    """An e-mail takes no picture and no method, an SMS no subject (App catalogue, automation_action)."""
    seeds: list[Any] = [{"id": n, "name": "C", "messages": [{**STEP, "id": n}]} for n in (1, 2)]
    seeds[1]["messages"][0]["type"] = "twilio"
    workspace.emulator.seed({"campaigns": seeds})
    changed = {"body": "new", "image_url": "https://x.io/a.png", "method": "get", "subject": "new"}
    mail, sms = (_tell(workspace, "PUT", f"/v1/campaigns/{n}/actions/{n}", changed)[1]["action"] for n in (1, 2))
    assert (mail["body"], mail["subject"]) == (sms["body"], "new")
    assert mail.keys().isdisjoint({"image_url", "method"})
    assert sms["image_url"] == "https://x.io/a.png"
    assert (sms["subject"], "method" in sms) == ("s", False)


def test_newsletters_say_what_is_wrong_and_nothing_else(workspace: Workspace) -> None:
    """Making and scheduling one is refused with details alone; where nothing is, and without a key, as everywhere."""
    status, answer = _tell(workspace, "POST", "/v1/newsletters", {"type": "email", "name": "N"})
    assert (status, list(answer["errors"][0])) == (400, ["detail"])
    status, answer = _tell(workspace, "POST", "/v1/newsletters/9/schedule", {"scheduled_at": 10**10, "timezone": "UTC"})
    assert (status, set(answer["errors"][0])) == (404, {"detail", "status"})


def test_object_type_of_an_import_is_a_number_as_text(workspace: Workspace) -> None:
    """Whatever is imported, an object type that is none is refused, and not told back."""
    asked = {"name": "I", "data_file_url": "https://x.invalid/a.csv", "type": "people", "identifier": "id"}
    assert _tell(workspace, "POST", "/v1/imports", {"import": {**asked, "object_type_id": [1]}})[0] == 400
    assert _tell(workspace, "POST", "/v1/imports", {"import": {**asked, "object_type_id": "1"}})[0] == 200
