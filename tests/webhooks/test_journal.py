"""The journal: what was acknowledged is on disk and is read again, whatever happens to writers, disks and bytes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ciokit.errors import ConfigurationError, JournalUnavailableError
from ciokit.webhooks import journal_format as layout
from ciokit.webhooks.journal import Journal, JournalLimits
from ciokit.webhooks.journal_reader import JournalReader
from tests.webhooks.receiving import until

WRITER = """
import sys
from ciokit.webhooks.journal import Journal
with Journal(sys.argv[1]) as journal:
    for number in range(1_000_000):
        print(journal.append(b"{}", b"%d" % number), flush=True)
"""
LIMITED = """
import resource, sys, threading
from ciokit.errors import JournalUnavailableError
from ciokit.webhooks.journal import Journal
with Journal(sys.argv[1]) as journal:
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, resource.RLIM_INFINITY))
    refused = None
    for number in range(1000):
        try:
            journal.append(b"{}", b"x" * 999 + b"%d" % number)
        except JournalUnavailableError:
            refused = journal.refusal
            break
        print(number)
    print(refused)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    while journal.refusal:
        threading.Event().wait(0.02)
    journal.append(b"{}", b"after")
"""
FORKED = """
import os, sys
from ciokit.webhooks.journal import Journal
journal = Journal(sys.argv[1])
journal.append(b"{}", b"before")
child = os.fork()
journal.append(b"{}", b"parent" if child else b"child")
print(journal.lane, flush=True)
if child:
    assert os.waitpid(child, 0)[1] == 0
journal.close()
"""


def bodies(directory: Path, lane: int = 0) -> list[bytes]:
    """Return every body of a lane."""
    return [record.body for record in JournalReader(directory).all_records(lane)]


def written(directory: Path, *contents: bytes) -> list[int]:
    """Write bodies with a journal that is closed afterwards, and return where they end."""
    with Journal(directory) as journal:
        return [journal.append(b'{"n":"v"}', body) for body in contents]


def segment(directory: Path, number: int) -> Path:
    """Return the file of a segment of the first lane."""
    return layout.segment_path(directory, 0, number)


def start(code: str, directory: Path) -> subprocess.Popen[str]:
    """Run a program of this page on a journal."""
    return subprocess.Popen([sys.executable, "-c", code, str(directory)], stdout=subprocess.PIPE, text=True)


@settings(max_examples=20)
@given(st.lists(st.binary(max_size=300) | st.just(layout.MAGIC * 5), min_size=1, max_size=20))
def test_what_was_appended_is_read_byte_for_byte(contents: list[bytes]) -> None:
    """Any bodies come back in order with their headers and times, at positions that grow."""
    with TemporaryDirectory() as directory:
        with Journal(directory) as journal:
            positions = [journal.append(b'{"x":"y"}', body, 10 + n) for n, body in enumerate(contents)]
        records = JournalReader(directory).read(0)
    assert [record.body for record in records] == contents
    assert [record.position for record in records] == positions == sorted(set(positions))
    assert [record.received_us for record in records] == [10 + n for n in range(len(contents))]
    assert all(record.headers == {"x": "y"} for record in records)


@pytest.mark.parametrize("limits", [{"max_records": 7}, {"max_bytes": 1}, {"max_bytes": 5_000}])
def test_reading_goes_on_where_it_was_left(tmp_path: Path, limits: dict[str, int]) -> None:
    """Reading in small portions, across segments, gives every record once; one that is too large comes alone."""
    contents = [b"%d" % n * (n * 40) for n in range(50)]
    with Journal(tmp_path, JournalLimits(segment_bytes=9_000)) as journal:
        for body in contents:
            journal.append(b"{}", body)
    reader, found, after = JournalReader(tmp_path), [], 0
    while records := reader.read(0, after, **limits):
        found += [record.body for record in records]
        after = records[-1].position
    assert found == contents
    assert len(layout.segments(tmp_path, 0)) > 3


def test_waiting_threads_share_syncs(tmp_path: Path) -> None:
    """Sixteen threads that append at once need far fewer syncs than records."""
    with Journal(tmp_path) as journal, ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda n: journal.append(b"{}", b"%d" % n), range(400)))
        counts = journal.counts
    assert counts.records == 400
    assert counts.groups < 300
    assert sorted(map(int, bodies(tmp_path))) == list(range(400))


def test_waiting_tasks_share_syncs(tmp_path: Path) -> None:
    """What tasks of an event loop append in one turn becomes one group, and each learns its own position."""

    async def run(journal: Journal) -> list[int]:
        return await asyncio.gather(*(written_soon(journal, n) for n in range(300)))

    async def written_soon(journal: Journal, number: int) -> int:
        return await journal.written(b"{}", b"%d" % number)

    with Journal(tmp_path) as journal:
        positions = asyncio.run(run(journal))
        assert journal.counts.groups <= 3
    assert [record.position for record in JournalReader(tmp_path).all_records(0)] == positions


def test_a_task_that_gave_up_waiting_disturbs_nobody(tmp_path: Path) -> None:
    """Cancelling one of the tasks that wait for a group leaves the others their answers."""

    async def run(journal: Journal) -> list[object]:
        futures = [journal.written(b"{}", b"%d" % n) for n in range(3)]
        futures[1].cancel()
        return await asyncio.gather(*futures, return_exceptions=True)

    with Journal(tmp_path) as journal:
        first, second, third = asyncio.run(run(journal))
    assert isinstance(second, asyncio.CancelledError)
    assert (type(first), type(third)) == (int, int)


def test_a_writer_never_goes_on_in_an_old_segment(tmp_path: Path) -> None:
    """Each opening begins the next segment, so that no position is used twice."""
    first = written(tmp_path, b"one")
    second = written(tmp_path, b"two")
    assert layout.segments(tmp_path, 0) == [1, 2]
    assert second > first
    assert bodies(tmp_path) == [b"one", b"two"]


def test_the_id_is_minted_once(tmp_path: Path) -> None:
    """Whoever asks first mints the id, and all others get the same."""
    with ThreadPoolExecutor(8) as threads:
        ids = set(threads.map(lambda _: JournalReader(tmp_path / "journal").id, range(16)))
    assert len(ids) == 1
    written(tmp_path / "journal", b"x")
    assert {JournalReader(tmp_path / "journal").id} == ids


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    """Folders and segments hold personal data: group and others get nothing."""
    written(tmp_path / "journal", b"x")
    lane = layout.lane_path(tmp_path / "journal", 0)
    for path in (tmp_path / "journal", lane, *lane.iterdir()):
        assert path.stat().st_mode & 0o077 == 0, path.name


# Torn and damaged


@pytest.mark.parametrize("cut", range(1, 38))
def test_a_torn_tail_is_waited_for_and_then_stepped_over(tmp_path: Path, cut: int) -> None:
    """An incomplete last record is not read; when a later segment exists it is skipped, and told as torn."""
    _, end = written(tmp_path, b"whole", b"torn")
    path = segment(tmp_path, 1)
    path.write_bytes(path.read_bytes()[:-cut])
    reader = JournalReader(tmp_path)
    assert [record.body for record in reader.read(0)] == [b"whole"]
    assert reader.damage == []
    written(tmp_path, b"later")
    for _ in range(2):
        assert [record.body for record in reader.read(0)] == [b"whole", b"later"]
    torn = layout.offset_of(end) - 24 - 9 - 4  # where the torn record begins
    assert [(d.segment, d.start, d.kind) for d in reader.damage] == ([(1, torn, "torn")] if cut < 37 else [])


def test_a_record_that_is_being_written_is_read_once_it_is_whole(tmp_path: Path) -> None:
    """A reader that saw half a record reads it when the other half has come."""
    written(tmp_path, b"one", b"two")
    path = segment(tmp_path, 1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    reader = JournalReader(tmp_path)
    (first,) = reader.read(0)
    assert reader.read(0, first.position) == []
    path.write_bytes(whole)
    assert [record.body for record in reader.read(0, first.position)] == [b"two"]


@pytest.mark.parametrize("place", range(0, 45, 2))
@pytest.mark.parametrize("sealed", [False, True])
def test_a_flipped_byte_costs_one_record(tmp_path: Path, place: int, *, sealed: bool) -> None:
    """Whichever byte of a record is damaged, those around it are read, and the damage is told once."""
    written(tmp_path, *[b"number%02d" % n for n in range(5)])
    if sealed:
        written(tmp_path, b"later")
    path, size = segment(tmp_path, 1), 24 + 9 + 8
    content = bytearray(path.read_bytes())
    content[2 * size + min(place, size - 1)] ^= 0x55
    path.write_bytes(content)
    reader = JournalReader(tmp_path)
    kept = [b"number%02d" % n for n in (0, 1, 3, 4)] + [b"later"] * sealed
    for _ in range(2):
        assert [record.body for record in reader.read(0)] == kept
    (damage,) = reader.damage
    assert (damage.start, damage.end, damage.bytes, damage.kind) == (2 * size, 3 * size, size, "corrupt")


def test_rubbish_of_any_size_is_stepped_over(tmp_path: Path) -> None:
    """Megabytes of rubbish between two records are one damage."""
    written(tmp_path, b"before")
    path = segment(tmp_path, 1)
    record = path.read_bytes()
    path.write_bytes(record + layout.MAGIC * 1_000_000 + record)
    reader = JournalReader(tmp_path)
    assert [found.body for found in reader.all_records(0)] == [b"before", b"before"]
    assert [damage.bytes for damage in reader.damage] == [4_000_000]


# Processes


def test_two_writers_have_two_lanes(tmp_path: Path) -> None:
    """A second writer takes a lane of its own, and a lane that was given back is used again."""
    with Journal(tmp_path) as first:
        with Journal(tmp_path) as second:
            assert (first.lane, second.lane) == (0, 1)
            second.append(b"{}", b"second")
        with Journal(tmp_path) as third:
            assert third.lane == 1
            third.append(b"{}", b"third")
    assert bodies(tmp_path, 1) == [b"second", b"third"]


def test_a_forked_child_has_a_lane_of_its_own(tmp_path: Path) -> None:
    """After a fork parent and child both go on, in different lanes."""
    with start(FORKED, tmp_path) as process:
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert sorted(out.split()) == ["0", "1"]
    assert (bodies(tmp_path, 0), bodies(tmp_path, 1)) == ([b"before", b"parent"], [b"child"])


@pytest.mark.parametrize("lines", [1, 50, 200])
def test_what_was_acknowledged_before_kill_9_is_there(tmp_path: Path, lines: int) -> None:
    """A writer is killed at work: every position it told is read again, and the next writer takes the same lane."""
    with start(WRITER, tmp_path) as process:
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
        told += [int(line) for line in process.stdout.read().split("\n")[:-1]]
    (later,) = written(tmp_path, b"later")
    found = [record.position for record in JournalReader(tmp_path).all_records(0)]
    assert found[: len(told)] == told
    assert found[-1] == later
    assert len(found) - len(told) <= 2  # the one whose acknowledgement was not read, and the later one


# Disks that refuse


def test_a_full_disk_loses_nothing_and_is_recovered_from(tmp_path: Path) -> None:
    """When the disk takes no more, appending fails at once; when it does again, appending goes on in a new segment."""
    with start(LIMITED, tmp_path) as process:
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    *accepted, refusal = out.split()
    assert refusal == "disk_full"
    found = bodies(tmp_path)
    assert found[: len(accepted)] == [b"x" * 999 + number.encode() for number in accepted]
    assert found[-1] == b"after"
    assert len(accepted) > 30
    numbers = layout.segments(tmp_path, 0)
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_folder_that_cannot_be_used_is_tried_until_it_can(tmp_path: Path) -> None:
    """A journal opens where nothing can be written yet, refuses, and takes events in once that has changed."""
    (tmp_path / "mount").write_text("in the way")
    with Journal(tmp_path / "mount" / "journal") as journal:
        with pytest.raises(JournalUnavailableError, match="cannot be written") as refused:
            journal.append(b"{}", b"early")
        assert refused.value.retryable
        assert journal.refusal == "unwritable"
        (tmp_path / "mount").unlink()
        until(lambda: journal.refusal is None)
        journal.append(b"{}", b"late")
    assert bodies(tmp_path / "mount" / "journal") == [b"late"]


def test_a_folder_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    """When no new segment can be begun, whoever waits is told; nothing acknowledged is missing afterwards."""
    directory, away = tmp_path / "journal", tmp_path / "away"
    with Journal(directory, JournalLimits(segment_bytes=1)) as journal:
        journal.append(b"{}", b"before")
        directory.rename(away)
        with pytest.raises(JournalUnavailableError):
            journal.append(b"{}", b"lost")
        away.rename(directory)
        until(lambda: journal.refusal is None)
        journal.append(b"{}", b"after")
        assert journal.counts.failures >= 1
    assert bodies(directory) == [b"before", b"after"]
    assert layout.segments(directory, 0) == [1, 2]


def test_some_of_the_disk_is_left_free(tmp_path: Path) -> None:
    """Below the free bytes that are to be left nothing is taken in."""
    with Journal(tmp_path, JournalLimits(min_free_bytes=1 << 60)) as journal:
        assert journal.refusal == "disk_full"
        with pytest.raises(JournalUnavailableError, match="make room"):
            journal.append(b"{}", b"x")


def test_a_journal_that_is_behind_takes_nothing_in_until_its_consumer_has_moved(tmp_path: Path) -> None:
    """More than the allowed backlog is refused; when the consumer moves its cursor, events are taken in again."""
    reader = JournalReader(tmp_path)
    with Journal(tmp_path, JournalLimits(max_backlog_bytes=1000)) as journal:
        last = [journal.append(b"{}", b"x" * 600) for _ in range(2)][-1]
        until(lambda: journal.refusal == "behind")
        with pytest.raises(JournalUnavailableError, match="committed"):
            journal.append(b"{}", b"x")
        reader.move_cursor(0, "delta", last)
        until(lambda: journal.refusal is None)
        assert journal.append(b"{}", b"y") > last
        assert reader.backlog() == 24 + 2 + 1


def test_memory_is_bounded(tmp_path: Path) -> None:
    """What waits for the disk is limited; beyond it appending fails at once."""

    async def run(journal: Journal) -> int:
        futures = []
        with suppress(JournalUnavailableError):
            while len(futures) < 100:
                futures.append(journal.written(b"{}", b"x" * 1000))
        await asyncio.gather(*futures)
        return len(futures)

    with Journal(tmp_path, JournalLimits(max_pending_bytes=10_000)) as journal:
        taken = asyncio.run(run(journal))
    assert taken == 10
    assert len(bodies(tmp_path)) == taken


def test_closing_writes_what_waits(tmp_path: Path) -> None:
    """Whatever was queued when the journal is closed is on disk; afterwards it opens again by itself."""

    async def run(journal: Journal) -> None:
        futures = [journal.written(b"{}", b"%d" % n) for n in range(100)]
        await asyncio.to_thread(journal.close)
        await asyncio.gather(*futures)

    journal = Journal(tmp_path)
    asyncio.run(run(journal))
    assert len(bodies(tmp_path)) == 100
    journal.append(b"{}", b"again")
    journal.close()
    assert layout.segments(tmp_path, 0) == [1, 2]


def test_a_clock_that_jumps_disturbs_no_order(tmp_path: Path) -> None:
    """Times of receipt that go backwards, or before 1970, are kept as they are, in the order of writing."""
    times = [2_000_000_000_000_000, 5, 1_700_000_000_000_000]
    with Journal(tmp_path) as journal:
        for moment in times:
            journal.append(b"{}", b"x", moment)
    assert [record.received_us for record in JournalReader(tmp_path).read(0)] == times


# Rotation and retention


def test_a_segment_ends_by_size_and_by_age(tmp_path: Path) -> None:
    """A full segment is followed by another; so is an old one, even if nothing more is appended."""
    with Journal(tmp_path / "size", JournalLimits(segment_bytes=100)) as journal:
        for _ in range(3):
            journal.append(b"{}", b"x" * 100)
        assert layout.segments(tmp_path / "size", 0) == [1, 2, 3]
    with Journal(tmp_path / "age", JournalLimits(segment_seconds=0.1)) as journal:
        journal.append(b"{}", b"x")
        until(lambda: layout.segments(tmp_path / "age", 0) == [1, 2])


def test_only_old_sealed_segments_that_were_read_are_removed(tmp_path: Path) -> None:
    """Pruning keeps what is not committed, what is too young, and the segment being written."""
    ends = [written(tmp_path, b"%d" % n)[0] for n in range(4)]
    for number in (1, 2):
        os.utime(segment(tmp_path, number), (1000, 1000))
    os.utime(segment(tmp_path, 3), (5000, 5000))
    reader = JournalReader(tmp_path)
    assert reader.prune(0, ends[0] - 1, now=9e9) == 0
    assert reader.prune(0, ends[0], now=9e9) == 1
    assert reader.prune(0, ends[3], 3600, now=6000) == 1
    assert reader.prune(0, ends[3], now=9e9) == 1
    assert layout.segments(tmp_path, 0) == [4]
    assert [record.body for record in reader.read(0, ends[0])] == [b"3"]
    assert written(tmp_path, b"next") > [ends[3]]


def test_a_cursor_is_kept_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    """A cursor begins at 0 and is what was last kept; one that is no number is an error that says what to do."""
    written(tmp_path, b"x")
    reader = JournalReader(tmp_path)
    assert reader.cursor(0, "delta") == 0
    reader.move_cursor(0, "delta", 1 << 45)
    assert JournalReader(tmp_path).cursor(0, "delta") == 1 << 45
    (layout.lane_path(tmp_path, 0) / "delta.cursor").write_text("?")
    with pytest.raises(ConfigurationError, match="remove the file"):
        reader.cursor(0, "delta")
