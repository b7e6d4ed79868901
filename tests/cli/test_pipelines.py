"""`ciokit pipelines`: messages from options or JSON, and batches from JSON lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer
from tests.cli.conftest import Run

GOOD: dict[str, Any] = {"type": "identify", "userId": "u1", "traits": {"plan": "pro"}}


def attributes(run: Run, person: str) -> Any:
    """Read a person's attributes back."""
    return run("app", "customers", "attributes", person).rows[0]["customer"]["attributes"]


def test_message_from_options_is_sent(run: Run, server: EmulatorServer) -> None:
    """Options make a message, which arrives; its id and size are printed."""
    done = run("pipelines", "identify", "--user-id", "u1", "--traits", '{"plan": "pro"}', "--message-id", "m1")
    assert (done.code, done.err) == (0, "")
    [receipt] = done.rows
    assert receipt["message_id"] == "m1"
    assert receipt["size"] > 0
    assert attributes(run, "u1")["plan"] == "pro"


@pytest.mark.parametrize("given", ["@message.json", "-", json.dumps(GOOD)])
def test_message_from_json_is_sent(given: str, run: Run, server: EmulatorServer, tmp_path: Path) -> None:
    """A whole message in wire form is sent as it is; its type may be left to the command."""
    (tmp_path / "message.json").write_text(json.dumps(GOOD))
    untyped = {name: value for name, value in GOOD.items() if name != "type"}
    assert run("pipelines", "identify", "--body", given, stdin=json.dumps(untyped).encode()).code == 0
    assert attributes(run, "u1")["plan"] == "pro"


def test_every_function_that_builds_a_message_is_a_command(run: Run, keys: None) -> None:
    """Functions of the library are commands too, semantic events by name among them."""
    shown = run("pipelines", "suppress-user", "--user-id", "u1", "--dry-run")
    assert shown.rows[0]["body"]["event"] == "User Suppressed"
    words = ("track-ecommerce-event", "--user-id", "u1", "--event-type", "order_completed", "--data")
    shown = run("pipelines", *words, '{"order_id": "o1"}', "--dry-run")
    assert shown.rows[0]["body"]["event"] == "Order Completed"
    shown = run("pipelines", "track", "--anonymous-id", "a1", "--event-name", "Seen", "--key", "row-1", "--dry-run")
    assert shown.rows[0]["body"].keys() == {"type", "anonymousId", "event", "properties", "messageId"}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("track", "--user-id", "u1"), "--event-name"),
        (("track", "--event-name", "Seen"), "userId"),
        (("identify", "--user-id", "u1", "--body", "{}"), "--body"),
        (("identify", "--body", '{"type": "track"}'), "--body"),
        (("identify", "--body", "[1]"), "--body"),
        (("identify", "--user-id", "u1", "--timestamp", "yesterday"), "timestamp"),
        (("suppress-user",), None),
        (("batch", "none.jsonl"), "FILE"),
    ],
)
def test_bad_message_is_told_before_anything_is_sent(
    arguments: tuple[str, ...], field: str | None, run: Run, server: EmulatorServer, ciokit_emulator: Emulator
) -> None:
    """A message that would be dropped ends with code 2 and names the option or field at fault."""
    done = run("pipelines", *arguments)
    assert (done.code, done.out) == (2, "")
    assert done.error["error"] == "ValidationError"
    assert field in (None, done.error["field"])
    assert ciokit_emulator.traffic.requests == 0


@pytest.mark.parametrize("given", ["rows.jsonl", "@rows.jsonl", "-"])
def test_batch_of_json_lines_is_sent(given: str, run: Run, server: EmulatorServer, tmp_path: Path) -> None:
    """Every line arrives; nothing is printed but the totals on stderr."""
    lines = "\n".join(json.dumps({**GOOD, "userId": f"u{number}"}) for number in range(5)).encode()
    (tmp_path / "rows.jsonl").write_bytes(lines)
    done = run("pipelines", "batch", given, "--context", '{"ip": "192.0.2.1"}', stdin=lines)
    assert (done.code, done.out) == (0, "")
    totals = done.error
    assert (totals["accepted"], totals["rejected"], totals["unknown"], totals["requests"]) == (5, 0, 0, 1)
    assert attributes(run, "u4")["plan"] == "pro"


def test_problems_of_a_batch_are_told_by_line(run: Run, server: EmulatorServer) -> None:
    """What is no message, or would be dropped, is told with its line and reason; the others arrive; the code is 1."""
    lines = [json.dumps(GOOD), "", "{not json", '{"type": "track", "userId": "u1"}', "[1]", json.dumps(GOOD)]
    done = run("pipelines", "batch", "-", stdin="\n".join(lines).encode())
    assert done.code == 1
    assert [(row["line"], row["index"], row["status"], row["field"]) for row in done.rows] == [
        (3, 1, "rejected", None if done.rows[0]["field"] is None else "type"),
        (4, 2, "rejected", "event"),
        (5, 3, "rejected", "type"),
    ]
    assert "not valid JSON" in done.rows[0]["reason"]
    assert (done.error["accepted"], done.error["rejected"]) == (2, 3)
    assert attributes(run, "u1")["plan"] == "pro"


def test_batch_that_must_stop_tells_what_became_of_each(
    run: Run, server: EmulatorServer, ciokit_emulator: Emulator
) -> None:
    """A wrong key ends with its own code, after a verdict for each message and the totals."""
    ciokit_emulator.key = "another"
    done = run("pipelines", "batch", "-", stdin=json.dumps(GOOD).encode())
    assert done.code == 4
    assert [row["status"] for row in done.rows] == ["rejected"]
    totals, error = done.told
    assert totals["rejected"] == 1
    assert error["error"] == "AuthenticationError"


def test_dry_run_of_a_batch_shows_its_requests(run: Run, keys: None) -> None:
    """A dry run packs the batch and prints each request instead of sending it."""
    alias = {"type": "alias", "userId": "u1", "previousId": "u0"}
    lines = "\n".join(map(json.dumps, [GOOD, GOOD, alias])).encode()
    done = run("pipelines", "batch", "-", "--dry-run", stdin=lines)
    assert done.code == 0
    assert [row["url"].rpartition("/")[2] for row in done.rows] == ["batch", "alias"]
    assert len(done.rows[0]["body"]["batch"]) == 2
