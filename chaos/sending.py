"""The handle on a sender that runs: what it has done so far, what it did in all, and what was acknowledged."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson

from chaos.processes import ROOT, TrialError, until


@dataclass(frozen=True)
class Sent:
    """What a sender did in a span of time: answers by status; milliseconds from when an event was due to its 200."""

    seconds: float = 0.0
    acknowledged: int = 0
    answers: Counter[str] = field(default_factory=Counter[str])
    p50: float = 0.0
    p99: float = 0.0
    longest: float = 0.0
    issued: int = 0
    waiting: int = 0

    @property
    def rate(self) -> float:
        """Events acknowledged a second."""
        return self.acknowledged / max(self.seconds, 0.001)


class Sending:
    """A sender in a process of its own, for as long as the block lasts; `options` are those of `chaos.sender`."""

    def __init__(self, folder: Path, port: int, run: str, *, first: int = 0, **options: float) -> None:
        self._record = folder / "acknowledged"
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        command = [
            sys.executable,
            "-m",
            "chaos.sender",
            str(port),
            run,
            str(self._record),
            "--first",
            str(first),
            *words,
        ]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)  # noqa: S603 - our own

    def __enter__(self) -> Self:
        until(lambda: self.mark().answers, 30, "what is sent should be answered")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def mark(self) -> Sent:
        """Return what happened since the last mark, or since the start."""
        if self._process.stdin is not None:
            self._process.stdin.write("mark\n")
            self._process.stdin.flush()
        return self._read()

    def finish(self) -> Sent:
        """Let it send what is still due, and return what it did in all."""
        if self._process.stdin is not None:
            self._process.stdin.close()
            self._process.stdin = None
        return self._read()

    def _read(self) -> Sent:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise TrialError("the sender has ended; its own words stand above")
        found: dict[str, Any] = orjson.loads(line)
        return Sent(**{**found, "answers": Counter(found["answers"])})


def acknowledged(folder: Path) -> set[int]:
    """Return the numbers of the events that were acknowledged to the senders of a folder."""
    return {int(line) for line in (folder / "acknowledged").read_text(encoding="ascii").split()}
