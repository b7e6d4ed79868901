"""Serves an emulator over real sockets, from a thread (tests, notebooks) or in the calling thread (`ciokit emulate`).

```python
with EmulatorServer(Emulator()) as server:
    client = CustomerIOClient("any-key", base_url=server.base_url)
```

Everything happens on one event loop: the emulator is asked about one request at a time. It listens on this machine
only, unless it is told otherwise: what it holds may be a copy of real people, and nobody has to log in.
"""

from __future__ import annotations

import asyncio
import errno
import importlib
import ipaddress
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from ciokit.emulator.http1 import Handler, HttpConnection
from ciokit.emulator.tls import TlsOptions, server_context
from ciokit.emulator.webhooks.courier import Courier
from ciokit.emulator.webhooks.office import Webhooks
from ciokit.errors import ConfigurationError

_CLOSING_SECONDS = 0.5
_BACKLOG = 1024


@dataclass(frozen=True)
class _Listener:
    socket: socket.socket
    base_url: str
    tls: ssl.SSLContext | None


class EmulatorServer:
    """Serves `emulator` at `base_url`, and over TLS at `tls_base_url` if `tls` is given.

    Use it as a context manager to serve from a thread, or call `serve_forever`. Either way one instance serves once.
    Port 0 picks a free one. The emulator is not closed: its world can be looked at, or served again, afterwards.
    """

    def __init__(
        self,
        emulator: Handler,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        allow_public: bool = False,
        tls: TlsOptions | None = None,
    ) -> None:
        self._emulator = emulator
        self._host = host
        self._port = port
        self._allow_public = allow_public
        self._tls = tls
        self._listeners: list[_Listener] = []
        self._connections: set[HttpConnection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """Where it is served: scheme, host and port."""
        return self._url(0)

    @property
    def tls_base_url(self) -> str:
        """Where it is served over TLS."""
        return self._url(1)

    @property
    def control_url(self) -> str:
        """Where the emulator itself is asked and told things: `stats`, `reset`, `faults` and so on."""
        return f"{self.base_url}/_emulator"

    def _url(self, index: int) -> str:
        if len(self._listeners) <= index:
            raise ConfigurationError("there is no address yet: start the server first (and give `tls` for a TLS one)")
        return self._listeners[index].base_url

    def __enter__(self) -> Self:
        self._listen()
        ready = threading.Event()

        def serve() -> None:
            try:
                self._run(ready.set)
            finally:
                ready.set()  # a loop that cannot start must not leave the caller waiting

        self._thread = threading.Thread(target=serve, name="ciokit-emulator", daemon=True)
        self._thread.start()
        ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join()

    def serve_forever(self, ready: Callable[[], None] | None = None) -> None:
        """Serve in the calling thread until SIGINT, SIGTERM or `stop()`; all of them are a clean end.

        `ready` is called once requests are answered and signals are heeded.
        """
        self._listen()
        with suppress(KeyboardInterrupt):  # where the loop cannot take over SIGINT (Windows)
            self._run(ready or (lambda: None))

    def stop(self) -> None:
        """End serving, from any thread."""
        if self._loop is not None and self._stopping is not None:
            with suppress(RuntimeError):  # the loop has already ended
                self._loop.call_soon_threadsafe(self._stopping.set)

    def _listen(self) -> None:
        if self._listeners:
            raise ConfigurationError("this server was already started; make a new one")
        plain = _bound(self._host, self._port, "port", allow_public=self._allow_public)
        self._listeners.append(_Listener(plain, _base_url("http", self._host, plain), None))
        if self._tls is None:
            return
        try:
            context = server_context(self._tls)
            secure = _bound(self._host, self._tls.port, "tls-port", allow_public=self._allow_public)
        except ConfigurationError:
            plain.close()
            raise
        self._listeners.append(_Listener(secure, _base_url("https", self._host, secure), context))

    def _run(self, ready: Callable[[], None]) -> None:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(self._serve(ready))

    async def _serve(self, ready: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        if threading.current_thread() is threading.main_thread() and sys.platform != "win32":
            for number in (signal.SIGINT, signal.SIGTERM):
                self._loop.add_signal_handler(number, self._stopping.set)
        servers = [await self._serve_on(listener) for listener in self._listeners]
        webhooks = getattr(self._emulator, "webhooks", None)
        courier = Courier(webhooks) if isinstance(webhooks, Webhooks) else None
        ready()
        await self._stopping.wait()
        if courier is not None:
            await courier.stop(_CLOSING_SECONDS)
        for server in servers:
            server.close()
        for at_once in (False, True):
            for connection in tuple(self._connections):
                connection.close(at_once=at_once)
            await self._until_gone()

    async def _serve_on(self, listener: _Listener) -> asyncio.Server:
        def connection() -> HttpConnection:
            return HttpConnection(self._emulator, listener.base_url, self._connections)

        loop = asyncio.get_running_loop()
        return await loop.create_server(connection, sock=listener.socket, ssl=listener.tls, backlog=_BACKLOG)

    async def _until_gone(self) -> None:
        for _ in range(50):
            if self._connections:
                await asyncio.sleep(_CLOSING_SECONDS / 50)


def _bound(host: str, port: int, option: str, *, allow_public: bool) -> socket.socket:
    """Return a socket bound to `host`, or say why not."""
    if not 0 <= port <= 65_535:
        raise ConfigurationError(f"`--{option} {port}` is no port; give 0 (any free one) to 65535")
    family, address = _address(host)
    if not (allow_public or ipaddress.ip_address(address).is_loopback):
        raise ConfigurationError(
            f"`{host}` can be reached from other machines, and the emulator lets anybody read and change its world; "
            "use 127.0.0.1, or say `--public` (`allow_public=True`) if that is wanted"
        )
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two servers share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
        bound.listen(_BACKLOG)
    except OSError as error:
        bound.close()
        raise ConfigurationError(_why_not_bound(error, host, port, option)) from None
    return bound


def _address(host: str) -> tuple[socket.AddressFamily, str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ConfigurationError(f"`--host {host}` is no name or address of this machine; use 127.0.0.1") from None
    # One address, IPv4 first: two sockets could not share the free port that port 0 picks.
    family, _, _, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, str(address[0])


def _why_not_bound(error: OSError, host: str, port: int, option: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} is in use by another program; stop that one, or give another port: "
            f"`--{option} 0` picks a free one"
        )
    if error.errno == errno.EACCES:
        return f"this user may not listen on port {port}; give a port above 1023, or `--{option} 0` for a free one"
    return f"cannot listen on {host} port {port} ({error.strerror}); use `--host 127.0.0.1`"


def _base_url(scheme: str, host: str, bound: socket.socket) -> str:
    address, port = bound.getsockname()[:2]
    if ipaddress.ip_address(address).is_unspecified:
        host = "::1" if ":" in address else "127.0.0.1"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's if it is installed (a fifth less CPU for a request), else None for the standard one."""
    try:
        factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
    except ImportError:
        return None
    return factory
