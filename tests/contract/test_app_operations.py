"""Every operation of the App API clients, held against the vendor's facts and against itself."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NotRequired, get_args, get_origin, get_type_hints, is_typeddict
from urllib.parse import parse_qs, urlsplit

import pytest

from ciokit import values
from ciokit.app_api import AppClient
from ciokit.core import codec
from ciokit.core.clock import FakeClock
from ciokit.core.endpoint import Declared, Paged, Route
from ciokit.core.limits import SlidingWindow
from ciokit.core.paging import Cursor
from ciokit.core.retry import Retry
from ciokit.core.wire import Response
from ciokit.emulator.app import Emulator
from ciokit.errors import ApiError, ConfigurationError
from ciokit.settings import Settings
from tests.support.furnished import furnish, good_arguments
from tests.support.operations import AsyncWire, Wire, acall, answer_of, call, choices, kinds, members, mended
from tests.support.surfaces import APP

FACTS = json.loads((Path(__file__).resolve().parents[2] / "specs" / "app_2026-09.json").read_bytes())
BY_ROUTE = {(fact["method"], fact["path"]): fact for fact in FACTS["operations"]}
OPERATIONS = APP.operations
PAGED = [operation for operation in OPERATIONS if isinstance(operation, Paged)]

# What the catalogue and we call differently, and why.
NOT_IN_THE_FACTS = {
    "customers.activities": {"next"},  # documented in words only: facts, "pagination"
    "customers.messages": {"next"},  # the same
    "messages.find": {"next"},  # the same
    "transactional.messages": {"next"},  # the same
    "broadcasts.messages": {"next"},  # the same
    "campaigns.messages": {"next"},  # the same
    "newsletters.messages": {"next"},  # the same
}
NOT_TAKEN = {
    # The header does what the `language` parameter does; one way to say it is enough.
    "customers.subscription_preferences": {"accept-language"},
    # The body is documented as the whole step, so it repeats whose it is; the path says so already.
    "broadcasts.update_action": {"broadcast_id"},
    "broadcasts.update_action_language": {"broadcast_id"},
    "campaigns.update_action": {"campaign_id", "broadcast_id"},
    "campaigns.update_action_language": {"campaign_id", "broadcast_id"},
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


# --- the facts -------------------------------------------------------------------------------------------------------


def _fact(operation: Declared[..., Any]) -> dict[str, Any]:
    return BY_ROUTE[operation.route.method, operation.route.path]


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the members of an object schema, followed through references; of variants, those of all of them.

    What only some variants require is not required; where variants differ, the first has its way.
    """
    while "ref" in schema:
        schema = FACTS["shared_schemas"][schema["ref"]]
    if "one_of" in schema:
        variants = [_fields(variant) for variant in schema["one_of"]]
        needed = set[str].intersection(*({n for n, one in each.items() if one.get("required")} for each in variants))
        merged = {name: field for each in reversed(variants) for name, field in each.items()}
        return {name: {**field, "required": name in needed} for name, field in merged.items()}
    fields: dict[str, Any] = schema.get("fields", {})
    return fields


KINDS = {str: "string", int: "integer", bool: "boolean", float: "number", list: "array", dict: "object"}
RATES = {
    "default-10rps": "app",
    "transactional-3000-per-3s": "app_send",
    "broadcast-1-per-10s": "app_broadcast",
    "5rps-design-studio-render": "design_studio_render",
}


def _documented(fact: dict[str, Any]) -> set[tuple[str, str, bool]]:
    """Return name, place and whether required of everything the catalogue says an operation takes."""
    body = fact["body"] or {}
    place = "part" if body.get("content_type", "").startswith("multipart") else "field"
    fields = _fields(body.get("schema", {}))
    return {(one["name"].lower(), one["in"], one["required"]) for one in fact["params"]} | {
        (name, place, field.get("required", False)) for name, field in fields.items() if not field.get("read_only")
    }


def _taken(route: Route) -> Iterator[tuple[str, str, bool]]:
    """Yield the same of a declaration; a body that is one argument counts as its fields."""
    for name, place in route.where.items():
        if place.value == "body" and not is_typeddict(route.types[name]):
            continue  # free-form: there are no fields to compare
        if place.value == "body":
            yield from ((field, "field", needed) for field, needed in members(route.types[name]))
        else:
            wire = codec.header_name(name) if place.value == "header" else codec.wire_name(name)
            yield wire, place.value, name in route.required


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
    left_out = NOT_TAKEN.get(operation.route.name, set())
    theirs = {one for one in _documented(_fact(operation)) if one[0] not in left_out or one[1] == "path"}
    assert set(_taken(operation.route)) == theirs


@over_operations
def test_parameter_types_are_the_vendors(operation: Declared[..., Any]) -> None:
    """Each path and query parameter has the catalogue's type, choices and default."""
    for one in _fact(operation)["params"]:
        if one["in"] != "path" and one["name"].lower() in NOT_TAKEN.get(operation.route.name, set()):
            continue
        name = next(name for name in operation.route.types if _named(operation.route, name) == one["name"].lower())
        hint = operation.route.types[name]
        plain = {KINDS.get(get_origin(kind) or kind) for kind in kinds(hint)} - {None}
        allowed = {choice for choice in one.get("enum", []) if "<" not in str(choice)}
        assert choices(hint) == allowed
        assert plain <= {one["type"]}
        assert plain or allowed
        default = operation.signature.parameters[name].default
        if "default" in one:
            assert default == one["default"]


@over_operations
def test_body_fields_have_the_vendors_types(operation: Declared[..., Any]) -> None:
    """Each field of a body has the catalogue's type and, over all variants of the body, its choices."""
    schema = (_fact(operation)["body"] or {}).get("schema", {})
    fields = _fields(schema)
    for name, hint in _field_types(operation.route):
        field = fields[name]
        while "ref" in field:
            field = FACTS["shared_schemas"][field["ref"]]
        allowed = {choice for choice in _field_choices(schema, name) if "$" not in str(choice)}
        assert choices(hint) == allowed, name
        if "type" in field:
            plain = {"object" if is_typeddict(kind) else KINDS.get(get_origin(kind) or kind) for kind in kinds(hint)}
            assert plain - {None} <= ({field["type"]} if isinstance(field["type"], str) else set(field["type"])), name


def _field_types(route: Route) -> Iterator[tuple[str, Any]]:
    for name, place in route.where.items():
        if place.value in ("field", "part"):
            yield codec.wire_name(name), route.types[name]
        elif place.value == "body" and is_typeddict(route.types[name]):
            yield from get_type_hints(route.types[name]).items()


def _field_choices(schema: dict[str, Any], name: str) -> set[Any]:
    while "ref" in schema:
        schema = FACTS["shared_schemas"][schema["ref"]]
    if "one_of" in schema:
        return set[Any]().union(*(_field_choices(variant, name) for variant in schema["one_of"]))
    return set(schema.get("fields", {}).get(name, {}).get("enum", ()))


def _named(route: Route, name: str) -> str:
    return codec.header_name(name) if route.where[name].value == "header" else codec.wire_name(name)


@over_operations
def test_answer_has_the_vendors_fields(operation: Declared[..., Any]) -> None:
    """The declared answer names exactly the fields the catalogue documents, at every depth."""
    route = operation.route
    answers = _fact(operation)["responses"]
    schema = next(answer for status, answer in answers.items() if status.startswith("2")).get("schema")
    if schema is None:
        assert route.returns in (types.NoneType, bytes)
        return
    if isinstance(operation, Paged):
        going_on = set(route.paging.told("mark", 1))
        fields = _fields(schema)
        assert fields.keys() | NOT_IN_THE_FACTS.get(route.name, set()) >= {route.items, *going_on}
        differences = list(_differences(get_args(route.returns)[0], fields[route.items]["items"]))
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
def test_only_what_is_sent_or_made_is_not_repeated(operation: Declared[..., Any]) -> None:
    """Reading, replacing and deleting may be repeated; only a POST may state that it must not be."""
    if operation.route.method != "POST" or isinstance(operation, Paged):
        assert operation.route.retry is Retry.SAFE


@over_operations
def test_operation_keeps_the_documented_pace(operation: Declared[..., Any]) -> None:
    """Each waits for the pace the catalogue puts it under."""
    assert operation.route.rate == RATES[_fact(operation)["rate_limit"]]


@over_operations
def test_request_carries_only_what_was_given(operation: Declared[..., Any]) -> None:
    """Defaults stay off the wire: they are the service's to apply."""
    wire = Wire(answer_of(operation))
    some = APP.some(operation)
    arguments = mended(operation, {name: value for name, value in some.items() if name in operation.route.required})
    call(APP.client(wire), operation, arguments)
    sent = parse_qs(urlsplit(wire.sent[0].url).query)
    where = operation.route.where
    assert sent.keys() == {codec.wire_name(name) for name in arguments if where[name].value == "query"}
    if not {"field", "part", "body"} & {where[name].value for name in arguments}:
        assert wire.sent[0].body == b""


# --- answers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation",
    [each for each in OPERATIONS if each.route.returns not in (str, bytes, types.NoneType)],
    ids=lambda each: each.route.name,
)
def test_unknown_fields_survive(operation: Declared[..., Any]) -> None:
    """What the service adds without notice reaches the caller, at the top and inside of rows."""
    rows = [{"id": "1", "added_later": {"deep": [1, None]}}]
    route = operation.route
    answer: Any = {"added": {"x": rows}}
    if isinstance(operation, Paged):
        answer = {route.items: rows, "added": 1}
    elif get_origin(route.returns) is list:
        answer = rows
    wire = Wire(Response(200, {}, values.encode(answer)))
    assert call(APP.client(wire), operation, APP.some(operation)) == (rows if route.items else answer)


@over_paged
def test_pages_are_asked_for_until_the_last(operation: Paged[..., Any]) -> None:
    """The mark of an answer goes into the next request; all else stays, the body too; no mark ends it."""
    param, limit = operation.route.paging.param, 1
    marks = ["t+1/=", "t2"] if isinstance(operation.route.paging, Cursor) else None
    marks = marks or (["2", "3"] if param == "page" else ["1", "2"])
    pages = [
        {operation.route.items: [{"n": number}] if number < 3 or param != "offset" else [], **going_on}
        for number, going_on in enumerate((operation.route.paging.told(mark, 3) for mark in (*marks, None)), 1)
    ]
    arguments = {name: value for name, value in APP.some(operation).items() if name != param}
    arguments |= {name: limit for name in arguments if name == "limit"}
    rows = [row for page in pages for row in page[operation.route.items]]
    answers = [Response(200, {}, values.encode(page)) for page in pages]
    wire, awire = Wire(*answers), AsyncWire(*answers)
    assert call(APP.client(wire), operation, arguments) == rows
    assert acall(lambda: APP.async_client(awire), operation, arguments) == rows
    for requests in (wire.sent, awire.sent):
        queries = [parse_qs(urlsplit(request.url).query) for request in requests]
        assert [query.pop(param, None) for query in queries] == [None, *([mark] for mark in marks)]
        assert queries[0] == queries[1] == queries[2]
        assert len({(request.method, urlsplit(request.url).path, request.body) for request in requests}) == 1


def test_error_of_the_service_is_told() -> None:
    """A refusal names the operation and what the service said about it."""
    body = values.encode({"errors": [{"detail": "id_type is not enabled", "status": "400"}]})
    with pytest.raises(ApiError, match=r"GET /v1/customers/\{customer_id\}/attributes: .*id_type is not"):
        APP.client(Wire(Response(400, {}, body))).customers.attributes("u1", id_type="phone")


# The emulator


@over_operations
def test_emulator_answers_as_declared(
    operation: Declared[..., Any],
    ciokit_emulator: Emulator,
    ciokit_app_client: AppClient,
) -> None:
    """What the emulator answers has the declared fields with the declared types, and no others."""
    furnish(ciokit_emulator)
    arguments = good_arguments(operation, ciokit_emulator)
    answer = call(ciokit_app_client, operation, arguments)
    returns = operation.route.returns
    assert answer or returns in (types.NoneType, bytes) or get_origin(returns) is dict
    _check(answer, operation.route.returns, operation.route.name)


def _check(value: Any, hint: Any, where: str) -> None:
    if kinds(hint) != [hint]:
        assert any(_fits(value, kind, where) for kind in kinds(hint)), f"{where}: {value!r} is not {hint}"
    elif is_typeddict(hint):
        hints = get_type_hints(hint)
        extras = get_type_hints(hint, include_extras=True)
        required = {name for name, kind in extras.items() if hint.__total__ and get_origin(kind) is not NotRequired}
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
    elif hint not in (Any, bytes):
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
