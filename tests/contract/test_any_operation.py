"""What holds for every operation of the App API and of the Track API alike: how it is built, sent, and kept quiet."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ciokit.core import codec
from ciokit.core.endpoint import Declared
from ciokit.errors import ValidationError
from tests.support.operations import PERSON, TROUBLE, AsyncWire, Wire, acall, answer_of, any_arguments, call, kinds
from tests.support.surfaces import APP, TRACK, Surface

over_operations = pytest.mark.parametrize(
    ("surface", "operation"),
    [
        pytest.param(surface, operation, id=f"{operation.route.surface} {operation.route.name}")
        for surface in (APP, TRACK)
        for operation in surface.operations
    ],
)


@pytest.mark.parametrize("operation", [*APP.operations, *TRACK.operations], ids=lambda each: each.route.label)
def test_operation_is_documented(operation: Declared[..., Any]) -> None:
    """Each has a summary of one line under 120 characters that ends in a period."""
    assert operation.route.summary.endswith(".")
    assert len(operation.route.summary) < 120


@over_operations
@given(data=st.data())
def test_what_is_built_can_be_read_back(surface: Surface, operation: Declared[..., Any], data: st.DataObject) -> None:
    """Arguments that went through a URL and a body make the same call again, whatever characters are in them."""
    first = operation.call(**data.draw(any_arguments(operation, surface.given)))
    request = surface.client(Wire())._sender.connection.request(first)
    url = urlsplit(request.url)
    query = parse_qs(url.query, keep_blank_values=True, strict_parsing=bool(url.query))
    again = operation.call(**codec.parse(operation.route, url.path, query, request.body, request.headers))
    assert again == first


@over_operations
@settings(max_examples=25)  # each starts an event loop
@given(data=st.data())
def test_sync_and_async_send_the_same_bytes(
    surface: Surface, operation: Declared[..., Any], data: st.DataObject
) -> None:
    """Both clients put the same request on the wire."""
    arguments = surface.mend(operation, data.draw(any_arguments(operation, surface.given)))
    wire, awire = Wire(answer_of(operation)), AsyncWire(answer_of(operation))
    call(surface.client(wire), operation, arguments)
    acall(lambda: surface.async_client(awire), operation, arguments)
    assert wire.sent == awire.sent
    assert len(wire.sent) == 1


@over_operations
@pytest.mark.parametrize("nothing", ["", ".", ".."])
def test_empty_path_argument_is_refused(surface: Surface, operation: Declared[..., Any], nothing: str) -> None:
    """An id that would address another operation is refused by name, before anything is sent."""
    wire = Wire()
    route = operation.route
    for name in [n for n, hint in route.types.items() if route.where[n].value == "path" and str in kinds(hint)]:
        with pytest.raises(ValidationError) as refusal:
            call(surface.client(wire), operation, surface.some(operation) | {name: nothing})
        assert refusal.value.field == name
    assert wire.sent == []


@over_operations
@pytest.mark.parametrize("trouble", TROUBLE)
def test_no_identifier_and_no_key_is_logged(
    surface: Surface, operation: Declared[..., Any], trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG neither log lines nor errors hold an identifier, a filter value or a key, whatever goes wrong."""
    caplog.set_level(logging.DEBUG)
    arguments = surface.some(operation, PERSON)
    # What is inside a filter is known by its form only.
    who = PERSON if PERSON in codec.identifiers(operation.call(**arguments)) else f"{PERSON}@x.io"
    assert who == PERSON or surface is APP or operation.route.name == "v1.region"
    said = ""
    try:
        call(surface.client(Wire(*TROUBLE[trouble](who))), operation, arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not tell
        said = f"{error} {error!r} {error.args} {vars(error)}"
    for secret in (*surface.secrets, PERSON):
        assert secret not in caplog.text + said
    assert operation.route.label in caplog.text
