"""The clients of the App API, one blocking and one awaitable: the same nouns and operations on either."""

from __future__ import annotations

from types import TracebackType
from typing import Self, Unpack

from ciokit.app_api.activities import Activities
from ciokit.app_api.assets import AssetFolders, Assets
from ciokit.app_api.broadcasts import Broadcasts
from ciokit.app_api.campaigns import Campaigns
from ciokit.app_api.collections import Collections
from ciokit.app_api.customers import Customers
from ciokit.app_api.data_index import DataIndex
from ciokit.app_api.design_studio import DesignStudioComponents, DesignStudioFolders
from ciokit.app_api.design_studio_emails import DesignStudioEmails
from ciokit.app_api.design_studio_translations import DesignStudioTranslations
from ciokit.app_api.design_studio_versions import DesignStudioVersions
from ciokit.app_api.exports import Exports
from ciokit.app_api.imports import Imports
from ciokit.app_api.inbox_previews import InboxPreviews
from ciokit.app_api.live_notifications import LiveNotifications
from ciokit.app_api.messages import Messages
from ciokit.app_api.newsletter_variants import NewsletterVariants
from ciokit.app_api.newsletters import Newsletters
from ciokit.app_api.objects import Objects
from ciokit.app_api.reporting_webhooks import ReportingWebhooks
from ciokit.app_api.segments import Segments
from ciokit.app_api.senders import Senders
from ciokit.app_api.sends import Send
from ciokit.app_api.snippets import Snippets
from ciokit.app_api.subscriptions import Subscriptions
from ciokit.app_api.suppression import EspSuppression, OptOuts
from ciokit.app_api.transactional import Transactional
from ciokit.app_api.workspaces import Info, Workspaces
from ciokit.client import ClientOptions, awaitable_sender, blocking_sender, resolve
from ciokit.core.wire import AsyncTransport, Transport
from ciokit.settings import Settings
from ciokit.surfaces import APP, Region

GROUPS: tuple[type, ...] = (
    Customers,
    Objects,
    Activities,
    Send,
    Transactional,
    Broadcasts,
    Campaigns,
    Newsletters,
    NewsletterVariants,
    Messages,
    LiveNotifications,
    Segments,
    Exports,
    Imports,
    Collections,
    Snippets,
    Subscriptions,
    OptOuts,
    EspSuppression,
    Senders,
    ReportingWebhooks,
    DataIndex,
    Workspaces,
    Info,
    Assets,
    AssetFolders,
    DesignStudioComponents,
    DesignStudioFolders,
    DesignStudioEmails,
    DesignStudioTranslations,
    DesignStudioVersions,
    InboxPreviews,
)
"""Every noun the App API clients have; the emulator, the docs and the contract tests read their operations."""


class AppClient:
    """Read a workspace back; blocking.

    Safe across threads and across `fork`. Use it in a `with` block, or call `close()`. Lists are iterators that fetch
    page after page as they are read. At most 10 requests a second leave, which is what the service takes for a whole
    workspace: share one `limiter` between the App API clients of it.

    `app_api_key` is an App API key, not that of a Pipelines source. Settings are resolved as `ciokit.settings` says:
    argument, then profile, then environment; `options` are those of `ciokit.client.ClientOptions`. Raises
    `ConfigurationError` when the key is missing or a setting cannot work.
    """

    def __init__(
        self,
        app_api_key: str | None = None,
        region: Region | None = None,
        *,
        transport: Transport | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        self.settings: Settings
        self.settings, parts = resolve(options, app_api_key=app_api_key, region=region)
        self._sender = blocking_sender(APP, self.settings, parts, transport)
        self.customers = Customers(self._sender)
        self.objects = Objects(self._sender)
        self.activities = Activities(self._sender)
        self.send = Send(self._sender)
        self.transactional = Transactional(self._sender)
        self.broadcasts = Broadcasts(self._sender)
        self.campaigns = Campaigns(self._sender)
        self.newsletters = Newsletters(self._sender)
        self.newsletter_variants = NewsletterVariants(self._sender)
        self.messages = Messages(self._sender)
        self.live_notifications = LiveNotifications(self._sender)
        self.segments = Segments(self._sender)
        self.exports = Exports(self._sender)
        self.imports = Imports(self._sender)
        self.collections = Collections(self._sender)
        self.snippets = Snippets(self._sender)
        self.subscriptions = Subscriptions(self._sender)
        self.opt_outs = OptOuts(self._sender)
        self.esp_suppression = EspSuppression(self._sender)
        self.senders = Senders(self._sender)
        self.reporting_webhooks = ReportingWebhooks(self._sender)
        self.data_index = DataIndex(self._sender)
        self.workspaces = Workspaces(self._sender)
        self.info = Info(self._sender)
        self.assets = Assets(self._sender)
        self.asset_folders = AssetFolders(self._sender)
        self.design_studio_components = DesignStudioComponents(self._sender)
        self.design_studio_folders = DesignStudioFolders(self._sender)
        self.design_studio_emails = DesignStudioEmails(self._sender)
        self.design_studio_translations = DesignStudioTranslations(self._sender)
        self.design_studio_versions = DesignStudioVersions(self._sender)
        self.inbox_previews = InboxPreviews(self._sender)

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


class AsyncAppClient:
    """The awaitable twin of `AppClient`: the same operations, awaited; lists are read with `async for`."""

    def __init__(
        self,
        app_api_key: str | None = None,
        region: Region | None = None,
        *,
        transport: AsyncTransport | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        self.settings: Settings
        self.settings, parts = resolve(options, app_api_key=app_api_key, region=region)
        self._sender = awaitable_sender(APP, self.settings, parts, transport)
        self.customers = Customers(self._sender)
        self.objects = Objects(self._sender)
        self.activities = Activities(self._sender)
        self.send = Send(self._sender)
        self.transactional = Transactional(self._sender)
        self.broadcasts = Broadcasts(self._sender)
        self.campaigns = Campaigns(self._sender)
        self.newsletters = Newsletters(self._sender)
        self.newsletter_variants = NewsletterVariants(self._sender)
        self.messages = Messages(self._sender)
        self.live_notifications = LiveNotifications(self._sender)
        self.segments = Segments(self._sender)
        self.exports = Exports(self._sender)
        self.imports = Imports(self._sender)
        self.collections = Collections(self._sender)
        self.snippets = Snippets(self._sender)
        self.subscriptions = Subscriptions(self._sender)
        self.opt_outs = OptOuts(self._sender)
        self.esp_suppression = EspSuppression(self._sender)
        self.senders = Senders(self._sender)
        self.reporting_webhooks = ReportingWebhooks(self._sender)
        self.data_index = DataIndex(self._sender)
        self.workspaces = Workspaces(self._sender)
        self.info = Info(self._sender)
        self.assets = Assets(self._sender)
        self.asset_folders = AssetFolders(self._sender)
        self.design_studio_components = DesignStudioComponents(self._sender)
        self.design_studio_folders = DesignStudioFolders(self._sender)
        self.design_studio_emails = DesignStudioEmails(self._sender)
        self.design_studio_translations = DesignStudioTranslations(self._sender)
        self.design_studio_versions = DesignStudioVersions(self._sender)
        self.inbox_previews = InboxPreviews(self._sender)

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
