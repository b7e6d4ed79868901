"""Semantic events of an app's life: installed, opened, updated, crashed, sent to the back.

For screens see `track_screen`, for push tokens `register_device`. Source: Pipelines spec of mobile events, as carried
in `specs/semantic_events.json`.
"""

from __future__ import annotations

from typing import TypedDict

from ciokit.pipelines_api.semantic.event import NoProperties, event


class ApplicationInstalled(TypedDict, total=False):
    """Properties of `Application Installed`: the version that runs now."""

    version: str
    build: str


class ApplicationUpdated(ApplicationInstalled, total=False):
    """Properties of `Application Updated`."""

    previous_version: str
    previous_build: str


class ApplicationOpened(ApplicationInstalled, total=False):
    """Properties of `Application Opened`; `url` is the link that opened it."""

    from_background: bool
    url: str


application_installed = event("Application Installed", ApplicationInstalled)
application_updated = event("Application Updated", ApplicationUpdated)
application_uninstalled = event("Application Uninstalled", NoProperties)
application_opened = event("Application Opened", ApplicationOpened)
application_backgrounded = event("Application Backgrounded", NoProperties)
application_foregrounded = event("Application Foregrounded", NoProperties)
application_crashed = event("Application Crashed", NoProperties)
