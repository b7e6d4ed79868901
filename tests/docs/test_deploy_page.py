"""The page on deployment: its programs run, its commands exist, and so do the metrics and files it names."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ciokit.cli import parser
from ciokit.webhooks.metrics import exposition
from ciokit.webhooks.receiver import WebhookReceiver, refusal

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
COMMANDS = sorted(
    {*re.findall(r"`(ciokit webhooks [^`]*-[^`]*)`", PAGE), *re.findall(r"^\$ (ciokit .*)$", PAGE, re.MULTILINE)}
)


def test_programs_on_the_page_run() -> None:
    """What the page does with the App API works on the emulator."""
    programs = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert programs
    for program in programs:
        exec(compile(program, "docs/deploy.md", "exec"), {})


@pytest.mark.parametrize("line", COMMANDS)
def test_command_on_the_page_is_one(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each `ciokit` command on the page is taken by the parser."""
    monkeypatch.setenv("CIOKIT_WEBHOOKS_DELTA", "s3://your-bucket/webhooks")
    assert callable(parser().parse_args(shlex.split(line)[1:]).run)


def test_metrics_on_the_page_are_counted(tmp_path: Path) -> None:
    """Each metric that an alert of the page asks for is one that the receiver tells."""
    receiver = WebhookReceiver("key", tmp_path)
    receiver.refused(refusal(503, "unwritable"), "unwritable")
    receiver.acknowledged(0.001)
    told = set(re.findall(rb"^(ciokit_webhooks_\w+)", exposition(receiver), re.MULTILINE))
    asked = set(re.findall(r"ciokit_webhooks_\w+", PAGE))
    assert len(asked) >= 7
    assert asked - {name.decode() for name in told} == set()


def test_options_and_files_on_the_page_are_there() -> None:
    """Each option that the page names in passing is one of some command, and each file of the clone exists."""
    usage = "".join(path.read_text() for path in (ROOT / "src" / "ciokit" / "cli").glob("webhook*.py"))
    others = {"--publish", "--target", "--var"}
    options = set(re.findall(r"`(--[a-z-]+)", PAGE)) - others
    assert len(options) > 10
    derived = {f"--{name.replace('_', '-')}" for name in re.findall(r'\("(\w+)", (?:int|float)', usage)}
    assert {option for option in options if f'"{option}"' not in usage} - derived == set()
    for path in re.findall(r"(?:deploy|databricks)/[\w./-]+\w", PAGE):
        assert (ROOT / path).exists(), path
