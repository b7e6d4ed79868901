"""Segments as the App API shows them: those here are manual, and complete as soon as they are made."""

from __future__ import annotations

from ciokit.app_api.segments import (
    NewSegment,
    Segment,
    SegmentAnswer,
    SegmentCount,
    SegmentList,
    SegmentMember,
    Segments,
    SegmentUses,
    SegmentUsesAnswer,
)
from ciokit.core.endpoint import Page
from ciokit.emulator import world as worlds
from ciokit.emulator.behaviour import lookup, paging
from ciokit.emulator.behaviour.filters import segments_of
from ciokit.emulator.ledger import Taken
from ciokit.emulator.routing import ApiFault, PageBeside, on
from ciokit.emulator.world import Person, World
from ciokit.track_api.segments import MAX_IDS, SegmentIdType
from ciokit.track_api.segments import Segments as Membership

_MOST_MEMBERS = 30_000
_CAMPAIGN_SEGMENTS = ("trigger_segment_ids", "filter_segment_ids")


@on(Segments.find)
def find(world: World) -> SegmentList:
    """Answer with all segments."""
    return {"segments": [_shown(segment) for segment in world.segments.values()]}


@on(Segments.create)
def create(world: World, segment: NewSegment) -> SegmentAnswer:
    """Make a manual segment; two may have one name, as no document says otherwise."""
    name = segment["name"].strip()
    if not name:
        raise ApiFault(400, "segment.name: is empty")
    number = world.held.number("segment", world.segments)
    made = worlds.Segment(number, name, segment.get("description", ""), created=world.now)
    world.segments[number] = made
    return {"segment": _shown(made)}


@on(Segments.get)
def get(world: World, segment_id: int) -> SegmentAnswer:
    """Answer with one segment."""
    return {"segment": _shown(_known(world, segment_id))}


@on(Segments.delete)
def delete(world: World, segment_id: int) -> None:
    """Forget a segment; its members stay."""
    del world.segments[_known(world, segment_id).id]


@on(Segments.count)
def count(world: World, segment_id: int) -> SegmentCount:
    """Answer with the number of members."""
    return {"count": len(_known(world, segment_id).members), "segment_id": segment_id}


@on(Segments.members)
def members(world: World, segment_id: int, *, start: str | None = None, limit: int = 1000) -> Page[SegmentMember]:
    """Answer with the members in order of creation; `ids` beside the rows omits people without one."""
    rows = sorted(_known(world, segment_id).members)  # minted ids are in order of creation
    rest = paging.after(rows, start, str)
    found = [world.people[cio_id] for cio_id in rest[: paging.size(limit, 1000, _MOST_MEMBERS)]]
    shown: list[SegmentMember] = [{**lookup.person_identifiers(person)} for person in found]
    ids = [person.id for person in found if person.id is not None]
    return PageBeside(shown, found[-1].cio_id if len(found) < len(rest) else None, {"ids": ids})


@on(Segments.used_by)
def used_by(world: World, segment_id: int) -> SegmentUsesAnswer:
    """Answer with the campaigns and newsletters that name a segment."""
    _known(world, segment_id)
    messaging = world.messaging
    naming = [each for each in messaging.of_kind("newsletter") if segment_id in segments_of(each.audience)]
    campaigns = [
        each.id
        for each in messaging.of_kind("campaign")
        if any(segment_id in each.settings.get(name, []) for name in _CAMPAIGN_SEGMENTS)
    ]
    used: SegmentUses = {
        "campaigns": campaigns,
        "sent_newsletters": [each.id for each in naming if each.sent is not None],
        "draft_newsletters": [each.id for each in naming if each.sent is None],
    }
    return {"used_by": used, "segment_id": segment_id}


@on(Membership.add_once)
def add(world: World, segment_id: int, ids: list[str], *, id_type: SegmentIdType = "id") -> None:
    """Put people in; ids of nobody, and people without an id, are passed over (Track spec, `add_to_segment`)."""
    segment = _checked(world, segment_id, ids)

    def happen() -> None:
        segment.members.update(each.cio_id for each in _people(world, ids, id_type) if each.id)

    world.taken.append(Taken("segment.add", happen))


@on(Membership.remove_once)
def remove(world: World, segment_id: int, ids: list[str], *, id_type: SegmentIdType = "id") -> None:
    """Take people out; who is nobody or no member is passed over."""
    segment = _checked(world, segment_id, ids)

    def happen() -> None:
        segment.members.difference_update(each.cio_id for each in _people(world, ids, id_type))

    world.taken.append(Taken("segment.remove", happen))


def _checked(world: World, segment_id: int, ids: list[str]) -> worlds.Segment:
    if segment_id not in world.segments:  # no 404 is documented for these
        raise ApiFault(400, "segment_id: is no manual segment of this workspace")
    if not 1 <= len(ids) <= MAX_IDS:
        raise ApiFault(400, f"ids: must be 1 to {MAX_IDS:,}, and are {len(ids):,}")
    return world.segments[segment_id]


def _people(world: World, ids: list[str], id_type: SegmentIdType) -> list[Person]:
    found = [lookup.find_person(world, each, id_type) for each in ids]
    return [person for person in found if person is not None]


def _known(world: World, segment_id: int) -> worlds.Segment:
    return lookup.known(world.segments, segment_id, "segment")


def _shown(segment: worlds.Segment) -> Segment:
    return {
        "id": segment.id,
        "deduplicate_id": f"{segment.id}:{segment.created}",
        "name": segment.name,
        "description": segment.description,
        "state": "finished",
        "progress": None,
        "type": "manual",
        "tags": None,
        "created_at": segment.created,
        "updated_at": segment.created,
    }
