"""Where the emulator serves, from start to stop: ports, addresses and TLS; behaviour is a stub."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
import urllib.request

import pytest

from ciokit.emulator.server import EmulatorServer
from ciokit.emulator.tls import TlsOptions
from ciokit.errors import ConfigurationError

from .raw_http import Stand, Wire, dial, get, port_of


@pytest.mark.usefixtures("_loop")
def test_stopping_ends_idle_connections_and_frees_the_port(stand: Stand) -> None:
    """After the `with` block connections are closed, and the same port can be served again at once."""
    with EmulatorServer(stand) as first:
        port = port_of(first.base_url)
        sock = socket.create_connection(("127.0.0.1", port), timeout=20)
        with Wire(sock) as idle:
            idle.say(get("/"))
            idle.hear()
            first.__exit__(None, None, None)
            assert idle.closed()
    with EmulatorServer(stand, port=port) as second:
        assert port_of(second.base_url) == port


def test_port_in_use_says_which_and_what_to_do(stand: Stand) -> None:
    """A taken port is a configuration error that names it and the way out."""
    with EmulatorServer(stand) as running:
        port = port_of(running.base_url)
        with pytest.raises(ConfigurationError, match=rf"port {port} is in use .* `--port 0`"):
            EmulatorServer(stand, port=port).serve_forever()


def test_tls_port_in_use_frees_the_plain_one(stand: Stand, tmp_path) -> None:
    """When the second address cannot be had, the first is given back."""
    with EmulatorServer(stand) as running:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = probe.getsockname()[1]
        options = TlsOptions(tmp_path / "ca.pem", port_of(running.base_url))
        with pytest.raises(ConfigurationError, match="`--tls-port 0`"):
            EmulatorServer(stand, port=free, tls=options).serve_forever()
        with EmulatorServer(stand, port=free) as again:
            assert port_of(again.base_url) == free


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0"])
def test_public_address_is_refused(stand: Stand, host: str) -> None:
    """An address others can reach needs to be asked for."""
    with pytest.raises(ConfigurationError, match=r"--public.*allow_public=True"):
        EmulatorServer(stand, host).serve_forever()


def test_public_address_can_be_asked_for(stand: Stand) -> None:
    """Asked for, every address is served, and the base URL is one that works from here."""
    with EmulatorServer(stand, "0.0.0.0", allow_public=True) as server:
        assert server.base_url.startswith("http://127.0.0.1:")
        with Wire(dial(server.base_url)) as wire:
            wire.say(get("/"))
            assert wire.hear().status == 200


def test_localhost_is_not_public(stand: Stand) -> None:
    """The loopback name is served under its name."""
    with EmulatorServer(stand, "localhost") as server:
        assert server.base_url.startswith("http://localhost:")


def test_ipv6_address_is_bracketed(stand: Stand) -> None:
    """An IPv6 address is served, and written in the base URL as URLs want it."""
    try:
        with (
            EmulatorServer(stand, "::1") as server,
            urllib.request.urlopen(f"{server.base_url}/x", timeout=20) as answer,
        ):
            assert json.load(answer)["url"] == f"{server.base_url}/x"
    except ConfigurationError:
        pytest.skip("this machine has no IPv6")
    assert server.base_url.startswith("http://[::1]:")


@pytest.mark.parametrize(
    ("host", "port", "says"),
    [
        ("no.such.host.invalid", 0, "no name or address"),
        ("", 0, "no name or address"),
        ("127.0.0.1", 70_000, "65535"),
        ("127.0.0.1", -1, "65535"),
    ],
)
def test_impossible_address_is_refused(stand: Stand, host: str, port: int, says: str) -> None:
    """A host that is none, or a port that is none, is a configuration error."""
    with pytest.raises(ConfigurationError, match=says):
        EmulatorServer(stand, host, port).serve_forever()


def test_server_serves_once(stand: Stand) -> None:
    """A server that was started cannot be started again, and one that was not has no address."""
    server = EmulatorServer(stand)
    with pytest.raises(ConfigurationError, match="start the server first"):
        _ = server.base_url
    with server, pytest.raises(ConfigurationError, match="already started"):
        server.serve_forever()


def test_serve_forever_ends_when_told(stand: Stand) -> None:
    """`stop()` ends `serve_forever` from another thread, after `ready` told that it serves."""
    server, ready = EmulatorServer(stand), threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(ready.set,))
    thread.start()
    assert ready.wait(20)
    with Wire(dial(server.base_url)) as wire:
        wire.say(get("/"))
        assert wire.hear().status == 200
    server.stop()
    thread.join(20)
    assert not thread.is_alive()
    server.stop()


@pytest.mark.usefixtures("_loop")
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "cdp.example.test"])
def test_tls_is_verified_against_the_written_authority(stand: Stand, tmp_path, name: str) -> None:
    """A client that trusts only FILE reaches the same world over TLS under each promised name."""
    options = TlsOptions(tmp_path / "ca.pem", names=("cdp.example.test",))
    with EmulatorServer(stand, tls=options) as server:
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        plain = dial(server.tls_base_url)
        with Wire(context.wrap_socket(plain, server_hostname=name)) as wire:
            wire.say(get("/over-tls") + get("/again"))
            assert wire.hear().seen["url"] == "https://emulator.test/over-tls"
            assert wire.hear().status == 200
        with Wire(dial(server.base_url)) as wire:
            wire.say(get("/plain"))
            assert wire.hear().seen["url"] == "http://emulator.test/plain"
    assert len(stand.asked) == 3


@pytest.mark.usefixtures("_loop")
def test_tls_is_not_trusted_without_the_authority(stand: Stand, tmp_path) -> None:
    """Neither an ordinary client nor another name is satisfied."""
    with EmulatorServer(stand, tls=TlsOptions(tmp_path / "ca.pem")) as server:
        trusting = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        for context, name in ((ssl.create_default_context(), "localhost"), (trusting, "cdp.example.test")):
            plain = dial(server.tls_base_url)
            with plain, pytest.raises(ssl.SSLCertVerificationError):
                context.wrap_socket(plain, server_hostname=name)


@pytest.mark.usefixtures("_loop")
def test_reset_breaks_a_tls_connection(stand: Stand, tmp_path) -> None:
    """The reset fault works over TLS too."""
    with EmulatorServer(stand, tls=TlsOptions(tmp_path / "ca.pem")) as server:
        context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        plain = dial(server.tls_base_url)
        secure = context.wrap_socket(plain, server_hostname="localhost")
        secure.sendall(get("/reset"))
        # Python's TLS layer tells a reset as an end, so look below it (what comes first are session tickets).
        with Wire(socket.socket(fileno=secure.detach())) as below:
            below.sock.settimeout(20)
            with pytest.raises(ConnectionResetError):
                below.stream.read()


def test_authority_file_is_renewed_but_no_other_file_is_overwritten(stand: Stand, tmp_path) -> None:
    """The file of an earlier start is replaced; a file that is something else is left as it is."""
    ours, other = tmp_path / "ca.pem", tmp_path / "real-trust-store.pem"
    other.write_text("-----BEGIN CERTIFICATE-----")
    with EmulatorServer(stand, tls=TlsOptions(ours)):
        first = ours.read_text()
    with EmulatorServer(stand, tls=TlsOptions(ours)):
        assert ours.read_text() != first
    assert "PRIVATE" not in first
    with pytest.raises(ConfigurationError, match="--tls-ca"):
        EmulatorServer(stand, tls=TlsOptions(other)).serve_forever()
    assert other.read_text() == "-----BEGIN CERTIFICATE-----"


@pytest.mark.parametrize(
    ("options", "says"),
    [({"names": ("https://x:1/",)}, "--tls-name"), ({"ca_file": "no/such/directory/ca.pem"}, "--tls-ca")],
)
def test_impossible_tls_options_are_refused(stand: Stand, tmp_path, options: dict[str, object], says: str) -> None:
    """A name no certificate can hold, or a place no file can be, is a configuration error."""
    made = TlsOptions(tmp_path / str(options.get("ca_file", "ca.pem")), names=options.get("names", ()))
    with pytest.raises(ConfigurationError, match=says):
        EmulatorServer(stand, tls=made).serve_forever()


def test_tls_without_its_extra_says_what_to_install(stand: Stand, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra package the error names the extra."""
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'ciokit\[tls\]'"):
        EmulatorServer(stand, tls=TlsOptions(tmp_path / "ca.pem")).serve_forever()
