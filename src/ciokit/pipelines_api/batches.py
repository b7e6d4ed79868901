"""Batches: many messages in as few requests as the limits allow, and a verdict for each of them.

The service answers a batch as a whole, so the account is kept by `ciokit.bulk`. Ids are minted before the first try, so
sending anything again never makes two of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, overload

from ciokit.bulk import Progress, send_chunks, settle_all
from ciokit.core.flow import Flow
from ciokit.pipelines_api.messages import Message
from ciokit.pipelines_api.packing import Packer
from ciokit.report import BatchReport
from ciokit.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ciokit.pipelines_api.client import AsyncCustomerIOClient, CustomerIOClient


@overload
def send_batch(
    client: CustomerIOClient,
    operations: Iterable[Message],
    *,
    context: Mapping[str, Any] | None = None,
    integrations: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> BatchReport: ...
@overload
def send_batch(
    client: AsyncCustomerIOClient,
    operations: Iterable[Message],
    *,
    context: Mapping[str, Any] | None = None,
    integrations: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Coroutine[Any, Any, BatchReport]: ...
def send_batch(
    client: CustomerIOClient | AsyncCustomerIOClient,
    operations: Iterable[Message],
    *,
    context: Mapping[str, Any] | None = None,
    integrations: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> BatchReport | Coroutine[Any, Any, BatchReport]:
    """Send many messages in as few requests as the limits allow, in order, and return a verdict for each.

    `operations` may be any iterable, also a generator: it is read as it is sent. Each item is a message in wire form,
    from `.message(...)` or `create_batch_operations`; one without `messageId` gets one. `context` and `integrations`
    apply to all items; items with their own are sent apart (setting `item_context`).

    A bad item never holds up the others: it is rejected in the report. When the run itself must stop (wrong key,
    network gone, service down after all retries) the error that stopped it is raised with the report of every item
    as `error.report`; sending the unknown and unsent ones again is safe when they carry their `messageId`. Any other
    exception (an interrupt, a cancellation, a failure of `operations` or `progress`) passes through with the report of
    the items read so far, as its attribute `report`.

    Limits: 32,000 bytes an item, 500,000 a request, overridable in `Settings.limits` (Pipelines spec, `batch`).
    """
    return client.batch(operations, context=context, integrations=integrations, progress=progress)


def batch_flow(
    operations: Iterable[Message],
    settings: Settings,
    context: Mapping[str, Any] | None,
    integrations: Mapping[str, Any] | None,
    progress: Progress | None,
) -> Flow[BatchReport]:
    """Return the flow behind `send_batch`."""
    report = BatchReport()
    packer = Packer(settings, {"context": context, "integrations": integrations}, report)
    return send_chunks(packer.chunks(operations), report, settle_all, progress, lambda: packer.open.note(report))
