"""What all commands that call an API have in common: their options, their settings, and how they are sent."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ciokit.cli import output
from ciokit.surfaces import KEY_SETTINGS, REGIONS, Surface

if TYPE_CHECKING:
    from ciokit.core.senders import BlockingSender
    from ciokit.core.wire import Transport
    from ciokit.settings import Settings


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which workspace; a key is never among them, since any user can read command lines."""
    group = parser.add_argument_group("workspace", "keys come from the environment, .env or the profile")
    group.add_argument("--profile", metavar="NAME", help="a table of the profile file (CUSTOMERIO_PROFILE)")
    group.add_argument("--region", choices=REGIONS, help="where the account lives (CUSTOMERIO_REGION)")
    group.add_argument("--base-url", metavar="URL", help="something else, such as the emulator (CUSTOMERIO_BASE_URL)")


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add what every call takes."""
    add_settings(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the request, keys hidden, and send nothing")
    parser.set_defaults(errors="json")


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings a command runs with."""
    from ciokit.settings import Settings

    return Settings.resolve(profile=arguments.profile, region=arguments.region, base_url=arguments.base_url)


def sending(surface: Surface, arguments: argparse.Namespace) -> tuple[Settings, Transport | None]:
    """Return settings and transport: in a dry run one that prints, for which no key needs to be set."""
    settings = settings_of(arguments)
    if not arguments.dry_run:
        return settings, None
    missing = [name for name in KEY_SETTINGS if not getattr(settings, name)]
    authorized = not {surface.key_setting, surface.user_setting}.intersection(missing)
    stand_ins: dict[str, Any] = dict.fromkeys(missing, "not-set")
    return replace(settings, **stand_ins), output.Shown(authorized=authorized)


def sender_for(surface: Surface, arguments: argparse.Namespace) -> BlockingSender:
    """Return what carries out the calls of a command."""
    from ciokit.client import Parts, blocking_sender

    settings, transport = sending(surface, arguments)
    return blocking_sender(surface, settings, Parts(), transport)
