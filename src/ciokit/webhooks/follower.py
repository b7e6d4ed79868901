"""Runs the handlers of a router over the journal, behind the acknowledgements and never in their way.

Every event reaches its handlers at least once: how far they have come is kept beside the journal, and after a crash the
last few are run again. An event whose handler keeps failing is counted and skipped. One process at a time handles a
lane, whoever wrote it. The committer keeps what handlers have not come to for a week (`ciokit.webhooks.maintenance`);
those that are further behind, or whose disk runs full, miss events.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from ciokit.errors import UnparseableEventError
from ciokit.webhooks import journal_format as layout
from ciokit.webhooks.events import WebhookEvent, parse_event
from ciokit.webhooks.journal_reader import HANDLERS, JournalReader
from ciokit.webhooks.router import Router, route_webhook_event_async

_LOG = logging.getLogger("ciokit.webhooks.handlers")
_GROUP: Final = 100  # events between two writes of the cursor: so many may be run again after a crash
_IDLE_SECONDS: Final = 0.1


class Follower:
    """Runs handlers in a thread of its own, on an event loop of its own: asynchronous ones cannot use another's.

    `attempts` is how often an event is given to its handlers before it is skipped, `pause` the seconds before the
    second time; the pause doubles.
    """

    def __init__(
        self, directory: str | os.PathLike[str], router: Router, *, attempts: int = 3, pause: float = 1.0
    ) -> None:
        self.handled = 0
        self.skipped = 0
        self._reader = JournalReader(directory)
        self._router = router
        self._attempts = attempts
        self._pause = pause
        self._stop = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, if there are handlers and it has not begun in this process."""
        if not self._router or self._is_alive():
            return
        with self._starting:
            if not self._is_alive():
                self._stop = threading.Event()
                self._thread = threading.Thread(target=self._run, name="ciokit-handlers", daemon=True)
                self._thread.start()

    def _is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Let the handler that runs end, and keep how far it has come."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        held: set[int] = set()
        failing = False
        with asyncio.Runner() as runner, ExitStack() as locks:
            while not self._stop.is_set():
                busy = False
                try:
                    for lane in self._reader.lanes():
                        if lane in held or self._took(lane, locks):
                            held.add(lane)
                            busy |= self._advance(lane, runner)
                    failing = False
                except Exception:  # noqa: BLE001 - a disk that fails now may not fail later
                    if not failing:  # once, or it would fill another disk
                        _LOG.exception("handlers cannot read on in the journal")
                    failing = True
                if not busy:
                    self._stop.wait(_IDLE_SECONDS)

    def _took(self, lane: int, locks: ExitStack) -> bool:
        path: Path = layout.lane_path(self._reader.directory, lane) / f"{HANDLERS}.lock"
        file = path.open("a", encoding="ascii")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        locks.enter_context(file)
        if not self._reader.has_cursor(HANDLERS, lane):
            self._reader.move_cursor(lane, HANDLERS, 0)  # tells the committer that somebody reads here
        return True

    def _advance(self, lane: int, runner: asyncio.Runner) -> bool:
        before = after = self._reader.cursor(lane, HANDLERS)
        for record in self._reader.read(lane, after, max_records=_GROUP):
            if self._stop.is_set() or not self._handle(record.body, runner):
                break
            after = record.position
        if after != before:
            self._reader.move_cursor(lane, HANDLERS, after)
        return after != before

    def _handle(self, body: bytes, runner: asyncio.Runner) -> bool:
        """Give an event to its handlers until they take it; False if told to stop before that is settled."""
        try:
            event = parse_event(body)
        except UnparseableEventError:
            return True
        for attempt in range(self._attempts):
            if attempt and self._stop.wait(self._pause * 2 ** (attempt - 1)):
                return False
            try:
                runner.run(self._route(event))
            except BaseException as error:  # noqa: BLE001 - one that exits or is cancelled must not end the others
                _LOG.warning("a handler of %s failed with %s%s", _kind(event), type(error).__name__, _place(error))
            else:
                self.handled += 1
                return True
        self.skipped += 1
        _LOG.error("an event of %s was skipped: its handlers failed %d times", _kind(event), self._attempts)
        return True

    async def _route(self, event: WebhookEvent) -> None:
        await route_webhook_event_async(self._router, event)


def _kind(event: WebhookEvent) -> str:
    return f"{event.object_type}/{event.metric}"[:80]


def _place(error: BaseException) -> str:
    """Say where it was raised; its text may hold what no log should."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
