"""The account of a batch holds when the run is cut short, and items keep what they carry."""

from __future__ import annotations

import asyncio
import math
import pickle
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import ciokit
from ciokit import (
    AsyncCustomerIOClient,
    BatchReport,
    ConfigurationError,
    CustomerIOClient,
    CustomerIOError,
    Limits,
    Message,
    NetworkError,
    RateLimitError,
    RefusedError,
    RetryPolicy,
    split_oversized_batch,
)
from ciokit.core.clock import FakeClock
from ciokit.core.wire import Request, Response
from tests.support.wire import Answer, ScriptedServer

from .conftest import events

THREE_TRIES = RetryPolicy(attempts=3)


def about(context: Any, **fields: Any) -> Message:
    """An event with this context."""
    return {"type": "track", "userId": "u", "event": "E", "context": context, **fields}


def report_of(error: BaseException) -> BatchReport:
    """The report an exception carries, whose account is whole."""
    report: BatchReport = vars(error)["report"]
    assert report.accepted + report.rejected + report.unknown == len(report)
    assert len(list(report.problems())) == report.rejected + report.unknown
    assert all(verdict.reason for verdict in report.problems())
    return report


def statuses(report: BatchReport) -> list[str]:
    """The verdicts' words, in order."""
    return [verdict.status for verdict in report]


def test_halves_not_sent_are_settled_when_the_service_refuses_to_go_on(
    server: ScriptedServer, client: CustomerIOClient
) -> None:
    """After a refusal that is no matter of items, those of the other half are known not to be there."""
    server.script = [Answer(400), Answer(404)]
    with pytest.raises(RefusedError) as caught:
        client.batch(events(4))
    report = report_of(caught.value)
    assert statuses(report) == ["rejected"] * 4
    assert [verdict.retryable for verdict in report] == [False, False, True, True]


@pytest.mark.parametrize("first", [Answer(500), Answer(break_it=True)])
def test_an_earlier_attempt_that_may_have_arrived_makes_items_unknown(server: ScriptedServer, first: Answer) -> None:
    """A last answer of 429 says nothing of the first try, which may have been taken."""
    server.script = [first, Answer(429), Answer(429)]
    with (
        CustomerIOClient("k", base_url=server.base_url, clock=FakeClock(), retry=THREE_TRIES) as client,
        pytest.raises(RateLimitError, match="an earlier attempt may have been taken") as caught,
    ):
        client.batch(events(2))
    assert statuses(report_of(caught.value)) == ["unknown"] * 2
    assert caught.value.maybe_sent


def test_a_limited_rate_alone_leaves_nothing_unknown(server: ScriptedServer) -> None:
    """A request answered 429 each time was never taken."""
    server.script = [Answer(429)] * 3
    with (
        CustomerIOClient("k", base_url=server.base_url, clock=FakeClock(), retry=THREE_TRIES) as client,
        pytest.raises(RateLimitError) as caught,
    ):
        client.batch(events(2))
    assert statuses(report_of(caught.value)) == ["rejected"] * 2
    assert not caught.value.maybe_sent


def test_a_failing_source_leaves_the_account_of_what_was_read(server: ScriptedServer, client: CustomerIOClient) -> None:
    """What had been accepted before the warehouse was lost is known, and so is what had been read and not sent."""

    def source() -> Iterator[Message]:
        yield from events(30, size=20_000)
        raise OSError("lost the warehouse")

    with pytest.raises(OSError, match="lost the warehouse") as caught:
        client.batch(source())
    report = report_of(caught.value)
    assert statuses(report) == ["accepted"] * 24 + ["rejected"] * 6
    assert {verdict.retryable for verdict in report.problems()} == {True}
    assert len(server.seen) == 1


def test_a_source_that_fails_after_the_run_stopped_does_not_hide_why(
    server: ScriptedServer, client: CustomerIOClient
) -> None:
    """The error that stopped the run is told, with what could be read of the rest."""

    def source() -> Iterator[Message]:
        yield from events(50, size=20_000)
        raise OSError("lost the warehouse")

    server.script = [Answer(401)]
    with pytest.raises(ciokit.AuthenticationError) as caught:
        client.batch(source())
    assert statuses(report_of(caught.value)) == ["rejected"] * 50
    assert "OSError" in caught.value.__notes__[0]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_an_interrupt_between_requests_leaves_the_account(
    server: ScriptedServer, client: CustomerIOClient, stop: type[BaseException]
) -> None:
    """Ctrl-C, or a progress bar that fails, does not forget what was accepted."""

    def progress(report: BatchReport) -> None:
        raise stop

    with pytest.raises(stop) as caught:
        client.batch(events(60, size=20_000), progress=progress)
    report = report_of(caught.value)
    assert (report.accepted, len(report)) == (24, 24)
    assert len(server.seen) == 1


class Interrupted:
    """A transport whose second request is interrupted while it waits for the answer."""

    def __init__(self) -> None:
        self.sent = 0

    def send(self, request: Request) -> Response:
        """Answer the first request only."""
        self.sent += 1
        if self.sent == 2:
            raise KeyboardInterrupt
        return Response(200, {}, b"{}")

    def close(self) -> None:
        """Do nothing."""


def test_an_interrupt_while_waiting_for_an_answer_leaves_those_items_unknown() -> None:
    """What was on its way may be there."""
    with CustomerIOClient("k", transport=Interrupted()) as client, pytest.raises(KeyboardInterrupt) as caught:
        client.batch(events(60, size=20_000))
    assert statuses(report_of(caught.value))[20:28] == ["accepted"] * 4 + ["unknown"] * 4


def test_a_cancelled_batch_leaves_the_account(server: ScriptedServer) -> None:
    """A task cancelled while it waits for an answer knows what became of the rest."""
    never = threading.Event()
    server.script = [Answer(), Answer(hold=never)]
    told = asyncio.Event()

    async def run() -> BatchReport:
        async with AsyncCustomerIOClient("k", base_url=server.base_url) as client:
            try:
                await client.batch(events(48, size=20_000), progress=lambda _: told.set())
            except asyncio.CancelledError as error:
                return report_of(error)
        raise AssertionError("the batch was not cancelled")

    async def twin() -> BatchReport:
        task = asyncio.create_task(run())
        await told.wait()
        await asyncio.sleep(0)
        task.cancel()
        return await task

    try:
        assert statuses(asyncio.run(twin()))[:25] == ["accepted"] * 24 + ["unknown"]
    finally:
        never.set()


def test_a_setting_found_wrong_at_the_first_request_leaves_the_account(server: ScriptedServer) -> None:
    """Nothing was sent, and the report says so for every item."""
    with (
        CustomerIOClient("k", base_url=server.base_url, ca_file="/nowhere.pem") as client,
        pytest.raises(ConfigurationError) as caught,
    ):
        client.batch(events(3))
    assert statuses(report_of(caught.value)) == ["rejected"] * 3


def test_a_report_is_not_ok_while_items_are_unsettled() -> None:
    """Items whose verdict is still to come are told as unknown, not passed over."""
    report = BatchReport()
    report.accept(report.add(["m0"]))
    assert report.ok
    report.add(["m1"])
    assert not report.ok
    assert [verdict.message_id for verdict in report.problems()] == ["m1"]


def test_every_error_survives_pickling_with_its_report(client: CustomerIOClient) -> None:
    """A worker hands an error on with the account of its batch."""
    report = client.batch([*events(2), {"type": "track", "userId": "u"}])
    made: list[CustomerIOError] = [
        ConfigurationError("x"),
        ciokit.ValidationError("x", field="a.b", request="POST /v1/track"),
        *(
            kind("x", status=500, errors=("a",), request_id="r", attempts=2, retry_after=1.5)
            for kind in (RefusedError, ciokit.AuthenticationError, RateLimitError, ciokit.ServerError)
        ),
        NetworkError("x", maybe_sent=True, attempts=3),
        ciokit.NetworkTimeoutError("x", maybe_sent=False),
        ciokit.UnexpectedAnswerError("x", status=200),
    ]
    for error in made:
        error.report = report
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), str(copy), copy.maybe_sent) == (type(error), str(error), error.maybe_sent)
        assert list(copy.report) == list(report)
        assert vars(copy).keys() == vars(error).keys()


def test_values_that_python_holds_equal_are_not_exchanged(server: ScriptedServer, client: CustomerIOClient) -> None:
    """True, 1 and 1.0 are three contexts, and each message keeps its own."""
    assert client.batch([about({"a": 1}), about({"a": True}), about({"a": 1.0})]).ok
    assert [seen.body.split(b'"context":')[1][:9].split(b"}")[0] for seen in server.seen] == [
        b'{"a":1',
        b'{"a":true',
        b'{"a":1.0',
    ]


@pytest.mark.parametrize("value", [pd.NA, np.array([1, 2])])
def test_contexts_that_cannot_be_compared_are_sent(
    server: ScriptedServer, client: CustomerIOClient, value: object
) -> None:
    """A missing value or an array in a context stops no batch."""
    assert client.batch([about({"a": "x"}), about({"a": value}), about({"a": value})]).ok
    assert len(server.seen) == 2


@pytest.mark.parametrize(("missing", "sent"), [("null", {"a": None, "b": 1}), ("omit", {"b": 1})])
def test_contexts_follow_the_policy_for_missing_values(server: ScriptedServer, missing: Any, sent: object) -> None:
    """NaN in a context becomes what the setting says, around a batch and inside a message alike."""
    context = {"a": math.nan, "b": 1}
    with CustomerIOClient("k", base_url=server.base_url, missing=missing) as client:
        client.batch([about(context)])
        client.batch(events(1), context=context)
    assert [seen.json["context"] for seen in server.seen] == [sent, sent]


def test_a_context_of_nothing_but_missing_values_is_still_json(server: ScriptedServer) -> None:
    """Leaving out all there is leaves an empty object, not a broken one."""
    with CustomerIOClient("k", base_url=server.base_url, missing="omit") as client:
        assert client.batch([about({"a": math.nan})]).ok
    assert server.seen[0].json["context"] == {}


@pytest.mark.parametrize(("context", "bad"), [("text", "context"), (math.nan, "context"), ([1], "context")])
def test_a_context_that_is_no_dict_is_named(client: CustomerIOClient, context: Any, bad: str) -> None:
    """As an item's own it rejects the item; as the batch's it is an error before any request."""
    (verdict,) = client.batch([about(context), *events(1)]).problems()
    assert verdict.field == bad
    with pytest.raises(ciokit.ValidationError, match="give a dict"):
        client.batch(events(1), context=context)


def test_what_is_around_an_item_counts_against_its_limit(server: ScriptedServer, client: CustomerIOClient) -> None:
    """An alias goes alone with the batch's context inside: both together stay within a call's limit."""
    alias: Message = {"type": "alias", "userId": "u", "previousId": "p" * 20_000}
    report = client.batch([alias, *events(1)], context={"page": "y" * 20_000})
    assert statuses(report) == ["rejected", "accepted"]
    assert report[0].field == "context"
    assert [seen.path for seen in server.seen] == ["/v1/batch"]


def test_no_room_beside_a_large_context_is_an_error_of_the_item(
    server: ScriptedServer, client: CustomerIOClient
) -> None:
    """A body over the batch limit never leaves, also when the context makes it so."""
    wide = events(1, size=20_000)
    report = client.batch([*wide, *events(1)], context={"page": "y" * 490_000})
    assert statuses(report) == ["rejected", "accepted"]
    assert report[0].field == "context"
    assert max(len(seen.body) for seen in server.seen) <= 500_000


def test_the_batch_limit_is_reached_exactly(server: ScriptedServer) -> None:
    """One item may fill a batch to its last byte, and not beyond."""
    with CustomerIOClient("k", base_url=server.base_url) as client:
        client.batch(events(1))
    exact = len(server.seen[0].body)
    for limit, accepted in ((exact, 1), (exact - 1, 0)):
        with CustomerIOClient("k", base_url=server.base_url, limits=Limits(batch_bytes=limit)) as client:
            assert client.batch(events(1)).accepted == accepted


@pytest.mark.parametrize("email", [math.nan, pd.NA, "", "  ", 7])
def test_an_address_that_is_none_identifies_nobody(
    server: ScriptedServer, client: CustomerIOClient, email: object
) -> None:
    """A missing e-mail is no identifier: the row is rejected and the others go."""
    nobody: Message = {"type": "identify", "traits": {"email": email}}
    report = client.batch([nobody, *events(1)])
    assert statuses(report) == ["rejected", "accepted"]
    with pytest.raises(ciokit.ValidationError, match="userId"):
        client.identify(None, {"email": email})
    assert len(server.seen) == 1


def test_splitting_names_an_item_that_is_no_message() -> None:
    """The place and the kind of a stray value are told."""
    with pytest.raises(ciokit.ValidationError, match=r"`batch\[1\].type`: is a NoneType"):
        split_oversized_batch([*events(1), None])  # type: ignore[list-item]  # the mistake is the point


def test_messages_are_not_changed(client: CustomerIOClient) -> None:
    """What the caller holds stays as it was, ids and contexts included."""
    message = about({"a": 1}, messageId=None)
    client.batch([message], context={"b": 2})
    client.send(message)
    assert message == about({"a": 1}, messageId=None)


def test_number_that_nobody_reads_costs_no_other_item(client: CustomerIOClient, server: ScriptedServer) -> None:
    """A number beyond the range of floats is one rejected verdict with its field, and the others are sent."""
    messages = events(3)
    messages[1]["properties"] = {"x": 10**400}
    report = client.batch(messages)
    assert [(verdict.status, verdict.field) for verdict in report.problems()] == [("rejected", "properties.x")]
    assert [item["messageId"] for item in server.seen[0].json["batch"]] == ["m0", "m2"]


def test_misspelt_member_of_a_message_is_refused(client: CustomerIOClient, server: ScriptedServer) -> None:
    """What the service would drop without a word is told by name, with what there is; None drops nothing."""
    around: Any = {"context": {"ip": "1.2.3.4"}, "integrations": {"All": True}, "sentAt": "2026-01-31T09:30:00Z"}
    messages: Any = [
        {"type": "identify", "userId": "x", "trait": {}},
        {"type": "track", "userId": "x", "event": "E", "propertys": {}},
        {"type": "identify", "userId": "x", "event": None, "traits": {}, **around},
    ]
    report = client.batch(messages)
    assert [(verdict.status, verdict.field) for verdict in report] == [
        ("rejected", "trait"),
        ("rejected", "propertys"),
        ("accepted", None),
    ]
    assert "traits, type, userId" in report[0].reason
    assert [seen.json["sentAt"] for seen in server.seen] == [around["sentAt"]]
