"""One Python toolkit for every Customer.io API, made for data engineers.

Names are loaded on first use, so that importing ciokit costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciokit._version import __version__ as __version__
    from ciokit.app_api.broadcast_runs import BroadcastReport as BroadcastReport
    from ciokit.app_api.broadcast_runs import follow_broadcast as follow_broadcast
    from ciokit.app_api.broadcast_runs import run_broadcast as run_broadcast
    from ciokit.app_api.client import AppClient as AppClient
    from ciokit.app_api.client import AsyncAppClient as AsyncAppClient
    from ciokit.app_api.filters import all_of as all_of
    from ciokit.app_api.filters import any_of as any_of
    from ciokit.app_api.filters import attribute as attribute
    from ciokit.app_api.filters import not_ as not_
    from ciokit.app_api.filters import segment as segment
    from ciokit.app_api.flows import ExportedFile as ExportedFile
    from ciokit.app_api.flows import ImportReport as ImportReport
    from ciokit.app_api.flows import download_export as download_export
    from ciokit.app_api.flows import export_customers as export_customers
    from ciokit.app_api.flows import export_deliveries as export_deliveries
    from ciokit.app_api.flows import run_import as run_import
    from ciokit.app_api.sending import attachments_from as attachments_from
    from ciokit.app_api.sending import send_email as send_email
    from ciokit.app_api.sending import send_in_app as send_in_app
    from ciokit.app_api.sending import send_inbox_message as send_inbox_message
    from ciokit.app_api.sending import send_push as send_push
    from ciokit.app_api.sending import send_sms as send_sms
    from ciokit.app_api.sending import send_transactional as send_transactional
    from ciokit.app_api.sending import send_whatsapp as send_whatsapp
    from ciokit.app_api.sending import trigger_broadcast as trigger_broadcast
    from ciokit.app_api.uploads import upload_asset as upload_asset
    from ciokit.core.connection import Attempt as Attempt
    from ciokit.core.limits import SlidingWindow as SlidingWindow
    from ciokit.core.retry import RetryPolicy as RetryPolicy
    from ciokit.errors import ApiError as ApiError
    from ciokit.errors import AuthenticationError as AuthenticationError
    from ciokit.errors import ConfigurationError as ConfigurationError
    from ciokit.errors import CustomerIOError as CustomerIOError
    from ciokit.errors import JobError as JobError
    from ciokit.errors import NetworkError as NetworkError
    from ciokit.errors import NetworkTimeoutError as NetworkTimeoutError
    from ciokit.errors import RateLimitError as RateLimitError
    from ciokit.errors import RefusedError as RefusedError
    from ciokit.errors import ServerError as ServerError
    from ciokit.errors import UnexpectedAnswerError as UnexpectedAnswerError
    from ciokit.errors import UnparseableEventError as UnparseableEventError
    from ciokit.errors import ValidationError as ValidationError
    from ciokit.identity import Identity as Identity
    from ciokit.pipelines_api.batches import send_batch as send_batch
    from ciokit.pipelines_api.client import AsyncCustomerIOClient as AsyncCustomerIOClient
    from ciokit.pipelines_api.client import CustomerIOClient as CustomerIOClient
    from ciokit.pipelines_api.devices import delete_device as delete_device
    from ciokit.pipelines_api.devices import register_device as register_device
    from ciokit.pipelines_api.devices import update_device as update_device
    from ciokit.pipelines_api.events import track_event as track_event
    from ciokit.pipelines_api.identity import create_alias as create_alias
    from ciokit.pipelines_api.messages import Message as Message
    from ciokit.pipelines_api.objects import create_object as create_object
    from ciokit.pipelines_api.objects import create_relationship as create_relationship
    from ciokit.pipelines_api.objects import delete_object as delete_object
    from ciokit.pipelines_api.objects import delete_relationship as delete_relationship
    from ciokit.pipelines_api.objects import update_object as update_object
    from ciokit.pipelines_api.operation import Receipt as Receipt
    from ciokit.pipelines_api.people import delete_user as delete_user
    from ciokit.pipelines_api.people import identify_user as identify_user
    from ciokit.pipelines_api.people import resubscribe_user as resubscribe_user
    from ciokit.pipelines_api.people import suppress_user as suppress_user
    from ciokit.pipelines_api.people import unsubscribe_user as unsubscribe_user
    from ciokit.pipelines_api.people import unsuppress_user as unsuppress_user
    from ciokit.pipelines_api.privacy import track_device_deleted as track_device_deleted
    from ciokit.pipelines_api.privacy import track_object_deleted as track_object_deleted
    from ciokit.pipelines_api.privacy import track_relationship_deleted as track_relationship_deleted
    from ciokit.pipelines_api.privacy import track_report_delivery_event as track_report_delivery_event
    from ciokit.pipelines_api.privacy import track_user_deleted as track_user_deleted
    from ciokit.pipelines_api.privacy import track_user_suppressed as track_user_suppressed
    from ciokit.pipelines_api.privacy import track_user_unsuppressed as track_user_unsuppressed
    from ciokit.pipelines_api.rows import create_batch_operations as create_batch_operations
    from ciokit.pipelines_api.rows import split_oversized_batch as split_oversized_batch
    from ciokit.pipelines_api.rows import validate_batch_size as validate_batch_size
    from ciokit.pipelines_api.semantic import ecommerce as ecommerce
    from ciokit.pipelines_api.semantic import email as email
    from ciokit.pipelines_api.semantic import experiments as experiments
    from ciokit.pipelines_api.semantic import live_chat as live_chat
    from ciokit.pipelines_api.semantic import mobile as mobile
    from ciokit.pipelines_api.semantic import operations as operations
    from ciokit.pipelines_api.semantic import video as video
    from ciokit.pipelines_api.semantic.event import SemanticEventWarning as SemanticEventWarning
    from ciokit.pipelines_api.views import track_page as track_page
    from ciokit.pipelines_api.views import track_page_view as track_page_view
    from ciokit.pipelines_api.views import track_pageview as track_pageview
    from ciokit.pipelines_api.views import track_screen as track_screen
    from ciokit.pipelines_api.views import track_screen_view as track_screen_view
    from ciokit.pipelines_api.views import track_screenview as track_screenview
    from ciokit.pipelines_api.vocabulary import track_ecommerce_event as track_ecommerce_event
    from ciokit.pipelines_api.vocabulary import track_email_event as track_email_event
    from ciokit.pipelines_api.vocabulary import track_experiment_event as track_experiment_event
    from ciokit.pipelines_api.vocabulary import track_live_chat_event as track_live_chat_event
    from ciokit.pipelines_api.vocabulary import track_mobile_event as track_mobile_event
    from ciokit.pipelines_api.vocabulary import track_video_event as track_video_event
    from ciokit.report import BatchReport as BatchReport
    from ciokit.report import Verdict as Verdict
    from ciokit.settings import Limits as Limits
    from ciokit.settings import Rate as Rate
    from ciokit.settings import Settings as Settings
    from ciokit.track_api.client import AsyncTrackClient as AsyncTrackClient
    from ciokit.track_api.client import TrackClient as TrackClient
    from ciokit.track_api.merging import merge_profiles as merge_profiles
    from ciokit.webhooks.config import WebhookConfigManager as WebhookConfigManager
    from ciokit.webhooks.events import get_event_type as get_event_type
    from ciokit.webhooks.events import parse_event as parse_event
    from ciokit.webhooks.router import get_event_handler as get_event_handler
    from ciokit.webhooks.router import route_webhook_event as route_webhook_event
    from ciokit.webhooks.signature import verify_signature as verify_signature
    from ciokit.workspace import Workspace as Workspace
    from ciokit.workspace import open_workspace as open_workspace

# Where each public name lives; a test holds it equal to the imports above, which are for editors and type checkers.
_HOME: dict[str, str] = {
    "__version__": "ciokit._version",
    "BroadcastReport": "ciokit.app_api.broadcast_runs",
    "follow_broadcast": "ciokit.app_api.broadcast_runs",
    "run_broadcast": "ciokit.app_api.broadcast_runs",
    "AppClient": "ciokit.app_api.client",
    "AsyncAppClient": "ciokit.app_api.client",
    "all_of": "ciokit.app_api.filters",
    "any_of": "ciokit.app_api.filters",
    "attribute": "ciokit.app_api.filters",
    "not_": "ciokit.app_api.filters",
    "segment": "ciokit.app_api.filters",
    "ExportedFile": "ciokit.app_api.flows",
    "ImportReport": "ciokit.app_api.flows",
    "download_export": "ciokit.app_api.flows",
    "export_customers": "ciokit.app_api.flows",
    "export_deliveries": "ciokit.app_api.flows",
    "run_import": "ciokit.app_api.flows",
    "attachments_from": "ciokit.app_api.sending",
    "send_email": "ciokit.app_api.sending",
    "send_in_app": "ciokit.app_api.sending",
    "send_inbox_message": "ciokit.app_api.sending",
    "send_push": "ciokit.app_api.sending",
    "send_sms": "ciokit.app_api.sending",
    "send_transactional": "ciokit.app_api.sending",
    "send_whatsapp": "ciokit.app_api.sending",
    "trigger_broadcast": "ciokit.app_api.sending",
    "upload_asset": "ciokit.app_api.uploads",
    "Attempt": "ciokit.core.connection",
    "SlidingWindow": "ciokit.core.limits",
    "RetryPolicy": "ciokit.core.retry",
    "ApiError": "ciokit.errors",
    "AuthenticationError": "ciokit.errors",
    "ConfigurationError": "ciokit.errors",
    "CustomerIOError": "ciokit.errors",
    "JobError": "ciokit.errors",
    "NetworkError": "ciokit.errors",
    "NetworkTimeoutError": "ciokit.errors",
    "RateLimitError": "ciokit.errors",
    "RefusedError": "ciokit.errors",
    "ServerError": "ciokit.errors",
    "UnexpectedAnswerError": "ciokit.errors",
    "UnparseableEventError": "ciokit.errors",
    "ValidationError": "ciokit.errors",
    "Identity": "ciokit.identity",
    "send_batch": "ciokit.pipelines_api.batches",
    "AsyncCustomerIOClient": "ciokit.pipelines_api.client",
    "CustomerIOClient": "ciokit.pipelines_api.client",
    "delete_device": "ciokit.pipelines_api.devices",
    "register_device": "ciokit.pipelines_api.devices",
    "update_device": "ciokit.pipelines_api.devices",
    "track_event": "ciokit.pipelines_api.events",
    "create_alias": "ciokit.pipelines_api.identity",
    "Message": "ciokit.pipelines_api.messages",
    "create_object": "ciokit.pipelines_api.objects",
    "create_relationship": "ciokit.pipelines_api.objects",
    "delete_object": "ciokit.pipelines_api.objects",
    "delete_relationship": "ciokit.pipelines_api.objects",
    "update_object": "ciokit.pipelines_api.objects",
    "Receipt": "ciokit.pipelines_api.operation",
    "delete_user": "ciokit.pipelines_api.people",
    "identify_user": "ciokit.pipelines_api.people",
    "resubscribe_user": "ciokit.pipelines_api.people",
    "suppress_user": "ciokit.pipelines_api.people",
    "unsubscribe_user": "ciokit.pipelines_api.people",
    "unsuppress_user": "ciokit.pipelines_api.people",
    "track_device_deleted": "ciokit.pipelines_api.privacy",
    "track_object_deleted": "ciokit.pipelines_api.privacy",
    "track_relationship_deleted": "ciokit.pipelines_api.privacy",
    "track_report_delivery_event": "ciokit.pipelines_api.privacy",
    "track_user_deleted": "ciokit.pipelines_api.privacy",
    "track_user_suppressed": "ciokit.pipelines_api.privacy",
    "track_user_unsuppressed": "ciokit.pipelines_api.privacy",
    "BatchReport": "ciokit.report",
    "Verdict": "ciokit.report",
    "create_batch_operations": "ciokit.pipelines_api.rows",
    "split_oversized_batch": "ciokit.pipelines_api.rows",
    "validate_batch_size": "ciokit.pipelines_api.rows",
    "ecommerce": "ciokit.pipelines_api.semantic",
    "email": "ciokit.pipelines_api.semantic",
    "experiments": "ciokit.pipelines_api.semantic",
    "live_chat": "ciokit.pipelines_api.semantic",
    "mobile": "ciokit.pipelines_api.semantic",
    "operations": "ciokit.pipelines_api.semantic",
    "video": "ciokit.pipelines_api.semantic",
    "SemanticEventWarning": "ciokit.pipelines_api.semantic.event",
    "track_page": "ciokit.pipelines_api.views",
    "track_page_view": "ciokit.pipelines_api.views",
    "track_pageview": "ciokit.pipelines_api.views",
    "track_screen": "ciokit.pipelines_api.views",
    "track_screen_view": "ciokit.pipelines_api.views",
    "track_screenview": "ciokit.pipelines_api.views",
    "track_ecommerce_event": "ciokit.pipelines_api.vocabulary",
    "track_email_event": "ciokit.pipelines_api.vocabulary",
    "track_experiment_event": "ciokit.pipelines_api.vocabulary",
    "track_live_chat_event": "ciokit.pipelines_api.vocabulary",
    "track_mobile_event": "ciokit.pipelines_api.vocabulary",
    "track_video_event": "ciokit.pipelines_api.vocabulary",
    "Limits": "ciokit.settings",
    "Rate": "ciokit.settings",
    "Settings": "ciokit.settings",
    "AsyncTrackClient": "ciokit.track_api.client",
    "TrackClient": "ciokit.track_api.client",
    "merge_profiles": "ciokit.track_api.merging",
    "WebhookConfigManager": "ciokit.webhooks.config",
    "get_event_type": "ciokit.webhooks.events",
    "parse_event": "ciokit.webhooks.events",
    "get_event_handler": "ciokit.webhooks.router",
    "route_webhook_event": "ciokit.webhooks.router",
    "verify_signature": "ciokit.webhooks.signature",
    "Workspace": "ciokit.workspace",
    "open_workspace": "ciokit.workspace",
}

__all__ = tuple(sorted(_HOME))  # pyright: ignore[reportUnsupportedDunderAll]  # the names are spelled once more above


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module `ciokit` has no `{name}`")
    module = import_module(home)
    value: object = getattr(module, name) if hasattr(module, name) else import_module(f"{home}.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
