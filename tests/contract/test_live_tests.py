"""What live tests promise: read-only ones cannot write, mutating ones clean up, and no missing key skips any."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ciokit import AppClient, CustomerIOClient, Settings, testdata
from ciokit.core.clock import FakeClock
from ciokit.core.endpoint import Declared
from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.emulator.faults import Fault
from ciokit.emulator.server import EmulatorServer
from ciokit.surfaces import KEY_SETTINGS
from ciokit.table import TABLE
from ciokit.testdata import ANN, NORTH, PREFIX
from tests.support.live import (
    SEARCHES,
    Made,
    NotAllowedError,
    Place,
    Workspace,
    emulated,
    leaves_the_set_alone,
    only_reads_the_set,
)

ROOT = Path(__file__).resolve().parents[2]
KEY = "key-of-the-workspace"


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Yield an emulator behind a real socket, as the live tests have it."""
    with emulated() as made:
        yield made


@pytest.fixture
def reader(place: Place) -> Iterator[Workspace]:
    """Yield what a read-only test has in hand."""
    with place.opened(only_reads_the_set) as opened:
        yield opened


@pytest.fixture
def writer(place: Place) -> Iterator[Workspace]:
    """Yield what a mutating test has in hand."""
    with place.opened(leaves_the_set_alone) as opened:
        yield opened


# --- guards ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", TABLE, ids=lambda each: f"{each.route.surface} {each.route.label}")
def test_a_read_only_test_can_send_no_operation_that_writes(operation: Declared[..., Any]) -> None:
    """Of all declared operations only GETs and the three searches pass the guard."""
    route = operation.route
    path = route.path.replace("{", f"{PREFIX}-").replace("}", "")
    request = Request(route.method, f"https://x.test{path}", {}, b'{"ids": []}', route.label)
    if route.method == "GET" or route.label in SEARCHES:
        only_reads_the_set(request)
        assert route.surface != "pipelines"
    else:
        with pytest.raises(NotAllowedError, match="writes"):
            only_reads_the_set(request)


def test_a_read_only_test_that_writes_fails_and_sends_nothing(reader: Workspace, place: Place) -> None:
    """The attempt is an error of the test, over each API; the workspace never hears of it."""
    for attempt in (
        lambda: reader.client.identify(ANN.id, {"plan": "x"}),
        lambda: reader.client.batch(testdata.messages()),
        lambda: reader.track.v1.identify(ANN.id, {"plan": "x"}),
        lambda: reader.app.segments.create({"name": "x"}),
        lambda: reader.app.segments.delete(1),
    ):
        with pytest.raises(NotAllowedError):
            attempt()
    with place.opened(lambda _: None) as anything:
        assert anything.person(ANN.id) is None
        assert anything.app.segments.find()["segments"] == []


def test_a_read_only_test_reads_the_set_and_nobody_else(reader: Workspace) -> None:
    """People and objects of the set may be read, and whoever a search finds; others by name may not."""
    assert reader.person(ANN.id) is None
    assert testdata.object_profile(reader.app, NORTH.id) is None
    for attempt in (
        lambda: reader.app.customers.attributes("somebody"),
        lambda: reader.app.customers.attributes_of([ANN.id, "somebody"]),
        lambda: [*reader.app.customers.activities("a/b")],
        lambda: reader.app.objects.attributes(1, "acme"),
    ):
        with pytest.raises(NotAllowedError, match="no part"):
            attempt()


def test_a_mutating_test_leaves_the_set_alone(writer: Workspace) -> None:
    """Whatever names something of the set is refused before it is sent."""
    for attempt in (
        lambda: writer.client.delete(ANN.id),
        lambda: writer.track.v1.suppress(ANN.id),
        lambda: writer.track.segments.add(1, [ANN.id]),
        lambda: testdata.delete_object(writer.client, NORTH.id),
        lambda: writer.person(ANN.id),
    ):
        with pytest.raises(NotAllowedError, match="permanent"):
            attempt()


# --- cleaning up -----------------------------------------------------------------------------------------------------


def everything(workspace: Workspace) -> Made:
    """Make a person, an object and a segment."""
    made = Made(workspace)
    person = made.person("ann")
    testdata.create_object(workspace.client, person, made.object("acme"))
    made.segment("all")
    workspace.expect(lambda: workspace.person(person), lambda each: each)
    return made


def test_what_was_made_is_deleted(writer: Workspace) -> None:
    """Afterwards nothing of it can be read, although deleting takes a while; twice is fine."""
    made = everything(writer)
    assert made.remove() == []
    assert made.remove() == []
    assert writer.app.segments.find()["segments"] == []


def test_what_could_not_be_deleted_is_told(ciokit_emulator: Emulator, ciokit_clock: FakeClock) -> None:
    """What the service refuses to delete, or keeps, is named, with its words; so is all that cannot be read back."""
    with EmulatorServer(ciokit_emulator) as server:
        settings = Settings(**dict.fromkeys(KEY_SETTINGS, "k"), base_url=server.base_url)
        with Place.of(settings, ciokit_clock).opened(leaves_the_set_alone) as workspace:
            made = everything(workspace)
            ciokit_emulator.faults.add(Fault(route="DELETE /v1/segments/*", status=400))
            ciokit_emulator.switch({"ingestion_delay": 1000})
            segment, thing, person = made.remove()
            assert segment.startswith("segment 1 (DELETE /v1/segments/{segment_id}: answered 400")
            assert thing.startswith("object ciokit-live-")
            assert person.startswith("person ciokit-live-")
            ciokit_emulator.faults.add(Fault(route="GET *", status=422))
            assert [each.partition(" ")[0] for each in made.remove()] == ["segment", "object", "person"]
            assert "could not be read back" in made.remove()[1]


# --- against a workspace ---------------------------------------------------------------------------------------------


@pytest.fixture
def world() -> Iterator[Emulator]:
    """Yield the workspace that a live run is led to."""
    made = Emulator(key=KEY)
    yield made
    made.close()


def live(folder: Path, *arguments: str, **environment: str) -> str:
    """Run the live tests as against a workspace, in a process of their own, and return what pytest says.

    They run in an empty folder: in that of the clone there may be an `.env` with keys.
    """
    options = ["-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(ROOT / "tests" / "live"), *arguments],
        cwd=folder,
        env={**os.environ, "CUSTOMERIO_LIVE": "1", **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.stdout + done.stderr


def keys(server: EmulatorServer) -> dict[str, str]:
    """Return an environment that leads to a server, by an address that tests are not let out to otherwise."""
    base_url = server.base_url.replace("127.0.0.1", "0.0.0.0")
    return {"CUSTOMERIO_BASE_URL": base_url, **{f"CUSTOMERIO_{name.upper()}": KEY for name in KEY_SETTINGS}}


@pytest.mark.timeout(120)
def test_against_a_workspace_all_of_it_runs_and_leaves_only_the_set(world: Emulator, tmp_path: Path) -> None:
    """With keys and CUSTOMERIO_LIVE every test runs there but the one that costs a message, and cleans up."""
    settings = Settings(api_key=KEY, app_api_key=KEY)
    with (
        CustomerIOClient(settings=settings, transport=world.transport) as client,
        AppClient(settings=settings, transport=world.transport) as app,
        EmulatorServer(world) as server,
    ):
        assert testdata.create(client, app).differences == []
        said = live(tmp_path, **keys(server))
        assert "1 skipped" in said, said
        assert "costs a message: set CUSTOMERIO_LIVE_SEND_TO" in said
        assert not {"failed", "error"}.intersection(said.splitlines()[-1].split()), said
        stats = world.stats()
        assert (stats["people"], stats["objects"], stats["suppressed"]) == (4, 2, 0)
        assert testdata.verify(app) == []


def test_what_is_missing_and_what_is_left_behind_is_told(world: Emulator, tmp_path: Path) -> None:
    """Without the permanent data a read-only test says how to make it; what cannot be deleted is an error naming it."""
    world.faults.add(Fault(route="POST /v1/track", status=400))
    with EmulatorServer(world) as server:
        said = live(tmp_path, "-k", "as_declared or awkward", CUSTOMERIO_LIVE_WAIT="0.1", **keys(server))
    assert "run `ciokit testdata create`" in said, said
    assert "could not be deleted: person ciokit-live-" in said
    assert "1 passed" in said
    assert "2 errors" in said
    assert world.stats()["people"] == 1


def test_missing_keys_are_an_error_and_no_reason_to_skip(tmp_path: Path) -> None:
    """With CUSTOMERIO_LIVE and no keys every test is an error that names what is missing."""
    said = live(tmp_path, "-m", "read_only", "-k", "region or text", CUSTOMERIO_BASE_URL="http://127.0.0.1:9")
    assert "2 errors" in said, said
    assert "`api_key` is missing" in said
    assert "skipped" not in said
