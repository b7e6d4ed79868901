"""Error answers: each API, and some operations, have an envelope of their own (facts, section 3.4)."""

from __future__ import annotations

import re
from typing import Any

from ciokit.core.endpoint import Route
from ciokit.core.wire import Response
from ciokit.emulator.reply import in_json
from ciokit.emulator.routing import ApiFault

_MALFORMED, _INVALID = 400, 422
# App catalogue, errors, and Track spec, `merge`: merging, sends and the contents of transactional messages.
_META_ERROR = re.compile(r"/api/v1/merge_customers|/v1/send/|/v1/transactional/[^/]+/(content|contents|language)\b")
# App catalogue, errors: what makes, schedules and sends a newsletter says what is wrong, and nothing else.
_DETAIL_ALONE = re.compile(r"/v1/newsletters(/[^/]+/(schedule|send))?\Z")


def envelope(route: Route | None, fault: ApiFault) -> Response:
    """Return an error as the operation's API documents it; `route` is None where no operation was found."""
    return in_json(fault.status, _body(route, fault), fault.headers)


def _body(route: Route | None, fault: ApiFault) -> dict[str, Any]:
    path, surface = (route.path, route.surface) if route is not None else ("", "app")
    if _META_ERROR.match(path):
        return {"meta": {"error": fault.detail}}
    if fault.status == _MALFORMED and path.startswith("/api/v2/"):
        return {"errors": [{"reason": "invalid", "field": fault.pointer, "message": fault.detail}]}
    if surface != "app":
        return {"meta": {"errors": [fault.detail]}}
    error: dict[str, Any] = {"detail": fault.detail}
    if fault.status in (_MALFORMED, _INVALID) and _DETAIL_ALONE.match(path):
        return {"errors": [error]}
    error["status"] = str(fault.status)
    if fault.pointer:
        error["source"] = {"pointer": fault.pointer}
    return {"errors": [error]}
