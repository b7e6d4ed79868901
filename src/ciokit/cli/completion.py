"""`ciokit completion`: the script that teaches a shell every command and option."""

from __future__ import annotations

import argparse

from ciokit.cli import output
from ciokit.cli.parser import Subparsers, all_commands
from ciokit.errors import ConfigurationError

_SHELLS = ("bash", "zsh", "fish")


def add_parser(commands: Subparsers) -> None:
    """Add `completion` to the command line."""
    parser = commands.add_parser(
        "completion",
        help="print a script for tab completion",
        description="Print a script for tab completion of every command and option. Needs: pip install "
        "'ciokit[completion]'.\nPut it where your shell looks, and make it again after an upgrade:\n\n"
        "  ciokit completion bash > ~/.local/share/bash-completion/completions/ciokit\n"
        "  ciokit completion zsh > a folder of $fpath, as _ciokit\n"
        "  ciokit completion fish > ~/.config/fish/completions/ciokit.fish",
        allow_abbrev=False,
    )
    parser.add_argument("shell", choices=_SHELLS)
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    try:
        import shtab
    except ModuleNotFoundError:
        raise ConfigurationError("the scripts are written by shtab; pip install 'ciokit[completion]'") from None
    from ciokit.cli import parser

    whole = parser()
    all_commands(whole)
    output.raw(shtab.complete(whole, arguments.shell).encode() + b"\n")
    return 0
