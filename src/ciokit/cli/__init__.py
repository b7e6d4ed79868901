"""The `ciokit` command: finds the subcommand, reads `.env`, and turns errors into one line and an exit code.

Exit codes are told in `ciokit.cli.outcome`. The commands that call an API tell errors as one line of JSON, the others
as a line of text.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ciokit._version import __version__
from ciokit.cli import api, completion, config, doctor, dotenv, emulate, outcome, pipelines, testdata, webhooks
from ciokit.cli.parser import CommandParser
from ciokit.errors import CustomerIOError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `argv` is without the program's name."""
    arguments = parser().parse_args(argv)
    try:
        dotenv.load(Path(".env"))
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except CustomerIOError as error:
        as_json = getattr(arguments, "errors", "text") == "json"
        text = outcome.told(error) if as_json else f"ciokit: {' '.join(str(error).split())}"
        print(text, file=sys.stderr)
        return outcome.code_of(error)
    except KeyboardInterrupt:
        return outcome.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has left, as in `ciokit config | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return outcome.PARTLY
    return code


def job() -> None:
    """Run the command line where the code it ends with means nothing, as in a job on Databricks.

    Raises:
        RuntimeError: it did not end with 0.
    """
    code = main()
    if code:
        raise RuntimeError(f"`ciokit` ended with code {code}; what it printed before says why")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line; what calls an API is filled in when it is used."""
    whole = CommandParser(
        prog="ciokit",
        description="One toolkit for every Customer.io API.",
        epilog=outcome.epilog(),
        allow_abbrev=False,
    )
    whole.add_argument("--version", action="version", version=f"ciokit {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (pipelines, api, webhooks, emulate, doctor, testdata, config, completion):
        command.add_parser(commands)
    return whole
