"""A world kept in a directory: equal after any restart, a kill in the middle of a write included."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.emulator.state import Record
from ciokit.emulator.switches import Switches
from ciokit.errors import ConfigurationError

from .conftest import START, Workspace

Keep = Callable[..., Workspace]


@pytest.fixture
def kept() -> Iterator[Keep]:
    """Return a way to make workspaces that are closed at the end."""
    with ExitStack() as stack:

        def keep(**options: Any) -> Workspace:
            workspace = Workspace(**options)
            stack.callback(workspace.emulator.close)
            return workspace

        yield keep


def _snapshot(workspace: Workspace) -> Any:
    """Everything that can be seen of a world, minted ids and times included."""
    world = workspace.world
    people = [
        (
            person.identifiers(),
            person.created,
            person.attributes,
            person.timestamps,
            sorted(person.devices),
            [(key, link.attributes) for key, link in person.relationships.items()],
            [entry.number for entry in person.log],
        )
        for person in world.people.values()
    ]
    log = [(entry.id, entry.type, entry.raw, entry.timestamp, entry.received) for entry in world.log]
    things = [(thing.key, thing.cio_object_id, thing.attributes, thing.timestamps) for thing in world.objects.values()]
    suppressed = (sorted(world.suppressed_ids), sorted(world.suppressed_emails))
    segments = [(segment.name, sorted(segment.members)) for segment in world.segments.values()]
    counts = {name: workspace.stats()[name] for name in ("accepted_by_type", "duplicates", "refused", "pending")}
    return people, log, things, suppressed, segments, sorted(world.seen), counts, workspace.dropped()


def _fill(workspace: Workspace) -> None:
    workspace.take("identify", userId="u1", anonymousId="a1", traits={"email": "ann@example.com", "plan": "pro"})
    workspace.clock.advance(1.25)
    workspace.take("group", userId="u1", groupId="g1", traits={"name": "Acme", "relationshipAttributes": {"role": "x"}})
    workspace.event("Seen", anonymousId="a2", messageId="m1")
    workspace.event("Seen", anonymousId="a2", messageId="m1")
    workspace.event("Device Created or Updated", userId="u1", context={"device": {"token": "t", "type": "ios"}})
    workspace.take("identify", userId="u2", anonymousId="a2")
    workspace.event("User Suppressed", userId="u3")
    workspace.send("batch", {"batch": [{"type": "track", "userId": "ü\n", "event": "E"}, {"type": "track"}]})
    workspace.send("track", {"userId": "u1"}, strict=True)
    workspace.send("track", b'{"torn', authorization="")
    workspace.control(
        "POST", "seed", {"people": [{"id": "u4"}], "segments": [{"id": 1, "name": "S", "people": ["u4"]}]}
    )
    workspace.control("POST", "clock", {"advance": 3600})
    workspace.event("User Deleted", userId="u2")
    workspace.control("POST", "switches", {"item_context": "honoured", "ingestion_delay": 10})
    workspace.event("Later", userId="u1")


def test_a_restart_changes_nothing(kept: Keep, tmp_path: Path) -> None:
    """People, ids, times, events, ledger, counts, clock and switches are what they were."""
    first = kept(state=tmp_path)
    _fill(first)
    before = _snapshot(first)
    first.emulator.close()
    for _ in range(2):
        second = kept(state=tmp_path)
        assert _snapshot(second) == before
        assert second.control("GET", "clock")[1]["offset"] == 3601.25
        assert second.world.switches.item_context == "honoured"
        second.emulator.close()


def test_a_restarted_world_goes_on_like_one_that_never_stopped(kept: Keep, tmp_path: Path) -> None:
    """What is waiting arrives on time, and minted ids continue."""
    stopped, running = kept(state=tmp_path), Workspace()
    _fill(stopped)
    _fill(running)
    stopped.emulator.close()
    stopped = kept(state=tmp_path)
    for workspace in (stopped, running):
        workspace.control("POST", "clock", {"advance": 60})
        workspace.take("identify", userId="new")
        workspace.control("POST", "clock", {"advance": 60})
    assert _snapshot(stopped) == _snapshot(running)
    assert stopped.stats()["pending"] == 0


@pytest.mark.parametrize(
    "then", [("seed", {"people": [{"id": "u1", "attributes": {"plan": "pro"}}]}), ("switches", {})]
)
def test_what_was_waiting_keeps_its_place_in_a_replay(kept: Keep, tmp_path: Path, then: tuple[str, Any]) -> None:
    """What was due before a seed or a switch is replayed before it."""
    first = kept(state=tmp_path, ingestion_delay=10)
    first.take("identify", userId="u1", traits={"plan": "basic"})
    first.clock.advance(60)
    first.control("POST", *then)
    first.control("POST", "switches", {"dedupe": "off"})
    before = _snapshot(first)
    first.emulator.close()
    assert _snapshot(kept(state=tmp_path)) == before


def test_a_message_is_still_known_after_a_restart(kept: Keep, tmp_path: Path) -> None:
    """A retry that arrives after the restart is a duplicate."""
    first = kept(state=tmp_path)
    first.event("E", userId="u1", messageId="m1")
    first.emulator.close()
    second = kept(state=tmp_path)
    second.event("E", userId="u1", messageId="m1")
    assert (second.stats()["events"], second.stats()["duplicates"]) == (1, 1)


def test_reset_empties_the_directory_too(kept: Keep, tmp_path: Path) -> None:
    """After a reset and a restart the world is empty, with clock and switches kept."""
    first = kept(state=tmp_path)
    first.control("POST", "switches", {"dedupe": "off"})
    first.event("E", userId="u1", properties={"x": "y" * 10_000})
    first.control("POST", "clock", {"advance": 7})
    first.control("POST", "reset")
    first.emulator.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2_000
    second = kept(state=tmp_path)
    assert (second.world.people, second.clock.offset, second.world.switches.dedupe) == ({}, 7, "off")


def test_switches_given_at_the_start_are_kept_and_replace_kept_ones(kept: Keep, tmp_path: Path) -> None:
    """Without switches the kept ones hold; others than the default replace them."""
    for given, expected in (({"dedupe": "off"}, "off"), ({}, "off"), ({"dedupe": "on", "gzip": "accept"}, "on")):
        workspace = kept(state=tmp_path, **given)
        assert workspace.world.switches.dedupe == expected
        workspace.emulator.close()
    workspace = kept(state=tmp_path)
    assert (workspace.world.switches.dedupe, workspace.world.switches.gzip) == ("on", "accept")


def test_every_torn_end_is_cut_off_and_reported(kept: Keep, tmp_path: Path) -> None:
    """Wherever a kill tears the last record, all records before it are there and new ones can follow."""
    first = kept(state=tmp_path)
    first.take("identify", userId="u1")
    whole = first.emulator.journal.path.read_bytes()
    first.take("identify", userId="u2")
    both = first.emulator.journal.path.read_bytes()
    first.emulator.close()
    for length in range(len(whole), len(both)):
        (tmp_path / "journal").write_bytes(both[:length])
        torn = kept(state=tmp_path)
        assert list(torn.world.ids) == ["u1"]
        assert torn.stats()["state"]["torn_bytes"] == length - len(whole)
        torn.take("identify", userId="u3")
        torn.emulator.close()
        mended = kept(state=tmp_path)
        assert (list(mended.world.ids), mended.stats()["state"]["torn_bytes"]) == (["u1", "u3"], 0)
        mended.emulator.close()


@pytest.mark.parametrize("damage", [b"u9", b"\x00\x00"])
def test_damage_in_the_middle_is_refused(kept: Keep, tmp_path: Path, damage: bytes) -> None:
    """A changed byte is never guessed around: the error says where it is, and the file stays as it is."""
    first = kept(state=tmp_path)
    first.take("identify", userId="u1")
    first.take("identify", userId="u2")
    first.emulator.close()
    journal = tmp_path / "journal"
    changed = journal.read_bytes().replace(b"u1", damage)
    journal.write_bytes(changed)
    with pytest.raises(ConfigurationError, match="damaged at byte 0"):
        kept(state=tmp_path)
    assert journal.read_bytes() == changed


def test_a_file_that_is_no_journal_is_refused(kept: Keep, tmp_path: Path) -> None:
    """Somebody else's file is not replayed and not touched."""
    (tmp_path / "journal").write_text("hello\nworld\n")
    with pytest.raises(ConfigurationError, match="damaged"):
        kept(state=tmp_path)
    assert (tmp_path / "journal").read_text() == "hello\nworld\n"


def test_a_directory_has_one_emulator(tmp_path: Path) -> None:
    """A second one is refused while the first lives, and let in afterwards; also after a failed start."""
    first = Emulator(state=tmp_path / "new" / "place")
    with pytest.raises(ConfigurationError, match="in use"):
        Emulator(state=tmp_path / "new" / "place")
    first.close()
    Emulator(state=tmp_path / "new" / "place").close()


def test_a_place_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    """A file where the directory should be is a configuration error."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot be used"):
        Emulator(state=tmp_path / "file")


def test_a_closed_emulator_answers_nothing(kept: Keep, tmp_path: Path) -> None:
    """Nothing may happen that the directory would not know."""
    workspace = kept(state=tmp_path)
    workspace.emulator.close()
    with pytest.raises(ConfigurationError, match="closed"):
        workspace.ask("GET", "/_emulator/stats")


KILLED = """
import sys
from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer
from pathlib import Path

server = EmulatorServer(Emulator(state=Path(sys.argv[1])))
server.serve_forever(lambda: print(server.base_url, flush=True))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX's")
def test_what_was_answered_survives_a_kill(kept: Keep, tmp_path: Path) -> None:
    """After kill -9 everything that was answered is there, and the directory can be used at once."""
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        base_url = process.stdout.readline().strip()
        for number in range(20):
            items = [{"type": "track", "userId": f"u{number}", "event": "E", "properties": {"x": "y" * 2_000}}] * 200
            body = json.dumps({"batch": items}).encode()
            headers = {"authorization": "Basic a2V5Og==", "content-type": "application/json", "x-strict-mode": "1"}
            with urllib.request.urlopen(urllib.request.Request(f"{base_url}/v1/batch", body, headers)) as answer:
                assert answer.status == 200
        os.kill(process.pid, signal.SIGKILL)
    workspace = kept(state=tmp_path)
    assert (len(workspace.world.people), workspace.stats()["events"]) == (20, 4_000)


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX's")
def test_a_full_disk_loses_only_what_it_refused(kept: Keep, tmp_path: Path) -> None:
    """A message that cannot be written is not taken; once there is room again, all goes on."""
    import resource

    workspace = kept(state=tmp_path)
    workspace.take("identify", userId="u1")
    size = (tmp_path / "journal").stat().st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 50, limits[1]))
    try:
        with pytest.raises(OSError):
            workspace.send("identify", {"userId": "u2"})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "journal").stat().st_size == size
    workspace.take("identify", userId="u3")
    workspace.emulator.close()
    assert list(kept(state=tmp_path).world.ids) == ["u1", "u3"]


def test_time_goes_on_where_it_stood(kept: Keep, tmp_path: Path) -> None:
    """Time that was advanced stays advanced; a restart takes the machine's time and adds it."""
    first = kept(state=tmp_path)
    first.control("POST", "clock", {"advance": 86_400})
    first.emulator.close()
    assert kept(state=tmp_path).clock.now() == START + 86_400


def test_a_journal_of_another_format_is_refused(kept: Keep, tmp_path: Path) -> None:
    """A record that says another format is not read as this one."""
    first = kept(state=tmp_path)
    first.take("identify", userId="u1")
    first.emulator.close()
    journal = tmp_path / "journal"
    journal.write_bytes(journal.read_bytes().replace(b'"format":1', b'"format":2'))
    with pytest.raises(ConfigurationError, match="another version"):
        kept(state=tmp_path)


def test_the_switches_of_the_journal_are_complete(kept: Keep, tmp_path: Path) -> None:
    """Every switch is kept, so that a replay behaves as the first time."""
    workspace = kept(state=tmp_path, gzip="accept")
    line = workspace.emulator.journal.path.read_bytes().splitlines()[0]
    assert json.loads(line)["switches"] == Switches(gzip="accept").as_dict()


def test_a_journal_that_was_deleted_is_noticed_at_the_next_write(tmp_path: Path) -> None:
    """What can no longer be kept is an error that says so, never a 200."""
    place = tmp_path / "place"
    emulator = Emulator(state=place)
    (place / "journal").unlink()
    request = Request(
        "POST",
        "http://127.0.0.1/v1/identify",
        {"authorization": "Basic azo=", "content-type": "application/json"},
        b'{"userId": "u1", "traits": {}}',
    )
    with pytest.raises(FileNotFoundError, match="journal was deleted"):
        emulator.transport.send(request)
    emulator.close()


def test_a_request_that_failed_once_keeps_no_directory_shut(kept: Keep, tmp_path: Path) -> None:
    """A kept request on which the emulator itself fails is passed over, and what came before and after it is there."""
    first = kept(state=tmp_path)
    first.take("identify", userId="u1")
    detail = {"method": "PUT", "path": "/api/v1/customers/u2", "query": 5, "headers": {}, "body": 2, "fetched": False}
    first.emulator.journal.add(Record("write", first.clock.now(), detail, b"{}"))  # no query is a number: it fails
    first.take("identify", userId="u3")
    first.emulator.close()
    assert sorted(kept(state=tmp_path).world.ids) == ["u1", "u3"]
