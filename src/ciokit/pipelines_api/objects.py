"""Objects (companies, courses, campaigns ...) and the relationships people have to them.

In a `group` message the object's type is the trait `object_type_id`, as text; in the events that delete it is the
property `objectTypeId`, a whole number. Callers give either; it is written as each place wants it. Source: facts, 3.7.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Unpack

from ciokit.errors import ValidationError
from ciokit.pipelines_api.messages import AnonymousOptions, Message, Options, mapping, message, text
from ciokit.pipelines_api.operation import Operation
from ciokit.pipelines_api.semantic import operations

_ANYBODY = "ciokit"  # `Object Deleted` demands an anonymousId and uses it for nothing (facts, 3.1)


_ARGUMENTS = {
    "object_type_id": "object_type_id",
    "objectTypeId": "object_type_id",
    "relationshipAttributes": "relationship",
}


@Operation
def create_object(
    user_id: str | None,
    object_id: str,
    traits: Mapping[str, Any] | None = None,
    *,
    object_type_id: str | int = 1,
    relationship: Mapping[str, Any] | None = None,
    **options: Unpack[AnonymousOptions],
) -> Message:
    """Add or update an object and relate a person to it.

    The API knows objects through people: give `user_id`, or `anonymous_id`. `traits` are the object's attributes,
    `relationship` those of the tie between the two. Source: Pipelines spec, `group`.
    """
    attributes = mapping(traits, "traits")
    for name in attributes.keys() & _ARGUMENTS.keys():
        raise ValidationError(f"is given by the argument `{_ARGUMENTS[name]}`", field=f"traits.{name}")
    content = {**attributes, "object_type_id": str(_type_number(object_type_id))}
    if relationship is not None:
        content["relationshipAttributes"] = mapping(relationship, "relationship")
    return message("group", user_id, {"groupId": text(object_id, "object_id"), "traits": content}, options)


update_object = create_object


@Operation
def create_relationship(
    user_id: str | None,
    object_id: str,
    relationship: Mapping[str, Any] | None = None,
    *,
    object_type_id: str | int = 1,
    **options: Unpack[AnonymousOptions],
) -> Message:
    """Relate a person to an object, which is added if it is not there; its attributes stay as they are."""
    return create_object.message(
        user_id, object_id, object_type_id=object_type_id, relationship=relationship, **options
    )


@Operation
def delete_object(object_id: str, *, object_type_id: str | int = 1, **options: Unpack[Options]) -> Message:
    """Delete an object and all relationships to it."""
    return operations.object_deleted.message(
        None,
        {"objectId": text(object_id, "object_id"), "objectTypeId": _type_number(object_type_id)},
        anonymous_id=_ANYBODY,
        **options,
    )


@Operation
def delete_relationship(
    user_id: str, object_id: str, *, object_type_id: str | int = 1, **options: Unpack[Options]
) -> Message:
    """End the relationship of a person to an object; both stay."""
    return operations.relationship_deleted.message(
        user_id, {"objectId": text(object_id, "object_id"), "objectTypeId": _type_number(object_type_id)}, **options
    )


def _type_number(value: str | int) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdigit():
        raise ValidationError("must be the whole number of an object type, such as 1", field="object_type_id")
    return int(text)
