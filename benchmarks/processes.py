"""Starting what is measured: every measure in a process of its own, servers for as long as a block lasts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from benchmarks.stopwatch import Measure

_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Server:
    """A server that runs: the address it printed, and its process."""

    address: str
    pid: int

    @property
    def port(self) -> int:
        """The port at the end of its address."""
        return int(self.address.rpartition(":")[2])

    def cpu(self) -> float | None:
        """Return the seconds of CPU it has used so far, or None where the system does not tell."""
        return _cpu(self.pid)

    def workers_cpu(self) -> float | None:
        """Return the seconds of CPU that the processes it has started have used so far, or None likewise."""
        try:
            children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split()
        except OSError:
            return None
        return sum(_cpu(int(child)) or 0.0 for child in children)


def _cpu(pid: int) -> float | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class BenchmarkError(Exception):
    """Something could not be measured."""


def measure(module: str, *arguments: object, core: int | None = None) -> Measure:
    """Run `python -m module arguments` and return what it measured, or raise `BenchmarkError`."""
    return Measure.read(printed(module, *arguments, core=core)[-1])


def printed(module: str, *arguments: object, core: int | None = None) -> list[str]:
    """Run `python -m module arguments` and return the lines it printed, or raise `BenchmarkError`."""
    with running(module, *arguments) as process:
        pin(process.pid, core)
        out, err = process.communicate(timeout=120)
    if process.returncode:
        raise BenchmarkError(f"{module} ended with {process.returncode}: {(err.strip().splitlines() or ['?'])[-1]}")
    return out.splitlines()


@contextmanager
def server(module: str, *arguments: object, core: int | None = None) -> Generator[Server]:
    """Run a server, which prints its address in its first line, for as long as the block lasts."""
    with running(module, *arguments) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            if not line:
                _, err = process.communicate(timeout=10)
                raise BenchmarkError(f"{module} did not start: {(err.strip().splitlines() or ['?'])[-1]}")
            pin(process.pid, core)
            yield Server(line, process.pid)
        finally:
            process.terminate()


def running(module: str, *arguments: object) -> subprocess.Popen[str]:
    """Start `python -m module arguments`; the block waits for its end."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=_ROOT, stdout=pipe, stderr=pipe, text=True)  # noqa: S603 - modules named here


def ask(url: str) -> dict[str, int]:
    """Return the JSON at a URL of this machine."""
    with urlopen(url, timeout=30) as answer:  # noqa: S310 - the URL is that of a server started here
        found: dict[str, int] = json.load(answer)
    return found


def cores() -> list[int]:
    """Return the cores this process may use; none where a process cannot be bound to one."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def pin(pid: int, core: int | None) -> None:
    """Bind a process to one core."""
    if core is not None:
        os.sched_setaffinity(pid, {core})
