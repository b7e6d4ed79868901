"""A scripted server and both clients of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import ciokit
from ciokit import CustomerIOClient
from ciokit.core.clock import FakeClock
from ciokit.pipelines_api.messages import Message
from tests.support.wire import ScriptedServer


def events(count: int, size: int = 10) -> list[Message]:
    """Plain events with text properties of this size."""
    return [ciokit.track_event.message(f"u{n}", "E", {"text": "x" * size}, message_id=f"m{n}") for n in range(count)]


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[CustomerIOClient]:
    """A client of that server whose waits take no time."""
    with CustomerIOClient("secret-key", base_url=server.base_url, clock=FakeClock()) as made:
        yield made
