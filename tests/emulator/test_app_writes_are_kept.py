"""What was written over the App API is there after a restart, down to ids, links and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ciokit import AppClient
from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.emulator.clock import EmulatorClock
from ciokit.emulator.routing import bindings
from ciokit.errors import CustomerIOError, RefusedError

from .conftest import START

EVERYBODY: Any = {"attribute": {"field": "cio_id", "operator": "exists"}}

# They change nothing, although they are sent with POST.
SEARCHES = {"customers.find", "customers.attributes_of", "objects.find", "design_studio_emails.preview"}


def _open(state: Path) -> tuple[Emulator, AppClient]:
    emulator = Emulator(state=state, clock=EmulatorClock(START))
    return emulator, AppClient("any", transport=emulator.transport)


def _write(emulator: Emulator, app: AppClient) -> str:
    """Write something of everything, good and bad, and return a link."""
    emulator.seed({"people": [{"id": "u1", "email": "ann@x.io"}], "topics": [{"id": 1, "name": "News"}]})
    app.segments.create({"name": "first"})
    app.segments.create({"name": "second"})
    app.segments.delete(1)
    with pytest.raises(RefusedError):
        app.segments.delete(1)
    app.snippets.create(name="s", value="v ü")
    app.collections.create(name="c", url=emulator.files.put(b"a,b\n1,2\n"))
    url = emulator.files.put(b"id,x\nu1,1\nu2,2\n,3\n")
    app.imports.create({"name": "I", "data_file_url": url, "type": "people", "identifier": "id"})
    app.imports.create({"name": "J", "data_file_url": "https://x.invalid/", "type": "people", "identifier": "id"})
    app.opt_outs.update("u1", [{"from": "MyShop", "optout": True}])
    app.esp_suppression.create("bounces", "a+b@x.io")
    app.reporting_webhooks.create(name="W", endpoint="https://x.io", events=["email_sent"])
    app.data_index.update_events([{"name": "e", "description": "d"}])
    app.exports.create_customers(EVERYBODY)
    emulator.advance(2)
    link = app.exports.link(1)["url"]
    app.exports.create_customers(EVERYBODY, attributes=["x"])
    return link


def _told(emulator: Emulator, app: AppClient) -> list[Any]:
    files = [export.content for export in emulator.world.held.exports.values()]
    return [
        files,
        emulator.world.held.event_notes,
        app.segments.find(),
        app.snippets.find(),
        app.collections.find(),
        app.collections.content(1),
        app.imports.get(1),
        app.imports.get(2),
        app.exports.find(),
        list(app.opt_outs.find()),
        app.esp_suppression.get("a+b@x.io"),
        app.reporting_webhooks.find(),
        list(app.customers.find(EVERYBODY)),
        [entry.id for entry in emulator.world.log],
    ]


def test_a_restart_changes_nothing_of_it(tmp_path: Path) -> None:
    """Numbers, times, errors, files and links are what they were, and new numbers go on from there."""
    emulator, app = _open(tmp_path)
    link = _write(emulator, app)
    before = _told(emulator, app)
    file = emulator.transport.send(Request("GET", link, {})).body
    assert file
    emulator.close()
    for _ in range(2):
        emulator, app = _open(tmp_path)
        assert _told(emulator, app) == before
        assert emulator.transport.send(Request("GET", link, {})).body == file
        emulator.close()
    emulator, app = _open(tmp_path)
    assert app.segments.create({"name": "third"})["segment"]["id"] == 3
    emulator.advance(2)
    assert app.exports.get(3)["export"]["status"] == "done"
    emulator.close()


def test_no_key_is_kept(tmp_path: Path) -> None:
    """The journal holds requests without their credentials."""
    emulator = Emulator(state=tmp_path, clock=EmulatorClock(START))
    AppClient("a-very-secret-key", transport=emulator.transport).segments.create({"name": "first"})
    emulator.close()
    journal = (tmp_path / "journal").read_bytes()
    assert b"first" in journal
    assert b"secret" not in journal


def test_a_request_without_a_key_changes_nothing(tmp_path: Path) -> None:
    """It is refused before it is kept."""
    emulator, app = _open(tmp_path)
    emulator.key = "right"
    with pytest.raises(CustomerIOError):
        app.segments.create({"name": "S"})
    assert not (tmp_path / "journal").read_bytes()
    emulator.close()


def test_whatever_is_no_get_is_kept_unless_it_searches() -> None:
    """An operation that could change the world is in the journal: the exceptions are named here."""
    unkept = {
        binding.endpoint.route.name
        for binding in bindings()
        if not binding.writes and binding.endpoint.route.method != "GET"
    }
    assert unkept == SEARCHES


def test_reset_forgets_it(tmp_path: Path) -> None:
    """Nothing is left, and numbers begin again, also after a restart."""
    emulator, app = _open(tmp_path)
    _write(emulator, app)
    emulator.reset()
    assert (app.segments.find(), app.exports.find()) == ({"segments": []}, {"exports": []})
    emulator.close()
    emulator, app = _open(tmp_path)
    assert app.segments.create({"name": "S"})["segment"]["id"] == 1
    emulator.close()
