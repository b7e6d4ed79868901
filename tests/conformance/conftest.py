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
