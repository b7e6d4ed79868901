"""Opening a workspace: an emulator of its own when nothing is configured, the configured one otherwise."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

import ciokit
from ciokit import ConfigurationError, CustomerIOClient, Settings, ValidationError
from ciokit.core.clock import FakeClock
from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer
from tests.support.wire import scripted_server

SECRET = "k3y-of-somebody"


def test_without_keys_an_emulator_is_started() -> None:
    """What is sent is read back, from a world on this machine that other clients can reach by the same settings."""
    with ciokit.open_workspace() as workspace:
        workspace.client.identify("u1", {"plan": "pro"})
        assert workspace.app.customers.attributes("u1")["customer"]["attributes"]["plan"] == "pro"
        assert workspace.emulator is not None
        assert urlsplit(workspace.settings.base_url).hostname == "127.0.0.1"
        with CustomerIOClient(settings=workspace.settings) as another:
            another.identify("u2")
        assert workspace.emulator.stats()["people"] == 2


def test_closing_ends_what_was_started() -> None:
    """After the end nobody listens, no thread is left, the clients are closed, and the world can still be looked at."""
    before = set(threading.enumerate())
    with ciokit.open_workspace() as workspace:
        workspace.client.identify("u1")
    workspace.close()
    assert set(threading.enumerate()) <= before
    address = urlsplit(workspace.settings.base_url)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port))
    with pytest.raises(ConfigurationError, match="closed"):
        workspace.client.identify("u2")
    with pytest.raises(ConfigurationError, match="closed"):
        workspace.app.customers.attributes("u1")
    assert workspace.emulator.stats()["people"] == 1


def test_with_keys_the_configured_workspace_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both keys are sent where they belong, and no emulator is started."""
    world = Emulator(key=SECRET)
    with EmulatorServer(world) as server:
        monkeypatch.setenv("CUSTOMERIO_API_KEY", SECRET)
        monkeypatch.setenv("CUSTOMERIO_APP_API_KEY", SECRET)
        monkeypatch.setenv("CUSTOMERIO_BASE_URL", server.base_url)
        with ciokit.open_workspace() as workspace:
            workspace.client.identify("u1")
            assert workspace.app.customers.attributes("u1")["customer"]["id"] == "u1"
            assert workspace.emulator is not None
            workspace.emulator.seed({"people": [{"id": "u2"}]})
            workspace.emulator.switch({"processing_seconds": 1})
            workspace.emulator.let_live({"opened": 1})
            workspace.emulator.advance(60)
            assert (workspace.emulator.stats()["people"], workspace.emulator.outbox()) == (2, [])
            with pytest.raises(ValidationError, match="is not part of a life"):
                workspace.emulator.let_live({"laughed": 1})
    assert world.clock.offset >= 60
    assert world.stats()["people"] == 2
    world.close()


def test_what_is_no_emulator_has_no_controls() -> None:
    """Where something else answers at the base URL, or nothing, there is no emulator to tell things to."""
    with scripted_server() as server:
        for base_url in (server.base_url, "http://127.0.0.1:9"):
            with ciokit.open_workspace(Settings(api_key=SECRET, app_api_key=SECRET, base_url=base_url)) as workspace:
                assert workspace.emulator is None


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"api_key": SECRET}, "app_api_key"),
        ({"app_api_key": SECRET}, "api_key"),
        ({"base_url": "http://127.0.0.1:9"}, "api_key"),
        ({"site_id": "site", "track_api_key": SECRET}, "api_key"),
        ({"api_key": SECRET, "app_api_key": SECRET, "site_id": "site"}, "track_api_key"),
        ({"api_key": SECRET, "app_api_key": SECRET, "track_api_key": SECRET}, "site_id"),
    ],
)
def test_half_a_configuration_is_no_reason_for_an_emulator(given: dict[str, str], missing: str) -> None:
    """One key without the other, or an address without keys, is an error that names what is missing."""
    before = threading.active_count()
    with pytest.raises(ConfigurationError, match=f"`{missing}` is missing"):
        ciokit.open_workspace(Settings(**given))
    assert threading.active_count() == before


def test_the_track_api_is_there_where_it_has_credentials() -> None:
    """The emulator takes any; the service needs a pair of its own, and without it everything else works."""
    with ciokit.open_workspace() as workspace:
        workspace.track.v1.identify("u1", {"plan": "pro"})
        assert workspace.app.customers.attributes("u1")["customer"]["attributes"]["plan"] == "pro"
        assert workspace.describe()["track"] == workspace.settings.base_url
    with pytest.raises(ConfigurationError, match="closed"):
        workspace.track.v1.identify("u2")
    keys = Settings(api_key=SECRET, app_api_key=SECRET)
    with ciokit.open_workspace(keys) as workspace:
        assert "track" not in workspace.describe()
        with pytest.raises(ConfigurationError, match="`site_id` is missing"):
            _ = workspace.track
    with ciokit.open_workspace(replace(keys, site_id="site", track_api_key=SECRET)) as workspace:
        assert workspace.describe()["track"] == "https://track.customer.io"


def test_settings_hold_for_an_emulator_too() -> None:
    """What is set besides keys and address stays, but for a proxy, which could not reach this machine."""
    with ciokit.open_workspace(Settings(strict_mode=False, proxy="http://127.0.0.1:9")) as workspace:
        assert workspace.settings.strict_mode is False
        workspace.client.identify("u1")
        assert workspace.emulator.stats()["people"] == 1


def test_ids_of_two_runs_differ() -> None:
    """A name is unique by the workspace object that gave it, and the same each time it is asked for."""
    keys = Settings(api_key=SECRET, app_api_key=SECRET)
    with ciokit.open_workspace(keys) as one, ciokit.open_workspace(keys) as other:
        assert one.unique("ann") == one.unique("ann")
        assert one.unique("ann") != other.unique("ann")
        assert one.unique("ann").startswith("ann-")
        assert one.unique("ann") != one.unique("bob")


def test_only_the_service_needs_time_to_settle() -> None:
    """What the service took in is waited for; what an emulator took in is there."""
    clock = FakeClock()
    with ciokit.open_workspace(clock=clock) as workspace:
        workspace.settle()
    assert clock.sleeps == []
    with ciokit.open_workspace(Settings(api_key=SECRET, app_api_key=SECRET), clock=clock) as workspace:
        workspace.settle()
        workspace.settle(30)
    assert clock.sleeps == [5.0, 30]


def test_description_says_where_and_shows_no_key() -> None:
    """A workspace is described by where it is: an emulator, or the hosts of its region."""
    with ciokit.open_workspace() as workspace:
        assert workspace.describe()["workspace"] == "an emulator started for this run"
        assert workspace.describe()["pipelines"] == workspace.settings.base_url
    with ciokit.open_workspace(Settings(api_key=SECRET, app_api_key=SECRET, region="eu")) as workspace:
        described = workspace.describe()
    assert described["pipelines"] == "https://cdp-eu.customer.io"
    assert described["app"] == "https://api-eu.customer.io"
    assert SECRET not in f"{workspace} {workspace!r} {described}"
