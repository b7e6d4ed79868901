"""`ciokit doctor`: whether keys, region, network, clock and strict mode are as they must be, and what to do if not.

Nothing is written to the workspace: the one message that is sent is empty, which strict mode refuses and permissive
mode drops.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal, cast

from ciokit.cli import calls, outcome, output
from ciokit.cli.parser import Subparsers
from ciokit.errors import AuthenticationError, ConfigurationError, CustomerIOError, NetworkError, RefusedError
from ciokit.surfaces import PIPELINES, SURFACES, KeySetting, Surface

if TYPE_CHECKING:
    from ciokit.core.senders import BlockingSender
    from ciokit.pipelines_api.messages import Message
    from ciokit.settings import Settings

_HARMLESS = {"app": "GET /v1/object_types", "track": "GET /api/v1/accounts/region"}
_SKEW = 60.0  # seconds; times on messages are the machine's, and one in the future has no stated effect


@dataclass(frozen=True)
class Check:
    """One thing looked at: `ok`, `wrong`, or `note` for what is no fault; `fix` says what to do."""

    check: str
    state: Literal["ok", "wrong", "note"]
    said: str
    fix: str = ""


def add_parser(commands: Subparsers) -> None:
    """Add `doctor` to the command line."""
    parser = commands.add_parser(
        "doctor",
        help="check keys, region, network, clock and strict mode, and say what to fix",
        description="Check that keys are set and work, that the region is theirs, that the service is reached, that "
        "the clock is right\nand that strict mode answers. Writes nothing to the workspace. Exit code 1 when something "
        "is wrong.",
        allow_abbrev=False,
    )
    calls.add_settings(parser)
    parser.add_argument("--json", action="store_true", help="JSON lines instead of text")
    parser.set_defaults(run=_run, errors="json")


def _run(arguments: argparse.Namespace) -> int:
    wrong = False
    for found in _checks(arguments):
        wrong = wrong or found.state == "wrong"
        if arguments.json:
            output.json_line(asdict(found))
        else:
            output.text(f"{found.state:5}  {found.check:16}  {found.said}")
            if found.fix:
                output.text(f"{'':5}  {'':16}  -> {found.fix}")
    return outcome.PARTLY if wrong else 0


def _checks(arguments: argparse.Namespace) -> Iterator[Check]:
    try:
        settings = calls.settings_of(arguments)
    except ConfigurationError as error:
        yield Check("settings", "wrong", error.message, "correct it where it is set; see `ciokit config --help`")
        return
    where = settings.base_url or f"region {settings.region}"
    yield Check("settings", "ok", f"{where}, time-out {settings.timeout:g} s")
    # One failed try tells; whoever waits at a terminal should not wait for retries.
    settings = replace(settings, retry=replace(settings.retry, attempts=1), timeout=min(settings.timeout, 10.0))
    usable = [surface for surface in SURFACES if _lacks(surface, settings) == []]
    for surface in SURFACES:
        yield _keys(surface, settings, alone=not usable)
    dates: list[str] = []
    for surface in SURFACES:
        reached = _reach(surface, settings, dates)
        yield reached
        if reached.state == "ok" and surface in usable:
            yield _sign_in(surface, settings)
    yield _clock(dates)
    if not settings.strict_mode:
        fix = "set CUSTOMERIO_STRICT_MODE=1, unless that is meant"
        yield Check("strict mode", "note", "is off: the service drops bad messages behind a 200", fix)


def _key_settings(surface: Surface) -> list[KeySetting]:
    return [name for name in (surface.user_setting, surface.key_setting) if name]


def _lacks(surface: Surface, settings: Settings) -> list[KeySetting]:
    return [name for name in _key_settings(surface) if not getattr(settings, name)]


def _keys(surface: Surface, settings: Settings, *, alone: bool) -> Check:
    """Look at the keys of an API; having none is a fault only if there is none at all (`alone`)."""
    name = f"{surface.name} key"
    lacking = _lacks(surface, settings)
    if lacking:
        half = len(lacking) < len(_key_settings(surface))
        variables = " and ".join(f"CUSTOMERIO_{each.upper()}" for each in lacking)
        said = (
            f"`{'` and `'.join(lacking)}` {'are' if lacking[1:] else 'is'} not set: no {surface.name} calls can be made"
        )
        fix = f"set {variables} in the environment or .env, or the like in a profile"
        return Check(name, "wrong" if alone or half else "note", said, fix)
    try:
        for each in _key_settings(surface):
            settings.key(each)
    except ConfigurationError as error:
        return Check(name, "wrong", error.message)
    return Check(name, "ok", "is set")


def _reach(surface: Surface, settings: Settings, dates: list[str]) -> Check:
    """Ask the host for nothing in particular, without a key: any answer will do."""
    from ciokit.core.transport import HttpTransport, TransportOptions
    from ciokit.core.wire import Request

    url = surface.base_url(settings.region, settings.base_url)
    name = f"{surface.name} host"
    transport = HttpTransport(TransportOptions(proxy=settings.proxy, ca_file=settings.ca_file))
    try:
        answer = transport.send(Request("GET", f"{url}/", {}, label="GET /", timeout=settings.timeout))
    except (NetworkError, ConfigurationError) as error:
        fix = "start it there, as with `ciokit emulate`, or correct the base URL" if settings.base_url else ""
        return Check(name, "wrong", f"{url}: {error.message}", fix)
    finally:
        transport.close()
    if "date" in answer.headers:
        dates.append(answer.headers["date"])
    return Check(name, "ok", f"{url} answers")


def _sign_in(surface: Surface, settings: Settings) -> Check:
    from ciokit.client import Parts, blocking_sender

    name = f"{surface.name} access"
    other = "eu" if settings.region == "us" else "us"
    region = f"if the account lives in the other region, set CUSTOMERIO_REGION={other}"
    try:
        with closing(blocking_sender(surface, replace(settings, strict_mode=True), Parts(), None)) as sender:
            return _strict(name, sender) if surface is PIPELINES else _read(name, surface, settings, sender)
    except AuthenticationError as error:
        return Check(name, "wrong", error.message, f"copy the key again, or give it the rights it lacks; {region}")
    except RefusedError as error:
        return Check(name, "wrong", error.message, region if error.status < 400 else "")
    except CustomerIOError as error:
        return Check(name, "wrong", error.message, "try again later" if error.retryable else "")


def _strict(name: str, sender: BlockingSender) -> Check:
    """Send what nothing can come of: a message about nobody."""
    from ciokit.pipelines_api.operations import Pipelines

    nobody = cast("Message", {})
    try:
        sender.run(Pipelines.identify.flow(nobody))
    except RefusedError as error:
        if error.status != 400:
            raise
        return Check(name, "ok", "the key is taken, and strict mode refuses what it must")
    said = "answered 200 to an empty message: strict mode does not reach the service, so the key is not checked either"
    return Check(name, "wrong", said, "look for a proxy that takes the header X-Strict-Mode away")


def _read(name: str, surface: Surface, settings: Settings, sender: BlockingSender) -> Check:
    """Read something that needs no right but to be let in; the Track API says the account's region."""
    from ciokit.core.endpoint import Endpoint
    from ciokit.table import TABLE

    [operation] = [each for each in TABLE if each.route.label == _HARMLESS[surface.name] and isinstance(each, Endpoint)]
    answer = sender.run(operation.flow())
    region = answer.get("region", settings.region)
    if region != settings.region and settings.base_url is None:
        return Check(name, "wrong", f"the account lives in the region {region}", f"set CUSTOMERIO_REGION={region}")
    return Check(name, "ok", "the key is taken")


def _clock(dates: list[str]) -> Check:
    """Compare this machine's time with what the service says it is."""
    try:
        told = [parsedate_to_datetime(date) for date in dates]
    except ValueError:
        told = []
    if not told:
        return Check("clock", "note", "no answer told the time, so it was not compared")
    skew = (datetime.now(UTC) - told[-1]).total_seconds()
    if abs(skew) <= _SKEW:
        return Check("clock", "ok", "agrees with the service's")
    way = "ahead of" if skew > 0 else "behind"
    fix = "set the clock, such as with NTP: it stamps what is sent"
    return Check("clock", "wrong", f"is {abs(skew):.0f} s {way} the service's", fix)
