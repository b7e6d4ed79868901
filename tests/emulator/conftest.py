"""One emulated workspace for each test, spoken to at the wire."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from ciokit import AppClient, RefusedError, TrackClient
from ciokit.core.clock import FakeClock
from ciokit.core.wire import Request, Response
from ciokit.emulator.app import Emulator
from ciokit.emulator.clock import EmulatorClock
from ciokit.emulator.reply import Reply
from ciokit.emulator.switches import DEFAULTS

from .raw_http import Stand

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z
HOST = "http://127.0.0.1"
SEND = {"authorization": "Basic azo=", "content-type": "application/json", "x-strict-mode": "1"}
READ = {"authorization": "Bearer k"}

Send = Callable[..., None]
Answer = tuple[int, dict[str, Any]]
Read = Callable[..., Answer]


class Workspace:
    """An emulator whose clock stands still at the start of 2026, and short ways to send it raw requests."""

    def __init__(self, *, state: Path | None = None, key: str | None = None, **switches: Any) -> None:
        self.clock = EmulatorClock(START)
        self.emulator = Emulator(key=key, state=state, switches=DEFAULTS.changed(switches), clock=self.clock)
        self.world = self.emulator.world

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Reply:
        """Send one request with these headers and nothing else."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.emulator.handle(Request(method, f"http://127.0.0.1:8787{path}", given, body))

    def send(self, kind: str, message: Any, *, strict: bool = False, **headers: str) -> tuple[int, Any]:
        """Post one Pipelines body, raw or as JSON; return status and decoded answer."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        given = {"authorization": "Basic a2V5Og==", **({"x_strict_mode": "1"} if strict else {}), **headers}
        response = self.ask("POST", f"/v1/{kind}", body, **given).response
        return response.status, json.loads(response.body)

    def take(self, kind: str, /, **message: Any) -> None:
        """Post one message in strict mode; it must be taken."""
        assert self.send(kind, message, strict=True) == (200, {})

    def event(self, name: str, /, **message: Any) -> None:
        """Post one track call in strict mode; it must be taken."""
        self.take("track", event=name, **message)

    def control(self, method: str, name: str, body: Any = None) -> tuple[int, Any]:
        """Ask the control API, without any key."""
        content = b"" if body is None else json.dumps(body).encode()
        response = self.ask(method, f"/_emulator/{name}", content).response
        return response.status, json.loads(response.body)

    def stats(self) -> dict[str, Any]:
        """Return the emulator's counts."""
        return self.control("GET", "stats")[1]

    def dropped(self) -> list[dict[str, Any]]:
        """Return the ledger's drops."""
        return self.control("GET", "dropped")[1]["dropped"]

    def read(self, path: str) -> tuple[int, Any]:
        """Ask the App API."""
        response = self.ask("GET", path, authorization="Bearer key").response
        return response.status, json.loads(response.body)

    def activities(self, kind: str) -> list[Any]:
        """Return the details of every activity of a kind, oldest first."""
        return [entry.data for entry in self.world.log if entry.type == kind]


def download(emulator: Emulator, url: str) -> Response:
    """Read a link as anybody would: without a key."""
    return emulator.transport.send(Request("GET", url, {}))


def status(call: Callable[[], object]) -> int | None:
    """Return the status a call is refused with."""
    with pytest.raises(RefusedError) as caught:
        call()
    return caught.value.status


@pytest.fixture
def workspace() -> Workspace:
    """Return a fresh workspace with every switch at its default."""
    return Workspace()


@pytest.fixture
def emulator() -> Emulator:
    """Return an emulator whose clock stands still at the start of 2026."""
    return Emulator(clock=EmulatorClock(START))


@pytest.fixture
def app(emulator: Emulator) -> AppClient:
    """Return a client of it."""
    return AppClient("any", transport=emulator.transport, clock=FakeClock())


@pytest.fixture
def send(emulator: Emulator) -> Send:
    """Return a way to send one message of a kind, or a batch of messages, that must be taken."""

    def send(kind: str, **message: Any) -> None:
        body = json.dumps(message).encode()
        answer = emulator.transport.send(Request("POST", f"{HOST}/v1/{kind}", SEND, body))
        assert answer.status == 200, answer.body

    return send


@pytest.fixture
def read(emulator: Emulator) -> Read:
    """Return a way to ask the App API for a raw answer: status and JSON."""

    def read(path: str, body: Any = None, *, headers: dict[str, str] = READ, **query: Any) -> Answer:
        url = f"{HOST}{path}" + (f"?{urlencode(query)}" if query else "")
        content = b"" if body is None else json.dumps(body).encode()
        request = Request("GET" if body is None else "POST", url, headers, content)
        answer = emulator.transport.send(request)
        return answer.status, json.loads(answer.body)

    return read


@pytest.fixture
def track(ciokit_track_client: TrackClient) -> TrackClient:
    """Return a Track client of the plugin's emulator."""
    return ciokit_track_client


@pytest.fixture(params=["standard loop", "uvloop"])
def _loop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve once on the standard event loop and once on uvloop, which is used when it is installed."""
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    else:
        monkeypatch.setitem(sys.modules, "uvloop", None)


@pytest.fixture
def stand() -> Stand:
    """Return the stand-in for the emulator."""
    return Stand()
