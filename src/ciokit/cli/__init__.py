"""The `ciokit` command: finds the subcommand, reads `.env`, and turns errors into one line and an exit code.

Exit codes: 0 done, 1 the work failed, 2 it could not begin (configuration or input), 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ciokit._version import __version__
from ciokit.cli import config, dotenv, emulate
from ciokit.errors import ConfigurationError, CustomerIOError, ValidationError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `argv` is without the program's name."""
    arguments = _parser().parse_args(argv)
    try:
        dotenv.load(Path(".env"))
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except CustomerIOError as error:
        print(f"ciokit: {' '.join(str(error).split())}", file=sys.stderr)
        return 2 if isinstance(error, ConfigurationError | ValidationError) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read our output has left, as in `ciokit config | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ciokit", description="One toolkit for every Customer.io API.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"ciokit {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (emulate, config):
        command.add_parser(commands)
    return parser
