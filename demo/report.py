"""The short report at the end: what was sent, what was read back, and whether the two agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from demo.journey import ORDER_PART
from demo.run import Sent
from demo.verify import Check


def lines(
    sent: Sent, campaigns: Sequence[str], checks: Sequence[Check], stats: dict[str, Any], *, call_bytes: int
) -> Iterator[str]:
    """Yield the report, line by line."""
    yield from _sent(sent, stats, call_bytes)
    yield from campaigns
    yield ""
    yield f"{'READ BACK':<34}{'expected':>12}{'found':>12}{'mismatches':>12}"
    for check in checks:
        yield f"{check.what:<34}{check.expected:>12,}{check.found:>12,}{check.mismatches:>12,}"
    yield ""
    mismatches = sum(check.mismatches for check in checks)
    yield f"{mismatches:,} mismatches" if mismatches else "0 mismatches: what was sent is what is there."


def _sent(sent: Sent, stats: dict[str, Any], call_bytes: int) -> Iterator[str]:
    rows = sum(sent.rows.values())
    each = ", ".join(f"{count:,} {name}" for name, count in sent.rows.items())
    yield "SENT"
    yield f"rows         {rows:,} ({each})"
    became = f"{sent.accepted:,} accepted, {sent.rejected:,} rejected, {sent.unknown:,} unknown"
    yield f"messages     {sent.messages:,}: {became}"
    yield f"requests     {sent.requests:,} with {sent.bytes:,} bytes, and {sent.retries:,} retries"
    yield f"duplicates   {stats['duplicates']:,} messages came again and were not taken twice"
    pace = f"{rows / sent.seconds:,.0f} rows/s, {sent.messages / sent.seconds:,.0f} messages/s"
    yield f"time         {sent.seconds:,.1f} s: {pace}"
    baskets = "1 basket" if sent.split_baskets == 1 else f"{sent.split_baskets:,} baskets"
    yield f"too large    {baskets} over {call_bytes:,} bytes; the further lines went as {sent.parts:,} `{ORDER_PART}`"
    yield "times        taken as UTC: the data set names no zone"
    for reason, count in sent.reasons.most_common(5):
        yield f"not taken    {count:,}: {reason}"
