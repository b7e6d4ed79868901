"""Sender identities: read over the App API, made by seeds."""

from __future__ import annotations

from typing import Literal

from ciokit.app_api.senders import Sender, SenderAnswer, Senders, SenderUses
from ciokit.core.endpoint import Page
from ciokit.emulator.behaviour import lookup, paging
from ciokit.emulator.routing import on
from ciokit.emulator.world import World


@on(Senders.find)
def find(
    world: World,
    *,
    hidden: bool | None = None,
    sort: Literal["asc", "desc"] | None = None,
    start: str | None = None,
    limit: int | None = None,
) -> Page[Sender]:
    """Answer with the senders by number; 50 by default, at most 1,000 (the vendor states neither)."""
    rows = [each for each in world.held.senders.values() if hidden or not each.get("hidden")]
    rows.sort(key=lambda each: each["id"], reverse=sort == "desc")
    return paging.cut(rows, start, limit or 0, lambda each: each)


@on(Senders.get)
def get(world: World, sender_id: int) -> SenderAnswer:
    """Answer with one sender."""
    return {"sender_identity": _known(world, sender_id)}


@on(Senders.used_by)
def used_by(world: World, sender_id: int) -> SenderUses:
    """Answer with nothing: no campaign or newsletter of the emulator names a sender."""
    _known(world, sender_id)
    return {"campaigns": [], "sent_newsletters": [], "draft_newsletters": []}


def _known(world: World, sender_id: int) -> Sender:
    return lookup.known(world.held.senders, sender_id, "sender")
