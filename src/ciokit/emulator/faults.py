"""Failures on demand: rules that make some requests fail, before or after the world took them in."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from typing import Any, Literal

from ciokit.errors import ValidationError

Commit = Literal["before", "after"]
_COMMITS = ("before", "after")


@dataclass
class Fault:
    """Fail requests to `route` (a glob over method and path, such as `POST /v1/*`).

    - What happens: `status` answers with an error (with `retry_after` in seconds as its `Retry-After`); `reset` breaks
      the connection; `delay` waits seconds first, and may stand alone: the request is then answered, but late.
    - `when` says whether a `status` comes `before` the world takes the request in or `after`; `reset` says it itself.
    - Which requests: every n-th (`every`), each with a `probability` drawn from `seed`, at most `times` of them.

    `matched` and `fired` count the requests this rule looked at and those it failed.
    """

    route: str = "*"
    status: int | None = None
    retry_after: float | None = None
    reset: Literal["", "before", "after"] = ""
    delay: float = 0.0
    when: Commit = "before"
    every: int = 1
    times: int | None = None
    probability: float = 1.0
    seed: int = 0
    id: int = 0
    matched: int = 0
    fired: int = 0
    _draw: random.Random = field(default_factory=random.Random, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what cannot work, naming the field and the values it can have."""
        _check(self)
        self._draw = random.Random(self.seed)  # noqa: S311 - repeatable failures, no secrets

    @property
    def commits(self) -> bool:
        """Whether the world takes in a request that this rule fails."""
        if self.reset:
            return self.reset == "after"
        return self.when == "after" or self.status is None

    def strikes(self, label: str, path: str) -> bool:
        """Count a request, and tell whether it is one that fails."""
        if not (fnmatchcase(label, self.route) or fnmatchcase(path, self.route)):
            return False
        self.matched += 1
        if self.matched % self.every or (self.times is not None and self.fired >= self.times):
            return False
        return self.probability >= 1 or self._draw.random() < self.probability

    def as_dict(self) -> dict[str, Any]:
        """Return the rule as the control API shows it."""
        return {name: getattr(self, name) for name in _NAMES}


_NAMES = tuple(item.name for item in fields(Fault) if not item.name.startswith("_"))
_GIVEN = tuple(name for name in _NAMES if name not in ("id", "matched", "fired"))


class Faults:
    """The rules in force, in the order they were added; the first that strikes decides."""

    def __init__(self) -> None:
        self.rules: list[Fault] = []
        self._last = 0

    def add(self, fault: Fault) -> Fault:
        """Put a rule in force and give it an id."""
        self._last += 1
        fault.id = self._last
        self.rules.append(fault)
        return fault

    def remove(self, id: int | None = None) -> int:
        """Take one rule, or all, out of force; return how many there were."""
        kept = [rule for rule in self.rules if id is not None and rule.id != id]
        removed = len(self.rules) - len(kept)
        self.rules = kept
        return removed

    def decide(self, label: str, path: str) -> Fault | None:
        """Return the rule that fails this request; every rule counts it, also behind one that strikes."""
        struck = [rule for rule in self.rules if rule.strikes(label, path)]
        if not struck:
            return None
        struck[0].fired += 1
        return struck[0]


def fault_from(given: Mapping[str, Any]) -> Fault:
    """Return the rule that a JSON object describes; `ValidationError` names a wrong field."""
    for name in given:
        if name not in _GIVEN:
            raise ValidationError(f"is no field of a fault; the fields are {', '.join(_GIVEN)}", field=name)
    return Fault(**given)


def _check(fault: Fault) -> None:
    if not isinstance(fault.route, str):  # pyright: ignore[reportUnnecessaryIsInstance]  # it may come from JSON
        raise ValidationError("must be text such as POST /v1/batch", field="route")
    _number("status", fault.status, 400, 599, whole=True)
    _number("retry_after", fault.retry_after, 0, 86_400)
    _number("delay", fault.delay, 0, 3_600)
    _number("every", fault.every, 1, 10**9, whole=True)
    _number("times", fault.times, 0, 10**9, whole=True)
    _number("probability", fault.probability, 0, 1)
    _number("seed", fault.seed, 0, 2**63, whole=True)
    if fault.reset not in ("", *_COMMITS):
        raise ValidationError(f"must be {' or '.join(_COMMITS)} (the commit), or empty", field="reset")
    if fault.when not in _COMMITS:
        raise ValidationError(f"must be {' or '.join(_COMMITS)} (the commit)", field="when")
    if fault.reset and fault.status is not None:
        raise ValidationError("and `status` exclude each other: a broken connection has no answer", field="reset")
    if fault.status is None and not fault.reset and not fault.delay:
        raise ValidationError("or `reset` or `delay` is needed: the rule says nothing to do", field="status")


def _number(name: str, value: Any, least: float, most: float, *, whole: bool = False) -> None:
    if value is None and name in ("status", "retry_after", "times"):
        return
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
        kind = "a whole number" if whole else "a number"
        raise ValidationError(f"must be {kind} from {least:g} to {most:g}", field=name)
