"""How a semantic event is declared: its exact name and a TypedDict of its properties, and nothing else.

    class CouponApplied(TypedDict, total=False):
        coupon_id: str
        discount: Number

    coupon_applied = event("Coupon Applied", CouponApplied)

The declaration is callable with either client and builds unsent messages like any operation. Editors reject a wrong
property; at run time the setting `semantic_check` does (`off`, `warn`, `error`).
"""

from __future__ import annotations

import difflib
import numbers
import types
import warnings
from collections.abc import Callable, Coroutine, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    TypeAlias,
    TypeVar,
    Union,
    Unpack,
    cast,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
    overload,
)

from ciokit.errors import ValidationError
from ciokit.pipelines_api.messages import AnonymousOptions, Message, message
from ciokit.pipelines_api.operation import Receipt
from ciokit.settings import SemanticCheck

if TYPE_CHECKING:
    from ciokit.pipelines_api.client import AsyncCustomerIOClient, CustomerIOClient

T = TypeVar("T", bound=Mapping[str, Any])

Number: TypeAlias = float | Decimal
"""A JSON number: int, float, or Decimal with its exact digits."""


class SemanticEventWarning(UserWarning):
    """A semantic event has a property its specification does not know, or one of another type."""


class SemanticEvent(Generic[T]):
    """An event whose name and properties the vendor defines; calling it records one."""

    def __init__(self, name: str, properties: type[T]) -> None:
        self.name = name
        self.properties = properties
        known = ", ".join(f"`{key}`" for key in properties.__annotations__) or "none"
        self.__doc__ = f"Record `{name}`.\n\nProperties: {known}. Types: `{properties.__name__}`."

    def __repr__(self) -> str:
        return f"<semantic event {self.name!r}>"

    @overload
    def __call__(
        self,
        client: CustomerIOClient,
        user_id: str | None,
        properties: T | None = None,
        **options: Unpack[AnonymousOptions],
    ) -> Receipt: ...
    @overload
    def __call__(
        self,
        client: AsyncCustomerIOClient,
        user_id: str | None,
        properties: T | None = None,
        **options: Unpack[AnonymousOptions],
    ) -> Coroutine[Any, Any, Receipt]: ...
    def __call__(
        self,
        client: CustomerIOClient | AsyncCustomerIOClient,
        user_id: str | None,
        properties: T | None = None,
        **options: Unpack[AnonymousOptions],
    ) -> Any:
        """Record the event for a person, or for `anonymous_id`."""
        mode = client.settings.semantic_check
        return client.send(self.message(user_id, properties, check=mode, **options))

    def message(
        self,
        user_id: str | None,
        properties: T | None = None,
        *,
        check: SemanticCheck = "error",
        **options: Unpack[AnonymousOptions],
    ) -> Message:
        """Build the message without sending it; `check` is what an unknown or wrongly typed property does.

        Raises `ValidationError` naming the property, with `check="error"`.
        """
        given = dict(properties or {})
        if check != "off":
            self._check(given, check)
        return message("track", user_id, {"event": self.name, "properties": given}, options)

    def _check(self, given: Mapping[str, Any], mode: SemanticCheck) -> None:
        try:
            self.shape.check(given, "properties", self.name)
        except ValidationError as error:
            if mode == "error":
                raise
            warnings.warn(str(error), SemanticEventWarning, stacklevel=4)

    @cached_property
    def shape(self) -> Shape:
        """The properties as data: what documentation and contract tests read."""
        return Shape.of(self.properties)


def event(name: str, properties: type[T]) -> SemanticEvent[T]:
    """Declare a semantic event."""
    return SemanticEvent(name, properties)


class Shape:
    """The fields of a TypedDict and how to tell whether a dict fits them."""

    def __init__(self, fields: Mapping[str, Any], required: frozenset[str]) -> None:
        self.fields = fields
        self.required = required

    @classmethod
    def of(cls, typed: type) -> Shape:
        """Read a TypedDict."""
        return cls(get_type_hints(typed), frozenset(cast("Any", typed).__required_keys__))

    def check(self, given: Mapping[str, Any], path: str, what: str) -> None:
        """Raise `ValidationError` for the first key or value that does not fit."""
        for key in given:
            if key not in self.fields:
                near = difflib.get_close_matches(str(key), self.fields, n=1)
                hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(self.fields) or 'none'}"
                raise ValidationError(f"is no property of {what}; {hint}", field=f"{path}.{key}")
        for key in self.required - given.keys():
            raise ValidationError(f"is required by {what}", field=f"{path}.{key}")
        for key, value in given.items():
            if value is not None:
                _fits(value, self.fields[key], f"{path}.{key}", what)


def _fits(value: Any, hint: Any, path: str, what: str) -> None:
    if is_typeddict(hint) and isinstance(value, Mapping):
        Shape.of(hint).check(cast("Mapping[str, Any]", value), path, what)
    elif get_origin(hint) is list and isinstance(value, list | tuple):
        (inner,) = get_args(hint)
        for position, item in enumerate(cast("list[Any]", value)):
            _fits(item, inner, f"{path}[{position}]", what)
    elif not any(test(value) for test in _tests(hint)):
        raise ValidationError(f"is a {type(value).__name__}; {what} has {_named(hint)} here", field=path)


def _tests(hint: Any) -> list[Callable[[Any], bool]]:
    if get_origin(hint) in (Union, types.UnionType):
        return [test for part in get_args(hint) for test in _tests(part)]
    if get_origin(hint) is Literal:
        return [lambda value: value in get_args(hint)]
    return [_TESTS.get(get_origin(hint) or hint, lambda _: False)]


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Number | Decimal) and not isinstance(value, bool)


def _is_integer(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


_TESTS: dict[Any, Callable[[Any], bool]] = {
    str: lambda value: isinstance(value, str),
    bool: lambda value: isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"),
    int: _is_integer,
    float: _is_number,
    Decimal: _is_number,
    dict: lambda value: isinstance(value, Mapping),
    date: lambda value: isinstance(value, date),
}


def _named(hint: Any) -> str:
    if get_origin(hint) is Literal:
        return "one of " + ", ".join(map(str, get_args(hint)))
    if get_origin(hint) is list:
        return "a list"
    if is_typeddict(hint) or get_origin(hint) is dict:
        return "a dict"
    if hint == Number:
        return "a number"
    parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    return " or ".join({"str": "text", "int": "a whole number"}.get(part.__name__, part.__name__) for part in parts)
