"""Version 2 of the Track API: items one by one and in batches, of which bad ones are refused and the others taken."""

from __future__ import annotations

from typing import cast

from ciokit.emulator.behaviour import track_items, track_rules
from ciokit.emulator.behaviour.track_rules import TrackItem
from ciokit.emulator.ingest import batch_bytes, call_bytes
from ciokit.emulator.ledger import Problem, Taken
from ciokit.emulator.routing import ApiFault, Manner, on
from ciokit.emulator.sizes import compact
from ciokit.emulator.world import World
from ciokit.track_api.items import Item
from ciokit.track_api.v2 import V2, BatchAnswer, ItemError

_OK, _PARTLY = 200, 207


def _status(answer: BatchAnswer) -> int:
    return _PARTLY if answer.get("errors") else _OK


@on(V2.entity)
def entity(world: World, item: Item) -> None:
    """Take one item, or refuse it with 400."""
    given = cast("TrackItem", item)
    problem = track_rules.check(given, call_bytes(world.switches))
    if problem is not None:
        raise ApiFault(400, problem.reason, pointer=problem.field)
    track_items.take(world, given)


@on(V2.batch_once, Manner(status_of=_status))
def batch(world: World, batch: list[Item]) -> BatchAnswer:
    """Take the good items in order and answer with the others (facts, section 3.2)."""
    size, most = len(compact(batch) or b""), batch_bytes(world.switches)
    if size > most:
        raise ApiFault(400, f"has {size:,} B, over the limit of {most:,} B", pointer="batch")
    errors: list[ItemError] = []
    for index, each in enumerate(batch):
        item = cast("TrackItem", each)
        problem = track_rules.check(item, call_bytes(world.switches))
        if problem is None:
            track_items.take(world, item, index)
        else:
            errors.append(_error(index, problem))
            world.taken.append(Taken("", None))
    return {"errors": errors} if errors else {}


def _error(index: int, problem: Problem) -> ItemError:
    reason = "required" if problem.reason.startswith("is missing") else "invalid"
    return {"batch_index": index, "reason": reason, "field": problem.field, "message": problem.reason}
