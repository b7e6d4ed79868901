"""Whether a dict fits a TypedDict, judged by the JSON it becomes; semantic events are checked with this.

A TypedDict is read once into rules. A value of an exact built-in type then costs one look-up; anything else (numpy,
Arrow, enums, UUID) is judged as what `ciokit.values` writes for it, so that the check and the writer cannot disagree.
Missing values (None, NaN, NA) fit everywhere but in a required field. No text made here holds a value.
"""

from __future__ import annotations

import difflib
import math
import types
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import (
    Any,
    Literal,
    NotRequired,
    Required,
    TypeAlias,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from ciokit import values
from ciokit.errors import ValidationError

Number: TypeAlias = float | Decimal
"""A JSON number: int, float, or Decimal with its exact digits."""

Misfit: TypeAlias = tuple[str, str]
"""Where, as a path below the value that was judged (such as `.products[3].price`), and what is wrong there."""

_NONE = frozenset({type(None)})
_BUILT_IN = frozenset({type(None), str, bool, int, float, list, dict})


class _Rule:
    """What one value has to be."""

    plain: frozenset[type] = _NONE  # exact classes whose every value fits: no need to ask `misfit`

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted

    def misfit(self, value: Any, what: str) -> Misfit | None:
        """Return how a value does not fit into `what`, or None."""
        try:
            wire = _on_the_wire(value)
        except ValidationError as error:  # JSON has nothing for it: the writer's own words
            return "", error.message
        if wire is None:
            return None
        if not self._takes(wire):
            return "", f"is a {type(value).__name__}; {what} has {self._wanted} here"
        return self._inside(wire, what)

    def _takes(self, wire: Any) -> bool:
        return wire.__class__ in self.plain

    def _inside(self, _wire: Any, _what: str) -> Misfit | None:
        return None


class Shape(_Rule):
    """The fields of a TypedDict: `fields` by name with their types, and the names of those `required`."""

    def __init__(self, fields: Mapping[str, Any], required: tuple[str, ...], *, closed: bool) -> None:
        super().__init__("a dict")
        self.fields = fields
        self.required = required
        self._closed = closed
        self._rules = {name: _rule(hint, closed=closed) for name, hint in fields.items()}

    def _takes(self, wire: Any) -> bool:
        return wire.__class__ is dict

    def _inside(self, wire: Any, what: str) -> Misfit | None:
        rules = self._rules
        for key, item in wire.items():
            rule = rules.get(key)
            if rule is None:
                if self._closed:
                    return self._unknown(key, what)
            elif item.__class__ not in rule.plain:
                found = rule.misfit(item, what)
                if found is not None:
                    return f".{key}{found[0]}", found[1]
        for key in self.required:
            if _on_the_wire(wire.get(key)) is None:
                return f".{key}", f"is required by {what}"
        return None

    def _unknown(self, key: object, what: str) -> Misfit:
        if not isinstance(key, str):
            return "", f"has a key of type {type(key).__name__}; names of properties are text"
        near = difflib.get_close_matches(key, self.fields, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(self.fields) or 'none'}"
        return (f".{key}" if key.isidentifier() else f"[{key!r}]"), f"is no property of {what}; {hint}"


class _Scalar(_Rule):
    def __init__(self, plain: frozenset[type], wanted: str) -> None:
        super().__init__(wanted)
        self.plain = plain | _NONE


class _OneOf(_Rule):
    def __init__(self, choices: tuple[str, ...]) -> None:
        super().__init__(f"one of {', '.join(choices)}")
        self._choices = choices

    def _takes(self, wire: Any) -> bool:
        return wire in self._choices


class _ListOf(_Rule):
    def __init__(self, item: _Rule) -> None:
        super().__init__("a list")
        self._item = item

    def _takes(self, wire: Any) -> bool:
        return wire.__class__ is list

    def _inside(self, wire: Any, what: str) -> Misfit | None:
        plain = self._item.plain
        for position, item in enumerate(wire):
            if item.__class__ not in plain:
                found = self._item.misfit(item, what)
                if found is not None:
                    return f"[{position}]{found[0]}", found[1]
        return None


@cache
def shape_of(typed: type, *, closed: bool = True) -> Shape:
    """Read a TypedDict, once. An open shape lets through names that it does not know."""
    # __required_keys__ alone misses Required[...] where annotations are postponed (PEP 655).
    marked = get_type_hints(typed, include_extras=True)
    total = cast("frozenset[str]", getattr(typed, "__required_keys__", frozenset[str]()))
    required = tuple(
        name
        for name, hint in marked.items()
        if get_origin(hint) is Required or (name in total and get_origin(hint) is not NotRequired)
    )
    return Shape(get_type_hints(typed), required, closed=closed)


_SCALARS: Mapping[Any, tuple[frozenset[type], str]] = {
    str: (frozenset({str}), "text"),
    bool: (frozenset({bool}), "true or false"),
    int: (frozenset({int}), "a whole number"),
    Number: (frozenset({int, float, Decimal}), "a number"),
    str | datetime: (frozenset({str, datetime}), "a time, as an aware datetime or ISO 8601 text"),
    dict: (frozenset({dict}), "a dict"),
}


def _rule(hint: Any, *, closed: bool) -> _Rule:
    origin = get_origin(hint) or hint
    if is_typeddict(hint):
        return shape_of(hint, closed=closed)
    if origin is list:
        return _ListOf(_rule(get_args(hint)[0], closed=closed))
    if origin is Literal:
        return _OneOf(get_args(hint))
    known = _SCALARS.get(hint if origin in (Union, types.UnionType) else origin)
    if known is None:
        raise TypeError(f"{hint} has no rule; known are TypedDict, list, Literal, {', '.join(map(str, _SCALARS))}")
    return _Scalar(*known)


def _on_the_wire(value: Any) -> Any:
    """Return the value with the outermost type that JSON will have; None when it is missing."""
    if value.__class__ is float:
        return value if math.isfinite(value) else None
    if value.__class__ in _BUILT_IN:
        return value
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, Any]", value))
    if isinstance(value, tuple | list):
        return list(cast("list[Any]", value))
    return values.decode(values.encode(value))
