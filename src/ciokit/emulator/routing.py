"""Which declared operation a request is for, and the handler that behaves as it: the route table read backwards.

A handler registers on the declaration it answers, and has its signature behind the world:

```python
@on(Customers.attributes)
def attributes(world: World, customer_id: str, *, id_type: IdType = "id") -> PersonAnswer:
    person = world.person(customer_id, id_type)
    if person is None:
        raise ApiFault(404, "no such person")
    ...
```

A wrong argument name, default or return type is a type error. Handlers of paged operations return a `Page` of rows.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Concatenate, ParamSpec, TypeVar, cast, overload

from ciokit.core.endpoint import Declared, Endpoint, Page, Paged, Route
from ciokit.emulator.world import World

P = ParamSpec("P")
T = TypeVar("T")


class ApiFault(Exception):  # noqa: N818 - it is an answer, not a failure of the emulator
    """An error answer: `detail` goes into the envelope that the operation's API documents.

    `pointer` is the JSON pointer of the field at fault, which answers of 422 carry.
    """

    def __init__(
        self, status: int, detail: str, headers: Mapping[str, str] | None = None, *, pointer: str = ""
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class PageBeside(Page[T]):
    """A page whose answer holds more than rows and cursor, such as `ids` beside `identifiers`, or says it otherwise."""

    beside: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Manner:
    """What of an answer the declaration does not say.

    - `status`: of an answer; 0 means 200, or 204 where the operation returns nothing.
    - `status_of`: tells the status by the answer, in place of `status`.
    - `writes`: whether it changes the world and is kept in the journal; None means that all but GET do.
    - `open`: whether it asks for no key.
    - `strict`: whether it refuses fields that are not declared.
    - `source`: finds, in the arguments, the URL of a file the service reads; see `World.fetched`.
    """

    status: int = 0
    status_of: Callable[[Any], int] | None = None
    writes: bool | None = None
    open: bool = False
    strict: bool = False
    source: Callable[[Mapping[str, Any]], str | None] | None = None


_USUAL = Manner()
READS = Manner(writes=False)
"""Of a POST that only searches."""


@dataclass(frozen=True)
class Binding:
    """A declared operation, what answers it, and how."""

    endpoint: Declared[..., Any]
    handler: Callable[..., Any]
    manner: Manner = _USUAL

    @property
    def writes(self) -> bool:
        """Whether it changes the world."""
        return self.endpoint.route.method != "GET" if self.manner.writes is None else self.manner.writes


_bindings: dict[str, Binding] = {}


@overload
def on(
    endpoint: Paged[P, T],
    manner: Manner = ...,
) -> Callable[[Callable[Concatenate[World, P], Page[T]]], Callable[Concatenate[World, P], Page[T]]]: ...
@overload
def on(
    endpoint: Endpoint[P, T],
    manner: Manner = ...,
) -> Callable[[Callable[Concatenate[World, P], T]], Callable[Concatenate[World, P], T]]: ...
def on(endpoint: Any, manner: Manner = _USUAL) -> Any:
    """Register a handler for a declared operation; it must have the operation's own signature behind the world."""

    def register(handler: Callable[..., Any]) -> Callable[..., Any]:
        _bindings[endpoint.route.label] = Binding(endpoint, handler, manner)
        return handler

    return register


def bindings() -> list[Binding]:
    """Return what has been registered so far; importing `ciokit.emulator.behaviour` registers all there is."""
    return list(_bindings.values())


def answer(route: Route, result: object) -> object:
    """Return the JSON an operation's result is sent as; a page gets its cursor where the style of the list has it."""
    if not isinstance(result, Page):
        return result
    page = cast("Page[Any]", result)  # type: ignore[redundant-cast]  # only mypy knows that from isinstance
    beside: Mapping[str, Any] = page.beside if isinstance(page, PageBeside) else {}
    return {str(route.items): page.rows, **route.paging.told(page.next, len(page.rows)), **beside}


class Router:
    """Finds the route of a request by method and number of path segments, the most specific first."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[tuple[str, str], Route] = {}
        self._open: dict[tuple[str, int], list[Route]] = {}
        self._labels: list[str] = []
        self._methods: set[str] = set()
        for route in routes:
            self._labels.append(route.label)
            self._methods.add(route.method)
            if "{" in route.path:
                self._open.setdefault((route.method, route.path.count("/")), []).append(route)
            else:
                self._fixed[route.method, route.path] = route
        for found in self._open.values():
            found.sort(key=lambda route: [segment.startswith("{") for segment in route.path.split("/")])

    def find(self, method: str, path: str) -> Route:
        """Return the route of a raw, still quoted path; `ApiFault` 404 names the nearest, 405 the methods there are."""
        found = self._match(method, path)
        if found is not None:
            return found
        others = sorted(other for other in self._methods if self._match(other, path))
        if others:
            allow = ", ".join(others)
            raise ApiFault(405, f"{method} is not allowed here; use {allow}", {"allow": allow})
        near = difflib.get_close_matches(f"{method} {path}", self._labels, n=3, cutoff=0.5)
        hint = f"; nearest are {', '.join(near)}" if near else ""
        raise ApiFault(404, f"the emulator has no {method} operation at this path{hint}")

    def _match(self, method: str, path: str) -> Route | None:
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed
        routes = self._open.get((method, path.count("/")), ())
        return next((route for route in routes if route.pattern.match(path)), None)
