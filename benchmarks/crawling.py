"""A crawl of a whole workspace: at what share of the allowed pace, and what is missed when it is killed on the way."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from benchmarks.processes import BenchmarkError, ask, running, server
from benchmarks.stopwatch import Measure
from ciokit.settings import Limits

_CHUNK = 5_000
_PACE = Limits().rates["app"]


@dataclass(frozen=True)
class Crawled:
    """What a crawl found: everybody by `cio_id`, rows that came twice, and what the processes measured."""

    people: Counter[str]
    without_id: int
    without_email: int
    repeated: int
    kills: int
    measure: Measure


def people(count: int) -> Iterator[dict[str, Any]]:
    """Yield people to seed: every third has no e-mail address, every third no id."""
    for number in range(count):
        person: dict[str, Any] = {"attributes": {"number": number}}
        if number % 3 != 1:
            person["id"] = f"person-{number}"
        if number % 3 != 2:
            person["email"] = f"person{number}@example.com"
        yield person


def seed(url: str, count: int) -> None:
    """Put people into an emulator that runs."""
    everybody = list(people(count))
    for start in range(0, count, _CHUNK):
        body = json.dumps({"people": everybody[start : start + _CHUNK]}).encode()
        with urlopen(Request(f"{url}/_emulator/seed", body, method="POST"), timeout=60):  # noqa: S310 - started here
            pass


def crawl(url: str, folder: Path, page: int, *, pace: tuple[int, float] | None = None, lives: list[float]) -> Crawled:
    """Crawl in one process after the other, each killed with SIGKILL after its seconds of `lives`, the last not."""
    command = ("benchmarks.crawler", url, folder, page, *(pace or ()))
    kills = 0
    for life in lives:
        with running(*command) as process:
            try:
                process.wait(life)
            except subprocess.TimeoutExpired:
                process.kill()
                kills += 1
    with running(*command) as process:
        out, err = process.communicate(timeout=300)
    if process.returncode:
        raise BenchmarkError(f"the crawl ended with {process.returncode}: {(err.strip().splitlines() or ['?'])[-1]}")
    rows = [json.loads(line) for line in (folder / "people.jsonl").read_bytes().splitlines()]
    return Crawled(
        Counter(row["cio_id"] for row in rows),
        sum(row["id"] is None for row in rows),
        sum(row["email"] is None for row in rows),
        json.loads((folder / "state.json").read_bytes())["repeated"],
        kills,
        Measure.read(out.splitlines()[-1]),
    )


def checked(found: Crawled, count: int) -> str:
    """Return what a crawl of `count` people found in words; raise `BenchmarkError` if it is not everybody, once."""
    twice = sum(found.people.values()) - len(found.people)
    if (len(found.people), twice, found.repeated) != (count, 0, 0):
        text = f"{len(found.people):,} of {count:,} people were found, {twice:,} of them twice"
        raise BenchmarkError(text)
    missing = f"{found.without_id:,} without id, {found.without_email:,} without e-mail"
    return f"{count:,} people, {missing}, none missed, none twice"


def share(requests: int, wall: float) -> float:
    """Return the share of the pace: the time so many requests take at the least, over the time they took."""
    return (-(-requests // _PACE.requests) - 1) * _PACE.seconds / wall


def measure(count: int, page: int, kills: int) -> float:
    """Crawl once undisturbed and once with kills, tell what was seen, and return the share of the pace."""
    with (
        tempfile.TemporaryDirectory() as folder,
        server("ciokit", "emulate", "--port", 0, "--quiet", "--switch", "rate_limits=enforce") as emulated,
    ):
        seed(emulated.address, count)
        whole, broken = Path(folder, "whole"), Path(folder, "broken")
        whole.mkdir()
        broken.mkdir()
        found = crawl(emulated.address, whole, page, lives=[])
        refused = _statuses(emulated.address).get("429", 0)
        print(f"  undisturbed: {checked(found, count)}")
        took = f"{found.measure.count:,} requests in {found.measure.wall:.2f} s"
        print(f"  {took} at {_PACE.requests} a second, {refused} of them answered 429")
        lives = [random.uniform(0.5, found.measure.wall / (kills + 1)) for _ in range(kills)]
        again = crawl(emulated.address, broken, page, lives=lives)
        print(f"  killed {again.kills} times with SIGKILL, each time resumed: {checked(again, count)}")
    if refused:
        raise BenchmarkError(f"{refused} requests came too fast")
    return share(found.measure.count, found.measure.wall)


def _statuses(url: str) -> dict[str, int]:
    stats: Any = ask(f"{url}/_emulator/stats")
    found: dict[str, int] = stats["by_status"]
    return found


if __name__ == "__main__":
    print(f"{measure(int(sys.argv[1]), int(sys.argv[2]), kills=3):.3f} of the pace")
