"""Reports about deliveries, and unsubscribing from one; none of the three asks for a key (Track spec, `security`).

What a report changes, and when it changes nothing, is in `ciokit.emulator.changes.reports`.
"""

from __future__ import annotations

import re

from ciokit.emulator import deliveries
from ciokit.emulator.changes import reports
from ciokit.emulator.ledger import Problem, Taken
from ciokit.emulator.messaging import Happened
from ciokit.emulator.routing import ApiFault, Manner, on
from ciokit.emulator.world import World
from ciokit.track_api.arguments import UnixTime
from ciokit.track_api.deliveries import Deliveries, Metric, PushMetric

_OPEN = Manner(open=True)
_ID = re.compile(r"[\w=-]{1,200}", re.ASCII)


@on(Deliveries.report, _OPEN)
def report(
    world: World,
    delivery_id: str,
    metric: Metric,
    *,
    timestamp: UnixTime | None = None,
    recipient: str | int | None = None,
    reason: str | None = None,
    href: str | None = None,
) -> None:
    """Let something happen to a delivery; whom it went to is known already."""
    del recipient
    _take(world, delivery_id, metric, timestamp, reason=reason, href=href)


@on(Deliveries.report_push, _OPEN)
def report_push(
    world: World,
    *,
    delivery_id: str | None = None,
    event: PushMetric | None = None,
    device_id: str | None = None,
    timestamp: UnixTime | None = None,
) -> None:
    """Let something happen to a push; no field is required (Track spec), and without the first two nothing does."""
    del device_id
    if delivery_id is None or event is None:
        nothing = Problem("delivery_id", "and `event` are needed to change a delivery")
        world.taken.append(Taken("delivery.report", lambda: nothing))
    else:
        _take(world, delivery_id, event, timestamp)


@on(Deliveries.unsubscribe, _OPEN)
def unsubscribe(world: World, delivery_id: str, *, unsubscribe: bool = True) -> None:
    """Unsubscribe whoever got a delivery; an id of the wrong form is a 400, an unknown one changes nothing."""
    if not _ID.fullmatch(delivery_id):
        raise ApiFault(400, "delivery_id: is not of the form of one")

    def happen() -> Problem | None:
        delivery = world.messaging.by_id.get(delivery_id)
        if delivery is None or delivery.person is None:
            return Problem("delivery_id", "names no delivery to a person of this workspace")
        if unsubscribe:
            deliveries.happen(world, delivery, "unsubscribed", world.now)
        return None

    world.taken.append(Taken("delivery.unsubscribe", happen))


def _take(
    world: World,
    delivery_id: str,
    what: Happened,
    timestamp: UnixTime | None,
    *,
    reason: str | None = None,
    href: str | None = None,
) -> None:
    arrived = world.now

    def happen() -> Problem | None:
        delivery = world.messaging.by_id.get(delivery_id)
        if delivery is not None and what not in reports.METRICS[delivery.channel]:
            return Problem("metric", f"is none that can be reported of {delivery.channel}")
        if timestamp is not None and (not isinstance(timestamp, int) or isinstance(timestamp, bool) or timestamp < 0):
            return Problem("timestamp", "is not in whole Unix seconds")
        at = arrived if timestamp is None else timestamp
        return reports.report(world, delivery_id, what, at=at, reason=reason or "", href=href or "")

    world.taken.append(Taken("delivery.report", happen))
