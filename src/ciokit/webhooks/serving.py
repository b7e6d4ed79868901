"""Serves a receiver on uvicorn, with limits for its clients and an orderly end."""

from __future__ import annotations

import errno
import logging
import resource
import signal
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

from ciokit.errors import ConfigurationError, CustomerIOError
from ciokit.webhooks.asgi import AsgiApp
from ciokit.webhooks.receiver import WebhookReceiver

if TYPE_CHECKING:
    from uvicorn import Server

_LOG = logging.getLogger("ciokit.webhooks.serving")
_SWEEP_TICKS = 10  # uvicorn ticks ten times a second


@dataclass(frozen=True)
class ServingLimits:
    """What clients of the server may do.

    - `request_seconds`: from the first byte of a request to its last, from connecting to the first byte, and for a
      client to read on in its answers. The service itself gives up after 4 s (reporting webhooks, "Timeouts and
      failures").
    - `idle_seconds`: between two requests on a connection. More than a load balancer in front keeps its own.
    - `head_bytes`: the request line and all headers; with what frames the chunks of a body, if it comes in such.
    - `connections`: at once; when there is one more, the one that has been idle or slow for longest is closed.
    - `drain_seconds`: for requests under way when the server is told to end.
    """

    request_seconds: float = 10.0
    idle_seconds: float = 75.0
    head_bytes: int = 64 << 10
    connections: int = 1000
    drain_seconds: float = 10.0


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket.

    Raises:
        ConfigurationError: the address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except (OSError, OverflowError) as error:
        listener.close()
        about_port = isinstance(error, OverflowError) or error.errno in {errno.EADDRINUSE, errno.EACCES}
        choose = "a free port" if about_port else "an address of this machine, or 0.0.0.0 for all"
        why = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(f"cannot listen on {host}:{port} ({why}); choose {choose}") from error
    return listener


def serve(
    application: Callable[..., Any],
    listener: socket.socket,
    limits: ServingLimits | None = None,
    *,
    certificate: str | None = None,
    key: str | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Serve an ASGI application until SIGTERM or SIGINT, then let the requests under way end.

    `certificate` and `key` are PEM files, for TLS. `ready` is called once requests are answered; a `CustomerIOError` of
    it ends the server in order, and is raised then.
    """
    failed: list[CustomerIOError] = []

    def tell() -> None:
        try:
            if ready is not None:
                ready()
        except CustomerIOError as error:
            failed.append(error)
            server.should_exit = True

    server = _made(application, limits or ServingLimits(), certificate, key, tell)
    if threading.current_thread() is threading.main_thread():
        # uvicorn hands a signal on when it has ended; and one may come before it listens for them.
        def end(_signal: int, _frame: FrameType | None) -> None:
            server.should_exit = True

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
    server.run(sockets=[listener])
    if failed:
        raise failed[0]


def check_certificate(certificate: str | None, key: str | None) -> None:
    """Refuse a certificate that cannot be used.

    Raises:
        ConfigurationError: a file cannot be read, is not in PEM, or is not of the other.
    """
    if certificate:
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)
        except OSError as error:
            raise ConfigurationError(
                f"the certificate cannot be used with its key ({type(error).__name__}); give two PEM files that this "
                "user may read"
            ) from error


class WebhookServer:
    """Serves a receiver from a thread of this process: for tests, notebooks and trying things out.

    ```python
    with WebhookServer(WebhookReceiver(secrets, "journal")) as server:
        WebhookConfigManager(app).ensure(WebhookConfig(name="Here", endpoint=server.url))
    ```

    Port 0 picks a free one. At the end requests under way are answered and the journal is closed; one instance serves
    once. What listens for the world is `ciokit webhooks serve`, a process that outlives whoever started it.
    """

    def __init__(
        self,
        receiver: WebhookReceiver,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        limits: ServingLimits | None = None,
    ) -> None:
        self._receiver = receiver
        self._host = host
        self._port = port
        self._limits = limits or ServingLimits()
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._url = ""

    @property
    def url(self) -> str:
        """Where webhooks are to be posted."""
        if not self._url:
            raise ConfigurationError("there is no address yet: start the server first")
        return self._url

    def start(self) -> Self:
        """Serve, and return once requests are answered.

        Raises:
            ConfigurationError: the address cannot be used, uvicorn is not installed or does not start, or this was
                started before.
        """
        if self._server is not None:
            raise ConfigurationError("this server was started before; make another one")
        ready = threading.Event()
        server = _made(AsgiApp(self._receiver), self._limits, None, None, ready.set)
        listener = bind(self._host, self._port)

        def serve() -> None:
            try:
                with suppress(SystemExit):  # how uvicorn ends where the application does not start
                    server.run(sockets=[listener])
            finally:
                listener.close()
                ready.set()  # a server that cannot start must not leave the caller waiting

        self._server = server
        self._thread = threading.Thread(target=serve, name="ciokit-webhooks", daemon=True)
        self._thread.start()
        ready.wait()
        if not server.started:
            raise ConfigurationError("the server ended before it listened; the log of `uvicorn.error` says why")
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._url = f"http://{host}:{listener.getsockname()[1]}{self._receiver.path}"
        return self

    def stop(self) -> None:
        """End in order, and return when everything is closed; a server that does not run is left alone."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _made(
    application: Callable[..., Any],
    limits: ServingLimits,
    certificate: str | None,
    key: str | None,
    ready: Callable[[], None] | None,
) -> Server:
    """Return the server of an application, which listens once it is run."""
    try:
        import uvicorn

        from ciokit.webhooks.http_limits import protocol
    except ModuleNotFoundError:
        raise ConfigurationError("serving webhooks needs: pip install 'ciokit[webhooks]'") from None
    check_certificate(certificate, key)
    _allow_files(limits.connections)
    config = uvicorn.Config(
        application,
        http=protocol(limits.head_bytes, limits.connections),
        loop="uvloop",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="on",
        timeout_keep_alive=cast("int", limits.idle_seconds),
        timeout_graceful_shutdown=cast("int", limits.drain_seconds),
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )
    return _server(limits, ready)(config)


def _server(limits: ServingLimits, ready: Callable[[], None] | None) -> type[Server]:
    """Return uvicorn's server, with a look at slow connections every second."""
    from uvicorn import Server

    from ciokit.webhooks.http_limits import sweep

    class ImpatientServer(Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started and ready is not None:
                ready()

        async def on_tick(self, counter: int) -> bool:
            if counter % _SWEEP_TICKS == 0:
                sweep(self.server_state.connections, limits.request_seconds)
            return await super().on_tick(counter)

    return ImpatientServer


def _allow_files(connections: int) -> None:
    """Raise the soft limit of open files as far as it goes, for connections and the files beside them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 256
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        if most < wanted:
            _LOG.warning("only %d files may be open; fewer than %d connections can be served", most, connections)
