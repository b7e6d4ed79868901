"""Jupyter Lab with the emulator beside it, as `make lab` starts it, without a browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEADLESS = ("--no-browser", "--allow-root", "--ip=127.0.0.1", "--port=0", "--IdentityProvider.token=")
EMULATOR = re.compile(r"emulator of all pages is at (http://[\d.:]+),")
LAB = re.compile(r"(http://127\.0\.0\.1:\d+/lab)\b")


@pytest.fixture
def started(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield the running program, its output in one stream; it is told to stop if the test has not done so."""
    homes = {"HOME": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "notebooks", *HEADLESS],
        cwd=ROOT,
        env={**os.environ, **homes},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as program:
        yield program
        program.terminate()


def _line(program: subprocess.Popen[str], wanted: re.Pattern[str]) -> str:
    read: list[str] = []
    for line in program.stdout or ():
        read.append(line)
        found = wanted.search(line)
        if found:
            return found[1]
    pytest.fail("it ended before saying where it is:\n" + "".join(read))


def _status(url: str, tries: int = 1) -> int:
    """Return the status of an answer; Jupyter names its address a moment before it listens there."""
    while True:
        tries -= 1
        try:
            with urlopen(url, timeout=10) as answer:
                return answer.status
        except URLError:
            if tries == 0:
                raise
            threading.Event().wait(0.1)


def test_lab_and_emulator_answer_and_end_together(started: subprocess.Popen[str]) -> None:
    """Both answer 200, and when the program is told to stop, neither answers any more."""
    addresses = [f"{_line(started, EMULATOR)}/_emulator/stats", _line(started, LAB)]
    assert [_status(address, tries=100) for address in addresses] == [200, 200]
    started.terminate()
    started.communicate(timeout=20)
    for address in addresses:
        with pytest.raises(URLError):
            _status(address)


def test_half_a_configuration_opens_nothing() -> None:
    """One key without the other ends it at once, with what is missing."""
    ended = subprocess.run(
        [sys.executable, "-m", "notebooks", *HEADLESS],
        cwd=ROOT,
        env={**os.environ, "CUSTOMERIO_API_KEY": "k"},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 2
    assert "CUSTOMERIO_APP_API_KEY" in ended.stderr
