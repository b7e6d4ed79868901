"""What commands print: JSON lines for programs, a table for people, notes on stderr, and requests not to be sent."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, cast

import orjson

from ciokit.core.wire import Request, Response
from ciokit.errors import CustomerIOError

_WIDEST = 60
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
# What a terminal acts on, or shows in another order than it is written: whoever wrote the data is not to rule it.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_SECRET_NAME = re.compile(r"(?i)authorization|password|secret|(api|private|access|signing|auth)_?(key|token)")


class OutputError(CustomerIOError):
    """What a command prints cannot be written, as on a disk that is full."""


def json_line(value: Any) -> None:
    """Print a value as one line of JSON, in UTF-8 whatever the terminal's encoding."""
    raw(orjson.dumps(value) + b"\n")


def raw(content: bytes) -> None:
    """Print bytes as they are."""
    if sys.stdout is None:  # where the shell has closed it
        raise _unwritten("it is closed")
    with _told():
        sys.stdout.flush()
        sys.stdout.buffer.write(content)


def text(line: str) -> None:
    """Print a line for people, at once, in the terminal's encoding."""
    if sys.stdout is None:
        raise _unwritten("it is closed")
    with _told():
        print(line, flush=True)


def announce(line: str) -> None:
    """Print a line for people that may go unread: who serves goes on where the shell has closed the output."""
    if sys.stdout is not None:
        text(line)


def flush() -> None:
    """See that what was printed has left, where there is anywhere to go."""
    if sys.stdout is not None:
        with _told():
            sys.stdout.flush()


def silence(stream: TextIO) -> None:
    """Let what could not be written go, so that Python does not try once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


@contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        silence(sys.stdout)
        raise _unwritten(os.strerror(error.errno or 0)) from None


def _unwritten(why: str) -> OutputError:
    return OutputError(f"the output could not be written ({why}); what was asked for may have been done")


def aside(line: str) -> None:
    """Write a line on stderr; where that is closed or full nobody is told, and the exit code stands."""
    if sys.stderr is None:  # `print` would write on stdout instead
        return
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        silence(sys.stderr)


def note(text: str, **facts: Any) -> None:
    """Tell something beside the output, as a line of JSON on stderr."""
    aside(orjson.dumps({"note": text, **facts}).decode())


def answer(value: Any) -> None:
    """Print the answer of an operation: each row of a list on a line of its own; text and bytes as they are."""
    if isinstance(value, bytes):
        raw(value)
    elif isinstance(value, str):
        raw(value.encode() + b"\n")
    elif isinstance(value, list):
        for row in cast("list[object]", value):
            json_line(row)
    elif value is not None:
        json_line(value)


# Tables


def table(rows: Iterable[Any]) -> None:
    """Print rows in aligned columns: one for each field, in the order they first come; long cells are cut."""
    cells = [_cells(row) for row in rows]
    columns = list(dict.fromkeys(name for row in cells for name in row))
    if not columns:
        return
    widths = [max(len(name), *(len(row.get(name, "")) for row in cells)) for name in columns]
    for row in (
        {name: name for name in columns},
        {name: "-" * width for name, width in zip(columns, widths, strict=True)},
        *cells,
    ):
        line = "  ".join(f"{row.get(name, ''):{width}}" for name, width in zip(columns, widths, strict=True))
        raw(line.rstrip().encode() + b"\n")


def rows_of(value: Any) -> list[Any]:
    """Return what of an answer is worth rows: the list it holds, or else its fields one by one."""
    inner: Any = value
    while isinstance(inner, dict | list):
        if isinstance(inner, list):
            return cast("list[object]", inner)
        fields = cast("dict[str, Any]", inner)
        value, inner = fields, next(iter(fields.values())) if len(fields) == 1 else None
    if isinstance(value, dict):
        return [{"field": name, "value": item} for name, item in cast("dict[str, Any]", value).items()]
    return [] if value is None else [value]


def _cells(row: Any) -> dict[str, str]:
    named = cast("Mapping[str, Any]", row) if isinstance(row, Mapping) else {"value": row}
    return {_cell(str(name)): _cell(value) for name, value in named.items()}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    text = _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), " ".join(text.split()))
    return text if len(text) <= _WIDEST else text[: _WIDEST - 3] + "..."


# Dry runs


class Shown:
    """A transport that prints each request instead of sending it, and answers with an empty 200.

    `authorized` says whether there is a key, which is never shown.
    """

    def __init__(self, *, authorized: bool) -> None:
        self._authorization = "[set]" if authorized else "[not set]"

    def send(self, request: Request) -> Response:
        """Print the request."""
        headers = {
            name: self._authorization if name.lower() in _SECRET_HEADERS else value
            for name, value in request.headers.items()
        }
        shown: dict[str, Any] = {"method": request.method, "url": request.url, "headers": headers}
        if request.body:
            shown["body"] = _body(request.body, headers)
        json_line(shown)
        return Response(200)

    def close(self) -> None:
        """Nothing is open."""


def _body(body: bytes, headers: Mapping[str, str]) -> Any:
    kind = headers.get("content-type", "")
    return _redacted(orjson.loads(body)) if kind == "application/json" else f"[{len(body)} B of {kind.split(';')[0]}]"


def _redacted(value: Any) -> Any:
    """Return JSON with the members that are named like secrets shown as set."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {
            name: "[set]" if _SECRET_NAME.search(name) and isinstance(item, str) and item else _redacted(item)
            for name, item in members.items()
        }
    return [_redacted(item) for item in cast("list[object]", value)] if isinstance(value, list) else value
