"""The App API: read the workspace back and work with what is in it. One file per noun; `AppClient` has them all."""

from __future__ import annotations

from ciokit.app_api.client import AppClient, AsyncAppClient

__all__ = ["AppClient", "AsyncAppClient"]
