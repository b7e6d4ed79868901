"""Where the vendor's own files are: a folder named by CIOKIT_SPECS, which a clone does not have."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def carried() -> Path:
    """Return the folder of catalogues that the project carries."""
    return Path(__file__).resolve().parents[2] / "specs"


@pytest.fixture(scope="session")
def vendor() -> Path:
    """Return the folder that the carried catalogues were read from."""
    folder = Path(os.environ.get("CIOKIT_SPECS") or "not-set")
    if not folder.is_dir():
        pytest.exit(f"no folder {folder}: name the one with the vendor's files, make conformance SPECS=folder", 2)
    return folder


@pytest.fixture(scope="session")
def vendor_pipelines(vendor: Path) -> dict[str, Any]:
    """Return the vendor's Pipelines OpenAPI file."""
    return json.loads((vendor / "pipelines_2026-08.json").read_bytes())


@pytest.fixture(scope="session")
def examples(vendor_pipelines: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the vendor's example body of each call that has one.

    The texts of the group example all end with a comma, the times too: a slip, and taken off here.
    """
    schemas = vendor_pipelines["components"]["schemas"]
    shown = {call: schemas[call]["example"] for call in ("identify", "track", "page", "screen", "group")}
    return {
        call: {name: value.rstrip(",") if isinstance(value, str) else value for name, value in example.items()}
        for call, example in shown.items()
    }
