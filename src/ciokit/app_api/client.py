"""The clients of the App API, one blocking and one awaitable: the same nouns and operations on either."""

from __future__ import annotations

from typing import Generic, Unpack

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
from ciokit.client import AwaitableClient, BlockingClient, ClientOptions
from ciokit.core.endpoint import S
from ciokit.core.senders import AwaitableSender, BlockingSender
from ciokit.core.wire import AsyncTransport, Transport
from ciokit.errors import ValidationError
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


class _Nouns(Generic[S]):
    """The nouns of the App API, bound to the sender of either client."""

    def _name(self, sender: S) -> None:
        self.customers: Customers[S] = Customers(sender)
        self.objects: Objects[S] = Objects(sender)
        self.activities: Activities[S] = Activities(sender)
        self.send: Send[S] = Send(sender)
        self.transactional: Transactional[S] = Transactional(sender)
        self.broadcasts: Broadcasts[S] = Broadcasts(sender)
        self.campaigns: Campaigns[S] = Campaigns(sender)
        self.newsletters: Newsletters[S] = Newsletters(sender)
        self.newsletter_variants: NewsletterVariants[S] = NewsletterVariants(sender)
        self.messages: Messages[S] = Messages(sender)
        self.live_notifications: LiveNotifications[S] = LiveNotifications(sender)
        self.segments: Segments[S] = Segments(sender)
        self.exports: Exports[S] = Exports(sender)
        self.imports: Imports[S] = Imports(sender)
        self.collections: Collections[S] = Collections(sender)
        self.snippets: Snippets[S] = Snippets(sender)
        self.subscriptions: Subscriptions[S] = Subscriptions(sender)
        self.opt_outs: OptOuts[S] = OptOuts(sender)
        self.esp_suppression: EspSuppression[S] = EspSuppression(sender)
        self.senders: Senders[S] = Senders(sender)
        self.reporting_webhooks: ReportingWebhooks[S] = ReportingWebhooks(sender)
        self.data_index: DataIndex[S] = DataIndex(sender)
        self.workspaces: Workspaces[S] = Workspaces(sender)
        self.info: Info[S] = Info(sender)
        self.assets: Assets[S] = Assets(sender)
        self.asset_folders: AssetFolders[S] = AssetFolders(sender)
        self.design_studio_components: DesignStudioComponents[S] = DesignStudioComponents(sender)
        self.design_studio_folders: DesignStudioFolders[S] = DesignStudioFolders(sender)
        self.design_studio_emails: DesignStudioEmails[S] = DesignStudioEmails(sender)
        self.design_studio_translations: DesignStudioTranslations[S] = DesignStudioTranslations(sender)
        self.design_studio_versions: DesignStudioVersions[S] = DesignStudioVersions(sender)
        self.inbox_previews: InboxPreviews[S] = InboxPreviews(sender)


class AppClient(BlockingClient, _Nouns[BlockingSender]):
    """Call the App API: read a workspace back, send messages, change what it holds; blocking.

    Its nouns hold the operations: `app.segments.members(7)`. `dir(app)` lists them, `help(app.segments)` shows one.
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
        super().__init__(APP, transport, options, app_api_key=app_api_key, region=region)
        self._name(self._sender)


class AsyncAppClient(AwaitableClient, _Nouns[AwaitableSender]):
    """The awaitable twin of `AppClient`: the same operations, awaited; lists are read with `async for`."""

    def __init__(
        self,
        app_api_key: str | None = None,
        region: Region | None = None,
        *,
        transport: AsyncTransport | None = None,
        **options: Unpack[ClientOptions],
    ) -> None:
        super().__init__(APP, transport, options, app_api_key=app_api_key, region=region)
        self._name(self._sender)


def of_app(client: object) -> AppClient | AsyncAppClient:
    """Return a client of the App API, or raise `ValidationError` for what is none."""
    if not isinstance(client, AppClient | AsyncAppClient):
        text = f"is a {type(client).__name__}; pass an AppClient or an AsyncAppClient"
        raise ValidationError(text, field="client")
    return client
