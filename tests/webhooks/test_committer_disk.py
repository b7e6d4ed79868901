"""The committer when the disk of the journal has no room for what it keeps there, and when what it keeps is damaged."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from chaos.disks import small_disk
from ciokit.webhooks.committer import Committer
from tests.support.webhook_landing import event, events, once, record, table_ids, typed_ids

pytestmark = pytest.mark.timeout(120)


class Following:
    """`ciokit webhooks commit --follow` as a process of its own, and what it has said so far."""

    def __init__(self, journal: Path, tables: Path) -> None:
        words = ["--journal", str(journal), "--delta", str(tables), "--max-age", "0.05"]
        command = [sys.executable, "-m", "ciokit", "webhooks", "commit", "--follow", *words]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.said = ""
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                self.said += line

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that it brings about, while it lives."""
        tick = threading.Event()
        for _ in range(1200):
            if condition():
                return
            assert self.process.poll() is None, self.said
            tick.wait(0.05)
        pytest.fail(f"it did not come; it said: {self.said}")

    def end(self) -> int:
        """Ask it to end, and return its code."""
        self.process.terminate()
        code = self.process.wait(60)
        self._listener.join()
        return code

    def kill(self) -> None:
        """End it whatever it does."""
        self.process.kill()
        self.process.wait()
        self._listener.join()


@contextmanager
def following(journal: Path, tables: Path) -> Generator[Following]:
    """Run a committer that has committed what there was."""
    running = Following(journal, tables)
    try:
        running.until(lambda: any(journal.glob("lane-*/delta.cursor")))
        yield running
    finally:
        running.kill()


def seen_grows(tables: Path, folder: Path) -> None:
    """Commit events from another journal, which every committer has to write down before it commits again."""
    record(folder, events(range(1000, 1400)))
    with Committer(folder, tables) as other:
        other.drain()


def test_a_full_disk_is_waited_out(tmp_path: Path) -> None:
    """Without room for what it keeps beside the journal it says so once, lives, and commits all when there is room."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    with small_disk(tmp_path / "disk") as disk:
        if disk is None:
            pytest.skip("this user may not mount a small disk")
        record(journal, events(range(10)))
        (disk / "seen").mkdir()
        (journal / "seen").symlink_to(disk / "seen")
        with following(journal, tables) as committer:
            with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
                while True:
                    ballast.write(bytes(4096))
            seen_grows(tables, tmp_path / "another")
            record(journal, [event(10)])
            committer.until(lambda: "SQLITE_FULL" in committer.said)
            (disk / "ballast").unlink()
            committer.until(lambda: "the tables are written again" in committer.said)
            assert committer.end() == 0

    assert committer.said.count("the tables cannot be written") == 1
    assert "Traceback" not in committer.said
    assert "damaged" not in committer.said
    assert table_ids(tables) == typed_ids(tables) == once([*range(11), *range(1000, 1400)])


def test_files_that_may_not_grow_are_waited_out(tmp_path: Path) -> None:
    """Where a limit or a quota keeps files from growing it lives, and commits all once it is lifted."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    record(journal, events(range(10)))
    with following(journal, tables) as committer:
        before = resource.prlimit(committer.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(committer.process.pid, resource.RLIMIT_FSIZE, (64, before[1]))
        seen_grows(tables, tmp_path / "another")
        record(journal, [event(10)])
        committer.until(lambda: "the tables cannot be written" in committer.said)
        threading.Event().wait(1.2)  # it tries again after half a second
        resource.prlimit(committer.process.pid, resource.RLIMIT_FSIZE, before)
        committer.until(lambda: "the tables are written again" in committer.said)
        assert committer.end() == 0

    assert "Traceback" not in committer.said
    assert "damaged" not in committer.said
    assert table_ids(tables) == typed_ids(tables) == once([*range(11), *range(1000, 1400)])


def test_the_end_of_a_failure_is_told_though_nothing_is_committed(tmp_path: Path) -> None:
    """Tables that cannot be read and can be again are told of, whether an event comes or not."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    raw, aside = tables / "webhook_raw_events", tables / "aside"
    record(journal, events(range(3)))
    with Committer(journal, tables) as committer:
        committer.drain()
    raw.rename(aside)
    raw.touch()
    with following(journal, tables) as running:
        running.until(lambda: "the tables cannot be written" in running.said)
        raw.unlink()
        aside.rename(raw)
        running.until(lambda: "the tables are written again" in running.said)
        assert running.end() == 0


def test_a_file_of_seen_events_that_is_damaged_inside_is_made_anew(tmp_path: Path) -> None:
    """Damage that shows only where keys are looked up costs nothing but a look at the table."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    record(journal, events(range(4000)))
    with Committer(journal, tables) as committer:
        committer.drain()
    seen = journal / "seen" / "webhook_raw_events.sqlite"
    content = bytearray(seen.read_bytes())
    content[6 * 4096 :] = b"\xff" * (len(content) - 6 * 4096)
    seen.write_bytes(content)
    record(journal, events(range(3990, 4010)))
    with Committer(journal, tables) as committer:
        assert committer.drain().duplicates == 10

    assert table_ids(tables) == typed_ids(tables) == once(range(4010))


def test_ids_that_differ_behind_a_nul_are_two(tmp_path: Path) -> None:
    """An event is not taken for another whose id goes on where its own ends, also after a NUL or with quotes."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    ids = ["a\x00b", "a", "a\x00c", '"a"', '"a\\u0000b"', "\\u0000"]
    bodies = [json.dumps({**json.loads(event(1)), "event_id": each}).encode() for each in ids]
    for body in [*bodies, *bodies]:
        record(journal, [body])
        with Committer(journal, tables) as committer:
            committer.drain()

    assert table_ids(tables) == Counter(ids)


def test_a_lane_that_lost_its_segments_is_read_from_its_new_beginning(tmp_path: Path) -> None:
    """Files of the journal that are gone are not counted on: what is written then is committed, also beside a run."""
    journal, tables = tmp_path / "journal", tmp_path / "tables"
    for start in (0, 5):
        record(journal, events(range(start, start + 5)))
    with following(journal, tables) as committer:
        committer.until(lambda: table_ids(tables) == once(range(10)))
        for segment in (journal / "lane-0").glob("*.journal"):
            segment.unlink()
        record(journal, events(range(10, 15)))
        committer.until(lambda: table_ids(tables) == once(range(15)))
        assert committer.end() == 0

    assert typed_ids(tables) == once(range(15))
