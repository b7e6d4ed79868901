"""When a failed call is tried again, and how long that waits; every case at a real server."""

from __future__ import annotations

import pickle
import socket
from collections.abc import Iterator

import pytest

from ciokit import (
    AuthenticationError,
    CustomerIOClient,
    Limits,
    NetworkError,
    NetworkTimeoutError,
    Rate,
    RateLimitError,
    RefusedError,
    RetryPolicy,
    ServerError,
    UnexpectedAnswerError,
)
from ciokit.core.clock import FakeClock
from ciokit.core.retry import Retry
from ciokit.errors import CustomerIOError
from tests.support.wire import Answer, ScriptedServer

STEADY = RetryPolicy(attempts=4, base=1.0, jitter=lambda: 1.0)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that never sleeps."""
    return FakeClock()


@pytest.fixture
def client(server: ScriptedServer, clock: FakeClock) -> Iterator[CustomerIOClient]:
    """A client of that server."""
    with CustomerIOClient("k", base_url=server.base_url, clock=clock, retry=STEADY, timeout=5) as made:
        yield made


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_is_retried_with_the_same_body(
    server: ScriptedServer, client: CustomerIOClient, status: int
) -> None:
    """What is sent again is byte for byte what was sent first, so its id is too."""
    server.script = [Answer(status), Answer(status)]
    receipt = client.track("u1", "Bought")
    assert len(server.seen) == 3
    assert {seen.body for seen in server.seen} == {server.seen[0].body}
    assert server.seen[0].json["messageId"] == receipt.message_id


def test_a_broken_connection_is_retried(server: ScriptedServer, client: CustomerIOClient) -> None:
    """A reset before the answer is no reason to lose the message."""
    server.script = [Answer(break_it=True)]
    client.track("u1", "Bought")
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, RefusedError), (401, AuthenticationError), (403, AuthenticationError), (404, RefusedError)],
)
def test_a_refusal_is_final(
    server: ScriptedServer, client: CustomerIOClient, status: int, kind: type[CustomerIOError]
) -> None:
    """The service's no is told at once, with its own words."""
    server.script = [Answer(status, b'{"meta":{"errors":["event is required"]}}')]
    with pytest.raises(kind, match=r"POST /v1/track: answered .*event is required") as caught:
        client.track("u1", "Bought")
    assert len(server.seen) == 1
    assert caught.value.fault == "caller"
    assert not caught.value.retryable


def test_waits_double_until_the_attempts_are_used_up(
    server: ScriptedServer, client: CustomerIOClient, clock: FakeClock
) -> None:
    """Four attempts wait three times, each time twice as long, and the error counts them."""
    server.script = [Answer(500)] * 4
    with pytest.raises(ServerError) as caught:
        client.track("u1", "Bought")
    assert clock.sleeps == [1.0, 2.0, 4.0]
    assert caught.value.attempts == 4
    assert caught.value.fault == "service"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("asked", "waited"), [("7", 7.0), ("86400", 60.0)])
def test_retry_after_is_honoured_and_capped(
    server: ScriptedServer, client: CustomerIOClient, clock: FakeClock, status: int, asked: str, waited: float
) -> None:
    """The service's wish replaces the backoff, up to a cap."""
    server.script = [Answer(status, headers={"retry-after": asked})]
    client.track("u1", "Bought")
    assert clock.sleeps == [waited]


def test_the_time_budget_ends_the_retries(server: ScriptedServer, clock: FakeClock) -> None:
    """No wait is begun that would end after the total."""
    policy = RetryPolicy(attempts=99, total=10.0, base=4.0, jitter=lambda: 1.0)
    server.script = [Answer(503)] * 9
    with (
        CustomerIOClient("k", base_url=server.base_url, clock=clock, retry=policy) as client,
        pytest.raises(ServerError),
    ):
        client.track("u1", "Bought")
    assert clock.sleeps == [4.0]


def test_a_rate_limit_that_does_not_pass_says_what_was_asked(server: ScriptedServer, client: CustomerIOClient) -> None:
    """The error carries the seconds of Retry-After, also when they are a date long past."""
    server.script = [Answer(429, headers={"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"})] * 4
    with pytest.raises(RateLimitError) as caught:
        client.track("u1", "Bought")
    assert caught.value.retry_after == 0.0


def test_waiting_for_the_limit_does_not_use_up_the_time_budget(server: ScriptedServer, clock: FakeClock) -> None:
    """A call that stood in the queue for minutes is tried again like any other."""
    policy = RetryPolicy(total=10.0, base=1.0, jitter=lambda: 1.0)
    server.script = [Answer(), Answer(), Answer(503)]
    slow = Limits(rates={"pipelines": Rate(2, 100.0)})
    with CustomerIOClient("k", base_url=server.base_url, clock=clock, retry=policy, limits=slow) as client:
        for _ in range(3):
            client.track("u1", "Bought")
    assert len(server.seen) == 4


def test_patience_without_end_is_no_arithmetic_error() -> None:
    """The two-thousandth wait is the cap, as the hundredth is."""
    patient = RetryPolicy(attempts=10_000, total=1e9, jitter=lambda: 1.0)
    assert patient.wait(Retry.SAFE, ServerError("x", status=500), 2000, 0.0) == patient.cap


def test_an_earlier_attempt_that_may_have_arrived_is_not_forgotten(server: ScriptedServer, clock: FakeClock) -> None:
    """After a broken connection and a refusal, nobody can say that nothing was taken."""
    server.script = [Answer(break_it=True), Answer(401)]
    with (
        CustomerIOClient("k", base_url=server.base_url, clock=clock, retry=STEADY) as client,
        pytest.raises(AuthenticationError, match="an earlier attempt may have been taken") as caught,
    ):
        client.track("u1", "Bought")
    assert caught.value.maybe_sent


def test_jitter_spreads_each_wait_over_its_upper_half() -> None:
    """Two clients that failed together do not come back together."""
    error = ServerError("x", status=500)
    shortest = RetryPolicy(base=2.0, jitter=lambda: 0.0).wait(Retry.SAFE, error, 1, 0.0)
    longest = RetryPolicy(base=2.0, jitter=lambda: 1.0).wait(Retry.SAFE, error, 1, 0.0)
    assert (shortest, longest) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ServerError("x", status=500), False),
        (RateLimitError("x", status=429), False),
        (NetworkError("x", maybe_sent=True), False),
        (NetworkError("x", maybe_sent=False), True),
    ],
)
def test_what_may_send_twice_is_only_retried_when_nothing_left(error: CustomerIOError, again: bool) -> None:
    """An operation declared NEVER is repeated only when no byte of it can have arrived."""
    assert (RetryPolicy().wait(Retry.NEVER, error, 1, 0.0) is not None) is again


def test_no_server_is_a_network_error_and_nothing_was_sent(clock: FakeClock) -> None:
    """A refused connection is known not to have carried anything."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            CustomerIOClient("k", base_url=url, clock=clock, retry=STEADY) as client,
            pytest.raises(NetworkError) as caught,
        ):
            client.track("u1", "Bought")
    assert caught.value.maybe_sent is False
    assert caught.value.attempts == 4
    assert "127.0.0.1" not in str(caught.value)


def test_no_answer_in_time_may_have_been_sent(server: ScriptedServer, clock: FakeClock) -> None:
    """A time-out after the bytes left is told apart from one before."""
    import threading

    never = threading.Event()
    server.script = [Answer(hold=never)]
    once = RetryPolicy(attempts=1)
    with (
        CustomerIOClient("k", base_url=server.base_url, clock=clock, retry=once, timeout=0.2) as client,
        pytest.raises(NetworkTimeoutError, match=r"no answer within 0.2 s") as caught,
    ):
        client.track("u1", "Bought")
    never.set()
    assert caught.value.maybe_sent is True


def test_something_else_than_json_is_an_unexpected_answer(server: ScriptedServer, client: CustomerIOClient) -> None:
    """A proxy's login page behind a 200 does not count as accepted."""
    server.script = [Answer(200, b"<html>sign in</html>")]
    with pytest.raises(UnexpectedAnswerError, match="not JSON"):
        client.track("u1", "Bought")


def test_errors_survive_pickling(server: ScriptedServer, client: CustomerIOClient) -> None:
    """Celery and multiprocessing hand errors on whole."""
    server.script = [Answer(429, headers={"retry-after": "3"})] * 4
    with pytest.raises(RateLimitError) as caught:
        client.track("u1", "Bought")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.retry_after, copy.status) == (RateLimitError, str(caught.value), 3.0, 429)
