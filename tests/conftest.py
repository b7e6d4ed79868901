"""What every test stands on: an environment without the developer's keys and proxies, and unhurried Hypothesis."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("ciokit", deadline=None)
settings.load_profile("ciokit")


@pytest.fixture(scope="session")
def _no_profiles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("settings") / "profiles.toml"
    path.touch()
    return path


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, _no_profiles: Path) -> None:
    """Hide real keys, profiles and proxies: no test can reach a workspace, and all see the same defaults."""
    for name in os.environ:
        if name.startswith("CUSTOMERIO_") or name.upper().endswith("_PROXY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CUSTOMERIO_PROFILES", str(_no_profiles))
