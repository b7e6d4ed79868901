"""`ciokit webhooks commit`: brings a journal into Delta tables, by itself or beside `ciokit webhooks serve`."""

from __future__ import annotations

import argparse
import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Final

from ciokit.cli import output, webhook_tables
from ciokit.cli.memory import calm_memory
from ciokit.cli.parser import Subparsers
from ciokit.errors import TableStoreError
from ciokit.webhooks import addresses
from ciokit.webhooks.commit_settings import CommitSettings

if TYPE_CHECKING:
    from ciokit.webhooks.committer import Committer

_LOG: Final = logging.getLogger("ciokit.webhooks.committer")
_LOOK: Final = 1.0  # seconds between looks whether the journal can be had
_DEFAULTS: Final = CommitSettings()
_OPTIONS: Final = (
    ("max_rows", int, "N", "records of a batch"),
    ("max_bytes", int, "N", "bytes of bodies of a batch"),
    ("max_age", float, "S", "seconds that a record waits for others to join its batch"),
    ("window_days", float, "D", "events with one id, received within so many days, are one"),
    ("keep_hours", float, "H", "hours that the journal keeps what is in the tables"),
    ("history_hours", int, "H", "hours that readers of tables made from now on can go back"),
    ("vacuum_hours", float, "H", "hours between removals of unneeded files of the tables; 0: never"),
)


def add_commit_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how the tables are written."""
    group = parser.add_argument_group("writing the tables")
    for name, kind, metavar, words in _OPTIONS:
        default = getattr(_DEFAULTS, name)
        option = f"--{name.replace('_', '-')}"
        group.add_argument(option, type=kind, default=default, metavar=metavar, help=f"{words} (default: {default})")


def check_commit(arguments: argparse.Namespace) -> None:
    """Refuse what `commit` would refuse, without loading what it needs.

    Raises:
        ConfigurationError: a setting, the address of the tables or the file of storage options cannot be used.
    """
    _settings(arguments)
    if arguments.delta:
        addresses.tables(arguments.delta)
    webhook_tables.storage_options(arguments)


def _settings(arguments: argparse.Namespace) -> CommitSettings:
    return CommitSettings(**{name: getattr(arguments, name) for name, *_ in _OPTIONS})


def commit_command(arguments: argparse.Namespace) -> list[str]:
    """Return the command that commits what a receiver with these options receives, until it is stopped."""
    words = ["webhooks", "commit", "--follow", "--journal", str(arguments.journal), "--delta", arguments.delta]
    if arguments.storage_options is not None:
        words += ["--storage-options", str(arguments.storage_options)]
    for name, *_ in _OPTIONS:
        words += [f"--{name.replace('_', '-')}", str(getattr(arguments, name))]
    return words


def add_parsers(commands: Subparsers) -> None:
    """Add the command to `ciokit webhooks`."""
    parser = commands.add_parser(
        "commit",
        help="bring the journal into Delta tables, each event exactly once",
        description="Bring what is in the journal into Delta tables and end, or go on with what comes.\n"
        "It may be killed at any moment; one process at a time works on a journal, and with --follow others wait.",
        allow_abbrev=False,
    )
    webhook_tables.add_journal(parser)
    webhook_tables.add_tables(parser)
    parser.add_argument("--follow", action="store_true", help="go on until Ctrl-C or SIGTERM")
    add_commit_options(parser)
    parser.set_defaults(run=_commit)


def _commit(arguments: argparse.Namespace) -> int:
    calm_memory()  # first: it must come before delta-rs
    from ciokit.webhooks.committer import Committer

    webhook_tables.log()
    options = webhook_tables.storage_options(arguments)
    make = partial(Committer, arguments.journal, arguments.delta, _settings(arguments), storage_options=options)
    if not arguments.follow:
        webhook_tables.require_journal(arguments.journal)
        with make() as committer:
            output.json_line(asdict(committer.drain()))
        return 0
    stop = threading.Event()

    def end(_number: int, _frame: object) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    waited = _once_possible(make, stop)
    if waited is not None:
        with waited:
            waited.follow(stop)
    return 0


def _once_possible(make: Callable[[], Committer], stop: threading.Event) -> Committer | None:
    """Make the committer once the journal is free and its disk allows it; None if told to stop before."""
    from ciokit.webhooks.committer import JournalTakenError

    told = ""
    while not stop.is_set():
        try:
            return make()
        except (JournalTakenError, TableStoreError) as error:
            if str(error) != told:
                told = str(error)
                _LOG.warning("nothing is committed from here until that is over: %s", error)
            stop.wait(_LOOK)
    return None
