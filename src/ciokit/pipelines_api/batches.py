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
from ciokit.errors import CustomerIOError, RefusedError
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
    chunks = packer.chunks(operations)
    try:
        for chunk in chunks:
            yield from _deliver(chunk, report)
            if progress:
                progress(report)
    except BaseException as error:
        cause = error if isinstance(error, CustomerIOError) else _stopped_by(error)
        if cause is error:
            _note_the_rest(chunks, error)
        packer.open.note(report)
        report.stop(cause)
        vars(error)["report"] = report
        raise
    return report


def _note_the_rest(chunks: Iterable[Chunk], error: BaseException) -> None:
    """Have the items noted that the run never came to."""
    try:
        for _ in chunks:
            pass
    except Exception as second:  # noqa: BLE001 - what stopped the run first is what has to be told
        error.add_note(f"not all items could be read for the report: {type(second).__name__}")


def _stopped_by(error: BaseException) -> CustomerIOError:
    return CustomerIOError(f"the run was stopped by {type(error).__name__}")


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
                report.settle(part.places, UNKNOWN if error.maybe_sent else REJECTED, error)
                raise
            if len(part.places) == 1:
                report.settle(part.places, REJECTED, error)
            else:
                unsent.extend(reversed(part.halves()))
        except CustomerIOError as error:
            report.settle(part.places, UNKNOWN if error.maybe_sent else REJECTED, error, retryable=error.retryable)
            raise
        except BaseException as error:  # nobody waited for the answer
            report.settle(part.places, UNKNOWN, _stopped_by(error), retryable=True)
            raise
        else:
            report.accept(part.places)
