"""Whatever is asked of the emulator over a socket, its answers are the documented ones: requests made by Schemathesis.

For each operation of the vendor's files there are requests that keep its schema and others that break it, on a
workspace with one of everything. They are the same in every run; CIOKIT_EXAMPLES says how many of each kind.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import requests  # noqa: TID251 - what Schemathesis sends with
import schemathesis.openapi
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition, Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.emulator.reply import Reply
from ciokit.emulator.server import EmulatorServer
from ciokit.table import TABLE
from tests.conformance import vendor_files
from tests.support.furnished import furnish, good_arguments

EXAMPLES = int(os.environ.get("CIOKIT_EXAMPLES") or 10)
OPERATIONS = {operation.route.label: operation for operation in TABLE}
SHAPES = [not_a_server_error, content_type_conformance, response_schema_conformance]


class Stage:
    """What a server serves: a furnished emulator, a new one for each act."""

    def __init__(self) -> None:
        self.furnish()

    def furnish(self) -> None:
        """Begin anew."""
        self.emulator = Emulator()
        furnish(self.emulator)

    def handle(self, request: Request) -> Reply:
        """Let the emulator of the moment decide."""
        return self.emulator.handle(request)


@cache
def _documents() -> Mapping[str, tuple[vendor_files.Document, Any]]:
    folder = Path(os.environ.get("CIOKIT_SPECS") or "not-set")
    if not folder.is_dir():
        return {}  # the fixtures of this folder say what is missing
    found = vendor_files.documents(folder)
    return {name: (each, schemathesis.openapi.from_dict(each.spec)) for name, each in found.items()}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make a test of each operation of each file."""
    if "operation" in metafunc.fixturenames:
        found = [
            pytest.param(document, each.ok(), id=f"{name}-{each.ok().label}")
            for name, (document, schema) in _documents().items()
            for each in schema.get_all_operations()
        ]
        metafunc.parametrize(("document", "operation"), found)


@pytest.mark.timeout(max(60, EXAMPLES * 4))
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_answer_is_documented(
    document: vendor_files.Document, operation: Any, mode: GenerationMode, vendor: Path
) -> None:
    """No request makes the emulator fail, and each status, content type and body is one the operation documents."""
    logging.getLogger("ciokit.emulator").setLevel(logging.WARNING)
    stage = Stage()
    label = f"{operation.method.upper()} {document.prefix}{operation.path}"
    good = _good_request(label, stage.emulator)
    wrong: list[str] = []
    with EmulatorServer(stage) as server, requests.Session() as session:

        @_settings
        @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
        def ask(case: Any, data: st.DataObject) -> None:
            if operation.method.upper() != "GET":
                stage.furnish()
            _put_in(case, good, data)
            answer = case.call(base_url=server.base_url + document.prefix, session=session, headers=document.headers)
            checks = list(SHAPES)
            if not vendor_files.may_answer(operation.label, answer.status_code):
                checks.append(status_code_conformance)
            try:
                case.validate_response(answer, checks=checks)
            except* Failure as failures:
                found = "\n".join(str(failure) for failure in failures.exceptions)
                wrong.append(f"{found}\nanswered: {answer.text[:2_000]}\nto: {case.as_curl_command()}")

        try:
            ask()
        except Unsatisfiable:
            pytest.skip("no request can break a schema that takes nothing")
        except FlakyStrategyDefinition:
            pass  # Schemathesis remembers what it made; what was asked until then was answered all the same
    assert not wrong, wrong[0]


_settings: Callable[..., Any] = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def _good_request(label: str, emulator: Emulator) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return path arguments and fields of a body that are taken, if we know any."""
    operation = OPERATIONS.get(label)
    if operation is None or operation.route.surface != "app":
        return {"identifier": "u1", "device_id": "t1", "segment_id": 1}, {}
    arguments = good_arguments(operation, emulator)
    body = operation.call(**arguments).body
    return arguments, json.loads(body) if body[:1] == b"{" else {}


def _put_in(case: Any, good: tuple[Mapping[str, Any], Mapping[str, Any]], data: st.DataObject) -> None:
    """Put what is there into most of a request, so that not all of them ask for nothing and nobody."""
    arguments, fields = good
    for place, known in ((case.path_parameters, arguments), (case.body, fields)):
        if isinstance(place, dict):
            for name in place.keys() & known.keys():
                if data.draw(st.integers(0, 3)):
                    place[name] = known[name]
    if isinstance(case.query, dict) and data.draw(st.integers(0, 3)):
        case.query.pop("start", None)  # a mark that no answer held is refused, always
