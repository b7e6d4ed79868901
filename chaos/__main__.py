"""`python -m chaos webhooks` and `python -m chaos soak`; `make chaos-webhooks` and `make soak-webhooks` call them."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from chaos import clients, disks, kills, soak, surroundings
from chaos.processes import TrialError
from chaos.trial import Outcome, Sizes, report

TRIALS: Final[dict[str, Callable[[Path, Sizes], Outcome]]] = {
    "kills": kills.kills,
    "disk-full": disks.disk_full,
    "read-only": disks.read_only,
    "store-away": surroundings.store_away,
    "clock": surroundings.clock_jumps,
    "forged": clients.forged,
    "slowloris": clients.slowloris,
    "poisoned": clients.poisoned,
}


def main() -> int:
    """Run; 0 if all is as it should be, 1 if not, 2 if a trial could not be carried out."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no receiver is left behind
    arguments = _parser().parse_args()
    try:
        with _folder(arguments.keep) as folder:
            return int(arguments.run(arguments, folder))
    except TrialError as error:
        print(f"it could not be tried: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _webhooks(arguments: argparse.Namespace, folder: Path) -> int:
    sizes = Sizes(
        kills=arguments.kills,
        seed=arguments.seed,
        rate=arguments.rate,
        seconds=arguments.seconds,
        outage=arguments.outage,
        forged=arguments.forged,
        slow=arguments.slow,
        good=arguments.good,
    )
    outcomes: list[Outcome] = []
    for name in arguments.only or TRIALS:
        print(f"{name}: {(TRIALS[name].__doc__ or '').splitlines()[0]}", file=sys.stderr, flush=True)
        (folder / name).mkdir()
        outcomes.append(TRIALS[name](folder / name, sizes))
        print(
            f"{name}: {'as it should be' if outcomes[-1].sound else 'NOT as it should be'}", file=sys.stderr, flush=True
        )
    for line in report(outcomes):
        print(line)
    return 0 if all(outcome.sound for outcome in outcomes) else 1


def _soak(arguments: argparse.Namespace, folder: Path) -> int:
    sizes = Sizes(seed=arguments.seed, rate=arguments.rate, seconds=arguments.seconds)
    outcome, verdicts, samples = soak.soak(folder, sizes)
    for line in (*soak.table(verdicts, samples), *report([outcome])):
        print(line)
    return 0 if outcome.sound and all(verdict.within is not False for verdict in verdicts) else 1


@contextmanager
def _folder(keep: Path | None) -> Generator[Path]:
    if keep is not None:
        keep.mkdir(parents=True)
        yield keep.absolute()
        return
    with TemporaryDirectory(prefix="ciokit-chaos-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chaos",
        description="Try to make the webhook receiver lose an event or store one twice.",
        epilog="Exit code: 0 as it should be, 1 not so, 2 could not be tried.",
        allow_abbrev=False,
    )
    below = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    default = Sizes()
    webhooks = below.add_parser(
        "webhooks",
        help="kill -9, broken disks, stores and clocks, bad clients",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    webhooks.set_defaults(run=_webhooks)
    webhooks.add_argument("--only", action="append", choices=TRIALS, help="this trial, and others named likewise")
    for option, kind, value, words in (
        ("--kills", int, default.kills, "how often receiver or committer is killed"),
        ("--rate", float, default.rate, "events a second"),
        ("--seconds", float, default.seconds, "how long the trials last that have no end of their own"),
        ("--outage", float, default.outage, "how many seconds the object store is away"),
        ("--forged", int, default.forged, "how many bad requests"),
        ("--slow", int, default.slow, "how many slow clients at once"),
        ("--good", int, default.good, "how many good events follow the poisoned one"),
    ):
        webhooks.add_argument(option, type=kind, default=value, metavar="N", help=words)
    steady = below.add_parser(
        "soak",
        help="a steady load, and whether memory and files stay bounded",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        allow_abbrev=False,
    )
    steady.set_defaults(run=_soak)
    steady.add_argument("--seconds", type=float, default=600.0, metavar="S", help="how long")
    steady.add_argument(
        "--rate", type=float, default=1000.0, metavar="N", help="events a second; fewer if that is too many"
    )
    for each in (webhooks, steady):
        each.add_argument(
            "--seed", type=int, default=default.seed, metavar="N", help="what draws the instants and troubles"
        )
        each.add_argument("--keep", type=Path, metavar="DIR", help="a new folder to work in and to leave there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
