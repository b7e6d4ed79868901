"""The page on webhooks shows programs that run and names the tables that there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ciokit.cli import parser
from ciokit.webhooks import TABLES
from ciokit.webhooks.views import VIEWS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "webhooks.md").read_text(encoding="utf-8")
RUN = (
    "Verify",
    "Read and route",
    "Configure",
    "Receive in an application of your own",
    "Tables",
    "Query",
    "Try it without an account",
)


def test_programs_on_the_page_run() -> None:
    """The programs of these sections run one after the other, and what they assert holds."""
    sections = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
    programs = [program for name in RUN for program in re.findall(r"```python\n(.*?)```", sections[name], re.DOTALL)]
    assert len(programs) >= len(RUN)
    names: dict[str, object] = {}
    for program in programs:
        exec(compile(program, "docs/webhooks.md", "exec"), names)


@pytest.mark.parametrize("line", re.findall(r"^\$ (ciokit webhooks .*)$", PAGE, re.MULTILINE))
def test_command_on_the_page_is_one(line: str) -> None:
    """Each command that the page shows is taken by the parser."""
    _, *words = shlex.split(line, comments=True)
    assert callable(parser().parse_args(words).run)


def test_tables_on_the_page_are_those_there_are() -> None:
    """The page lists each table once."""
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(TABLES)


def test_views_on_the_page_are_those_there_are() -> None:
    """The page lists each view once."""
    section = PAGE.partition("## Query")[2].partition("\n## ")[0]
    assert sorted(re.findall(r"^\| (\w+) \| each", section, re.MULTILINE)) == sorted(VIEWS)
