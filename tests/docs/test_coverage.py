"""The coverage page is what the code says, and the code covers what the vendor documents."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from ciokit.table import DOCUMENTED, TABLE, coverage

ROOT = Path(__file__).parents[2]

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


def test_every_operation_is_answered_with_state() -> None:
    """Coverage names every operation, and none is answered with a mere shape."""
    assert coverage() == {operation.route.label: "state" for operation in TABLE}
