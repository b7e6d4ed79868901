"""`ciokit app` and `ciokit track`: every declared operation as a command, made from its declaration."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from ciokit.cli import calls, output
from ciokit.cli.parser import CommandParser, Subparsers
from ciokit.surfaces import PIPELINES, SURFACES, Surface

if TYPE_CHECKING:
    from ciokit.cli.arguments import Parameter
    from ciokit.core.endpoint import Declared, Paged
    from ciokit.core.senders import BlockingSender


def add_parser(commands: Subparsers) -> None:
    """Add a command for each API that answers."""
    for surface in SURFACES:
        if surface is not PIPELINES:
            title = f"{surface.name.title()} API"
            commands.add_parser(
                surface.name,
                help=f"call any operation of the {title}",
                description=f"Call any operation of the {title}: ciokit {surface.name} RESOURCE OPERATION. "
                "Answers are JSON lines.",
                allow_abbrev=False,
                fill=partial(_add_resources, surface),
            )


def _add_resources(surface: Surface, parser: CommandParser) -> None:
    from ciokit.table import TABLE

    resources: dict[str, list[Declared[..., Any]]] = {}
    for operation in TABLE:
        if operation.route.surface == surface.name:
            resources.setdefault(operation.route.name.partition(".")[0], []).append(operation)
    commands: Subparsers = parser.add_subparsers(title="resources", metavar="RESOURCE", required=True)
    for name, operations in sorted(resources.items()):
        words = _group_words(operations[0])
        commands.add_parser(
            _dashed(name),
            help=_escaped(words.partition("\n\n")[0]),
            description=words,
            allow_abbrev=False,
            fill=partial(_add_operations, surface, operations),
        )


def _add_operations(surface: Surface, operations: list[Declared[..., Any]], parser: CommandParser) -> None:
    commands: Subparsers = parser.add_subparsers(title="operations", metavar="OPERATION", required=True)
    for operation in operations:
        route = operation.route
        commands.add_parser(
            _dashed(route.name.partition(".")[2]),
            help=_escaped(route.summary),
            description="",
            allow_abbrev=False,
            fill=partial(_add_arguments, surface, operation),
        )


def _add_arguments(surface: Surface, operation: Declared[..., Any], parser: CommandParser) -> None:
    from ciokit.cli import arguments

    parameters = arguments.of_operation(operation)
    parser.description = arguments.words_of(operation.__doc__).description
    group = _dashed(operation.route.name.partition(".")[0])
    where = (
        f"This is {operation.route.label} ({operation.route.docs}); see also `ciokit {surface.name} {group} --help`."
    )
    parser.epilog = "\n".join(filter(None, [arguments.legend(parameters), where]))
    arguments.add(parser, parameters)
    calls.add_common(parser)
    shown = parser.add_argument_group("output")
    if operation.route.items:
        shown.add_argument("--all", action="store_true", help="page after page to the end, instead of the first alone")
    shown.add_argument("--table", action="store_true", help="aligned columns instead of JSON lines")
    parser.set_defaults(run=partial(_run, surface, operation, parameters))


def _group_words(operation: Declared[..., Any]) -> str:
    """Return what the noun an operation belongs to says of itself."""
    stub = operation.stub
    group = getattr(sys.modules[stub.__module__], stub.__qualname__.partition(".")[0])
    return inspect.getdoc(group) or ""


def _dashed(name: str) -> str:
    return name.rstrip("_").replace("_", "-")


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


# Running


def _run(
    surface: Surface, operation: Declared[..., Any], parameters: list[Parameter], typed: argparse.Namespace
) -> int:
    from ciokit.cli.arguments import Reader
    from ciokit.core.endpoint import Endpoint, Paged

    given = Reader().arguments(parameters, typed)
    with closing(calls.sender_for(surface, typed)) as sender:
        if isinstance(operation, Paged):
            with closing(_rows(cast("Paged[..., Any]", operation), given, sender, typed)) as rows:
                if typed.table:
                    _print_table(rows)
                else:
                    for row in rows:
                        output.json_line(row)
        elif isinstance(operation, Endpoint):
            answer = sender.run(operation.flow(**given))
            if not typed.dry_run:
                output.table(output.rows_of(answer)) if typed.table else output.answer(answer)
    return 0


def _print_table(rows: Iterator[Any]) -> None:
    """Print rows as a table, also those before an error."""
    got: list[Any] = []
    try:
        got.extend(rows)
    finally:
        output.table(got)


def _rows(
    operation: Paged[..., Any], given: dict[str, Any], sender: BlockingSender, typed: argparse.Namespace
) -> Generator[Any]:
    """Yield the rows of the first page, or of all; say on stderr where a list that was not read to its end goes on."""
    from ciokit.core.endpoint import BlockingPages

    option = "--" + operation.route.paging.param.replace("_", "-")
    resume: str | None = None
    here: str | None = given.get(operation.route.paging.param)
    whole = False
    try:
        for page in BlockingPages(operation, sender).pages(**given):
            if page.repeated:
                output.note("rows of this page were on an earlier one too", repeated=page.repeated)
            resume = here
            yield from page.rows
            output.flush()  # a cursor is told only of rows that have left
            here = resume = page.next
            if not typed.all:
                break
        whole = True
    finally:
        if resume:
            how = f"{option} with this cursor goes on"
            output.note(
                f"there are more rows: --all gives every page, {how}" if whole else f"stopped: {how}", cursor=resume
            )
