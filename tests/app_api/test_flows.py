"""Long calls against the emulator and scripted answers: exports to a file, imports with their errors."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ciokit import (
    AppClient,
    AsyncAppClient,
    download_export,
    export_customers,
    export_deliveries,
    run_broadcast,
    run_import,
    send_push,
)
from ciokit.core.clock import FakeClock
from ciokit.core.wire import Response
from ciokit.emulator.app import Emulator
from ciokit.errors import JobError, RefusedError, UnexpectedAnswerError, ValidationError
from tests.support.operations import AsyncWire, Wire

EVERYBODY: Any = {"attribute": {"field": "cio_id", "operator": "exists"}}


def _json(content: Any, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(content).encode())


def _export(**given: Any) -> Any:
    return {"export": {"id": 5, "type": "customers", "status": "done", "failed": False, "total": 1, **given}}


def _client(*answers: Response) -> tuple[AppClient, Wire, FakeClock]:
    wire, clock = Wire(*answers), FakeClock()
    return AppClient("the-secret-key", transport=wire, clock=clock), wire, clock


def test_people_are_exported_to_a_file(
    ciokit_emulator: Emulator, ciokit_app_client: AppClient, ciokit_clock: FakeClock, tmp_path: Path
) -> None:
    """One call asks, waits, downloads; progress is told from pending to done."""
    ciokit_emulator.seed({"people": [{"id": "u1", "attributes": {"plan": "pro"}}, {"email": "b@x.io"}]})
    told: list[str] = []
    path = tmp_path / "people.csv"
    done = export_customers(
        ciokit_app_client, path, EVERYBODY, attributes=["plan"], progress=lambda export: told.append(export["status"])
    )
    assert (told[0], told[-1]) == ("pending", "done")
    assert sum(ciokit_clock.sleeps) == pytest.approx(2.5)
    assert (done.path, done.size, done.export["total"]) == (path, path.stat().st_size, 2)
    with path.open(newline="", encoding="utf-8") as file:
        assert [row["plan"] for row in csv.DictReader(file)] == ["pro", ""]
    assert [each.name for each in tmp_path.iterdir()] == ["people.csv"]


def test_the_awaitable_client_does_the_same(
    ciokit_emulator: Emulator, ciokit_async_app_client: AsyncAppClient, tmp_path: Path
) -> None:
    """Exports and imports are awaited; what blocks on this machine is done in a thread."""
    threads: list[bool] = []

    def publish(content: bytes) -> str:
        threads.append(threading.current_thread() is threading.main_thread())
        return ciokit_emulator.files.put(content)

    async def run() -> None:
        report = await run_import(
            ciokit_async_app_client, b"id,x\nu1,1\n,2\n", name="I", type="people", identifier="id", publish=publish
        )
        assert (report.imported, [row["x"] for row in report.errors], report.warnings) == (1, ["2"], [])
        done = await export_customers(ciokit_async_app_client, tmp_path / "a.csv", EVERYBODY)
        again = await download_export(ciokit_async_app_client, done.export["id"], str(tmp_path / "b.csv"))
        assert again.size == done.size
        assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "a.csv").read_bytes()

    asyncio.run(run())
    assert threads == [False]


def test_deliveries_are_exported_of_exactly_one_source(ciokit_app_client: AppClient, tmp_path: Path) -> None:
    """None and two are told before anything is sent."""
    done = export_deliveries(ciokit_app_client, tmp_path / "sent.csv", campaign_id=3, metric="opened")
    assert done.export["type"] == "deliveries"
    for sources in ({}, {"campaign_id": 3, "action_id": 4}):
        client, wire, _ = _client()
        with pytest.raises(ValidationError, match=r"only one|one of them"):
            export_deliveries(client, tmp_path / "sent.csv", **sources)
        assert wire.sent == []


def test_no_key_goes_where_a_link_leads(tmp_path: Path) -> None:
    """The file is asked for with a bare GET: no header of the client, no part of the key; errors hide the link."""
    link = "https://storage.example/file?signature=abc"
    client, wire, _ = _client(_json(_export()), _json({"url": link}), Response(200, {}, b"id\nu1\n"))
    done = download_export(client, 5, tmp_path / "a.csv")
    assert done.path.read_bytes() == b"id\nu1\n"
    request = wire.sent[-1]
    assert (request.method, request.url, dict(request.headers), request.body) == ("GET", link, {}, b"")
    assert all("secret" in str(each.headers["authorization"]) for each in wire.sent[:-1])
    client, _, _ = _client(_json(_export()), _json({"url": link}), Response(400))
    with pytest.raises(RefusedError) as caught:
        download_export(client, 5, tmp_path / "b.csv")
    assert "abc" not in str(caught.value)
    assert "storage" not in str(caught.value)
    assert not (tmp_path / "b.csv").exists()


@pytest.mark.parametrize("link", ["http://storage.example/file", "file:///etc/passwd", "/file", "", "https://"])
def test_a_link_to_anything_but_an_https_file_is_not_followed(tmp_path: Path, link: str) -> None:
    """A client that uses https itself follows nothing less."""
    client, wire, _ = _client(_json(_export()), _json({"url": link}), Response(200, {}, b"x"))
    with pytest.raises(UnexpectedAnswerError):
        download_export(client, 5, tmp_path / "a.csv")
    assert len(wire.sent) == 2


def test_a_link_that_is_over_is_asked_for_again(tmp_path: Path) -> None:
    """Once: a second refusal is the caller's to see."""
    fresh = [_json({"url": "https://s.example/2"}), Response(200, {}, b"x")]
    client, wire, _ = _client(_json(_export()), _json({"url": "https://s.example/1"}), Response(403), *fresh)
    assert download_export(client, 5, tmp_path / "a.csv").size == 1
    assert [request.url for request in wire.sent if "s.example" in request.url] == [
        "https://s.example/1",
        "https://s.example/2",
    ]


def test_an_export_that_fails_or_takes_too_long_says_so(tmp_path: Path) -> None:
    """Waits grow to 15 seconds and never go beyond the time given; the error carries the export."""
    client, _, _ = _client(_json(_export(status="failed", failed=True)))
    with pytest.raises(JobError) as caught:
        download_export(client, 5, tmp_path / "a.csv")
    assert caught.value.job["id"] == 5
    client, wire, clock = _client(_json(_export(status="pending", total=0)))
    with pytest.raises(JobError) as caught:
        download_export(client, 5, tmp_path / "a.csv", timeout=60)
    assert caught.value.job["status"] == "pending"
    assert sum(clock.sleeps) == pytest.approx(60)
    assert max(clock.sleeps) == 15
    assert len(wire.sent) == len(clock.sleeps) + 1
    assert list(tmp_path.iterdir()) == []


def _impossible(tmp_path: Path) -> dict[str, Path]:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "to-pipe").symlink_to(tmp_path / "pipe")
    return {
        "folder": tmp_path,
        "no folder": tmp_path / "none" / "a.csv",
        "device": Path(os.devnull),
        "pipe": tmp_path / "pipe",
        "link to a pipe": tmp_path / "to-pipe",
        "link to itself": tmp_path / "loop" / "a.csv",
        "NUL": tmp_path / "a\0b",
    }


@pytest.mark.parametrize("kind", ["blocking", "awaitable"])
@pytest.mark.parametrize("case", ["folder", "no folder", "device", "pipe", "link to a pipe", "link to itself", "NUL"])
def test_a_path_where_no_file_can_be_is_refused_before_anything_is_asked_for(
    case: str, kind: str, tmp_path: Path
) -> None:
    """No export is made for a file that has nowhere to go, and what is at the path stays what it is."""
    path = _impossible(tmp_path)[case]
    before = sorted(tmp_path.iterdir())
    if kind == "blocking":
        client, wire, _ = _client()
        with pytest.raises(ValidationError) as caught:
            export_customers(client, path, EVERYBODY)
    else:
        wire = AsyncWire()

        async def run() -> None:
            async with AsyncAppClient("k", transport=wire, clock=FakeClock()) as other:
                await export_customers(other, path, EVERYBODY)

        with pytest.raises(ValidationError) as caught:
            asyncio.run(run())
    assert (wire.sent, caught.value.field) == ([], "path")
    assert sorted(tmp_path.iterdir()) == before


def test_a_download_replaces_only_the_file_it_is_for(tmp_path: Path) -> None:
    """A link stays and its target is replaced, permissions kept; a file that ends in .part is not touched."""
    target, link, other = tmp_path / "real.csv", tmp_path / "a.csv", tmp_path / "real.csv.part"
    target.write_bytes(b"old")
    target.chmod(0o640)
    link.symlink_to(target)
    other.write_bytes(b"mine")
    client, _, _ = _client(
        _json(_export()), _json({"url": "https://x.io/f"}), Response(200, {"content-type": "text/csv"}, b"new")
    )
    assert download_export(client, 5, link).path == link
    assert link.is_symlink()
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"new", 0o640)
    assert other.read_bytes() == b"mine"
    assert len(list(tmp_path.iterdir())) == 3


def test_a_folder_that_goes_away_meanwhile_is_told_with_the_way_back(tmp_path: Path) -> None:
    """What fails at the end says the number of the export that is still at the service, and leaves nothing behind."""
    folder = tmp_path / "f"
    folder.mkdir()
    client, _, _ = _client(
        _json(_export(status="pending")),
        _json(_export()),
        _json({"url": "https://x.io/f"}),
        Response(200, {"content-type": "text/csv"}, b"new"),
    )

    def told(export: Any) -> None:
        if export["status"] == "done":
            folder.rmdir()

    with pytest.raises(FileNotFoundError) as caught:
        download_export(client, 5, folder / "a.csv", progress=told)
    assert caught.value.__notes__ == ["export 5 is at the service: `download_export` takes it up"]


@pytest.mark.parametrize("timeout", [float("nan"), -1, "60", True, None])
def test_a_timeout_that_is_no_time_is_refused_before_anything_is_asked_for(timeout: Any, tmp_path: Path) -> None:
    """Neither an export nor an import nor a broadcast is begun that could not be waited for."""
    client, wire, _ = _client()
    for begin in (
        lambda: export_customers(client, tmp_path / "a.csv", EVERYBODY, timeout=timeout),
        lambda: run_import(client, "https://x.io/a", name="I", type="people", identifier="id", timeout=timeout),
        lambda: run_broadcast(client, 12, timeout=timeout),
    ):
        with pytest.raises(ValidationError, match="seconds"):
            begin()
    assert wire.sent == []


class Impatient(FakeClock):
    """Somebody presses Ctrl-C while a call waits."""

    def sleep(self, seconds: float) -> None:
        """Interrupt the first wait."""
        raise KeyboardInterrupt


def test_an_interrupt_says_how_to_go_on(tmp_path: Path) -> None:
    """Ctrl-C ends a call at once, starts nothing again, and its note names what goes on at the service."""
    wire = Wire(_json(_export(status="pending")))
    with pytest.raises(KeyboardInterrupt) as caught:
        export_customers(AppClient("k", transport=wire, clock=Impatient()), tmp_path / "a.csv", EVERYBODY)
    assert (caught.value.__notes__, len(wire.sent)) == (
        ["export 5 is at the service: `download_export` takes it up"],
        1,
    )
    wire = Wire(_json({"import": {"id": 6, "state": "importing"}}))
    client = AppClient("k", transport=wire, clock=Impatient())
    with pytest.raises(KeyboardInterrupt) as caught:
        run_import(client, "https://x.io/a.csv", name="I", type="people", identifier="id")
    assert [request.method for request in wire.sent] == ["POST", "GET"]
    assert "import 6 goes on" in caught.value.__notes__[0]


def test_rows_are_published_imported_and_read_back(ciokit_emulator: Emulator, ciokit_app_client: AppClient) -> None:
    """Values follow the one policy for values; rows the service did not take come back with its reason."""
    rows = [
        {"id": "u1", "name": 'Zoë, "Z"\n', "vip": True, "at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"id": "u2", "tags": ["a", 1], "score": float("nan"), "name": None},
        {"id": "", "name": "nobody"},
    ]
    states: list[str] = []
    report = run_import(
        ciokit_app_client,
        rows,
        name="I",
        type="people",
        identifier="id",
        publish=ciokit_emulator.files.put,
        progress=lambda job: states.append(job["state"]),
    )
    assert (report.imported, len(report.errors), report.warnings) == (2, 1, [])
    assert report.errors[0]["name"] == "nobody"
    assert report.errors[0]["error"]
    assert (states[0], states[-1]) == ("preprocessing", "imported")
    first = ciokit_app_client.customers.attributes("u1")["customer"]["attributes"]
    assert (first["name"], first["vip"]) == ('Zoë, "Z"\n', "true")
    assert str(first["at"]).startswith("2026-01-01T00:00:00")
    second = ciokit_app_client.customers.attributes("u2")["customer"]["attributes"]
    assert second["tags"] == '["a",1]'
    assert not {"score", "name", "vip"} & second.keys()


def test_a_file_is_imported_by_its_path(
    ciokit_emulator: Emulator, ciokit_app_client: AppClient, tmp_path: Path
) -> None:
    """Objects need their type and no identifier."""
    path = tmp_path / "objects.csv"
    path.write_bytes(b"object_id,name\ng1,Acme\n")
    report = run_import(
        ciokit_app_client, path, name="O", type="object", object_type_id="1", publish=ciokit_emulator.files.put
    )
    assert report.imported == 1
    assert ciokit_app_client.objects.attributes(1, "g1")["object"]["attributes"]["name"] == "Acme"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"source": "people.csv"}, "source"),
        ({"source": b"id\n"}, "publish"),
        ({"source": [{"id": "u1"}]}, "publish"),
        ({"source": Path("people.csv")}, "publish"),
        ({"identifier": None}, "identifier"),
        ({"type": "object"}, "object_type_id"),
        ({"type": "object", "object_type_id": "1"}, "identifier"),
        ({"object_type_id": "1"}, "object_type_id"),
    ],
)
def test_an_import_that_cannot_work_is_refused_at_once(given: dict[str, Any], field: str) -> None:
    """Nothing is sent, and the error names the request and what is missing or too much."""
    client, wire, _ = _client()
    arguments: dict[str, Any] = {"source": "https://x.io/a.csv", "name": "I", "type": "people", "identifier": "id"}
    with pytest.raises(ValidationError) as caught:
        run_import(client, **{**arguments, **given})
    assert (caught.value.request, caught.value.field, wire.sent) == ("POST /v1/imports", field, [])


def test_an_import_that_fails_says_so(ciokit_emulator: Emulator, ciokit_app_client: AppClient) -> None:
    """A file without the identifier fails as a whole: the error carries what the service said."""
    url = ciokit_emulator.files.put(b"email\na@x.io\n")
    with pytest.raises(JobError) as caught:
        run_import(ciokit_app_client, url, name="I", type="people", identifier="id")
    assert caught.value.job["error"] == "the file has no column id"


def test_both_clients_send_the_same_requests(tmp_path: Path) -> None:
    """Blocking or awaitable, an export is the same series of requests."""
    answers = [
        _json(_export(status="pending")),
        _json(_export()),
        _json({"url": "https://s.example/1"}),
        Response(200, {}, b"x"),
    ]
    client, wire, _ = _client(*answers)
    export_customers(client, tmp_path / "a.csv", EVERYBODY)
    awaited = AsyncWire(*answers)

    async def run() -> None:
        async with AsyncAppClient("the-secret-key", transport=awaited, clock=FakeClock()) as other:
            await export_customers(other, tmp_path / "b.csv", EVERYBODY)

    asyncio.run(run())
    assert wire.sent == awaited.sent


@pytest.mark.parametrize("source", [None, 5, {"id": "u1"}, [1, 2], Path("missing.csv")], ids=str)
def test_source_that_is_none_is_refused(source: Any) -> None:
    """What is no URL, file, content or rows is told as such, and nothing is asked of the service."""
    client, wire, _ = _client()
    with pytest.raises(ValidationError) as caught:
        run_import(client, source, name="I", type="people", identifier="id", publish=lambda _: "https://x.io/a")
    assert (str(caught.value.field)[:6], wire.sent) == ("source", [])


@pytest.mark.parametrize("client", [None, "key", object()], ids=["none", "text", "object"])
def test_only_clients_of_the_app_api_are_taken(client: Any) -> None:
    """Functions that take a client first say so at once when they get something else."""
    with pytest.raises(ValidationError, match="pass an AppClient"):
        download_export(client, 5, "a.csv")
    with pytest.raises(ValidationError, match="pass an AppClient"):
        send_push(client, transactional_message_id=1, identifiers={"id": "u1"})
