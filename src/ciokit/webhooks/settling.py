"""Waits until the committer has brought a webhook into the tables, for a receiver whose disk does not outlive it.

Where a container's disk goes with the container, what is on it is not safe yet. Such a receiver acknowledges what is in
the raw table and in its typed one; the committer must commit several times a second for that (`--max-age`).
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import Final

from ciokit.webhooks.commit_settings import CURSOR
from ciokit.webhooks.journal_reader import JournalReader

_LOOK: Final = 0.02  # seconds between looks at how far the committer has come, however many wait


class Settling:
    """Waits for what one process has written to a journal.

    Args:
        directory: the folder of the journal.
        patience: seconds that a request may take in all; the service gives up after 4 (reporting webhooks, "Timeouts
            and failures").
    """

    def __init__(self, directory: str | os.PathLike[str], patience: float) -> None:
        self._reader = JournalReader(directory)
        self._patience = patience
        self._done: dict[int, int] = {}
        self._looked: dict[int, float] = {}

    async def settled(self, lane: int, position: int, began: float) -> bool:
        """Wait, and tell whether the committer came to the position in time; `began` is on the monotonic clock."""
        end = began + self._patience
        while not self._reached(lane, position):
            if time.monotonic() >= end:
                return False
            await asyncio.sleep(_LOOK)
        return True

    def settle(self, lane: int, position: int, began: float) -> bool:
        """Do the same, blocking."""
        end, pause = began + self._patience, threading.Event()
        while not self._reached(lane, position):
            if time.monotonic() >= end:
                return False
            pause.wait(_LOOK)
        return True

    def _reached(self, lane: int, position: int) -> bool:
        now = time.monotonic()
        if self._done.get(lane, 0) < position and now - self._looked.get(lane, 0.0) >= _LOOK:
            self._looked[lane] = now
            self._done[lane] = self._reader.cursor(lane, CURSOR)
        return self._done.get(lane, 0) >= position
