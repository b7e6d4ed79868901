"""How lists go on: each style of the service as plain data that finds the next page in an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

Query = Mapping[str, "str | list[str]"]


class Paging(Protocol):
    """A style: `param` is the query parameter that says where to go on."""

    @property
    def param(self) -> str: ...
    def following(self, query: Query, answer: Mapping[str, Any], rows: Sequence[Any]) -> str | None: ...
    def told(self, following: str | None, total: int) -> Mapping[str, Any]: ...


def _at(answer: Mapping[str, Any], path: str) -> Any:
    found: Any = answer
    for step in path.split("."):
        found = cast("Mapping[str, Any]", found).get(step) if isinstance(found, Mapping) else None
    return found


def _under(path: str, value: object) -> dict[str, Any]:
    for step in reversed(path.split(".")):
        value = {step: value}
    return cast("dict[str, Any]", value)


def _number(query: Query, name: str, default: int) -> int:
    value = query.get(name)
    return int(value) if isinstance(value, str) and value.isdigit() else default


@dataclass(frozen=True, slots=True)
class Cursor:
    """The answer holds a mark at `at`, which is sent back as `param`; absent or empty after the last page."""

    param: str = "start"
    at: str = "next"

    def following(self, query: Query, answer: Mapping[str, Any], rows: Sequence[Any]) -> str | None:  # noqa: ARG002 - one signature for all styles
        """Return the mark of the next page."""
        mark = _at(answer, self.at)
        return str(mark) if mark not in (None, "", 0) else None

    def told(self, following: str | None, total: int) -> Mapping[str, Any]:  # noqa: ARG002 - one signature for all styles
        """Return the part of an answer that says where to go on: the emulator's side."""
        return _under(self.at, following or "")


CURSOR = Cursor()
"""What nearly every list of the service uses."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """Pages have numbers from 1; the answer holds the number of rows in all. `size` is the service's default page."""

    param: str = "page"
    total_at: str = "meta.pagination.total"
    size: int = 1000

    def following(self, query: Query, answer: Mapping[str, Any], rows: Sequence[Any]) -> str | None:
        """Return the next page's number, until all rows were told or a page is empty."""
        page, size = _number(query, self.param, 1), _number(query, "limit", self.size)
        total = _at(answer, self.total_at)
        more = bool(rows) and isinstance(total, int) and page * size < total
        return str(page + 1) if more else None

    def told(self, following: str | None, total: int) -> Mapping[str, Any]:  # noqa: ARG002 - one signature for all styles
        """Return the part of an answer that says how many rows there are: the emulator's side."""
        return _under(self.total_at, total)


@dataclass(frozen=True, slots=True)
class Offset:
    """Pages begin after so many rows; a page shorter than `size`, or than the `limit` asked for, is the last."""

    param: str = "offset"
    size: int = 1000

    def following(self, query: Query, answer: Mapping[str, Any], rows: Sequence[Any]) -> str | None:  # noqa: ARG002 - one signature for all styles
        """Return where the next page begins."""
        full = len(rows) >= _number(query, "limit", self.size)
        return str(_number(query, self.param, 0) + len(rows)) if rows and full else None

    def told(self, following: str | None, total: int) -> Mapping[str, Any]:  # noqa: ARG002 - one signature for all styles
        """Return nothing: such a list does not say that it goes on."""
        return {}
