"""Batches: many messages in as few requests as the limits allow, and a verdict for each of them.

The service answers a batch as a whole, so this module keeps the account: what could not be sent is rejected before any
request; a batch the service refuses is halved until the bad items stand alone, and the rest goes; a batch that got no
answer is unknown. Ids are minted before the first try, so sending anything again never makes two of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from ciokit.core.codec import read
from ciokit.core.flow import Flow, ask
from ciokit.errors import CustomerIOError, NetworkError, RefusedError, ServerError, UnexpectedAnswerError
from ciokit.pipelines_api.messages import Message
from ciokit.pipelines_api.packing import Chunk, Packer
from ciokit.pipelines_api.report import REJECTED, UNKNOWN, BatchReport
from ciokit.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from ciokit.pipelines_api.client import AsyncCustomerIOClient, CustomerIOClient

Progress: TypeAlias = Callable[[BatchReport], None]
"""Told after each request: read the report's totals, and do not keep it waiting."""

_NARROWED = (400, 413, 422)  # what a batch with a bad item, or too much in it, is answered


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
    as `error.report`; sending the unknown and unsent ones again is safe when they carry their `messageId`.

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
    around = {name: value for name, value in (("context", context), ("integrations", integrations)) if value}
    report = BatchReport()
    chunks = Packer(settings, around, report).chunks(operations)
    try:
        for chunk in chunks:
            yield from _deliver(chunk, report)
            if progress:
                progress(report)
    except CustomerIOError as error:
        for chunk in chunks:  # the items the run never came to
            report.settle(chunk.places, REJECTED, error, retryable=True)
        error.report = report
        raise
    return report


def _deliver(chunk: Chunk, report: BatchReport) -> Flow[None]:
    """Send one chunk; halve it as long as the service refuses it."""
    unsent = [chunk]
    while unsent:
        part = unsent.pop()
        call = part.call()
        report.requests += 1
        report.bytes_sent += len(call.body)
        try:
            read(call.route, (yield from ask(call)))
        except RefusedError as error:
            if error.status not in _NARROWED:
                report.settle(part.places, REJECTED, error)
                raise
            if len(part.places) == 1:
                report.settle(part.places, REJECTED, error)
            else:
                unsent.extend(reversed(part.halves()))
        except CustomerIOError as error:
            report.settle(part.places, UNKNOWN if _maybe_taken(error) else REJECTED, error, retryable=error.retryable)
            for rest in unsent:
                report.settle(rest.places, REJECTED, error, retryable=True)
            raise
        else:
            report.accept(part.places)


def _maybe_taken(error: CustomerIOError) -> bool:
    return isinstance(error, ServerError | UnexpectedAnswerError) or (
        isinstance(error, NetworkError) and error.maybe_sent
    )
