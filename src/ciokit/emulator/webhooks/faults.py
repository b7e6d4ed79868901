"""Trouble on demand: what a sender at its worst does to a receiver, by rules.

Nothing is lost by a rule: every event still arrives as it is, at least once. What is made up besides has ids and bodies
of its own, or a wrong signature.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, NotRequired, TypedDict, get_args

import orjson

from ciokit.emulator.shapes import misfit
from ciokit.emulator.webhooks.lines import Line, Parcel
from ciokit.errors import ValidationError

Trouble = Literal[
    "duplicate",
    "reorder",
    "stale_timestamp",
    "forged_signature",
    "unknown_metric",
    "unknown_object_type",
    "unknown_field",
    "malformed_body",
]


class RuleFields(TypedDict):
    """A rule; only `trouble` is needed.

    - `duplicate` sends an event once more; `reorder` lets the next one pass it.
    - `stale_timestamp` signs its first try with a time that lies `seconds` (an hour) back.
    - `forged_signature` sends something like it before it, signed with another key; the answer makes no difference.
    - `unknown_metric`, `unknown_object_type`, `malformed_body` send something like it before it, well signed, with an
      id of its own. A receiver that refuses it gets it again, and holds up what follows.
    - `unknown_field` adds fields to the event itself.
    - Which events: those of `webhook` (a number) named like `event` (a glob, such as `email_*`), each n-th (`every`),
      with a `probability` drawn from `seed`, at most `times`.
    """

    trouble: Trouble
    webhook: NotRequired[int | None]
    event: NotRequired[str]
    every: NotRequired[int]
    times: NotRequired[int | None]
    probability: NotRequired[float]
    seed: NotRequired[int]
    seconds: NotRequired[float]


@dataclass(slots=True)
class Rule:
    """A rule in force; `matched` and `fired` count the events it looked at and those it struck."""

    given: RuleFields
    id: int
    matched: int = 0
    fired: int = 0
    _draw: random.Random = field(default_factory=random.Random)

    def strikes(self, webhook_id: int, name: str) -> bool:
        """Count an event, and tell whether it is one that is troubled."""
        given = self.given
        if given.get("webhook") not in (None, webhook_id) or not fnmatchcase(name, given.get("event", "*")):
            return False
        self.matched += 1
        times = given.get("times")
        if self.matched % given.get("every", 1) or (times is not None and self.fired >= times):
            return False
        probability = given.get("probability", 1.0)
        strikes = probability >= 1 or self._draw.random() < probability
        self.fired += strikes
        return strikes

    def as_dict(self) -> dict[str, Any]:
        """Return the rule as the control API shows it."""
        return {**self.given, "id": self.id, "matched": self.matched, "fired": self.fired}


class Rules:
    """The rules in force, in the order they were added; each is heeded."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self._last = 0

    def add(self, given: RuleFields) -> Rule:
        """Put a rule in force; `ValidationError` names a wrong field."""
        for name in given:
            if name not in RuleFields.__annotations__:
                known = ", ".join(RuleFields.__annotations__)
                raise ValidationError(f"is no field of a rule; the fields are {known}", field=name)
        if "trouble" not in given:
            raise ValidationError(f"is needed: one of {', '.join(get_args(Trouble))}", field="trouble")
        field, _, reason = misfit(given, RuleFields, "rule").partition(": ")
        if reason:
            raise ValidationError(reason, field=field.removeprefix("rule."))
        for name, least, most in _RANGES:
            value = given.get(name)
            if isinstance(value, int | float) and not least <= value <= most:
                raise ValidationError(f"must be from {least:g} to {most:g}", field=name)
        self._last += 1
        draw = random.Random(given.get("seed", 0))  # noqa: S311 - repeatable trouble, no secrets
        rule = Rule(given, self._last, _draw=draw)
        self.rules.append(rule)
        return rule

    def remove(self, id: int | None = None) -> int:
        """Take one rule, or all, out of force; return how many there were."""
        kept = [rule for rule in self.rules if id is not None and rule.id != id]
        removed = len(self.rules) - len(kept)
        self.rules = kept
        return removed

    def trouble(self, line: Line, parcel: Parcel, webhook_id: int, name: str) -> Parcel:
        """Let the rules act on an event that is taken for the first time; return what is sent first."""
        parcel.looked_at = True
        first = parcel
        for rule in self.rules:
            if rule.strikes(webhook_id, name):
                first = _strike(rule.given, line, parcel, first)
        return first


def twisted(twist: str, body: dict[str, Any]) -> bytes:
    """Return the bytes of a body as a rule has them."""
    if twist == "unknown_field":
        body["emulated"] = {"by": "a rule"}
        body["data"]["emulated_field"] = [1, "two", None]
    elif twist == "unknown_metric":
        body["metric"] = "levitated"
    elif twist == "unknown_object_type":
        body["object_type"] = "carrier_pigeon"
    wire = orjson.dumps(body)
    return wire[: len(wire) * 2 // 3] if twist == "malformed_body" else wire


def made_up(twist: str) -> int:
    """Return a number that keeps the ids of made-up events apart from the others, which have 0."""
    return _MADE_UP.index(twist) + 1 if twist in _MADE_UP else 0


_MADE_UP: Final = ("forged_signature", "unknown_metric", "unknown_object_type", "malformed_body")


def _strike(given: RuleFields, line: Line, parcel: Parcel, first: Parcel) -> Parcel:
    """Do to an event what a rule says; `first` was to be sent first, what is returned is."""
    trouble = given["trouble"]
    if trouble == "stale_timestamp":
        parcel.age = given.get("seconds", 3_600.0)
    elif trouble == "unknown_field":
        parcel.twist = trouble
    elif trouble == "duplicate":
        line.put_back(Parcel(parcel.place, parcel.twist, extra=True))
    elif trouble == "reorder":
        other = line.behind()
        if other is not None:
            line.put_back(first)
            return other
    else:
        line.put_back(first)
        return Parcel(parcel.place, trouble, extra=True, forged=trouble == "forged_signature")
    return first


_RANGES: Final = (
    ("every", 1, 10**9),
    ("times", 0, 10**9),
    ("probability", 0, 1),
    ("seed", 0, 2**63),
    ("seconds", 0, 10 * 365 * 86_400),
)
