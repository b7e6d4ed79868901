"""Wherever output cannot go, a command ends with its code and one line, or goes on: it never shows a traceback."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ciokit.emulator.server import EmulatorServer

PRINTING = (
    ("config",),
    ("doctor",),
    ("doctor", "--json"),
    ("completion", "bash"),
    ("webhooks", "sql"),
    ("app", "objects", "types", "--dry-run"),
    ("--help",),
    ("--version",),
    ("app", "campaigns", "metrics", "--help"),
)
NOWHERE = ("app", "objects", "types", "--base-url", "http://127.0.0.1:9")


def _shell(redirected: str, *arguments: str, cwd: Path) -> tuple[int, str, str]:
    """Run `ciokit` in a shell, with what it writes led elsewhere; return its code and what still came."""
    command = f"{shlex.join([sys.executable, '-m', 'ciokit', *arguments])} {redirected}"
    done = subprocess.run(["/bin/sh", "-c", command], cwd=cwd, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_full_disk_is_one_line_and_code_1(arguments: tuple[str, ...], server: EmulatorServer, tmp_path: Path) -> None:
    """Whatever a command prints, a disk that is full is told in one line; where it calls an API, as JSON."""
    code, _, err = _shell("> /dev/full", *arguments, cwd=tmp_path)
    [line] = err.splitlines()
    assert code == 1
    assert "the output could not be written (No space left on device)" in line
    if arguments[0] in ("app", "doctor") and "--help" not in arguments:
        assert json.loads(line)["error"] == "OutputError"


@pytest.mark.parametrize("arguments", PRINTING, ids=" ".join)
def test_closed_output_is_one_line(arguments: tuple[str, ...], server: EmulatorServer, tmp_path: Path) -> None:
    """Where the shell has closed the output a call is not made; what only prints is told to have failed."""
    code, _, err = _shell(">&-", *arguments, cwd=tmp_path)
    [line] = err.splitlines()
    calls = arguments[0] in ("app", "doctor") and "--help" not in arguments
    assert code == (2 if calls else 1)
    assert ("standard output is closed" if calls else "the output could not be written (it is closed)") in line


@pytest.mark.parametrize("redirected", ["2>&-", "2> /dev/full"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (NOWHERE, 7),
        (("config", "--profile", "none"), 2),
        (("app", "objects", "kinds"), 2),
        (("webhooks", "nonsense"), 2),
        (("nonsense",), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_error_that_cannot_be_told_keeps_its_code(
    arguments: tuple[str, ...], code: int, redirected: str, server: EmulatorServer, tmp_path: Path
) -> None:
    """With stderr closed or full an error has its code, and does not go where the output belongs."""
    assert _shell(redirected, *arguments, cwd=tmp_path) == (code, "", "")


def test_warning_about_dotenv_does_not_join_the_output(server: EmulatorServer, tmp_path: Path) -> None:
    """With stderr closed, a line of `.env` that is none leaves the output as it is."""
    (tmp_path / ".env").write_text("nonsense\n")
    code, out, _ = _shell("2>&-", "app", "objects", "types", "--dry-run", cwd=tmp_path)
    assert code == 0
    assert json.loads(out)["method"] == "GET"


@pytest.mark.parametrize("arguments", [("emulate",), ("webhooks", "serve", "--no-commit", "--journal", "j")])
def test_server_that_cannot_say_where_it_is_ends(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk nobody learns which port was picked: a server ends with one line, and no traceback in its log."""
    monkeypatch.setenv("CUSTOMERIO_WEBHOOK_SIGNING_KEY", "k")
    code, _, err = _shell("> /dev/full", *arguments, "--port", "0", cwd=tmp_path)
    [line] = [line for line in err.splitlines() if " INFO " not in line]
    assert code == 1
    assert line.startswith("ciokit: the output could not be written")
