"""How fast webhooks are acknowledged once they are on disk: against a handler that does nothing, and against Flask."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from urllib.request import urlopen

from benchmarks.processes import BenchmarkError, Server, printed, server
from benchmarks.stopwatch import Measure
from benchmarks.webhook_servers import KEY

NOOP = "a handler that does nothing, same server"
OURS = "ciokit: verified, on disk, committed beside it"
ALONE = "ciokit: verified, on disk"
FLASK = "Flask on gunicorn: verified, nothing kept"


@dataclass(frozen=True)
class Acknowledged:
    """What a load brought: the CPU is the server's; `p50` and `p99` are milliseconds from due to answered."""

    measure: Measure
    p50: float
    p99: float


def webhooks(name: str, count: int, rate: int = 0) -> Acknowledged:
    """Start one of the four, send it `count` webhooks, and look whether what should be on disk is."""
    with _server(name) as running:
        if rate:
            _load(running, rate, rate, gunicorn=False)  # a second to warm up
        found = _load(running, count, rate, gunicorn=name is FLASK)
        if name in (OURS, ALONE) and _kept(running) != count + rate:
            raise BenchmarkError("the receiver does not hold every webhook that it acknowledged")
        return found


@contextmanager
def _server(name: str) -> Generator[Server]:
    if name in (NOOP, FLASK):
        with server("benchmarks.webhook_servers", "noop" if name is NOOP else "flask") as running:
            yield running
        return
    os.environ["CUSTOMERIO_WEBHOOK_SIGNING_KEY"] = KEY
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options = ["--delta", f"{folder}/delta"] if name is OURS else ["--no-commit"]
        arguments = ["serve", "--port", "0", "--quiet", "--journal", f"{folder}/journal", *options]
        with server("ciokit", "webhooks", *arguments) as running:
            yield running


def _load(running: Server, count: int, rate: int, *, gunicorn: bool) -> Acknowledged:
    before = _cpu(running, gunicorn=gunicorn)
    waits, measured = printed("benchmarks.webhook_load", running.port, count, "--rate", rate)
    spent = _cpu(running, gunicorn=gunicorn) - before
    return Acknowledged(replace(Measure.read(measured), cpu=spent), **json.loads(waits))


def _cpu(running: Server, *, gunicorn: bool) -> float:
    """Return the CPU of a server; gunicorn's is that of its workers."""
    found = running.workers_cpu() if gunicorn else running.cpu()
    return math.nan if found is None else found


def _kept(running: Server) -> int:
    """Return how many webhooks a receiver says are on disk."""
    with urlopen(f"{running.address}/metrics", timeout=30) as answer:  # noqa: S310 - a server started here
        text = answer.read().decode()
    found = re.search(r"^ciokit_webhooks_journal_records_total\{.*\} (.*)$", text, re.MULTILINE)
    return int(float(found[1])) if found else 0
