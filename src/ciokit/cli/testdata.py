"""`ciokit testdata`: writes the permanent test data that live tests read, looks whether it is whole, and deletes it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING

from ciokit.cli import calls, outcome, output
from ciokit.cli.parser import CommandParser, Subparsers
from ciokit.errors import ValidationError
from ciokit.surfaces import PIPELINES

if TYPE_CHECKING:
    from ciokit.app_api.client import AppClient
    from ciokit.pipelines_api.client import CustomerIOClient
    from ciokit.pipelines_api.messages import Message
    from ciokit.settings import Settings
    from ciokit.testdata import Difference, Outcome

_Run = Callable[[argparse.Namespace], int]


def add_parser(commands: Subparsers) -> None:
    """Add `testdata` to the command line."""
    commands.add_parser(
        "testdata",
        help="create, verify or remove the permanent test data of live tests",
        description="Create, verify or remove the permanent test data: a few people, devices, objects and "
        "relationships whose ids begin with\n`ciokit-testdata-`. The result is one line of JSON, progress is on "
        "stderr. Exit code 1 when something is not as it should be.",
        allow_abbrev=False,
        fill=_add_actions,
    )


def _add_actions(parser: CommandParser) -> None:
    from ciokit.testdata import WAIT

    actions: Subparsers = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    both = "\nNeeds a Pipelines key and an App API key of one workspace. Stopped on the way, run it again."
    _add(
        actions,
        "create",
        f"Write the test data, and read it back; what is there already is kept.{both}",
        WAIT,
        _create,
    )
    _add(
        actions,
        "verify",
        "Read the test data back, and tell what is not as declared. Needs an App API key.",
        0,
        _verify,
    )
    _add(actions, "remove", f"Delete the test data, and read back that it is gone.{both}", WAIT, _remove)


def _add(actions: Subparsers, name: str, words: str, wait: float, run: _Run) -> None:
    def fill(parser: CommandParser) -> None:
        if name == "verify":
            calls.add_settings(parser)
            parser.set_defaults(errors="json")
        else:
            calls.add_common(parser)
        told = f"how long to read again until all is as it should be (default: {wait:g})"
        parser.add_argument("--wait", type=float, default=wait, metavar="SECONDS", help=told)
        parser.set_defaults(run=partial(_checked, run))

    summary = words.partition(".")[0]
    actions.add_parser(name, help=summary[0].lower() + summary[1:], description=words, allow_abbrev=False, fill=fill)


def _checked(run: _Run, arguments: argparse.Namespace) -> int:
    if not 0 <= arguments.wait < float("inf"):
        raise ValidationError("must be a number of seconds, 0 or more", field="--wait")
    return run(arguments)


def _create(arguments: argparse.Namespace) -> int:
    from ciokit import testdata

    return _write("create", testdata.messages, testdata.create, arguments)


def _remove(arguments: argparse.Namespace) -> int:
    from ciokit import testdata

    return _write("remove", testdata.deletions, testdata.remove, arguments)


def _write(
    action: str, messages: Callable[[], list[Message]], write: Callable[..., Outcome], arguments: argparse.Namespace
) -> int:
    with _writer(arguments) as client:
        if arguments.dry_run:
            client.batch(messages())
            return 0
        with _reader(client.settings) as app:
            came = write(client, app, wait=arguments.wait, tell=output.note)
    for verdict in came.report.problems() if came.report else ():
        output.note("a message was not taken", status=verdict.status, reason=verdict.reason, field=verdict.field)
    return _result(action, came.differences, len(came.report) if came.report else 0)


def _verify(arguments: argparse.Namespace) -> int:
    from ciokit import testdata

    with _reader(calls.settings_of(arguments)) as app:
        return _result("verify", testdata.verify(app, wait=arguments.wait))


def _writer(arguments: argparse.Namespace) -> CustomerIOClient:
    """Return what writes, in strict mode: without it a wrong key is answered 200."""
    from ciokit.pipelines_api.client import CustomerIOClient

    settings, transport = calls.sending(PIPELINES, arguments)
    return CustomerIOClient(settings=replace(settings, strict_mode=True), transport=transport)


def _reader(settings: Settings) -> AppClient:
    from ciokit.app_api.client import AppClient

    return AppClient(settings=settings)


def _result(action: str, differences: list[Difference], sent: int = 0) -> int:
    from ciokit.testdata import PREFIX

    found = [asdict(each) for each in differences]
    output.json_line({"testdata": PREFIX, "action": action, "ok": not found, "sent": sent, "differences": found})
    return outcome.PARTLY if found else 0
