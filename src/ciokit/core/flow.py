"""The vocabulary of flows: generators that say what should happen next and leave the doing to a sender.

A *flow* yields `Call`s (an operation with its arguments) and `Wait`s, gets `Response`s back and returns a value.
`perform` turns it into *steps* (`Request` and `Wait`), adding limits, retries and error reading on the way; a sender
carries the steps out. Nothing here touches a socket or a clock, so all of it is tested by plain generator calls.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from ciokit.core.wire import Request, Response
from ciokit.errors import NetworkError, ValidationError

if TYPE_CHECKING:
    from ciokit.core.endpoint import Route
    from ciokit.settings import Limits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wait:
    """Let this many seconds pass."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """One use of an operation, before it knows its host and credentials.

    `link` is an absolute URL somewhere else, given by the service itself: nothing of the client goes there, neither
    key nor headers. See `ciokit.core.links`. `check` is told the limits of whoever sends the call and the time in Unix
    seconds, and refuses it with `ValidationError` before anything leaves.
    """

    route: Route
    path: str
    query: Mapping[str, str | list[str]] = field(default_factory=dict[str, "str | list[str]"])
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    link: str | None = None
    check: Callable[[Limits, float], None] | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return f"Call({self.route.label}, {len(self.body)} B)"


Outcome: TypeAlias = Response | NetworkError
Flow: TypeAlias = Generator[Call | Wait, Response | None, T]
Steps: TypeAlias = Generator[Request | Wait, Outcome | None, T]


class Exchange(Protocol):
    """Makes one call good: limit, send, read errors, retry. See `ciokit.core.connection`."""

    def __call__(self, call: Call) -> Steps[Response]: ...


def perform(flow: Flow[T], exchange: Exchange) -> Steps[T]:
    """Carry a flow out call by call; an error of one call is raised inside the flow, which may deal with it.

    So is what stops the sender itself, such as an interrupt: a flow that keeps account must hear of it.
    """
    answer: Response | None = None
    error: BaseException | None = None
    try:
        while True:
            step = flow.throw(error) if error else flow.send(answer)
            answer = error = None
            try:
                if isinstance(step, Wait):
                    yield step
                else:
                    answer = yield from exchange(step)
            except BaseException as caught:  # noqa: BLE001 - raised again by the flow
                error = caught
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        flow.close()


def ask(call: Call) -> Generator[Call | Wait, Response | None, Response]:
    """Yield one call and return its answer; for use with `yield from`."""
    answer = yield call
    if answer is None:
        raise TypeError("a flow was resumed without an answer to its call")
    return answer


@contextmanager
def told_of(request: str) -> Generator[None]:
    """Have a `ValidationError` of the block name the request, if it does not."""
    try:
        yield
    except ValidationError as error:
        error.request = error.request or request
        raise
