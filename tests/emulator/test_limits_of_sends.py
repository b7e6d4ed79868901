"""Sends and triggers are taken up to their documented size and refused above it, whoever asks."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.emulator.conftest import Workspace

SEND: dict[str, Any] = {"to": "ann@x.io", "identifiers": {"id": "ann"}, "subject": "s", "body": "b", "from": "me@x.io"}
TRIGGER = "/v1/campaigns/1/triggers"


@pytest.fixture
def furnished(workspace: Workspace) -> Workspace:
    """A workspace with something to send and to trigger."""
    workspace.emulator.seed(
        {
            "transactional": [{"id": 2, "name": "P", "type": "push", "subject": "t"}],
            "broadcasts": [{"id": 1, "name": "B", "messages": [{"subject": "s", "body": "b"}]}],
        }
    )
    return workspace


def _ask(workspace: Workspace, path: str, body: Any) -> tuple[int, Any]:
    content = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    response = workspace.ask("POST", path, content, authorization="Bearer key").response
    return response.status, json.loads(response.body)


def _of_size(size: int, name: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return a body of exactly so many bytes, filled up in one text."""
    empty = len(json.dumps({**body, name: ""}, separators=(",", ":")))
    return {**body, name: "x" * (size - empty)}


@pytest.mark.parametrize(("size", "status"), [(1_000_000, 200), (1_000_001, 400)])
def test_send_has_at_most_a_megabyte(furnished: Workspace, size: int, status: int) -> None:
    """Of a mail and of a push alike, and in the envelope of sends."""
    answers = [
        _ask(furnished, "/v1/send/email", _of_size(size, "body", SEND)),
        _ask(
            furnished,
            "/v1/send/push",
            _of_size(size, "message", {"transactional_message_id": 2, "identifiers": {"id": "ann"}}),
        ),
    ]
    assert [answer[0] for answer in answers] == [status, status]
    assert status == 200 or {*answers[0][1]["meta"], *answers[1][1]["meta"]} == {"error"}


@pytest.mark.parametrize(("size", "status"), [(2_000_000, 200), (2_000_001, 413)])
def test_attachments_have_two_megabytes_of_their_own(furnished: Workspace, size: int, status: int) -> None:
    """All files together, before base64, and apart from the request."""
    halves = {name: base64.b64encode(b"x" * part).decode() for name, part in (("a", 1_000_000), ("b", size - 10**6))}
    assert _ask(furnished, "/v1/send/email", {**SEND, "attachments": halves})[0] == status


@pytest.mark.parametrize(("count", "status"), [(15, 200), (16, 400)])
def test_mail_has_at_most_fifteen_recipients(furnished: Workspace, count: int, status: int) -> None:
    """Those of `to`, `cc` and `bcc` together."""
    many = ",".join(f"p{number}@x.io" for number in range(count - 2))
    assert _ask(furnished, "/v1/send/email", {**SEND, "to": many, "cc": "c@x.io", "bcc": "d@x.io"})[0] == status


@pytest.mark.parametrize(("late", "status"), [(90 * 86_400, 200), (90 * 86_400 + 1, 400)])
def test_mail_leaves_in_ninety_days_at_most(furnished: Workspace, late: int, status: int) -> None:
    """A time further ahead is refused."""
    assert _ask(furnished, "/v1/send/email", {**SEND, "send_at": int(furnished.clock.now()) + late})[0] == status


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"data": {"text": "x" * 49_989}}, None),
        ({"data": {"text": "x" * 49_990}}, "/data"),
        ({"ids": ["x"] * 10_000}, None),
        ({"ids": ["x"] * 10_001}, "/ids"),
        ({"emails": ["x@x.io"] * 10_001}, "/emails"),
        ({"per_user_data": [{"id": "x"}] * 10_001}, "/per_user_data"),
    ],
    ids=["data", "data+1", "ids", "ids+1", "emails+1", "people+1"],
)
def test_trigger_keeps_its_limits(furnished: Workspace, body: dict[str, Any], pointer: str | None) -> None:
    """Data of 50,000 B and 10,000 recipients are taken, and a 422 points at what is over."""
    status, answer = _ask(furnished, TRIGGER, body)
    assert status == (200 if pointer is None else 422)
    assert answer.get("errors", [{}])[0].get("source", {}).get("pointer") == pointer


@pytest.mark.parametrize(("size", "status"), [(25_000_000, 200), (25_000_001, 422)])
def test_trigger_has_at_most_25_megabytes(furnished: Workspace, size: int, status: int) -> None:
    """White space counts: it is the request that is measured."""
    assert _ask(furnished, TRIGGER, b'{"ids":["x"]}'.ljust(size))[0] == status


@pytest.mark.parametrize(("size", "status"), [(2_000_000, 200), (2_000_001, 422)])
def test_line_of_a_file_has_two_megabytes(furnished: Workspace, size: int, status: int) -> None:
    """Of one person, as the file says it."""
    line = b'{"id":"ann"}'.ljust(size - 1) + b"\t"
    url = furnished.emulator.files.put(line + b"\n")
    assert _ask(furnished, TRIGGER, {"data_file_url": url})[0] == status


def test_broadcast_is_triggered_once_in_ten_seconds(furnished: Workspace) -> None:
    """A second trigger is a 429 that says how long to wait, and is taken after that."""
    assert _ask(furnished, TRIGGER, {"ids": ["x"]})[0] == 200
    furnished.clock.advance(4)
    refused = furnished.ask("POST", TRIGGER, b"{}", authorization="Bearer key").response
    assert (refused.status, refused.headers["retry-after"]) == (429, "6")
    furnished.clock.advance(6)
    assert _ask(furnished, TRIGGER, {"ids": ["x"]})[0] == 200
