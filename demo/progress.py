"""How far a run is, on stderr: a moving line for people, plain lines now and then for logs."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from time import monotonic
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

_PLAIN_SECONDS = 5.0


class Meter(AbstractContextManager["Meter"]):
    """Shows one phase after another: how many of how many, the pace, the time left, and how many were rejected."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._moving = (
            Progress(
                TextColumn("{task.description:<22}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[pace]}"),
                console=console,
            )
            if console.is_terminal
            else None
        )
        self._task = TaskID(0)
        self._name, self._total, self._began, self._told = "", 0, 0.0, 0.0

    def __enter__(self) -> Self:
        if self._moving:
            self._moving.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._moving:
            self._moving.stop()

    def begin(self, name: str, total: int) -> None:
        """Start a phase."""
        self._name, self._total, self._began = name, total, monotonic()
        self._told = self._began
        if self._moving:
            self._task = self._moving.add_task(name, total=total, pace="")

    def at(self, done: int, rejected: int | None = None) -> None:
        """Say how many are done; plain lines are told every few seconds only."""
        now = monotonic()
        if self._moving or now - self._told >= _PLAIN_SECONDS:
            self._tell(done, rejected, now)

    def end(self, done: int, rejected: int | None = None) -> None:
        """End the phase, saying how many there were in all."""
        self._total = done
        self._tell(done, rejected, monotonic())

    def _tell(self, done: int, rejected: int | None, now: float) -> None:
        self._told = now
        seconds = max(now - self._began, 0.001)
        left = (self._total - done) * seconds / max(done, 1)
        ending = f"{seconds:.1f} s" if done >= self._total else f"{left:.0f} s left"
        pace = f"{done / seconds:,.0f}/s, {ending}" + ("" if rejected is None else f", {rejected:,} rejected")
        if self._moving:
            self._moving.update(self._task, completed=done, total=self._total, pace=pace)
        else:
            print(f"{self._name}: {done:,} of {self._total:,}, {pace}", file=sys.stderr, flush=True)
