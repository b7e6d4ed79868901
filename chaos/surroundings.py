"""An object store that cannot be reached, and a clock that jumps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.request import Request, urlopen

from chaos.events import RAW, Events
from chaos.processes import ROOT, Receiver, free_port, until
from chaos.sending import Sending
from chaos.trial import Outcome, Sizes, settle
from ciokit.webhooks.journal_reader import JournalReader
from tests.support.cut_wire import CutWire

_BUCKET: Final = "landing"
_SLOW_STORE: Final = 3.0  # how much less is sent than to a local disk
_CATCH_UP: Final = 180.0
_JUMPS: Final = (3600.0, -3600.0, 3 * 86_400.0, -3 * 86_400.0, 0.0)


def store_away(folder: Path, sizes: Sizes) -> Outcome:
    """Cut the wire between the committer and its object store under load, and mend it after a minute."""
    events = Events(f"away-{sizes.seed}")
    with _object_store(folder, free_port()) as (wire, options):
        settings = folder / "store.json"
        settings.write_text(json.dumps(options), encoding="ascii")
        port = free_port()
        with (
            Receiver(
                folder,
                port,
                *("--storage-options", str(settings), "--max-age", "1"),
                tables=f"s3://{_BUCKET}/webhooks",
            ) as receiver,
            Sending(folder, port, events.run, rate=sizes.rate / _SLOW_STORE, seed=sizes.seed) as sending,
        ):
            reader = JournalReader(receiver.journal)
            until(
                lambda: any(reader.cursor(lane, "delta") for lane in reader.lanes()), 120, "a batch should be committed"
            )
            sending.mark()
            wire.cut()
            until(lambda: False, sizes.outage)
            away, waiting = sending.mark(), reader.backlog()
            reached = max(reader.cursor(lane, "delta") for lane in reader.lanes())
            wire.mend()
            # Not until little waits: where commits take seconds, what comes meanwhile is more than that.
            until(
                lambda: max(reader.cursor(lane, "delta") for lane in reader.lanes()) > reached,
                _CATCH_UP,
                "the committer should go on",
            )
            sent = sending.finish()
            words = f"{away.acknowledged:,} events were acknowledged meanwhile, p99 {away.p99:.1f} ms"
            cut = f"connections to the store were cut for {sizes.outage:g} s"
            facts = [f"how          {cut}; {words}; {waiting / 1e6:.1f} MB waited"]
            wrong = [] if away.acknowledged else ["nothing was acknowledged while the store was away"]
            if waiting < 1:
                wrong.append("nothing waited for the store: it was not away")
            return settle(
                "object store away",
                receiver,
                folder,
                sent,
                events,
                facts=facts,
                wrong=wrong,
                options=options,
                settings=settings,
            )


@contextmanager
def _object_store(folder: Path, port: int) -> Generator[tuple[CutWire, dict[str, str]]]:
    """Serve an object store with a bucket, behind a wire; yields the wire and how delta-rs reaches the store."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "store.log").open("ab") as log:
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)  # noqa: S603 - our own
    try:
        until(lambda: _bucket_made(port), 60, "the object store should answer")
        with CutWire(port) as wire:
            options = {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{wire.port}",
                "AWS_ALLOW_HTTP": "true",
                "AWS_REGION": "us-east-1",
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "secret",
            }
            yield wire, options
    finally:
        server.kill()
        server.wait()


def _bucket_made(port: int) -> bool:
    try:
        with urlopen(Request(f"http://127.0.0.1:{port}/{_BUCKET}", method="PUT"), timeout=10) as answer:
            return int(answer.status) == 200
    except OSError:
        return False


def clock_jumps(folder: Path, sizes: Sizes) -> Outcome:
    """Let the clock of receiver and committer jump by hours and days under load, forth and back."""
    events = Events(f"clock-{sizes.seed}")
    port = free_port()
    offset = folder / "offset"
    offset.write_text("0", encoding="ascii")
    (folder / "sitecustomize.py").write_text("import chaos.skewed\n", encoding="ascii")  # loaded first by every Python
    path = os.pathsep.join(filter(None, (str(folder), str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {"CHAOS_CLOCK": str(offset), "PYTHONPATH": path}
    with (
        Receiver(folder, port, "--max-age", "0.5", "--keep-hours", "1", environment=environment) as receiver,
        Sending(folder, port, events.run, rate=sizes.rate, seed=sizes.seed) as sending,
    ):
        for jump in _JUMPS:
            until(lambda: False, sizes.seconds / len(_JUMPS))
            fresh = offset.with_suffix(".new")
            fresh.write_text(str(jump), encoding="ascii")
            fresh.replace(offset)
        until(lambda: False, sizes.seconds / len(_JUMPS))
        sent = sending.finish()
        hours = ", ".join(f"{jump / 3600:+.0f} h" for jump in _JUMPS)
        outcome = settle("clock jumps", receiver, folder, sent, events, facts=[])
    days = _days(str(receiver.tables))
    facts = [
        f"how          the functions that tell the time were led astray in both processes: {hours} from the real time",
        f"stored with  {len(days)} different dates of receipt; timestamps were up to 6 days old as well",
    ]
    wrong = [*outcome.wrong] if len(days) > 2 else [*outcome.wrong, "the clock did not jump"]
    return Outcome(outcome.name, outcome.compared, outcome.answers, facts, wrong)


def _days(tables: str) -> set[int]:
    from deltalake import DeltaTable

    found: set[int] = set()
    for batch in DeltaTable(f"{tables}/{RAW}").scan(columns=["received_at"]):
        found |= {moment.toordinal() for moment in batch.column("received_at").to_pylist()}
    return found
