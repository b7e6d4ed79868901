"""Write audience filters as Python expressions: `all_of(segment(7), not_(attribute("plan", "free")))`.

Each function returns the documented JSON, so what it gives can be mixed with filters written by hand.
"""

from __future__ import annotations

from typing import SupportsIndex

from ciokit import values
from ciokit.app_api.types import AllOf, AnyOf, AttributeTest, AudienceFilter, HasAttribute, InSegment, NoneOf
from ciokit.errors import ValidationError


def all_of(*filters: AudienceFilter) -> AllOf:
    """Match the people whom every one of the filters matches; raises `ValidationError` when there is none."""
    return {"and": _some(filters, "all_of")}


def any_of(*filters: AudienceFilter) -> AnyOf:
    """Match the people whom at least one of the filters matches; raises `ValidationError` when there is none."""
    return {"or": _some(filters, "any_of")}


def not_(filter: AudienceFilter) -> NoneOf:
    """Match the people whom the filter does not match."""
    return {"not": filter}


def segment(id: int) -> InSegment:
    """Match the people in a segment, named by its number; raises `ValidationError` for what is no whole number."""
    if isinstance(id, bool) or not isinstance(id, SupportsIndex):  # pyright: ignore[reportUnnecessaryIsInstance]  # from untyped code
        raise ValidationError(f"must be a whole number, not {type(id).__name__}", field="id")
    return {"segment": {"id": id}}


def attribute(field: str, value: str | float | None = None) -> HasAttribute:
    """Match the people who have an attribute, with this value if one is given.

    The service compares values as text (App API, `AttributeTest`): a number or truth value is written as JSON has it,
    `41` or `true`. Raises `ValidationError` for an empty name and for a number that is not finite.
    """
    if not field:
        raise ValidationError("is empty; give the name of an attribute", field="field")
    if value is None:
        return {"attribute": {"field": field, "operator": "exists"}}
    text = value if isinstance(value, str) else values.encode(value, missing="error", field="value").decode()
    test: AttributeTest = {"field": field, "operator": "eq", "value": text}
    return {"attribute": test}


def _some(filters: tuple[AudienceFilter, ...], name: str) -> list[AudienceFilter]:
    if not filters:
        raise ValidationError("needs at least one filter; the service does not say what none would match", field=name)
    return [*filters]
