"""`ciokit testdata`: the permanent test data from the command line, and how it ends when something is wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ciokit.emulator.app import Emulator
from ciokit.emulator.faults import Fault
from ciokit.emulator.server import EmulatorServer
from ciokit.testdata import ANN, PREFIX
from tests.cli.conftest import KEY, Run

WRITING = ("create", "remove")


def row(action: str, **facts: Any) -> dict[str, Any]:
    """Return the line of a run that went well, with other facts where given."""
    return {"testdata": PREFIX, "action": action, "ok": True, "sent": 0, "differences": [], **facts}


def test_it_is_created_verified_and_removed(run: Run, server: EmulatorServer, ciokit_emulator: Emulator) -> None:
    """Each action prints one line of JSON, tells progress on stderr, and ends with 0; create and remove may repeat."""
    for action, sent, people in (
        ("create", 9, 4),
        ("create", 0, 4),
        ("verify", 0, 4),
        ("remove", 6, 0),
        ("remove", 6, 0),
        ("create", 9, 4),
    ):
        done = run("testdata", action)
        assert (done.code, done.rows) == (0, [row(action, sent=sent)])
        assert all("note" in line for line in done.told)
        assert bool(done.told) is (action != "verify")
        assert ciokit_emulator.stats()["people"] == people
        assert KEY not in done.out + done.err


def test_what_is_not_as_declared_ends_with_1(run: Run, server: EmulatorServer, ciokit_emulator: Emulator) -> None:
    """A difference is told by kind and id and makes the code 1."""
    assert run("testdata", "create").code == 0
    ciokit_emulator.seed([{"type": "identify", "userId": ANN.id, "traits": {"plan": "another"}}])
    done = run("testdata", "verify")
    difference = {"kind": "person", "id": ANN.id, "problem": "has another `plan`"}
    assert (done.code, done.rows) == (1, [row("verify", ok=False, differences=[difference])])


def test_what_could_not_be_deleted_is_printed(run: Run, server: EmulatorServer, ciokit_emulator: Emulator) -> None:
    """What is still there when the time is over is listed, and makes the code 1."""
    assert run("testdata", "create").code == 0
    ciokit_emulator.switch({"ingestion_delay": 1000})
    done = run("testdata", "remove", "--wait", "0.1")
    assert done.code == 1
    left = done.rows[0]["differences"]
    assert {each["kind"]: each["problem"] for each in left} == {"person": "is there", "object": "is there"}
    assert ANN.id in {each["id"] for each in left}


def test_what_takes_time_is_waited_for(run: Run, server: EmulatorServer, ciokit_emulator: Emulator) -> None:
    """Where it takes a moment until what was taken can be read, that is waited for."""
    ciokit_emulator.switch({"ingestion_delay": 0.3})
    assert run("testdata", "create").code == 0
    ciokit_emulator.switch({"ingestion_delay": 0})
    assert run("testdata", "verify").code == 0


@pytest.mark.parametrize("action", WRITING)
def test_dry_run_sends_nothing(action: str, run: Run) -> None:
    """A dry run prints the requests, needs no key, and shows none."""
    done = run("testdata", action, "--dry-run")
    assert (done.code, done.err) == (0, "")
    assert {each["method"] for each in done.rows} == {"POST"}
    assert all(each["url"].startswith("https://cdp.customer.io/v1/") for each in done.rows)
    named = [each for line in done.rows for each in line["body"].get("batch", [line["body"]])]
    assert all(PREFIX in json.dumps(each) for each in named)


@pytest.mark.parametrize("action", [*WRITING, "verify"])
def test_missing_key_ends_with_2(action: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without keys nothing is sent, and the error says where one goes."""
    done = run("testdata", action, "--base-url", "http://127.0.0.1:9")
    assert (done.code, done.out, done.error["error"]) == (2, "", "ConfigurationError")
    monkeypatch.setenv("CUSTOMERIO_API_KEY", KEY)
    done = run("testdata", action, "--base-url", "http://127.0.0.1:9")
    assert done.code == 2
    assert "CUSTOMERIO_APP_API_KEY" in done.error["message"]


@pytest.mark.parametrize("wrong", ["CUSTOMERIO_API_KEY", "CUSTOMERIO_APP_API_KEY"])
@pytest.mark.parametrize("strict", ["0", "1"])
@pytest.mark.parametrize("action", WRITING)
def test_wrong_key_ends_with_4_and_changes_nothing(
    action: str,
    strict: str,
    wrong: str,
    run: Run,
    server: EmulatorServer,
    ciokit_emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With either key wrong nothing is written or deleted, whatever strict mode is set to."""
    assert run("testdata", "create").code == 0
    ciokit_emulator.key = KEY
    ciokit_emulator.seed([{"type": "identify", "userId": ANN.id, "traits": {"plan": "another"}}])
    before = ciokit_emulator.stats()
    monkeypatch.setenv(wrong, "another")
    monkeypatch.setenv("CUSTOMERIO_STRICT_MODE", strict)
    done = run("testdata", action)
    assert (done.code, done.out) == (4, "")
    assert done.told[-1]["error"] == "AuthenticationError"
    after = ciokit_emulator.stats()
    assert (after["accepted"], after["people"]) == (before["accepted"], before["people"])


def test_no_network_ends_with_7(run: Run, keys: None) -> None:
    """Where nothing answers, that is told in one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    done = run("testdata", "create", "--base-url", url)
    assert (done.code, done.out, done.error["error"]) == (7, "", "NetworkError")
    assert done.error["retryable"] is True


def test_service_that_fails_on_the_way_is_told_and_running_again_goes_on(
    run: Run, server: EmulatorServer, ciokit_emulator: Emulator
) -> None:
    """Where the service fails for good between two requests, what was taken stays, and the next run writes the rest."""
    ciokit_emulator.faults.add(Fault(route="POST /v1/track", status=503, retry_after=0))
    done = run("testdata", "create")
    assert (done.code, done.out, done.told[-1]["error"]) == (6, "", "ServerError")
    stats = ciokit_emulator.stats()
    assert (stats["people"], stats["devices"]) == (4, 0)
    ciokit_emulator.faults.remove(None)
    assert run("testdata", "create").rows == [row("create", sent=9)]
    assert ciokit_emulator.stats()["devices"] == 2


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows cannot be told to kill without warning")
def test_killed_on_the_way_it_is_finished_by_the_next_run(
    run: Run, server: EmulatorServer, ciokit_emulator: Emulator, tmp_path: Path
) -> None:
    """After kill -9 in the middle `verify` tells what is missing, and `create` makes it."""
    ciokit_emulator.faults.add(Fault(route="POST /v1/track", status=500, delay=60))
    command = [sys.executable, "-m", "ciokit", "testdata", "create"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=os.environ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "messages taken" in line:  # the people; the devices are on their way
                process.kill()
                break
        assert process.wait(30) == -signal.SIGKILL
    ciokit_emulator.faults.remove(None)
    missing = run("testdata", "verify").rows[0]["differences"]
    assert {(each["kind"], each["problem"]) for each in missing} == {("device", "is missing")}
    assert run("testdata", "create").code == 0
    assert run("testdata", "verify").code == 0


@pytest.mark.parametrize("wait", ["-1", "nan", "inf", "soon"])
def test_wait_must_be_seconds(wait: str, run: Run, keys: None) -> None:
    """A time that is none is refused before anything is sent."""
    done = run("testdata", "verify", "--wait", wait)
    assert (done.code, done.out, done.error["error"]) == (2, "", "ValidationError")
    assert "--wait" in (done.error["field"] or done.error["message"])
