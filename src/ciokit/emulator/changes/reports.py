"""What others report of deliveries: metrics that change the delivery they name, at the time they say it was.

Known: which metrics a channel has (Track spec, `metrics`); that such a request is answered 200 whatever it names.

[inferred]: a report of an unknown delivery, of one that was never sent, or of a metric its channel does not have
changes nothing, and the ledger says why; a reason counts of what went wrong alone; a time before the message was sent,
or ahead of now, counts as that moment; channels the spec does not name are as the one most like them.
"""

from __future__ import annotations

from collections.abc import Mapping

from ciokit.emulator import deliveries
from ciokit.emulator.changes.common import Item, when
from ciokit.emulator.ledger import Problem
from ciokit.emulator.messaging import Happened, Medium
from ciokit.emulator.world import World

_ALL: frozenset[Happened] = frozenset(
    {"bounced", "clicked", "converted", "deferred", "delivered", "dropped", "opened", "spammed"}
)
_SHOWN: frozenset[Happened] = frozenset({"clicked", "converted", "opened"})
_PUSHED: frozenset[Happened] = frozenset({"converted", "delivered", "opened"})
_TEXTED: frozenset[Happened] = frozenset({"bounced", "clicked", "delivered", "opened"})
_FAILURES: frozenset[Happened] = frozenset({"bounced", "deferred", "dropped", "spammed"})
METRICS: Mapping[Medium, frozenset[Happened]] = {
    "email": _ALL,
    "webhook": _ALL,
    "in_app": _SHOWN,
    "inbox": _SHOWN,
    "push": _PUSHED,
    "live_notification": _PUSHED,
    "slack": _PUSHED | _SHOWN,
    "twilio": _TEXTED,
    "whatsapp": _TEXTED,
}
"""What can be reported of each channel with the Track API."""


def report(
    world: World, delivery_id: str, what: Happened, *, at: int, reason: str = "", href: str = ""
) -> Problem | None:
    """Let something happen to a delivery, at a time in unix seconds; return why it has no effect if it has none."""
    delivery = world.messaging.by_id.get(delivery_id)
    if delivery is None:
        return Problem("delivery_id", "names no delivery of this workspace")
    sent = delivery.metrics.get("sent")
    if sent is None:
        return Problem("delivery_id", "names a delivery that was not sent")
    moment = max(sent, min(at, world.now))
    failure = reason if what in _FAILURES else ""
    deliveries.happen(world, delivery, what, moment, failure=failure, href=href if what == "clicked" else "")
    return None


def of_message(world: World, item: Item) -> Problem | None:
    """Take the `Report Delivery Event` of Data Pipelines, which names no channel: all of them take its metrics."""
    properties = item.message["properties"]
    given = {name: properties.get(name) for name in ("deliveryId", "metric", "reason", "href")}
    wrong = next((name for name, value in given.items() if value is not None and not isinstance(value, str)), None)
    if wrong is not None:
        return Problem(f"properties.{wrong}", "must be text")
    if not given["deliveryId"] or not given["metric"]:
        return Problem("properties", "need `deliveryId` and `metric` to change a delivery")
    at = when(world, item.message)
    problem = report(
        world, given["deliveryId"], given["metric"], at=at, reason=given["reason"] or "", href=given["href"] or ""
    )
    return problem and Problem("properties.deliveryId", problem.reason)
