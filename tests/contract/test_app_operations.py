"""Every operation of the App API clients, held against the vendor's facts and against itself."""

from __future__ import annotations

import asyncio
import json
import logging
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ciokit import CustomerIOClient, values
from ciokit.app_api import AppClient, AsyncAppClient
from ciokit.app_api.client import GROUPS
from ciokit.core import codec
from ciokit.core.clock import FakeClock
from ciokit.core.endpoint import Declared, Paged, declared
from ciokit.core.limits import SlidingWindow
from ciokit.core.retry import Retry
from ciokit.core.wire import Request, Response
from ciokit.errors import ApiError, ConfigurationError, NetworkError, ValidationError
from ciokit.settings import Settings

FACTS = json.loads((Path(__file__).resolve().parents[2] / "specs" / "app_2026-09.json").read_bytes())
BY_ROUTE = {(fact["method"], fact["path"]): fact for fact in FACTS["operations"]}
OPERATIONS = declared(*GROUPS)
PAGED = [operation for operation in OPERATIONS if isinstance(operation, Paged)]

# What the catalogue and we call differently, and why.
NOT_IN_THE_FACTS = {
    "customers.activities": {"next"},  # documented in words only: facts, "pagination"
}
OURS_FOR_THE_VENDORS = {
    # The schema shows a person's identifiers, with words that speak of an object's; objects.find has the right ones.
    "objects.attributes": [({"object_id", "cio_object_id"}, {"cio_object_id", "id", "email"})],
    # Live answers have had two fields more than the schema.
    "objects.relationships": [
        (
            {"identifiers", "object_type_id", "object_type_disabled", "attributes", "timestamps"},
            {"identifiers", "object_type_id", "object_type_disabled"},
        )
    ],
}

over_operations = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.route.name)
over_paged = pytest.mark.parametrize("operation", PAGED, ids=lambda each: each.route.name)


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


def _client(wire: Wire) -> AppClient:
    return AppClient("app-key", transport=wire, clock=FakeClock())


def _method(client: AppClient | AsyncAppClient, operation: Declared[..., Any]) -> Callable[..., Any]:
    noun, _, verb = operation.route.name.partition(".")
    method: Callable[..., Any] = getattr(getattr(client, noun), verb)
    return method


def _call(client: AppClient, operation: Declared[..., Any], arguments: dict[str, Any]) -> Any:
    answer = _method(client, operation)(**arguments)
    return list(answer) if isinstance(operation, Paged) else answer


def _acall(wire: AsyncWire, operation: Declared[..., Any], arguments: dict[str, Any]) -> Any:
    async def run() -> Any:
        async with AsyncAppClient("app-key", transport=wire, clock=FakeClock()) as client:
            answer = _method(client, operation)(**arguments)
            return [row async for row in answer] if isinstance(operation, Paged) else await answer

    return asyncio.run(run())


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


def _argument(hint: Any, place: str) -> st.SearchStrategy[Any]:
    kinds = _kinds(hint)
    literals = [choice for kind in kinds if get_origin(kind) is Literal for choice in get_args(kind)]
    strategies: list[st.SearchStrategy[Any]] = [st.sampled_from(literals)] if literals else []
    for kind in kinds:
        if kind is str:
            strategies.append(AWKWARD.filter(lambda text: place != "path" or text not in (".", "..")))
        elif kind is int:
            strategies.append(st.integers(-(10**12), 10**12))
        elif kind is bool:
            strategies.append(st.booleans())
        elif kind is type(None):
            strategies.append(st.none())
        elif kind == list[str]:
            strategies.append(st.lists(AWKWARD, max_size=5))
        elif is_typeddict(kind):
            strategies.append(st.dictionaries(AWKWARD, JSON, max_size=3))
    assert strategies, f"no values known for {hint}"
    return st.one_of(strategies)


def _kinds(hint: Any) -> list[Any]:
    return list(get_args(hint)) if get_origin(hint) in (Union, types.UnionType) else [hint]


@st.composite
def _arguments(draw: st.DrawFn, operation: Declared[..., Any]) -> dict[str, Any]:
    route = operation.route
    return {
        name: draw(_argument(hint, route.where[name].value))
        for name, hint in route.types.items()
        if name in route.required or draw(st.booleans())
    }


def _some_arguments(operation: Declared[..., Any], text: str = "a+b/c@x.com ä") -> dict[str, Any]:
    """Return arguments with `text` wherever an identifier can stand."""
    samples: dict[str, Any] = {
        "filter": {"attribute": {"field": "email", "operator": "eq", "value": f"{text}@x.io"}},
        "ids": [text],
        "object_type_id": 1 if operation.route.where.get("object_type_id") and _is_path(operation) else "1",
        "limit": 7,
        "deleted": False,
        "type": "event",
        "start": "cursor",
        "id_type": _first_choice(operation.route.types.get("id_type")),
    }
    return {name: samples.get(name, text) for name in operation.route.types}


def _is_path(operation: Declared[..., Any]) -> bool:
    return operation.route.where["object_type_id"].value == "path"


def _first_choice(hint: Any) -> Any:
    return get_args(hint)[0] if hint else None


# --- the facts -------------------------------------------------------------------------------------------------------


def _fact(operation: Declared[..., Any]) -> dict[str, Any]:
    return BY_ROUTE[operation.route.method, operation.route.path]


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an object schema, followed through references."""
    while "ref" in schema:
        schema = FACTS["shared_schemas"][schema["ref"]]
    fields: dict[str, Any] = schema.get("fields", {})
    return fields


def _enum(hint: Any) -> set[Any]:
    return {choice for kind in _kinds(hint) if get_origin(kind) is Literal for choice in get_args(kind)}


KINDS = {str: "string", int: "integer", bool: "boolean"}


@over_operations
def test_operation_is_the_vendors(operation: Declared[..., Any]) -> None:
    """Method and path are in the catalogue, under the operation id given as docs."""
    route = operation.route
    assert (route.method, route.path) in BY_ROUTE
    assert _fact(operation)["operation_id"] == route.docs
    assert route.surface == "app"


def test_no_operation_is_declared_twice() -> None:
    """Each route has one declaration."""
    labels = [operation.route.label for operation in OPERATIONS]
    assert sorted(set(labels)) == sorted(labels)


@over_operations
def test_parameters_are_the_vendors(operation: Declared[..., Any]) -> None:
    """Names, places, and what is required are the catalogue's."""
    fact, route = _fact(operation), operation.route
    theirs = {(one["name"], one["in"], one["required"]) for one in fact["params"]}
    body = (fact["body"] or {}).get("schema", {}).get("fields", {})
    theirs |= {(name, "field", field.get("required", False)) for name, field in body.items()}
    ours = {(name, place.value, name in route.required) for name, place in route.where.items()}
    assert ours == theirs


@over_operations
def test_parameter_types_are_the_vendors(operation: Declared[..., Any]) -> None:
    """Each path and query parameter has the catalogue's type, choices and default."""
    for one in _fact(operation)["params"]:
        hint = operation.route.types[one["name"]]
        plain = {KINDS.get(kind) for kind in _kinds(hint)} - {None}
        choices = {choice for choice in one.get("enum", []) if "<" not in choice}
        assert _enum(hint) == choices
        assert plain <= {one["type"]}
        assert plain or choices
        default = operation.signature.parameters[one["name"]].default
        if "default" in one:
            assert default == one["default"]


@over_operations
def test_answer_has_the_vendors_fields(operation: Declared[..., Any]) -> None:
    """The declared answer names exactly the fields the catalogue documents, at every depth."""
    route = operation.route
    schema = _fact(operation)["responses"]["200"]["schema"]
    if isinstance(operation, Paged):
        assert schema["fields"].keys() | NOT_IN_THE_FACTS.get(route.name, set()) >= {route.items, "next"}
        differences = list(_differences(get_args(route.returns)[0], schema["fields"][route.items]["items"]))
    else:
        differences = list(_differences(route.returns, schema))
    assert differences == OURS_FOR_THE_VENDORS.get(route.name, [])


def _differences(hint: Any, schema: dict[str, Any]) -> Iterator[tuple[set[str], set[str]]]:
    fields = _fields(schema)
    if not is_typeddict(hint):
        return
    hints = get_type_hints(hint)
    if hints.keys() != fields.keys():
        yield set(hints), set(fields)
        return
    for name, inner in hints.items():
        if get_origin(inner) is list:
            yield from _differences(get_args(inner)[0], fields[name]["items"])
        else:
            yield from _differences(inner, fields[name])


@over_operations
def test_operation_is_documented_and_safe_to_repeat(operation: Declared[..., Any]) -> None:
    """Each has a summary of one line under 120 characters that ends in a period; reading may be repeated."""
    route = operation.route
    assert route.summary.endswith(".")
    assert len(route.summary) < 120
    assert route.retry is Retry.SAFE


# --- there and back --------------------------------------------------------------------------------------------------


@over_operations
@given(data=st.data())
def test_what_is_built_can_be_read_back(operation: Declared[..., Any], data: st.DataObject) -> None:
    """Arguments that went through a URL and a body make the same call again, whatever characters are in them."""
    route = operation.route
    first = operation.call(**data.draw(_arguments(operation)))
    url = urlsplit(_client(Wire())._sender.connection.request(first).url)
    query = parse_qs(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
    again = operation.call(**codec.parse(route, url.path, query, first.body))
    assert (again.path, again.query, again.body) == (first.path, first.query, first.body)


@over_operations
@settings(max_examples=25)  # each starts an event loop
@given(data=st.data())
def test_sync_and_async_send_the_same_bytes(operation: Declared[..., Any], data: st.DataObject) -> None:
    """Both clients put the same request on the wire."""
    arguments = data.draw(_arguments(operation))
    wire, awire = Wire(), AsyncWire()
    _call(_client(wire), operation, arguments)
    _acall(awire, operation, arguments)
    assert wire.sent == awire.sent
    assert len(wire.sent) == 1


@over_operations
def test_request_carries_only_what_was_given(operation: Declared[..., Any]) -> None:
    """Defaults stay off the wire: they are the service's to apply."""
    wire = Wire()
    arguments = {name: value for name, value in _some_arguments(operation).items() if name in operation.route.required}
    _call(_client(wire), operation, arguments)
    sent = parse_qs(urlsplit(wire.sent[0].url).query)
    assert sent.keys() == {name for name in arguments if operation.route.where[name].value == "query"}


@over_operations
@pytest.mark.parametrize("nothing", ["", ".", ".."])
def test_empty_path_argument_is_refused(operation: Declared[..., Any], nothing: str) -> None:
    """An id that would address another operation is refused by name, before anything is sent."""
    wire = Wire()
    ids = [n for n, hint in operation.route.types.items() if operation.route.where[n].value == "path" and hint is str]
    for name in ids:
        with pytest.raises(ValidationError) as refusal:
            _call(_client(wire), operation, _some_arguments(operation) | {name: nothing})
        assert refusal.value.field == name
    assert wire.sent == []


# --- answers ---------------------------------------------------------------------------------------------------------


@over_operations
def test_unknown_fields_survive(operation: Declared[..., Any]) -> None:
    """What the service adds without notice reaches the caller, at the top and inside of rows."""
    rows = [{"id": "1", "added_later": {"deep": [1, None]}}]
    answer = {operation.route.items: rows, "added": 1} if isinstance(operation, Paged) else {"added": {"x": rows}}
    wire = Wire(Response(200, {}, values.encode(answer)))
    assert _call(_client(wire), operation, _some_arguments(operation)) == (rows if operation.route.items else answer)


@over_paged
def test_pages_are_asked_for_until_the_last(operation: Paged[..., Any]) -> None:
    """`next` of an answer is `start` of the next request; all else stays, the body too; `next` empty ends it."""
    items = operation.route.items
    pages = [{items: [{"n": 1}], "next": "t+1/="}, {items: [], "next": "t2"}, {items: [{"n": 2}], "next": ""}]
    arguments = {name: value for name, value in _some_arguments(operation).items() if name != "start"}
    for run, wire in ((_sync_rows, Wire(*map(_answer, pages))), (_async_rows, AsyncWire(*map(_answer, pages)))):
        assert run(wire, operation, arguments) == [{"n": 1}, {"n": 2}]
        queries = [parse_qs(urlsplit(request.url).query) for request in wire.sent]
        assert [query.pop("start", None) for query in queries] == [None, ["t+1/="], ["t2"]]
        assert queries[0] == queries[1] == queries[2]
        assert len({(request.method, urlsplit(request.url).path, request.body) for request in wire.sent}) == 1


def _answer(page: dict[Any, Any]) -> Response:
    return Response(200, {}, values.encode(page))


def _sync_rows(wire: Wire, operation: Paged[..., Any], arguments: dict[str, Any]) -> Any:
    return _call(_client(wire), operation, arguments)


def _async_rows(wire: Wire, operation: Paged[..., Any], arguments: dict[str, Any]) -> Any:
    assert isinstance(wire, AsyncWire)
    return _acall(wire, operation, arguments)


# --- silence ---------------------------------------------------------------------------------------------------------

PERSON = "p77-Q.secret_person"
TROUBLE: dict[str, Callable[[str], list[Response | NetworkError]]] = {
    "fine": lambda _: [Response(200, {}, b"{}")],
    "refused": lambda who: [Response(400, {}, values.encode({"errors": [{"detail": f"no {who} here"}]}))],
    "unauthorized": lambda who: [Response(401, {}, values.encode({"meta": {"error": f"{who} may not"}}))],
    "failed": lambda who: [Response(500, {}, who.encode()), Response(200, {}, b"{}")],
    "not JSON": lambda who: [Response(200, {}, f"<html>{who}".encode())],
    "no answer": lambda _: [NetworkError("the connection was reset", maybe_sent=True), Response(200, {}, b"{}")],
}


@over_operations
@pytest.mark.parametrize("trouble", TROUBLE)
def test_no_identifier_and_no_key_is_logged(
    operation: Declared[..., Any], trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG neither log lines nor errors hold an identifier, a filter value or the key, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    arguments = _some_arguments(operation, PERSON)
    # What is inside a filter is known by its form only.
    who = PERSON if PERSON in codec.identifiers(operation.call(**arguments)) else f"{PERSON}@x.io"
    said = ""
    try:
        _call(_client(Wire(*TROUBLE[trouble](who))), operation, arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not tell
        said = f"{error} {error!r} {error.args} {vars(error)}"
    assert "app-key" not in caplog.text + said
    assert PERSON not in caplog.text + said
    assert operation.route.label in caplog.text


def test_error_of_the_service_is_told() -> None:
    """A refusal names the operation and what the service said about it."""
    body = values.encode({"errors": [{"detail": "id_type is not enabled", "status": "400"}]})
    with pytest.raises(ApiError, match=r"GET /v1/customers/\{customer_id\}/attributes: .*id_type is not"):
        _client(Wire(Response(400, {}, body))).customers.attributes("u1", id_type="phone")


# The emulator

WORLD: list[dict[str, Any]] = [
    {"type": "identify", "userId": "u1", "traits": {"email": "ann@x.io", "age": 41, "tags": ["a"], "none": None}},
    {"type": "track", "userId": "u1", "event": "Signed Up", "properties": {"n": 1}},
    {"type": "page", "userId": "u1", "name": "Home", "properties": {"url": "https://x.io/"}},
    {"type": "group", "userId": "u1", "groupId": "acme", "traits": {"name": "A", "relationshipAttributes": {"r": 1}}},
]
DEVICE = {
    "type": "track",
    "userId": "u1",
    "event": "Device Created or Updated",
    "properties": {"app_version": 3},
    "context": {"device": {"token": "t1", "type": "ios"}},
}
ASK: dict[str, dict[str, Any]] = {
    "customers.find": {"filter": {"attribute": {"field": "id", "operator": "exists"}}},
    "customers.find_by_email": {"email": "ann@x.io"},
    "customers.attributes_of": {"ids": ["u1"]},
    "objects.find": {
        "object_type_id": "1",
        "filter": {"object_attribute": {"field": "name", "operator": "exists", "type_id": "1"}},
    },
    "objects.types": {},
    "objects.attributes": {"object_type_id": 1, "object_id": "acme"},
    "objects.relationships": {"object_type_id": 1, "object_id": "acme"},
    "activities.find": {},
}


@over_operations
def test_emulator_answers_as_declared(
    operation: Declared[..., Any], ciokit_client: CustomerIOClient, ciokit_app_client: AppClient
) -> None:
    """What the emulator answers has the declared fields with the declared types, and no others."""
    for message in (*WORLD, DEVICE):
        ciokit_client.send(message)
    answer = _call(ciokit_app_client, operation, ASK.get(operation.route.name, {"customer_id": "u1"}))
    assert answer
    _check(answer, operation.route.returns, operation.route.name)


def _check(value: Any, hint: Any, where: str) -> None:
    if _kinds(hint) != [hint]:
        assert any(_fits(value, kind, where) for kind in _kinds(hint)), f"{where}: {value!r} is not {hint}"
    elif is_typeddict(hint):
        hints = get_type_hints(hint)
        extras = get_type_hints(hint, include_extras=True)
        required = {name for name, kind in extras.items() if get_origin(kind) is not NotRequired}
        assert required <= value.keys() <= hints.keys(), f"{where}: {sorted(value)}"
        for name, inner in value.items():
            _check(inner, hints[name], f"{where}.{name}")
    elif get_origin(hint) is list:
        assert isinstance(value, list), where
        for place, inner in enumerate(value):
            _check(inner, get_args(hint)[0], f"{where}[{place}]")
    elif get_origin(hint) is dict:
        for name, inner in value.items():
            _check(inner, get_args(hint)[1], f"{where}.{name}")
    elif get_origin(hint) is Literal:
        assert value in get_args(hint), f"{where}: {value!r}"
    elif hint is not Any:
        assert type(value) is hint, f"{where}: {value!r} is not {hint}"


def _fits(value: Any, hint: Any, where: str) -> bool:
    try:
        _check(value, hint, where)
    except AssertionError:
        return False
    return True


# The clients


@pytest.mark.parametrize(("region", "host"), [("us", "api.customer.io"), ("eu", "api-eu.customer.io")])
def test_request_goes_to_the_region_with_the_bearer_key(region: Any, host: str) -> None:
    """Each region has its host; the key travels as a bearer token, and no strict mode is asked for."""
    wire = Wire()
    AppClient("app-key", region, transport=wire).objects.types()
    [request] = wire.sent
    assert urlsplit(request.url).netloc == host
    assert request.headers["authorization"] == "Bearer app-key"
    assert "x-strict-mode" not in request.headers


def test_app_key_is_asked_for_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of a Pipelines source does not stand in for a missing App API key; the environment can give it."""
    with pytest.raises(ConfigurationError, match=r"app_api_key.*CUSTOMERIO_APP_API_KEY"):
        AppClient(settings=Settings(api_key="source-key"))
    monkeypatch.setenv("CUSTOMERIO_APP_API_KEY", "from-environment")
    wire = Wire()
    AppClient(transport=wire).objects.types()
    assert wire.sent[0].headers["authorization"] == "Bearer from-environment"


def test_no_more_than_ten_requests_leave_in_a_second() -> None:
    """The eleventh request waits until the first is a second old; a shared limiter counts for both clients."""
    clock, limiter = FakeClock(), SlidingWindow(10, 1.0, slack=0)
    first = AppClient("app-key", transport=Wire(), clock=clock, limiter=limiter)
    second = AppClient("app-key", transport=Wire(), clock=clock, limiter=limiter)
    for client in (first, second):
        for _ in range(5):
            client.objects.types()
    assert clock.sleeps == []
    second.objects.types()
    assert clock.sleeps == [pytest.approx(1.0)]
    alone = FakeClock()
    client = AppClient("app-key", transport=Wire(), clock=alone)
    for _ in range(31):
        client.objects.types()
    assert 3.0 <= sum(alone.sleeps) < 3.1


def test_closed_client_refuses() -> None:
    """After its `with` block a client makes no request, and says so."""
    wire = Wire()
    with AppClient("app-key", transport=wire) as client:
        pass
    with pytest.raises(ConfigurationError, match="closed"):
        client.objects.types()
    with pytest.raises(ConfigurationError, match="closed"):
        list(client.activities.find())
    assert wire.sent == []
    assert "app-key" not in f"{client!r} {client.settings!r}"
