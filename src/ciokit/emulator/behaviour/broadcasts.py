"""API-triggered broadcasts: triggers, steps, deliveries and metrics.

Known: one trigger in 10 seconds, a 429 otherwise, and five waiting at most (App spec, `triggerBroadcast`); people who
are not there are errors of the run unless the trigger says to leave them out.

[inferred]: a trigger is worked off after the switch `processing_seconds`, at that time's audience; who is an error gets
nothing, and the others get theirs; a sixth waiting trigger is a 429; triggers are numbered for each broadcast.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from ciokit.app_api.actions import ActionUpdate
from ciokit.app_api.broadcasts import (
    Broadcast,
    BroadcastAction,
    BroadcastActionAnswer,
    BroadcastActions,
    BroadcastAnswer,
    BroadcastList,
    Broadcasts,
    BroadcastStep,
    PersonData,
    Trigger,
    Triggered,
    Triggers,
)
from ciokit.app_api.messages import Channel, Delivery, DeliveryMetric, DeliveryState
from ciokit.app_api.metrics import ActionMetricAnswer, LinksAnswer, MetricAnswer, Period
from ciokit.app_api.types import AudienceFilter
from ciokit.core.endpoint import Page
from ciokit.emulator.behaviour import mailings, paging
from ciokit.emulator.behaviour.broadcasting import work_off
from ciokit.emulator.behaviour.filters import people_filter
from ciokit.emulator.messaging import Content, Run, Source
from ciokit.emulator.routing import ApiFault, Manner, PageBeside, on
from ciokit.emulator.sizes import compact
from ciokit.emulator.world import World
from ciokit.settings import Limits

_PACE_SECONDS = 10
_MOST_WAITING = 5
_LINE_BYTES = 2_000_000
_FROM_FILE = Manner(source=lambda arguments: arguments.get("data_file_url"))


@on(Broadcasts.trigger, _FROM_FILE)
def trigger(
    world: World,
    broadcast_id: int,
    *,
    data: dict[str, Any] | None = None,
    recipients: AudienceFilter | None = None,
    ids: list[str] | None = None,
    emails: list[str] | None = None,
    per_user_data: list[PersonData] | None = None,
    data_file_url: str | None = None,
    email_add_duplicates: bool = False,
    email_ignore_missing: bool = False,
    id_ignore_missing: bool = False,
) -> Triggered:
    """Take a trigger, to be worked off a little later; no two people of the emulator have one address."""
    del email_add_duplicates
    source = _known(world, broadcast_id)
    _keep_pace(world, source)
    given = {
        "recipients": recipients,
        "ids": ids,
        "emails": emails,
        "per_user_data": per_user_data,
        "data_file_url": data_file_url,
    }
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise ApiFault(422, f"{names[1]}: cannot be given together with {names[0]}", pointer=f"/{names[1]}")
    limits = Limits()
    if world.size > limits.trigger_bytes:
        raise ApiFault(422, f"the request is over {limits.trigger_bytes:,} B", pointer="/")
    if data and len(compact(data) or b"") > limits.trigger_data_bytes:
        raise ApiFault(422, f"data: is over {limits.trigger_data_bytes:,} B", pointer="/data")
    lines = _lines(world, given)
    audience = recipients or (source.audience if lines is None else None)
    if audience is not None:
        people_filter(world, audience)  # what is wrong with it is told now
    missing = {"id": id_ignore_missing, "email": email_ignore_missing}
    run = Run(
        len(source.runs) + 1,
        world.now,
        world.now + world.switches.processing_seconds,
        data or {},
        lines,
        audience,
        frozenset(kind for kind, skip in missing.items() if skip),
    )
    source.runs.append(run)
    world.messaging.last_trigger[source.id] = world.now
    source.settings.setdefault("first_started", world.now)
    world.messaging.later(run.due, partial(work_off, world, source, run))
    return {"id": run.id}


@on(Broadcasts.triggers)
def triggers(world: World, broadcast_id: int) -> Triggers:
    """Answer with all runs."""
    source = _known(world, broadcast_id)
    return {"triggers": [_run(source, run) for run in source.runs]}


@on(Broadcasts.get_trigger)
def get_trigger(world: World, broadcast_id: int, trigger_id: int) -> Trigger:
    """Answer with one run."""
    source = _known(world, broadcast_id)
    return _run(source, _known_run(source, trigger_id))


@on(Broadcasts.trigger_errors)
def trigger_errors(
    world: World, broadcast_id: int, trigger_id: int, *, start: str | None = None, limit: int | None = None
) -> Page[str]:
    """Answer with what was wrong with the recipients of a run; the mark of this list alone is a number."""
    page = paging.cut(_known_run(_known(world, broadcast_id), trigger_id).errors, start, limit or 0, str)
    return PageBeside(page.rows, page.next, beside={"next": int(page.next or 0)})


@on(Broadcasts.find)
def find(world: World) -> BroadcastList:
    """Answer with all broadcasts."""
    return {"broadcasts": [_shown(source) for source in world.messaging.of_kind("broadcast")]}


@on(Broadcasts.get)
def get(world: World, broadcast_id: int) -> BroadcastAnswer:
    """Answer with one broadcast."""
    return {"broadcast": _shown(_known(world, broadcast_id))}


@on(Broadcasts.actions)
def actions(world: World, broadcast_id: int) -> BroadcastActions:
    """Answer with the steps of a broadcast, translations included."""
    source = _known(world, broadcast_id)
    return {"actions": [_action(source, content) for content in source.contents]}


@on(Broadcasts.get_action)
def get_action(world: World, broadcast_id: int, action_id: int) -> BroadcastActionAnswer:
    """Answer with one step; one that is not there is a 400 (App spec)."""
    source = _known(world, broadcast_id)
    return {"action": _action(source, mailings.known_content(source, action_id, 400))}


@on(Broadcasts.update_action)
def update_action(world: World, broadcast_id: int, action_id: int, content: ActionUpdate) -> BroadcastActionAnswer:
    """Change one step."""
    source = _known(world, broadcast_id)
    found = mailings.known_content(source, action_id, 400)
    mailings.change_step(world, source, found, content)
    return {"action": _action(source, found)}


@on(Broadcasts.get_action_language)
def get_action_language(world: World, broadcast_id: int, action_id: int, language: str) -> BroadcastActionAnswer:
    """Answer with one translation of a step."""
    source = _known(world, broadcast_id)
    return {"action": _action(source, mailings.known_language(source, action_id, language))}


@on(Broadcasts.update_action_language)
def update_action_language(
    world: World, broadcast_id: int, action_id: int, language: str, content: ActionUpdate
) -> BroadcastActionAnswer:
    """Change one translation of a step."""
    source = _known(world, broadcast_id)
    found = mailings.known_language(source, action_id, language)
    mailings.change_step(world, source, found, content)
    return {"action": _action(source, found)}


@on(Broadcasts.messages)
def messages(
    world: World,
    broadcast_id: int,
    *,
    type: Channel | None = None,
    metric: DeliveryMetric | None = None,
    state: DeliveryState | None = None,
    start_ts: int | None = None,
    end_ts: int | None = None,
    get_tracked_responses: bool = False,
    start: str | None = None,
    limit: int | None = None,
) -> Page[Delivery]:
    """Answer with what was sent: without a range, in the month after the first trigger (App spec)."""
    del get_tracked_responses
    source = _known(world, broadcast_id)
    test = mailings.matching(source, channel=type, metric=metric, state=state)
    began: int = source.settings.get("first_started", 0)
    if start_ts is None and end_ts is None:
        return mailings.shown(mailings.page(world, test, start, limit, began, began + mailings.MONTH))
    first = mailings.within(world, start_ts, end_ts, mailings.TWELVE_MONTHS, mailings.TWELVE_MONTHS)
    return mailings.shown(mailings.page(world, test, start, limit, first, end_ts))


@on(Broadcasts.metrics)
def metrics(
    world: World,
    broadcast_id: int,
    *,
    period: Period = "days",
    steps: int | None = None,
    type: Channel | None = None,
) -> MetricAnswer:
    """Answer with counts over time."""
    return {"metric": {"series": mailings.counted(world, _known(world, broadcast_id), period, steps, channel=type)}}


@on(Broadcasts.links)
def links(
    world: World, broadcast_id: int, *, period: Period = "days", steps: int | None = None, unique: bool = False
) -> LinksAnswer:
    """Answer with the clicks on each link."""
    return mailings.clicked(world, _known(world, broadcast_id), period, steps, unique=unique)


@on(Broadcasts.action_metrics)
def action_metrics(
    world: World,
    broadcast_id: int,
    action_id: int,
    *,
    period: Period = "days",
    steps: int | None = None,
    type: Channel | None = None,
) -> ActionMetricAnswer:
    """Answer with counts over time of one step, its translations included."""
    source = _known(world, broadcast_id)
    mailings.known_content(source, action_id)
    series = mailings.counted(world, source, period, steps, channel=type, content_id=action_id)
    return {"metric": {"series": series}}


@on(Broadcasts.action_links)
def action_links(
    world: World,
    broadcast_id: int,
    action_id: int,
    *,
    period: Period = "days",
    steps: int | None = None,
    type: Channel | None = None,
) -> LinksAnswer:
    """Answer with the clicks on each link of one step."""
    source = _known(world, broadcast_id)
    mailings.known_content(source, action_id)
    return mailings.clicked(world, source, period, steps, channel=type, content_id=action_id)


def _known(world: World, number: int) -> Source:
    return mailings.known_source(world, "broadcast", number)


def _known_run(source: Source, number: int) -> Run:
    if not 1 <= number <= len(source.runs):
        raise ApiFault(404, "this broadcast has no such trigger")
    return source.runs[number - 1]


def _keep_pace(world: World, source: Source) -> None:
    last = world.messaging.last_trigger
    whole = world.switches.trigger_scope == "workspace"
    before = max(last.values(), default=None) if whole else last.get(source.id)
    if before is not None and world.now - before < _PACE_SECONDS:
        wait = _PACE_SECONDS - (world.now - before)
        raise ApiFault(429, "broadcasts can be triggered once in 10 seconds", {"retry-after": str(wait)})
    waiting = [run for run in source.runs if run.processed is None]
    if len(waiting) >= _MOST_WAITING:
        wait = max(1, int(waiting[0].due - world.now))
        raise ApiFault(429, f"{_MOST_WAITING} triggers are waiting already", {"retry-after": str(wait)})


def _lines(world: World, given: Mapping[str, Any]) -> list[tuple[str, str, dict[str, Any]]] | None:
    """Return whom a trigger names, with data of their own; None where a filter chooses."""
    for name, kind in (("ids", "id"), ("emails", "email")):
        if given[name] is not None:
            _few_enough(name, given[name])
            return [(kind, each, {}) for each in given[name]]
    people: Sequence[Any] | None = given["per_user_data"]
    if people is not None:
        _few_enough("per_user_data", people)
    if given["data_file_url"] is not None:
        if world.fetched is None:
            raise ApiFault(422, "data_file_url: nothing can be read there", pointer="/data_file_url")
        people = [_decoded(place, line) for place, line in enumerate(world.fetched.splitlines()) if line.strip()]
    return None if people is None else [_line(place, each) for place, each in enumerate(people)]


def _line(place: int, person: Any) -> tuple[str, str, dict[str, Any]]:
    whole = cast("Mapping[str, Any]", person if isinstance(person, dict) else {})
    named = [(kind, whole[kind]) for kind in ("id", "email") if isinstance(whole.get(kind), str)]
    data: Any = whole.get("data") or {}
    if len(named) != 1 or not isinstance(data, dict):
        raise ApiFault(422, f"line {place + 1}: must have exactly one of id and email, and data", pointer=f"/{place}")
    return (*named[0], cast("dict[str, Any]", data))


def _decoded(place: int, line: bytes) -> Any:
    if len(line) > _LINE_BYTES:
        raise ApiFault(422, f"line {place + 1}: is over {_LINE_BYTES:,} B", pointer=f"/{place}")
    try:
        return json.loads(line)
    except ValueError:
        return None


def _few_enough(name: str, given: Sequence[Any]) -> None:
    most = Limits().trigger_recipients
    if not 1 <= len(given) <= most:
        raise ApiFault(422, f"{name}: must be 1 to {most:,}, and are {len(given):,}", pointer=f"/{name}")


def _run(source: Source, run: Run) -> Trigger:
    shown: Trigger = {"id": run.id, "broadcast_id": source.id, "created_at": run.created}
    if run.processed is not None:
        shown["processed_at"] = run.processed
    return shown


def _shown(source: Source) -> Broadcast:
    kinds = {"twilio": "sms"}
    steps = [cast("BroadcastStep", {"id": step.id, "type": kinds.get(step.type, step.type)}) for step in source.steps()]
    row = {
        **source.settings,
        "id": source.id,
        "deduplicate_id": f"{source.id}:{source.updated}",
        "name": source.name,
        "type": "triggered_broadcast",
        "created": source.created,
        "updated": source.updated,
        "actions": steps,
        "msg_template_ids": steps,
    }
    return cast("Broadcast", row)


def _action(source: Source, content: Content) -> BroadcastAction:
    return cast("BroadcastAction", {**mailings.action(content), "broadcast_id": source.id})
