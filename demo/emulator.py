"""The emulator the demo talks to: a process of its own on a real socket, asked and told things over HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx2

from ciokit import ConfigurationError

# The pulled network cable, for writes and reads alike: every third request never arrives, and every fifth is taken and
# then answered as if it had not been. The first would lose messages, the second would make two of each.
_PULLED_CABLE = (
    {"route": "* /v1/*", "reset": "before", "every": 3},
    {"route": "* /v1/*", "status": 500, "when": "after", "every": 5},
)
_STOP_SECONDS = 10
_LONGEST_SECONDS = 120  # days of thousands of deliveries, in one request


@contextmanager
def started() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start `ciokit emulate` on a free port; give its base URL and its process, and stop it at the end."""
    command = [sys.executable, "-m", "ciokit", "emulate", "--port", "0", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command line
        try:
            base_url = process.stdout.readline().strip() if process.stdout else ""
            if not base_url:
                raise ConfigurationError("the emulator did not start; its own words stand above")
            yield base_url, process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


class Control:
    """What only an emulator has: counts of what it holds, and failures on demand.

    Raises `ConfigurationError` for any server that is not an emulator, before a single message is sent to it.
    """

    def __init__(self, base_url: str) -> None:
        self._http = httpx2.Client(base_url=base_url, trust_env=False)
        try:
            self._http.get("/_emulator/stats").raise_for_status()
        except httpx2.HTTPError as error:
            self._http.close()
            raise ConfigurationError(
                f"no emulator answers at {base_url} ({type(error).__name__}); start one with `ciokit emulate`. "
                "The demo sends to nothing else, least of all to a workspace"
            ) from None

    def stats(self) -> dict[str, Any]:
        """Return what the emulator has counted."""
        counted: dict[str, Any] = self._http.get("/_emulator/stats").raise_for_status().json()
        return counted

    def seed(self, seed: dict[str, Any]) -> None:
        """Put things into its world that no API can make."""
        self._post("seed", seed)

    def let_live(self, chances: dict[str, float]) -> None:
        """Set what people do with the messages they get."""
        self._post("life", chances)

    def advance(self, seconds: float) -> None:
        """Move its clock on; what was to happen until then happens."""
        self._post("clock", {"advance": seconds})

    def now(self) -> float:
        """Return the time of its clock, in seconds since 1970."""
        now: float = self._http.get("/_emulator/clock").raise_for_status().json()["now"]
        return now

    def webhooks(self) -> dict[str, Any]:
        """Return how its webhooks stand."""
        standing: dict[str, Any] = self._http.get("/_emulator/webhooks").raise_for_status().json()
        return standing

    def settle(self, seconds: int) -> dict[str, Any]:
        """Wait until its webhooks are acknowledged, so many seconds at most; return how they stand."""
        return self._post(f"webhooks/settle?timeout={seconds}", {})

    def _post(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = (
            self._http.post(f"/_emulator/{name}", json=body, timeout=_LONGEST_SECONDS).raise_for_status().json()
        )
        return answer

    @contextmanager
    def pulled_cable(self) -> Iterator[None]:
        """Make requests fail, until the end of the block."""
        rules = [
            self._http.post("/_emulator/faults", json=rule).raise_for_status().json()["id"] for rule in _PULLED_CABLE
        ]
        try:
            yield
        finally:
            for rule in rules:
                self._http.delete("/_emulator/faults", params={"id": rule}).raise_for_status()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
