"""`ciokit doctor` finds what is wrong with a set-up, and says what to do."""

from __future__ import annotations

import json
import socket
import time
from email.utils import formatdate
from typing import Any

import pytest

from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer
from tests.cli.conftest import KEY, Done, Run
from tests.support.wire import Answer, scripted_server


def states(done: Done) -> dict[str, str]:
    """Return what was found of each check."""
    return {row["check"]: row["state"] for row in done.rows}


def fixes(done: Done) -> dict[str, str]:
    """Return what is to be done about each wrong check."""
    return {row["check"]: row["fix"] for row in done.rows if row["state"] == "wrong"}


def test_good_set_up_is_found_good(run: Run, server: EmulatorServer, ciokit_emulator: Emulator) -> None:
    """With the right keys every check is good, the code is 0, and nothing was written."""
    done = run("doctor", "--json")
    assert (done.code, done.err) == (0, "")
    assert set(states(done).values()) == {"ok"}
    assert {"settings", "pipelines key", "app key", "pipelines host", "app access", "pipelines access", "clock"} <= (
        states(done).keys()
    )
    assert ciokit_emulator.stats()["accepted"] == 0
    assert ciokit_emulator.stats()["dropped"] == 0
    assert KEY not in done.out


def test_text_is_for_people(run: Run, server: EmulatorServer) -> None:
    """Without `--json` each check is a line of text."""
    done = run("doctor")
    assert done.code == 0
    assert all(line.startswith("ok ") for line in done.out.splitlines())


def test_wrong_key_is_found_and_the_region_hinted_at(
    run: Run, server: EmulatorServer, ciokit_emulator: Emulator
) -> None:
    """A key that is refused fails the checks of both APIs, and the fix names the other region."""
    ciokit_emulator.key = "another"
    done = run("doctor", "--json")
    assert done.code == 1
    assert {name for name, state in states(done).items() if state == "wrong"} == {
        "pipelines access",
        "app access",
        "track access",
    }
    assert all("CUSTOMERIO_REGION=eu" in fix for fix in fixes(done).values())
    done = run("doctor", "--region", "eu")
    assert "-> copy the key again" in done.out
    assert "CUSTOMERIO_REGION=us" in done.out


def test_nothing_listening_is_found(run: Run, keys: None) -> None:
    """Where nothing answers, the hosts are wrong, and no key is tried."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    done = run("doctor", "--json", "--base-url", url)
    assert done.code == 1
    assert states(done)["app host"] == states(done)["pipelines host"] == "wrong"
    assert "ciokit emulate" in fixes(done)["app host"]
    assert "app access" not in states(done)
    assert states(done)["clock"] == "note"


def test_missing_keys_are_found(run: Run, ciokit_server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any key that is wrong, and the fix names the variables; with one, the other is noted."""
    done = run("doctor", "--json", "--base-url", ciokit_server.base_url)
    assert done.code == 1
    assert "CUSTOMERIO_API_KEY" in fixes(done)["pipelines key"]
    assert "CUSTOMERIO_APP_API_KEY" in fixes(done)["app key"]
    monkeypatch.setenv("CUSTOMERIO_API_KEY", KEY)
    done = run("doctor", "--json", "--base-url", ciokit_server.base_url)
    assert done.code == 0
    assert (states(done)["pipelines key"], states(done)["app key"]) == ("ok", "note")
    monkeypatch.setenv("CUSTOMERIO_API_KEY", "two words")
    done = run("doctor", "--json", "--base-url", ciokit_server.base_url)
    assert (done.code, states(done)["pipelines key"]) == (1, "wrong")


def test_wrong_setting_is_found(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot work is the one thing told."""
    monkeypatch.setenv("CUSTOMERIO_REGION", "mars")
    done = run("doctor", "--json")
    assert (done.code, states(done)) == (1, {"settings": "wrong"})


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, "ok"), (-600, "wrong"), (600, "wrong")], ids=["right", "ahead", "behind"]
)
def test_clock_is_held_against_the_services(seconds: int, state: str, run: Run, keys: None) -> None:
    """A clock that is minutes off the time in the answers is wrong."""
    date = {"date": formatdate(time.time() + seconds, usegmt=True)}
    with scripted_server() as server:
        server.judge = lambda seen: Answer(400 if seen.path == "/v1/identify" else 200, headers=date)
        done = run("doctor", "--json", "--base-url", server.base_url)
    found: dict[str, Any] = next(row for row in done.rows if row["check"] == "clock")
    assert found["state"] == state
    assert ("ahead of" if seconds < 0 else "behind") in found["said"] or state == "ok"


def test_strict_mode_that_does_not_arrive_is_found(run: Run, keys: None) -> None:
    """Where an empty message is answered 200, strict mode is not in force, and that is wrong."""
    with scripted_server() as server:
        done = run("doctor", "--json", "--base-url", server.base_url)
        asked = [seen for seen in server.seen if seen.path == "/v1/identify"]
    assert [json.loads(seen.body) for seen in asked] == [{}]
    assert asked[0].headers["x-strict-mode"] == "1"
    assert states(done)["pipelines access"] == "wrong"
    assert "X-Strict-Mode" in fixes(done)["pipelines access"]


def test_strict_mode_switched_off_is_noted(run: Run, server: EmulatorServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Strict mode switched off by the settings is no fault, but is told."""
    monkeypatch.setenv("CUSTOMERIO_STRICT_MODE", "0")
    done = run("doctor", "--json")
    assert (done.code, states(done)["strict mode"]) == (0, "note")
