"""The emulator takes what the vendor's own examples send."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from ciokit.core.wire import Request, Response
from ciokit.emulator.app import Emulator

CALLS = ("identify", "track", "page", "screen", "group")


def _post(emulator: Emulator, call: str, body: object) -> Response:
    headers = {
        "authorization": "Basic " + base64.b64encode(b"any-key:").decode(),
        "content-type": "application/json",
        "x-strict-mode": "1",
    }
    url = f"https://cdp.customer.io/v1/{call}"
    return emulator.transport.send(Request("POST", url, headers, json.dumps(body).encode(), label=f"POST /v1/{call}"))


@pytest.mark.parametrize("call", CALLS)
def test_emulator_takes_the_vendors_example(call: str, examples: dict[str, dict[str, Any]]) -> None:
    """In strict mode the vendor's example body of a call is answered with 200 and an empty object."""
    answer = _post(Emulator(), call, examples[call])
    assert (answer.status, answer.body) == (200, b"{}")


@pytest.mark.parametrize("call", CALLS)
def test_emulator_refuses_the_example_without_ids(call: str, examples: dict[str, dict[str, Any]]) -> None:
    """The same body without its ids is refused."""
    no_mail = {"traits": {}} if call == "identify" else {}  # an e-mail alone identifies (Pipelines spec, identify)
    body = {name: value for name, value in examples[call].items() if name not in {"userId", "anonymousId"}} | no_mail
    assert _post(Emulator(), call, body).status == 400


def test_emulator_takes_the_examples_as_one_batch(examples: dict[str, dict[str, Any]]) -> None:
    """All examples together are one good batch."""
    assert _post(Emulator(), "batch", {"batch": [examples[call] for call in CALLS]}).status == 200
