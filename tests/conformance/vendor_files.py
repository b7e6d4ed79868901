"""The vendor's OpenAPI files as Schemathesis takes them: what is mended in them and why, and what else may be answered.

Each repair, each operation left out and each status that a file does not declare has its reason beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.support import catalogue


class Document(NamedTuple):
    """A file, and how its operations are asked for: what stands before their paths, and which key is shown."""

    spec: dict[str, Any]
    prefix: str
    headers: dict[str, str]


_BASIC = {"authorization": "Basic a2V5OmtleQ=="}  # `key:key`
_BEARER = {"authorization": "Bearer key"}


def documents(folder: Path) -> dict[str, Document]:
    """Return every document by the name that tests have for it."""
    strict = {**_BASIC, "x-strict-mode": "1"}  # so that what is not taken is not answered 200
    return {
        "pipelines": Document(_mended(folder / "pipelines_2026-08.json"), "/v1", strict),
        "track": Document(_region_of_any_host(_mended(folder / "track_2026-08.json")), "", _BASIC),
        "app_2025": Document(_as_of_2026(_mended(folder / "app_2025.json")), "", _BEARER),
        # The newest, which we have as a catalogue only.
        "app_2026": Document(_longer_list_of_kinds(catalogue.openapi()), "", _BEARER),
    }


# --- repairs ---------------------------------------------------------------------------------------------------------


def _mended(file: Path) -> dict[str, Any]:
    """Return a file with its choices as `anyOf`.

    The variants of `oneOf` overlap: an id, an e-mail address and a `cio_id` are any three strings, the vendor's own
    examples carry both ids of a person, so nothing at all, or not even the examples, would satisfy the schema.
    """
    spec: dict[str, Any] = json.loads(file.read_text().replace('"oneOf"', '"anyOf"'))
    return spec


def _region_of_any_host(spec: dict[str, Any]) -> dict[str, Any]:
    """The region's address is one of two hosts of the vendor's; an emulator's is its own."""
    answer = spec["paths"]["/api/v1/accounts/region"]["get"]["responses"]["200"]
    del answer["content"]["application/json"]["schema"]["properties"]["url"]["enum"]
    return spec


_NEW_KINDS = ("in_app", "inbox", "whatsapp", "live_notification")  # of messages, by now


def _longer_list_of_kinds(spec: dict[str, Any]) -> dict[str, Any]:
    """The kinds of a person's messages are more than it lists (App catalogue, `getPersonMessages`, note of `type`)."""
    for schema in _nodes(spec["paths"]["/v1/customers/{customer_id}/messages"]):
        _add_new_kinds(schema)
    return spec


def _add_new_kinds(schema: dict[str, Any]) -> None:
    if {"twilio", "push"} <= set(schema.get("enum", [])):
        schema["enum"] += [kind for kind in _NEW_KINDS if kind not in schema["enum"]]


def _as_of_2026(spec: dict[str, Any]) -> dict[str, Any]:
    """What the file of 2025 says and that of 2026 says otherwise (App catalogue, `changed_2026`)."""
    for parameter in _nodes(spec["paths"]["/v1/campaigns/{campaign_id}/journey_metrics"]):
        if parameter.get("name") == "res":
            parameter["name"] = "resolution"
    for schema in _nodes(spec["paths"]["/v1/campaigns/{broadcast_id}/triggers/{trigger_id}/errors"]):
        if "next" in schema.get("properties", {}):
            schema["properties"]["next"] = {"type": "integer"}
    for schema in _nodes(spec):
        properties = schema.get("properties", {})
        if isinstance(properties.get("headers"), dict) and properties["headers"].get("type") == "object":
            properties["headers"] = {}  # now JSON text in answers, and a list in bodies
        if isinstance(properties.get("object_type_id"), dict) and "cio_object_id" in json.dumps(properties):
            # An integer by the schema; live answers have had it as text (facts, section 3.2).
            properties["object_type_id"] = {"type": ["integer", "string"]}
        _add_new_kinds(schema)
        if any("<object_type_id>" in str(each) for each in schema.get("enum", [])):
            schema.update(catalogue.choices(schema.pop("enum")))  # templates for values
    return spec


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    inner = list(tree.values()) if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    for each in inner:
        yield from _nodes(each)
    if isinstance(tree, dict):
        yield tree


# --- what else may be answered ---------------------------------------------------------------------------------------


class Allowed(NamedTuple):
    """A status that may be answered where the file declares none, by the operations whose label matches."""

    status: int
    label: str
    source: str


UNDECLARED = (
    Allowed(400, r"POST /(identify|track|page|screen|group|alias|batch)$", "Pipelines spec, header X-Strict-Mode"),
    Allowed(401, r"POST /(identify|track|page|screen|group|alias|batch)$", "Pipelines spec, header X-Strict-Mode"),
    Allowed(401, r"\S+ /(v1|api)/", "App catalogue, auth; Track spec, info.description: every call shows a key"),
    Allowed(403, r"POST /v1/send/", "App catalogue, sendEmail to sendWhatsApp: not allowed"),
    Allowed(429, r"POST /v1/campaigns/{broadcast_id}/triggers$", "App catalogue, broadcast-1-per-10s"),
)


def may_answer(label: str, status: int) -> bool:
    """Whether an operation may answer with a status that its file does not declare.

    Every operation may refuse a malformed request (400) and not know what is named (404): the files declare this for
    most of theirs and are silent about the rest, and no other status says it.
    """
    return status in (400, 404) or any(each.status == status and re.match(each.label, label) for each in UNDECLARED)
