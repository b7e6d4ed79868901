"""The clients of the App API, one blocking and one awaitable: the same nouns and operations on either."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from ciokit.app_api.activities import Activities
from ciokit.app_api.customers import Customers
from ciokit.app_api.objects import Objects
from ciokit.client import Parts, awaitable_sender, blocking_sender
from ciokit.core.clock import Clock
from ciokit.core.connection import Hook
from ciokit.core.limits import SlidingWindow
from ciokit.core.wire import AsyncTransport, Transport
from ciokit.settings import Settings
from ciokit.surfaces import APP, Region

GROUPS: tuple[type, ...] = (Customers, Objects, Activities)
"""Every noun the App API clients have; the emulator, the docs and the contract tests read their operations."""


class AppClient:
    """Reads a workspace back.

    Args:
        app_api_key: an App API key, which is another one than the key of a Pipelines source.
        region: `us` or `eu`; the wrong one answers 401.
        base_url: scheme, host and port of something else, such as the emulator.
        profile: a table of the profile file; see `ciokit.settings`.
        settings: settings that are resolved already; then none of the four above is looked at.
        transport: what carries requests, such as an emulator in this process.
        clock: what time is told and waited by, for tests.
        limiter: share one between the clients of a workspace, which has 10 requests a second for all of them.
        hooks: told of each attempt.

    Raises:
        ConfigurationError: the key is missing or a setting makes no sense.
    """

    def __init__(
        self,
        app_api_key: str | None = None,
        *,
        region: Region | None = None,
        base_url: str | None = None,
        profile: str | None = None,
        settings: Settings | None = None,
        transport: Transport | None = None,
        clock: Clock | None = None,
        limiter: SlidingWindow | None = None,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self.settings = settings or Settings.resolve(
            profile=profile, app_api_key=app_api_key, region=region, base_url=base_url
        )
        sender = blocking_sender(APP, self.settings, Parts(clock, limiter, hooks), transport)
        self.customers = Customers(sender)
        self.objects = Objects(sender)
        self.activities = Activities(sender)
        self._sender = sender

    def close(self) -> None:
        """Close the connections; a further call raises `ConfigurationError`."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncAppClient:
    """The awaitable twin of `AppClient`; see there for the arguments."""

    def __init__(
        self,
        app_api_key: str | None = None,
        *,
        region: Region | None = None,
        base_url: str | None = None,
        profile: str | None = None,
        settings: Settings | None = None,
        transport: AsyncTransport | None = None,
        clock: Clock | None = None,
        limiter: SlidingWindow | None = None,
        hooks: Sequence[Hook] = (),
    ) -> None:
        self.settings = settings or Settings.resolve(
            profile=profile, app_api_key=app_api_key, region=region, base_url=base_url
        )
        sender = awaitable_sender(APP, self.settings, Parts(clock, limiter, hooks), transport)
        self.customers = Customers(sender)
        self.objects = Objects(sender)
        self.activities = Activities(sender)
        self._sender = sender

    async def aclose(self) -> None:
        """Close the connections; a further call raises `ConfigurationError`."""
        await self._sender.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
