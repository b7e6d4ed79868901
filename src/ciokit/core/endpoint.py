"""One declaration, many readers: an operation is a typed method without a body, and everything else is read off it.

`@endpoint(...)` makes such a stub a descriptor. Read on the class it is data (`People.attributes.route`); on a group
bound to a blocking sender it is the call; on one bound to an awaitable sender, the awaitable call. `@paged(...)` does
the same for lists: the stub returns `list[Row]`, callers get an iterator. The emulator reads the same declarations
backwards, the docs and contract tests read them sideways. See `ciokit.core.codec` for arguments to bytes and back.
"""

from __future__ import annotations

import enum
import functools
import inspect
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import (
    Annotated,
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    TypeVar,
    cast,
    get_args,
    get_type_hints,
    overload,
)
from urllib.parse import unquote

from ciokit.core import codec
from ciokit.core.flow import Call, Flow, ask
from ciokit.core.retry import Retry
from ciokit.core.senders import AwaitableSender, BlockingSender

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")


class In(enum.Enum):
    """Where an argument travels."""

    PATH = "path"
    QUERY = "query"
    FIELD = "field"
    BODY = "body"


Path = Annotated[V, In.PATH]
Query = Annotated[V, In.QUERY]
Field = Annotated[V, In.FIELD]
Body = Annotated[V, In.BODY]

Method = Literal["GET", "POST", "PUT", "DELETE"]


@dataclass(frozen=True)
class Route:
    """One row of the operation table: plain data, no client.

    `docs` is the vendor's operation id. `items` is the key of a paged answer that holds the rows.
    """

    surface: str
    method: Method
    path: str
    retry: Retry
    docs: str
    name: str = ""
    items: str | None = None
    where: Mapping[str, In] = field(default_factory=dict[str, In])
    types: Mapping[str, Any] = field(default_factory=dict[str, Any])
    required: frozenset[str] = frozenset()
    returns: Any = None
    summary: str = ""

    @property
    def label(self) -> str:
        """What logs and errors call this operation: method and path template."""
        return f"{self.method} {self.path}"

    @functools.cached_property
    def pattern(self) -> re.Pattern[str]:
        """The raw paths this route answers, with a group for each path argument."""
        return re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]*)", re.escape(self.path)) + r"\Z")

    def path_values(self, path: str) -> tuple[str, ...]:
        """Return the decoded values in a path made from this route."""
        found = self.pattern.match(path)
        return tuple(map(unquote, found.groups())) if found else ()


S = TypeVar("S", BlockingSender, AwaitableSender)


class Group(Generic[S]):
    """A noun: a namespace of operations bound to one sender."""

    def __init__(self, sender: S) -> None:
        self.sender: S = sender


class Declared(Generic[P, T]):
    """What every kind of declaration has in common."""

    def __init__(self, stub: Callable[Concatenate[Any, P], T], route: Route) -> None:
        self.stub = stub
        self._route = route
        self._owner = ""
        self.__doc__ = stub.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner.__name__

    @functools.cached_property
    def route(self) -> Route:
        """The row of the operation table, with what the signature says filled in."""
        hints = get_type_hints(self.stub, include_extras=True)
        returns = hints.pop("return")
        where = {
            name: next(mark for mark in get_args(hint)[1:] if isinstance(mark, In)) for name, hint in hints.items()
        }
        types = {name: get_args(hint)[0] for name, hint in hints.items()}
        parameters = self.signature.parameters.values()
        required = frozenset(item.name for item in parameters if item.default is inspect.Parameter.empty)
        summary = (inspect.getdoc(self.stub) or "").split("\n", 1)[0]
        name = f"{_snake(self._owner)}.{self.stub.__name__}"
        return replace(
            self._route, name=name, where=where, types=types, required=required, returns=returns, summary=summary
        )

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        """The stub's signature without `self`."""
        full = inspect.signature(self.stub)
        return full.replace(parameters=list(full.parameters.values())[1:])

    def call(self, *args: P.args, **kwargs: P.kwargs) -> Call:
        """Build the call these arguments make, without sending it."""
        return codec.build(self.route, self.signature.bind(*args, **kwargs).arguments)


class Endpoint(Declared[P, T]):
    """An operation with one answer."""

    def flow(self, *args: P.args, **kwargs: P.kwargs) -> Flow[T]:
        """Return the flow of one call: `answer = yield from People.attributes.flow("u1")`."""
        response = yield from ask(self.call(*args, **kwargs))
        return cast("T", codec.read(self.route, response))

    @overload
    def __get__(self, obj: None, owner: type) -> Endpoint[P, T]: ...
    @overload
    def __get__(self, obj: Group[BlockingSender], owner: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, obj: Group[AwaitableSender], owner: type) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, obj: Group[Any] | None, owner: type) -> Any:
        if obj is None:
            return self

        @functools.wraps(self.stub)
        def run(*args: P.args, **kwargs: P.kwargs) -> Any:
            return obj.sender.run(self.flow(*args, **kwargs))

        return _shown_as(run, self.signature)


class Paged(Declared[P, list[T]], Generic[P, T]):
    """An operation that answers in pages of rows; `next` in an answer is `start` of the next call."""

    def page(self, *args: P.args, **kwargs: P.kwargs) -> Flow[Page[T]]:
        """Return the flow of one page."""
        return self._page(self.call(*args, **kwargs))

    def _page(self, call: Call) -> Flow[Page[T]]:
        response = yield from ask(call)
        answer = codec.read(self.route, response)
        rows = cast("list[T]", answer.get(self.route.items) or [])
        following: str = answer.get("next") or ""
        return Page(rows, following or None)

    @overload
    def __get__(self, obj: None, owner: type) -> Paged[P, T]: ...
    @overload
    def __get__(self, obj: Group[BlockingSender], owner: type) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, obj: Group[AwaitableSender], owner: type) -> Callable[P, AsyncIterator[T]]: ...
    def __get__(self, obj: Group[Any] | None, owner: type) -> Any:
        if obj is None:
            return self
        sender: BlockingSender | AwaitableSender = obj.sender
        iterate = self._rows if isinstance(sender, BlockingSender) else self._async_rows

        @functools.wraps(self.stub)
        def run(*args: P.args, **kwargs: P.kwargs) -> Any:
            return iterate(cast("Any", sender), self.call(*args, **kwargs))

        return _shown_as(run, self.signature)

    def _rows(self, sender: BlockingSender, first: Call) -> Iterator[T]:
        call: Call | None = first
        while call is not None:
            page = sender.run(self._page(call))
            yield from page.rows
            call = _following(call, page.next)

    async def _async_rows(self, sender: AwaitableSender, first: Call) -> AsyncIterator[T]:
        call: Call | None = first
        while call is not None:
            page = await sender.run(self._page(call))
            for row in page.rows:
                yield row
            call = _following(call, page.next)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows, and the cursor to go on from: None after the last page."""

    rows: list[T]
    next: str | None


def _following(call: Call, cursor: str | None) -> Call | None:
    return replace(call, query={**call.query, "start": cursor}) if cursor else None


def endpoint(
    surface: str, method: Method, path: str, *, retry: Retry, docs: str
) -> Callable[[Callable[Concatenate[Any, P], T]], Endpoint[P, T]]:
    """Declare an operation."""
    return lambda stub: Endpoint(stub, Route(surface, method, path, retry, docs))


def paged(
    surface: str, method: Method, path: str, *, items: str, docs: str
) -> Callable[[Callable[Concatenate[Any, P], list[T]]], Paged[P, T]]:
    """Declare a list operation, whose rows are under `items` in each answer. Reading is always safe to repeat."""
    return lambda stub: Paged(stub, Route(surface, method, path, Retry.SAFE, docs, items=items))


def declared(*groups: type) -> list[Declared[..., Any]]:
    """Return every declaration of the given groups, in order."""
    return [value for group in groups for value in vars(group).values() if isinstance(value, Declared)]


def _shown_as(run: Callable[..., Any], signature: inspect.Signature) -> Callable[..., Any]:
    run.__signature__ = signature  # type: ignore[attr-defined]  # what help() and notebooks show
    return run


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
