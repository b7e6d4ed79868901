"""The declared events and tables are those that the service describes, schema by schema."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest

from ciokit.app_api.reporting_webhooks import WebhookEvent as Subscription
from ciokit.webhooks.events import event_type, get_event_type, parse_event
from ciokit.webhooks.schema import METRICS, OBJECT_TYPES
from ciokit.webhooks.tables import SHARED, TYPED, Landing
from tests.support.webhook_tables import typed_row

SCHEMAS: dict[str, Any] = json.loads(Path("specs/reporting_webhooks.facts.json").read_text())["components"]["schemas"]
SAMPLES = {"string": "text", "integer": 7, "boolean": True, "array": [{"device_id": "d"}], "object": {"X": ["y"]}}
COLUMN_OF = {"string": "string", "integer": "long", "boolean": "boolean", "array": "string", "object": "string"}
MISSPELT = {"push_drafted": "drafted"}  # its schema says `attempted`

Field = dict[str, Any]


def _follow(schema: Field) -> Field:
    return SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _variants(schema: Field) -> Iterator[dict[str, Field]]:
    """Give the fields of each shape that a schema allows."""
    schema = _follow(schema)
    own = {name: _follow(field) for name, field in schema.get("properties", {}).items()}
    parts = [list(_variants(part)) for part in schema.get("allOf", ())]
    if "oneOf" in schema:
        parts.append([shape for part in schema["oneOf"] for shape in _variants(part)])
    for combination in itertools.product(*parts):
        merged = dict(own)
        for shape in combination:
            merged |= shape
        yield merged


def _types(field: Field) -> set[str]:
    field = _follow(field)
    if "oneOf" in field:
        return {name for each in field["oneOf"] for name in _types(each)}
    found = field.get("type", [])
    return {found} if isinstance(found, str) else set(found)


def _kind(field: Field) -> str:
    kinds = _types(field) - {"null"}
    return kinds.pop() if kinds else "string"  # transactional_message_id has no type at all


def _events() -> Iterator[tuple[str, str, str, dict[str, Field]]]:
    for object_type in OBJECT_TYPES:
        for each in SCHEMAS[f"{object_type}_event"]["oneOf"]:
            name = each["$ref"].rpartition("/")[2]
            for shape in _variants(each):
                metric = MISSPELT.get(name) or shape["metric"]["enum"][0]
                for data in _variants(shape["data"]):
                    yield object_type, name, metric, data


EVENTS = list(_events())
SHAPES = [pytest.param(*event, id=f"{event[1]}-{number}") for number, event in enumerate(EVENTS)]


def _body(object_type: str, metric: str, data: dict[str, Any]) -> bytes:
    event = {"event_id": "01E4C4CT6YDC7Y5M7FE1GWWPQJ", "object_type": object_type, "metric": metric}
    return orjson.dumps({**event, "timestamp": 1613063089, "data": data})


def test_there_are_69_schemas() -> None:
    """Nothing of the description is passed over: 69 schemas of 8 object types."""
    assert len({name for _, name, _, _ in EVENTS}) == 69
    assert {name.removesuffix("_event") for name in SCHEMAS if name.endswith("_event")} - {"content_id"} == {
        *OBJECT_TYPES
    }


@pytest.mark.parametrize(("object_type", "name", "metric", "fields"), SHAPES)
def test_every_schema_lands_with_every_field_in_its_column(object_type, name, metric, fields) -> None:
    """An event of each documented shape has its metric, its table, and each field in the column of its name."""
    data = {field: SAMPLES[_kind(schema)] for field, schema in fields.items()}
    data["identifiers"] = identifiers = {"id": "42", "email": "test@example.com", "cio_id": "d9c106000001"}
    event = parse_event(_body(object_type, metric, data))
    table, row = typed_row(Landing(event, 1, "journal", 2), 3)
    assert table.name == f"webhook_{object_type}_events"
    assert metric in METRICS[object_type]
    expected = {**data, **identifiers}
    del expected["identifiers"]
    texts = {column.name for column in table.columns if column.json}
    assert {name: orjson.loads(row[name]) if name in texts else row[name] for name in expected} == expected
    assert row["extra"] is None


@pytest.mark.parametrize(("object_type", "name", "metric", "fields"), SHAPES)
def test_every_field_is_nullable(object_type, name, metric, fields) -> None:
    """An event whose fields are all null lands too."""
    event = parse_event(_body(object_type, metric, dict.fromkeys(fields)))
    table, row = typed_row(Landing(event, 1, "journal", 2), 3)
    filled = {column.name for column in table.columns if row[column.name] is not None}
    assert filled == {column.name for column in table.columns if not column.nullable}


@pytest.mark.parametrize("object_type", OBJECT_TYPES)
def test_the_columns_of_a_table_are_the_documented_fields(object_type) -> None:
    """Between the envelope and the bookkeeping a table has the documented fields of its type, with their types."""
    documented: dict[str, str] = {"id": "string", "email": "string", "cio_id": "string"}
    for fields in (each[3] for each in EVENTS if each[0] == object_type):
        documented |= {name: COLUMN_OF[_kind(schema)] for name, schema in fields.items() if name != "identifiers"}
    shared = {column.name: column.type for column in SHARED if column.nullable}
    columns = TYPED[object_type].columns
    declared = {column.name: column.type for column in columns if column.nullable and column.name != "extra"}
    assert {name: kind for name, kind in declared.items() if name not in shared} == {
        name: kind for name, kind in documented.items() if name not in shared
    }
    assert {name: shared[name] for name in documented if name in shared} == {
        name: kind for name, kind in documented.items() if name in shared
    }


def test_every_shared_column_is_a_documented_field() -> None:
    """What all tables have is what some event has."""
    documented = {name for *_, fields in EVENTS for name in fields} | {"id", "email", "cio_id"}
    assert {column.name for column in SHARED if column.nullable} <= documented


def test_known_metrics_are_those_described_or_subscribed_to() -> None:
    """Metrics are those with a schema and those that can be subscribed to, and no others."""
    described = {event_type(object_type, metric) for object_type, _, metric, _ in EVENTS}
    known = {event_type(object_type, metric) for object_type, metrics in METRICS.items() for metric in metrics}
    assert known == described | set(get_args(Subscription))


def test_events_are_called_what_they_are_subscribed_to_by() -> None:
    """The type of an event is the name in the subscription, also where the service spells them differently."""
    described = {event_type(object_type, metric) for object_type, _, metric, _ in EVENTS}
    assert described - set(get_args(Subscription)) == {"slack_undeliverable"}  # nobody can subscribe to it
    event = parse_event(_body("customer", "cio_subscription_preferences_changed", {}))
    assert get_event_type(event) == "customer_subscription_preferences_changed"
