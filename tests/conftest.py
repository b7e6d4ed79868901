"""What every test stands on: an environment without the developer's keys and proxies, and unhurried Hypothesis."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("ciokit", deadline=None)
settings.load_profile("ciokit")

_PROXIES = {"ALL_PROXY", "FTP_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide real keys and proxies, so that no test can reach a workspace and all see the same defaults."""
    for name in os.environ:
        if name.startswith("CUSTOMERIO_") or name.upper() in _PROXIES:
            monkeypatch.delenv(name)
