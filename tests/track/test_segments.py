"""Members of manual segments at the wire: a thousand a request, and a verdict for each."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ciokit import AsyncTrackClient, BatchReport, RefusedError, TrackClient
from tests.support.wire import Answer, ScriptedServer

IDS = [f"u{number}" for number in range(2_500)]


@pytest.mark.parametrize(("verb", "path"), [("add", "add_customers"), ("remove", "remove_customers")])
def test_ids_are_split_at_a_thousand(verb: str, path: str, track: TrackClient, server: ScriptedServer) -> None:
    """Each id arrives once, in order, at most 1,000 a request; the kind of identifier is told only if it is not id."""
    report = getattr(track.segments, verb)(7, iter(IDS))
    assert [len(seen.json["ids"]) for seen in server.seen] == [1_000, 1_000, 500]
    assert [one for seen in server.seen for one in seen.json["ids"]] == IDS
    assert {seen.path for seen in server.seen} == {f"/api/v1/segments/7/{path}"}
    assert (report.accepted, len(report), report.requests) == (2_500, 2_500, 3)
    assert report[1_234].message_id == "u1234"


def test_awaitable_client_does_the_same(async_track: AsyncTrackClient, server: ScriptedServer) -> None:
    """Ids of another kind say so in the query."""

    async def run() -> BatchReport:
        async with async_track as client:
            return await client.segments.add(7, ["a@x.io", "b@x.io"], id_type="email")

    assert asyncio.run(run()).ok
    [seen] = server.seen
    assert (seen.path, seen.json) == ("/api/v1/segments/7/add_customers?id_type=email", {"ids": ["a@x.io", "b@x.io"]})


def test_nobody_makes_no_request(track: TrackClient, server: ScriptedServer) -> None:
    """No ids make no request."""
    assert len(track.segments.add(7, [])) == 0
    assert server.seen == []


@pytest.mark.parametrize("nobody", ["", " ", None, 7])
def test_id_that_cannot_be_is_rejected_in_its_place(nobody: Any, track: TrackClient, server: ScriptedServer) -> None:
    """An empty id, or one that is no text, holds up nobody else."""
    report = track.segments.add(7, ["a", nobody, "b"])
    assert [(one.status, one.field) for one in report] == [("accepted", None), ("rejected", "ids"), ("accepted", None)]
    assert server.seen[0].json == {"ids": ["a", "b"]}


@pytest.mark.parametrize("status", [400, 404])
def test_refusal_stops_the_run_and_tells_who_is_in(status: int, track: TrackClient, server: ScriptedServer) -> None:
    """The service refuses a request for its segment's sake: it is not cut up, and the error knows what was done."""
    server.script = [Answer(), Answer(status, b'{"meta":{"errors":["no such segment"]}}')]
    with pytest.raises(RefusedError, match="no such segment") as refused:
        track.segments.add(7, IDS)
    report = refused.value.report
    assert [report[index].status for index in (0, 999, 1_000, 1_999, 2_000)] == ["accepted"] * 2 + ["rejected"] * 3
    assert [report[index].retryable for index in (1_000, 2_000)] == [False, True]
    assert len(report) == 2_500
    assert len(server.seen) == 2
