"""The page on the command line shows commands that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ciokit.cli import parser

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
SHOWN = re.findall(r"^(?:.*\| )?ciokit ((?!.*[A-Z]{5}).*)$", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize("line", SHOWN)
def test_command_on_the_page_is_one(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command that docs/cli.md shows is taken by the parser."""
    words = shlex.split(line.partition(" > ")[0])
    if "--help" in words:
        with pytest.raises(SystemExit) as end:
            parser().parse_args(words)
        assert end.value.code == 0
        assert capsys.readouterr().out.startswith(f"usage: ciokit {' '.join(words[:-1])}".rstrip())
    else:
        assert callable(parser().parse_args(words).run)
