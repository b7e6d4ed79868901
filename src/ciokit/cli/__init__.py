"""The `ciokit` command: finds the subcommand, reads `.env`, and turns errors into one line and an exit code.

Exit codes are told in `ciokit.cli.outcome`. The commands that call an API tell errors as one line of JSON, the others
as a line of text.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import NoReturn

from ciokit._version import __version__
from ciokit.cli import dotenv, outcome, output
from ciokit.cli.parser import CommandParser
from ciokit.errors import ConfigurationError, CustomerIOError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; `argv` is without the program's name."""
    as_json = False
    try:
        arguments = parser().parse_args(argv)
        as_json = getattr(arguments, "errors", "text") == "json"
        dotenv.load(Path(".env"))
        with _calling() if as_json else nullcontext():
            code: int = arguments.run(arguments)
        output.flush()
    except CustomerIOError as error:
        text = outcome.told(error) if as_json else f"ciokit: {' '.join(str(error).split())}"
        output.aside(text)
        return outcome.code_of(error)
    except KeyboardInterrupt:
        return outcome.INTERRUPTED
    except _Terminated:
        return outcome.TERMINATED
    except BrokenPipeError:  # whoever read our output has left, as in `ciokit config | head -1`
        output.silence(sys.stdout)
        return outcome.PARTLY
    return code


class _Terminated(BaseException):
    """SIGTERM has come."""


@contextmanager
def _calling() -> Generator[None]:
    """See that a call has somewhere to print to, and that SIGTERM ends it as Ctrl-C does, with what is to be said."""
    if sys.stdout is None:  # it is None where the shell has closed it
        raise ConfigurationError("standard output is closed; send it to a file, or to /dev/null")
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


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
    # Here, so that Ctrl-C while they are loaded is met by `main`.
    from ciokit.cli import api, completion, config, doctor, emulate, pipelines, testdata, webhooks

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
