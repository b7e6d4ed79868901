"""The catalogues in specs/ are the ones that were read from the vendor's files, and say the same as these."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

CARRIED = (
    "app_2026-09.json",
    "pipelines.facts.json",
    "reporting_webhooks.facts.json",
    "semantic_events.json",
    "track.facts.json",
)
METHODS = ("get", "post", "put", "delete")
CALLS = ("identify", "track", "page", "screen", "group")


@pytest.mark.parametrize("name", CARRIED)
def test_carried_file_is_the_one_read_from_the_vendor(name: str, carried: Path, vendor: Path) -> None:
    """A carried catalogue equals its source byte for byte."""
    assert (carried / name).read_bytes() == (vendor / name).read_bytes()


def test_every_catalogue_is_compared(carried: Path) -> None:
    """No catalogue is carried without being compared."""
    assert sorted(path.name for path in carried.glob("*.json")) == sorted(CARRIED)


def test_operations_are_the_vendors(carried: Path, vendor_pipelines: dict[str, Any]) -> None:
    """The facts name the vendor's seven operations: same paths, methods and hosts."""
    facts = json.loads((carried / "pipelines.facts.json").read_bytes())
    assert _operations(facts) == _operations(vendor_pipelines)
    assert len(_operations(facts)) == 7
    assert _hosts(facts) == _hosts(vendor_pipelines)


def test_track_operations_are_the_vendors(carried: Path, vendor: Path) -> None:
    """The facts name the 18 operations of the vendor's Track file: same paths, methods and hosts."""
    facts = json.loads((carried / "track.facts.json").read_bytes())
    spec = json.loads((vendor / "track_2026-08.json").read_bytes())
    assert _operations(facts) == _operations(spec)
    assert len(_operations(facts)) == 18
    assert _hosts(facts) == _hosts(spec)


@pytest.mark.parametrize("call", CALLS)
def test_example_of_the_vendor_keeps_the_facts(call: str, carried: Path, examples: dict[str, dict[str, Any]]) -> None:
    """The vendor's example body of a call keeps the carried schema, read as the vendor's own examples do."""
    facts = (carried / "pipelines.facts.json").read_text()
    schemas = json.loads(facts.replace('"oneOf"', '"anyOf"'))["components"]  # the examples carry both ids
    given = {name: value for name, value in examples[call].items() if value is not None}  # and `integrations: null`
    jsonschema_rs.validate({"$ref": f"#/components/schemas/{call}", "components": schemas}, given)


def test_example_without_its_event_breaks_the_facts(carried: Path, examples: dict[str, dict[str, Any]]) -> None:
    """The same reading refuses a track call that names no event."""
    schemas = json.loads((carried / "pipelines.facts.json").read_text().replace('"oneOf"', '"anyOf"'))["components"]
    given = {name: value for name, value in examples["track"].items() if name not in {"event", "integrations"}}
    assert not jsonschema_rs.is_valid({"$ref": "#/components/schemas/track", "components": schemas}, given)


def _operations(spec: dict[str, Any]) -> set[tuple[str, str]]:
    return {(path, method) for path, methods in spec["paths"].items() for method in methods if method in METHODS}


def _hosts(spec: dict[str, Any]) -> list[str]:
    return [server["url"] for server in spec["servers"]]
