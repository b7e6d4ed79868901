"""The permanent test data: a few people, devices, objects and relationships that live tests read and never change.

`create` writes the set with the Data Pipelines API, `verify` holds what the App API shows against it, `remove` deletes
it; `ciokit testdata` does the same. Every id begins with `PREFIX`, and every person and object carries the attribute
`MARK`. The set never changes: another one is another `VERSION`, so that both can stand in one workspace. Events are no
part of it, as the service promises to keep activities for 30 days only (App spec, `getPersonActivities`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from ciokit import values
from ciokit.core.clock import Clock, SystemClock
from ciokit.core.reading_back import read_until
from ciokit.errors import RefusedError
from ciokit.pipelines_api.devices import register_device
from ciokit.pipelines_api.messages import Message
from ciokit.pipelines_api.objects import create_object, delete_object
from ciokit.pipelines_api.people import delete_user, identify_user
from ciokit.pipelines_api.semantic.operations import DeviceType

if TYPE_CHECKING:
    from ciokit.app_api.client import AppClient
    from ciokit.app_api.customers import Person
    from ciokit.app_api.objects import ObjectProfile
    from ciokit.pipelines_api.client import CustomerIOClient
    from ciokit.report import BatchReport

VERSION = "v1"
PREFIX = f"ciokit-testdata-{VERSION}"
MARK = "ciokit_testdata"
OBJECT_TYPE = 1  # the only one that every workspace with objects has

WAIT = 60.0  # seconds until what was written must be there

Scalar: TypeAlias = str | int | bool
Tell: TypeAlias = Callable[[str], None]
"""Told, in a few words, how far it is."""


@dataclass(frozen=True)
class DeclaredPerson:
    """A person of the set, and the device they have, if any. Mail to example.com reaches nobody (RFC 2606)."""

    name: str
    attributes: Mapping[str, Scalar]
    device: DeviceType | None = None

    @property
    def id(self) -> str:
        """The id in the workspace."""
        return f"{PREFIX}-{self.name}"

    @property
    def email(self) -> str:
        """The e-mail address, by which they can be found as well."""
        return f"{self.id}@example.com"

    @property
    def token(self) -> str:
        """The token of their device."""
        return f"{self.id}-{self.device}"


@dataclass(frozen=True)
class DeclaredObject:
    """An object of the set, of the type `OBJECT_TYPE`."""

    name: str
    attributes: Mapping[str, Scalar]

    @property
    def id(self) -> str:
        """The id in the workspace."""
        return f"{PREFIX}-{self.name}"


@dataclass(frozen=True)
class DeclaredRelationship:
    """A person of the set belongs to an object of it."""

    person: DeclaredPerson
    object: DeclaredObject
    attributes: Mapping[str, Scalar]


_MARKED = {MARK: VERSION}
ANN = DeclaredPerson("ann", {**_MARKED, "first_name": "Ann", "plan": "pro", "seats": 5, "active": True}, "ios")
BOB = DeclaredPerson("bob", {**_MARKED, "first_name": "Bob", "plan": "free", "seats": 1, "active": True}, "android")
UNA = DeclaredPerson("una", {**_MARKED, "first_name": "Una", "plan": "free", "unsubscribed": True})
ZOE = DeclaredPerson("zoe", {**_MARKED, "first_name": "Zoë", "plan": "pro", "city": "北京"})
NORTH = DeclaredObject("north", {**_MARKED, "name": "North", "tier": "gold"})
SOUTH = DeclaredObject("south", {**_MARKED, "name": "South", "tier": "silver"})

PEOPLE = (ANN, BOB, UNA, ZOE)
OBJECTS = (NORTH, SOUTH)
RELATIONSHIPS = (
    DeclaredRelationship(ANN, NORTH, {"role": "owner"}),
    DeclaredRelationship(BOB, NORTH, {"role": "member"}),
    DeclaredRelationship(ZOE, SOUTH, {"role": "owner"}),
)


@dataclass(frozen=True)
class Difference:
    """Something that is not as declared: what it is, its id in the workspace, and what is wrong with it."""

    kind: str
    id: str
    problem: str


@dataclass(frozen=True)
class Outcome:
    """What came of it: `report` on what was sent, None if nothing was; `differences` that were last read back."""

    report: BatchReport | None
    differences: list[Difference]


def messages() -> list[Message]:
    """Return what makes the set; sent again they change nothing. Each has a new id, or it would not count twice."""
    people = [identify_user.message(each.id, {"email": each.email, **each.attributes}) for each in PEOPLE]
    ties = [
        create_object.message(
            each.person.id,
            each.object.id,
            each.object.attributes,
            object_type_id=OBJECT_TYPE,
            relationship=each.attributes,
        )
        for each in RELATIONSHIPS
    ]
    devices = [register_device.message(each.id, each.token, each.device) for each in PEOPLE if each.device]
    return people + ties + devices


def deletions() -> list[Message]:
    """Return what deletes the set; devices and relationships go with their people and objects."""
    objects = [delete_object.message(each.id, object_type_id=OBJECT_TYPE) for each in OBJECTS]
    return objects + [delete_user.message(each.id) for each in PEOPLE]


def create(
    client: CustomerIOClient,
    app: AppClient,
    *,
    wait: float = WAIT,
    clock: Clock | None = None,
    tell: Tell | None = None,
) -> Outcome:
    """Write the set, or what of it is missing, and wait up to `wait` seconds until it can be read back.

    Both clients must be of one workspace, which needs objects of type 1. What is there and as declared is not written
    again. Devices and relationships that are too many stay, and are told as differences: `remove` first.

    Raises:
        CustomerIOError: what stopped it; calling it again goes on.
    """
    tell = tell or _silent
    if not (found := differences(app)):
        tell("all of it is there; nothing is written")
        return Outcome(None, found)
    tell(f"{len(found)} differences before; writing")
    report = client.batch(messages(), progress=lambda report: tell(f"{report.accepted} messages taken"))
    tell("waiting until it can be read back")
    found = read_until(lambda: differences(app), _nothing, wait, clock or SystemClock())
    if found and report.accepted and not remains(app):
        tell("none of what was taken can be read: are both keys of one workspace?")
    return Outcome(report, found)


def verify(app: AppClient, *, wait: float = 0.0, clock: Clock | None = None) -> list[Difference]:
    """Return what is not as declared, reading again for up to `wait` seconds as long as there is anything."""
    return read_until(lambda: differences(app), _nothing, wait, clock or SystemClock())


def remove(
    client: CustomerIOClient,
    app: AppClient,
    *,
    wait: float = WAIT,
    clock: Clock | None = None,
    tell: Tell | None = None,
) -> Outcome:
    """Delete the set, and wait up to `wait` seconds until none of it can be read; `differences` are what is left.

    It is asked to be deleted also where nothing can be read, since that may not be readable yet.

    Raises:
        CustomerIOError: what stopped it; calling it again goes on.
    """
    tell = tell or _silent
    tell(f"{len(remains(app))} people and objects before; deleting")
    report = client.batch(deletions(), progress=lambda report: tell(f"{report.accepted} messages taken"))
    tell("waiting until it is gone")
    return Outcome(report, read_until(lambda: remains(app), _nothing, wait, clock or SystemClock()))


def differences(app: AppClient) -> list[Difference]:
    """Look once, and return what is not as declared.

    Attributes that are not declared are passed over: a service may add its own.
    """
    return [*_people_differences(app), *_object_differences(app)]


def remains(app: AppClient) -> list[Difference]:
    """Look once, and return the people and objects of the set that are there."""
    profiles = _profiles(app)
    people = [Difference("person", each.id, "is there") for each in PEOPLE if each.id in profiles]
    return people + [Difference("object", each.id, "is there") for each in OBJECTS if object_profile(app, each.id)]


def object_profile(app: AppClient, object_id: str) -> ObjectProfile | None:
    """Return an object of the type `OBJECT_TYPE`, or None."""
    try:
        return app.objects.attributes(OBJECT_TYPE, object_id)["object"]
    except RefusedError as error:
        if error.status == 404:
            return None
        raise


def as_shown(value: object) -> str:
    """Return a value as the App API shows it: as text (facts, 3.2)."""
    return value if isinstance(value, str) else values.encode(value).decode()


def _profiles(app: AppClient) -> dict[str | None, Person]:
    answer = app.customers.attributes_of([each.id for each in PEOPLE])
    return {each["customer"]["identifiers"]["id"]: each["customer"] for each in answer["customers"]}


def _people_differences(app: AppClient) -> Iterator[Difference]:
    profiles = _profiles(app)
    for declared in PEOPLE:
        profile = profiles.get(declared.id)
        if profile is None:
            yield Difference("person", declared.id, "is missing")
            continue
        attributes = {"email": declared.email, **declared.attributes}
        yield from _compared("person", declared.id, attributes, profile["attributes"])
        there = {each["id"]: each for each in profile["devices"]}
        own = {declared.token} if declared.device else set[str]()
        yield from (Difference("device", token, "is missing") for token in own - there.keys())
        yield from (Difference("device", token, "is no part of the set") for token in there.keys() - own)
        yield from _relationship_differences(app, declared)


def _relationship_differences(app: AppClient, declared: DeclaredPerson) -> Iterator[Difference]:
    there = {
        (str(row["object_type_id"]), row["identifiers"]["object_id"]): row["attributes"]
        for row in app.customers.relationships(declared.id)
    }
    for tie in RELATIONSHIPS:
        if tie.person is declared:
            name = f"{declared.id} to {tie.object.id}"
            attributes = there.pop((str(OBJECT_TYPE), tie.object.id), None)
            if attributes is None:
                yield Difference("relationship", name, "is missing")
            else:
                yield from _compared("relationship", name, tie.attributes, attributes)
    yield from (Difference("relationship", f"{declared.id} to {id}", "is no part of the set") for _, id in there)


def _object_differences(app: AppClient) -> Iterator[Difference]:
    for declared in OBJECTS:
        profile = object_profile(app, declared.id)
        if profile is None:
            yield Difference("object", declared.id, "is missing")
        else:
            yield from _compared("object", declared.id, declared.attributes, profile["attributes"])


def _compared(kind: str, id: str, declared: Mapping[str, Scalar], there: Mapping[str, Any]) -> Iterator[Difference]:
    for name, value in declared.items():
        found = there.get(name)
        if found is None:
            yield Difference(kind, id, f"has no `{name}`")
        elif as_shown(found) != as_shown(value):
            yield Difference(kind, id, f"has another `{name}`")


def _nothing(found: list[Difference]) -> bool:
    return not found


def _silent(text: str) -> None:
    pass
