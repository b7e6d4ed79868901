"""Where the journal and the tables of a test are."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Return where the journal is."""
    return tmp_path / "journal"


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Return where the tables are."""
    return tmp_path / "tables"
