"""Reads `.env`: lines of NAME=VALUE for the environment, which keeps what it already has; nothing is expanded."""

from __future__ import annotations

import os
import re
from pathlib import Path

from ciokit.cli import output

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*)", re.ASCII)
_QUOTED = re.compile(r"""(?:"((?:[^"\\]|\\.)*)"|'([^']*)')\s*(?:#.*)?""")
_ESCAPES = {"n": "\n", "t": "\t"}


def load(path: Path) -> None:
    r"""Put a file's variables into the environment, if there is such a file.

    `#` begins a comment at the start of a line or after a space. Values may stand in single quotes (taken as they are)
    or double quotes (where `\n`, `\t`, `\"` and `\\` are understood). Any other line is skipped with a warning that
    does not show it: the file belongs to the whole directory, and may hold other programs' secrets.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        output.aside(f"ciokit: {path} cannot be read ({type(error).__name__}) and was skipped")
        return
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line.strip())
        value = _value(found[2]) if found else None
        if found is None or value is None:
            output.aside(f"ciokit: {path} line {number} is not NAME=VALUE and was skipped")
        else:
            os.environ.setdefault(found[1], value)


def _value(text: str) -> str | None:
    """Return what a value means, or None if its quotes do not match."""
    if not text.startswith(('"', "'")):
        return re.split(r"(?:^|\s+)#", text, maxsplit=1)[0]
    found = _QUOTED.fullmatch(text)
    if found is None:
        return None
    double, single = found.groups()
    return single if double is None else re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), double)
