"""A Databricks workspace on loopback: gives tokens, runs queries, and lets into an App who has a token."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

CLIENT, SECRET = "the-client", "the/secret"


class FakeWorkspace(ThreadingHTTPServer):
    """Answers as Databricks documents it; `behind` is the port of the App, `run` executes statements."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = 0
        self.run: Callable[[str], list[list[str | None]]] = lambda _: []
        self.tokens: list[str] = []
        self.good: set[str] = set()
        self.statements: list[str] = []
        self.knows = True
        self.logs_in_with_a_page = False

    @property
    def url(self) -> str:
        """The address of the workspace, and of the App."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What names the workspace and the service principal."""
        return {"DATABRICKS_HOST": self.url, "DATABRICKS_CLIENT_ID": CLIENT, "DATABRICKS_CLIENT_SECRET": SECRET}


class _Handler(BaseHTTPRequestHandler):
    server: FakeWorkspace
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/oidc/v1/token":
            self._token(body)
        elif self.path == "/api/2.0/sql/statements":
            self._statement(json.loads(body))
        else:
            self._app(body)

    def _token(self, body: bytes) -> None:
        basic = base64.b64encode(f"{CLIENT}:{SECRET.replace('/', '%2F')}".encode()).decode()
        wanted = {"grant_type": ["client_credentials"], "scope": ["all-apis"]}
        if (
            not self.server.knows
            or self.headers["authorization"] != f"Basic {basic}"
            or parse_qs(body.decode()) != wanted
        ):
            self._answer(401, b'{"error":"invalid_client"}')
            return
        token = f"token-{len(self.server.tokens) + 1}"
        self.server.tokens.append(token)
        self.server.good = {token}
        self._answer(200, json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": 3600}).encode())

    def _allowed(self) -> bool:
        return self.headers["authorization"] in {f"Bearer {token}" for token in self.server.good}

    def _statement(self, wanted: dict[str, Any]) -> None:
        if not self._allowed():
            self._answer(401, b"{}")
            return
        self.server.statements.append(wanted["statement"])
        try:
            rows = self.server.run(wanted["statement"])
        except Exception:  # noqa: BLE001 - a warehouse tells of any failure in its answer
            self._answer(200, json.dumps({"status": {"state": "FAILED"}}).encode())
            return
        self._answer(200, json.dumps({"status": {"state": "SUCCEEDED"}, "result": {"data_array": rows}}).encode())

    def _app(self, body: bytes) -> None:
        if not self._allowed():
            if self.server.logs_in_with_a_page:
                self._answer(200, b"<html>log in</html>")
            else:
                self._answer(401, b"")
            return
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=20)
        passed = {name: value for name, value in self.headers.items() if name.lower() not in {"host", "connection"}}
        try:
            behind.request("POST", self.path, body, passed)
            answer = behind.getresponse()
            self._answer(answer.status, answer.read())
        except OSError:
            self._answer(502, b"the app does not run")
        finally:
            behind.close()

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def workspace() -> Iterator[FakeWorkspace]:
    """Serve a workspace."""
    with FakeWorkspace() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
