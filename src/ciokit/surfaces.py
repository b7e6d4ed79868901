"""The HTTP surfaces of Customer.io: their hosts by region, and how they are signed in to.

Sources: Pipelines, Track and App specs, `servers`, `info.description`. The App API's sends and triggers have limits
of their own; they belong to those operations. Paces stand in `ciokit.settings.Limits`.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal, get_args

from ciokit.errors import ConfigurationError

Region = Literal["us", "eu"]
REGIONS: tuple[Region, ...] = get_args(Region)

KeySetting = Literal["api_key", "app_api_key", "site_id", "track_api_key"]
KEY_SETTINGS: tuple[KeySetting, ...] = get_args(KeySetting)


@dataclass(frozen=True)
class Surface:
    """One API. Its pace is `Limits.rates[name]`, its key the setting named `key_setting`, its user name `user_setting`.

    With basic authorization and no `user_setting`, the key is the user name and the password is blank.
    """

    name: str
    hosts: dict[Region, str]
    auth: Literal["basic", "bearer"]
    key_setting: KeySetting
    user_setting: KeySetting | None = None
    strict_mode: bool = False

    def base_url(self, region: Region, base_url: str | None) -> str:
        """Return scheme, host and port for a region; `base_url` overrides it for every surface."""
        if base_url:
            return base_url.rstrip("/")
        if region not in self.hosts:
            raise ConfigurationError(f"`region` must be one of {', '.join(REGIONS)}")
        return self.hosts[region]

    def authorization(self, key: str, user: str = "") -> str:
        """Return the `Authorization` header for a key, and the user name where the surface has one."""
        if self.auth == "bearer":
            return f"Bearer {key}"
        pair = f"{user}:{key}" if self.user_setting else f"{key}:"
        return "Basic " + base64.b64encode(pair.encode()).decode()


PIPELINES = Surface(
    "pipelines",
    {"us": "https://cdp.customer.io", "eu": "https://cdp-eu.customer.io"},
    auth="basic",
    key_setting="api_key",
    strict_mode=True,  # Pipelines spec: the `X-Strict-Mode` header of all seven operations
)
APP = Surface(
    "app",
    {"us": "https://api.customer.io", "eu": "https://api-eu.customer.io"},
    auth="bearer",
    key_setting="app_api_key",
)
TRACK = Surface(
    "track",
    {"us": "https://track.customer.io", "eu": "https://track-eu.customer.io"},
    auth="basic",
    key_setting="track_api_key",
    user_setting="site_id",
)
SURFACES = (PIPELINES, APP, TRACK)
