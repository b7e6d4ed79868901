"""Webhooks of Customer.io: verified, made durable before they are acknowledged, and brought into Delta tables.

Names are loaded on first use: what only verifies a signature loads no server and no engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciokit.webhooks.asgi import AsgiApp as AsgiApp
    from ciokit.webhooks.committer import CommitReport as CommitReport
    from ciokit.webhooks.committer import Committer as Committer
    from ciokit.webhooks.config import SUBSCRIPTIONS as SUBSCRIPTIONS
    from ciokit.webhooks.config import Ensured as Ensured
    from ciokit.webhooks.config import WebhookConfig as WebhookConfig
    from ciokit.webhooks.config import WebhookConfigManager as WebhookConfigManager
    from ciokit.webhooks.events import WebhookEvent as WebhookEvent
    from ciokit.webhooks.events import get_event_type as get_event_type
    from ciokit.webhooks.events import parse_event as parse_event
    from ciokit.webhooks.journal import Journal as Journal
    from ciokit.webhooks.journal_reader import JournalReader as JournalReader
    from ciokit.webhooks.receiver import Reply as Reply
    from ciokit.webhooks.receiver import WebhookReceiver as WebhookReceiver
    from ciokit.webhooks.router import Router as Router
    from ciokit.webhooks.router import get_event_handler as get_event_handler
    from ciokit.webhooks.router import route_webhook_event as route_webhook_event
    from ciokit.webhooks.router import route_webhook_event_async as route_webhook_event_async
    from ciokit.webhooks.schema import METRICS as METRICS
    from ciokit.webhooks.schema import OBJECT_TYPES as OBJECT_TYPES
    from ciokit.webhooks.schema import TypedEvent as TypedEvent
    from ciokit.webhooks.serving import WebhookServer as WebhookServer
    from ciokit.webhooks.signature import Verification as Verification
    from ciokit.webhooks.signature import Verifier as Verifier
    from ciokit.webhooks.signature import sign as sign
    from ciokit.webhooks.signature import verify_headers as verify_headers
    from ciokit.webhooks.signature import verify_signature as verify_signature
    from ciokit.webhooks.table_sql import ddl as ddl
    from ciokit.webhooks.tables import TABLES as TABLES
    from ciokit.webhooks.views import open_tables as open_tables
    from ciokit.webhooks.views import view_sql as view_sql
    from ciokit.webhooks.views import view_statements as view_statements
    from ciokit.webhooks.wsgi import WsgiApp as WsgiApp

# Where each public name lives; a test holds it equal to the imports above, which are for editors and type checkers.
_HOME: dict[str, str] = {
    "AsgiApp": "ciokit.webhooks.asgi",
    "CommitReport": "ciokit.webhooks.committer",
    "Committer": "ciokit.webhooks.committer",
    "SUBSCRIPTIONS": "ciokit.webhooks.config",
    "Ensured": "ciokit.webhooks.config",
    "WebhookConfig": "ciokit.webhooks.config",
    "WebhookConfigManager": "ciokit.webhooks.config",
    "ddl": "ciokit.webhooks.table_sql",
    "WebhookEvent": "ciokit.webhooks.events",
    "get_event_type": "ciokit.webhooks.events",
    "parse_event": "ciokit.webhooks.events",
    "Journal": "ciokit.webhooks.journal",
    "JournalReader": "ciokit.webhooks.journal_reader",
    "Reply": "ciokit.webhooks.receiver",
    "WebhookReceiver": "ciokit.webhooks.receiver",
    "Router": "ciokit.webhooks.router",
    "get_event_handler": "ciokit.webhooks.router",
    "route_webhook_event": "ciokit.webhooks.router",
    "route_webhook_event_async": "ciokit.webhooks.router",
    "METRICS": "ciokit.webhooks.schema",
    "OBJECT_TYPES": "ciokit.webhooks.schema",
    "TypedEvent": "ciokit.webhooks.schema",
    "WebhookServer": "ciokit.webhooks.serving",
    "Verification": "ciokit.webhooks.signature",
    "Verifier": "ciokit.webhooks.signature",
    "sign": "ciokit.webhooks.signature",
    "verify_headers": "ciokit.webhooks.signature",
    "verify_signature": "ciokit.webhooks.signature",
    "TABLES": "ciokit.webhooks.tables",
    "open_tables": "ciokit.webhooks.views",
    "view_sql": "ciokit.webhooks.views",
    "view_statements": "ciokit.webhooks.views",
    "WsgiApp": "ciokit.webhooks.wsgi",
}

__all__ = tuple(sorted(_HOME))  # pyright: ignore[reportUnsupportedDunderAll]  # the names are spelled once more above


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module `ciokit.webhooks` has no `{name}`")
    value: object = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
