"""Reporting webhooks: their configuration."""

from __future__ import annotations

from urllib.parse import urlsplit

from ciokit.app_api.reporting_webhooks import (
    ReportingWebhook,
    ReportingWebhookList,
    ReportingWebhooks,
    WebhookEvent,
)
from ciokit.emulator.routing import ApiFault, Manner, on
from ciokit.emulator.world import World


@on(ReportingWebhooks.find)
def find(world: World) -> ReportingWebhookList:
    """Answer with all webhooks."""
    return {"reporting_webhooks": list(world.held.webhooks.values())}


@on(ReportingWebhooks.create)
def create(
    world: World,
    *,
    name: str,
    endpoint: str,
    events: list[WebhookEvent],
    disabled: bool | None = None,
    full_resolution: bool = False,
    with_content: bool | None = None,
) -> ReportingWebhook:
    """Make a webhook."""
    _check(name, endpoint, events)
    world.outgoing.distribute(world)  # what happened before is none of its business
    number = world.held.number("webhook", world.held.webhooks)
    world.held.webhooks[number] = {
        "id": number,
        "name": name,
        "endpoint": endpoint,
        "disabled": bool(disabled),
        "full_resolution": full_resolution,
        "with_content": bool(with_content),
        "events": list(dict.fromkeys(events)),
        "type": "webhook",
    }
    return world.held.webhooks[number]


@on(ReportingWebhooks.get)
def get(world: World, webhook_id: int) -> ReportingWebhook:
    """Answer with one webhook."""
    return _known(world, webhook_id)


@on(ReportingWebhooks.update)
def update(
    world: World,
    webhook_id: int,
    *,
    name: str,
    endpoint: str,
    events: list[WebhookEvent],
    disabled: bool | None = None,
    full_resolution: bool = False,
    with_content: bool | None = None,
) -> ReportingWebhook:
    """Change a webhook; what is left out stays, save for `full_resolution`, which has a default (App spec)."""
    webhook = _known(world, webhook_id)
    _check(name, endpoint, events)
    world.outgoing.distribute(world)  # by what was set up until now
    webhook.update(
        {
            "name": name,
            "endpoint": endpoint,
            "full_resolution": full_resolution,
            "events": list(dict.fromkeys(events)),
        }
    )
    if disabled is not None:
        webhook["disabled"] = disabled
    if with_content is not None:
        webhook["with_content"] = with_content
    return webhook


@on(ReportingWebhooks.delete, Manner(status=200))  # the only DELETE the App spec answers with 200
def delete(world: World, webhook_id: int) -> None:
    """Forget a webhook."""
    number = _known(world, webhook_id).get("id", 0)
    del world.held.webhooks[number]
    world.outgoing.lines.pop(number, None)


def _known(world: World, webhook_id: int) -> ReportingWebhook:
    webhook = world.held.webhooks.get(webhook_id)
    if webhook is None:
        raise ApiFault(404, "there is no such webhook")
    return webhook


def _is_address(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # half an IPv6 address, or a port that is none
        return False


def _check(name: str, endpoint: str, events: list[WebhookEvent]) -> None:
    if not name.strip():
        raise ApiFault(400, "name: is empty")
    if not _is_address(endpoint):
        raise ApiFault(400, "endpoint: is no URL that begins with http:// or https://")
    if not events:
        raise ApiFault(400, "events: needs at least one")
