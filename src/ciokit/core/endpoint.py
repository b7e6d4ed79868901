"""One declaration, many readers: an operation is a typed method without a body, and everything else is read off it.

`@endpoint(...)` makes such a stub a descriptor. Read on the class it is data (`People.attributes.route`); on a group
bound to a blocking sender it is the call; on one bound to an awaitable sender, the awaitable call. `@paged(...)` does
the same for lists: the stub returns `list[Row]`, callers get an iterator. The emulator reads the same declarations
backwards, the docs and contract tests read them sideways. See `ciokit.core.codec` for arguments to bytes and back.
"""

from __future__ import annotations

import asyncio
import enum
import functools
import inspect
import logging
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    TypeAlias,
    TypeVar,
    cast,
    get_args,
    get_type_hints,
    overload,
)
from urllib.parse import unquote

from ciokit import values
from ciokit.core import codec
from ciokit.core.flow import Call, Flow, ask, told_of
from ciokit.core.paging import CURSOR, Paging
from ciokit.core.retry import Retry
from ciokit.core.senders import AwaitableSender, BlockingSender

if TYPE_CHECKING:
    from ciokit.settings import Limits

P = ParamSpec("P")
T = TypeVar("T")
V = TypeVar("V")


class In(enum.Enum):
    """Where an argument travels."""

    PATH = "path"
    QUERY = "query"
    FIELD = "field"
    BODY = "body"
    HEADER = "header"
    PART = "part"


Path = Annotated[V, In.PATH]
Query = Annotated[V, In.QUERY]
Field = Annotated[V, In.FIELD]
Body = Annotated[V, In.BODY]
Header = Annotated[V, In.HEADER]
Part = Annotated[V, In.PART]

Method = Literal["GET", "POST", "PUT", "DELETE"]

Prepare = Callable[[dict[str, Any]], None]
"""Checks and completes the arguments given to an operation, in place; doing it twice does no more than once."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a call is checked by: the bytes of its body, and the limits and the time (Unix seconds) of its client."""

    size: int
    limits: Limits
    now: float


Check: TypeAlias = Callable[[Mapping[str, Any], Terms], None]
"""Refuses arguments with `ValidationError` when they are to be sent."""


@dataclass(frozen=True)
class Route:
    """One row of the operation table: plain data, no client.

    `docs` is the vendor's operation id. `items` is the key of a paged answer that holds the rows, `paging` how its
    pages follow each other. `rate` names the pace in `Limits.rates`: its surface's, unless it has one of its own.
    An argument called `from_` is `from` on the wire; a header argument `workspace_id` is `x-workspace-id`.
    """

    surface: str
    method: Method
    path: str
    retry: Retry
    docs: str
    name: str = ""
    items: str | None = None
    paging: Paging = CURSOR
    rate: str = ""
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

    def __init__(
        self,
        stub: Callable[Concatenate[Any, P], T],
        route: Route,
        prepare: Prepare | None = None,
        check: Check | None = None,
    ) -> None:
        self.stub = stub
        self._route = route
        self._prepare = prepare
        self._check = check
        self._owner = ""
        self.__doc__ = stub.__doc__

    def __repr__(self) -> str:
        return f"<operation {self._route.label}>"

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
        arguments = self.signature.bind(*args, **kwargs).arguments
        with told_of(self.route.label):
            if self._prepare:
                self._prepare(arguments)
            built = codec.build(self.route, arguments)
        if self._check is None:
            return built
        return replace(built, check=functools.partial(_checked, self._check, arguments, len(built.body)))


class Endpoint(Declared[P, T]):
    """An operation with one answer."""

    def flow(self, *args: P.args, **kwargs: P.kwargs) -> Flow[T]:
        """Return the flow of one call: `answer = yield from People.attributes.flow("u1")`."""
        return self.flow_of(self.call(*args, **kwargs))

    def flow_of(self, call: Call) -> Flow[T]:
        """Return the flow of a call that was built before."""
        response = yield from ask(call)
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

        def run(*args: P.args, **kwargs: P.kwargs) -> Any:
            return obj.sender.run(self.flow(*args, **kwargs))

        async def run_reading(*args: P.args, **kwargs: P.kwargs) -> Any:
            # A disk may take its time, and whatever else goes on in this loop is not to wait for it.
            call = await asyncio.to_thread(self.call, *args, **kwargs)
            return await obj.sender.run(self.flow_of(call))

        reads = isinstance(obj.sender, AwaitableSender) and In.PART in self.route.where.values()
        return _shown_as(functools.wraps(self.stub)(run_reading if reads else run), self.signature)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows, and the cursor to go on from: None after the last page.

    A stopped crawl resumes by giving `next` as the operation's cursor argument. `repeated` says how many of the rows an
    earlier page of the same crawl held too: the service does that when data changes meanwhile (facts, section 3.3).
    """

    rows: list[T]
    next: str | None
    repeated: int = field(default=0, kw_only=True)


class Paged(Declared[P, list[T]], Generic[P, T]):
    """An operation that answers in pages of rows."""

    def page(self, *args: P.args, **kwargs: P.kwargs) -> Flow[Page[T]]:
        """Return the flow of one page."""
        return self.page_of(self.call(*args, **kwargs))

    def page_of(self, call: Call) -> Flow[Page[T]]:
        """Return the flow of the page this call asks for."""
        response = yield from ask(call)
        answer = codec.read(self.route, response)
        rows = cast("list[T]", answer.get(self.route.items) or [])
        return Page(rows, self.route.paging.following(call.query, answer, rows))

    @overload
    def __get__(self, obj: None, owner: type) -> Paged[P, T]: ...
    @overload
    def __get__(self, obj: Group[BlockingSender], owner: type) -> BlockingPages[P, T]: ...
    @overload
    def __get__(self, obj: Group[AwaitableSender], owner: type) -> AwaitablePages[P, T]: ...
    def __get__(self, obj: Group[Any] | None, owner: type) -> Any:
        if obj is None:
            return self
        kind: Any = BlockingPages if isinstance(obj.sender, BlockingSender) else AwaitablePages
        pages: Any = functools.update_wrapper(kind(self, obj.sender), self.stub)
        return _shown_as(pages, self.signature)


class BlockingPages(Generic[P, T]):
    """A list operation of a blocking client: call it for rows, or `pages` for pages."""

    def __init__(self, operation: Paged[P, T], sender: BlockingSender) -> None:
        self._operation = operation
        self._sender = sender

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
        """Yield every row, fetching page after page as they are read."""
        return (row for page in self.pages(*args, **kwargs) for row in page.rows)

    def pages(self, *args: P.args, **kwargs: P.kwargs) -> Iterator[Page[T]]:
        """Yield every page, with the cursor to resume from."""
        return self._pages(_Crawl(self._operation, self._operation.call(*args, **kwargs), self._sender.connection.log))

    def _pages(self, crawl: _Crawl[T]) -> Iterator[Page[T]]:
        while crawl.call is not None:
            yield crawl.after(self._sender.run(self._operation.page_of(crawl.call)))


class AwaitablePages(Generic[P, T]):
    """A list operation of an awaitable client: iterate it for rows, or `pages` for pages."""

    def __init__(self, operation: Paged[P, T], sender: AwaitableSender) -> None:
        self._operation = operation
        self._sender = sender

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
        """Yield every row, fetching page after page as they are read."""
        return self._rows(self.pages(*args, **kwargs))

    def pages(self, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[Page[T]]:
        """Yield every page, with the cursor to resume from."""
        return self._pages(_Crawl(self._operation, self._operation.call(*args, **kwargs), self._sender.connection.log))

    async def _rows(self, pages: AsyncIterator[Page[T]]) -> AsyncIterator[T]:
        async for page in pages:
            for row in page.rows:
                yield row

    async def _pages(self, crawl: _Crawl[T]) -> AsyncIterator[Page[T]]:
        while crawl.call is not None:
            yield crawl.after(await self._sender.run(self._operation.page_of(crawl.call)))


class _Crawl(Generic[T]):
    """Where a crawl is: the next call, and what it has seen, to tell rows that come again."""

    def __init__(self, operation: Declared[..., Any], call: Call, log: logging.Logger) -> None:
        self.call: Call | None = call
        self._route = operation.route
        self._log = log
        self._seen: set[int] = set()

    def after(self, page: Page[T]) -> Page[T]:
        """Note a page, and return it with the number of its rows that were seen before."""
        assert self.call is not None  # noqa: S101 - a crawl that has ended is not asked
        marks = [hash(values.encode(row)) for row in page.rows]
        repeated = sum(mark in self._seen for mark in marks)
        self._seen.update(marks)
        if repeated:
            self._log.warning("%s: %d rows of a page were on an earlier one too", self._route.label, repeated)
        query = cast("dict[str, str | list[str]]", {**self.call.query, self._route.paging.param: page.next})
        self.call = replace(self.call, query=query, check=None) if page.next else None
        return replace(page, repeated=repeated)


def endpoint(
    surface: str,
    method: Method,
    path: str,
    *,
    retry: Retry,
    docs: str,
    rate: str = "",
    prepare: Prepare | None = None,
    check: Check | None = None,
) -> Callable[[Callable[Concatenate[Any, P], T]], Endpoint[P, T]]:
    """Declare an operation; `prepare` sees to its arguments before they are encoded, `check` before they leave."""
    return lambda stub: Endpoint(stub, Route(surface, method, path, retry, docs, rate=rate or surface), prepare, check)


def paged(
    surface: str,
    method: Method,
    path: str,
    *,
    items: str,
    docs: str,
    paging: Paging = CURSOR,
    check: Check | None = None,
) -> Callable[[Callable[Concatenate[Any, P], list[T]]], Paged[P, T]]:
    """Declare a list operation, whose rows are under `items` in each answer. Reading is always safe to repeat."""
    route = Route(surface, method, path, Retry.SAFE, docs, items=items, paging=paging, rate=surface)
    return lambda stub: Paged(stub, route, check=check)


def declared(*groups: type) -> list[Declared[..., Any]]:
    """Return every declaration of the given groups, in order."""
    return [value for group in groups for value in vars(group).values() if isinstance(value, Declared)]


def _checked(check: Check, arguments: Mapping[str, Any], size: int, limits: Limits, now: float) -> None:
    check(arguments, Terms(size, limits, now))


def _shown_as(run: Callable[..., Any], signature: inspect.Signature) -> Callable[..., Any]:
    run.__signature__ = signature  # type: ignore[attr-defined]  # what help() and notebooks show
    return run


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
