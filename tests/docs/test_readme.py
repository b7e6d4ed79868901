"""The README's program runs as it stands and prints what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def block(language: str) -> str:
    """The first fenced block in a language."""
    found = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


def test_the_first_program_prints_what_it_says() -> None:
    """Run in a process of its own, without keys, it starts an emulator and prints the lines shown."""
    command = [sys.executable, "-c", block("python")]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)
    assert ran.stderr == ""
    assert ran.stdout == block("text")
