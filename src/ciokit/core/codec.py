"""Arguments to a call and back: `build` is used by the clients, `parse` by the emulator, and each undoes the other."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, SupportsIndex, Union, cast, get_args, get_origin
from urllib.parse import quote, unquote

from ciokit import values
from ciokit.core import multipart
from ciokit.core.flow import Call
from ciokit.core.wire import Response
from ciokit.errors import UnexpectedAnswerError, ValidationError

if TYPE_CHECKING:
    from ciokit.core.endpoint import Route

_LONGEST_NUMBER = 30  # Python itself refuses to read one of thousands of digits


def build(route: Route, arguments: Mapping[str, Any]) -> Call:
    """Return the call that carries `arguments`; those that are None stay out of it.

    Raises `ValidationError` for a path argument that is empty, or neither text nor a number where one is declared: it
    would address something else. So it does for None where
    something is needed, and for what is no whole number where one is declared.
    """
    path: dict[str, str] = {}
    query: dict[str, str | list[str]] = {}
    fields: dict[str, Any] = {}
    parts: dict[str, Any] = {}
    headers: dict[str, str] = {}
    body: Any = None
    for name, value in arguments.items():
        place = route.where[name].value
        wire = wire_name(name)
        if place == "path":
            path[name] = _path_value(name, value, route)
            continue
        if value is None:
            if name in route.required and types.NoneType not in get_args(route.types[name]):
                raise ValidationError("is needed, and None was given", field=name, request=route.label)
            continue
        _check_number(name, value, route)
        if place == "query":
            query[wire] = _texts(cast("list[object]", value), name) if isinstance(value, list) else _text(value, name)
        elif place == "header":
            headers[header_name(name)] = _text(value, name)
        elif place == "part":
            parts[wire] = value
        elif place == "field":
            fields[wire] = value
        else:
            body = value
    content = body if body is not None else fields or None
    if parts:
        headers["content-type"], written = multipart.write(parts)
        return Call(route, route.path.format(**path), query, written, headers)
    encoded = b"" if content is None else values.encode(content)
    return Call(route, route.path.format(**path), query, encoded, headers)


def wire_name(name: str) -> str:
    """Return what an argument is called on the wire: `from_` is `from`."""
    return name.rstrip("_")


def header_name(name: str) -> str:
    """Return the header of an argument: `workspace_id` is `x-workspace-id`."""
    return "x-" + name.replace("_", "-")


def _path_value(name: str, value: Any, route: Route) -> str:
    if isinstance(value, Enum):
        value = value.value
    numbered = int in alternatives(route.types[name])
    if not isinstance(value, str) and not (numbered and _is_number(value)):
        given = "missing" if value is None else f"a {type(value).__name__}"
        wanted = "number" if numbered else "text"
        raise ValidationError(f"is {given}; give the id as {wanted}", field=name, request=route.label)
    text = _text(value, name)
    if text in ("", ".", ".."):
        given = f"is `{text}`, which no path can carry" if text else "is empty"
        raise ValidationError(f"{given}; give the id", field=name, request=route.label)
    return quote(text, safe="")


def _check_number(name: str, value: Any, route: Route) -> None:
    """Refuse what is no whole number where one is declared: `True` would be sent as `true`, and 1.5 as it is.

    Outside a body a number may be text, as the cursor of a page is.
    """
    kinds = alternatives(route.types[name])
    if int not in kinds or not set(kinds) <= {int, str}:
        return
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, str):
        fits = str in kinds or (route.where[name].value != "field" and value.removeprefix("-").isdecimal())
    else:
        fits = _is_number(value)
    if not fits:
        wanted = "text or a whole number" if str in kinds else "a whole number"
        raise ValidationError(f"must be {wanted}, not {type(value).__name__}", field=name, request=route.label)


def _is_number(value: object) -> bool:
    return isinstance(value, SupportsIndex) and not isinstance(value, bool)  # also numpy's, which are no int


def _texts(items: list[object], name: str) -> list[str]:
    return [_text(item, name) for item in items]


def _text(value: Any, name: str) -> str:
    if isinstance(value, Enum):  # as in a body, see `ciokit.values`
        value = value.value
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not text.isascii():
        values.encode(text, field=name)  # refuses what UTF-8 cannot hold
    return text


def parse(
    route: Route, path: str, query: Mapping[str, list[str]], body: bytes, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the arguments that `build` made these parts from: the emulator's direction; header names in lower case.

    Raises `ValidationError` when a required argument is missing or a value is not of its declared type.
    """
    found = route.pattern.match(path)
    headers = headers or {}
    in_parts = any(place.value == "part" for place in route.where.values())
    content: Any = (multipart.read(body, headers) if in_parts else values.decode(body)) if body else None
    arguments: dict[str, Any] = {}
    for name, place in route.where.items():
        wire = wire_name(name)
        if place.value == "path" and found:
            arguments[name] = _typed(name, [unquote(found[name])], route)
        elif place.value == "query" and wire in query:
            arguments[name] = _typed(name, query[wire], route)
        elif place.value == "header" and header_name(name) in headers:
            arguments[name] = _typed(name, [headers[header_name(name)]], route)
        elif place.value in ("field", "part") and isinstance(content, dict) and wire in content:
            given: Any = content[wire]  # pyright: ignore[reportUnknownVariableType]  # JSON
            is_text = place.value == "part" and isinstance(given, str)
            arguments[name] = _typed(name, [given], route) if is_text else given
        elif place.value == "body" and content is not None:
            arguments[name] = content
    missing = sorted(route.required - arguments.keys())
    if missing:
        raise ValidationError("is required", field=missing[0], request=route.label)
    return arguments


def _typed(name: str, texts: list[str], route: Route) -> Any:
    kinds = alternatives(route.types[name])
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


def alternatives(hint: Any) -> list[Any]:
    """Return the types a hint allows, None apart: `int | str | None` is `[int, str]`."""
    if get_origin(hint) in (Union, types.UnionType):
        return [kind for part in get_args(hint) if part is not type(None) for kind in alternatives(part)]
    return [hint]


def _named(kind: Any) -> str:
    return (
        "one of " + ", ".join(map(str, get_args(kind)))
        if get_origin(kind) is Literal
        else getattr(kind, "__name__", str(kind))
    )


_NAMING = frozenset(  # keys under which somebody or something is named; addresses show by their form
    [
        "id",
        "ids",
        "cio_id",
        "anonymous_id",
        "object_id",
        "identifiers",
        "userId",
        "anonymousId",
        "previousId",
        "groupId",
    ]
)


def identifiers(call: Call) -> Iterator[str]:
    """Yield the texts in a call that may name a person: in path and query, in free fields, and wherever one is named.

    What else is in structures, such as attributes and filters, is not among them.
    """
    yield from call.route.path_values(call.path)
    free = {name for name, hint in call.route.types.items() if {str, list[str]} & set(alternatives(hint))}
    given: dict[str, Any] = dict(call.query)
    places = {place.value for place in call.route.where.values()}
    if call.body and "part" not in places:
        body = _readable(call.body)
        yield from _naming(body)
        given |= body if "field" in places and isinstance(body, dict) else {}
    for name in map(wire_name, free):
        yield from _all_texts(given.get(name))


def _readable(body: bytes) -> Any:
    """Return a body as plain data, None for one that cannot be read: an answer is told of whatever was sent."""
    try:
        return values.decode(body)
    except ValidationError:
        return None


def _naming(value: object) -> Iterator[str]:
    """Yield the texts under keys that name somebody, at any depth."""
    if isinstance(value, dict):
        for key, inner in cast("dict[str, object]", value).items():
            yield from _all_texts(inner) if key in _NAMING else _naming(inner)
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _naming(inner)


def _all_texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _all_texts([*cast("dict[str, object]", value).values()])
    elif isinstance(value, list):
        for inner in cast("list[object]", value):
            yield from _all_texts(inner)


def read(route: Route, response: Response) -> Any:
    """Return the answer of an operation as plain data; unknown fields survive.

    Raises `UnexpectedAnswerError` when a 2xx answer is not JSON, or is a list where an object is declared, or the other
    way round. An operation declared to return text or bytes gets the body as it is; of one declared to return None
    nothing but that it is JSON, if anything, is looked at.
    """
    if route.returns is bytes:
        return response.body
    if route.returns is str:
        return response.body.decode("utf-8", "replace")
    declared: type = list if get_origin(route.returns) is list and not route.items else dict
    nothing = route.returns is types.NoneType
    if not response.body.strip():
        return None if nothing else declared()
    try:
        answer: Any = values.decode(response.body)
    except ValueError:
        raise UnexpectedAnswerError(
            f"answered {response.status} with {len(response.body)} B that are not JSON; is `base_url` the service's?",
            status=response.status,
            request=route.label,
        ) from None
    if nothing:
        return None
    if not isinstance(answer, declared):
        raise UnexpectedAnswerError(
            f"answered {response.status} with a JSON {type(answer).__name__} where a {declared.__name__} is declared",
            status=response.status,
            request=route.label,
        )
    return answer
