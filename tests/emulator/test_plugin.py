"""The pytest plugin as users meet it: the fixtures themselves, and a foreign suite run in its own process."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from ciokit import AppClient, AsyncAppClient, AsyncCustomerIOClient, AsyncTrackClient, CustomerIOClient, TrackClient
from ciokit.core.clock import FakeClock
from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer

PLUGIN_COST = """
import sys
known = set(sys.modules)
import pytest
before = set(sys.modules)
import ciokit.testing
print(sorted(name for name in set(sys.modules) - before if name != "ciokit" and not name.startswith("ciokit.")))
print([name for name in ("httpx2", "h11", "ciokit.emulator", "ciokit.settings") if name in sys.modules])
"""


def test_what_a_client_sends_is_read_back(ciokit_client: CustomerIOClient, ciokit_app_client: AppClient) -> None:
    """The clients of one test share one world, in this process."""
    ciokit_client.identify("42", {"plan": "pro"})
    assert ciokit_app_client.customers.attributes("42")["customer"]["attributes"]["plan"] == "pro"


def test_awaitable_clients_share_the_world(
    ciokit_async_client: AsyncCustomerIOClient, ciokit_async_app_client: AsyncAppClient, ciokit_app_client: AppClient
) -> None:
    """Awaitable and blocking clients see the same people."""

    async def send_and_read() -> str:
        await ciokit_async_client.identify("42", {"plan": "pro"})
        person = await ciokit_async_app_client.customers.attributes("42")
        return person["customer"]["attributes"]["plan"]

    assert asyncio.run(send_and_read()) == "pro"
    assert ciokit_app_client.customers.attributes("42")["customer"]["attributes"]["plan"] == "pro"


def test_track_clients_share_the_world(
    ciokit_track_client: TrackClient,
    ciokit_async_track_client: AsyncTrackClient,
    ciokit_client: CustomerIOClient,
    ciokit_app_client: AppClient,
) -> None:
    """What the Track clients write, blocking or awaitable, adds up with what the Pipelines client wrote."""
    ciokit_client.identify("42", {"plan": "pro"})
    ciokit_track_client.v1.identify("42", {"seats": 3})
    asyncio.run(ciokit_async_track_client.v1.identify("42", {"city": "Bern"}))
    attributes = ciokit_app_client.customers.attributes("42")["customer"]["attributes"]
    assert [attributes[name] for name in ("plan", "seats", "city")] == ["pro", "3", "Bern"]


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_its_own_world(ciokit_client: CustomerIOClient, ciokit_emulator: Emulator, turn: int) -> None:
    """Nothing is left over from the test before."""
    ciokit_client.identify(f"person-{turn}", {})
    stats = json.loads(_control(ciokit_emulator, "/_emulator/stats"))
    assert stats["people"] == 1


def test_server_opens_the_same_world(ciokit_server: EmulatorServer, ciokit_client: CustomerIOClient) -> None:
    """What an in-process client sends can be read by another program over a socket."""
    ciokit_client.identify("42", {"plan": "pro"})
    request = urllib.request.Request(
        f"{ciokit_server.base_url}/v1/customers/42/attributes", headers={"authorization": "Bearer any-key"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert json.load(answer)["customer"]["attributes"]["plan"] == "pro"


def test_clock_passes_without_waiting(
    ciokit_client: CustomerIOClient, ciokit_clock: FakeClock, ciokit_emulator: Emulator
) -> None:
    """More calls than the limit lets through take no real time: the clock jumps, for the emulator too."""
    started = time.monotonic()
    for number in range(3100):
        ciokit_client.track("42", "Clicked", message_id=f"m-{number}")
    assert sum(ciokit_clock.sleeps) > 2.9
    assert time.monotonic() - started < 20
    assert json.loads(_control(ciokit_emulator, "/_emulator/stats"))["accepted"] == 3100


def test_fixtures_do_not_look_at_the_environment(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Keys and addresses in the environment do not lead a test's client to a workspace."""
    monkeypatch.setenv("CUSTOMERIO_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CUSTOMERIO_REGION", "mars")
    client = request.getfixturevalue("ciokit_client")
    client.identify("42", {})
    assert client.settings.region == "us"


def test_foreign_suite_gets_the_fixtures_and_can_replace_them(tmp_path: Path) -> None:
    """In a suite that knows nothing of ciokit the fixtures are there, and one can be overridden for the others."""
    (tmp_path / "conftest.py").write_text(
        "import pytest\n"
        "from ciokit.emulator.app import Emulator\n"
        "@pytest.fixture\n"
        "def ciokit_emulator():\n"
        "    return Emulator(key='other')\n"
    )
    (tmp_path / "test_signup.py").write_text(
        "import pytest, ciokit\n"
        "def test_refused(ciokit_client):\n"
        "    with pytest.raises(ciokit.AuthenticationError):\n"
        "        ciokit_client.identify('42', {})\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "--disable-socket", "test_signup.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_plugin_costs_other_suites_nothing() -> None:
    """Loading the plugin brings in no further module: no HTTP client, no emulator, no settings."""
    done = subprocess.run([sys.executable, "-c", PLUGIN_COST], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n[]\n"


def _control(emulator: Emulator, path: str) -> bytes:
    from ciokit.core.wire import Request

    return emulator.handle(Request("GET", f"http://emulator.test{path}", {})).response.body
