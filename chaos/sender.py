"""Sends signed events as the service does and worse, and writes down which were acknowledged; a process of its own.

Events become due at a steady rate. Each connection sends one at a time and holds up the rest of its line until that one
is acknowledged: after 4 seconds without an answer, a broken connection or any status but 200 it is sent again. On top
of that some are late, so that later ones overtake them; some are sent again although they were acknowledged; some carry
a timestamp of days ago; and before some goes a forgery.

Told `mark` on standard input it prints what happened since the last time; when the input ends, it sends what is still
due and prints the whole. `chaos.sending` is the other end.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import random
import sys
import time
from array import array
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import orjson

from chaos.connection import Connection
from chaos.events import Events, request

_PATIENCE: Final = 4.0  # reporting webhooks, "Timeouts and failures"
_TICK: Final = 0.002
_DAY: Final = 86_400


@dataclass
class _Job:
    number: int
    due: float
    moment: int
    again: bool = False


class _Span:
    """What happened between two marks."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.answers: Counter[str] = Counter()
        self.acknowledged = 0
        self.waits = array("d")

    def tell(self, issued: int, waiting: int) -> None:
        waits = sorted(self.waits)
        shares = {f"p{share}": 1000 * waits[int(len(waits) * share / 100)] if waits else 0.0 for share in (50, 99)}
        longest = 1000 * waits[-1] if waits else 0.0
        seconds = time.monotonic() - self.began
        found = {"seconds": seconds, "acknowledged": self.acknowledged, "answers": self.answers, "longest": longest}
        print(orjson.dumps({**found, **shares, "issued": issued, "waiting": waiting}).decode(), flush=True)


class Sender:
    """Everything that is due, on so many lines."""

    def __init__(self, arguments: argparse.Namespace, record: IO[str]) -> None:
        self._port: int = arguments.port
        self._rate: float = arguments.rate
        self._trouble: float = arguments.trouble
        self._events = Events(arguments.run)
        self._chance = random.Random(arguments.seed)
        self._record = record
        self._ready: asyncio.Queue[_Job] = asyncio.Queue()
        self._issued: int = arguments.first
        self._open = 0
        self._ending = asyncio.Event()
        self._settled = asyncio.Event()
        self._span, self._whole = _Span(), _Span()

    async def run(self, lines: int, most_seconds: float) -> None:
        """Send until standard input ends, and then what is still open, for so many seconds at most."""
        async with asyncio.TaskGroup() as tasks:
            workers = [tasks.create_task(self._line()) for _ in range(lines)]
            listening = tasks.create_task(self._listen())
            await self._schedule()
            if self._open:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._settled.wait(), most_seconds)
            for task in [*workers, listening]:
                task.cancel()
        self._record.flush()
        self._whole.tell(self._issued, self._open)

    async def _listen(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while await reader.readline():
            self._record.flush()
            self._span.tell(self._issued, self._open)
            self._span = _Span()
        self._ending.set()

    async def _schedule(self) -> None:
        """Make events due at the rate; what nobody can take within two seconds is not made."""
        given = time.monotonic()
        while not self._ending.is_set():
            await asyncio.sleep(_TICK)
            now = time.monotonic()
            room = int(2 * self._rate) + 1 - self._ready.qsize()
            count = int((now - given) * self._rate)
            given = given + count / self._rate if count <= room else now
            for _ in range(min(count, room)):
                self._make(now)

    def _make(self, now: float) -> None:
        stale = self._chance.random() < self._trouble
        moment = int(time.time()) + (self._chance.randrange(-6 * _DAY, 3600) if stale else 0)
        job = _Job(self._issued, now, moment)
        self._issued += 1
        self._open += 1
        if self._chance.random() < self._trouble:
            self._later(job, 3.0)
        else:
            self._ready.put_nowait(job)

    def _later(self, job: _Job, most: float) -> None:
        asyncio.get_running_loop().call_later(self._chance.uniform(0, most), self._put, job)

    def _put(self, job: _Job) -> None:
        job.due = time.monotonic()
        self._ready.put_nowait(job)

    async def _line(self) -> None:
        connection: Connection | None = None
        while True:
            job = await self._ready.get()
            while True:
                try:
                    if connection is None:
                        connection = await Connection.open(self._port)
                    status = await self._sent(connection, job)
                except (OSError, TimeoutError) as error:
                    self._count("no answer in 4 s" if isinstance(error, TimeoutError) else "connection broken")
                    if connection is not None:
                        connection.close()
                        connection = None
                else:
                    self._count(str(status))
                    if status == 200:
                        self._acknowledged(job)
                        break
                await asyncio.sleep(self._chance.uniform(0.02, 0.2))
                job.moment = int(time.time()) if self._chance.random() < 0.5 else job.moment

    async def _sent(self, connection: Connection, job: _Job) -> int:
        if self._chance.random() < self._trouble:
            forged = request(self._events.forged(job.number), key="a key that somebody guessed")
            self._count(f"forged: {await connection.ask(forged, _PATIENCE)}")
        return await connection.ask(request(self._events.body(job.number), moment=job.moment), _PATIENCE)

    def _count(self, answer: str) -> None:
        self._span.answers[answer] += 1
        self._whole.answers[answer] += 1

    def _acknowledged(self, job: _Job) -> None:
        waited = time.monotonic() - job.due
        for span in (self._span, self._whole):
            span.waits.append(waited)
            span.acknowledged += not job.again
        if job.again:
            self._count("acknowledged again")
        else:
            self._record.write(f"{job.number}\n")
            if self._chance.random() < self._trouble:
                self._later(_Job(job.number, 0.0, job.moment, again=True), 5.0)
                return
        self._open -= 1
        if not self._open and self._ending.is_set():
            self._settled.set()


def main() -> None:
    """Send until standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("run")
    parser.add_argument("record", type=Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--rate", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=int, default=32)
    parser.add_argument("--trouble", type=float, default=0.02, help="the chance of each kind of trouble")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds for what is open at the end")
    arguments = parser.parse_args()
    with (
        arguments.record.open("a", encoding="ascii") as record,
        asyncio.Runner(loop_factory=importlib.import_module("uvloop").new_event_loop) as runner,
    ):
        runner.run(_sending(arguments, record))


async def _sending(arguments: argparse.Namespace, record: IO[str]) -> None:
    await Sender(arguments, record).run(arguments.lines, arguments.patience)


if __name__ == "__main__":
    main()
