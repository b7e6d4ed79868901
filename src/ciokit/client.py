"""How every client is put together: settings to a connection, a connection and a transport to a sender."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self, TypedDict

from ciokit._version import __version__
from ciokit.core.clock import Clock, SystemClock
from ciokit.core.connection import Connection, Hook
from ciokit.core.limits import Limiters, SlidingWindow
from ciokit.core.retry import RetryPolicy
from ciokit.core.senders import AwaitableSender, BlockingSender
from ciokit.core.transport import AsyncHttpTransport, HttpTransport, TransportOptions
from ciokit.core.wire import AsyncTransport, Transport
from ciokit.errors import ConfigurationError
from ciokit.settings import ItemContext, Limits, SemanticCheck, Settings
from ciokit.surfaces import Surface
from ciokit.values import Missing


class ClientOptions(TypedDict, total=False):
    """What every client takes besides its key and region; see `ciokit.settings.Settings` for the settings.

    - `settings`: resolved already; the others given here still win. `profile`: a table of the profile file.
    - `limiter`: the surface's, shared between the clients of a workspace; `limiters`: all of them, shared.
    - `hooks`: told of each attempt. `clock`: for tests.
    """

    settings: Settings
    profile: str
    base_url: str
    strict_mode: bool
    timeout: float
    missing: Missing
    semantic_check: SemanticCheck
    item_context: ItemContext
    proxy: str
    ca_file: str
    limits: Limits
    retry: RetryPolicy
    limiter: SlidingWindow
    limiters: Limiters
    hooks: Sequence[Hook]
    clock: Clock


@dataclass(frozen=True)
class Parts:
    """What of the options is no setting."""

    clock: Clock | None = None
    limiter: SlidingWindow | None = None
    limiters: Limiters | None = None
    hooks: Sequence[Hook] = ()


# Without this, Python prints a library's warnings on stderr when a program has not set up logging.
logging.getLogger("ciokit").addHandler(logging.NullHandler())

_PARTS = ("limiter", "limiters", "hooks", "clock")


def resolve(options: ClientOptions, **named: Any) -> tuple[Settings, Parts]:
    """Return the settings and parts of a client; `named` are its own arguments. None counts as not given."""
    unknown = options.keys() - ClientOptions.__annotations__.keys()
    if unknown:
        raise TypeError(f"unexpected option `{min(unknown)}`; known are {', '.join(ClientOptions.__annotations__)}")
    given: dict[str, Any] = {name: value for name, value in {**options, **named}.items() if value is not None}
    parts = Parts(**{name: given.pop(name) for name in _PARTS if name in given})
    settings: Settings | None = given.pop("settings", None)
    if settings is None:
        return Settings.resolve(profile=given.pop("profile", None), **given), parts
    if "profile" in given:
        raise ConfigurationError("`profile` and `settings` exclude each other; give the profile to `Settings.resolve`")
    return replace(settings, **given), parts


def limiters_for(settings: Settings) -> Limiters:
    """Return limiters at the paces the settings give; those they leave out are the vendor's."""
    rates = {**Limits().rates, **settings.limits.rates}
    return Limiters({name: (rate.requests, rate.seconds) for name, rate in rates.items()})


def open_connection(surface: Surface, settings: Settings, parts: Parts) -> Connection:
    """Return the connection of one client; raises `ConfigurationError` when the key is missing."""
    user = settings.key(surface.user_setting) if surface.user_setting else ""
    key = settings.key(surface.key_setting)
    limiters = parts.limiters or limiters_for(settings)
    if parts.limiter:
        limiters.put(surface.name, parts.limiter)
    headers = {
        "authorization": surface.authorization(key, user),
        "content-type": "application/json",
        "user-agent": f"ciokit/{__version__}",
    }
    if surface.strict_mode and settings.strict_mode:
        headers["x-strict-mode"] = "1"
    return Connection(
        base_url=surface.base_url(settings.region, settings.base_url),
        headers=headers,
        limiters=limiters,
        retry=settings.retry,
        clock=parts.clock or SystemClock(),
        log=logging.getLogger(f"ciokit.{surface.name}"),
        timeout=settings.timeout,
        hooks=tuple(parts.hooks),
        secrets=(key, user),
        limits=settings.limits,
    )


def blocking_sender(surface: Surface, settings: Settings, parts: Parts, transport: Transport | None) -> BlockingSender:
    """Return a sender for a blocking client."""
    connection = open_connection(surface, settings, parts)
    return BlockingSender(connection, transport or HttpTransport(_options(settings)))


def awaitable_sender(
    surface: Surface, settings: Settings, parts: Parts, transport: AsyncTransport | None
) -> AwaitableSender:
    """Return a sender for an awaitable client."""
    connection = open_connection(surface, settings, parts)
    return AwaitableSender(connection, transport or AsyncHttpTransport(_options(settings)))


def _options(settings: Settings) -> TransportOptions:
    return TransportOptions(proxy=settings.proxy, ca_file=settings.ca_file)


class BlockingClient:
    """What every blocking client is: settings, one sender, and an end. Safe across threads and across `fork`."""

    def __init__(
        self, surface: Surface, transport: Transport | None, options: ClientOptions, **named: str | None
    ) -> None:
        self.settings: Settings
        self.settings, parts = resolve(options, **named)
        self._sender = blocking_sender(surface, self.settings, parts, transport)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._sender.connection.base_url!r})"

    def close(self) -> None:
        """Close the connections; a further call raises `ConfigurationError`."""
        self._sender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AwaitableClient:
    """What every awaitable client is; the twin of `BlockingClient`."""

    def __init__(
        self, surface: Surface, transport: AsyncTransport | None, options: ClientOptions, **named: str | None
    ) -> None:
        self.settings: Settings
        self.settings, parts = resolve(options, **named)
        self._sender = awaitable_sender(surface, self.settings, parts, transport)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._sender.connection.base_url!r})"

    async def aclose(self) -> None:
        """Close the connections; a further call raises `ConfigurationError`."""
        await self._sender.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
