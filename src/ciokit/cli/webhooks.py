"""`ciokit webhooks`: receives webhooks, and works on what was received."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ciokit.cli import webhook_commit, webhook_config, webhook_hosting, webhook_publishing, webhook_tables
from ciokit.cli.beside import Beside
from ciokit.cli.parser import Subparsers
from ciokit.errors import ConfigurationError

if TYPE_CHECKING:
    from ciokit.webhooks.journal import Journal

KEY_VARIABLE = "CUSTOMERIO_WEBHOOK_SIGNING_KEY"
_MIB = 1 << 20
_SETTLE_SECONDS = 3.3  # of the 4 that the service waits (reporting webhooks, "Timeouts and failures")
_SETTLED_MAX_AGE = 0.2


def add_parser(commands: Subparsers) -> None:
    """Add `webhooks` and its commands to the command line."""
    parser = commands.add_parser(
        "webhooks",
        help="receive reporting webhooks and bring them into Delta tables",
        description="Receive reporting webhooks, durably, and bring them into Delta tables, each exactly once.",
        allow_abbrev=False,
    )
    below: Subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_serve(below)
    webhook_config.add_parsers(below)
    webhook_commit.add_parsers(below)
    webhook_tables.add_parsers(below)
    webhook_publishing.add_parsers(below)
    webhook_hosting.add_parsers(below)


def _add_serve(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "serve",
        help="receive webhooks until stopped, and commit them to Delta tables beside it",
        description="Receive webhooks until Ctrl-C or SIGTERM. Each is verified, made durable in the journal and then\n"
        "acknowledged; a second process commits the journal to Delta tables and is kept running.\n\n"
        f"The signing key comes from the environment variable {KEY_VARIABLE} (several,\n"
        "separated by commas, while one takes the place of another) or from a file.",
        allow_abbrev=False,
    )
    webhook_tables.add_journal(parser)
    webhook_tables.add_tables(parser, required=False)
    parser.add_argument(
        "--no-commit", action="store_true", help="only receive; `ciokit webhooks commit` runs elsewhere"
    )
    webhook_hosting.add_address(parser)
    parser.add_argument("--path", default="/", help="path that webhooks are posted to (default: /)")
    parser.add_argument("--signing-key-file", type=Path, metavar="FILE", help="file with a signing key on each line")
    parser.add_argument(
        "--tolerance",
        type=float,
        metavar="S",
        help="refuse timestamps further from the clock than this (default: take any, as retries go on for 7 days)",
    )
    parser.add_argument(
        "--acknowledge",
        choices=("written", "committed"),
        default="written",
        help="say 200 once an event is on disk; or, where the disk goes with its container, once it is in the tables,\n"
        "which then are written several times a second (default: written)",
    )
    parser.add_argument(
        "--status-schema", metavar="SCHEMA", help="show a page about the published tables in it at /, as `status` does"
    )
    limits = parser.add_argument_group("limits")
    for option, default, words in (
        ("--max-body-bytes", 4 * _MIB, "longest body"),
        ("--connections", 1000, "connections at once; the one quiet for longest makes room"),
        ("--segment-bytes", 64 * _MIB, "a journal file is closed at this size"),
        ("--min-free-bytes", 256 * _MIB, "answer 503 when the journal's disk has less left"),
        ("--max-backlog-bytes", 16 << 30, "answer 503 when more of the journal waits to be committed"),
    ):
        limits.add_argument(option, type=_positive, default=default, metavar="N", help=f"{words} (default: {default})")
    for option, seconds, words in (
        ("--request-seconds", 10.0, "longest time for a request to arrive whole"),
        ("--idle-seconds", 75.0, "longest time between two requests on a connection"),
        ("--drain-seconds", 10.0, "time for requests under way when told to stop"),
        ("--segment-seconds", 3600.0, "a journal file is closed at this age"),
    ):
        limits.add_argument(
            option, type=_positive_seconds, default=seconds, metavar="S", help=f"{words} (default: {seconds:g})"
        )
    webhook_commit.add_commit_options(parser)
    tls = parser.add_argument_group("TLS", "where no proxy in front does it; PEM files")
    tls.add_argument("--tls-cert", metavar="FILE", help="certificate, with its chain")
    tls.add_argument("--tls-key", metavar="FILE", help="its key")
    parser.set_defaults(run=_serve)


def signing_keys(file: Path | None) -> list[str]:
    """Return the signing keys of a file, or else those of the environment.

    Raises:
        ConfigurationError: there is none.
    """
    if file is None:
        keys = os.environ.get(KEY_VARIABLE, "").split(",")
    else:
        try:
            keys = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"the file of signing keys cannot be read ({type(error).__name__})") from error
    found = [key.strip() for key in keys if key.strip()]
    if not found:
        raise ConfigurationError(
            f"there is no signing key: set {KEY_VARIABLE} to the one that Customer.io shows beside it, or name "
            "a file with --signing-key-file"
        )
    return found


def _serve(arguments: argparse.Namespace) -> int:
    from ciokit.webhooks import serving
    from ciokit.webhooks.asgi import AsgiApp
    from ciokit.webhooks.receiver import WebhookReceiver

    if not arguments.no_commit and not arguments.delta:
        raise ConfigurationError(
            "say with --delta URI where the Delta tables are, or with --no-commit that none are written"
        )
    if bool(arguments.tls_cert) != bool(arguments.tls_key):
        raise ConfigurationError("TLS needs both --tls-cert and --tls-key")
    serving.check_certificate(arguments.tls_cert, arguments.tls_key)
    webhook_commit.check_commit(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # it warns of every malformed request
    receiver = WebhookReceiver(
        signing_keys(arguments.signing_key_file),
        _journal(arguments),
        path=arguments.path,
        max_body=arguments.max_body_bytes,
        tolerance=arguments.tolerance,
        settle_seconds=_SETTLE_SECONDS if arguments.acknowledge == "committed" else None,
    )
    if arguments.acknowledge == "committed":
        arguments.max_age = min(arguments.max_age, _SETTLED_MAX_AGE)
    application: Callable[..., Any] = AsgiApp(receiver)
    if arguments.status_schema:
        if arguments.path == "/":
            raise ConfigurationError("with --status-schema say with --path where webhooks are posted; / is the page's")
        application = webhook_hosting.status_page(arguments.status_schema, receiver)
    limits = serving.ServingLimits(
        request_seconds=arguments.request_seconds,
        idle_seconds=arguments.idle_seconds,
        connections=arguments.connections,
        drain_seconds=arguments.drain_seconds,
    )
    committer = None if arguments.no_commit else Beside(webhook_commit.commit_command(arguments))
    with serving.bind(arguments.host, arguments.port) as listener:
        port: int = listener.getsockname()[1]
        _require_folder(arguments.journal)
        if committer is not None:
            committer.start()
        try:
            serving.serve(
                application,
                listener,
                limits,
                certificate=arguments.tls_cert,
                key=arguments.tls_key,
                ready=partial(webhook_hosting.announce, arguments, port, f"Receiving webhooks at {{}}{arguments.path}"),
            )
        finally:
            if committer is not None:
                committer.stop()
    return 0


def _journal(arguments: argparse.Namespace) -> Journal:
    from ciokit.webhooks.journal import Journal, JournalLimits

    limits = JournalLimits(
        segment_bytes=arguments.segment_bytes,
        segment_seconds=arguments.segment_seconds,
        min_free_bytes=arguments.min_free_bytes,
        max_backlog_bytes=arguments.max_backlog_bytes,
    )
    return Journal(arguments.journal, limits)


def _require_folder(directory: Path) -> None:
    """Make the journal's folder, and refuse one that can never be; what a disk does not allow now is waited for."""
    from ciokit.webhooks.journal_format import journal_id

    try:
        journal_id(directory)
    except ConfigurationError as error:
        never = (FileExistsError, FileNotFoundError, NotADirectoryError)
        if isinstance(error.__cause__, never) or not isinstance(error.__cause__, OSError):
            raise


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _positive_seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError("must be a number of seconds above 0")
    return seconds
