"""Segments: make and delete manual ones, and read the members, the size and the use of any."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from ciokit.app_api import checks
from ciokit.core.endpoint import Field, Group, Path, Query, S, endpoint, paged
from ciokit.core.retry import Retry


class NewSegment(TypedDict):
    """A manual segment to make."""

    name: str
    description: NotRequired[str]


class Segment(TypedDict):
    """A segment.

    `progress` is a percentage while the segment is being built, then null. Only a `manual` one takes members from
    outside. `created_at` and `updated_at` are in Unix seconds.
    """

    id: int
    deduplicate_id: NotRequired[str]
    name: str
    description: str
    state: Literal["events", "build", "events_queued", "build_queued", "finished"]
    progress: int | None
    type: Literal["dynamic", "manual"]
    tags: list[str] | None
    created_at: NotRequired[int]
    updated_at: NotRequired[int]


class SegmentAnswer(TypedDict):
    """A segment, under `segment`."""

    segment: Segment


class SegmentList(TypedDict):
    """The segments of a workspace."""

    segments: list[Segment]


class SegmentCount(TypedDict):
    """How many people are in a segment."""

    count: int
    segment_id: NotRequired[int]


class SegmentMember(TypedDict):
    """A person in a segment: `id` is null where not set, `email` is absent where it is no identifier."""

    id: str | None
    email: NotRequired[str | None]
    cio_id: str


class SegmentUses(TypedDict):
    """The numbers of the campaigns and newsletters that name a segment."""

    campaigns: list[int]
    sent_newsletters: list[int]
    draft_newsletters: list[int]


class SegmentUsesAnswer(TypedDict):
    """What uses a segment, under `used_by`."""

    used_by: SegmentUses
    segment_id: NotRequired[int]


class Segments(Group[S]):
    """What the App API says and does about segments; members of a manual one are changed over the Track API."""

    @endpoint("app", "GET", "/v1/segments", retry=Retry.SAFE, docs="listSegments")
    def find(self) -> SegmentList:
        """Return all segments of the workspace."""
        ...

    @endpoint("app", "POST", "/v1/segments", retry=Retry.NEVER, docs="createManSegment")
    def create(self, segment: Field[NewSegment]) -> SegmentAnswer:
        """Create a manual segment, empty at first; a second call with the same name is not known to be refused."""
        ...

    @endpoint("app", "GET", "/v1/segments/{segment_id}", retry=Retry.SAFE, docs="getSegment")
    def get(self, segment_id: Path[int]) -> SegmentAnswer:
        """Return one segment.

        Raises:
            RefusedError: 404, there is no such segment.
        """
        ...

    @endpoint("app", "DELETE", "/v1/segments/{segment_id}", retry=Retry.SAFE, docs="deleteManSegment")
    def delete(self, segment_id: Path[int]) -> None:
        """Delete a manual segment.

        Raises:
            RefusedError: 404, there is no such segment.
        """
        ...

    @endpoint("app", "GET", "/v1/segments/{segment_id}/customer_count", retry=Retry.SAFE, docs="getSegmentCount")
    def count(self, segment_id: Path[int]) -> SegmentCount:
        """Return how many people are in a segment.

        Raises:
            RefusedError: 404, there is no such segment.
        """
        ...

    @paged(
        "app",
        "GET",
        "/v1/segments/{segment_id}/membership",
        items="identifiers",
        docs="getSegmentMembership",
        check=checks.page_of(30_000),
    )
    def members(
        self, segment_id: Path[int], *, start: Query[str | None] = None, limit: Query[int] = 1000
    ) -> list[SegmentMember]:
        """Yield the people in a segment, page by page.

        Args:
            segment_id: the number of the segment.
            start: the cursor to go on from.
            limit: people a page, at most 30,000.

        Raises:
            RefusedError: 404, there is no such segment.
        """
        ...

    @endpoint("app", "GET", "/v1/segments/{segment_id}/used_by", retry=Retry.SAFE, docs="getSegmentDependencies")
    def used_by(self, segment_id: Path[int]) -> SegmentUsesAnswer:
        """Return the campaigns and newsletters that use a segment.

        Raises:
            RefusedError: 404, there is no such segment.
        """
        ...
