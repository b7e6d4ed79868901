"""Whatever comes in, the emulator answers it and does not fail: each operation, with good, bad and broken requests."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ciokit.core.codec import wire_name
from ciokit.core.endpoint import Declared
from ciokit.core.wire import Request
from ciokit.emulator.app import Emulator
from ciokit.table import TABLE
from tests.support.furnished import furnish, good_arguments
from tests.support.operations import AWKWARD, JSON

BASIC = "Basic " + base64.b64encode(b"key:key").decode()
HEADERS = {
    "app": {"authorization": "Bearer key"},
    "track": {"authorization": BASIC},
    "pipelines": {"authorization": BASIC, "x-strict-mode": "1"},
}
# What a number, a text or a list can be replaced by that somebody once forgot about.
ODD = st.sampled_from([None, True, -1, 0, 2**63, 10**400, 1.5, "", " ", "0", "NaN", "\u0000", "\ud83d", [], {}, [None]])
PATHS = st.sampled_from(["", ".", "..", "0", "-1", "%2F", "%", "%00", "%FF", "9" * 400, "cio_", "a@b", "\u00e4"])
TEXTS = st.sampled_from(["", "-1", "0", "x", "9" * 400, "\u0000", "1.5", "true", "\u00ff"])


@cache
def _furnished() -> Emulator:
    emulator = Emulator()
    furnish(emulator)
    return emulator


@cache
def _good(operation: Declared[..., Any]) -> tuple[str, dict[str, Any], bytes, str]:
    """Return path, query, body and content type of a request that is taken."""
    call = operation.call(**good_arguments(operation, _furnished()))
    return call.path, dict(call.query), call.body, call.headers.get("content-type", "application/json")


@st.composite
def _requests(draw: st.DrawFn, operation: Declared[..., Any]) -> Request:
    """Draw a request: a good one, in which something or other was replaced, left out or cut off."""
    path, good, body, kind = _good(operation)
    steps = path.split("/")
    if draw(st.integers(0, 3)) == 0:
        steps[draw(st.integers(2, len(steps) - 1))] = draw(PATHS)
    names = [name for name, place in operation.route.where.items() if place.value == "query"]
    odd = {wire_name(name): draw(TEXTS) for name in names if draw(st.integers(0, 2)) == 0}
    query = urlencode({**good, **odd}, doseq=True)
    url = "http://127.0.0.1" + "/".join(steps) + (f"?{query}" if query else "")
    headers = {**HEADERS[operation.route.surface], "content-type": kind}
    return Request(operation.route.method, url, headers, draw(_bodies(body)))


@st.composite
def _bodies(draw: st.DrawFn, good: bytes) -> bytes:
    what = draw(st.integers(0, 9))
    if what == 0:
        return good[: draw(st.integers(0, len(good)))]
    if what == 1:
        return draw(st.sampled_from([b"", b"null", b"[]", b"{}", b"1", b'"x"', b"\xff", b"[" * 5000, b'{"a":' * 300]))
    if what < 4 or not good.startswith((b"{", b"[")):
        return good
    tree = json.loads(good)
    for _ in range(draw(st.integers(1, 3))):
        tree = _changed(draw, tree)
    return json.dumps(tree).encode()


def _changed(draw: st.DrawFn, tree: Any) -> Any:
    """Replace one node of a tree, at any depth, or leave it out."""
    if isinstance(tree, dict) and tree and draw(st.integers(0, 5)):
        name = draw(st.sampled_from(sorted(tree)))
        if draw(st.integers(0, 5)) == 0:
            return {other: value for other, value in tree.items() if other != name}
        return {**tree, name: _changed(draw, tree[name])}
    if isinstance(tree, list) and tree and draw(st.integers(0, 5)):
        place = draw(st.integers(0, len(tree) - 1))
        return [*tree[:place], _changed(draw, tree[place]), *tree[place + 1 :]]
    return draw(ODD | JSON | AWKWARD)


@pytest.mark.parametrize("operation", TABLE, ids=lambda each: each.route.label)
def test_any_request_is_answered(operation: Declared[..., Any]) -> None:
    """No request makes the emulator fail, and what it refuses has an envelope."""
    emulator = Emulator()
    furnish(emulator)

    @settings(
        max_examples=10,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(request=_requests(operation))
    def ask(request: Request) -> None:
        response = emulator.handle(request).response
        assert response.status < 500
        assert response.status < 400 or {*json.loads(response.body)} <= {"errors", "meta"}

    ask()
