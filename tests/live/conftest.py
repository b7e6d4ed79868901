"""Where live tests run: with CUSTOMERIO_LIVE=1 the workspace that keys name, otherwise an emulator over a real socket.

A test is `read_only` or `mutating`, by its marker, and has its clients from `workspace`: a read-only one can send
nothing that writes, and a mutating one nothing about the permanent test data. What it makes it names with `made`, which
deletes it at the end. Tests that are also `sends` cost messages: live they run only with addresses for them.
CUSTOMERIO_LIVE_WAIT says how many seconds what was sent may take until it can be read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ciokit import testdata
from ciokit.cli import dotenv
from tests.support.live import (
    KINDS,
    WAIT,
    Made,
    Place,
    Workspace,
    emulated,
    leaves_the_set_alone,
    only_reads_the_set,
    workspace_of_keys,
)

HERE = Path(__file__).parent
LIVE = os.environ.get("CUSTOMERIO_LIVE") == "1"
ADDRESSES = ("CUSTOMERIO_LIVE_SEND_TO", "CUSTOMERIO_LIVE_SEND_FROM")
if LIVE:
    dotenv.load(Path(".env"))  # as the command does that makes the permanent test data
PATIENCE = float(os.environ.get("CUSTOMERIO_LIVE_WAIT") or WAIT)
SEND_TO, SEND_FROM = (os.environ.get(name, "") for name in ADDRESSES)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let live tests out of this machine and give them time; those that cost messages are asked for by name."""
    if not LIVE:
        return
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.enable_socket)
            item.add_marker(pytest.mark.timeout(400))
            if item.get_closest_marker("sends") and not (SEND_TO and SEND_FROM):
                item.add_marker(pytest.mark.skip(reason=f"costs a message: set {' and '.join(ADDRESSES)}"))


@pytest.fixture(scope="session")
def place() -> Iterator[Place]:
    """Yield where this run takes place; it is of the session because each test's environment is empty."""
    if LIVE:
        yield workspace_of_keys(PATIENCE)
    else:
        with emulated() as emulator:
            yield emulator


@pytest.fixture(scope="session")
def permanent(place: Place) -> None:
    """Have the permanent test data: an emulator gets it, a workspace must have it already."""
    if not place.live:
        with place.opened(lambda _: None) as workspace:
            assert testdata.create(workspace.client, workspace.app, clock=place.clock).differences == []
        return
    with place.opened(only_reads_the_set) as workspace:
        found = testdata.verify(workspace.app)
    if found:
        text = f"the permanent test data is not as declared ({len(found)} differences): run `ciokit testdata create`"
        pytest.fail(text, pytrace=False)


@pytest.fixture
def workspace(place: Place, request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """Yield clients that can send only what a test of this kind may send."""
    kinds = [kind for kind in KINDS if request.node.get_closest_marker(kind)]
    assert len(kinds) == 1, f"a live test is {' or '.join(KINDS)}, by its marker"
    if kinds == ["read_only"]:
        request.getfixturevalue("permanent")
    with place.opened(only_reads_the_set if kinds == ["read_only"] else leaves_the_set_alone) as opened:
        yield opened


@pytest.fixture
def made(workspace: Workspace) -> Iterator[Made]:
    """Yield names of this run; what a test made under them is deleted at its end, and what is left makes it fail."""
    names = Made(workspace)
    yield names
    if left := names.remove():
        pytest.fail(f"could not be deleted: {'; '.join(left)}", pytrace=False)


@pytest.fixture
def addresses() -> tuple[str, str]:
    """Return who gets what is sent, and who sends it."""
    return SEND_TO or "nobody@example.com", SEND_FROM or "sender@example.com"
