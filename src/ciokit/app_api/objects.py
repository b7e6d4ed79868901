"""Objects (companies, campaigns, courses ...): their types, their attributes and the people related to them."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

from ciokit.app_api import checks
from ciokit.app_api.types import CustomerIdentifiers, ObjectIdentifiers
from ciokit.core.endpoint import Field, Group, Path, Query, S, endpoint, paged
from ciokit.core.retry import Retry

ObjectIdType = Literal["object_id", "cio_object_id"]
"""Whether an object is named by your own id or by the service's."""


class ObjectAttributeTest(TypedDict):
    """One condition on an attribute: `exists`, or `eq` with a `value`; `type_id` repeats the object type."""

    field: str
    operator: Literal["eq", "exists"]
    value: NotRequired[str]
    type_id: str


class HasObjectAttribute(TypedDict):
    """Objects with an attribute."""

    object_attribute: ObjectAttributeTest


AllOfObjects = TypedDict("AllOfObjects", {"and": list["ObjectFilter"]})
AnyOfObjects = TypedDict("AnyOfObjects", {"or": list["ObjectFilter"]})
NoneOfObjects = TypedDict("NoneOfObjects", {"not": "ObjectFilter"})

ObjectFilter: TypeAlias = HasObjectAttribute | AllOfObjects | AnyOfObjects | NoneOfObjects
"""Which objects: a dict with exactly one key, `object_attribute`, `and`, `or` or `not`, nested as deep as needed."""


class ObjectType(TypedDict):
    """A kind of object. `id` is a whole number as text, counted from 1."""

    id: str
    name: str
    singular_name: str
    slug: str
    singular_slug: str
    enabled: bool
    icon: str


class ObjectTypes(TypedDict):
    """The kinds of object a workspace has."""

    types: list[ObjectType]


class ObjectProfile(TypedDict):
    """One object: its attributes and when each was set, in Unix seconds."""

    object_type_id: str
    identifiers: ObjectIdentifiers
    attributes: dict[str, Any]
    timestamps: dict[str, int]


class ObjectAnswer(TypedDict):
    """An object, under `object`."""

    object: ObjectProfile


class RelatedPerson(TypedDict):
    """A person an object is related to; `attributes` of the relationship and `timestamps` are seen, not documented."""

    identifiers: CustomerIdentifiers
    object_type_id: str
    object_type_disabled: NotRequired[bool]
    attributes: NotRequired[dict[str, Any]]
    timestamps: NotRequired[dict[str, int]]


class Objects(Group[S]):
    """What the App API says about objects."""

    @paged("app", "POST", "/v1/objects", items="identifiers", docs="getObjectsFilter", check=checks.page_of())
    def find(
        self,
        object_type_id: Field[str],
        filter: Field[ObjectFilter],
        *,
        start: Query[str | None] = None,
        limit: Query[int | None] = None,
    ) -> list[ObjectIdentifiers]:
        """Yield the objects of one type that a filter matches, page by page; one may come twice.

        Args:
            object_type_id: a whole number as text, such as `"1"`.
            filter: such as `{"object_attribute": {"field": "name", "operator": "exists", "type_id": "1"}}`.
            start: the cursor to go on from.
            limit: objects a page; the vendor states neither default nor maximum.
        """
        ...

    @endpoint("app", "GET", "/v1/object_types", retry=Retry.SAFE, docs="getObjectTypes")
    def types(self) -> ObjectTypes:
        """Return the kinds of object the workspace has, with the number each is addressed by."""
        ...

    @endpoint(
        "app",
        "GET",
        "/v1/objects/{object_type_id}/{object_id}/attributes",
        retry=Retry.SAFE,
        docs="getObjectAttributes",
    )
    def attributes(
        self, object_type_id: Path[int], object_id: Path[str], *, id_type: Query[ObjectIdType] = "object_id"
    ) -> ObjectAnswer:
        """Return one object's identifiers and attributes.

        Raises:
            RefusedError: 404, there is no such object.
        """
        ...

    @paged(
        "app",
        "GET",
        "/v1/objects/{object_type_id}/{object_id}/relationships",
        items="cio_relationships",
        docs="getObjectRelationships",
        check=checks.page_of(),
    )
    def relationships(
        self,
        object_type_id: Path[int],
        object_id: Path[str],
        *,
        id_type: Query[ObjectIdType] = "object_id",
        start: Query[str | None] = None,
        limit: Query[int | None] = None,
    ) -> list[RelatedPerson]:
        """Yield the people an object is related to, page by page; one may come twice.

        Raises:
            RefusedError: 404, there is no such object.
        """
        ...
