"""How a committer works: sizes, waits and how long things are kept, each with its default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ciokit.errors import ConfigurationError

CURSOR: Final = "delta"
"""The journal's cursor that says how far each lane is in all tables; only a hint, the tables themselves know."""


_LONGEST: Final = 1e6  # of a time in its unit; what is longer is a slip of the hand, or has no end
_LEAST: Final[Mapping[str, float]] = {
    "max_rows": 1,  # less would commit nothing, for ever
    "max_bytes": 1,
    "max_age": 0,
    "window_days": 1e-6,
    "keep_hours": 0,
    "min_free_bytes": 0,
    "history_hours": 1,  # shorter, commits that are under way can break
    "vacuum_hours": 0,
}


def window(days: float) -> float:
    """Return `window_days` as given, for those who compare with what a committer did.

    Raises:
        ConfigurationError: it is no window.
    """
    return CommitSettings(window_days=days).window_days


@dataclass(frozen=True)
class CommitSettings:
    """How a committer works.

    - `max_rows`, `max_bytes`, `max_age`: a batch is committed when it has so many records or bytes of bodies, or when
      its first record has waited so many seconds.
    - `window_days`: events with the same id, received within so many days of each other, are one.
    - `keep_hours`: how long the journal keeps what is in the tables, by the time of the last write to a segment.
    - `min_free_bytes`: with less than this free on the journal's disk, what is in the tables is removed at once.
    - `history_hours`: how long readers of the tables can go back to; written into a table when it is made. What they go
      back to is one small file a batch and table, so a long history is many files.
    - `vacuum_hours`: how often files that no table needs any more are removed; 0 leaves that to `ciokit webhooks
      vacuum`.
    """

    max_rows: int = 5_000
    max_bytes: int = 32 << 20
    max_age: float = 5.0
    window_days: float = 8.0
    keep_hours: float = 24.0
    min_free_bytes: int = 1 << 30
    history_hours: int = 72
    vacuum_hours: float = 24.0

    def __post_init__(self) -> None:
        """Refuse what would commit nothing, or break commits that are under way.

        Raises:
            ConfigurationError: a value is too small, too long a time, or no number.
        """
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if not value >= least:  # this way round, because NaN is neither
                raise ConfigurationError(f"`{name}` must be at least {least:g}, not {value:g}")
            if value > _LONGEST and not name.endswith(("rows", "bytes")):
                raise ConfigurationError(f"`{name}` must be at most {_LONGEST:,.0f}, not {value:g}")
