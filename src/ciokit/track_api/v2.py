"""The Track API, version 2: anything that can be done to people, objects and deliveries, one by one or in batches."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NotRequired, TypedDict

from ciokit.bulk import Progress, send_chunks
from ciokit.core.composed import composed
from ciokit.core.endpoint import Body, Field, Group, S, endpoint
from ciokit.core.flow import Flow
from ciokit.core.retry import Retry
from ciokit.report import BatchReport
from ciokit.settings import Settings
from ciokit.track_api.arguments import listed
from ciokit.track_api.batches import chunks, settle
from ciokit.track_api.items import Item, checked


class ItemError(TypedDict):
    """What is wrong with an item; `batch_index` counts from 0."""

    batch_index: int
    reason: str
    field: NotRequired[str]
    message: NotRequired[str]


class BatchAnswer(TypedDict, total=False):
    """The items of a batch that were refused; all others were taken."""

    errors: list[ItemError]


def _one(given: dict[str, Any]) -> None:
    given["item"] = checked(given["item"])


def _some(given: dict[str, Any]) -> None:
    listed(given["batch"], "batch")
    given["batch"] = [checked(item) for item in given["batch"]]


class V2(Group[S]):
    """People, objects and deliveries; the items are those of `ciokit.track_api.items`.

    Sending again after a lost answer is safe: events carry an id, and everything else said twice is as if said once. A
    `delivery` event alone has no id and would count twice.
    """

    def __init__(self, sender: S, settings: Settings) -> None:
        self.sender: S = sender
        self._settings = settings

    @endpoint("track", "POST", "/api/v2/entity", retry=Retry.SAFE, docs="entity", prepare=_one)
    def entity(self, item: Body[Item]) -> None:
        """Do one thing to a person, an object or a delivery.

        Limit: 32 KB. `{"type": "person", "action": "identify", "identifiers": {"id": "u1"}, "attributes": {...}}` adds
        or updates a person; events get an id if they have none.

        Raises:
            ValidationError: a field is missing or cannot be, such as a time in milliseconds.
            RefusedError: 400, what is wrong, and with which field.
        """
        ...

    @endpoint("track", "POST", "/api/v2/batch", retry=Retry.SAFE, docs="batch", prepare=_some)
    def batch_once(self, batch: Field[list[Item]]) -> BatchAnswer:
        """Send items with one request, at most 500 KB, and return those refused; `batch` takes any number."""
        ...

    @composed
    def batch(self, items: Iterable[Item], *, progress: Progress | None = None) -> Flow[BatchReport]:
        """Send any number of items in as few requests as the limits allow, in order, with a verdict for each.

        `accepted` means taken, `rejected` that the service refused it or that it was never sent, with reason and field,
        `unknown` that no answer says. `message_id` of a verdict is the id of an event. A bad item never holds up the
        others. Limits: 32,000 bytes an item, 500,000 a request, overridable in `Settings.limits` (Track spec, `batch`).

        Args:
            items: any iterable, also a generator: it is read as it is sent.
            progress: told after each request.

        Raises:
            ValidationError: `items` is no collection.
            CustomerIOError: what stopped the run, with the report of every item as `error.report`.
        """
        listed(items, "items")
        report = BatchReport()
        return send_chunks(chunks(V2.batch_once.route, items, self._settings, report), report, settle, progress)
