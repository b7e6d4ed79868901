"""`ciokit webhooks compact`, `vacuum`, `replay`, `verify` and `tail`: work on a journal and its tables."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import orjson

from ciokit.cli import outcome, output
from ciokit.cli.parser import Subparsers
from ciokit.errors import ConfigurationError
from ciokit.webhooks.commit_settings import CommitSettings, window

if TYPE_CHECKING:
    from ciokit.webhooks.delta import DeltaStore, LandingTable
    from ciokit.webhooks.replaying import Selection

TABLES_VARIABLE: Final = "CIOKIT_WEBHOOKS_DELTA"
_DEFAULTS: Final = CommitSettings()


def add_parsers(commands: Subparsers) -> None:
    """Add the commands to `ciokit webhooks`."""
    _add_upkeep(commands)
    _add_replay(commands)
    _add_verify(commands)
    _add_tail(commands)


def add_journal(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the option that names the journal."""
    words = "folder of the journal, on a local disk"
    parser.add_argument("--journal", type=Path, required=required, metavar="DIR", help=words)


def add_tables(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """Add the options that name the tables."""
    words = f"folder or address of the Delta tables, such as s3://bucket/webhooks (default: ${TABLES_VARIABLE})"
    there = os.environ.get(TABLES_VARIABLE)
    parser.add_argument("--delta", metavar="URI", default=there, required=required and not there, help=words)
    parser.add_argument(
        "--storage-options",
        type=Path,
        metavar="FILE",
        help="JSON file of credentials and endpoints as delta-rs names them (default: the environment)",
    )


# --- compact and vacuum -----------------------------------------------------------------------------------------------


def _add_upkeep(commands: Subparsers) -> None:
    compact = commands.add_parser(
        "compact",
        help="bring the files of each table together",
        description="Bring the small files of each table together into large ones, beside readers and committers.\n"
        "`commit` does so by itself where many have gathered.",
        allow_abbrev=False,
    )
    add_tables(compact)
    compact.add_argument("--target-mib", type=int, default=128, metavar="N", help="size of a file (default: 128)")
    compact.set_defaults(run=_compact)
    vacuum = commands.add_parser(
        "vacuum",
        help="remove files that the tables no longer need",
        description="Remove files that were compacted away, and those that a killed writer left, once they are old.",
        allow_abbrev=False,
    )
    add_tables(vacuum)
    words = "what is younger stays; readers of older versions fail (default: what the table says, 3 days)"
    vacuum.add_argument("--retention-hours", type=float, metavar="H", help=words)
    vacuum.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    vacuum.set_defaults(run=_vacuum)


def _compact(arguments: argparse.Namespace) -> int:
    from ciokit.webhooks.delta import StaleTableError
    from ciokit.webhooks.maintenance import compact

    code = 0
    for table in _tables(arguments):
        try:
            output.json_line(compact(table, arguments.target_mib << 20)._asdict())
        except StaleTableError:
            output.json_line({"table": table.name, "skipped": "another compaction was faster"})
            code = outcome.PARTLY
    return code


def _vacuum(arguments: argparse.Namespace) -> int:
    from ciokit.webhooks.maintenance import vacuum

    for table in _tables(arguments):
        removed = vacuum(table, arguments.retention_hours, dry_run=arguments.dry_run)
        output.json_line({"table": table.name, "removed": len(removed), "dry_run": arguments.dry_run})
    return 0


# --- replay -----------------------------------------------------------------------------------------------------------


def _add_replay(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "replay",
        help="bring events that are missing into the tables again, or post events again",
        description="With --delta: add what the tables lack, from the journal if one is given, then from the raw\n"
        "table to the typed ones. What is there is left out, so it may be repeated, beside a committer too.\n\n"
        "With --to: post the events of the journal or, without one, of the raw table to a receiver, each signed\n"
        "with the key in CUSTOMERIO_WEBHOOK_SIGNING_KEY, or in a file.",
        allow_abbrev=False,
    )
    add_journal(parser, required=False)
    add_tables(parser, required=False)
    parser.add_argument("--to", metavar="URL", help="post to this receiver instead of filling tables")
    parser.add_argument("--signing-key-file", type=Path, metavar="FILE", help="file with the key to sign with")
    parser.add_argument("--since", type=_moment, metavar="TIME", help="received at or after, ISO 8601, UTC if no zone")
    parser.add_argument("--until", type=_moment, metavar="TIME", help="received before")
    _add_window(parser)
    parser.add_argument("--type", action="append", default=[], metavar="TYPE", help="object type; may be repeated")
    parser.set_defaults(run=_replay)


def _replay(arguments: argparse.Namespace) -> int:
    from ciokit.webhooks.replaying import Selection

    _check_selection(arguments)
    selection = Selection(arguments.since, arguments.until, frozenset(arguments.type))
    if arguments.journal is not None:
        require_journal(arguments.journal)
    if arguments.to is not None:
        return _post(arguments, selection)
    if arguments.delta is None:
        raise ConfigurationError("say with --delta URI which tables to fill, or with --to URL where to post")
    from ciokit.webhooks.filling import fill_from_journal, fill_typed

    store, added, days = _store(arguments), {}, window(arguments.window_days)
    if arguments.journal is not None:
        added = fill_from_journal(arguments.journal, store, selection, window_days=days)
    output.json_line({"added": {**added, **fill_typed(store, selection, window_days=days)}})
    return 0


def require_journal(directory: Path) -> None:
    """Make sure that there is a journal in a folder.

    Raises:
        ConfigurationError: there is none.
    """
    from ciokit.webhooks.journal_reader import JournalReader

    JournalReader(directory).require()


def _check_selection(arguments: argparse.Namespace) -> None:
    from ciokit.webhooks.tables import TYPED

    for kind in arguments.type:
        if kind not in TYPED:
            raise ConfigurationError(f"there is no object type {kind!r}; there are {', '.join(TYPED)}")
    if arguments.since and arguments.until and arguments.since >= arguments.until:
        raise ConfigurationError("--since must be before --until: nothing was received between them")


def _post(arguments: argparse.Namespace, selection: Selection) -> int:
    from ciokit.cli.webhooks import signing_keys
    from ciokit.core.transport import HttpTransport, TransportOptions
    from ciokit.webhooks.replaying import from_journal, from_table, post
    from ciokit.webhooks.tables import RAW

    if arguments.journal is None and arguments.delta is None:
        raise ConfigurationError("say with --journal DIR or --delta URI where the events are")
    if arguments.journal is not None:
        parts = from_journal(arguments.journal, selection)
    else:
        parts = from_table(_store(arguments).table(RAW), selection)
    log()
    transport = HttpTransport(TransportOptions())
    try:
        report = post(parts, arguments.to, signing_keys(arguments.signing_key_file)[0], transport)
    finally:
        transport.close()
    output.json_line({"posted": report.posted, "refused": {str(code): n for code, n in report.refused.items()}})
    return outcome.PARTLY if report.refused else 0


# --- verify -----------------------------------------------------------------------------------------------------------


def _add_verify(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "verify",
        help="compare the journal with the tables",
        description="Compare what the journal holds with the tables, by day (UTC) and object type, and end with 1 if\n"
        "anything is missing, in a table twice, or damaged in the journal. What the committer has not come to\n"
        "is pending. `replay` brings what is missing.",
        allow_abbrev=False,
    )
    add_journal(parser)
    add_tables(parser)
    _add_window(parser)
    parser.add_argument("--table", action="store_true", help="print a table instead of JSON lines")
    parser.set_defaults(run=_verify)


def _verify(arguments: argparse.Namespace) -> int:
    from ciokit.webhooks.verifying import verify

    found = verify(
        arguments.journal,
        arguments.delta,
        storage_options=storage_options(arguments),
        window_days=window(arguments.window_days),
    )
    days = [asdict(day) for day in found.days]
    if arguments.table:
        output.table(days)
    else:
        for day in days:
            output.json_line(day)
    counts = ("missing", "doubled", "pending", "rejects", "rejects_missing", "rejects_doubled", "lost_bytes")
    output.json_line({name: getattr(found, name) for name in ("sound", *counts, "lost_segments")})
    return 0 if found.sound else outcome.PARTLY


# --- tail -------------------------------------------------------------------------------------------------------------


def _add_tail(commands: Subparsers) -> None:
    parser = commands.add_parser(
        "tail",
        help="print events as they are received",
        description="Print each event that the journal takes in as a line of JSON, without what it says about people.",
        allow_abbrev=False,
    )
    add_journal(parser)
    parser.add_argument("--from-start", action="store_true", help="begin with the oldest that the journal holds")
    parser.add_argument("--no-follow", action="store_true", help="end at the newest instead of waiting for more")
    parser.add_argument("--full", action="store_true", help="print bodies too: personal data")
    parser.set_defaults(run=_tail)


def _tail(arguments: argparse.Namespace) -> int:
    from ciokit.webhooks.tailing import tail

    stop = threading.Event()
    for line in tail(
        arguments.journal,
        stop,
        from_start=arguments.from_start,
        follow=not arguments.no_follow,
        full=arguments.full,
    ):
        output.json_line(line)
    return 0


# --- shared -----------------------------------------------------------------------------------------------------------


def _add_window(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--window-days", type=float, default=_DEFAULTS.window_days, metavar="D", help="as in `commit`")


def log() -> None:
    """Log to standard error."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def storage_options(arguments: argparse.Namespace) -> dict[str, str] | None:
    """Return what the file of storage options holds, None where none is named.

    Raises:
        ConfigurationError: it cannot be read, or holds something else.
    """
    if arguments.storage_options is None:
        return None
    try:
        found: Any = orjson.loads(arguments.storage_options.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the file of storage options cannot be read ({type(error).__name__})") from None
    if not isinstance(found, dict):
        raise ConfigurationError("the file of storage options holds no JSON object of names and values")
    options = cast("dict[str, Any]", found)
    return {name: str(value) for name, value in options.items()}


def _store(arguments: argparse.Namespace) -> DeltaStore:
    from ciokit.webhooks.delta import DeltaStore

    return DeltaStore(arguments.delta, storage_options(arguments))


def _tables(arguments: argparse.Namespace) -> list[LandingTable]:
    tables = [table for table in _store(arguments).tables() if table.exists()]
    if not tables:
        raise ConfigurationError("there are no webhook tables at this address; `ciokit webhooks commit` makes them")
    return tables


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time; write one such as 2026-01-31 or 2026-01-31T08:00+01:00"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
