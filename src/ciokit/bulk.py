"""Batches of any API: chunks of items sent in order, and a verdict for every item of them.

What could not be sent is rejected before any request; a chunk the service refuses as a whole is halved until the bad
items stand alone, and the rest goes; a chunk that got no answer is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, Self, TypeAlias, runtime_checkable

from ciokit.core.codec import read
from ciokit.core.flow import Call, Flow, ask
from ciokit.core.wire import Response
from ciokit.errors import CustomerIOError, RefusedError
from ciokit.report import REJECTED, UNKNOWN, BatchReport

Progress: TypeAlias = Callable[[BatchReport], None]
"""Told after each request: read the report's totals, and do not keep it waiting."""

Settle: TypeAlias = Callable[[Call, Response, Sequence[int], BatchReport], None]
"""Settles the items at these places as a 2xx answer says; raises `UnexpectedAnswerError` if it cannot be read."""

_NARROWED = (400, 413, 422)  # what a batch with a bad item, or too much in it, is answered


class Chunk(Protocol):
    """The items of one request, with their places in the report."""

    @property
    def places(self) -> list[int]:
        """Return where in the report the items are."""
        ...

    def call(self) -> Call:
        """Return the request."""
        ...


@runtime_checkable
class DivisibleChunk(Chunk, Protocol):
    """A chunk whose items the service judges one by one, so that a refused one can be halved."""

    def halves(self) -> tuple[Self, Self]:
        """Return the two halves of a chunk of two items or more."""
        ...


def settle_all(call: Call, response: Response, places: Sequence[int], report: BatchReport) -> None:
    """Note that an answer without verdicts takes every item."""
    read(call.route, response)
    report.accept(places)


def send_chunks(
    chunks: Iterator[Chunk],
    report: BatchReport,
    settle: Settle,
    progress: Progress | None,
    note_open: Callable[[], None] = lambda: None,
) -> Flow[BatchReport]:
    """Return the flow that sends all chunks and settles every item.

    Whatever stops a run carries the report as its `report`; what the run never came to is rejected there, and
    retryable. `note_open` notes in the report the items of a chunk that was not finished when the run stopped.
    """
    try:
        for chunk in chunks:
            yield from _deliver(chunk, report, settle)
            if progress:
                progress(report)
    except BaseException as error:
        cause = error if isinstance(error, CustomerIOError) else _stopped_by(error)
        if cause is error:
            _note_the_rest(chunks, error)
        note_open()
        report.stop(cause)
        vars(error)["report"] = report
        raise
    return report


def _note_the_rest(chunks: Iterator[Chunk], error: BaseException) -> None:
    """Have the items noted that the run never came to."""
    try:
        for _ in chunks:
            pass
    except Exception as second:  # noqa: BLE001 - what stopped the run first is what has to be told
        error.add_note(f"not all items could be read for the report: {type(second).__name__}")


def _stopped_by(error: BaseException) -> CustomerIOError:
    return CustomerIOError(f"the run was stopped by {type(error).__name__}")


def _deliver(chunk: Chunk, report: BatchReport, settle: Settle) -> Flow[None]:
    """Send one chunk; halve it as long as the service refuses it, where that helps."""
    unsent: list[Chunk] = [chunk]
    while unsent:
        part = unsent.pop()
        call = part.call()
        report.requests += 1
        report.bytes_sent += len(call.body)
        try:
            settle(call, (yield from ask(call)), part.places, report)
        except RefusedError as error:
            if error.status not in _NARROWED or not isinstance(part, DivisibleChunk):
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
