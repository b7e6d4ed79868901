"""What every test stands on: no keys or proxies of the developer, unhurried Hypothesis, and a server to script."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.wire import ScriptedServer, scripted_server

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


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """Serve what a test scripts, and 200 to all else."""
    with scripted_server() as running:
        yield running
