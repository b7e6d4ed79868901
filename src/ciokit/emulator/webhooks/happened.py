"""What there is to tell the outside world, in the order it happened: deliveries' events and changed preferences.

All of it follows from what the emulator was asked and when, so a replay of its journal tells the same again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import orjson

from ciokit.app_api.reporting_webhooks import WebhookEvent
from ciokit.emulator.messaging import DeliveryEvent, Medium
from ciokit.emulator.webhooks.lines import Line

if TYPE_CHECKING:
    from ciokit.emulator.world import Person, World

PreferenceMetric = Literal["subscribed", "unsubscribed", "cio_subscription_preferences_changed"]

OBJECT_TYPES: Mapping[Medium, str] = {
    "email": "email",
    "webhook": "webhook",
    "twilio": "sms",
    "whatsapp": "whatsapp",
    "slack": "slack",
    "push": "push",
    "in_app": "in_app",
}
"""What events call a channel; of the others nothing is reported (reporting webhooks spec, the object types)."""

_SUBSCRIBABLE: frozenset[str] = frozenset(get_args(WebhookEvent))
_PREFERENCES = "cio_subscription_preferences"
_FIRST_ONLY = frozenset({"opened", "clicked"})


@dataclass(frozen=True, slots=True)
class PreferenceChange:
    """A person was subscribed, unsubscribed or chose topics, at a `time` in unix seconds.

    `channel` is the object type of the message they did it in, else `customer`; `content` is JSON, what they chose.
    """

    metric: PreferenceMetric
    time: int
    channel: str
    cio_id: str
    customer_id: str | None
    email: str | None
    content: str = ""


Happening: TypeAlias = DeliveryEvent | PreferenceChange


def name_of(event: Happening) -> str:
    """Return the name an event is subscribed to by, "" for one that nobody can subscribe to."""
    if isinstance(event, PreferenceChange):
        return f"customer_{event.metric.removeprefix('cio_')}"
    name = f"{OBJECT_TYPES.get(event.channel)}_{event.type}"
    return name if name in _SUBSCRIBABLE else ""


def is_unsubscribed(value: object) -> bool:
    """Whether a value of the attribute `unsubscribed` means it: "true" in any casing, 1 and "1" (Pipelines spec)."""
    return str(value).strip().lower() in ("true", "1")


@dataclass(slots=True)
class Outgoing:
    """Everything that `happened`, and a line for each webhook, by its number.

    `generation` counts how often the world was emptied: it keeps the ids of events apart, which count from 0 again.
    """

    generation: int = 0
    happened: list[Happening] = field(default_factory=list["Happening"])
    lines: dict[int, Line] = field(default_factory=dict[int, Line])
    _taken: int = 0
    _seen: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def tell(self, event: Happening) -> None:
        """Note what happened."""
        self.happened.append(event)

    def preferences(self, world: World, person: Person, changed: Mapping[str, Any]) -> None:
        """Note what the change of attributes, `{name: {"from": ..., "to": ...}}`, says about subscriptions."""
        if "unsubscribed" in changed:
            before, after = (is_unsubscribed(changed["unsubscribed"][side]) for side in ("from", "to"))
            if before != after:
                self._prefer(world, person, "unsubscribed" if after else "subscribed")
        if _PREFERENCES in changed:
            self._prefer(world, person, "cio_subscription_preferences_changed", changed[_PREFERENCES]["to"])

    def _prefer(self, world: World, person: Person, metric: PreferenceMetric, content: object = "") -> None:
        last = self.happened[-1] if self.happened else None
        channel = "customer"
        if isinstance(last, DeliveryEvent) and last.type == metric and last.cio_id == person.cio_id:
            channel = OBJECT_TYPES.get(last.channel, channel)
        text = orjson.dumps(content).decode() if content != "" else ""
        self.tell(PreferenceChange(metric, world.now, channel, person.cio_id, person.id, person.email, text))

    def distribute(self, world: World) -> None:
        """Put what happened since the last time into the lines of the webhooks that want it, as they are set up now."""
        wanted = [(each, self.line(number)) for number, each in world.held.webhooks.items() if not each.get("disabled")]
        names = [(set[str](each["events"]), each.get("full_resolution") is True, line) for each, line in wanted]
        for place in range(self._taken, len(self.happened)):
            event = self.happened[place]
            name = name_of(event)
            first = self._is_first(event)
            for events, every, line in names:
                if name in events and (first or every):
                    line.add(place)
        self._taken = len(self.happened)
        for line in self.lines.values():
            line.end = self._taken

    def line(self, webhook_id: int) -> Line:
        """Return the line of a webhook, made if need be."""
        found = self.lines.get(webhook_id)
        if found is None:
            found = self.lines[webhook_id] = Line(end=self._taken)
        return found

    def _is_first(self, event: Happening) -> bool:
        """Whether a delivery was not opened or clicked before; everything else counts each time."""
        if isinstance(event, PreferenceChange) or event.type not in _FIRST_ONLY:
            return True
        key = (event.delivery_id, event.type)
        first = key not in self._seen
        self._seen.add(key)
        return first
