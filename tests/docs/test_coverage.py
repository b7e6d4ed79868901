"""The coverage page is what the code says, and the code covers what the vendor documents."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from ciokit.table import DOCUMENTED, TABLE, coverage

ROOT = Path(__file__).parents[2]

# The nouns the emulator behaves as; others answer with their shape.
STATEFUL = (
    "activities",
    "broadcasts",
    "campaigns",
    "collections",
    "customers",
    "data_index",
    "esp_suppression",
    "exports",
    "imports",
    "info",
    "messages",
    "newsletter_variants",
    "newsletters",
    "objects",
    "opt_outs",
    "reporting_webhooks",
    "segments",
    "send",
    "senders",
    "snippets",
    "subscriptions",
    "transactional",
    "v1",
    "v2",
    "workspaces",
)


METHODS = {"get", "post", "put", "delete", "patch"}


def _count(name: str) -> int:
    facts = json.loads((ROOT / "specs" / name).read_bytes())
    if "operations" in facts:
        return len(facts["operations"])
    return sum(len(METHODS & path.keys()) for path in facts["paths"].values())


def test_the_page_is_fresh() -> None:
    """docs/coverage.md is what `python -m ciokit.table` prints; run that again after a change."""
    command = [sys.executable, "-m", "ciokit.table"]
    printed = subprocess.run(command, check=True, capture_output=True, timeout=50).stdout.decode()
    assert (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8") == printed


def test_what_is_documented_is_what_the_catalogues_hold() -> None:
    """The numbers of documented operations are those of the carried facts."""
    found = {
        "pipelines": _count("pipelines.facts.json"),
        "track": _count("track.facts.json"),
        "app": _count("app_2026-09.json"),
    }
    assert dict(DOCUMENTED) == found


def test_every_documented_operation_is_declared_once() -> None:
    """As many operations are declared as are documented, each under a label of its own."""
    declared = Counter(operation.route.surface for operation in TABLE)
    assert declared == Counter(DOCUMENTED)
    assert len({operation.route.label for operation in TABLE}) == len(TABLE)


def test_each_operation_is_answered_and_these_nouns_with_state() -> None:
    """Coverage names every operation; the nouns a workspace's data stands on are behaved as in full."""
    answered = coverage()
    assert answered.keys() == {operation.route.label for operation in TABLE}
    shapes = {
        operation.route.name
        for operation in TABLE
        if operation.route.name.startswith(tuple(f"{noun}." for noun in STATEFUL))
        and answered[operation.route.label] == "shape"
    }
    assert not shapes
