"""A typed answer for every declared operation that nothing behaves as: the shape is right, the content is made up.

The answer is built from the type the operation is declared to return. Fields named like an argument get its value, so
that what is asked for comes back; the rest is the plainest value of its type. Nothing is remembered.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, Required, Union, cast, get_args, get_origin, get_type_hints
from typing import is_typeddict as is_typed_dict

from ciokit.core.endpoint import Page, Route

_DEPTH = 6
_PLAIN: Mapping[Any, object] = {
    str: "text",
    bytes: b"bytes",
    int: 1,
    float: 1.0,
    bool: False,
    type(None): None,
    Any: None,
}


def made_up(route: Route, arguments: Mapping[str, Any]) -> Any:
    """Return an answer of the type an operation is declared to give; a list operation gets a page of one row."""
    known = {name: value for name, value in arguments.items() if route.where[name].value != "body"}
    own = next((str(value) for name, value in reversed(known.items()) if name in route.path_arguments), None)
    if own is not None:
        known.setdefault("id", own)
    hint = route.returns
    if route.items:
        return Page([_value(get_args(hint)[0], known, 0)], None)
    return _value(hint, known, 0)


def _value(hint: Any, known: Mapping[str, Any], depth: int) -> Any:
    origin = get_origin(hint)
    if origin in (Annotated, Required, NotRequired):
        return _value(get_args(hint)[0], known, depth)
    if origin in (Union, types.UnionType):
        return _value(get_args(hint)[0], known, depth)
    if origin is Literal:
        return get_args(hint)[0]
    if origin is list:
        return [_value(get_args(hint)[0], known, depth + 1)] if depth < _DEPTH else []
    if is_typed_dict(hint):
        return _object(hint, known, depth)
    if hint is dict or origin in (dict, Mapping):
        return {}
    return _PLAIN.get(hint)


def _object(hint: Any, known: Mapping[str, Any], depth: int) -> dict[str, Any]:
    fields = get_type_hints(hint, include_extras=True)
    made: dict[str, Any] = {}
    for name, kind in fields.items():
        if depth >= _DEPTH and get_origin(kind) is NotRequired:
            continue
        made[name] = _asked_for(known[name], kind) if name in known else _value(kind, known, depth + 1)
    return made


def _asked_for(value: Any, kind: Any) -> Any:
    """Return an argument's value as the field's type has it: an id may be text here and a number there."""
    if isinstance(value, dict):
        # What was given is part of the object made of it; the rest is made up.
        given = cast("dict[str, Any]", value)
        made = _value(kind, given, 1)
        return given if made in (None, {}) else made
    plain = _value(kind, {}, _DEPTH)
    if isinstance(plain, str) and not isinstance(value, str):
        return str(value)
    if isinstance(plain, int) and not isinstance(plain, bool) and isinstance(value, str):
        return int(value) if value.isdigit() else plain
    return value if type(value) is type(plain) or plain is None else plain
