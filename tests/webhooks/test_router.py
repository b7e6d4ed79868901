"""Which handler an event goes to, and how it is called."""

from __future__ import annotations

import asyncio
import functools
import json

import pytest

from ciokit.errors import ConfigurationError
from ciokit.webhooks.events import parse_event
from ciokit.webhooks.router import Router, get_event_handler, route_webhook_event, route_webhook_event_async

PREFERENCES = "cio_subscription_preferences_changed"


def _event(object_type: str, metric: str):
    body = {"event_id": "e", "object_type": object_type, "metric": metric, "timestamp": 1613063089, "data": {}}
    return parse_event(json.dumps(body).encode())


def _named(name: str):
    return lambda event: f"{name}: {event.metric}"


@pytest.fixture
def router() -> Router:
    """Return a router with a handler for everything, and some that say more."""
    router = Router()
    router.on("email", "opened")(_named("opened email"))
    router.on("email")(_named("email"))
    router.on("*", "clicked")(_named("clicked"))
    router.on("*")(_named("all"))
    return router


@pytest.mark.parametrize(
    ("event", "result"),
    [
        (("email", "opened"), "opened email: opened"),
        (("email", "sent"), "email: sent"),
        (("email", "clicked"), "email: clicked"),
        (("sms", "clicked"), "clicked: clicked"),
        (("sms", "sent"), "all: sent"),
        (("fax", "jammed"), "all: jammed"),
    ],
)
def test_an_event_goes_to_the_handler_that_says_most(router, event, result) -> None:
    """Type and metric come before the type alone, that before the metric alone, that before everything."""
    assert route_webhook_event(router, _event(*event)) == result
    assert asyncio.run(route_webhook_event_async(router, _event(*event))) == result
    assert get_event_handler(router, _event(*event))(_event(*event)) == result


def test_an_event_without_a_handler_is_let_pass() -> None:
    """No handler is no error."""
    router = Router()
    router.on("email", "opened")(_named("opened"))
    assert get_event_handler(router, _event("email", "sent")) is None
    assert route_webhook_event(router, _event("email", "sent")) is None
    assert asyncio.run(route_webhook_event_async(router, _event("email", "sent"))) is None


@pytest.mark.parametrize("metric", [PREFERENCES, "subscription_preferences_changed"])
def test_both_names_of_changed_preferences_are_understood(metric) -> None:
    """A handler gets the event whether it names it as the event or as the subscription does."""
    router = Router()
    router.on("customer", metric)(_named("changed"))
    assert route_webhook_event(router, _event("customer", PREFERENCES)) == f"changed: {PREFERENCES}"


def test_on_gives_the_function_back_and_makes_the_router_true() -> None:
    """The decorated function stays what it is; a router without handlers is false."""
    router = Router()
    assert not router
    handler = _named("x")
    assert router.on("push", "*")(handler) is handler
    assert router
    assert get_event_handler(router, _event("push", "sent")) is handler


def test_a_second_handler_for_the_same_events_is_refused() -> None:
    """Two functions for one kind of event are an error, not a matter of luck."""
    router = Router()
    router.on("email", "opened")(_named("first"))
    with pytest.raises(ConfigurationError, match="a handler for email opened already"):
        router.on("email", "opened")


@pytest.mark.parametrize("kind", [("email", "open"), ("sms", "opened"), ("mail", None), ("*", "open")])
def test_a_kind_of_event_that_is_not_known_is_taken_with_a_warning(kind) -> None:
    """A slip of the pen is told; an event that is newer than this release can be handled."""
    router = Router()
    with pytest.warns(UserWarning, match="known are .*"):
        router.on(*kind)(_named("new"))
    assert router


class _Awaitable:
    async def __call__(self, event):
        await asyncio.sleep(0)
        return f"awaited: {event.metric}"


async def _coroutine(event):
    await asyncio.sleep(0)
    return f"awaited: {event.metric}"


@pytest.mark.parametrize("handler", [_coroutine, functools.partial(_coroutine), _Awaitable()])
def test_handlers_may_be_coroutine_functions(handler) -> None:
    """A handler that has to be awaited is, by the awaitable function; the other says so and leaves nothing behind."""
    router = Router()
    router.on("email")(handler)
    assert asyncio.run(route_webhook_event_async(router, _event("email", "sent"))) == "awaited: sent"
    with pytest.raises(ConfigurationError, match="has to be awaited"):
        route_webhook_event(router, _event("email", "sent"))


def test_what_a_handler_raises_reaches_the_caller(router) -> None:
    """A failure in a handler is not swallowed."""

    @router.on("push", "failed")
    def fail(event) -> None:
        raise RuntimeError(event.metric)

    with pytest.raises(RuntimeError, match="failed"):
        route_webhook_event(router, _event("push", "failed"))
    with pytest.raises(RuntimeError, match="failed"):
        asyncio.run(route_webhook_event_async(router, _event("push", "failed")))
