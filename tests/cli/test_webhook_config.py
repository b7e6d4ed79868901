"""`ciokit webhooks config` against an emulator: what it does, what it prints, and how it ends."""

from __future__ import annotations

import pytest

from ciokit.emulator.server import EmulatorServer
from ciokit.webhooks.config import SUBSCRIPTIONS
from tests.cli.conftest import Run

URL = "http://127.0.0.1:1/hooks"
CONFIG = ("webhooks", "config")
WANTED = (*CONFIG, "ensure", "--name", "warehouse", "--endpoint", URL)


def test_ensure_creates_changes_and_leaves_alone(run: Run, server: EmulatorServer) -> None:
    """The same command twice does nothing the second time; another setting is told as what changed."""
    [planned] = run(*WANTED, "--dry-run").rows
    assert (planned["action"], run(*CONFIG, "list").rows) == ("created", [])
    [created] = run(*WANTED).rows
    assert (created["action"], created["changed"]) == ("created", [])
    assert set(created["webhook"]["events"]) == set(SUBSCRIPTIONS)
    assert run(*WANTED).rows == [{**created, "action": "unchanged"}]
    [updated] = run(*WANTED, "--event", "email_opened", "--event", "sms_sent", "--full-resolution").rows
    assert (updated["action"], updated["changed"]) == ("updated", ["events", "full_resolution"])
    assert updated["webhook"]["events"] == ["email_opened", "sms_sent"]
    assert run(*CONFIG, "list").rows == [updated["webhook"]]


def test_a_webhook_is_read_changed_and_deleted(run: Run, server: EmulatorServer) -> None:
    """`update` changes what is given and nothing else; a switch can be turned off again."""
    [made] = run(*WANTED, "--event", "email_sent", "--disabled", "--with-content").rows
    number = str(made["webhook"]["id"])
    assert run(*CONFIG, "get", number).rows == [made["webhook"]]
    assert run(*CONFIG, "update", number, "--no-disabled", "--name", "lake").rows == [
        {**made["webhook"], "disabled": False, "name": "lake"}
    ]
    done = run(*CONFIG, "delete", number)
    assert (done.code, done.out, done.err) == (0, "", "")
    assert run(*CONFIG, "list").rows == []


def test_a_table_is_for_people(run: Run, server: EmulatorServer) -> None:
    """With `--table` webhooks are rows, or the fields of one are."""
    [made] = run(*WANTED).rows
    listed = run(*CONFIG, "list", "--table").out.splitlines()
    assert ("name" in listed[0], "warehouse" in listed[2], len(listed)) == (True, True, 3)
    assert any(
        line.split() == ["name", "warehouse"]
        for line in run(*CONFIG, "get", str(made["webhook"]["id"]), "--table").out.splitlines()
    )


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (("get", "999"), 3, "RefusedError"),
        (("delete", "999"), 3, "RefusedError"),
        (("update", "999", "--name", "x"), 3, "RefusedError"),
        (("ensure", "--name", "x", "--endpoint", "somewhere"), 3, "RefusedError"),
        (("ensure", "--name", "x", "--endpoint", URL, "--event", "email_levitated"), 2, "ValidationError"),
        (("ensure", "--name", "x"), 2, "ValidationError"),
        (("get", "x"), 2, "ValidationError"),
    ],
)
def test_an_error_is_a_line_of_json_and_a_code(
    run: Run, server: EmulatorServer, words: tuple[str, ...], code: int, error: str
) -> None:
    """What the service refuses ends with 3, what cannot be asked with 2, before anything is sent."""
    done = run(*CONFIG, *words)
    assert (done.code, done.error["error"], done.out) == (code, error, "")


def test_without_a_key_nothing_is_sent(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an App API key the command ends with 2 and says which is missing."""
    monkeypatch.delenv("CUSTOMERIO_APP_API_KEY", raising=False)
    done = run(*CONFIG, "list", "--base-url", "http://127.0.0.1:1")
    assert (done.code, "CUSTOMERIO_APP_API_KEY" in done.error["message"]) == (2, True)


def test_two_webhooks_of_one_endpoint_are_not_guessed_between(run: Run, server: EmulatorServer) -> None:
    """Where it is not clear which webhook is meant, `ensure` changes none and ends with 2."""
    for name in ("one", "two"):
        run("app", "reporting-webhooks", "create", "--name", name, "--endpoint", URL, "--events", "email_sent")
    before = run(*CONFIG, "list").rows
    done = run(*WANTED)
    assert (done.code, done.error["error"], len(before)) == (2, "ConfigurationError", 2)
    assert run(*CONFIG, "list").rows == before
