"""What the tests of reporting webhooks share: a workspace whose messages live, and a receiver inside the process."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, get_args

from ciokit.app_api.reporting_webhooks import WebhookEvent
from ciokit.core.wire import Request, Response
from ciokit.emulator.app import Emulator
from ciokit.emulator.seeds import Seed

from .conftest import Workspace

EVERYTHING: list[str] = list(get_args(WebhookEvent))
HOUR, DAY = 3_600, 86_400
BODY = "<a href='https://x.io/a'>a</a> <a href='https://x.io/b'>b</a>"
SEED: Seed = {
    "people": [{"id": f"u{number}", "email": f"u{number}@x.io"} for number in range(5)],
    "transactional": [{"id": 1, "name": "T", "subject": "S", "body": BODY, "from": "a@x.io"}],
}


class Inbox:
    """A receiver: remembers the requests, and answers with what `judge` says of each, 200 by default."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.judge: Callable[[Request], int] = lambda _: 200

    def __call__(self, request: Request) -> Response:
        """Take a request."""
        self.requests.append(request)
        return Response(self.judge(request))

    @property
    def events(self) -> list[Any]:
        """Every body, decoded."""
        return [json.loads(request.body) for request in self.requests]

    def ids(self) -> list[str]:
        """The id of each event, in order."""
        return [event["event_id"] for event in self.events]


def register(workspace: Workspace, *events: str, endpoint: str = "http://127.0.0.1:9/hook", **options: Any) -> int:
    """Register a webhook over the App API, for all events if none is named, and return its number."""
    given = {"name": "W", "endpoint": endpoint, "events": list(events) or EVERYTHING, **options}
    return ask(workspace, "POST", "/v1/reporting_webhooks", given)["id"]


def ask(workspace: Workspace, method: str, path: str, body: Any = None) -> Any:
    """Ask the App API, which must agree."""
    content = b"" if body is None else json.dumps(body).encode()
    response = workspace.ask(method, path, content, authorization="Bearer k").response
    assert response.status < 300, response.body
    return json.loads(response.body or b"null")


def send_email(workspace: Workspace, who: str = "u1", **fields: Any) -> str:
    """Send a transactional e-mail and return the id of its delivery."""
    body = {"to": f"{who}@x.io", "identifiers": {"id": who}, "transactional_message_id": 1, **fields}
    return ask(workspace, "POST", "/v1/send/email", body)["delivery_id"]


def lively(emulator: Emulator, **chances: float) -> None:
    """Let everybody open, click and convert, and nothing go wrong, save for what is given."""
    wrong = dict.fromkeys(("failed", "bounced", "spammed", "unsubscribed"), 0)
    emulator.let_live({"opened": 1, "clicked": 1, "converted": 1, **wrong, **chances})


def seeded(**options: Any) -> Workspace:
    """Return a workspace with five people and a template, in which nobody reacts."""
    workspace = Workspace(**options)
    workspace.emulator.seed(SEED)
    workspace.emulator.let_live({"opened": 0})
    return workspace
