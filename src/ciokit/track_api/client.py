"""The clients of the Track API, one blocking and one awaitable: the same nouns and operations on either."""

from __future__ import annotations

from typing import Generic, Unpack

from ciokit.client import AwaitableClient, BlockingClient, ClientOptions
from ciokit.core.endpoint import S
from ciokit.core.senders import AwaitableSender, BlockingSender
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


class _Nouns(Generic[S]):
    """The nouns of the Track API, bound to the sender of either client."""

    def _name(self, sender: S, settings: Settings) -> None:
        self.v1: V1[S] = V1(sender)
        self.v2: V2[S] = V2(sender, settings)
        self.segments: Segments[S] = Segments(sender)
        self.deliveries: Deliveries[S] = Deliveries(sender)
        self.forms: Forms[S] = Forms(sender)


class TrackClient(BlockingClient, _Nouns[BlockingSender]):
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
        super().__init__(TRACK, transport, options, site_id=site_id, track_api_key=track_api_key, region=region)
        self._name(self._sender, self.settings)


class AsyncTrackClient(AwaitableClient, _Nouns[AwaitableSender]):
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
        super().__init__(TRACK, transport, options, site_id=site_id, track_api_key=track_api_key, region=region)
        self._name(self._sender, self.settings)
