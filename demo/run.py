"""Sends the journey through `send_batch`, and keeps the account of what that took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from time import monotonic

from ciokit import Attempt, BatchReport, CustomerIOClient, Message, Settings, send_batch
from demo.journey import Journey
from demo.progress import Meter


@dataclass
class Sent:
    """The totals of a run; `requests` and `bytes` count no repetitions, `retries` are those."""

    rows: dict[str, int]
    messages: int = 0
    accepted: int = 0
    rejected: int = 0
    unknown: int = 0
    requests: int = 0
    bytes: int = 0
    retries: int = 0
    seconds: float = 0.0
    split_baskets: int = 0
    parts: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])

    def add(self, report: BatchReport) -> None:
        """Add what one `send_batch` reported."""
        self.messages += len(report)
        self.accepted += report.accepted
        self.rejected += report.rejected
        self.unknown += report.unknown
        self.requests += report.requests
        self.bytes += report.bytes_sent
        self.reasons += report.reasons()


def send(journey: Journey, settings: Settings, meter: Meter) -> Sent:
    """Send everything with the real limits, people first; the account holds every message, whatever became of it.

    Raises `ciokit.CustomerIOError` when the run itself cannot go on, such as when nothing listens any more.
    """
    sent = Sent(
        {
            "households": len(journey.households),
            "campaign memberships": journey.received.num_rows,
            "line items": journey.transactions.num_rows,
            "coupon redemptions": journey.redemptions.num_rows,
        }
    )

    def count(attempt: Attempt) -> None:
        sent.retries += attempt.number > 1

    def deliver(name: str, messages: Iterable[Message], total: int) -> None:
        meter.begin(f"sending {name}", total)
        report = send_batch(client, messages, progress=lambda so_far: meter.at(len(so_far), so_far.rejected))
        meter.end(len(report), report.rejected)
        sent.add(report)

    began = monotonic()
    with CustomerIOClient(settings=settings, hooks=[count]) as client:
        orders = journey.orders(settings.limits.call_bytes)
        deliver("people", journey.people(), len(journey.households))
        deliver("campaigns", journey.memberships(), journey.received.num_rows)
        deliver("orders", _noting_parts(orders, sent), journey.baskets)
        deliver("coupons", journey.coupons(), journey.redemptions.num_rows)
    sent.seconds = monotonic() - began
    return sent


def _noting_parts(messages: Iterable[Message], sent: Sent) -> Iterator[Message]:
    for message in messages:
        part = message["properties"].get("part")
        if part is not None:
            sent.split_baskets += part == 1
            sent.parts += part != 1
        yield message
