"""The Track API: write people, objects and events directly. One file per noun; `TrackClient` has them all."""

from __future__ import annotations

from ciokit.track_api.client import AsyncTrackClient, TrackClient

__all__ = ["AsyncTrackClient", "TrackClient"]
