"""A scripted server and both clients of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ciokit import CustomerIOClient
from ciokit.core.clock import FakeClock
from tests.support.wire import ScriptedServer


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[CustomerIOClient]:
    """A client of that server whose waits take no time."""
    with CustomerIOClient("secret-key", base_url=server.base_url, clock=FakeClock()) as made:
        yield made
