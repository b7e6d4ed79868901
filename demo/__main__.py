"""`python -m demo`: the main job from start to verified result; `make demo` calls it."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import ExitStack, nullcontext, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ciokit import AppClient, CustomerIOError, Limits, Rate, RetryPolicy, Settings
from demo import campaigns, received, report
from demo.emulator import Control, started
from demo.journey import Journey
from demo.progress import Meter
from demo.run import send
from demo.verify import Check, read_back, totals

if TYPE_CHECKING:
    import subprocess

_KEY = "demo"  # the emulator lets in any key


def main() -> int:
    """Run the demo; 0 when nothing differs, 1 when something does, 2 when it could not be run."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the emulator is not left behind
    arguments = _parser().parse_args()
    try:
        with ExitStack() as stack:
            base_url, process = arguments.base_url, None
            if base_url is None:
                base_url, process = stack.enter_context(started())
            mismatches = _run(arguments, base_url, stack.enter_context(Control(base_url)))
            if arguments.keep and process is not None:
                _keep(base_url, process)
    except CustomerIOError as error:
        print(f"the demo could not go on: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 1 if mismatches else 0


def _run(arguments: argparse.Namespace, base_url: str, control: Control) -> int:
    # Settings made here and not resolved: whatever keys and profiles this machine has, they stay out of it.
    settings = Settings(
        api_key=_KEY,
        app_api_key=_KEY,
        base_url=base_url,
        limits=Limits(
            rates={
                **Limits().rates,
                "app": Rate(arguments.read_rate, 1.0),
                "app_broadcast": Rate(1, 0.001),  # the emulator's clock is moved on instead of waiting
            }
        ),
        # A cable that is back at once needs no longer waits; hundreds of them would only draw the demo out.
        retry=RetryPolicy(base=0.05) if arguments.faults else RetryPolicy(),
    )
    journey = Journey(arguments.households, arguments.seed)
    with control.pulled_cable() if arguments.faults else nullcontext(), Meter() as meter:
        sent = send(journey, settings, meter)
        checks = read_back(journey, settings, arguments.sample, arguments.seed, meter)
    stats = control.stats()
    checks += totals(journey, sent, stats)
    with TemporaryDirectory() as folder, Meter() as meter:
        told, compared = _campaigns(journey, settings, control, Path(folder), meter, crash=arguments.faults)
    checks += compared
    for line in report.lines(sent, told, checks, stats, call_bytes=settings.limits.call_bytes):
        print(line)
    return sum(check.mismatches for check in checks)


def _campaigns(
    journey: Journey, settings: Settings, control: Control, folder: Path, meter: Meter, *, crash: bool
) -> tuple[list[str], list[Check]]:
    campaigns.prepare(journey, control)
    with AppClient(settings=settings) as app:
        with received.receiving(folder, app, control) as receiver:
            campaigns.send(journey, app, control, meter)
            if crash:
                receiver.kill()
                receiver.start()
            acknowledged = received.settle(control, meter)
        receiver.commit()
        checks = received.compare(journey, receiver, app, acknowledged, meter)
    return list(received.summary(receiver)), checks


def _keep(base_url: str, process: subprocess.Popen[str]) -> None:
    print(
        f"\nThe emulator goes on at {base_url} until Ctrl-C; {base_url}/_emulator/stats says what it holds.", flush=True
    )
    with suppress(KeyboardInterrupt):
        process.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description="Send real retail data, The Complete Journey, to the emulator through the Data Pipelines API; "
        "read it back over the App API, compare it with its Parquet files, and report.",
        epilog="Exit code: 0 when nothing differs, 1 when something does, 2 when the run could not be finished.",
        allow_abbrev=False,
    )
    parser.add_argument("--households", type=_count, metavar="N", help="only N households (default: all 2,469)")
    parser.add_argument(
        "--sample", type=_count, default=50, metavar="N", help="read back the events of N households (50)"
    )
    parser.add_argument(
        "--read-rate",
        type=_count,
        default=10,
        metavar="N",
        help="App API requests a second (10, which the service allows; the emulator takes any number)",
    )
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what draws households and sample (1)")
    parser.add_argument(
        "--faults",
        action="store_true",
        help="pull the network cable: every third request never arrives, every fifth is taken and answered 500; "
        "and kill the receiver of webhooks once",
    )
    parser.add_argument("--base-url", metavar="URL", help="an emulator that runs already, and whose world is empty")
    parser.add_argument("--keep", action="store_true", help="leave the emulator running afterwards, to look around")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return count


if __name__ == "__main__":
    sys.exit(main())
