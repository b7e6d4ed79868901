"""The permanent test data as a library: written, held against what is read back, put right, and deleted."""

from __future__ import annotations

from typing import Any

import pytest

from ciokit import AppClient, CustomerIOClient, RefusedError, Settings, testdata
from ciokit.core.clock import FakeClock
from ciokit.emulator.app import Emulator
from ciokit.emulator.faults import Fault
from ciokit.testdata import ANN, BOB, NORTH, PREFIX, ZOE, Difference

STANDING = ("people", "objects", "relationships", "devices")
WHOLE = {"people": 4, "objects": 2, "relationships": 3, "devices": 2}


@pytest.fixture
def made(ciokit_client: CustomerIOClient, ciokit_app_client: AppClient, ciokit_clock: FakeClock) -> testdata.Outcome:
    """Create the set in this test's world."""
    return testdata.create(ciokit_client, ciokit_app_client, clock=ciokit_clock)


def standing(emulator: Emulator) -> dict[str, int]:
    """Return how much there is of what the set is made of."""
    stats = emulator.stats()
    return {name: stats[name] for name in STANDING}


def test_what_is_declared_is_there(
    made: testdata.Outcome, ciokit_app_client: AppClient, ciokit_emulator: Emulator
) -> None:
    """People, devices, objects and relationships can be read back, and nothing else was made."""
    assert made.differences == []
    assert testdata.verify(ciokit_app_client) == []
    assert standing(ciokit_emulator) == WHOLE
    zoe = ciokit_app_client.customers.attributes(ZOE.id)["customer"]
    assert (zoe["attributes"]["city"], zoe["attributes"][testdata.MARK]) == ("北京", testdata.VERSION)
    [tie] = ciokit_app_client.customers.relationships(BOB.id)
    assert (tie["identifiers"]["object_id"], tie["attributes"]) == (NORTH.id, {"role": "member"})


def test_every_declared_thing_can_be_told_from_other_data() -> None:
    """Ids, addresses and tokens begin with the prefix, all people and objects are marked, all objects have people."""
    ids = [each.id for each in (*testdata.PEOPLE, *testdata.OBJECTS)]
    names = [*ids, *(each.email for each in testdata.PEOPLE), *(each.token for each in testdata.PEOPLE if each.device)]
    assert len(set(names)) == len(names)
    assert all(name.startswith(f"{PREFIX}-") for name in names)
    assert all(each.attributes[testdata.MARK] == testdata.VERSION for each in (*testdata.PEOPLE, *testdata.OBJECTS))
    assert {each.object.id for each in testdata.RELATIONSHIPS} == {each.id for each in testdata.OBJECTS}


def test_creating_again_writes_nothing(
    made: testdata.Outcome, ciokit_client: CustomerIOClient, ciokit_app_client: AppClient, ciokit_emulator: Emulator
) -> None:
    """A second run finds all of it and sends no message."""
    accepted = ciokit_emulator.stats()["accepted"]
    again = testdata.create(ciokit_client, ciokit_app_client)
    assert (again.report, again.differences) == (None, [])
    assert ciokit_emulator.stats()["accepted"] == accepted


def test_writing_again_changes_nothing(
    made: testdata.Outcome, ciokit_client: CustomerIOClient, ciokit_app_client: AppClient, ciokit_emulator: Emulator
) -> None:
    """The messages sent a second time leave what they made the first time."""
    before = [ciokit_app_client.customers.attributes(each.id)["customer"] for each in testdata.PEOPLE]
    assert ciokit_client.batch(testdata.messages()).ok
    after = [ciokit_app_client.customers.attributes(each.id)["customer"] for each in testdata.PEOPLE]
    for each in (*before, *after):
        for device in each["devices"]:
            del device["last_used"]
    assert after == before
    assert standing(ciokit_emulator) == WHOLE


@pytest.mark.parametrize(
    ("message", "difference"),
    [
        ({"type": "identify", "userId": ANN.id, "traits": {"plan": "x"}}, ("person", ANN.id, "has another `plan`")),
        ({"type": "identify", "userId": ZOE.id, "traits": {"city": None}}, ("person", ZOE.id, "has no `city`")),
        ({"type": "track", "userId": BOB.id, "event": "User Deleted"}, ("person", BOB.id, "is missing")),
        (
            {
                "type": "track",
                "userId": ANN.id,
                "event": "Device Deleted",
                "context": {"device": {"token": ANN.token, "type": "ios"}},
            },
            ("device", ANN.token, "is missing"),
        ),
        (
            {
                "type": "track",
                "userId": BOB.id,
                "event": "Relationship Deleted",
                "properties": {"objectId": NORTH.id, "objectTypeId": 1},
            },
            ("relationship", f"{BOB.id} to {NORTH.id}", "is missing"),
        ),
        (
            {"type": "track", "anonymousId": "x", "event": "Object Deleted", "properties": {"objectId": NORTH.id}},
            ("object", NORTH.id, "is missing"),
        ),
        (
            {
                "type": "group",
                "userId": BOB.id,
                "groupId": NORTH.id,
                "traits": {"object_type_id": "1", "tier": "lead", "relationshipAttributes": {"role": "guest"}},
            },
            ("object", NORTH.id, "has another `tier`"),
        ),
    ],
    ids=lambda each: " ".join(each[::2]) if isinstance(each, tuple) else each["type"],
)
def test_what_was_changed_is_found_and_put_right(
    message: Any,
    difference: tuple[str, str, str],
    made: testdata.Outcome,
    ciokit_client: CustomerIOClient,
    ciokit_app_client: AppClient,
    ciokit_emulator: Emulator,
) -> None:
    """What somebody changed or deleted is told by kind, id and field, without a value; creating again mends it."""
    ciokit_client.send(message)
    found = testdata.verify(ciokit_app_client)
    assert Difference(*difference) in found
    assert testdata.create(ciokit_client, ciokit_app_client).differences == []
    assert standing(ciokit_emulator) == WHOLE


def test_what_is_too_much_is_told(
    made: testdata.Outcome, ciokit_client: CustomerIOClient, ciokit_app_client: AppClient, ciokit_clock: FakeClock
) -> None:
    """Another device or relationship of somebody in the set is a difference that creating does not take away."""
    ciokit_client.send(testdata.register_device.message(ZOE.id, "another", "ios"))
    ciokit_client.send(testdata.create_object.message(ZOE.id, "elsewhere"))
    extra = [
        Difference("device", "another", "is no part of the set"),
        Difference("relationship", f"{ZOE.id} to elsewhere", "is no part of the set"),
    ]
    assert testdata.verify(ciokit_app_client) == extra
    assert testdata.create(ciokit_client, ciokit_app_client, wait=9, clock=ciokit_clock).differences == extra


def test_what_the_service_adds_is_no_difference(
    made: testdata.Outcome, ciokit_client: CustomerIOClient, ciokit_app_client: AppClient
) -> None:
    """An attribute that is not declared is passed over."""
    ciokit_client.identify(ANN.id, {"_created_in_eu": True})
    assert testdata.verify(ciokit_app_client) == []


def test_removing_leaves_nothing_and_it_can_be_made_again(
    made: testdata.Outcome, ciokit_client: CustomerIOClient, ciokit_app_client: AppClient, ciokit_emulator: Emulator
) -> None:
    """After removal nothing of it is there but what was not ours; removing twice is fine; it can be created anew."""
    ciokit_client.identify("somebody-else", {"plan": "pro"})
    for _ in range(2):
        assert testdata.remove(ciokit_client, ciokit_app_client).differences == []
        assert standing(ciokit_emulator) == {**dict.fromkeys(STANDING, 0), "people": 1}
    assert len(testdata.verify(ciokit_app_client)) == len(testdata.PEOPLE) + len(testdata.OBJECTS)
    assert testdata.create(ciokit_client, ciokit_app_client).differences == []
    assert standing(ciokit_emulator) == {**WHOLE, "people": 5}


def test_what_takes_time_is_waited_for(
    ciokit_client: CustomerIOClient, ciokit_app_client: AppClient, ciokit_clock: FakeClock, ciokit_emulator: Emulator
) -> None:
    """Where what is taken can only be read seconds later, creating and removing wait for it, and no longer."""
    ciokit_emulator.switch({"ingestion_delay": 4})
    assert testdata.create(ciokit_client, ciokit_app_client, clock=ciokit_clock).differences == []
    assert 4 <= sum(ciokit_clock.sleeps) < 10
    assert testdata.remove(ciokit_client, ciokit_app_client, clock=ciokit_clock).differences == []
    assert 8 <= sum(ciokit_clock.sleeps) < 20


def test_waiting_ends(
    ciokit_client: CustomerIOClient, ciokit_app_client: AppClient, ciokit_clock: FakeClock, ciokit_emulator: Emulator
) -> None:
    """What is not there, or not gone, when the time is over is told."""
    assert testdata.create(ciokit_client, ciokit_app_client).differences == []
    ciokit_emulator.switch({"ingestion_delay": 100})
    left = testdata.remove(ciokit_client, ciokit_app_client, wait=9, clock=ciokit_clock).differences
    assert [(each.kind, each.problem) for each in left] == [("person", "is there")] * 4 + [("object", "is there")] * 2
    assert 9 <= sum(ciokit_clock.sleeps) < 12  # the pace of the App API takes its share
    ciokit_emulator.reset()
    missing = testdata.create(ciokit_client, ciokit_app_client, wait=9, clock=ciokit_clock).differences
    assert {each.problem for each in missing} == {"is missing"}


def test_keys_of_two_workspaces_are_suspected(ciokit_client: CustomerIOClient, ciokit_clock: FakeClock) -> None:
    """Where nothing of what was taken can be read, somebody is asked whether both keys are of one workspace."""
    said: list[str] = []
    other = Emulator()
    settings = Settings(app_api_key="k")
    with AppClient(settings=settings, transport=other.transport, clock=ciokit_clock) as app:
        came = testdata.create(ciokit_client, app, wait=5, clock=ciokit_clock, tell=said.append)
    assert len(came.differences) == 6
    assert "are both keys of one workspace?" in said[-1]


def test_another_refusal_than_404_is_no_missing_object(
    ciokit_client: CustomerIOClient, ciokit_app_client: AppClient, ciokit_emulator: Emulator
) -> None:
    """An object that cannot be read for another reason stops it, before anything is written."""
    ciokit_emulator.faults.add(Fault(route="GET /v1/objects/*", status=422))
    with pytest.raises(RefusedError, match="answered 422"):
        testdata.create(ciokit_client, ciokit_app_client)
    assert ciokit_emulator.stats()["accepted"] == 0
