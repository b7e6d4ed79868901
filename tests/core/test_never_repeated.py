"""Calls that must not be made twice: sent once, and an error that leaves it open what became of them says so."""

from __future__ import annotations

import asyncio
import pickle
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from ciokit import AppClient, AsyncAppClient, NetworkError, NetworkTimeoutError, RefusedError, RetryPolicy, ServerError
from ciokit.core.clock import FakeClock
from ciokit.errors import CustomerIOError
from tests.support.wire import Answer, ScriptedServer

STEADY = RetryPolicy(attempts=4, base=1.0, jitter=lambda: 1.0)


@pytest.fixture
def client(server: ScriptedServer) -> Iterator[AppClient]:
    """A patient client of that server."""
    with AppClient("k", base_url=server.base_url, clock=FakeClock(), retry=STEADY, timeout=5) as made:
        yield made


def _send(client: AppClient) -> object:
    return client.send.sms(transactional_message_id=1, to="+41790000000", identifiers={"id": "p77"})


OPEN_ENDS: dict[str, Answer] = {
    "reset": Answer(break_it=True),
    "500": Answer(500),
    "503": Answer(503, headers={"retry-after": "1"}),
    "408": Answer(408),
}
CALLS: dict[str, tuple[Callable[[AppClient], object], str]] = {
    "send": (_send, r"message may have been sent.*not tried again.*recipient's deliveries.*customers\.messages"),
    "trigger": (
        lambda app: app.broadcasts.trigger(3),
        r"broadcast may have been sent.*not tried.*broadcasts\.triggers",
    ),
    "send now": (lambda app: app.newsletters.send(3), r"may have been done.*not tried again.*read back"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("end", OPEN_ENDS)
def test_what_may_have_been_done_is_told_and_not_repeated(
    server: ScriptedServer, client: AppClient, call: str, end: str
) -> None:
    """A lost connection and a failing service leave one request, and an error with what may be and where to look."""
    make, said = CALLS[call]
    server.script = [OPEN_ENDS[end]]
    with pytest.raises((NetworkError, ServerError), match=said) as caught:
        make(client)
    assert len(server.seen) == 1
    assert caught.value.retryable is False
    assert "p77" not in str(caught.value)


def test_no_answer_in_time_is_told_the_same_way(server: ScriptedServer) -> None:
    """A time-out after the request left is one of these errors."""
    never = threading.Event()
    server.script = [Answer(hold=never)]
    with (
        AppClient("k", base_url=server.base_url, clock=FakeClock(), retry=STEADY, timeout=0.2) as client,
        pytest.raises(NetworkTimeoutError, match="may have been sent"),
    ):
        _send(client)
    never.set()
    assert len(server.seen) == 1


def test_awaitable_client_tells_it_too(server: ScriptedServer) -> None:
    """The awaitable twin makes one request and gives the same error."""
    server.script = [Answer(break_it=True)]

    async def run() -> None:
        async with AsyncAppClient("k", base_url=server.base_url, clock=FakeClock(), retry=STEADY) as client:
            await client.send.in_app(transactional_message_id=1, identifiers={"id": "p77"})

    with pytest.raises(NetworkError, match="may have been sent"):
        asyncio.run(run())
    assert len(server.seen) == 1


def test_it_is_told_after_pickling(server: ScriptedServer, client: AppClient) -> None:
    """An error from another process says the same, and is as final."""
    server.script = [Answer(500)]
    with pytest.raises(ServerError) as caught:
        _send(client)
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), repr(copy), copy.retryable) == (str(caught.value), repr(caught.value), False)
    assert "may have been sent" in repr(copy)


def test_what_never_left_is_tried_again() -> None:
    """A refused connection carried nothing: it is repeated, and no error speaks of a message that may have left."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with (
            AppClient("k", base_url=url, clock=FakeClock(), retry=STEADY) as client,
            pytest.raises(NetworkError) as caught,
        ):
            _send(client)
    assert caught.value.attempts == 4
    assert "may have been" not in str(caught.value)


def test_refusal_leaves_nothing_open(server: ScriptedServer, client: AppClient) -> None:
    """What the service refused was not sent."""
    server.script = [Answer(400, b'{"meta":{"error":"no such template"}}')]
    with pytest.raises(RefusedError) as caught:
        _send(client)
    assert "may have been" not in str(caught.value)


def test_repeatable_call_is_repeated_and_leaves_nothing_open(server: ScriptedServer, client: AppClient) -> None:
    """Reading goes on after the same failures, and its last error says nothing of the kind."""
    server.script = [Answer(500)] * 4
    with pytest.raises(CustomerIOError) as caught:
        client.transactional.get(1)
    assert len(server.seen) == 4
    assert "may have been" not in str(caught.value)
    assert caught.value.retryable is True
