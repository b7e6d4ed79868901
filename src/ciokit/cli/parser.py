"""Parsers of commands that are made when they are needed: two hundred operations would make every start slow."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, cast

from ciokit.cli import outcome, output
from ciokit.errors import ValidationError

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


class CommandParser(argparse.ArgumentParser):
    """A parser that lets `fill` add its arguments when it is first used, and then tells usage errors as JSON.

    One without `fill` is argparse's own: for commands that a person types and a person reads.
    """

    def __init__(
        self, *args: Any, fill: Callable[[CommandParser], None] | None = None, machine: bool = False, **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self._fill = fill
        self._machine = machine or fill is not None
        self.formatter_class = argparse.RawDescriptionHelpFormatter

    def fill(self) -> None:
        """Add the arguments, unless they are there."""
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill(self)

    # What argparse calls, also for a subcommand's parser.
    def parse_known_args(  # type: ignore[override]  # typeshed has overloads for namespaces of other types
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Fill, then parse; a machine's parser leaves nothing over for the one above to complain of."""
        self.fill()
        found, rest = super().parse_known_args(args, namespace or argparse.Namespace())
        if rest and self._machine:
            # Not their values: somebody may have tried to give a key.
            options = [word.partition("=")[0] for word in rest if word.startswith("-")]
            many = "one argument" if len(rest) == 1 else f"{len(rest)} arguments"
            self.error(f"unrecognized arguments: {', '.join(options)}" if options else f"{many} too many")
        return found, rest

    def error(self, message: str) -> NoReturn:
        """Tell a usage error and end with code 2."""
        if not self._machine and sys.stderr is not None:  # where it is closed, argparse's usage would join the output
            super().error(message)
        error = ValidationError(f"{message}; see `{self.prog} --help`")
        output.aside(outcome.told(error))
        self.exit(outcome.code_of(error))

    # What argparse prints everything with. Its own hides that it failed, and takes stderr for an output that is closed.
    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        (output.text if file is sys.stdout else output.aside)(message.removesuffix("\n"))


class Subparsers(Protocol):
    """Where a command adds itself: `add_parser`, then `set_defaults(run=...)` to a function giving a code.

    argparse's own type for this is private.
    """

    def add_parser(
        self,
        name: str,
        *,
        help: str,
        description: str,
        allow_abbrev: bool,
        epilog: str | None = None,
        fill: Callable[[CommandParser], None] | None = None,
        machine: bool = False,
    ) -> CommandParser:
        """Return the parser of one more command."""
        ...


def all_commands(parser: argparse.ArgumentParser) -> None:
    """Fill a parser and all below it, for whoever wants to see every command at once."""
    if isinstance(parser, CommandParser):
        parser.fill()
    for below in commands_of(parser).values():
        all_commands(below)


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands of a parser by name; of one that takes arguments instead, none."""
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:  # noqa: SLF001 - there is no public way to the commands of a parser
        below: Any = action.choices
        if isinstance(below, dict):
            found |= cast("dict[str, argparse.ArgumentParser]", below)
    return found
