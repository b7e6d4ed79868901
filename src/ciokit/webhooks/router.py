"""Which function is called for which event.

```python
router = Router()

@router.on("email", "opened")
def opened(event: WebhookEvent) -> None: ...

@router.on("sms")  # every other metric of text messages
async def text_message(event: WebhookEvent) -> None: ...

route_webhook_event(router, parse_event(body))
```
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any, Final, TypeAlias, TypeVar

from ciokit.errors import ConfigurationError
from ciokit.webhooks.events import WebhookEvent
from ciokit.webhooks.schema import METRICS

Handler: TypeAlias = Callable[[WebhookEvent], Any]
"""What is called with an event; it may be a coroutine function."""

H = TypeVar("H", bound=Handler)

ALL: Final = "*"
_VENDOR: Final = "cio_"  # events have it before `subscription_preferences_changed`, subscriptions do not


class Router:
    """Handlers by type and metric; an event goes to one of them, the one that says most about it."""

    def __init__(self) -> None:
        self._handlers: dict[tuple[str, str], Handler] = {}

    def __bool__(self) -> bool:
        return bool(self._handlers)

    def __repr__(self) -> str:
        return f"Router({len(self._handlers)} handlers)"

    def on(self, object_type: str, metric: str | None = None) -> Callable[[H], H]:
        """Have the decorated function called for these events.

        Args:
            object_type: such as `email`; `*` is every type.
            metric: such as `opened`, as events or subscriptions spell it; None or `*` is every metric without a handler
                of its own.

        Raises:
            ConfigurationError: these events have a handler already.
        """
        key = (object_type, (metric or ALL).removeprefix(_VENDOR))
        if key in self._handlers:
            raise ConfigurationError(
                f"There is a handler for {object_type} {metric or ALL} already; call both functions from one handler"
            )
        if not _known(*key):
            known = METRICS.get(object_type, METRICS)
            warnings.warn(
                f"no event is known by {object_type} {metric or ALL}; known are {', '.join(known)}", stacklevel=2
            )

        def keep(handler: H) -> H:
            self._handlers[key] = handler
            return handler

        return keep

    def handler(self, event: WebhookEvent) -> Handler | None:
        """Return the handler of an event, None if it has none."""
        metric = event.metric.removeprefix(_VENDOR)
        for key in ((event.object_type, metric), (event.object_type, ALL), (ALL, metric), (ALL, ALL)):
            if key in self._handlers:
                return self._handlers[key]
        return None


def _known(object_type: str, metric: str) -> bool:
    types = METRICS.values() if object_type == ALL else [METRICS.get(object_type, ())]
    known = {each.removeprefix(_VENDOR) for metrics in types for each in metrics}
    return metric in known or (metric == ALL and bool(known))


def get_event_handler(router: Router, event: WebhookEvent) -> Handler | None:
    """Return the handler that a router has for an event, None if it has none."""
    return router.handler(event)


def route_webhook_event(router: Router, event: WebhookEvent) -> Any:
    """Call the handler of an event and return what it returns; None if there is none.

    Raises:
        ConfigurationError: the handler has to be awaited; `route_webhook_event_async` does.
    """
    handler = router.handler(event)
    if handler is None:
        return None
    result: Any = None if inspect.iscoroutinefunction(handler) else handler(event)
    if inspect.iscoroutinefunction(handler) or inspect.isawaitable(result):
        if inspect.iscoroutine(result):
            result.close()
        raise ConfigurationError(
            f"The handler of {event.object_type} {event.metric} has to be awaited; use route_webhook_event_async, or a "
            "plain function"
        )
    return result


async def route_webhook_event_async(router: Router, event: WebhookEvent) -> Any:
    """Call the handler of an event, await it where it has to be, and return what it returns; None if there is none.

    A plain function runs in the event loop: one that takes long holds up everything else there.
    """
    handler = router.handler(event)
    result: Any = handler and handler(event)
    return await result if inspect.isawaitable(result) else result
