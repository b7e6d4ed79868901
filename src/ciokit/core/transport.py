"""The seam to the HTTP library: pooled connections over httpx2, loaded on first use and renewed after a fork.

A connection pool must not be shared between processes, nor an awaitable one between event loops. Both transports
notice that they woke up in another process (or loop) and make a pool of their own there; the old one is kept
untouched, since its sockets belong to somebody else. They use httpx2's transports without its client: the client
writes whole URLs to its log, and those hold identifiers.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from ciokit.core.wire import Request, Response
from ciokit.errors import ConfigurationError, NetworkError, NetworkTimeoutError, ValidationError

if TYPE_CHECKING:
    import httpx2

    _Http = TypeVar("_Http", httpx2.HTTPTransport, httpx2.AsyncHTTPTransport)
    _Pool: TypeAlias = tuple[httpx2.AsyncHTTPTransport, AsyncGenerator[httpx2.AsyncHTTPTransport, None]]

_LONGEST_URL = 65_536  # httpx2 takes no longer one


@dataclass(frozen=True)
class TransportOptions:
    """How to reach the service.

    `proxy` is a URL; without one the usual environment variables (`HTTPS_PROXY`, `NO_PROXY`) are followed,
    save for this machine itself.
    `ca_file` is a PEM file with the certificates to trust instead of the system's.
    """

    proxy: str | None = field(default=None, repr=False)  # may hold a password
    ca_file: str | None = None
    connections: int = 100


class HttpTransport:
    """Blocking transport; safe across threads, and across `fork`."""

    def __init__(self, options: TransportOptions) -> None:
        self._options = options
        self._pools: dict[int, httpx2.HTTPTransport] = {}  # by process

    def send(self, request: Request) -> Response:
        """Send one request and read the whole answer."""
        import httpx2

        pool = self._pools.get(os.getpid()) or self._open(request)
        message = _message(request)
        try:
            answer = pool.handle_request(message)
            try:
                body = answer.read()
            finally:
                answer.close()
        except httpx2.RequestError as error:
            raise _network_error(error, request) from None
        return _response(answer, body)

    def _open(self, request: Request) -> httpx2.HTTPTransport:
        import httpx2

        opened = _made(httpx2.HTTPTransport, self._options, request)
        # Threads may come here at once: the first one's pool is used. A lock could be held across a fork.
        pool = self._pools.setdefault(os.getpid(), opened)
        if pool is not opened:
            opened.close()
        return pool

    def close(self) -> None:
        """Close this process's connections."""
        pool = self._pools.pop(os.getpid(), None)
        if pool is not None:
            pool.close()


class AsyncHttpTransport:
    """Awaitable transport; usable from several event loops, at once or one after another, and after `fork`.

    A pool lives as long as its loop: it hangs on an async generator, and a loop that ends closes those in peace. So
    `asyncio.run` may be called again and again with one client, and nothing is left open.
    """

    def __init__(self, options: TransportOptions) -> None:
        self._options = options
        self._pools: dict[tuple[int, asyncio.AbstractEventLoop], _Pool] = {}  # by process and loop

    async def send(self, request: Request) -> Response:
        """Send one request and read the whole answer."""
        import httpx2

        owner = os.getpid(), asyncio.get_running_loop()
        pool, _ = self._pools.get(owner) or await self._open(owner, request)
        message = _message(request)
        try:
            answer = await pool.handle_async_request(message)
            try:
                body = await answer.aread()
            finally:
                await answer.aclose()
        except httpx2.RequestError as error:
            raise _network_error(error, request) from None
        return _response(answer, body)

    async def _open(self, owner: tuple[int, asyncio.AbstractEventLoop], request: Request) -> _Pool:
        import httpx2

        pool = _made(httpx2.AsyncHTTPTransport, self._options, request)
        for process, loop in list(self._pools):
            if process == owner[0] and loop.is_closed():  # and its pool with it
                self._pools.pop((process, loop), None)
        opened = self._pools[owner] = pool, _until_closed(pool)
        await anext(opened[1])
        return opened

    async def aclose(self) -> None:
        """Close this loop's connections."""
        opened = self._pools.pop((os.getpid(), asyncio.get_running_loop()), None)
        if opened is not None:
            await opened[1].aclose()


async def _until_closed(pool: httpx2.AsyncHTTPTransport) -> AsyncGenerator[httpx2.AsyncHTTPTransport, None]:
    try:
        yield pool
    finally:
        await pool.aclose()


def _made(kind: type[_Http], options: TransportOptions, request: Request) -> _Http:
    import httpx2

    verify: ssl.SSLContext | bool = True
    if options.ca_file:
        try:
            verify = ssl.create_default_context(cafile=options.ca_file)
        except OSError as error:
            raise ConfigurationError(
                f"the file named by `ca_file` cannot be read ({type(error).__name__}); give the path of a PEM file"
            ) from None
    url = options.proxy or _environment_proxy(request.url)
    limits = httpx2.Limits(max_connections=options.connections, max_keepalive_connections=options.connections)
    try:
        return kind(verify=verify, proxy=httpx2.Proxy(url) if url else None, limits=limits)
    except (ValueError, httpx2.InvalidURL, ImportError) as error:
        raise ConfigurationError(
            f"the proxy cannot be used ({type(error).__name__}); give `proxy`, or the environment variable it comes "
            "from, as an http:// or https:// URL (socks5:// needs the package `socksio`)"
        ) from None


def _environment_proxy(url: str) -> str | None:
    parts = urlsplit(url)
    host = parts.hostname or ""
    proxies = getproxies_environment()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or _is_this_machine(host) or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_this_machine(host: str) -> bool:
    """Whether no proxy can reach it: an emulator's address means another machine there."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _message(request: Request) -> httpx2.Request:
    import httpx2

    seconds = request.timeout
    if len(request.url) > _LONGEST_URL:
        raise ValidationError(f"the arguments make an address over {_LONGEST_URL:,} B", request=request.label)
    timeout = {"connect": min(seconds, 10.0), "read": seconds, "write": seconds, "pool": seconds}
    return httpx2.Request(
        request.method,
        request.url,
        headers=dict(request.headers),
        content=request.body,
        extensions={"timeout": timeout},
    )


def _response(answer: httpx2.Response, body: bytes) -> Response:
    return Response(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, body)


def _connecting(error: BaseException) -> tuple[str, str]:
    """Return what failed while a connection was made, and what to check."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "the other side's certificate is not trusted", "`ca_file`, and that `base_url` is the service's"
        if isinstance(cause, ssl.SSLError):
            return "TLS could not be agreed on", "whether `base_url` should begin with http:// or https://"
        cause = cause.__cause__ or cause.__context__
    return "no connection could be made", "the network, proxy and `base_url`"


def _network_error(error: httpx2.RequestError, request: Request) -> NetworkError:
    import httpx2

    # An error's own text can hold the URL, so only its kind is told.
    before = isinstance(
        error,
        httpx2.ConnectError
        | httpx2.ConnectTimeout
        | httpx2.PoolTimeout
        | httpx2.ProxyError
        | httpx2.UnsupportedProtocol
        | httpx2.LocalProtocolError,
    )
    kind = type(error).__name__
    if isinstance(error, httpx2.TimeoutException):
        text = f"no answer within {request.timeout:g} s ({kind})"
        hint = "nothing was sent" if before else "the request may have been taken"
        return NetworkTimeoutError(f"{text}; {hint}", maybe_sent=not before, request=request.label)
    if before:
        what, check = _connecting(error)
        text = f"{what} ({kind}); nothing was sent: check {check}"
    else:
        text = f"the connection broke before the answer came ({kind}); the request may have been taken"
    return NetworkError(text, maybe_sent=not before, request=request.label)
