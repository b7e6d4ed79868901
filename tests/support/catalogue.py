"""The catalogue of the App API, written as OpenAPI and JSON Schema: what tools read, and what checks an answer.

The schemas are stricter than the vendor's own files: an object with known members has no others.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FILE = Path(__file__).parents[2] / "specs" / "app_2026-09.json"

_SIZES = {
    "minimum": "minimum",
    "maximum": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_properties": "minProperties",
    "default": "default",
}
# Told in words only (facts, "pagination"): lists of deliveries hold the mark of the next page too.
_WITH_NEXT = {
    "getPersonActivities",
    "getPersonMessages",
    "listMessages",
    "transactionalMessages",
    "broadcastMessages",
    "getCampaignMessages",
    "getNewsletterMsgMeta",
}

# Where answers hold more than the catalogue names, or in another type: what they hold, and why we say so.
_NUMBERS = {"type": "object", "values": {"type": "integer"}}
_SHARED: dict[str, dict[str, Any]] = {
    # Every attribute has its time; the vendor names the most usual ones.
    "person": {"timestamps": _NUMBERS},
    # An event carries its own properties, and a failed change says why it failed; the vendor shows two of the kinds.
    "activity": {"data": {"type": "object"}},
}
_ROWS: dict[str, dict[str, Any]] = {
    # An integer by the vendor's schema; live answers have had it as text (facts, section 3.2).
    "getPersonRelationships": {"object_type_id": {"type": "string"}},
    # Live answers have had these two more.
    "getObjectRelationships": {"attributes": {"type": "object"}, "timestamps": _NUMBERS},
}
# The vendor shows a person's identifiers, with words that speak of an object's; the list of objects has the right ones.
_OBJECT = {"identifiers": {"type": "object", "values": {"type": "string", "nullable": True}}}


def _mended() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(_FILE.read_bytes())
    for name, fields in _SHARED.items():
        facts["shared_schemas"][name]["fields"] |= fields
    answers = {fact["operation_id"]: fact["responses"].get("200", {}).get("schema") for fact in facts["operations"]}
    for name, fields in _ROWS.items():
        answers[name]["fields"]["cio_relationships"]["items"]["fields"] |= fields
    answers["getObjectAttributes"]["fields"]["object"]["fields"] |= _OBJECT
    return facts


FACTS = _mended()


def openapi() -> dict[str, Any]:
    """Return the whole catalogue as an OpenAPI 3.1 document."""
    paths: dict[str, dict[str, Any]] = {}
    for fact in FACTS["operations"]:
        paths.setdefault(fact["path"], {})[fact["method"].lower()] = _operation(fact)
    return {
        "openapi": "3.1.0",
        "info": {"title": "App API", "version": "2026-09"},
        "paths": paths,
        "components": {
            "schemas": {name: json_schema(each) for name, each in FACTS["shared_schemas"].items()},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def json_schema(given: dict[str, Any]) -> dict[str, Any]:
    """Return a schema of the catalogue as JSON Schema; references lead to `components`."""
    if "ref" in given:
        made: dict[str, Any] = {"$ref": f"#/components/schemas/{given['ref']}"}
    elif "one_of" in given or "any_of" in given:
        made = {"anyOf": [json_schema(each) for each in given.get("one_of") or given["any_of"]]}
    elif "fields" in given:
        made = _object(given["fields"], given.get("values"))
    else:
        made = _plain(given)
    made |= {ours: given[theirs] for theirs, ours in _SIZES.items() if theirs in given}
    if given.get("read_only"):
        made["readOnly"] = True
    return {"anyOf": [made, {"type": "null"}]} if given.get("nullable") else made


def _object(fields: dict[str, Any], others: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: json_schema(each) for name, each in fields.items()},
        "required": [name for name, each in fields.items() if each.get("required")],
        "additionalProperties": json_schema(others) if others else False,
    }


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    kind = given.get("type", "any")
    if kind == "any":
        return {}
    if kind == "binary":
        return {"type": "string", "format": "binary"}
    made: dict[str, Any] = {"type": kind}
    if "items" in given:
        made["items"] = json_schema(given["items"])
    if "values" in given:
        made["additionalProperties"] = json_schema(given["values"])
    if "enum" in given:
        made |= choices(given["enum"])
    return made


def choices(allowed: list[Any]) -> dict[str, Any]:
    """Return the schema of a choice; of some choices a part is a number that the workspace gives out."""
    numbered = [each for each in allowed if "<object_type_id>" in str(each)]
    plain = [each for each in allowed if each not in numbered]
    patterns = [{"pattern": "^" + each.replace("<object_type_id>", "[0-9]+") + "$"} for each in numbered]
    return {"anyOf": [{"enum": plain}, *patterns]} if patterns else {"enum": plain}


def _operation(fact: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": fact["operation_id"],
        "parameters": [_parameter(each) for each in fact["params"]],
        "responses": {status: _answer(fact, each) for status, each in fact["responses"].items()},
        "security": [] if fact["operation_id"] in FACTS["auth"]["none"] else [{"key": []}],
    }
    if fact["body"]:
        schema = json_schema(fact["body"]["schema"])
        made["requestBody"] = {"required": True, "content": {fact["body"]["content_type"]: {"schema": schema}}}
    return made


def _parameter(given: dict[str, Any]) -> dict[str, Any]:
    return {"name": given["name"], "in": given["in"], "required": given["required"], "schema": json_schema(given)}


def _answer(fact: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    if "ref" in given:
        given = FACTS["shared_responses"][given["ref"]]
    made: dict[str, Any] = {"description": given.get("meaning", "")}
    if "content_type" in given:
        made["content"] = {given["content_type"].partition(" ")[0]: {}}
    elif "schema" in given:
        schema = json_schema(given["schema"])
        if fact["operation_id"] in _WITH_NEXT and "properties" in schema:
            schema["properties"]["next"] = {"type": ["string", "null"]}
        kind = "text/html" if given["schema"].get("type") == "string" else "application/json"
        made["content"] = {kind: {"schema": schema}}
    return made
