"""The emulator the demo talks to: a process of its own on a real socket, asked and told things over HTTP."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ciokit import ConfigurationError
from ciokit.emulator.remote import RemoteEmulator

# The pulled network cable, for writes and reads alike: every third request never arrives, and every fifth is taken and
# then answered as if it had not been. The first would lose messages, the second would make two of each.
_PULLED_CABLE = (
    {"route": "* /v1/*", "reset": "before", "every": 3},
    {"route": "* /v1/*", "status": 500, "when": "after", "every": 5},
)
_STOP_SECONDS = 10


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


class Control(RemoteEmulator):
    """An emulator of another process, with what the demo alone asks of it.

    Raises `ConfigurationError` for any server that is not an emulator, before a single message is sent to it.
    """

    def now(self) -> float:
        """Return the time of its clock, in seconds since 1970."""
        now: float = self.ask("GET", "clock")["now"]
        return now

    def webhooks(self) -> dict[str, Any]:
        """Return how its webhooks stand."""
        return self.ask("GET", "webhooks")

    def settle(self, seconds: int) -> dict[str, Any]:
        """Wait until its webhooks are acknowledged, so many seconds at most; return how they stand."""
        return self.ask("POST", f"webhooks/settle?timeout={seconds}")

    @contextmanager
    def pulled_cable(self) -> Iterator[None]:
        """Make requests fail, until the end of the block."""
        rules = [self.ask("POST", "faults", rule)["id"] for rule in _PULLED_CABLE]
        try:
            yield
        finally:
            for rule in rules:
                self.ask("DELETE", f"faults?id={rule}")
