"""Whether a JSON value has the shape a declaration gives an argument, and if not, where it differs."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, Required, Union, cast, get_args, get_origin, get_type_hints
from typing import is_typeddict as is_typed_dict

_PLAIN: dict[Any, tuple[tuple[type, ...], str]] = {
    str: ((str,), "text"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    bool: ((bool,), "true or false"),
    type(None): ((type(None),), "null"),
}


def misfit(value: Any, hint: Any, where: str) -> str:
    """Return what is wrong with a value, beginning with its place, or "" if it fits the type it was declared with.

    Unknown members of an object are no fault: fields may appear without notice.
    """
    origin = get_origin(hint)
    if origin in (Annotated, Required, NotRequired):
        return misfit(value, get_args(hint)[0], where)
    if origin in (Union, types.UnionType):
        if all(map(is_typed_dict, get_args(hint))):  # which of several objects it is, the handler knows best
            return "" if isinstance(value, dict) else f"{where}: must be an object"
        wrong = [misfit(value, choice, where) for choice in get_args(hint)]
        return "" if "" in wrong else wrong[0]
    if origin is Literal:
        choices = get_args(hint)
        return "" if value in choices else f"{where}: must be one of {', '.join(map(str, choices))}"
    if hint in _PLAIN:
        kinds, name = _PLAIN[hint]
        fits = isinstance(value, kinds) and (hint is bool or not isinstance(value, bool))
        return "" if fits else f"{where}: must be {name}"
    if origin is list:
        return _list_misfit(value, get_args(hint)[0], where)
    if is_typed_dict(hint) or hint is dict or origin in (dict, Mapping):
        return _object_misfit(value, hint, where)
    return ""


def _list_misfit(value: Any, hint: Any, where: str) -> str:
    if not isinstance(value, list):
        return f"{where}: must be an array"
    items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]  # JSON
    members = enumerate(items)
    return next((wrong for index, item in members if (wrong := misfit(item, hint, f"{where}[{index}]"))), "")


def _object_misfit(value: Any, hint: Any, where: str) -> str:
    if not isinstance(value, dict):
        return f"{where}: must be an object"
    if not is_typed_dict(hint):
        return ""
    given = cast("dict[str, Any]", value)
    hints = get_type_hints(hint, include_extras=True)
    # Not `__required_keys__`: where annotations are text, it takes no notice of `NotRequired`.
    for name, kind in hints.items():
        if name not in given and hint.__total__ and get_origin(kind) is not NotRequired:
            return f"{where}.{name}: is required"
    known = ((name, item) for name, item in given.items() if name in hints)
    return next((wrong for name, item in known if (wrong := misfit(item, hints[name], f"{where}.{name}"))), "")
