"""Receivers and committers as real processes that can be killed, frozen in their rights, and started again."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from chaos.events import KEY, RAW

ROOT: Final = Path(__file__).resolve().parents[1]
_STOP_SECONDS: Final = 90
_DROP_FROM_BOUNDS: Final = 24  # prctl(2), PR_CAPBSET_DROP
_IGNORE_MODES: Final = 1  # capabilities(7), CAP_DAC_OVERRIDE


class TrialError(Exception):
    """A trial could not be carried out; that says nothing about what was on trial."""


def until(condition: Callable[[], object], seconds: float, what: str = "") -> bool:
    """Wait for something that other processes bring about; if it does not come and has a name, raise `TrialError`."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return True
        pause.wait(0.02)
    if what:
        raise TrialError(f"{what}: not within {seconds:g} s")
    return False


def free_port() -> int:
    """Return a free port that no client is given by chance: it must still be free while the server is dead."""
    while True:
        port = random.SystemRandom().randrange(15_000, 30_000)  # another trial may run beside this one
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


class Receiver:
    """`ciokit webhooks serve`, and the committer that it starts beside itself.

    Args:
        folder: where its log goes, and journal and tables unless others are given.
        port: where it listens, the same after each start.
        options: more options of the command.
        journal: the folder of the journal.
        tables: where the tables are; None to have them nowhere, and no committer.
        environment: more variables for it and its committer.
        obeys_modes: take root's right to write where the mode of a folder forbids it.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        *options: str,
        journal: Path | None = None,
        tables: str | None = "",
        environment: Mapping[str, str] | None = None,
        obeys_modes: bool = False,
    ) -> None:
        self.port = port
        self.journal = journal or folder / "journal"
        self.tables = tables if tables or tables is None else str(folder / "tables")
        self.log = folder / "receiver.log"
        where = ["--no-commit"] if self.tables is None else ["--delta", self.tables]
        words = ["webhooks", "serve", "--quiet", "--port", str(port), "--journal", str(self.journal), *where]
        self._command = [sys.executable, "-m", "ciokit", *words, *options]
        self._environment = {**os.environ, "CUSTOMERIO_WEBHOOK_SIGNING_KEY": KEY, **(environment or {})}
        self._obeys_modes = obeys_modes
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        until(self.listens, 60, "the receiver should listen")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        committers = self.committers()
        self.kill()
        until(lambda: not any(map(alive, committers)), 60)  # their input has ended: they commit what they have begun

    def start(self) -> None:
        """Start it; it may not listen yet when this returns."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=_obey_modes if self._obeys_modes else None,  # noqa: PLW1509 - no thread runs here yet
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        if self._process is None:
            raise TrialError("the receiver was not started")
        return self._process.pid

    def listens(self) -> bool:
        """Tell whether it takes connections."""
        if self._process is not None and self._process.poll() is not None:
            raise TrialError(f"the receiver has ended: {self.last_words()}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def committers(self) -> list[int]:
        """Return the process ids of what it has started and that lives."""
        return [] if self._process is None else [pid for pid in children(self._process.pid) if alive(pid)]

    def kill(self) -> None:
        """Kill it with -9 and bury it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        """Ask it to end and return its code."""
        if self._process is None:
            return 0
        self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise TrialError(f"the receiver did not end within {_STOP_SECONDS} s: {self.last_words()}") from None

    def last_words(self) -> str:
        """Return the end of its log."""
        return " ".join(self.log.read_text(encoding="utf-8").splitlines()[-3:])


def ciokit(log: Path, *words: str) -> int:
    """Run a command to its end and return its code; what it prints goes to the log."""
    with log.open("ab") as out:
        command = [sys.executable, "-m", "ciokit", *words]
        return subprocess.run(command, cwd=ROOT, stdout=out, stderr=out, check=False, timeout=600).returncode  # noqa: S603 - our own


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):  # each thread has those it started
        with suppress(OSError):
            found += map(int, thread.read_text(encoding="ascii").split())
    return found


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that is only not buried yet does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return False


def resident(pid: int) -> int:
    """Return the bytes of memory that a process holds; 0 if it is gone."""
    with suppress(OSError, IndexError):
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    return 0


def newest_commit(tables: str) -> str:
    """Return the name of the newest commit to the raw table on this disk."""
    log = Path(tables) / RAW / "_delta_log"
    return max((path.name for path in log.glob("*.json")), default="")


def _obey_modes() -> None:
    """Give up root's right to write where a mode forbids it, for whatever is executed next."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(_DROP_FROM_BOUNDS, _IGNORE_MODES, 0, 0, 0)
