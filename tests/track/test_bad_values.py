"""What the Track API is given and cannot be: told by name before it leaves, and never to the cost of the rest."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

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
