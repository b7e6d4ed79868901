"""A journal whose disk is full, and one that may not be written."""

from __future__ import annotations

import resource
import subprocess
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.error import HTTPError
from urllib.request import urlopen

from chaos.events import Events
from chaos.processes import Receiver, TrialError, free_port, until
from chaos.sending import Sending
from chaos.trial import Outcome, Sizes, settle

_MOST: Final = 30.0
_DISK: Final = "24m"
_FILE_BYTES: Final = 200_000


def disk_full(folder: Path, sizes: Sizes) -> Outcome:
    """Fill the journal's disk under load, and make room again: a disk of its own for root, else a limit to files."""
    events = Events(f"full-{sizes.seed}")
    port = free_port()
    with small_disk(folder / "disk") as disk:
        how = "a disk of its own was filled to the last byte" if disk else "files of the receiver were limited in size"
        where = disk or folder / "disk"
        options = ("--min-free-bytes", "1", "--max-age", "0.5")
        with (
            Receiver(folder, port, *options, journal=where / "journal") as receiver,
            Sending(folder, port, events.run, rate=sizes.rate, seed=sizes.seed) as sending,
        ):
            _wait_for(sending, "200")
            _fill(disk, receiver)
            refused = _wait_for(sending, "503")
            ready = (status(port, "/ready"), status(port, "/health"))
            refused += _pass(sending, sizes.seconds / 3)
            _make_room(disk, receiver)
            until(lambda: status(port, "/ready") == 200, _MOST, "after there was room the receiver should be ready")
            _wait_for(sending, "200")
            sent = sending.finish()
            return settle(
                "disk full",
                receiver,
                folder,
                sent,
                events,
                facts=[f"how          {how}; meanwhile {refused:,} x 503, /ready {ready[0]}, /health {ready[1]}"],
                wrong=[] if ready == (503, 200) else [f"with a full disk /ready was {ready[0]} and /health {ready[1]}"],
            )


def read_only(folder: Path, sizes: Sizes) -> Outcome:
    """Start on a read-only mount (root only); later, under load, forbid to write the folders; each is mended."""
    events = Events(f"frozen-{sizes.seed}")
    port = free_port()
    with small_disk(folder / "disk") as disk:
        if disk:
            _mount("-o", "remount,ro", str(disk))
        journal = (disk or folder) / "journal"
        options = ("--min-free-bytes", "1", "--max-age", "0.5", "--segment-bytes", "20000")
        with (
            Receiver(folder, port, *options, journal=journal, obeys_modes=True) as receiver,
            Sending(folder, port, events.run, rate=sizes.rate, seed=sizes.seed) as sending,
        ):
            refused = _wait_for(sending, "503") if disk else 0
            if disk:
                _mount("-o", "remount,rw", str(disk))
            _wait_for(sending, "200")
            with _frozen(journal):
                refused += _wait_for(sending, "503") + _pass(sending, sizes.seconds / 3)
            _wait_for(sending, "200")
            sent = sending.finish()
            how = "mounted read-only at the start, later " if disk else ""
            return settle(
                "read-only journal",
                receiver,
                folder,
                sent,
                events,
                facts=[f"how          {how}the mode of its folders forbade to write; meanwhile {refused:,} x 503"],
            )


@contextmanager
def small_disk(folder: Path) -> Generator[Path | None]:
    """Mount a small disk in memory for as long as the block lasts; None where this user may not."""
    folder.mkdir()
    try:
        _mount("-t", "tmpfs", "-o", f"size={_DISK},mode=700", "tmpfs", str(folder))
    except (OSError, TrialError):
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)  # noqa: S603, S607 - the system's own


def status(port: int, path: str) -> int:
    """Return the status of a probe; 0 if there is no answer."""
    try:
        with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return int(error.code)
    except OSError:
        return 0


def _mount(*words: str) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)  # noqa: S603, S607 - as above
    if done.returncode:
        raise TrialError(f"mount {' '.join(words)}: {done.stderr.strip()}")


def _fill(disk: Path | None, receiver: Receiver) -> None:
    if disk is None:
        resource.prlimit(receiver.pid, resource.RLIMIT_FSIZE, (_FILE_BYTES, resource.RLIM_INFINITY))
        return
    with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
        while True:
            ballast.write(bytes(4096))


def _make_room(disk: Path | None, receiver: Receiver) -> None:
    if disk is None:
        resource.prlimit(receiver.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        (disk / "ballast").unlink()


@contextmanager
def _frozen(journal: Path) -> Generator[None]:
    folders = [journal, *journal.glob("lane-*")]
    for folder in folders:
        folder.chmod(0o500)
    try:
        yield
    finally:
        for folder in folders:
            folder.chmod(0o700)


def _wait_for(sending: Sending, answer: str) -> int:
    """Wait until events are answered in this way, and return how many were answered 503 meanwhile."""
    heard: Counter[str] = Counter()

    def enough() -> bool:
        heard.update(sending.mark().answers)
        return heard[answer] > 20

    until(enough, _MOST, f"events should be answered {answer}")
    return heard["503"]


def _pass(sending: Sending, seconds: float) -> int:
    until(lambda: False, seconds)
    return sending.mark().answers["503"]
