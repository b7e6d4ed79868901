"""A scripted server and both Track clients of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ciokit import AsyncTrackClient, TrackClient
from ciokit.core.clock import FakeClock
from tests.support.wire import ScriptedServer


@pytest.fixture
def track(server: ScriptedServer) -> Iterator[TrackClient]:
    """A client of that server whose waits take no time."""
    with TrackClient("site-1", "track-key", base_url=server.base_url, clock=FakeClock()) as made:
        yield made


@pytest.fixture
def async_track(server: ScriptedServer) -> AsyncTrackClient:
    """The awaitable twin, to be closed by the test."""
    return AsyncTrackClient("site-1", "track-key", base_url=server.base_url, clock=FakeClock())
