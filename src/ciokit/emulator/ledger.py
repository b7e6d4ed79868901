"""The book of what came in: how much of it was taken, and every item that was not, with the reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson


class Problem(NamedTuple):
    """Why an item cannot be taken: the field at fault, in wire form, and what is wrong with it."""

    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}" if self.field else self.reason


REPEATED = Problem("id", "was taken before")
"""Of an item that was taken before, and changes nothing: it is counted apart."""


class Taken(NamedTuple):
    """An item that an operation accepted: it happens once it can be read, and then says why it had no effect, if so.

    `kind` is what it is counted as; "" is not counted. `effect` is None for the item of a batch that was refused alone.
    `raw` is the item as JSON, and `place` counts from 0, where it is one of several.
    """

    kind: str
    effect: Callable[[], Problem | None] | None
    place: int | None = None
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Drop:
    """Something that was answered with 200 and not taken.

    `operation` is the route, `index` the place in a batch (None: all of a request), `items` how many items were lost
    with it, `raw` what was sent, as JSON if it was JSON.
    """

    at: float
    operation: str
    index: int | None
    problem: Problem
    raw: bytes
    items: int = 1

    def as_dict(self) -> dict[str, Any]:
        """Return the entry as the control API shows it."""
        try:
            item: Any = orjson.loads(self.raw)
        except orjson.JSONDecodeError:
            item = self.raw.decode(errors="replace")
        return {
            "at": self.at,
            "operation": self.operation,
            "index": self.index,
            "field": self.problem.field,
            "reason": self.problem.reason,
            "items": self.items,
            "item": item,
        }


@dataclass(slots=True)
class Ledger:
    """What became of every item: accepted (by type), dropped, duplicate, or refused openly by strict mode."""

    accepted: Counter[str] = field(default_factory=Counter[str])
    duplicates: int = 0
    refused: int = 0
    drops: list[Drop] = field(default_factory=list[Drop])

    def clear(self) -> None:
        """Forget everything."""
        self.accepted, self.drops = Counter(), []
        self.duplicates = self.refused = 0

    @property
    def dropped(self) -> int:
        """How many items were dropped behind a 200."""
        return sum(drop.items for drop in self.drops)
