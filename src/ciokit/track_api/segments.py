"""Manual segments: put people in and take them out, any number at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from ciokit.bulk import Progress, send_chunks, settle_all
from ciokit.core.composed import composed
from ciokit.core.endpoint import Endpoint, Field, Group, Path, Query, S, endpoint
from ciokit.core.flow import Call, Flow
from ciokit.core.retry import Retry
from ciokit.errors import ValidationError
from ciokit.report import BatchReport
from ciokit.track_api import arguments
from ciokit.track_api.arguments import required_text

SegmentIdType = Literal["id", "email", "cio_id"]
"""What kind of identifier all ids of a call are; the service passes over those of another kind."""

MAX_IDS = 1000  # Track spec, `add_to_segment`, `ids.maxItems`


class Segments(Group[S]):
    """Members of manual segments; these are made with the App API."""

    @endpoint(
        "track",
        "POST",
        "/api/v1/segments/{segment_id}/add_customers",
        retry=Retry.SAFE,
        docs="add_to_segment",
        prepare=arguments.ids,
    )
    def add_once(self, segment_id: Path[int], ids: Field[list[str]], *, id_type: Query[SegmentIdType] = "id") -> None:
        """Put 1 to 1,000 people into a manual segment with one request; `add` takes any number."""
        ...

    @endpoint(
        "track",
        "POST",
        "/api/v1/segments/{segment_id}/remove_customers",
        retry=Retry.SAFE,
        docs="remove_from_segment",
        prepare=arguments.ids,
    )
    def remove_once(
        self, segment_id: Path[int], ids: Field[list[str]], *, id_type: Query[SegmentIdType] = "id"
    ) -> None:
        """Take 1 to 1,000 people out of a manual segment with one request; `remove` takes any number."""
        ...

    @composed
    def add(
        self,
        segment_id: int,
        ids: Iterable[str],
        *,
        id_type: SegmentIdType = "id",
        progress: Progress | None = None,
    ) -> Flow[BatchReport]:
        """Put people into a manual segment, 1,000 a request, and return a verdict for each.

        People must have an `id`, whatever they are named by. `accepted` means taken: the service passes over ids it
        does not know without a word.

        Args:
            segment_id: a manual segment.
            ids: any iterable of identifiers, all of one kind; text is none.
            id_type: which kind.
            progress: told after each request.

        Raises:
            ValidationError: `ids` is no collection.
            CustomerIOError: what stopped the run, with the report of every id as `error.report`.
        """
        return _in_chunks(Segments.add_once, segment_id, ids, id_type, progress)

    @composed
    def remove(
        self,
        segment_id: int,
        ids: Iterable[str],
        *,
        id_type: SegmentIdType = "id",
        progress: Progress | None = None,
    ) -> Flow[BatchReport]:
        """Take people out of a manual segment; the arguments and the answer are those of `add`."""
        return _in_chunks(Segments.remove_once, segment_id, ids, id_type, progress)


@dataclass(frozen=True)
class _Some:
    """What one request names; the service refuses it for the segment's sake, so halving it would not help."""

    make: Callable[..., Call]
    segment_id: int
    id_type: SegmentIdType
    ids: list[str]
    places: list[int]

    def call(self) -> Call:
        named = {} if self.id_type == "id" else {"id_type": self.id_type}
        return self.make(self.segment_id, self.ids, **named)


def _in_chunks(
    operation: Endpoint[..., None],
    segment_id: int,
    ids: Iterable[str],
    id_type: SegmentIdType,
    progress: Progress | None,
) -> Flow[BatchReport]:
    arguments.listed(ids, "ids")
    report = BatchReport()

    def chunks() -> Iterator[_Some]:
        good = _noted(ids, report)
        while some := [*islice(good, MAX_IDS)]:
            yield _Some(operation.call, segment_id, id_type, [one for one, _ in some], [place for _, place in some])

    return send_chunks(chunks(), report, settle_all, progress)


def _noted(ids: Iterable[str], report: BatchReport) -> Iterator[tuple[str, int]]:
    for one in ids:
        try:
            required_text(one, "ids")
        except ValidationError as error:
            report.reject(None, error)
        else:
            yield one, report.add([one])[0]
