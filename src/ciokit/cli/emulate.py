"""`ciokit emulate`: serves a local Customer.io until it is stopped."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ciokit.cli import output
from ciokit.cli.parser import Subparsers
from ciokit.errors import ConfigurationError

if TYPE_CHECKING:
    from ciokit.emulator.server import EmulatorServer
    from ciokit.emulator.switches import Switches
    from ciokit.emulator.tls import TlsOptions
    from ciokit.emulator.webhooks.office import WebhookOptions


def add_parser(commands: Subparsers) -> None:
    """Add `emulate` to the command line."""
    parser = commands.add_parser(
        "emulate",
        help="serve a local Customer.io for development and tests",
        description="Serve a local, stateful Customer.io until Ctrl-C or SIGTERM. Nothing needs to be set up.",
        allow_abbrev=False,
    )
    parser.add_argument("--port", type=int, default=8787, help="port to listen on; 0 picks a free one (default: 8787)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--public", action="store_true", help="allow a --host that other machines can reach")
    parser.add_argument("--key", help="the only key to accept (default: any that is not empty)")
    parser.add_argument("--state", metavar="DIR", help="keep the world in DIR across restarts")
    parser.add_argument(
        "--switch",
        action="extend",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="choose a reading of what the documentation leaves open",
    )
    webhooks = parser.add_argument_group("reporting webhooks", "sent to the URLs that are registered over the App API")
    webhooks.add_argument(
        "--webhook-key",
        metavar="KEY",
        help="what they are signed with (default: CUSTOMERIO_EMULATOR_SIGNING_KEY, else emulator-signing-key)",
    )
    webhooks.add_argument("--webhooks-anywhere", action="store_true", help="send to other machines than this one too")
    tls = parser.add_argument_group("TLS", "for clients that insist on https; needs: pip install 'ciokit[tls]'")
    tls.add_argument("--tls-port", type=int, metavar="PORT", help="serve the same world over TLS too; 0 picks a port")
    tls.add_argument("--tls-ca", type=Path, metavar="FILE", help="where to write the certificate to trust (PEM)")
    tls.add_argument(
        "--tls-name",
        action="extend",
        nargs="+",
        default=[],
        metavar="HOST",
        help="further names to be good for, besides localhost and 127.0.0.1",
    )
    parser.add_argument("--quiet", action="store_true", help="print the base URL and nothing else")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ciokit.emulator.app import Emulator
    from ciokit.emulator.server import EmulatorServer

    for name in ("key", "state"):  # such as of a variable that is not set
        text: str | None = getattr(arguments, name)
        if text is not None and not text.strip():
            raise ConfigurationError(f"`--{name}` is empty; give a value, or leave it out")
    tls = _tls(arguments)
    state = None if arguments.state is None else Path(arguments.state)
    switches, webhooks = _switches(arguments.switch), _webhooks(arguments)
    made = Emulator(key=arguments.key, state=state, switches=switches, webhooks=webhooks)
    with closing(made) as emulator:
        server = EmulatorServer(emulator, arguments.host, arguments.port, allow_public=arguments.public, tls=tls)
        # One print, so that a reader which takes only the first line does not break the pipe half way through.
        server.serve_forever(lambda: output.announce(_banner(arguments, server)))
    if not arguments.quiet:
        output.announce("The emulator has stopped.")
    return 0


def _switches(texts: Sequence[str]) -> Switches:
    from ciokit.emulator.switches import DEFAULTS

    changes: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(f"`--switch {text}` has no value; write it as NAME=VALUE")
        try:
            changes[name] = json.loads(value)
        except ValueError:
            changes[name] = value
    return DEFAULTS.changed(changes)


def _webhooks(arguments: argparse.Namespace) -> WebhookOptions:
    from ciokit.emulator.webhooks.office import SIGNING_KEY, WebhookOptions

    key = arguments.webhook_key or os.environ.get("CUSTOMERIO_EMULATOR_SIGNING_KEY", "").strip() or SIGNING_KEY
    return WebhookOptions(signing_key=key, anywhere=arguments.webhooks_anywhere)


def _tls(arguments: argparse.Namespace) -> TlsOptions | None:
    if arguments.tls_port is None and arguments.tls_ca is None and not arguments.tls_name:
        return None
    if arguments.tls_port is None or arguments.tls_ca is None:
        raise ConfigurationError("TLS needs both `--tls-port PORT` and `--tls-ca FILE`")
    from ciokit.emulator.tls import TlsOptions

    return TlsOptions(arguments.tls_ca, arguments.tls_port, tuple(arguments.tls_name))


def _banner(arguments: argparse.Namespace, server: EmulatorServer) -> str:
    if arguments.quiet:
        return server.base_url
    lines = {
        "base URL": server.base_url,
        "keys": arguments.key or "any that is not empty",
        "control": server.control_url,
        "state": f"kept in {arguments.state}" if arguments.state else "in memory, gone when this stops",
    }
    if arguments.tls_ca is not None:
        lines["TLS URL"] = server.tls_base_url
        lines["TLS CA"] = f"{arguments.tls_ca} (clients trust it with SSL_CERT_FILE={arguments.tls_ca})"
    if arguments.public:
        lines["public"] = "whoever can reach this machine can read and change this world"
    facts = "\n".join(f"  {name:9} {value}" for name, value in lines.items())
    return f"The Customer.io emulator is serving; stop it with Ctrl-C.\n{facts}"
