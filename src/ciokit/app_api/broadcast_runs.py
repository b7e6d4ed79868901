"""A broadcast as one call: trigger it, follow the run to its end, and collect what was wrong with its recipients.

run_broadcast(app, 12, ids=["u1", "u2"], data={"headline": "Hello"})   -> BroadcastReport
await follow_broadcast(async_app, 12, 4)                               -> BroadcastReport
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ciokit.app_api.broadcasts import Broadcasts, PersonData, Trigger
from ciokit.app_api.long_calls import TIMEOUT, LongCall, Steps, Waits, goes_on
from ciokit.app_api.types import AudienceFilter
from ciokit.core.flow import Flow


@dataclass(frozen=True, slots=True)
class BroadcastReport:
    """A run of a broadcast that is through.

    `run` is what the service said of it at the end. `errors` are its problems: lines of text with the number of a line
    and a reason, one for each recipient who got nothing.
    """

    run: Trigger
    errors: list[str] = field(repr=False)


@LongCall
def run_broadcast(
    broadcast_id: int,
    *,
    data: dict[str, Any] | None = None,
    recipients: AudienceFilter | None = None,
    ids: list[str] | None = None,
    emails: list[str] | None = None,
    per_user_data: list[PersonData] | None = None,
    data_file_url: str | None = None,
    email_add_duplicates: bool = False,
    email_ignore_missing: bool = False,
    id_ignore_missing: bool = False,
    timeout: float = TIMEOUT,
    progress: Callable[[Trigger], object] | None = None,
) -> Steps[BroadcastReport]:
    """Trigger a broadcast, wait until the run is through, and collect its errors.

    What to send and to whom is said as to `app.broadcasts.trigger`. It is triggered once, whatever happens: after an
    interrupt or a time that was too short, `follow_broadcast` takes the run up again. That some recipients got nothing
    is no error here: it is in the report.

    Args:
        broadcast_id: which.
        data: see `app.broadcasts.trigger`, like all down to `id_ignore_missing`.
        recipients: a filter.
        ids: at most 10,000.
        emails: at most 10,000.
        per_user_data: at most 10,000 people, each with data.
        data_file_url: a file with one JSON object a line.
        email_add_duplicates: send to everybody with an address.
        email_ignore_missing: leave out people without an address.
        id_ignore_missing: leave out unknown ids.
        timeout: seconds the service may take to work the run off.
        progress: told what the service says of the run, its number first of all, each time it is asked.

    Raises:
        JobError: it takes longer than `timeout`; `.job["id"]` is the number of the run.
        ValidationError, RefusedError, RateLimitError: as with `app.broadcasts.trigger`.
    """
    note = f"the broadcast may have been triggered: `broadcasts.triggers({broadcast_id})` has its runs"
    with goes_on(note, begun=False):
        started = yield from Broadcasts.trigger.flow(
            broadcast_id,
            data=data,
            recipients=recipients,
            ids=ids,
            emails=emails,
            per_user_data=per_user_data,
            data_file_url=data_file_url,
            email_add_duplicates=email_add_duplicates,
            email_ignore_missing=email_ignore_missing,
            id_ignore_missing=id_ignore_missing,
        )
    return (yield from _followed(broadcast_id, started["id"], timeout, progress))


@LongCall
def follow_broadcast(
    broadcast_id: int,
    trigger_id: int,
    *,
    timeout: float = TIMEOUT,
    progress: Callable[[Trigger], object] | None = None,
) -> Steps[BroadcastReport]:
    """Wait until a run of a broadcast that was triggered before is through, and collect its errors.

    Args:
        broadcast_id: which.
        trigger_id: the number of the run, which the trigger answered with; `app.broadcasts.triggers` has all.
        timeout: see `run_broadcast`.
        progress: see `run_broadcast`.

    Raises:
        JobError: it takes longer than `timeout`.
        RefusedError: there is no such run.
    """
    return _followed(broadcast_id, trigger_id, timeout, progress)


def _followed(
    broadcast_id: int, trigger_id: int, timeout: float, progress: Callable[[Trigger], object] | None
) -> Steps[BroadcastReport]:
    how = f"`follow_broadcast(client, {broadcast_id}, {trigger_id})` takes it up"
    with goes_on(f"run {trigger_id} of broadcast {broadcast_id} goes on at the service: {how}"):
        waits = Waits(timeout)
        while True:
            run = yield from Broadcasts.get_trigger.flow(broadcast_id, trigger_id)
            if progress is not None:
                progress(run)
            if run.get("processed_at"):
                break
            yield waits.next("the broadcast is not through", run)
        report = BroadcastReport(run, (yield from _errors(broadcast_id, trigger_id)))
    return lambda: report


def _errors(broadcast_id: int, trigger_id: int) -> Flow[list[str]]:
    lines: list[str] = []
    start: str | None = None
    while True:
        page = yield from Broadcasts.trigger_errors.page(broadcast_id, trigger_id, start=start)
        lines += page.rows
        start = page.next
        if start is None:
            return lines
