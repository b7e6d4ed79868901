"""`python -m benchmarks [--quick]`: runs every measure in turn and prints a table of what it found."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks import crawling
from benchmarks import webhooks as hooks
from benchmarks.processes import BenchmarkError, ask, cores, measure, printed, server
from benchmarks.stopwatch import Measure


@dataclass(frozen=True)
class Scale:
    """How much is done: rows and calls of each run, and how often all runs are repeated."""

    rows: int
    peer_rows: int
    calls: int
    singles: int
    batched: int
    acknowledged: int
    committed: int
    rounds: int
    people: int
    page: int


_FULL = Scale(
    rows=150_000,
    peer_rows=20_000,
    calls=1_000,
    singles=5_000,
    batched=100_000,
    acknowledged=30_000,
    committed=100_000,
    rounds=5,
    people=100_000,
    page=334,
)
_QUICK = Scale(
    rows=60_000,
    peer_rows=8_000,
    calls=300,
    singles=2_000,
    batched=40_000,
    acknowledged=10_000,
    committed=20_000,
    rounds=1,
    people=10_000,
    page=100,
)

Runs = dict[str, list[Measure]]


def alternate(runs: dict[str, Callable[[], Measure]], rounds: int) -> Runs:
    """Run each in turn, `rounds` times, so that a machine that slows down does so for all."""
    found: Runs = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            found[name].append(run())
    return found


def ratio(top: list[float], bottom: list[float]) -> float:
    """Return the median of the ratios of the rounds: neighbours in time, under the same conditions."""
    return median(one / other for one, other in zip(top, bottom, strict=True))


def rates(measures: list[Measure]) -> list[float]:
    """Return the units per second of each round."""
    return [each.rate for each in measures]


def costs(measures: list[Measure]) -> list[float]:
    """Return the CPU of a unit in each round."""
    return [each.cost for each in measures]


def show(runs: Runs, unit: str) -> None:
    """Print the medians of each run."""
    for name, measures in runs.items():
        print(f"  {name:<50} {median(rates(measures)):>11,.0f} {unit}/s {median(costs(measures)):>9,.2f} us CPU")


def judge(what: str, found: float, sign: str, target: float) -> None:
    """Print a number beside its target."""
    reached = found >= target if sign == ">=" else found <= target
    print(f"  {what:<50} {found:>11,.2f}   target {sign} {target:,g}: {'reached' if reached else 'missed'}")


def batches(scale: Scale) -> None:
    """Measure rows through `client.batch`."""
    with server("benchmarks.sink") as sink:

        def arriving(module: str, count: int, *more: str) -> Callable[[], Measure]:
            def run() -> Measure:
                result = measure(module, sink.port, count, *more)
                arrived = ask(f"http://127.0.0.1:{sink.port}/")
                if arrived["bytes"] < 200 * count:
                    raise BenchmarkError(f"{module} sent {arrived['bytes']:,} B for {count:,} rows")
                return result

            return run

        runs = alternate(
            {
                "floor: encode, join, one bare socket": arriving("benchmarks.floor", scale.rows),
                "ciokit, messageId given": arriving("benchmarks.ours", scale.rows, "named"),
                "ciokit, messageId minted": arriving("benchmarks.ours", scale.rows, "nameless"),
                "customerio-cdp-analytics, messageId minted": arriving("benchmarks.peer", scale.peer_rows),
            },
            scale.rounds,
        )
    floor, named, nameless, peer = runs.values()
    show(runs, "rows")
    judge("ciokit / official client, rows/s", ratio(rates(nameless), rates(peer)), ">=", 10)
    judge("official client / ciokit, CPU a row", ratio(costs(peer), costs(nameless)), ">=", 10)
    judge("ciokit / floor, rows/s", ratio(rates(named), rates(floor)), ">=", 0.5)
    judge("floor / ciokit, CPU a row", ratio(costs(floor), costs(named)), ">=", 0.5)


def calls(scale: Scale) -> None:
    """Measure single calls."""
    kinds = {"blocking": 0, "awaitable": 1, "awaitable, 16 at once": 16}
    with server("benchmarks.sink") as sink:
        runs = alternate(
            {
                f"{name}, {kind}": partial(measure, "benchmarks.calls", sink.port, scale.calls, who, ways)
                for kind, ways in kinds.items()
                for name, who in (("httpx2 post", "bare"), ("ciokit track", "ours"))
            },
            scale.rounds,
        )
    show(runs, "calls")
    for kind in kinds:
        found = ratio(costs(runs[f"ciokit track, {kind}"]), costs(runs[f"httpx2 post, {kind}"]))
        judge(f"ciokit / httpx2, CPU a call, {kind}", found, "<=", 1.3)


def emulator(scale: Scale) -> None:
    """Measure the emulator, bound to one core where that can be done; what asks it has another."""
    available = cores()
    its, ours = (available[0], available[-1]) if len(available) > 1 else (None, None)
    shapes = {"track calls": ("single", scale.singles), "events in batches": ("batch", scale.batched)}
    found: Runs = {name: [] for name in shapes}
    for _ in range(scale.rounds):
        for name, (shape, count) in shapes.items():
            with server("ciokit", "emulate", "--port", 0, "--quiet", core=its) as emulated:
                before = emulated.cpu()
                result = measure("benchmarks.load", emulated.port, count, shape, core=ours)
                after = emulated.cpu()
                if ask(f"{emulated.address}/_emulator/stats")["events"] != count:
                    raise BenchmarkError("the emulator does not hold every event that was sent")
            spent = after - before if before is not None and after is not None else math.nan
            found[name].append(replace(result, cpu=spent))
    show(found, "events")
    judge("single track calls/s on one core", median(rates(found["track calls"])), ">=", 2_000)
    judge("batched events/s on one core", median(rates(found["events in batches"])), ">=", 30_000)


def receiving(scale: Scale) -> None:
    """Measure the receiver of webhooks; Flask gets a third of them, as it takes about as long for those."""
    counts = {hooks.NOOP: 1, hooks.OURS: 1, hooks.ALONE: 1, hooks.FLASK: 3}

    def run(name: str) -> Measure:
        return hooks.webhooks(name, scale.acknowledged // counts[name]).measure

    runs = alternate({name: partial(run, name) for name in counts}, scale.rounds)
    show(runs, "webhooks")
    noop, ours, _, flask = map(rates, runs.values())
    judge("ciokit / no-op, webhooks/s", ratio(ours, noop), ">=", 0.4)
    judge("ciokit / Flask, webhooks/s", ratio(ours, flask), ">=", 3)
    steady = [hooks.webhooks(hooks.OURS, 10 * _STEADY, _STEADY) for _ in range(scale.rounds)]
    print(f"  {f'p50 at {_STEADY:,} webhooks/s, ms':<50} {median(each.p50 for each in steady):>11,.2f}")
    judge(f"p99 at {_STEADY:,} webhooks/s, ms", median(each.p99 for each in steady), "<=", 50)


def committing(scale: Scale) -> None:
    """Measure how fast the journal comes into Delta tables, beside plain appends of the same rows."""

    def run(who: str) -> Measure:
        with TemporaryDirectory(prefix="ciokit-bench-") as fresh:
            (Path(fresh) / "journal").symlink_to(journal)
            for left in (*journal.glob("seen/*"), *journal.glob("lane-*/*.cursor")):
                left.unlink()
            return measure("benchmarks.committing", who, fresh, scale.committed)

    with TemporaryDirectory(prefix="ciokit-bench-") as kept:
        journal = Path(kept) / "journal"
        printed("benchmarks.committing", "fill", kept, scale.committed)
        names = {"bare delta-rs, Arrow data at hand": "bare", "ciokit webhooks commit": "ours"}
        runs = alternate({name: partial(run, who) for name, who in names.items()}, scale.rounds)
    show(runs, "events")
    bare, ours = runs.values()
    judge("ciokit / bare delta-rs, events/s", ratio(rates(ours), rates(bare)), ">=", 0.5)


_STEADY = 1_000  # webhooks a second


def crawl(scale: Scale) -> None:
    """Measure a crawl of everybody against an emulator that enforces the pace."""
    judge("share of the allowed pace", crawling.measure(scale.people, scale.page, kills=3), ">=", 0.98)


_PARTS: dict[str, tuple[str, Callable[[Scale], None]]] = {
    "batches": ("Rows through `client.batch`", batches),
    "calls": ("Single calls", calls),
    "emulator": ("The emulator", emulator),
    "webhooks": ("Receiving webhooks", receiving),
    "tables": ("Webhooks into Delta tables", committing),
    "crawl": ("A crawl of everybody", crawl),
}
_USUAL = ("batches", "calls", "emulator", "webhooks", "tables")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for; 1 if one of them could not be run, whatever the numbers are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=sys.modules["benchmarks"].__doc__)
    parser.add_argument("--quick", action="store_true", help="one small round of each: seconds, and rough numbers")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"{', '.join(_PARTS)}; {', '.join(_USUAL)} if none is named"
    )
    options = parser.parse_args(arguments)
    unknown = set(options.parts) - _PARTS.keys()
    if unknown:
        parser.error(f"{min(unknown)} is no part; there are {', '.join(_PARTS)}")
    scale = _QUICK if options.quick else _FULL
    version = ".".join(map(str, sys.version_info[:3]))
    print(f"Python {version}, {len(cores()) or '?'} cores; medians of {scale.rounds} alternating rounds")
    failed, started = False, time.monotonic()
    for name in options.parts or _USUAL:
        title, part = _PARTS[name]
        print(f"\n{title}")
        try:
            part(scale)
        except BenchmarkError as error:
            failed = True
            print(f"  could not be measured: {error}")
    print(f"\n{time.monotonic() - started:.0f} s")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
