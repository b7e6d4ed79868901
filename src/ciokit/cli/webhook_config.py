"""`ciokit webhooks config`: where Customer.io posts webhooks to, listed, read, made as described, changed, deleted."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ciokit.cli import calls, output
from ciokit.cli.parser import CommandParser, Subparsers

if TYPE_CHECKING:
    from ciokit.webhooks.config import WebhookConfigManager

_Do = Callable[["WebhookConfigManager[Any]", argparse.Namespace], None]


def add_parsers(commands: Subparsers) -> None:
    """Add the command to `ciokit webhooks`."""
    commands.add_parser(
        "config",
        help="say where Customer.io posts webhooks to",
        description="List, read, make, change and delete the reporting webhooks of a workspace, with an App API key.\n"
        "Answers are JSON lines. The signing key is shown in Customer.io, beside the webhook, and returned by no call.",
        allow_abbrev=False,
        fill=_add_actions,
    )


def _add_actions(parser: CommandParser) -> None:
    actions: Subparsers = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    _with_table(_added(actions, "list", "return all webhooks", _list))
    _with_table(_numbered(_added(actions, "get", "return one webhook", _get)))
    _add_ensure(actions)
    _add_update(actions)
    _numbered(_added(actions, "delete", "delete a webhook", _delete))


def _add_ensure(actions: Subparsers) -> None:
    words = "have a webhook as it is described here: create it, change what differs, or leave it alone"
    parser = _added(actions, "ensure", words, _ensure)
    parser.add_argument("--name", required=True, help="what people call it")
    parser.add_argument("--endpoint", required=True, metavar="URL", help="the URL that is posted to; it says which one")
    _add_events(parser, "every event there is")
    for option, told in _SWITCHES.items():
        parser.add_argument(option, action="store_true", help=told)
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")


def _add_update(actions: Subparsers) -> None:
    parser = _with_table(
        _numbered(_added(actions, "update", "change what is given of a webhook, and no more", _update))
    )
    parser.add_argument("--name", help="what people call it")
    parser.add_argument("--endpoint", metavar="URL", help="the URL that is posted to")
    _add_events(parser, "those that are")
    for option, told in _SWITCHES.items():
        parser.add_argument(option, action=argparse.BooleanOptionalAction, help=told)


_SWITCHES = {
    "--disabled": "post nothing for the time being",
    "--full-resolution": "report every opening and click instead of the first of each",
    "--with-content": "add the body of messages to the `sent` events",
}


def _added(actions: Subparsers, name: str, words: str, do: _Do) -> CommandParser:
    description = f"{words[0].upper()}{words[1:]}."
    parser = actions.add_parser(name, help=words, description=description, allow_abbrev=False, machine=True)
    calls.add_settings(parser)
    parser.set_defaults(run=partial(_run, do), errors="json", table=False)
    return parser


def _numbered(parser: CommandParser) -> CommandParser:
    parser.add_argument("id", type=int, metavar="ID", help="the number of the webhook, as `list` gives it")
    return parser


def _with_table(parser: CommandParser) -> CommandParser:
    parser.add_argument("--table", action="store_true", help="aligned columns instead of JSON lines")
    return parser


def _add_events(parser: CommandParser, default: str) -> None:
    from ciokit.webhooks.config import SUBSCRIPTIONS

    words = f"an event to report, such as email_opened; may be repeated (default: {default})"
    parser.add_argument("--event", action="append", choices=SUBSCRIPTIONS, metavar="NAME", help=words)


# Running


def _run(do: _Do, arguments: argparse.Namespace) -> int:
    from ciokit.app_api.client import AppClient
    from ciokit.webhooks.config import WebhookConfigManager

    with AppClient(settings=calls.settings_of(arguments)) as app:
        do(WebhookConfigManager(app), arguments)
    return 0


def _list(webhooks: WebhookConfigManager[Any], arguments: argparse.Namespace) -> None:
    _show(webhooks.list(), arguments)


def _get(webhooks: WebhookConfigManager[Any], arguments: argparse.Namespace) -> None:
    _show(webhooks.get(arguments.id), arguments)


def _ensure(webhooks: WebhookConfigManager[Any], arguments: argparse.Namespace) -> None:
    from ciokit.webhooks.config import SUBSCRIPTIONS, WebhookConfig

    config = WebhookConfig(
        name=arguments.name,
        endpoint=arguments.endpoint,
        events=arguments.event or SUBSCRIPTIONS,
        disabled=arguments.disabled,
        full_resolution=arguments.full_resolution,
        with_content=arguments.with_content,
    )
    done = webhooks.ensure(config, dry_run=arguments.dry_run)
    output.json_line({"action": done.action, "changed": done.changed, "webhook": done.webhook})


def _update(webhooks: WebhookConfigManager[Any], arguments: argparse.Namespace) -> None:
    changed = webhooks.update(
        arguments.id,
        name=arguments.name,
        endpoint=arguments.endpoint,
        events=arguments.event,
        disabled=arguments.disabled,
        full_resolution=arguments.full_resolution,
        with_content=arguments.with_content,
    )
    _show(changed, arguments)


def _delete(webhooks: WebhookConfigManager[Any], arguments: argparse.Namespace) -> None:
    webhooks.delete(arguments.id)


def _show(answer: Any, arguments: argparse.Namespace) -> None:
    if arguments.table:
        output.table(output.rows_of(answer))
    else:
        output.answer(answer)
