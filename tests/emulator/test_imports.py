"""Imports at the wire: a CSV becomes people, events, objects or relationships; what did not is told row by row."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from ciokit import AppClient
from ciokit.app_api.imports import Imports
from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.emulator.server import EmulatorServer
from ciokit.errors import RefusedError
from tests.support.operations import unchecked
from tests.support.wire import Answer, scripted_server

from .conftest import START

NOW = int(START)


@pytest.fixture
def imported(emulator: Emulator, app: AppClient) -> Callable[..., Any]:
    """Return a way to import text and get what the service says at the end."""

    def run(text: str, type: str = "people", **given: Any) -> Any:
        who = {} if type == "object" else {"identifier": "id"}
        url = emulator.files.put(text.encode())
        spec: Any = {"name": "I", "data_file_url": url, "type": type, **who, **given}
        number = app.imports.create(spec)["import"]["id"]
        emulator.advance(2)
        return app.imports.get(number)["import"]

    return run


def _told(emulator: Emulator, url: str) -> list[dict[str, str]]:
    answer = emulator.transport.send(Request("GET", url, {}))
    assert answer.status == 200
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


def test_an_import_happens_when_its_time_has_come(emulator: Emulator, app: AppClient) -> None:
    """It is taken at once, worked off later, and until then nobody is there."""
    url = emulator.files.put(b"id,plan\nu1,pro\nu2,\n")
    started = app.imports.create({"name": "I", "data_file_url": url, "type": "people", "identifier": "id"})["import"]
    assert (started["state"], started.get("rows_to_import"), started.get("rows_imported")) == ("preprocessing", 2, 0)
    emulator.advance(1)
    assert app.imports.get(started["id"])["import"]["state"] == "importing"
    assert list(app.customers.find({"attribute": {"field": "id", "operator": "exists"}})) == []
    emulator.advance(1)
    done = app.imports.get(started["id"])["import"]
    assert (done["state"], done.get("rows_imported"), done["updated_at"]) == ("imported", 2, NOW + 2)
    assert not {"error", "error_export_id", "warning_export_id"} & done.keys()
    assert app.customers.attributes("u1")["customer"]["attributes"]["plan"] == "pro"
    assert "plan" not in app.customers.attributes("u2")["customer"]["attributes"]


def test_rows_that_cannot_be_used_are_told(emulator: Emulator, app: AppClient, imported: Callable[..., Any]) -> None:
    """They are in a file with a reason each, and an export as well; rows taken in part are in another."""
    done = imported("id,email\nu1,ann@x.io\n,nobody@x.io\nu2,bob@x.io,extra\nu3,ANN@x.io\n")
    assert (done["state"], done["rows_to_import"], done["rows_imported"]) == ("imported", 4, 2)
    errors = _told(emulator, done["error_download_url"])
    assert [(row["id"], row["email"]) for row in errors] == [("", "nobody@x.io"), ("u2", "bob@x.io")]
    assert all(row["error"] for row in errors)
    assert [row["id"] for row in _told(emulator, done["warning_download_url"])] == ["u3"]
    export = app.exports.get(done["error_export_id"])["export"]
    assert (export["status"], export["total"]) == ("done", 2)
    assert _told(emulator, app.exports.link(export["id"])["url"]) == errors
    assert app.customers.find_by_email("bob@x.io") == {"results": []}


@pytest.mark.parametrize(
    ("extent", "known", "new"), [("all", "b", "b"), ("only_new", "a", "b"), ("only_existing", "b", None)]
)
def test_known_and_new_people_can_be_left_out(
    emulator: Emulator, app: AppClient, imported: Callable[..., Any], extent: str, known: str, new: str | None
) -> None:
    """What is left out counts neither as imported nor as an error."""
    emulator.seed({"people": [{"id": "known", "attributes": {"x": "a"}}]})
    done = imported("id,x\nknown,b\nnew,b\n", data_to_process=extent)
    assert (done["rows_imported"], "error_export_id" in done) == (2 if extent == "all" else 1, False)
    values = [
        answer["customer"]["attributes"].get("x")
        for each in ("known", "new")
        for answer in app.customers.attributes_of([each])["customers"] or [{"customer": {"attributes": {}}}]
    ]
    assert values == [known, new]


def test_people_are_imported_by_email(emulator: Emulator, app: AppClient, imported: Callable[..., Any]) -> None:
    """Somebody known by an address is updated and keeps their id; somebody new may bring one."""
    emulator.seed({"people": [{"id": "u1", "email": "ann@x.io"}]})
    imported("email,id,x\nANN@x.io,other,1\nbob@x.io,u2,2\neve@x.io,,3\n", identifier="email")
    assert app.customers.attributes("u1")["customer"]["attributes"]["x"] == "1"
    assert app.customers.attributes("u2")["customer"]["attributes"]["email"] == "bob@x.io"
    assert app.customers.find_by_email("eve@x.io")["results"][0]["id"] is None


def test_events_are_imported_for_people_who_exist(
    emulator: Emulator, app: AppClient, imported: Callable[..., Any]
) -> None:
    """Name, time and properties are columns; nobody is made by an event, and no event is a command."""
    emulator.seed({"people": [{"id": "u1"}]})
    done = imported(
        "id,name,timestamp,price\nu1,Bought,1700000000,9.5\nu1,User Deleted,2026-01-01T00:00:00Z,\n"
        "nobody,Bought,,1\nu1,,,1\nu1,Bought,yesterday,1\n",
        "event",
    )
    assert (done["rows_imported"], done["rows_to_import"]) == (2, 5)
    assert [row["error"] for row in _told(emulator, done["error_download_url"])] == [
        "nobody has this id",
        "name is empty",
        "timestamp is neither unix seconds nor ISO 8601",
    ]
    found = list(app.customers.activities("u1", type="event"))
    assert [(entry.get("name"), entry["timestamp"]) for entry in found] == [
        ("User Deleted", NOW),
        ("Bought", 1_700_000_000),
    ]
    assert found[1]["data"] == {"price": "9.5"}


def test_objects_and_relationships_are_imported(
    emulator: Emulator, app: AppClient, imported: Callable[..., Any]
) -> None:
    """Objects are of the type named in the request; a relationship makes the person and the object it needs."""
    done = imported("object_id,name\ng1,Acme\n,Nobody\n", "object", object_type_id="2")
    assert (done["rows_imported"], done["object_type_id"]) == (1, "2")
    assert app.objects.attributes(2, "g1")["object"]["attributes"] == {"name": "Acme"}
    assert list(app.objects.relationships(2, "g1")) == []
    done = imported("object_type_id,object_id,id,role\n2,g1,u1,boss\n2,g9,u2,\n2,,u3,\n", "relationship")
    assert done["rows_imported"] == 2
    [link] = app.customers.relationships("u1")
    assert (link["identifiers"]["object_id"], link["attributes"]) == ("g1", {"role": "boss"})
    assert [row["identifiers"]["id"] for row in app.objects.relationships(2, "g9")] == ["u2"]
    assert len(_told(emulator, done["error_download_url"])) == 1


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no column id"),
        (b"email\na@x.io\n", "no column id"),
        (b"id,id\n1,2\n", "two columns"),
        (b"id\n\xff\n", "UTF-8"),
        (b'id\n"open\n', "not CSV"),
        (("id," + ",".join(f"c{number}" for number in range(100)) + "\n").encode(), "101 columns"),
    ],
)
def test_a_file_that_cannot_be_used_fails_the_import(
    emulator: Emulator, app: AppClient, content: bytes, says: str
) -> None:
    """The request is taken, and the import fails with the reason."""
    url = emulator.files.put(content)
    number = app.imports.create({"name": "I", "data_file_url": url, "type": "people", "identifier": "id"})["import"][
        "id"
    ]
    emulator.advance(2)
    done = app.imports.get(number)["import"]
    assert done["state"] == "failed"
    assert says in done.get("error", "")


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "cats"},
        {"identifier": None},
        {"identifier": "phone"},
        {"data_to_process": "some"},
        {"type": "event", "data_to_process": "only_new"},
        {"type": "object"},
        {"type": "object", "object_type_id": "two"},
        {"name": None},
    ],
)
def test_a_request_that_makes_no_sense_is_refused(app: AppClient, wrong: dict[str, Any]) -> None:
    """What can be told from the request alone is a 400, and nothing is started."""
    good: Any = {"name": "I", "data_file_url": "https://x.invalid/a.csv", "type": "people", "identifier": "id"}
    given: Any = {name: value for name, value in {**good, **wrong}.items() if value is not None}
    with pytest.raises(RefusedError, match="answered 400"):
        unchecked(app, Imports.create, given)
    with pytest.raises(RefusedError, match="answered 404"):
        app.imports.get(1)


def test_a_file_is_read_from_where_it_is(emulator: Emulator, app: AppClient) -> None:
    """The emulator gets it with a plain GET; a URL that holds nothing fails the import."""
    with scripted_server() as server:
        server.judge = lambda seen: Answer(200, b"id\nu1\n") if seen.path == "/a.csv" else Answer(404)
        for path in ("/a.csv", "/b.csv"):
            url = server.base_url + path
            app.imports.create({"name": "I", "data_file_url": url, "type": "people", "identifier": "id"})
    assert "authorization" not in server.seen[0].headers
    emulator.advance(2)
    assert [app.imports.get(number)["import"]["state"] for number in (1, 2)] == ["imported", "failed"]
    assert app.customers.attributes("u1")["customer"]["id"] == "u1"


def test_a_served_emulator_keeps_files_to_import(emulator: Emulator) -> None:
    """A file put there over HTTP is imported over HTTP: the emulator does not wait for itself."""
    with (
        EmulatorServer(emulator) as served,
        AppClient("any", base_url=served.base_url) as app,
        httpx2.Client(trust_env=False) as http,
    ):
        url = http.post(f"{served.base_url}/_emulator/files", content=b"id\nu1\n").json()["url"]
        assert http.get(url).content == b"id\nu1\n"
        app.imports.create({"name": "I", "data_file_url": url, "type": "people", "identifier": "id"})
        emulator.advance(2)
        assert app.imports.get(1)["import"].get("rows_imported") == 1
        number = app.exports.create_customers({"attribute": {"field": "id", "operator": "exists"}})["export"]["id"]
        emulator.advance(2)
        file = http.get(app.exports.link(number)["url"])
        assert (file.status_code, file.text.splitlines()[1].split(",")[0]) == (200, "u1")
        assert http.delete(url).status_code == 405
        assert http.get(f"{served.base_url}/_emulator/files/none.csv").status_code == 403
        assert http.delete(f"{served.base_url}/v1/segments/1", headers={"authorization": "Bearer k"}).status_code == 404
