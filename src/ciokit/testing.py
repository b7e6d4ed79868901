"""A pytest plugin: a fresh emulator for each test, clients that talk to it, and a clock that never waits.

It is found by pytest when ciokit is installed; nothing needs to be imported.

```python
def test_signup(ciokit_client, ciokit_app_client):
    sign_up("ann@example.com", client=ciokit_client)
    assert ciokit_app_client.customers.find_by_email("ann@example.com")["results"]
```

`ciokit_client` and `ciokit_track_client` write, `ciokit_app_client` sends and reads back; each has an awaitable twin,
such as `ciokit_async_client`. `ciokit_emulator` is the world they share, `ciokit_clock` the time.

Everything stays in the process unless `ciokit_server` is asked for, which opens a port for programs that need one.
No fixture looks at the environment or at profiles, so that a test cannot reach a workspace. Every pytest run loads this
module: what it needs is imported inside the fixtures.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ciokit.app_api.client import AppClient, AsyncAppClient
    from ciokit.core.clock import FakeClock
    from ciokit.emulator.app import Emulator
    from ciokit.emulator.clock import EmulatorClock
    from ciokit.emulator.server import EmulatorServer
    from ciokit.pipelines_api.client import AsyncCustomerIOClient, CustomerIOClient
    from ciokit.settings import Settings
    from ciokit.track_api.client import AsyncTrackClient, TrackClient

_KEY = "emulator"


@pytest.fixture
def ciokit_clock() -> FakeClock:
    """Return the clock of this test's clients: its `sleep` returns at once, remembers, and moves time forward."""
    from ciokit.core.clock import FakeClock

    return FakeClock()


@pytest.fixture
def ciokit_emulator(ciokit_clock: FakeClock) -> Iterator[Emulator]:
    """Yield a fresh emulator. Its time is the machine's plus what the clients of `ciokit_clock` pretended to sleep."""
    from ciokit.emulator.app import Emulator

    emulator = Emulator(clock=_following(ciokit_clock))
    yield emulator
    emulator.close()


@pytest.fixture
def ciokit_server(ciokit_emulator: Emulator) -> Iterator[EmulatorServer]:
    """Yield a server that opens the emulator's world to other programs, at its `base_url`."""
    from ciokit.emulator.server import EmulatorServer

    with EmulatorServer(ciokit_emulator) as server:
        yield server


@pytest.fixture
def ciokit_client(ciokit_emulator: Emulator, ciokit_clock: FakeClock) -> Iterator[CustomerIOClient]:
    """Yield a blocking Pipelines client of the emulator, in this process."""
    from ciokit.pipelines_api.client import CustomerIOClient

    with CustomerIOClient(settings=_settings(), transport=ciokit_emulator.transport, clock=ciokit_clock) as client:
        yield client


@pytest.fixture
def ciokit_async_client(ciokit_emulator: Emulator, ciokit_clock: FakeClock) -> AsyncCustomerIOClient:
    """Return an awaitable Pipelines client of the emulator; any event loop will do, and it need not be closed."""
    from ciokit.pipelines_api.client import AsyncCustomerIOClient

    transport = ciokit_emulator.async_transport
    return AsyncCustomerIOClient(settings=_settings(), transport=transport, clock=ciokit_clock)


@pytest.fixture
def ciokit_app_client(ciokit_emulator: Emulator, ciokit_clock: FakeClock) -> Iterator[AppClient]:
    """Yield a blocking App API client of the emulator, to read back what was sent."""
    from ciokit.app_api.client import AppClient

    with AppClient(settings=_settings(), transport=ciokit_emulator.transport, clock=ciokit_clock) as client:
        yield client


@pytest.fixture
def ciokit_async_app_client(ciokit_emulator: Emulator, ciokit_clock: FakeClock) -> AsyncAppClient:
    """Return an awaitable App API client of the emulator; any event loop will do, and it need not be closed."""
    from ciokit.app_api.client import AsyncAppClient

    return AsyncAppClient(settings=_settings(), transport=ciokit_emulator.async_transport, clock=ciokit_clock)


@pytest.fixture
def ciokit_track_client(ciokit_emulator: Emulator, ciokit_clock: FakeClock) -> Iterator[TrackClient]:
    """Yield a blocking Track client of the emulator, in this process."""
    from ciokit.track_api.client import TrackClient

    with TrackClient(settings=_settings(), transport=ciokit_emulator.transport, clock=ciokit_clock) as client:
        yield client


@pytest.fixture
def ciokit_async_track_client(ciokit_emulator: Emulator, ciokit_clock: FakeClock) -> AsyncTrackClient:
    """Return an awaitable Track client of the emulator; any event loop will do, and it need not be closed."""
    from ciokit.track_api.client import AsyncTrackClient

    return AsyncTrackClient(settings=_settings(), transport=ciokit_emulator.async_transport, clock=ciokit_clock)


def _settings() -> Settings:
    from ciokit.settings import Settings

    return Settings(api_key=_KEY, app_api_key=_KEY, site_id=_KEY, track_api_key=_KEY)


def _following(clock: FakeClock) -> EmulatorClock:
    """Return an emulator clock for which time passes while the clients pretend to sleep, or limits would never lift."""
    from ciokit.emulator.clock import EmulatorClock

    class Following(EmulatorClock):
        def now(self) -> float:
            return super().now() + clock.now() - started

    started = clock.now()
    return Following()
