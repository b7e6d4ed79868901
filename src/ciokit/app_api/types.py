"""Shapes that several nouns of the App API share; those of one noun stand beside its operations.

Answers are plain dicts, so fields that the service adds later are there as well, unnamed.
"""

from __future__ import annotations

from typing import Literal, NotRequired, TypeAlias, TypedDict

IdType = Literal["id", "email", "phone", "cio_id"]
"""What kind of identifier names a person.

`email` and `phone` only where the workspace has them enabled as identifiers; otherwise the service answers 400. A phone
number is in E.164 form (`+41791234567`). A `cio_id` is written with its `cio_` prefix, although answers leave it out.
"""


class CustomerIdentifiers(TypedDict):
    """Who a person is: `id` and `email` are null where not set, `cio_id` has no prefix, a phone is never told."""

    id: str | None
    email: str | None
    cio_id: str


class ObjectIdentifiers(TypedDict):
    """What an object is called by you (`object_id`) and by the service."""

    object_id: str
    cio_object_id: str


class SegmentReference(TypedDict):
    """A segment by its number."""

    id: int


class AttributeTest(TypedDict):
    """One condition on an attribute: `exists`, or `eq` with a `value`, which is compared as text."""

    field: str
    operator: Literal["eq", "exists"]
    value: NotRequired[str]


class InSegment(TypedDict):
    """People in a segment."""

    segment: SegmentReference


class HasAttribute(TypedDict):
    """People with an attribute."""

    attribute: AttributeTest


AllOf = TypedDict("AllOf", {"and": list["AudienceFilter"]})
AnyOf = TypedDict("AnyOf", {"or": list["AudienceFilter"]})
NoneOf = TypedDict("NoneOf", {"not": "AudienceFilter"})

AudienceFilter: TypeAlias = InSegment | HasAttribute | AllOf | AnyOf | NoneOf
"""Which people: a dict with exactly one key, `segment`, `attribute`, `and`, `or` or `not`, nested as deep as needed."""

MailFrom = TypedDict("MailFrom", {"from": NotRequired[str]})
"""Whom a message is from: a base of shapes, as `from` cannot be written in a class."""


class NamedValue(TypedDict):
    """A header."""

    name: str
    value: str
