"""The clients of the Track API, one blocking and one awaitable: the same nouns and operations on either."""

from __future__ import annotations

from types import TracebackType
from typing import Self, Unpack

from ciokit.client import ClientOptions, awaitable_sender, blocking_sender, resolve
from ciokit.core.wire import AsyncTransport, Transport
from ciokit.settings import Settings
from ciokit.surfaces import TRACK, Region
from ciokit.track_api.deliveries import Deliveries
from ciokit.track_api.forms import Forms
from ciokit.track_api.segments import Segments
from ciokit.track_api.v1 import V1
from ciokit.track_api.v2 import V2

GROUPS: tuple[type, ...] = (V1, V2, Segments, Deliveries, Forms)
"""Every noun the Track API clients have; the emulator, the docs and the contract tests read their operations."""


class TrackClient:
    """Write people, objects and events with the Track API; blocking.

    Safe across threads and across `fork`. Use it in a `with` block, or call `close()`. At most 1,000 requests a second
    leave: share one `limiter` between the Track API clients of a workspace.

    `site_id` and `track_api_key` are the workspace's Track API credentials. An account's own region is the one to give:
    the US host passes EU data on. Settings are resolved as `ciokit.settings` says: argument, then profile, then
    environment; `options` are those of `ciokit.client.ClientOptions`. Raises `ConfigurationError` when a credential is
    missing or a setting cannot work.
    """

    def __init__(
        self,
        site_id: str | None = None,
        track_api_key: str | None = None,
        region: Region | None = None,
        *,
        transport: Transport | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        self.settings: Settings
        self.settings, parts = resolve(options, site_id=site_id, track_api_key=track_api_key, region=region)
        self._sender = blocking_sender(TRACK, self.settings, parts, transport)
        self.v1 = V1(self._sender)
        self.v2 = V2(self._sender, self.settings)
        self.segments = Segments(self._sender)
        self.deliveries = Deliveries(self._sender)
        self.forms = Forms(self._sender)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._sender.connection.base_url!r})"

    def close(self) -> None:
        """Close the connections; a further call raises `ConfigurationError`."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncTrackClient:
    """The awaitable twin of `TrackClient`: the same operations, awaited."""

    def __init__(
        self,
        site_id: str | None = None,
        track_api_key: str | None = None,
        region: Region | None = None,
        *,
        transport: AsyncTransport | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        self.settings: Settings
        self.settings, parts = resolve(options, site_id=site_id, track_api_key=track_api_key, region=region)
        self._sender = awaitable_sender(TRACK, self.settings, parts, transport)
        self.v1 = V1(self._sender)
        self.v2 = V2(self._sender, self.settings)
        self.segments = Segments(self._sender)
        self.deliveries = Deliveries(self._sender)
        self.forms = Forms(self._sender)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._sender.connection.base_url!r})"

    async def aclose(self) -> None:
        """Close the connections; a further call raises `ConfigurationError`."""
        await self._sender.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
