"""What becomes of a message after it is sent: chances that can be set, drawn the same way for the same seed.

Nothing is drawn from the clock or the machine: the n-th delivery of a world meets the same fate in every run.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ciokit.emulator.messaging import Happened, Medium
from ciokit.errors import ValidationError

# Which events a channel reports (reporting webhooks spec, the schemas by channel).
_REACTIONS: Mapping[Medium, frozenset[str]] = {
    "email": frozenset({"delivered", "bounced", "opened", "clicked", "converted", "unsubscribed", "spammed"}),
    "push": frozenset({"delivered", "bounced", "opened", "clicked", "converted"}),
    "twilio": frozenset({"delivered", "bounced", "clicked", "converted"}),
    "whatsapp": frozenset({"delivered", "bounced", "opened", "clicked", "converted"}),
    "in_app": frozenset({"opened", "clicked", "converted"}),
    "inbox": frozenset({"opened", "clicked", "converted"}),
    "live_notification": frozenset({"delivered"}),
    "slack": frozenset({"clicked"}),
    "webhook": frozenset(),
}

_MOST = 3


@dataclass(frozen=True, slots=True)
class Life:
    """Chances from 0 to 1, and times in seconds. Each chance is of those that came as far as the step before.

    - `seed`: another one draws another life for everybody.
    - `failed`: of what is to be sent; `bounced`: of what was sent, the rest is delivered.
    - `spammed`, `opened`: of what was delivered; `clicked`, `unsubscribed`: of what was opened, or was delivered where
      a channel knows no opening. Without a link in it nothing is clicked, and what is not tracked is neither opened nor
      clicked.
    - `converted`: of what was clicked.
    - `repeated`: of what was opened or clicked, happens once more, and of that again; never more than twice.
    - `prefetched`, `scanned`: of e-mail that was delivered, opened or clicked by a machine at once.
    - `delivery_seconds`: from sent to delivered or bounced; `reaction_seconds`: on average, from there to each further
      step, at most twice as long.

    By default nothing goes wrong and nobody unsubscribes.
    """

    seed: int = 0
    failed: float = 0.0
    bounced: float = 0.0
    spammed: float = 0.0
    opened: float = 0.5
    clicked: float = 0.25
    converted: float = 0.25
    unsubscribed: float = 0.0
    repeated: float = 0.0
    prefetched: float = 0.0
    scanned: float = 0.0
    delivery_seconds: float = 1.0
    reaction_seconds: float = 600.0

    def changed(self, changes: Mapping[str, Any]) -> Life:
        """Return a copy with some of it set; `ValidationError` names what is wrong and what it can be."""
        names = [each.name for each in fields(self)]
        for name, value in changes.items():
            if name not in names:
                raise ValidationError(f"is not part of a life; there are {', '.join(names)}", field=name)
            if name == "seed":
                if not isinstance(value, int) or isinstance(value, bool):
                    raise ValidationError("must be a whole number", field=name)
                continue
            most = 1e9 if name.endswith("_seconds") else 1.0
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= most:
                raise ValidationError(f"must be a number from 0 to {most:g}", field=name)
        return replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it by name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


STILL_LIFE = Life()


def fails(life: Life, number: int) -> bool:
    """Whether the delivery of a number is among those that cannot be sent."""
    return life.failed > 0 and _dice(life, number, "failed").random() < life.failed


def fate(life: Life, number: int, channel: Medium, *, tracked: bool, links: bool) -> list[tuple[float, Happened]]:
    """Return what happens to a delivery after it is sent, in order, each with the seconds since then."""
    dice = _dice(life, number, "sent")
    can = _REACTIONS[channel]
    chances = {name: dice.random() for name in ("bounced", "spammed", "opened", "clicked", "unsubscribed", "converted")}
    waits = {name: 2 * dice.random() * life.reaction_seconds for name in chances}

    def happens(name: str) -> bool:
        return name in can and chances[name] < getattr(life, name)

    after = life.delivery_seconds
    if happens("bounced"):
        return [(after, "bounced")]
    found: list[tuple[float, Happened]] = [(after, "delivered")] if "delivered" in can else []
    if happens("spammed"):
        found.append((after + waits["spammed"], "spammed"))
    opens = "opened" in can
    if opens and not (tracked and happens("opened")):
        return sorted(found, key=lambda each: each[0])
    if opens:
        after += waits["opened"]
        found += _often(life, number, "opened", after)
    if happens("unsubscribed"):
        found.append((after + waits["unsubscribed"], "unsubscribed"))
    if tracked and links and happens("clicked"):
        after += waits["clicked"]
        found += _often(life, number, "clicked", after)
        if happens("converted"):
            found.append((after + waits["converted"], "converted"))
    return sorted(found, key=lambda each: each[0])


def machines(life: Life, number: int, channel: Medium, *, tracked: bool, links: bool) -> list[tuple[float, Happened]]:
    """Return what machines do with a delivery that was sent, each with the seconds since then."""
    if channel != "email" or not tracked or not (life.prefetched or life.scanned):
        return []
    if fate(life, number, channel, tracked=tracked, links=links)[0][1] != "delivered":
        return []
    dice = _dice(life, number, "machines")
    opens, clicks = dice.random() < life.prefetched, dice.random() < life.scanned
    found: list[tuple[float, Happened]] = [(life.delivery_seconds, "opened")] if opens else []
    return [*found, (life.delivery_seconds, "clicked")] if clicks and links else found


def clicked_link(life: Life, number: int, links: list[str]) -> str:
    """Return which of its links is clicked in a delivery."""
    return _dice(life, number, "clicked").choice(links)


def _often(life: Life, number: int, what: Happened, after: float) -> list[tuple[float, Happened]]:
    """Return how often something happens, which it first does after so many seconds."""
    found: list[tuple[float, Happened]] = [(after, what)]
    dice = _dice(life, number, f"repeated {what}") if life.repeated else None
    while dice is not None and len(found) < _MOST and dice.random() < life.repeated:
        after += 2 * dice.random() * life.reaction_seconds
        found.append((after, what))
    return found


def _dice(life: Life, number: int, what: str) -> random.Random:
    return random.Random(f"{life.seed}/{number}/{what}")  # noqa: S311 - a life is no secret
