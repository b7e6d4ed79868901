"""Ways to call any declared operation, blocking or awaitable, with any arguments, at a wire that answers as told."""

from __future__ import annotations

import asyncio
import pathlib
import time
import types
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints, is_typeddict

from hypothesis import strategies as st

from ciokit import values
from ciokit.app_api import AppClient
from ciokit.core import codec
from ciokit.core.endpoint import Declared, Endpoint, Paged, Route
from ciokit.core.flow import Call
from ciokit.core.wire import Request, Response
from ciokit.errors import NetworkError, ValidationError
from ciokit.settings import Limits


class Wire:
    """A transport that keeps what is sent and gives answers in turn, the last one for ever."""

    def __init__(self, *answers: Response | NetworkError) -> None:
        self.answers = list(answers or [Response(200, {}, b"{}")])
        self.sent: list[Request] = []

    def send(self, request: Request) -> Response:
        """Keep the request and give the next answer."""
        self.sent.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, NetworkError):
            raise answer
        return answer

    def close(self) -> None:
        """Nothing is open."""


class AsyncWire(Wire):
    """The awaitable twin."""

    async def send(self, request: Request) -> Response:  # type: ignore[override]
        """Keep the request and give the next answer."""
        return super().send(request)

    async def aclose(self) -> None:
        """Nothing is open."""


def method(client: Any, operation: Declared[..., Any]) -> Callable[..., Any]:
    """Return what a client calls an operation: `customers.find` is `client.customers.find`."""
    noun, _, verb = operation.route.name.partition(".")
    found: Callable[..., Any] = getattr(getattr(client, noun), verb)
    return found


def call(client: Any, operation: Declared[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call an operation of a blocking client; of a list return all rows."""
    answer = method(client, operation)(**arguments)
    return list(answer) if isinstance(operation, Paged) else answer


def acall(make: Callable[[], Any], operation: Declared[..., Any], arguments: Mapping[str, Any]) -> Any:
    """Call an operation of the awaitable client that `make` makes; of a list return all rows."""

    async def run() -> Any:
        async with make() as client:
            answer = method(client, operation)(**arguments)
            return [row async for row in answer] if isinstance(operation, Paged) else await answer

    return asyncio.run(run())


def answer_of(operation: Declared[..., Any]) -> Response:
    """Return the least answer an operation takes."""
    returns_list = get_origin(operation.route.returns) is list and not isinstance(operation, Paged)
    return Response(200, {}, b"[]" if returns_list else b"{}")


# --- types -----------------------------------------------------------------------------------------------------------


def kinds(hint: Any) -> list[Any]:
    """Return the members of a union, or the type itself."""
    return list(get_args(hint)) if get_origin(hint) in (Union, types.UnionType) else [hint]


def choices(hint: Any) -> set[Any]:
    """Return what the Literals in a type allow."""
    return {choice for kind in kinds(hint) if get_origin(kind) is Literal for choice in get_args(kind)}


def members(shape: Any) -> Iterator[tuple[str, bool]]:
    """Yield the fields of a TypedDict, and whether each is required."""
    for name, hint in get_type_hints(shape, include_extras=True).items():
        origin = get_origin(hint)
        yield name, origin is Required or (shape.__total__ and origin is not NotRequired)


# --- arguments -------------------------------------------------------------------------------------------------------

AWKWARD = st.one_of(
    st.text(min_size=1, max_size=20),
    st.text(alphabet="+@/% ?#&=;.:~\\\"'äß北𝒳\u00a0\u2028", min_size=1, max_size=12),
    st.sampled_from(["a+b/c@x.com", "50%", "%2F", "a b", "..%2f..", "Zoë@exämple.ch", "+41791234567", "cio_03", "a;b"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | AWKWARD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(AWKWARD, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(AWKWARD, JSON, max_size=3)


PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(10**12), 10**12),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    bytes: st.binary(max_size=50),
    type(None): st.none(),
    Any: JSON.filter(lambda value: value is not None),
    str: AWKWARD,
}


def _argument(hint: Any, place: str) -> st.SearchStrategy[Any]:
    strategies: list[st.SearchStrategy[Any]] = [st.sampled_from(sorted(choices(hint)))] if choices(hint) else []
    for kind in kinds(hint):
        if kind is str and place == "path":
            strategies.append(AWKWARD.filter(lambda text: text not in (".", "..")))
        elif kind in PLAIN:
            strategies.append(PLAIN[kind])
        elif get_origin(kind) is list:
            strategies.append(st.lists(_argument(get_args(kind)[0], place), min_size=int(place == "query"), max_size=5))
        elif is_typeddict(kind) or get_origin(kind) in (dict, Mapping):
            strategies.append(OBJECTS)
    assert strategies, f"no values known for {hint}"
    return st.one_of(strategies)


@st.composite
def any_arguments(
    draw: st.DrawFn, operation: Declared[..., Any], given: Mapping[str, st.SearchStrategy[Any]] = MappingProxyType({})
) -> dict[str, Any]:
    """Draw arguments: all that are required, and some that are not; `given` says how, where not any value will do."""
    route = operation.route
    return {
        name: draw(given[name] if name in given else _argument(hint, route.where[name].value))
        for name, hint in route.types.items()
        if name in route.required or draw(st.booleans())
    }


def sample(hint: Any, text: str) -> Any:
    """Return one plain value of a type, with `text` wherever text can stand."""
    found = kinds(hint)
    if str in found:
        return text
    if choices(hint):
        return min(choices(hint))
    kind = next(each for each in found if each is not pathlib.Path)
    if get_origin(kind) is list:
        return [sample(get_args(kind)[0], text)]
    if is_typeddict(kind) or get_origin(kind) in (dict, Mapping):
        return {"email": f"{text}@x.io"}
    return {int: 7, float: 7.5, bool: False, bytes: text.encode(), Any: text}[kind]


def some_arguments(route: Route, text: str = "a+b/c@x.com ä", **given: Any) -> dict[str, Any]:
    """Return every argument of an operation, with `text` wherever an identifier can stand."""
    return {name: given[name] if name in given else sample(hint, text) for name, hint in route.types.items()}


# What operations refuse is found and mended by the name it is refused by: optional ones go, others become these.
SOUND: dict[str, Any] = {
    "attributes": [{"name": "plan"}],
    "body": "<p>Hello</p>",
    "data": [{"sku": "a1"}],
    "events": [{"name": "Opened"}],
    "file": b"%PDF-1.7",
    "from_": "me@x.io",
    "import_": {"name": "I", "data_file_url": "https://x.io/a.csv", "type": "people", "identifier": "id"},
    "newsletter_id": 3,
    "rate_limit_email_rate": 100,
    "rate_limit_time_period": 3600,
    "res": "days",
    "start": 1_700_000_000,
    "end": 10**11,
    "subject": "Hello",
    "timezone": "UTC",
}


def check(call: Call) -> None:
    """Raise the `ValidationError` with which a call is refused, if it is."""
    if call.check is not None:
        call.check(Limits(), time.time())


def unchecked(client: AppClient, operation: Endpoint[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Make a call whatever its arguments are, as a client does that looks at none of them."""
    call = codec.build(operation.route, operation.signature.bind(*args, **kwargs).arguments)
    return client.info.sender.run(operation.flow_of(call))


def mended(operation: Declared[..., Any], arguments: Mapping[str, Any], text: str = "u1") -> dict[str, Any]:
    """Return arguments that are not refused, most of them those given; `text` stands where an identifier can."""
    sound = {**SOUND, "identifiers": {"id": text}, "ids": [text], "to": f"{text}@x.io"}
    given = dict(arguments)
    for _ in range(20):
        call = operation.call(**given)
        try:
            check(call)
        except ValidationError as refusal:
            name = (refusal.field or "").partition(".")[0].partition("[")[0]
            name = name if name in operation.route.types else "import_"
            if name in given and name not in operation.route.required | {"identifiers"}:
                del given[name]
            else:
                given[name] = sound[name]
        else:
            return given
    raise AssertionError(f"{operation.route.name} refuses all of {sorted(given)}")


# --- trouble ---------------------------------------------------------------------------------------------------------

PERSON = "p77-Q.secret_person"
TROUBLE: dict[str, Callable[[str], list[Response | NetworkError]]] = {
    "fine": lambda _: [Response(200, {}, b"{}")],
    "refused": lambda who: [Response(400, {}, values.encode({"errors": [{"detail": f"no {who} here"}]}))],
    "unauthorized": lambda who: [Response(401, {}, values.encode({"meta": {"error": f"{who} may not"}}))],
    "failed": lambda who: [Response(500, {}, who.encode()), Response(200, {}, b"{}")],
    "not JSON": lambda who: [Response(200, {}, f"<html>{who}".encode())],
    "no answer": lambda _: [NetworkError("the connection was reset", maybe_sent=True), Response(200, {}, b"{}")],
}
