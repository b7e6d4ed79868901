"""Arguments to a call and back: `build` is used by the clients, `parse` by the emulator, and each undoes the other."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, Union, cast, get_args, get_origin
from urllib.parse import quote, unquote

from ciokit import values
from ciokit.core.flow import Call
from ciokit.core.wire import Response
from ciokit.errors import UnexpectedAnswerError, ValidationError

if TYPE_CHECKING:
    from ciokit.core.endpoint import Route

_PERSONAL = ("userId", "anonymousId", "previousId", "groupId")
_LONGEST_NUMBER = 30  # Python itself refuses to read one of thousands of digits


def build(route: Route, arguments: Mapping[str, Any]) -> Call:
    """Return the call that carries `arguments`; those that are None stay out of it.

    Raises `ValidationError` for an empty or missing path argument: it would address another operation.
    """
    path: dict[str, str] = {}
    query: dict[str, str | list[str]] = {}
    fields: dict[str, Any] = {}
    body: Any = None
    for name, value in arguments.items():
        place = route.where[name].value
        if place == "path":
            path[name] = _path_value(name, value, route)
        elif value is None:
            continue
        elif place == "query":
            query[name] = _texts(cast("list[object]", value)) if isinstance(value, list) else _text(value)
        elif place == "field":
            fields[name] = value
        else:
            body = value
    content = body if body is not None else fields or None
    return Call(route, route.path.format(**path), query, b"" if content is None else values.encode(content))


def _path_value(name: str, value: Any, route: Route) -> str:
    text = "" if value is None else _text(value)
    if text in ("", ".", ".."):
        raise ValidationError("is empty or a dot; give the id", field=name, request=route.label)
    return quote(text, safe="")


def _texts(items: list[object]) -> list[str]:
    return [_text(item) for item in items]


def _text(value: Any) -> str:
    if isinstance(value, Enum):  # as in a body, see `ciokit.values`
        value = value.value
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse(route: Route, path: str, query: Mapping[str, list[str]], body: bytes) -> dict[str, Any]:
    """Return the arguments that `build` made these parts from: the emulator's direction.

    Raises `ValidationError` when a required argument is missing or a value is not of its declared type.
    """
    found = route.pattern.match(path)
    content: Any = values.decode(body) if body else None
    arguments: dict[str, Any] = {}
    for name, place in route.where.items():
        if place.value == "path" and found:
            arguments[name] = _typed(name, [unquote(found[name])], route)
        elif place.value == "query" and name in query:
            arguments[name] = _typed(name, query[name], route)
        elif place.value == "field" and isinstance(content, dict) and name in content:
            arguments[name] = content[name]
        elif place.value == "body" and content is not None:
            arguments[name] = content
    missing = sorted(route.required - arguments.keys())
    if missing:
        raise ValidationError("is required", field=missing[0], request=route.label)
    return arguments


def _typed(name: str, texts: list[str], route: Route) -> Any:
    kinds = _kinds(route.types[name])
    if any(get_origin(kind) is list for kind in kinds):
        return texts
    text = texts[-1]
    for kind in kinds:
        if get_origin(kind) is Literal:
            if text in map(str, get_args(kind)):
                return next(choice for choice in get_args(kind) if str(choice) == text)
        elif kind is int and text.removeprefix("-").isdecimal() and len(text) < _LONGEST_NUMBER:
            return int(text)
        elif kind is bool and text in ("true", "false"):
            return text == "true"
        elif kind is str:
            return text
    raise ValidationError(f"is not {' or '.join(map(_named, kinds))}", field=name, request=route.label)


def _kinds(hint: Any) -> list[Any]:
    if get_origin(hint) in (Union, types.UnionType):
        return [kind for part in get_args(hint) if part is not type(None) for kind in _kinds(part)]
    return [hint]


def _named(kind: Any) -> str:
    return (
        "one of " + ", ".join(map(str, get_args(kind)))
        if get_origin(kind) is Literal
        else getattr(kind, "__name__", str(kind))
    )


def identifiers(call: Call) -> Iterator[str]:
    """Yield the texts in a call that may name a person: free text in path, query and fields, the ids of a message."""
    yield from call.route.path_values(call.path)
    free = {name for name, hint in call.route.types.items() if {str, list[str]} & set(_kinds(hint))}
    given: dict[str, str | list[str]] = dict(call.query)
    if any(call.route.where[name].value == "field" for name in free):
        given |= values.decode(call.body)
    if any(place.value == "body" for place in call.route.where.values()) and call.body:
        content: Any = values.decode(call.body)
        message = cast("dict[str, Any]", content) if isinstance(content, dict) else {}
        yield from (message[name] for name in _PERSONAL if isinstance(message.get(name), str))
    for name in free & given.keys():
        value = given[name]
        yield from value if isinstance(value, list) else [value]


def read(route: Route, response: Response) -> Any:
    """Return the answer of an operation as plain data; unknown fields survive.

    Raises `UnexpectedAnswerError` when a 2xx answer is not JSON, or not an object where one is declared.
    """
    if not response.body.strip():
        return {}
    try:
        answer: Any = values.decode(response.body)
    except ValueError:
        raise UnexpectedAnswerError(
            f"answered {response.status} with {len(response.body)} B that are not JSON; is `base_url` the service's?",
            status=response.status,
            request=route.label,
        ) from None
    if not isinstance(answer, dict):
        raise UnexpectedAnswerError(
            f"answered {response.status} with a JSON {type(answer).__name__} where an object is declared",
            status=response.status,
            request=route.label,
        )
    return cast("dict[str, Any]", answer)
