"""Reporting webhooks: where the service posts what happens to messages and subscriptions."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from ciokit.core.endpoint import Field, Group, Path, S, endpoint
from ciokit.core.retry import Retry

WebhookEvent = Literal[
    "customer_subscribed",
    "customer_unsubscribed",
    "customer_subscription_preferences_changed",
    "email_drafted",
    "email_attempted",
    "email_sent",
    "email_delivered",
    "email_opened",
    "email_clicked",
    "email_converted",
    "email_bounced",
    "email_dropped",
    "email_deferred",
    "email_spammed",
    "email_failed",
    "email_unsubscribed",
    "email_undeliverable",
    "in_app_drafted",
    "in_app_attempted",
    "in_app_sent",
    "in_app_opened",
    "in_app_clicked",
    "in_app_converted",
    "in_app_failed",
    "in_app_undeliverable",
    "push_drafted",
    "push_attempted",
    "push_sent",
    "push_delivered",
    "push_opened",
    "push_clicked",
    "push_converted",
    "push_bounced",
    "push_dropped",
    "push_failed",
    "push_undeliverable",
    "slack_drafted",
    "slack_attempted",
    "slack_sent",
    "slack_clicked",
    "slack_converted",
    "slack_failed",
    "sms_drafted",
    "sms_attempted",
    "sms_sent",
    "sms_delivered",
    "sms_clicked",
    "sms_converted",
    "sms_bounced",
    "sms_dropped",
    "sms_failed",
    "sms_undeliverable",
    "sms_replied",
    "whatsapp_drafted",
    "whatsapp_attempted",
    "whatsapp_sent",
    "whatsapp_delivered",
    "whatsapp_opened",
    "whatsapp_clicked",
    "whatsapp_converted",
    "whatsapp_bounced",
    "whatsapp_dropped",
    "whatsapp_failed",
    "whatsapp_undeliverable",
    "whatsapp_replied",
    "webhook_drafted",
    "webhook_attempted",
    "webhook_sent",
    "webhook_clicked",
    "webhook_converted",
    "webhook_failed",
    "webhook_undeliverable",
]
"""What a webhook can report."""


class ReportingWebhook(TypedDict):
    """A webhook.

    `full_resolution` reports every opening and click instead of the first of each; `with_content` adds the body of
    messages to the `*_sent` events. `type` is set by the service.
    """

    id: NotRequired[int]
    name: str
    endpoint: str
    disabled: NotRequired[bool]
    full_resolution: NotRequired[bool]
    with_content: NotRequired[bool]
    events: list[WebhookEvent]
    type: NotRequired[Literal["webhook", "js"]]


class ReportingWebhookList(TypedDict):
    """The webhooks of a workspace."""

    reporting_webhooks: list[ReportingWebhook]


class ReportingWebhooks(Group[S]):
    """What the App API does about reporting webhooks."""

    @endpoint("app", "GET", "/v1/reporting_webhooks", retry=Retry.SAFE, docs="listWebhooks")
    def find(self) -> ReportingWebhookList:
        """Return all reporting webhooks of the workspace."""
        ...

    @endpoint("app", "POST", "/v1/reporting_webhooks", retry=Retry.NEVER, docs="createWebhook")
    def create(
        self,
        *,
        name: Field[str],
        endpoint: Field[str],
        events: Field[list[WebhookEvent]],
        disabled: Field[bool | None] = None,
        full_resolution: Field[bool] = False,
        with_content: Field[bool | None] = None,
    ) -> ReportingWebhook:
        """Create a reporting webhook.

        Args:
            name: what people call it.
            endpoint: the URL that is posted to.
            events: what to report, at least one.
            disabled: True posts nothing for the time being.
            full_resolution: True reports every opening and click, False the first of each.
            with_content: True adds the body of messages to the `*_sent` events.
        """
        ...

    @endpoint("app", "GET", "/v1/reporting_webhooks/{webhook_id}", retry=Retry.SAFE, docs="getWebhook")
    def get(self, webhook_id: Path[int]) -> ReportingWebhook:
        """Return one reporting webhook.

        Raises:
            RefusedError: 404, there is no such webhook.
        """
        ...

    @endpoint("app", "PUT", "/v1/reporting_webhooks/{webhook_id}", retry=Retry.SAFE, docs="updateWebhook")
    def update(
        self,
        webhook_id: Path[int],
        *,
        name: Field[str],
        endpoint: Field[str],
        events: Field[list[WebhookEvent]],
        disabled: Field[bool | None] = None,
        full_resolution: Field[bool] = False,
        with_content: Field[bool | None] = None,
    ) -> ReportingWebhook:
        """Change a reporting webhook; name, endpoint and events are asked for even where they stay.

        Args:
            webhook_id: the number of the webhook.
            name: what people call it.
            endpoint: the URL that is posted to.
            events: what to report from now on, at least one.
            disabled: True posts nothing for the time being, False posts again.
            full_resolution: True reports every opening and click, False the first of each.
            with_content: True adds the body of messages to the `*_sent` events.

        Raises:
            RefusedError: 404, there is no such webhook.
        """
        ...

    @endpoint("app", "DELETE", "/v1/reporting_webhooks/{webhook_id}", retry=Retry.SAFE, docs="deleteWebhook")
    def delete(self, webhook_id: Path[int]) -> None:
        """Delete a reporting webhook.

        Raises:
            RefusedError: 404, there is no such webhook.
        """
        ...
