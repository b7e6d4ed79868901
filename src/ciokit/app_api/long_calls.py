"""What all long work at the service has in common: a call of many calls, its waits, and what it says when it is left.

A long call is a function that returns steps; `LongCall` makes of it one that takes either client first.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, ParamSpec, TypeAlias, TypeVar, overload

from ciokit.app_api.client import AppClient, AsyncAppClient, of_app
from ciokit.core.flow import Flow, Wait
from ciokit.errors import CustomerIOError, JobError, RefusedError, ValidationError

P = ParamSpec("P")
T = TypeVar("T")
Steps: TypeAlias = Flow[Callable[[], T]]
"""What is asked of the service, and at its end what is left to do on this machine."""

TIMEOUT = 30 * 60.0
"""Seconds that work may take at the service unless told otherwise."""

_FIRST_WAIT = 1.0
_LONGEST_WAIT = 15.0
_GROWTH = 1.5


class LongCall(Generic[P, T]):
    """Several calls as one; call it with either client.

    What `start` does before it returns, and what its steps return, may block: an awaitable client has it done in a
    thread.
    """

    def __init__(self, start: Callable[P, Steps[T]]) -> None:
        self._start = start
        self.__name__ = start.__name__
        self.__doc__ = start.__doc__
        given = inspect.signature(start)
        client = inspect.Parameter("client", inspect.Parameter.POSITIONAL_ONLY, annotation="AppClient | AsyncAppClient")
        self.__signature__ = given.replace(
            parameters=[client, *given.parameters.values()], return_annotation=inspect.Signature.empty
        )

    def __repr__(self) -> str:
        return f"<long call {self.__name__}{self.__signature__}>"

    @overload
    def __call__(self, client: AppClient, /, *args: P.args, **kwargs: P.kwargs) -> T: ...
    @overload
    def __call__(self, client: AsyncAppClient, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]: ...
    def __call__(self, client: AppClient | AsyncAppClient, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Do all of it and return what came of it."""
        client = of_app(client)
        if isinstance(client, AppClient):
            return client.exports.sender.run(self._begun(*args, **kwargs))()
        return self._awaited(client, *args, **kwargs)

    async def _awaited(self, client: AsyncAppClient, /, *args: P.args, **kwargs: P.kwargs) -> T:
        steps = await asyncio.to_thread(self._begun, *args, **kwargs)
        finish = await client.exports.sender.run(steps)
        return await asyncio.to_thread(finish)

    def _begun(self, *args: P.args, **kwargs: P.kwargs) -> Steps[T]:
        _check_seconds(kwargs.get("timeout", TIMEOUT))
        return self._start(*args, **kwargs)


class Waits:
    """Ever longer waits, until their sum is more than the time given."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._next = _FIRST_WAIT
        self._waited = 0.0

    def next(self, what: str, job: Mapping[str, Any]) -> Wait:
        """Return the next wait; `JobError` when the time is over."""
        if self._waited >= self._timeout:
            raise JobError(f"{what} after {self._timeout:g} s; the service goes on with it", job=job)
        pause = min(self._next, self._timeout - self._waited)
        self._next = min(self._next * _GROWTH, _LONGEST_WAIT)
        self._waited += pause
        return Wait(pause)


def _check_seconds(timeout: object) -> None:
    # Written so that NaN, which nothing is less than, is refused too.
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout >= 0:
        raise ValidationError("must be a number of seconds, 0 or more", field="timeout")


@contextmanager
def goes_on(note: str, *, begun: bool = True) -> Generator[None]:
    """Add a note to what ends the block early, such as Ctrl-C: how to take up what goes on at the service.

    What the service has refused or ended itself gets none; nor, where the block itself begins it, what says that
    nothing was taken.
    """
    try:
        yield
    except BaseException as error:
        never_began = not begun and isinstance(error, CustomerIOError) and not error.maybe_sent
        if not (never_began or isinstance(error, JobError | RefusedError)):
            error.add_note(note)
        raise
