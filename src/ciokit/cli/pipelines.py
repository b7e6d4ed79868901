"""`ciokit pipelines`: every message of the Data Pipelines API from options or JSON, and batches from JSON lines.

The commands are the operations of the client and the public functions that build a message; their arguments are read
off those.
"""

from __future__ import annotations

import argparse
import sys
from array import array
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol, cast

from ciokit.cli import calls, outcome, output
from ciokit.cli.parser import CommandParser, Subparsers
from ciokit.errors import CustomerIOError, ValidationError
from ciokit.surfaces import PIPELINES

if TYPE_CHECKING:
    from ciokit.cli.arguments import Parameter
    from ciokit.pipelines_api.client import CustomerIOClient
    from ciokit.pipelines_api.messages import Message, MessageType
    from ciokit.report import BatchReport


class _Builder(Protocol):
    """What builds a message: an operation, or a group of semantic events."""

    __doc__: str | None

    def message(self, *args: Any, **options: Any) -> Message: ...


def add_parser(commands: Subparsers) -> None:
    """Add `pipelines` to the command line."""
    commands.add_parser(
        "pipelines",
        help="send people, events, objects and devices: one message, or a batch",
        description="Send messages to the Data Pipelines API: ciokit pipelines OPERATION.",
        allow_abbrev=False,
        fill=_add_operations,
    )


def _builders() -> dict[str, _Builder]:
    """Return what builds messages, by name: the client's operations, then the functions that are none of these."""
    import ciokit
    from ciokit.pipelines_api.client import CustomerIOClient
    from ciokit.pipelines_api.operation import Operation
    from ciokit.pipelines_api.vocabulary import EventGroup

    public = {name: getattr(ciokit, name) for name in ciokit.__all__}
    found: dict[str, _Builder] = {}
    for name, value in {**vars(CustomerIOClient), **public}.items():
        if isinstance(value, Operation | EventGroup) and all(value is not known for known in found.values()):
            found[name] = cast("_Builder", value)
    return found


def _add_operations(parser: CommandParser) -> None:
    from ciokit.cli import arguments
    from ciokit.pipelines_api.operations import BY_TYPE, Pipelines

    commands: Subparsers = parser.add_subparsers(title="operations", metavar="OPERATION", required=True)
    for name, builder in _builders().items():
        kind = cast("MessageType", name) if name in BY_TYPE else None
        commands.add_parser(
            name.replace("_", "-"),
            help=arguments.words_of(builder.__doc__).summary.replace("%", "%%"),
            description="",
            allow_abbrev=False,
            fill=partial(_add_message, builder, kind),
        )
    commands.add_parser(
        "batch",
        help=f"{Pipelines.batch.route.summary.partition(';')[0]}, from JSON lines, and tell what became of them",
        description="Send messages, one a line of JSON with its `type`, in as few requests as the limits allow. Each "
        "one that is not accepted\nis a line of the output; the totals are on stderr. Exit code 1 when there is any.",
        epilog=Pipelines.batch.route.label,
        allow_abbrev=False,
        fill=_add_batch,
    )


def _add_message(builder: _Builder, kind: MessageType | None, parser: CommandParser) -> None:
    from ciokit.cli import arguments

    parameters = arguments.of_builder(builder.message)
    parser.description = arguments.words_of(builder.__doc__).description
    parser.epilog = arguments.legend(parameters)
    arguments.add(parser, parameters, insist=kind is None)
    if kind is not None:
        parser.add_argument("--body", metavar="JSON", help="the whole message in wire form instead")
    calls.add_common(parser)
    parser.set_defaults(run=partial(_send, builder, kind, parameters))


def _add_batch(parser: CommandParser) -> None:
    from ciokit.cli import arguments
    from ciokit.core.endpoint import In
    from ciokit.pipelines_api.operations import Pipelines

    parser.add_argument("file", metavar="FILE", help="a file of JSON lines, or - for standard input; @FILE is the same")
    around = [each for each in arguments.of_operation(Pipelines.batch) if not each.required and each.place is In.FIELD]
    arguments.add(parser, around)
    calls.add_common(parser)
    parser.set_defaults(run=partial(_send_batch, around))


def _client(typed: argparse.Namespace) -> CustomerIOClient:
    from ciokit.pipelines_api.client import CustomerIOClient

    settings, transport = calls.sending(PIPELINES, typed)
    return CustomerIOClient(settings=settings, transport=transport)


def _send(builder: _Builder, kind: MessageType | None, parameters: list[Parameter], typed: argparse.Namespace) -> int:
    message = _message(builder, kind, parameters, typed)
    with _client(typed) as client:
        receipt = client.send(message)
    if not typed.dry_run:
        output.json_line(asdict(receipt))
    return 0


def _message(
    builder: _Builder, kind: MessageType | None, parameters: list[Parameter], typed: argparse.Namespace
) -> Message:
    from ciokit.cli.arguments import Reader

    reader = Reader()
    given = reader.arguments(parameters, typed)
    if kind is None or typed.body is None:
        missing = next((each for each in parameters if each.required and each.name not in given), None)
        if missing is not None:
            raise ValidationError("is required; or give the whole message as --body", field=missing.option)
        return builder.message(**given)
    if any(value is not None for value in given.values()):
        raise ValidationError("is the whole message, so no other part of one can be given", field="--body")
    body = reader.json(typed.body, "--body")
    if not isinstance(body, dict) or cast("dict[str, Any]", body).get("type", kind) != kind:
        raise ValidationError(f"must be a JSON object, and its `type`, if there is one, {kind}", field="--body")
    return cast("Message", {**cast("dict[str, Any]", body), "type": kind})


class _Lines:
    """The messages of a file of JSON lines; remembers which lines they stand on and which are no JSON."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = lines
        self._numbers = array("Q")
        self._bad: dict[int, str] = {}

    def __iter__(self) -> Iterator[Message]:
        from ciokit.cli import exact

        for number, line in enumerate(self._lines, 1):
            if not line.strip():
                continue
            self._numbers.append(number)
            try:
                message = exact.decode(line)
            except ValidationError as error:
                # Handed on as what no message can be, so that it has its place among the verdicts.
                self._bad[len(self._numbers) - 1] = error.message
                message = None
            yield cast("Message", message)

    def tell(self, report: BatchReport) -> None:
        """Print a line for each message that was not accepted, and the totals on stderr."""
        for verdict in report.problems():
            index = verdict.index
            output.json_line(
                {"line": self._numbers[index], **asdict(verdict), "reason": self._bad.get(index, verdict.reason)}
            )
        totals = {name: getattr(report, name) for name in ("accepted", "rejected", "unknown", "requests", "bytes_sent")}
        output.note(f"{len(report)} messages", **totals)


def _send_batch(around: list[Parameter], typed: argparse.Namespace) -> int:
    from ciokit.cli.arguments import Reader

    given = Reader().arguments(around, typed)
    with _opened(typed.file) as file, _client(typed) as client:
        lines = _Lines(file)
        try:
            report = client.batch(lines, **given)
        except CustomerIOError as error:
            if error.report is not None:
                lines.tell(error.report)
            raise
    lines.tell(report)
    return 0 if report.ok else outcome.PARTLY


def _opened(name: str) -> AbstractContextManager[IO[bytes]]:
    if name.removeprefix("@") == "-":
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(name.removeprefix("@")).open("rb")
    except OSError as error:
        how = f"cannot be read ({type(error).__name__}); give a file of JSON lines, or -"
        raise ValidationError(how, field="FILE") from None
