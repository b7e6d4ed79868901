"""`ciokit webhooks relay` and `status`: what stands in front of a receiver in a Databricks App, and beside it."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ciokit.cli import output
from ciokit.cli.parser import Subparsers
from ciokit.errors import ConfigurationError

if TYPE_CHECKING:
    from ciokit.webhooks.receiver import WebhookReceiver
    from ciokit.webhooks.status import StatusPage

PORT_VARIABLE: Final = "DATABRICKS_APP_PORT"
WAREHOUSE_VARIABLE: Final = "DATABRICKS_WAREHOUSE_ID"
_WORKSPACE: Final = (
    "The workspace and the service principal come from the environment variables DATABRICKS_HOST,\n"
    "DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET"
)


def add_parsers(commands: Subparsers) -> None:
    """Add the commands to `ciokit webhooks`."""
    relay = commands.add_parser(
        "relay",
        help="pass webhooks on to a receiver in a Databricks App, which demands a token",
        description="Take webhooks and pass them on, untouched, with an OAuth token that a Databricks App demands.\n"
        "What the App does not acknowledge is answered with 503 and sent again by Customer.io; nothing is kept.\n"
        f"{_WORKSPACE}.",
        allow_abbrev=False,
    )
    relay.add_argument("--to", required=True, metavar="URL", help="where the App takes webhooks, under /api/")
    add_address(relay)
    relay.add_argument("--path", default="/", help="path that webhooks are posted to here (default: /)")
    words = "file with a signing key on each line; what is not signed with one is refused here"
    relay.add_argument("--signing-key-file", type=Path, metavar="FILE", help=words)
    relay.set_defaults(run=_relay)
    status = commands.add_parser(
        "status",
        help="serve a page that says how webhooks fare",
        description="Serve a page with the events of each day and the age of the newest, read from published tables.\n"
        f"{_WORKSPACE}, the SQL warehouse from\n{WAREHOUSE_VARIABLE}.",
        allow_abbrev=False,
    )
    status.add_argument("--schema", required=True, help="schema of the published tables, such as main.webhooks")
    add_address(status)
    status.set_defaults(run=_status)


def add_address(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where to listen."""
    parser.add_argument(
        "--port",
        type=int,
        default=os.environ.get(PORT_VARIABLE, "8080"),
        help=f"port to listen on; 0 picks a free one (default: ${PORT_VARIABLE}, or 8080)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--quiet", action="store_true", help="print the base URL and nothing else")


def announce(arguments: argparse.Namespace, port: int, words: str) -> None:
    """Say on standard output what is served where; `words` has a place for the base URL."""
    scheme = "https" if getattr(arguments, "tls_cert", None) else "http"
    host = f"[{arguments.host}]" if ":" in arguments.host else arguments.host
    base_url = f"{scheme}://{host}:{port}"
    output.announce(base_url if arguments.quiet else f"{words.format(base_url)}; stop with Ctrl-C.")


def status_page(schema: str, receiver: WebhookReceiver | None = None) -> StatusPage:
    """Return the status page of a schema, in front of a receiver if there is one.

    Raises:
        ConfigurationError: the environment does not name a workspace and a warehouse.
    """
    from ciokit.webhooks.status import StatusPage
    from ciokit.webhooks.workspace import Workspace

    warehouse = os.environ.get(WAREHOUSE_VARIABLE, "")
    if not warehouse:
        raise ConfigurationError(f"the status page reads with a SQL warehouse: set {WAREHOUSE_VARIABLE} to its id")
    return StatusPage(partial(Workspace.from_environment(os.environ).query, warehouse), schema, receiver)


def _status(arguments: argparse.Namespace) -> int:
    return _served(arguments, status_page(arguments.schema), "Status page at {}/")


def _relay(arguments: argparse.Namespace) -> int:
    from ciokit.cli.webhooks import KEY_VARIABLE, signing_keys
    from ciokit.webhooks.relay import Relay
    from ciokit.webhooks.signature import Verifier
    from ciokit.webhooks.workspace import Workspace

    verifier = None
    if arguments.signing_key_file is not None or os.environ.get(KEY_VARIABLE):
        verifier = Verifier(signing_keys(arguments.signing_key_file))
    relay = Relay(arguments.to, Workspace.from_environment(os.environ), path=arguments.path, verifier=verifier)
    return _served(arguments, relay, f"Passing on webhooks that come to {{}}{arguments.path}")


def _served(arguments: argparse.Namespace, application: Callable[..., Any], words: str) -> int:
    from ciokit.webhooks import serving

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # it warns of every malformed request
    listener = serving.bind(arguments.host, arguments.port)
    port: int = listener.getsockname()[1]
    serving.serve(application, listener, ready=partial(announce, arguments, port, words))
    return 0
