"""Settings: where every choice comes from, resolved once into a frozen value; the only reader of the environment.

First match wins:

1. the argument given to the client;
2. the profile file: `CUSTOMERIO_PROFILES`, else `~/.config/ciokit/profiles.toml`; the table named by `profile=` or
   `CUSTOMERIO_PROFILE` (default `default`);
3. the environment: `CUSTOMERIO_` and the setting's name in capitals, such as `CUSTOMERIO_API_KEY`;
4. the default below.

A `.env` file is read by the command line only. Printing settings never shows a key.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, cast, get_args
from urllib.parse import urlsplit

from ciokit.core.retry import RetryPolicy
from ciokit.errors import ConfigurationError
from ciokit.surfaces import KEY_SETTINGS, REGIONS, KeySetting, Region
from ciokit.values import Missing

SemanticCheck = Literal["off", "warn", "error"]
ItemContext = Literal["separate", "inline"]

_PREFIX = "CUSTOMERIO_"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `requests` in any window of `seconds`."""

    requests: int
    seconds: float


_RATES: Mapping[str, Rate] = {
    "pipelines": Rate(3000, 3.0),  # Pipelines spec, info.description
    "track": Rate(1000, 1.0),  # Track spec, info.description, "Rate Limits"
    "app": Rate(10, 1.0),  # App catalogue, default-10rps: everything else of the App API, reads and writes together
    "app_send": Rate(100, 1.0),  # 3,000 per 3 s in 2026, 100 per second in 2025: the stricter
    "app_broadcast": Rate(1, 10.0),  # App catalogue, broadcast-1-per-10s
    "design_studio_render": Rate(5, 1.0),  # App catalogue, 5rps-design-studio-render
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the service takes; all of it can be overridden.

    The vendor says "32KB" and "500KB" without a base, so the smaller, decimal reading is the default
    (Pipelines spec, `info.description`). `rates` is by surface, and by operation where one has a pace of its own: see
    the table at the top of this module.

    Of transactional sends (App catalogue, `transactional-3000-per-3s` and `sendEmail`): `send_bytes` is the body
    without its attachments, `attachment_bytes` the files before base64, all of them; `send_recipients` are those of
    `to`, `cc` and `bcc` together, `send_ahead` is in seconds. Of broadcasts (App catalogue, `triggerBroadcast`):
    `trigger_bytes` is the body, `trigger_data_bytes` its `data`, `trigger_recipients` are ids, addresses or people.
    """

    call_bytes: int = 32_000
    batch_bytes: int = 500_000
    send_bytes: int = 1_000_000
    attachment_bytes: int = 2_000_000
    send_recipients: int = 15
    send_ahead: int = 90 * 86_400
    trigger_bytes: int = 25_000_000
    trigger_data_bytes: int = 50_000
    trigger_recipients: int = 10_000
    rates: Mapping[str, Rate] = field(default_factory=lambda: dict(_RATES), hash=False)


@dataclass(frozen=True)
class Settings:
    """Everything a client can be told.

    - `api_key`: the Pipelines source key. `app_api_key`: the App API key. `site_id` and `track_api_key`: the two parts
      of Track API credentials. Never printed.
    - `region`: `us` or `eu`; wrong regions answer 401.
    - `base_url`: scheme, host and port of something else, such as the emulator; for every surface.
    - `strict_mode`: send `X-Strict-Mode: 1`, so that the service refuses what it otherwise drops behind a 200.
    - `timeout`: seconds for each read or write. `connect` takes at most 10 of them.
    - `missing`: what NaN, NaT and NA become: `null`, left out (`omit`), or an `error`.
    - `semantic_check`: what an unknown or wrongly typed property of a semantic event does: `off`, `warn`, `error`.
    - `item_context`: messages with a `context` or `integrations` of their own go in requests of their own
      (`separate`: the batch specification knows these only for the whole batch) or stay `inline`.
    - `proxy`, `ca_file`: a proxy URL; a PEM file of certificates to trust.
    """

    api_key: str | None = None
    app_api_key: str | None = None
    site_id: str | None = None
    track_api_key: str | None = None
    region: Region = "us"
    base_url: str | None = None
    strict_mode: bool = True
    timeout: float = 30.0
    missing: Missing = "null"
    semantic_check: SemanticCheck = "error"
    item_context: ItemContext = "separate"
    proxy: str | None = None
    ca_file: str | None = None
    limits: Limits = field(default_factory=Limits)
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def __post_init__(self) -> None:
        """Refuse what cannot work, naming the setting."""
        _one_of("region", self.region, REGIONS)
        _one_of("missing", self.missing, get_args(Missing))
        _one_of("semantic_check", self.semantic_check, get_args(SemanticCheck))
        _one_of("item_context", self.item_context, get_args(ItemContext))
        if not 0 < self.timeout < math.inf:
            raise ConfigurationError("`timeout` must be a number of seconds above 0, and not infinite")
        if self.base_url is not None:
            _check_base_url(self.base_url)

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value}' for name, value in self.describe().items())})"

    def describe(self) -> dict[str, str]:
        """Return every setting as text that is safe to print."""
        shown = {item.name: getattr(self, item.name) for item in fields(self)}
        for name in KEY_SETTINGS:
            shown[name] = "[set]" if shown[name] else "[not set]"
        if self.proxy:
            shown["proxy"] = "[set]"
        return {name: str(value) for name, value in shown.items()}

    @classmethod
    def resolve(cls, *, profile: str | None = None, **explicit: Any) -> Settings:
        """Resolve settings in the order this module's first lines give; None counts as not given."""
        given = {name: value for name, value in explicit.items() if value is not None}
        environment = _from_environment(os.environ)
        return cls(**{**environment, **_from_profile(profile, os.environ), **given})

    def key(self, setting: KeySetting) -> str:
        """Return a key, or raise `ConfigurationError` saying where it was looked for."""
        value = getattr(self, setting)
        if not isinstance(value, str) or not value.strip():
            raise ConfigurationError(
                f"`{setting}` is missing: pass it to the client, put it in a profile, or set {_PREFIX}{setting.upper()}"
            )
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ConfigurationError(
                f"`{setting}` holds characters no key has (spaces, control characters or non-ASCII); copy it again"
            )
        return value


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ConfigurationError(f"`{name}` must be one of {', '.join(allowed)}")


def _check_base_url(url: str) -> None:
    if "@" in url:
        raise ConfigurationError("`base_url` must not hold credentials; give the key as `api_key`")
    if not _is_origin(url):
        raise ConfigurationError(
            "`base_url` is scheme, host and port only, such as http://127.0.0.1:8787; versioned paths are appended"
        )


def _is_origin(url: str) -> bool:
    # urlsplit overlooks line ends and outer spaces, which whoever opens the connection does not.
    if not url.isprintable() or any(character in url for character in " ?#"):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port  # reading it checks it
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.path.strip("/")


_PLAIN = tuple(item.name for item in fields(Settings) if item.name not in ("limits", "retry"))


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {name: environment.get(_PREFIX + name.upper(), "").strip() for name in _PLAIN}
    return {name: _converted(name, text, _PREFIX + name.upper()) for name, text in found.items() if text}


def _from_profile(profile: str | None, environment: Mapping[str, str]) -> dict[str, Any]:
    named = profile or environment.get(_PREFIX + "PROFILE")
    place = environment.get(_PREFIX + "PROFILES")
    path = Path(place) if place else _usual_place()
    if path is None or not _is_file(path):
        if named or place:
            shown = path or "in the home directory"
            raise ConfigurationError(f"the profile file {shown} does not exist; make it, or set {_PREFIX}PROFILES")
        return {}
    tables = _tables(path)
    stray = sorted(name for name, value in tables.items() if not isinstance(value, dict))
    if stray:
        raise ConfigurationError(
            f"`{stray[0]}` in {path} stands in no table; put it under [default] or another profile"
        )
    table: Any = tables.get(named or "default")
    if not isinstance(table, dict):
        if named is None:
            return {}
        known = ", ".join(sorted(tables)) or "none"
        raise ConfigurationError(f"the profile `{named}` is not in {path}; it has {known}")
    values = cast("dict[str, Any]", table)
    unknown = sorted(values.keys() - set(_PLAIN))
    if unknown:
        raise ConfigurationError(f"`{unknown[0]}` in {path} is no setting; known are {', '.join(_PLAIN)}")
    return {name: _converted(name, value, f"`{name}` in {path}") for name, value in values.items()}


def _usual_place() -> Path | None:
    try:
        return Path.home() / ".config" / "ciokit" / "profiles.toml"
    except RuntimeError:  # containers may run as a user that has no home
        return None


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # in a directory that is somebody else's, or with a name no file can have
        return False


def _tables(path: Path) -> dict[str, Any]:
    # Raised outside the handlers, because some of the errors caught here carry the file's content, and so the keys.
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        reason = "is not TOML"
    except OSError as error:
        reason = f"cannot be read ({type(error).__name__}); make it readable, or set {_PREFIX}PROFILES"
    raise ConfigurationError(f"the profile file {path} {reason}")


def _converted(name: str, value: Any, source: str) -> Any:
    if name == "timeout":
        try:
            return float(value)
        except (TypeError, ValueError):
            raise ConfigurationError(f"{source} must be a number of seconds") from None
    if name == "strict_mode" and not isinstance(value, bool):
        choice = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}.get(str(value).lower())
        if choice is None:
            raise ConfigurationError(f"{source} must be true or false")
        return choice
    if name != "strict_mode" and not isinstance(value, str):
        raise ConfigurationError(f"{source} must be text")
    return value
