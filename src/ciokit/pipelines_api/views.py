"""Pages and screens: what somebody looked at, on the web and in an app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from ciokit.pipelines_api.messages import AnonymousOptions, Message, mapping, message
from ciokit.pipelines_api.operation import Operation


def _given(properties: Mapping[str, Any] | None, **named: str | None) -> dict[str, Any]:
    return {**mapping(properties, "properties"), **{name: value for name, value in named.items() if value is not None}}


@Operation
def track_page(
    user_id: str | None = None,
    page_name: str | None = None,
    properties: Mapping[str, Any] | None = None,
    **options: Unpack[AnonymousOptions],
) -> Message:
    """Record a page view by its name. Source: Pipelines spec, `page`."""
    return message("page", user_id, {"name": page_name, "properties": mapping(properties, "properties")}, options)


@Operation
def track_pageview(
    user_id: str | None = None,
    *,
    url: str | None = None,
    title: str | None = None,
    path: str | None = None,
    referrer: str | None = None,
    search: str | None = None,
    category: str | None = None,
    properties: Mapping[str, Any] | None = None,
    **options: Unpack[AnonymousOptions],
) -> Message:
    """Record a page view by what a browser knows of it; these are the page properties the vendor names."""
    known = _given(properties, url=url, title=title, path=path, referrer=referrer, search=search, category=category)
    return message("page", user_id, {"name": title, "properties": known}, options)


@Operation
def track_screen(
    user_id: str | None = None,
    screen_name: str | None = None,
    properties: Mapping[str, Any] | None = None,
    **options: Unpack[AnonymousOptions],
) -> Message:
    """Record a screen view in an app by its name. Source: Pipelines spec, `screen`."""
    return message("screen", user_id, {"name": screen_name, "properties": mapping(properties, "properties")}, options)


@Operation
def track_screenview(
    user_id: str | None = None,
    *,
    screen_name: str | None = None,
    screen_class: str | None = None,
    properties: Mapping[str, Any] | None = None,
    **options: Unpack[AnonymousOptions],
) -> Message:
    """Record a screen view by what an app knows of it; `screen_class` becomes a property."""
    known = _given(properties, screen_class=screen_class)
    return message("screen", user_id, {"name": screen_name, "properties": known}, options)


track_page_view = track_page
track_screen_view = track_screen
