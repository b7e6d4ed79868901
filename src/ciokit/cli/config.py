"""`ciokit config`: the settings a client made here would have, with every key hidden."""

from __future__ import annotations

import argparse

from ciokit.cli import output
from ciokit.cli.parser import Subparsers


def add_parser(commands: Subparsers) -> None:
    """Add `config` to the command line."""
    parser = commands.add_parser(
        "config",
        help="print the settings in force, keys hidden",
        description="Print the settings that a client started here would have: profile file, then environment "
        "(CUSTOMERIO_..., .env included), then defaults. Keys are never shown.",
        allow_abbrev=False,
    )
    parser.add_argument("--profile", metavar="NAME", help="a table of the profile file (CUSTOMERIO_PROFILE)")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace) -> int:
    from ciokit.settings import Settings

    shown = Settings.resolve(profile=arguments.profile).describe()
    width = max(map(len, shown))
    for name, value in shown.items():
        output.text(f"{name:{width}}  {value}")
    return 0
