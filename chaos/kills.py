"""Kills receiver and committer with -9 at random instants under load, again and again."""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

import orjson

from chaos.compare import orphans
from chaos.events import RAW, Events
from chaos.processes import Receiver, alive, free_port, newest_commit, until
from chaos.sending import Sending, Sent
from chaos.trial import Outcome, Sizes, settle
from ciokit.webhooks.journal_reader import JournalReader

_AT_ONCE: Final = 0.15  # the share of kills that do not wait until their victim works
_SPREAD: Final = 0.8  # seconds after that within which a kill falls
_PATIENCE: Final = 20.0

# Batches are small and segments short, so that kills meet commits, new segments, compaction and removal often.
OPTIONS: Final = ("--max-age", "0.25", "--segment-bytes", "1000000", "--keep-hours", "0.01", "--vacuum-hours", "0.002")


def kills(folder: Path, sizes: Sizes) -> Outcome:
    """Kill as often as asked for, let all be committed, and compare."""
    chance = random.Random(sizes.seed)
    events = Events(f"kills-{sizes.seed}")
    with Receiver(folder, free_port(), *OPTIONS) as receiver:
        with Sending(folder, receiver.port, events.run, rate=sizes.rate, seed=sizes.seed, patience=120) as sending:
            killing = _Killing(receiver, sending, chance, sizes.kills)
            while killing.done < sizes.kills:
                killing.once()
            sent = sending.finish()
        facts = killing.facts()
        outcome = settle("kill -9 under load", receiver, folder, sent, events, facts=facts)
    return replace(outcome, facts=[*facts, *_traces(receiver)])


class _Killing:
    def __init__(self, receiver: Receiver, sending: Sending, chance: random.Random, wanted: int) -> None:
        self.done = 0
        self._receiver = receiver
        self._sending = sending
        self._chance = chance
        self._wanted = wanted
        self._kills: Counter[str] = Counter()
        self._inside = 0
        self._acknowledged = 0
        self._began = self._told = time.monotonic()
        self._commit = ""
        self._victims: dict[str, Callable[[], None]] = {
            "receiver": self._kill_receiver,
            "committer": self._kill_committer,
            "both": self._kill_both,
        }

    def once(self) -> None:
        """Kill somebody, and start them again where nobody else does."""
        (victim,) = self._chance.choices(list(self._victims), (4, 4, 2))
        if self._chance.random() > _AT_ONCE:
            until(self._receiver.listens, _PATIENCE)
            if victim != "receiver":
                until(lambda: newest_commit(str(self._receiver.tables)) > self._commit, _PATIENCE)
        threading.Event().wait(self._chance.uniform(0, _SPREAD))
        self._victims[victim]()

    def facts(self) -> list[str]:
        """Return what was killed."""
        each = ", ".join(f"{count} {victim}" for victim, count in sorted(self._kills.items()))
        seconds = time.monotonic() - self._began
        return [f"killed       {self.done} times in {seconds:.0f} s ({each}), {self._inside} inside a batch"]

    def _kill_receiver(self) -> None:
        self._receiver.kill()
        self._receiver.start()
        self._count("receiver")

    def _kill_committer(self) -> None:
        if pids := self._receiver.committers():
            _kill(pids)
            self._look("committer")

    def _kill_both(self) -> None:
        pids = self._receiver.committers()
        os.kill(self._receiver.pid, signal.SIGKILL)
        _kill(pids)
        self._receiver.kill()
        self._receiver.start()
        self._look("both")

    def _look(self, victim: str) -> None:
        """See whether the kill fell between the commit to the raw table and the end of its batch."""
        self._commit = newest_commit(str(self._receiver.tables))
        with suppress(OSError, ValueError):
            self._inside += _inside(self._receiver, self._commit)
        self._count(victim)

    def _count(self, victim: str) -> None:
        self.done += 1
        self._kills[victim] += 1
        now = time.monotonic()
        if now - self._told >= 5 or self.done == self._wanted:
            sent = self._sending.mark()
            self._acknowledged += sent.acknowledged
            self._told = now
            self._tell(sent, now)

    def _tell(self, sent: Sent, now: float) -> None:
        left = (self._wanted - self.done) * (now - self._began) / self.done
        words = (
            f"kills: {self.done} of {self._wanted}, {self._acknowledged:,} events acknowledged ({sent.rate:,.0f}/s), "
        )
        print(f"{words}{left:.0f} s left", file=sys.stderr, flush=True)


def _kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(alive, pids)), _PATIENCE)


def _inside(receiver: Receiver, commit: str) -> bool:
    reader = JournalReader(receiver.journal)
    log = Path(str(receiver.tables)) / RAW / "_delta_log" / commit
    actions = [orjson.loads(line) for line in log.read_bytes().splitlines()]
    done = {action["txn"]["appId"]: action["txn"]["version"] for action in actions if "txn" in action}
    name = f"ciokit-webhooks/{reader.id}"
    return any(done.get(f"{name}/{lane}", 0) > reader.cursor(lane, "delta") for lane in reader.lanes())


def _traces(receiver: Receiver) -> list[str]:
    """Return what the kills left behind."""
    reader = JournalReader(receiver.journal)
    for lane in reader.lanes():
        for _ in reader.all_records(lane):
            pass
    torn = len(reader.damage)
    files = orphans(str(receiver.tables))
    return [
        f"left behind  {torn} torn ends in what is left of the journal, {files} files of commits that were never made"
    ]
