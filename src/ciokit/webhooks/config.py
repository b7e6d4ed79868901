"""Where Customer.io posts webhooks to, kept as configuration: say what should be, and the difference is applied.

```python
webhooks = WebhookConfigManager(app)  # with an awaitable client every method is awaited
webhooks.ensure(WebhookConfig(name="warehouse", endpoint="https://hooks.example.com/"))
# Ensured('created', [])
```

The signing key of a webhook is shown beside it in Customer.io, and only there: no call returns it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias, cast, get_args, overload

from ciokit.app_api.client import AppClient, AsyncAppClient
from ciokit.app_api.reporting_webhooks import ReportingWebhook, ReportingWebhooks, WebhookEvent
from ciokit.core.composed import composed
from ciokit.core.endpoint import Group, S
from ciokit.core.flow import Flow
from ciokit.core.senders import AwaitableSender, BlockingSender
from ciokit.errors import ConfigurationError

SUBSCRIPTIONS: Final[tuple[WebhookEvent, ...]] = get_args(WebhookEvent)
"""Every event that can be subscribed to, by the name it has there (App API, createWebhook)."""

Found: TypeAlias = list[ReportingWebhook]  # a class with a method `list` has no type of that name


Action = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookConfig:
    """A webhook as it should be.

    Args:
        name: what people call it.
        endpoint: the URL that is posted to.
        events: what to report; every event there is unless given.
        disabled: True posts nothing for the time being.
        full_resolution: True reports every opening and click, False the first of each.
        with_content: True adds the body of messages to the `sent` events.
    """

    name: str
    endpoint: str = field(repr=False)  # may hold a password
    events: Sequence[WebhookEvent] = field(default=SUBSCRIPTIONS, repr=False)
    disabled: bool = False
    full_resolution: bool = False
    with_content: bool = False


@dataclass(frozen=True, slots=True)
class Ensured:
    """What `ensure` did, the names of the settings that it changed, and the webhook as it is now."""

    action: Action
    changed: tuple[str, ...]
    webhook: ReportingWebhook

    def __repr__(self) -> str:
        return f"Ensured({self.action!r}, {list(self.changed)})"


class WebhookConfigManager(Group[S]):
    """The reporting webhooks of a workspace, through either client of the App API."""

    @overload
    def __init__(self: WebhookConfigManager[BlockingSender], client: AppClient) -> None: ...
    @overload
    def __init__(self: WebhookConfigManager[AwaitableSender], client: AsyncAppClient) -> None: ...
    def __init__(self: WebhookConfigManager[Any], client: AppClient | AsyncAppClient) -> None:
        super().__init__(client.reporting_webhooks.sender)

    @composed
    def create(self, config: WebhookConfig) -> Flow[ReportingWebhook]:
        """Create a webhook, whether or not there is one with the same endpoint; `ensure` looks first.

        Raises:
            RefusedError: the service does not take a setting.
        """
        return ReportingWebhooks.create.flow(**_settings(config))

    @composed
    def list(self) -> Flow[Found]:
        """Return all webhooks."""
        return _all()

    @composed
    def get(self, webhook_id: int) -> Flow[ReportingWebhook]:
        """Return one webhook.

        Raises:
            RefusedError: 404, there is no such webhook.
        """
        return ReportingWebhooks.get.flow(webhook_id)

    @composed
    def update(
        self,
        webhook_id: int,
        *,
        name: str | None = None,
        endpoint: str | None = None,
        events: Sequence[WebhookEvent] | None = None,
        disabled: bool | None = None,
        full_resolution: bool | None = None,
        with_content: bool | None = None,
    ) -> Flow[ReportingWebhook]:
        """Change settings of a webhook; what is None stays as it is.

        The service asks for some settings even where they stay, and resets `full_resolution` where it is left out: the
        webhook is read first, so that nothing else changes.

        Raises:
            RefusedError: 404, there is no such webhook; or the service does not take a setting.
        """
        changes: dict[str, Any] = {
            "name": name,
            "endpoint": endpoint,
            "events": events,
            "disabled": disabled,
            "full_resolution": full_resolution,
            "with_content": with_content,
        }
        return _updated(webhook_id, {key: value for key, value in changes.items() if value is not None})

    @composed
    def delete(self, webhook_id: int) -> Flow[None]:
        """Delete a webhook.

        Raises:
            RefusedError: 404, there is no such webhook.
        """
        return ReportingWebhooks.delete.flow(webhook_id)

    @composed
    def ensure(self, config: WebhookConfig, *, dry_run: bool = False) -> Flow[Ensured]:
        """Have a webhook as the configuration says: create it, change what differs, or leave it alone.

        The webhook is the one with the same endpoint; where several have it, the one among them with the same name.
        Running it again changes nothing. Two that run at the same moment may both create one.

        Args:
            config: the webhook as it should be.
            dry_run: True changes nothing, and returns what would be done, with the webhook as it would be then.

        Raises:
            ConfigurationError: several webhooks have the endpoint, and not just one of them the name.
            RefusedError: the service does not take a setting.
        """
        return _ensured(config, dry_run=dry_run)


def _all() -> Flow[Found]:
    answer = yield from ReportingWebhooks.find.flow()
    return answer["reporting_webhooks"]


def _updated(webhook_id: int, changes: dict[str, Any]) -> Flow[ReportingWebhook]:
    webhook = yield from ReportingWebhooks.get.flow(webhook_id)
    settings = {**_current(webhook), **changes}
    settings["events"] = [*settings["events"]]
    return (yield from ReportingWebhooks.update.flow(webhook_id, **settings))


def _ensured(config: WebhookConfig, *, dry_run: bool) -> Flow[Ensured]:
    webhook = _matching(config, (yield from _all()))
    wanted = _settings(config)
    current = _current(webhook) if webhook else {}
    changed = tuple(name for name, value in wanted.items() if webhook and not _same(name, value, current[name]))
    if webhook and not changed:
        return Ensured("unchanged", (), webhook)
    action: Action = "updated" if webhook else "created"
    if dry_run:
        return Ensured(action, changed, cast("ReportingWebhook", {**(webhook or {}), **wanted}))
    if webhook:
        return Ensured(action, changed, (yield from ReportingWebhooks.update.flow(webhook.get("id", 0), **wanted)))
    return Ensured(action, changed, (yield from ReportingWebhooks.create.flow(**wanted)))


def _matching(config: WebhookConfig, webhooks: Found) -> ReportingWebhook | None:
    found = [each for each in webhooks if each["endpoint"] == config.endpoint and each.get("type") != "js"]
    if len(found) > 1:
        found = [each for each in found if each["name"] == config.name]
        if len(found) != 1:
            raise ConfigurationError(
                f"Several webhooks post to the endpoint and {len(found)} of them are called {config.name!r}; expected "
                "one. Delete those that are not needed, or give the one that is meant this name"
            )
    return found[0] if found else None


def _settings(config: WebhookConfig) -> dict[str, Any]:
    return {
        "name": config.name,
        "endpoint": config.endpoint,
        "events": [*config.events],
        "disabled": config.disabled,
        "full_resolution": config.full_resolution,
        "with_content": config.with_content,
    }


def _current(webhook: ReportingWebhook) -> dict[str, Any]:
    return {
        "name": webhook["name"],
        "endpoint": webhook["endpoint"],
        "events": webhook["events"],
        "disabled": webhook.get("disabled", False),
        "full_resolution": webhook.get("full_resolution", False),
        "with_content": webhook.get("with_content", False),
    }


def _same(name: str, one: Any, other: Any) -> bool:
    return one == other if name != "events" else set(one) == set(other)  # their order means nothing
