"""Exports: a file is made of the world as it is when asked, and can be read once the work is said to be done.

[inferred]: the columns before those asked for, times as unix seconds, and 404 for a link to what is not done yet.
"""

from __future__ import annotations

from ciokit.app_api import exports
from ciokit.app_api.exports import ExportAnswer, ExportLink, ExportList, ExportMetric, Exports
from ciokit.app_api.types import AudienceFilter
from ciokit.emulator.behaviour import lookup, mailings
from ciokit.emulator.behaviour.filters import people_filter
from ciokit.emulator.files import EXPORT_LINK_SECONDS, link
from ciokit.emulator.holdings import Export, ExportKind
from ciokit.emulator.importing import table_bytes
from ciokit.emulator.messaging import Delivery
from ciokit.emulator.routing import ApiFault, Manner, on
from ciokit.emulator.world import Person, World, as_text

_PEOPLE = ("id", "email", "cio_id", "created_at")
_DELIVERIES = ("delivery_id", "customer_id", "recipient", "type", "subject", "created")


@on(Exports.find)
def find(world: World) -> ExportList:
    """Answer with all exports."""
    return {"exports": [_shown(world, export) for export in world.held.exports.values()]}


@on(Exports.create_customers)
def create_customers(world: World, filters: AudienceFilter, *, attributes: list[str] | None = None) -> ExportAnswer:
    """Write the people a filter matches, in order of creation."""
    test = people_filter(world, filters)
    extra = [name for name in dict.fromkeys(attributes or []) if name not in _PEOPLE]
    rows = [_person(person, extra) for person in world.people.values() if test(person)]
    return _start(world, "customers", [*_PEOPLE, *extra], rows)


@on(Exports.create_deliveries)
def create_deliveries(
    world: World,
    *,
    newsletter_id: int | None = None,
    campaign_id: int | None = None,
    transactional_message_id: int | None = None,
    action_id: int | None = None,
    start: int | None = None,
    end: int | None = None,
    attributes: list[str] | None = None,
    metric: ExportMetric | None = None,
    drafts: bool | None = None,
) -> ExportAnswer:
    """Write the deliveries of one source of messages, oldest first: of six months, or of twelve where asked for."""
    sources = [newsletter_id, campaign_id, transactional_message_id, action_id]
    if sum(source is not None for source in sources) != 1:
        raise ApiFault(400, "give exactly one of newsletter_id, campaign_id, transactional_message_id and action_id")
    if start is not None and end is not None and start > end:
        raise ApiFault(400, "start: is after end")
    numbers = ("newsletter", newsletter_id), ("campaign", campaign_id), ("transactional", transactional_message_id)
    named = [(kind, number) for kind, number in numbers if number is not None]
    of_kind = mailings.matching(metric=metric, drafts=None if drafts else False, content_id=action_id)
    default = mailings.SIX_MONTHS if end is None else mailings.TWELVE_MONTHS
    first = mailings.within(world, start, end, mailings.TWELVE_MONTHS, default)
    last = world.now if end is None else end
    extra = list(dict.fromkeys(attributes or []))
    rows = [
        _delivery(each, extra)
        for each in world.messaging.deliveries
        if of_kind(each)
        and first <= each.created <= last
        and (each.source in named if named else each.of("campaign") is not None)
    ]
    return _start(world, "deliveries", [*_DELIVERIES, *extra], rows)


@on(Exports.get)
def get(world: World, export_id: int) -> ExportAnswer:
    """Answer with one export."""
    return {"export": _shown(world, _known(world, export_id))}


@on(Exports.link, Manner(writes=True))
def link_to(world: World, export_id: int) -> ExportLink:
    """Answer with a link of 15 minutes, and count it as a download."""
    export = _known(world, export_id)
    if not export.done(world.now):
        raise ApiFault(404, "the export is not done yet")
    export.downloads += 1
    return {"url": link(world.origin, f"export-{export_id}.csv", world.now + EXPORT_LINK_SECONDS)}


def _start(world: World, kind: ExportKind, header: list[str], rows: list[list[str]]) -> ExportAnswer:
    number = world.held.number("export", world.held.exports)
    ready = world.now + world.switches.processing_seconds
    export = Export(number, kind, f"Export {number}", table_bytes(header, rows), len(rows), world.now, ready)
    world.held.exports[number] = export
    return {"export": _shown(world, export)}


def _known(world: World, export_id: int) -> Export:
    return lookup.known(world.held.exports, export_id, "export")


def _person(person: Person, extra: list[str]) -> list[str]:
    cells = [person.attributes.get(name) for name in extra]
    texts = ["" if value is None else as_text(value) for value in cells]
    return [person.id or "", person.email or "", person.cio_id, str(person.created), *texts]


def _delivery(each: Delivery, extra: list[str]) -> list[str]:
    person = each.person
    cells = [person.attributes.get(name) if person is not None else None for name in extra]
    texts = ["" if value is None else as_text(value) for value in cells]
    subject = str(each.content.get("subject") or "")
    customer_id = (person.id if person is not None else None) or ""
    return [each.id, customer_id, each.recipient, each.channel, subject, str(each.created), *texts]


def _shown(world: World, export: Export) -> exports.Export:
    done = export.done(world.now)
    updated = export.finished if done else export.created
    return {
        "id": export.id,
        "deduplicate_id": f"{export.id}:{updated}",
        "type": export.kind,
        "failed": False,
        "description": export.description,
        "downloads": export.downloads,
        "total": export.rows if done else 0,
        "created_at": export.created,
        "updated_at": updated,
        "status": "done" if done else "pending",
    }
