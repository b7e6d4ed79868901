"""The data index: notes about attributes and events, which the App API can set and not read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from ciokit.app_api.data_index import AttributeEntry, DataIndex, EventEntry
from ciokit.emulator.routing import ApiFault, on
from ciokit.emulator.world import World

_MOST = 100
_LONGEST = 255


@on(DataIndex.update_attributes)
def update_attributes(world: World, attributes: list[AttributeEntry]) -> None:
    """Note what is said of attributes: all of it, or nothing."""
    _note(world.held.attribute_notes, cast("list[dict[str, Any]]", attributes), "attributes")


@on(DataIndex.update_events)
def update_events(world: World, events: list[EventEntry]) -> None:
    """Note what is said of events: all of it, or nothing."""
    _note(world.held.event_notes, cast("list[dict[str, Any]]", events), "events")


def _note(notes: dict[str, dict[str, Any]], entries: Sequence[dict[str, Any]], where: str) -> None:
    if not 1 <= len(entries) <= _MOST:
        raise ApiFault(422, f"{where} must be 1 to {_MOST}, and are {len(entries)}", pointer=f"/{where}")
    for place, entry in enumerate(entries):
        if not entry["name"].strip():
            raise ApiFault(400, f"{where}[{place}].name: is empty")
        if len(entry.get("description", "")) > _LONGEST:
            raise ApiFault(400, f"{where}[{place}].description: has over {_LONGEST} characters")
    for entry in entries:
        notes.setdefault(entry["name"], {}).update(entry)
