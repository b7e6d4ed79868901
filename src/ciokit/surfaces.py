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


@dataclass(frozen=True)
class Surface:
    """One API. Its pace is `Limits.rates[name]`, its key the setting named `key_setting`."""

    name: str
    hosts: dict[Region, str]
    auth: Literal["basic", "bearer"]
    key_setting: Literal["api_key", "app_api_key"]
    strict_mode: bool = False

    def base_url(self, region: Region, base_url: str | None) -> str:
        """Return scheme, host and port for a region; `base_url` overrides it for every surface."""
        if base_url:
            return base_url.rstrip("/")
        if region not in self.hosts:
            raise ConfigurationError(f"`region` must be one of {', '.join(REGIONS)}")
        return self.hosts[region]

    def authorization(self, key: str) -> str:
        """Return the `Authorization` header for a key."""
        if self.auth == "bearer":
            return f"Bearer {key}"
        return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


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
SURFACES = (PIPELINES, APP)
