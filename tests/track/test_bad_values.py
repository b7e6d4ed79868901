"""What the Track API is given and cannot be: told by name before it leaves, and never to the cost of the rest."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import orjson
import pytest

from ciokit import AuthenticationError, BatchReport, TrackClient, ValidationError
from tests.support.wire import Answer, ScriptedServer


def person(number: int, **more: Any) -> dict[str, Any]:
    """Return an item that adds a person."""
    return {"type": "person", "action": "identify", "identifiers": {"id": f"u{number}"}, **more}


def verdicts(report: BatchReport) -> list[tuple[str, str | None]]:
    """Return status and field of each item."""
    return [(verdict.status, verdict.field) for verdict in report]


# --- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("huge", [Decimal("1e400"), 10**400], ids=["decimal", "int"])
def test_number_that_nobody_reads_is_refused_by_name(huge: Any, track: TrackClient, server: ScriptedServer) -> None:
    """A number beyond the range of floats never leaves, and the error says which field holds it."""
    with pytest.raises(ValidationError, match=r"beyond about 1\.8e308") as caught:
        track.v1.identify("f1", {"x": huge})
    assert (caught.value.field, server.seen) == ("x", [])


def test_body_that_cannot_be_read_hides_no_answer(track: TrackClient, server: ScriptedServer) -> None:
    """What the service says of a request is told though the client could not read its own body back."""
    server.script = [Answer(401, b'{"meta":{"error":"Unauthorized request"}}')]
    with pytest.raises(AuthenticationError, match="answered 401: Unauthorized request"):
        track.v1.identify("f1", {"x": orjson.Fragment(b"1e400")})
    assert len(server.seen) == 1


def test_number_that_nobody_reads_costs_no_other_item(track: TrackClient, server: ScriptedServer) -> None:
    """In a batch it is one rejected verdict with its field, and the others are sent."""
    items = [person(1), person(2, attributes={"x": Decimal("1e400")}), person(3)]
    report = track.v2.batch(items)
    assert verdicts(report) == [("accepted", None), ("rejected", "attributes.x"), ("accepted", None)]
    assert [item["identifiers"]["id"] for item in server.seen[0].json["batch"]] == ["u1", "u3"]


# --- ids and collections ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", ["abc", b"abc", {"a": 1}, None, 5], ids=lambda ids: type(ids).__name__)
@pytest.mark.parametrize("name", ["add", "remove", "add_once", "remove_once"])
def test_ids_that_are_no_list_are_refused(name: str, ids: Any, track: TrackClient, server: ScriptedServer) -> None:
    """Text is not taken for a list of letters, nor anything else that is no collection of ids."""
    with pytest.raises(ValidationError, match=f"must be a list, not {type(ids).__name__}") as caught:
        getattr(track.segments, name)(7, ids)
    assert (caught.value.field, server.seen) == ("ids", [])


@pytest.mark.parametrize("items", ["abc", {"type": "person"}, None], ids=lambda items: type(items).__name__)
@pytest.mark.parametrize("name", ["batch", "batch_once"])
def test_items_that_are_no_list_are_refused(name: str, items: Any, track: TrackClient, server: ScriptedServer) -> None:
    """One item is no batch, and neither is text or nothing."""
    with pytest.raises(ValidationError, match=f"must be a list, not {type(items).__name__}"):
        getattr(track.v2, name)(items)
    assert server.seen == []


def test_id_that_utf8_cannot_hold_costs_no_other(track: TrackClient, server: ScriptedServer) -> None:
    """An id with a lone surrogate has a verdict of its own, and the others are sent."""
    report = track.segments.add(7, ["a", "\ud800", "c"])
    assert verdicts(report) == [("accepted", None), ("rejected", "ids"), ("accepted", None)]
    assert server.seen[0].json == {"ids": ["a", "c"]}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (b"x", "is a bytes; give the id as text"),
        (True, "is a bool; give the id as text"),
        (1.5, "is a float; give the id as text"),
        (1, "is a int; give the id as text"),
        (None, "is missing; give the id as text"),
        ("", "is empty; give the id"),
        ("..", "is `..`, which no path can carry; give the id"),
        ("\ud800", "str has a lone surrogate"),
    ],
)
def test_what_is_no_id_stays_out_of_the_path(given: Any, told: str, track: TrackClient, server: ScriptedServer) -> None:
    """Only text is an id: bytes, numbers and nothing would address somebody by their spelling in Python."""
    with pytest.raises(ValidationError) as caught:
        track.v1.identify(given, {})
    assert told in str(caught.value)
    assert (caught.value.field, server.seen) == ("identifier", [])


@pytest.mark.parametrize("given", [True, 1.0, b"1", None])
def test_what_is_no_number_stays_out_of_the_path(given: Any, track: TrackClient, server: ScriptedServer) -> None:
    """Where a number names something, a truth value, a float or bytes do not."""
    with pytest.raises(ValidationError, match="give the id as number"):
        track.segments.add_once(given, ["a"])
    assert server.seen == []


def test_whole_numbers_of_numpy_name_as_ints_do(track: TrackClient, server: ScriptedServer) -> None:
    """A number read from a frame is as good as Python's own."""
    track.segments.add_once(np.int64(7), ["a"])  # type: ignore[arg-type]  # from untyped code
    assert server.seen[0].path == "/api/v1/segments/7/add_customers"


# --- members ---------------------------------------------------------------------------------------------------------


def test_misspelt_member_of_an_item_is_refused(track: TrackClient, server: ScriptedServer) -> None:
    """What the service would drop without a word is told by name, with what there is; None drops nothing."""
    report = track.v2.batch([person(1, atributes={"a": 1}), person(2, atributes=None), person(3, attributes={"a": 1})])
    assert verdicts(report) == [("rejected", "atributes"), ("accepted", None), ("accepted", None)]
    assert "it has action, attributes, cio_relationships, identifiers, timestamp, type" in report[0].reason
    with pytest.raises(ValidationError, match="unknown to identify of a person") as caught:
        track.v2.entity(person(1, atributes={"a": 1}))
    assert (caught.value.field, len(server.seen)) == ("atributes", 1)
