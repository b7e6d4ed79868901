"""The two clients of the Data Pipelines API, blocking and awaitable, sharing every operation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from ciokit.bulk import Progress
from ciokit.client import AwaitableClient, BlockingClient, ClientOptions
from ciokit.core.wire import AsyncTransport, Transport
from ciokit.pipelines_api.batches import batch_flow
from ciokit.pipelines_api.events import track_event
from ciokit.pipelines_api.identity import create_alias
from ciokit.pipelines_api.messages import Message
from ciokit.pipelines_api.objects import create_object
from ciokit.pipelines_api.operation import Receipt
from ciokit.pipelines_api.people import delete_user, identify_user
from ciokit.pipelines_api.sending import send_message
from ciokit.pipelines_api.views import track_page, track_screen
from ciokit.report import BatchReport
from ciokit.surfaces import PIPELINES, Region


class CustomerIOClient(BlockingClient):
    """Talk to the Data Pipelines API; blocking.

    Safe across threads and across `fork`. No thread runs behind it and nothing is queued: when a call returns, the
    service has answered. Use it in a `with` block, or call `close()`.

    Settings are resolved as `ciokit.settings` says: argument, then profile, then environment; `options` are those of
    `ciokit.client.ClientOptions`. Raises `ConfigurationError` when the key is missing or a setting cannot work.
    """

    identify = identify_user
    track = track_event
    page = track_page
    screen = track_screen
    group = create_object
    alias = create_alias
    delete = delete_user

    def __init__(
        self,
        api_key: str | None = None,
        region: Region | None = None,
        *,
        transport: Transport | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        super().__init__(PIPELINES, transport, options, api_key=api_key, region=region)

    def send(self, message: Message) -> Receipt:
        """Send one message, built by any operation's `.message(...)`.

        Raises `ValidationError` before any request if the service would drop it; otherwise what the service or the
        network answered, see `ciokit.errors`.
        """
        return self._sender.run(send_message(message, self.settings))

    def batch(
        self,
        operations: Iterable[Message],
        *,
        context: Mapping[str, Any] | None = None,
        integrations: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> BatchReport:
        """Send many messages in as few requests as the limits allow; see `ciokit.send_batch`."""
        return self._sender.run(batch_flow(operations, self.settings, context, integrations, progress))


class AsyncCustomerIOClient(AwaitableClient):
    """Talk to the Data Pipelines API; awaitable. The twin of `CustomerIOClient`."""

    identify = identify_user
    track = track_event
    page = track_page
    screen = track_screen
    group = create_object
    alias = create_alias
    delete = delete_user

    def __init__(
        self,
        api_key: str | None = None,
        region: Region | None = None,
        *,
        transport: AsyncTransport | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        super().__init__(PIPELINES, transport, options, api_key=api_key, region=region)

    async def send(self, message: Message) -> Receipt:
        """Send one message; see `CustomerIOClient.send`."""
        return await self._sender.run(send_message(message, self.settings))

    async def batch(
        self,
        operations: Iterable[Message],
        *,
        context: Mapping[str, Any] | None = None,
        integrations: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> BatchReport:
        """Send many messages in as few requests as the limits allow; see `ciokit.send_batch`."""
        return await self._sender.run(batch_flow(operations, self.settings, context, integrations, progress))
