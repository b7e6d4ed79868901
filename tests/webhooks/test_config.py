"""Reporting webhooks kept as configuration, against the emulator, with the blocking client and the awaitable one."""

from __future__ import annotations

import asyncio

import pytest

from ciokit.errors import ConfigurationError, RefusedError
from ciokit.webhooks.config import SUBSCRIPTIONS, WebhookConfig, WebhookConfigManager

URL = "https://hooks.example.com/secret-path"
WANTED = WebhookConfig(name="warehouse", endpoint=URL)


class _Awaited:
    """The manager of an awaitable client, for tests that are written for a blocking one."""

    def __init__(self, manager) -> None:
        self._manager = manager

    def __getattr__(self, name):
        async def call(*args, **kwargs):
            return await getattr(self._manager, name)(*args, **kwargs)

        return lambda *args, **kwargs: asyncio.run(call(*args, **kwargs))


@pytest.fixture(params=["blocking", "awaitable"])
def webhooks(request, ciokit_app_client, ciokit_async_app_client):
    """Return a manager of either kind on the same emulator."""
    if request.param == "blocking":
        return WebhookConfigManager(ciokit_app_client)
    return _Awaited(WebhookConfigManager(ciokit_async_app_client))


def test_a_webhook_is_created_listed_read_changed_and_deleted(webhooks) -> None:
    """The life of a webhook; the default subscribes to every documented event."""
    assert webhooks.list() == []
    created = webhooks.create(WANTED)
    assert (created["name"], created["endpoint"]) == ("warehouse", URL)
    assert (len(created["events"]), set(created["events"])) == (len(SUBSCRIPTIONS), set(SUBSCRIPTIONS))
    assert webhooks.list() == [webhooks.get(created["id"])] == [created]
    assert webhooks.update(created["id"], name="lake")["name"] == "lake"
    assert webhooks.delete(created["id"]) is None
    assert webhooks.list() == []
    with pytest.raises(RefusedError):
        webhooks.get(created["id"])


def test_an_update_changes_nothing_else(webhooks) -> None:
    """What is not given stays, also what the service resets by itself."""
    events = ["email_opened", "sms_sent"]
    config = WebhookConfig(
        name="a", endpoint=URL, events=events, disabled=True, full_resolution=True, with_content=True
    )
    created = webhooks.create(config)
    changed = webhooks.update(created["id"], endpoint="https://other.example.com")
    assert changed == {**created, "endpoint": "https://other.example.com"}
    changed = webhooks.update(created["id"], events=("email_sent",), disabled=False, full_resolution=False)
    assert (changed["events"], changed["disabled"], changed["full_resolution"]) == (["email_sent"], False, False)
    assert changed["with_content"] is True


def test_ensure_creates_then_leaves_alone(webhooks, ciokit_emulator) -> None:
    """The first run creates, the second finds nothing to do and sends nothing but the question."""
    first = webhooks.ensure(WANTED)
    assert (first.action, first.changed) == ("created", ())
    second = webhooks.ensure(WANTED)
    assert (second.action, second.changed, second.webhook) == ("unchanged", (), first.webhook)
    assert webhooks.list() == [first.webhook]


@pytest.mark.parametrize(
    ("changes", "changed"),
    [
        ({"name": "lake"}, ("name",)),
        ({"events": ["email_sent"]}, ("events",)),
        ({"disabled": True}, ("disabled",)),
        ({"full_resolution": True, "with_content": True}, ("full_resolution", "with_content")),
        ({"events": SUBSCRIPTIONS[::-1]}, ()),
    ],
)
def test_ensure_applies_the_difference(webhooks, changes, changed) -> None:
    """Only what differs is a reason to change a webhook; the order of events does not."""
    number = webhooks.ensure(WANTED).webhook["id"]
    wanted = WebhookConfig(**{"name": "warehouse", "endpoint": URL, **changes})
    done = webhooks.ensure(wanted)
    assert (done.action, done.changed) == ("updated" if changed else "unchanged", changed)
    (webhook,) = webhooks.list()
    assert (webhook["id"], webhook) == (number, done.webhook)
    assert all(
        set(webhook[name]) == set(value) if name == "events" else webhook[name] == value
        for name, value in changes.items()
    )
    assert webhooks.ensure(wanted).action == "unchanged"


def test_ensure_says_what_it_would_do(webhooks) -> None:
    """In a dry run nothing is created or changed; what is returned is what a real one does."""
    planned = webhooks.ensure(WANTED, dry_run=True)
    assert (planned.action, planned.webhook["endpoint"], webhooks.list()) == ("created", URL, [])
    created = webhooks.ensure(WANTED).webhook
    lake = WebhookConfig(name="lake", endpoint=URL)
    planned = webhooks.ensure(lake, dry_run=True)
    assert (planned.action, planned.changed, webhooks.list()) == ("updated", ("name",), [created])
    done = webhooks.ensure(lake)
    assert {**planned.webhook, "events": set(planned.webhook["events"])} == {
        **done.webhook,
        "events": set(done.webhook["events"]),
    }
    assert webhooks.ensure(lake, dry_run=True).action == "unchanged"


def test_ensure_creates_where_the_endpoint_is_another(webhooks) -> None:
    """A webhook of the same name that posts elsewhere is not touched."""
    other = webhooks.create(WebhookConfig(name="warehouse", endpoint="https://other.example.com"))
    assert webhooks.ensure(WANTED).action == "created"
    assert other in webhooks.list()


def test_the_name_decides_between_webhooks_of_one_endpoint(webhooks) -> None:
    """Of several webhooks with the endpoint the one with the name is meant; without exactly one it is an error."""
    first = webhooks.create(WebhookConfig(name="other", endpoint=URL))
    second = webhooks.create(WANTED)
    done = webhooks.ensure(WebhookConfig(name="warehouse", endpoint=URL, disabled=True))
    assert (done.action, done.webhook["id"]) == ("updated", second["id"])
    assert webhooks.get(first["id"]) == first
    with pytest.raises(ConfigurationError, match="Several webhooks") as caught:
        webhooks.ensure(WebhookConfig(name="third", endpoint=URL))
    assert "secret-path" not in str(caught.value)
    webhooks.create(WANTED)
    with pytest.raises(ConfigurationError, match="2 of them"):
        webhooks.ensure(WANTED)


@pytest.mark.parametrize("endpoint", ["somewhere", "https://", "http://[::1", "http://127.0.0.1:99999", "http://a:b/"])
def test_what_the_service_refuses_is_told(webhooks, endpoint: str) -> None:
    """An endpoint that is no URL is the service's to refuse."""
    with pytest.raises(RefusedError, match="endpoint"):
        webhooks.ensure(WebhookConfig(name="warehouse", endpoint=endpoint))
    assert webhooks.list() == []


def test_no_endpoint_is_shown() -> None:
    """An endpoint may hold a password: it is in no repr."""
    assert "secret-path" not in repr(WANTED)
