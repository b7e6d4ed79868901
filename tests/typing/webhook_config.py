"""What type checkers know of the webhook configuration and of events; never executed."""

from __future__ import annotations

from typing import assert_type

from ciokit import AppClient, AsyncAppClient
from ciokit.app_api.reporting_webhooks import ReportingWebhook
from ciokit.webhooks.config import Ensured, WebhookConfig, WebhookConfigManager
from ciokit.webhooks.events import parse_event
from ciokit.webhooks.schema import EmailData


def blocking(app: AppClient, config: WebhookConfig) -> None:
    webhooks = WebhookConfigManager(app)
    assert_type(webhooks.ensure(config), Ensured)
    assert_type(webhooks.list(), list[ReportingWebhook])
    assert_type(webhooks.update(1, name="a"), ReportingWebhook)
    webhooks.update(1, nam="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def awaitable(app: AsyncAppClient, config: WebhookConfig) -> None:
    webhooks = WebhookConfigManager(app)
    assert_type(await webhooks.ensure(config), Ensured)
    assert_type(await webhooks.get(1), ReportingWebhook)


def narrowed(body: bytes) -> None:
    event = parse_event(body).typed
    if event["object_type"] == "email":
        assert_type(event["data"], EmailData)
        assert_type(event["data"].get("machine"), bool | None)
