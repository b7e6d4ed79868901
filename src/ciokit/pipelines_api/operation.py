"""One function, four uses: a blocking call, an awaitable call, a method of either client, and a message not yet sent.

identify_user(client, "u1", {"plan": "pro"})           -> Receipt
await identify_user(async_client, "u1")                -> Receipt
client.identify("u1")                                  -> the same, bound
identify_user.message("u1", {"plan": "pro"})           -> Message, for batches and bulk loads
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, overload

from ciokit.pipelines_api.messages import Message

if TYPE_CHECKING:
    from ciokit.pipelines_api.client import AsyncCustomerIOClient, CustomerIOClient

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Receipt:
    """The service took the message. `message_id` names it for good, `size` is its body in bytes."""

    message_id: str
    size: int


class Operation(Generic[P]):
    """A way to build one message, callable with either client."""

    def __init__(self, build: Callable[P, Message]) -> None:
        self.message = build
        self.__doc__ = build.__doc__
        self.__name__ = build.__name__
        self.__module__ = build.__module__
        self.__wrapped__ = build  # what help() and documentation tools follow to the signature

    def __repr__(self) -> str:
        return f"<operation {self.__name__}{inspect.signature(self.message)}>"

    @overload
    def __call__(self, client: CustomerIOClient, /, *args: P.args, **kwargs: P.kwargs) -> Receipt: ...
    @overload
    def __call__(
        self, client: AsyncCustomerIOClient, /, *args: P.args, **kwargs: P.kwargs
    ) -> Coroutine[Any, Any, Receipt]: ...
    def __call__(self, client: Any, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Build the message and send it with the client."""
        return client.send(self.message(*args, **kwargs))

    @overload
    def __get__(self, client: None, owner: type) -> Operation[P]: ...
    @overload
    def __get__(self, client: CustomerIOClient, owner: type) -> Callable[P, Receipt]: ...
    @overload
    def __get__(self, client: AsyncCustomerIOClient, owner: type) -> Callable[P, Coroutine[Any, Any, Receipt]]: ...
    def __get__(self, client: Any, owner: type) -> object:
        if client is None:
            return self

        @functools.wraps(self.message)
        def bound(*args: P.args, **kwargs: P.kwargs) -> Any:
            return client.send(self.message(*args, **kwargs))

        return bound
