"""One request of an operation that answers with what the world holds: arguments in, JSON out, writes kept.

What changes the world is written into the journal before it happens, together with the file it points to, so that a
replay needs nobody else: the same requests at the same times make the same world, ids included.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qs

import orjson

from ciokit.core import codec, pictures
from ciokit.core.endpoint import Route
from ciokit.core.wire import Request, Response
from ciokit.emulator.ingest import Ingest
from ciokit.emulator.reply import in_json
from ciokit.emulator.routing import ApiFault, Binding, Router, answer, bindings
from ciokit.emulator.shapes import misfit
from ciokit.emulator.state import Record
from ciokit.emulator.world import World
from ciokit.errors import ConfigurationError, ValidationError
from ciokit.table import TABLE

_log = logging.getLogger("ciokit.emulator")
_NO_CONTENT = 204
_KEPT_HEADERS = ("content-type", "x-workspace-id")

Fetch = Callable[[str], bytes | None]
Keep = Callable[[Record], None]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request whose key was let in; `path` is raw, header names are in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, request: Request, query: str) -> Sent:
        """Return a request whose `url` is its path."""
        kept = {name: request.headers[name] for name in _KEPT_HEADERS if name in request.headers}
        return cls(request.method, request.url, query, kept, request.body)


class Operations:
    """Answers each operation with its handler.

    `fetch` returns what a URL holds, or None if nothing can be read there. What a handler leaves in `World.taken` goes
    to `ingest`, which lets it happen in its turn; its ledger is told of all that the Track API writes.
    """

    def __init__(self, world: World, ingest: Ingest, fetch: Fetch) -> None:
        self._world = world
        self._ingest = ingest
        self._fetch = fetch
        self._bindings: dict[str, Binding] = {binding.endpoint.route.label: binding for binding in bindings()}
        self._router = Router([operation.route for operation in TABLE])

    def find(self, method: str, path: str) -> Route:
        """Return the operation a request is for; `ApiFault` 404 or 405."""
        return self._router.find(method, path)

    def is_open(self, route: Route) -> bool:
        """Whether an operation asks for no key."""
        binding = self._bindings.get(route.label)
        return binding is not None and binding.manner.open

    def writes(self, route: Route) -> bool:
        """Whether an operation is for writing: of a GET the world may take note, and it is for reading all the same."""
        binding = self._bindings.get(route.label)
        return route.method != "GET" and (binding is None or binding.writes)

    def serve(self, route: Route, sent: Sent, at: float, keep: Keep | None) -> Response:
        """Answer one request; `keep` writes into the journal. Raises `ApiFault` for what is refused."""
        arguments = _arguments(route, sent)
        binding = self._bindings[route.label]
        source = binding.manner.source
        url = source(arguments) if source else None
        fetched = self._fetch(url) if url else None
        if binding.writes and keep is not None:
            keep(_record(sent, at, fetched))
        return self._run(binding, sent, at, arguments, fetched)

    def replay(self, record: Record) -> None:
        """Let a kept request happen again; one that was refused is refused again."""
        detail = record.detail
        size: int = detail["body"]
        fetched = record.body[size:] if detail["fetched"] else None
        sent = Sent(detail["method"], detail["path"], detail["query"], detail["headers"], record.body[:size])
        try:
            route = self.find(sent.method, sent.path)
            binding = self._bindings[route.label]
        except (ApiFault, KeyError):
            raise ConfigurationError(
                f"the journal holds a request this version cannot replay ({sent.method}); use an empty directory"
            ) from None
        try:
            self._run(binding, sent, record.at, _arguments(route, sent), fetched)
        except ApiFault:
            pass  # what was refused is counted by a record of its own
        except Exception as error:  # noqa: BLE001 - it failed as it did when it was kept, and was answered 500
            _log.warning("%s fails when replayed (%s), as it did before", route.label, type(error).__name__)

    def _run(
        self, binding: Binding, sent: Sent, at: float, arguments: Mapping[str, Any], fetched: bytes | None
    ) -> Response:
        route, manner = binding.endpoint.route, binding.manner
        if manner.strict:
            _only_declared(route, sent.body)
        self._world.fetched = fetched
        self._world.taken = []
        self._world.size = len(sent.body)
        try:
            result: object = binding.handler(self._world, **arguments)
        finally:
            self._world.fetched = None
        for taken in self._world.taken:
            self._ingest.take(taken if taken.raw else taken._replace(raw=sent.body), route.label, at)
        return _response(route, manner.status_of(result) if manner.status_of else manner.status, result)

    def refused(self, route: Route, body: bytes) -> int:
        """Note a request that was refused as a whole, and return how many items it holds if it would have written."""
        if route.surface != "track" or route.method == "GET":
            return 0
        items = _count(body) if route.path.endswith("/batch") else 1
        self._ingest.ledger.refused += items
        return items


def _count(body: bytes) -> int:
    try:
        batch: Any = orjson.loads(body)["batch"]
    except (orjson.JSONDecodeError, TypeError, KeyError):
        return 1
    return len(batch) if isinstance(batch, list) else 1  # pyright: ignore[reportUnknownArgumentType]  # of whatever


def _arguments(route: Route, sent: Sent) -> dict[str, Any]:
    query = parse_qs(sent.query, keep_blank_values=True)
    try:
        arguments = codec.parse(route, sent.path, query, sent.body, sent.headers)
    except ValidationError as error:
        raise ApiFault(400, f"{error.field}: {error.message}" if error.field else error.message) from None
    _renew(route, arguments)
    for name, value in arguments.items():
        wrong = misfit(value, route.types[name], name)
        if wrong:
            raise ApiFault(400, wrong)
    return arguments


def _renew(route: Route, arguments: dict[str, Any]) -> None:
    """Read what clients still send in the way of an older specification.

    Known: `headers` of an e-mail was an object in 2025, and is one in what customerio-node 4.4 sends.
    """
    headers = arguments.get("headers")
    if route.docs == "sendEmail" and isinstance(headers, dict):
        pairs = cast("dict[str, object]", headers).items()
        arguments["headers"] = orjson.dumps([{"name": name, "value": str(value)} for name, value in pairs]).decode()


def _only_declared(route: Route, body: bytes) -> None:
    given: Any = orjson.loads(body) if body else None
    declared = {codec.wire_name(name) for name, place in route.where.items() if place.value == "field"}
    fields = cast("dict[str, Any]", given) if isinstance(given, dict) else {}
    unknown = next((name for name in fields if name not in declared), None)
    if unknown is not None:
        raise ApiFault(400, f"{unknown}: is no field of this request")


def _record(sent: Sent, at: float, fetched: bytes | None) -> Record:
    detail = {
        "method": sent.method,
        "path": sent.path,
        "query": sent.query,
        "headers": dict(sent.headers),
        "body": len(sent.body),
        "fetched": fetched is not None,
    }
    return Record("write", at, detail, sent.body + (fetched or b""))


def _response(route: Route, status: int, result: object) -> Response:
    if result is None and route.surface == "track":  # Track spec, `responses`: 200, whatever is in it
        return Response(status, {}) if status == _NO_CONTENT else in_json(status or 200, {})
    if result is None:
        return Response(status or _NO_CONTENT)
    if isinstance(result, str):
        return Response(status or 200, {"content-type": "text/html; charset=utf-8"}, result.encode())
    if isinstance(result, bytes):
        kind = pictures.kind(result) or "application/octet-stream"
        return Response(status or 200, {"content-type": kind}, result)
    return in_json(status or 200, answer(route, result))
