"""Makes `python -m ciokit` the same as the `ciokit` command."""

from __future__ import annotations

from ciokit.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
