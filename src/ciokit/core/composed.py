"""Operations made of several calls, written once as a flow and had by both kinds of client.

```python
class Segments(Group[S]):
    @composed
    def add(self, segment_id: int, ids: Iterable[str]) -> Flow[BatchReport]:
        ...
```

On a group bound to a blocking sender this is a method that returns the flow's value, on the other one that is awaited.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar, get_args, get_type_hints, overload

from ciokit.core.endpoint import Group
from ciokit.core.flow import Flow
from ciokit.core.senders import AwaitableSender, BlockingSender

P = ParamSpec("P")
T = TypeVar("T")


class Composed(Generic[P, T]):
    """A flow as a method of a group."""

    def __init__(self, flow: Callable[Concatenate[Any, P], Flow[T]]) -> None:
        self.flow = flow
        self.__doc__ = flow.__doc__

    @overload
    def __get__(self, obj: None, owner: type) -> Composed[P, T]: ...
    @overload
    def __get__(self, obj: Group[BlockingSender], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, obj: Group[AwaitableSender], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, obj: Group[Any] | None, owner: type) -> Any:
        if obj is None:
            return self

        @functools.wraps(self.flow)
        def run(*args: P.args, **kwargs: P.kwargs) -> Any:
            return obj.sender.run(self.flow(obj, *args, **kwargs))

        full = inspect.signature(self.flow)
        value = get_args(get_type_hints(self.flow)["return"])[-1]  # of the flow, which is a generator
        shown: Any = run
        shown.__signature__ = full.replace(parameters=list(full.parameters.values())[1:], return_annotation=value)
        return run


def composed(flow: Callable[Concatenate[Any, P], Flow[T]]) -> Composed[P, T]:
    """Make a method of a flow."""
    return Composed(flow)
