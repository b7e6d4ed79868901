"""What the tests of the command line share: a way to run it in this process, and an emulator for it to call."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ciokit.cli import main
from ciokit.emulator.server import EmulatorServer
from ciokit.surfaces import KEY_SETTINGS

KEY = "key-that-no-output-holds"


@dataclass
class Done:
    """How a run ended."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[Any]:
        """The output, line by line."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def told(self) -> list[Any]:
        """What stands on stderr, line by line."""
        return [json.loads(line) for line in self.err.splitlines()]

    @property
    def error(self) -> Any:
        """The one line on stderr."""
        [line] = self.told
        return line


Run = Callable[..., Done]


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Return a function that runs `ciokit` with some arguments, in an empty folder, and tells how it ended."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def running(*arguments: str, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        try:
            code = main(arguments)
        except SystemExit as end:
            code = int(end.code or 0)
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        return Done(code, out.decode(), err.decode())

    return running


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set every key."""
    for name in KEY_SETTINGS:
        monkeypatch.setenv(f"CUSTOMERIO_{name.upper()}", KEY)


@pytest.fixture
def server(ciokit_server: EmulatorServer, keys: None, monkeypatch: pytest.MonkeyPatch) -> EmulatorServer:
    """Return a running emulator that the command line finds by its environment."""
    monkeypatch.setenv("CUSTOMERIO_BASE_URL", ciokit_server.base_url)
    return ciokit_server
