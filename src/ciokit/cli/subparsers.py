"""What a subcommand needs to know of argparse; its own type for this is private."""

from __future__ import annotations

import argparse
from typing import Protocol


class Subparsers(Protocol):
    """Where a subcommand adds itself: `add_parser`, then `set_defaults(run=...)` to a function giving a code."""

    def add_parser(self, name: str, *, help: str, description: str, allow_abbrev: bool) -> argparse.ArgumentParser:
        """Return the parser of one more command."""
        ...
