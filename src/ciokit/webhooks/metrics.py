"""What a receiver counts, in the text format of Prometheus; the counting itself is plain integers elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from ciokit.webhooks.receiver import BUCKETS

if TYPE_CHECKING:
    from ciokit.webhooks.receiver import WebhookReceiver

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"  # Prometheus, "Exposition formats"


def exposition(receiver: WebhookReceiver) -> bytes:
    """Return every metric of this process; the label `lane` tells processes that share a journal apart."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(receiver))
    return generate_latest(registry)


class _Collector:
    def __init__(self, receiver: WebhookReceiver) -> None:
        self._receiver = receiver

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        journal, counts = self._receiver.journal, self._receiver.counts
        lane = "" if journal.lane is None else str(journal.lane)
        answers = CounterMetricFamily(
            "ciokit_webhooks_requests", "Webhooks answered, by status and reason", labels=["lane", "status", "reason"]
        )
        for (status, reason), count in list(counts.answers.items()):
            answers.add_metric([lane, str(status), reason], count)
        yield answers
        waits = HistogramMetricFamily(
            "ciokit_webhooks_acknowledge_seconds", "From reading a webhook to its bytes on disk", labels=["lane"]
        )
        bounds = [*map(str, BUCKETS), "+Inf"]
        waits.add_metric(
            [lane], list(zip(bounds, accumulate(map(float, counts.waits)), strict=True)), counts.wait_seconds
        )
        yield waits
        done = journal.counts
        for name, about, value in (
            ("journal_records", "Records made durable", done.records),
            ("journal_bytes", "Bytes made durable", done.bytes),
            ("journal_syncs", "Syncs of the disk, each for a group of records", done.groups),
            ("journal_sync_seconds", "Time spent syncing", done.sync_seconds),
            ("journal_failures", "Times the disk failed", done.failures),
            ("handled_events", "Events that handlers took", self._receiver.follower.handled),
            (
                "skipped_events",
                "Events given up after a handler failed again and again",
                self._receiver.follower.skipped,
            ),
        ):
            counter = CounterMetricFamily(f"ciokit_webhooks_{name}", about, labels=["lane"])
            counter.add_metric([lane], value)
            yield counter
        for name, about, value in (
            ("ready", "1 while events are taken in", int(journal.refusal is None)),
            ("journal_slowest_sync_seconds", "The longest sync so far", done.slowest_sync),
            ("journal_backlog_bytes", "Bytes of the journal that wait to be committed, all lanes", done.backlog_bytes),
            ("journal_free_bytes", "Free bytes on the journal's disk", done.free_bytes),
            ("journal_pending_bytes", "Bytes that wait in memory for the disk", journal.pending_bytes),
            (
                "handlers_backlog_bytes",
                "Bytes of the journal that handlers have not come to, all lanes",
                done.unhandled_bytes,
            ),
        ):
            gauge = GaugeMetricFamily(f"ciokit_webhooks_{name}", about, labels=["lane"])
            gauge.add_metric([lane], value)
            yield gauge
