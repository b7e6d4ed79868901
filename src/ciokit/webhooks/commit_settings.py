"""How a committer works: sizes, waits and how long things are kept, each with its default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ciokit.errors import ConfigurationError

CURSOR: Final = "delta"
"""The journal's cursor that says how far each lane is in all tables; only a hint, the tables themselves know."""


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
        """Refuse what would break commits that are under way, or commit nothing.

        Raises:
            ConfigurationError: the history is shorter than an hour, a batch has no room, or a time is not one.
        """
        if min(self.max_rows, self.max_bytes) < 1:
            raise ConfigurationError("a batch must have room for a record: `max_rows` and `max_bytes` of at least 1")
        if not (self.window_days > 0 and min(self.max_age, self.keep_hours, self.vacuum_hours) >= 0):
            raise ConfigurationError("`window_days` must be more than 0, and no other time less than that")
        if self.history_hours < 1:
            raise ConfigurationError("the history of the tables must be at least 1 hour: shorter, commits can break")
