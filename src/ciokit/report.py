"""What became of every item of a batch: a sequence of verdicts, one for each item, in the order given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, cast, overload

from ciokit.errors import CustomerIOError, ValidationError

Status = Literal["accepted", "rejected", "unknown"]
ACCEPTED, REJECTED, UNKNOWN = 0, 1, 2
_UNSETTLED = bytes([UNKNOWN])
_NAMES: tuple[Status, ...] = ("accepted", "rejected", "unknown")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one item.

    - `accepted`: the service answered 2xx for it. With strict mode off that says little: see `Settings.strict_mode`.
    - `rejected`: it is not there, and `reason` says why; `field` names what was at fault, if known. `retryable` is True
      when it was never sent because the run stopped before it.
    - `unknown`: it was sent and no answer came. Sending it again is safe: `message_id` stays the same.
    """

    index: int
    message_id: str
    status: Status
    reason: str = ""
    field: str | None = None
    retryable: bool = False


@dataclass(frozen=True, slots=True)
class _Cause:
    reason: str
    field: str | None
    retryable: bool


class BatchReport(Sequence[Verdict]):
    """One verdict for each item given, and the run's totals.

    `accepted + rejected + unknown == len(report)`, always. `requests` counts batch and single requests without
    retries, `bytes_sent` their bodies.
    """

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._states = bytearray()
        self._causes: dict[int, _Cause] = {}
        self.requests = 0
        self.bytes_sent = 0

    def __len__(self) -> int:
        return len(self._ids)

    @overload
    def __getitem__(self, index: int) -> Verdict: ...
    @overload
    def __getitem__(self, index: slice) -> list[Verdict]: ...
    def __getitem__(self, index: int | slice) -> Verdict | list[Verdict]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        status = _NAMES[self._states[index]]
        cause = self._causes.get(index)
        if cause is None:
            return Verdict(index, self._ids[index], status)
        return Verdict(index, self._ids[index], status, cause.reason, cause.field, cause.retryable)

    def __repr__(self) -> str:
        return (
            f"BatchReport({len(self)} items: {self.accepted} accepted, {self.rejected} rejected, "
            f"{self.unknown} unknown; {self.requests} requests, {self.bytes_sent:,} B)"
        )

    @property
    def accepted(self) -> int:
        """How many items the service took."""
        return self._states.count(ACCEPTED)

    @property
    def rejected(self) -> int:
        """How many items are certainly not there."""
        return self._states.count(REJECTED)

    @property
    def unknown(self) -> int:
        """How many items may or may not be there."""
        return self._states.count(UNKNOWN)

    @property
    def ok(self) -> bool:
        """Whether every item was accepted."""
        return self.accepted == len(self)

    def problems(self) -> Iterator[Verdict]:
        """Yield the verdicts that are not `accepted`, in order."""
        return (self[index] for index, state in enumerate(self._states) if state != ACCEPTED)

    def reasons(self) -> Counter[str]:
        """Count the items by reason, for a summary."""
        return Counter(cause.reason for cause in self._causes.values())

    def raise_for_problems(self) -> None:
        """Raise `ValidationError` if any item was not accepted; the report is on the error."""
        if self.ok:
            return
        first = next(self.problems())
        error = ValidationError(
            f"{self.rejected} items rejected and {self.unknown} unknown of {len(self)}; the first: {first.reason}",
            field=f"[{first.index}]" + (f".{first.field}" if first.field else ""),
        )
        error.report = self
        raise error

    def add(self, message_ids: Sequence[str]) -> range:
        """Note items, unknown until they are settled, and return their places."""
        first = len(self._ids)
        self._ids += message_ids
        self._states += _UNSETTLED * len(message_ids)
        return range(first, len(self._ids))

    def accept(self, places: Sequence[int]) -> None:
        """Settle items as accepted."""
        if not places:
            return
        first, end = places[0], places[-1] + 1
        if end - first == len(places):  # nearly always: only what was rejected on the way leaves gaps
            self._states[first:end] = bytes(len(places))  # zeros, which is ACCEPTED
            return
        for place in places:
            self._states[place] = ACCEPTED

    def reject(self, message: object, error: ValidationError) -> None:
        """Note an item that cannot be sent, with the reason."""
        given = cast("Mapping[str, object]", message).get("messageId") if isinstance(message, Mapping) else None
        self.settle(self.add([given if isinstance(given, str) else ""]), REJECTED, error)

    def settle(self, places: Sequence[int], state: int, error: CustomerIOError, *, retryable: bool = False) -> None:
        """Settle items as rejected or unknown, for the reason an error gives."""
        cause = _Cause(error.message, error.field if isinstance(error, ValidationError) else None, retryable)
        for place in places:
            self._states[place] = state
            self._causes[place] = cause

    def stop(self, error: CustomerIOError) -> None:
        """Settle all that is not settled yet as rejected, for a run that ended before it came to them."""
        left = [place for place, state in enumerate(self._states) if state == UNKNOWN and place not in self._causes]
        self.settle(left, REJECTED, error, retryable=True)
