"""Live notifications in the emulator: started, changed and ended on the devices of a person, each by a delivery."""

from __future__ import annotations

from typing import Any

import pytest

from ciokit import AppClient
from ciokit.emulator.app import Emulator
from ciokit.emulator.seeds import Seed

from .conftest import status

HOUR = 3600
KIND = "com.example.order"
SEED: Seed = {
    "people": [{"id": "ann", "email": "ann@x.io"}, {"id": "bob"}],
    "messages": [
        {
            "type": "track",
            "userId": "ann",
            "event": "Device Created or Updated",
            "context": {"device": {"token": token, "type": kind}},
        }
        for token, kind in (("t-ios", "ios"), ("t-android", "android"))
    ],
}


@pytest.fixture
def app(ciokit_emulator: Emulator, ciokit_app_client: AppClient) -> AppClient:
    """A client of a workspace with a person with two devices and one without."""
    ciokit_emulator.seed(SEED)
    return ciokit_app_client


def start(app: AppClient, who: Any = None, **changes: Any) -> str:
    """Start a live notification on an Android device, or as the changes say."""
    given: dict[str, Any] = {
        "identifiers": who or {"id": "ann"},
        "notification_type": KIND,
        "attributes": {"order": "o1"},
        "content_state": {"eta": 10},
        "platform": "android",
        **changes,
    }
    return app.live_notifications.start(**given)["instance_id"]


def test_life_of_a_live_notification(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Each change is a delivery with what is shown; content is replaced; the end ends it."""
    live, id = app.live_notifications, start(app)
    begun = live.get(id)
    assert (begun["state"], begun.get("platform"), begun.get("ended_at")) == ("active", "android", None)
    last: Any = begun.get("last_delivery")
    assert (last["operation"], last["status"]) == ("start", "sent")
    ciokit_emulator.advance(HOUR)
    live.update(instance_id=id, content_state={"stage": "near"}, push_payload={"alert": {"title": "T", "body": "B"}})
    live.end(instance_id=id)
    over = live.get(id)
    assert over["state"] == "ended"
    assert over.get("ended_at") == begun.get("started_at", 0) + HOUR
    sent = ciokit_emulator.outbox()
    assert [each["content"]["operation"] for each in sent] == ["start", "update", "end"]
    assert [each["content"]["content_state"] for each in sent] == [{"eta": 10}, {"stage": "near"}, {"stage": "near"}]
    assert {(each["channel"], each["recipient"]) for each in sent} == {("live_notification", "t-android")}
    assert sent[1]["subject"] == "T"
    assert "delivered" in app.messages.get(sent[0]["delivery_id"])["message"].get("metrics", {})
    live.update(instance_id=id, content_state={"stage": "late"})
    after: Any = live.get(id).get("last_delivery")
    assert (after["operation"], after["status"]) == ("update", "undeliverable")


def test_it_expires(app: AppClient, ciokit_emulator: Emulator) -> None:
    """It lives until its expiration, and six hours without one."""
    now = int(ciokit_emulator.clock.now())
    short, long = start(app, expiration=now + HOUR), start(app)
    ciokit_emulator.advance(HOUR + 1)
    assert [app.live_notifications.get(each)["state"] for each in (short, long)] == ["expired", "active"]
    ciokit_emulator.advance(5 * HOUR)
    assert app.live_notifications.get(long)["state"] == "expired"


@pytest.mark.parametrize("who", [{"id": "bob"}, {"id": "nobody"}, {"email": "nobody@x.io"}])
def test_without_a_device_it_fails(app: AppClient, ciokit_emulator: Emulator, who: Any) -> None:
    """Starting is taken, as it is only queued; the instance says that it failed and why, and nothing is sent."""
    found = app.live_notifications.get(start(app, who))
    assert (found["state"], found.get("failure_reason")) == ("failed", "there is no device to send to")
    assert ciokit_emulator.outbox() == []


def test_devices_are_chosen(app: AppClient, ciokit_emulator: Emulator) -> None:
    """One device, those of a platform, or all."""
    alert: Any = {"alert": {"title": "T", "body": "B"}}
    start(app, platform=None, push_payload=alert)
    start(app, {"internal": f"cio_{next(iter(ciokit_emulator.world.people))}"}, platform="ios", push_payload=alert)
    start(app, {"email": "ANN@x.io"}, platform=None, device_id="t-android")
    assert [each["recipient"] for each in ciokit_emulator.outbox()] == ["t-ios,t-android", "t-ios", "t-android"]


def test_numbers_of_a_tracker_are_cut(app: AppClient, ciokit_emulator: Emulator) -> None:
    """At most 20 segments, and not more complete than there are."""
    start(
        app,
        notification_type="io.customer.livenotifications.segments",
        attributes={"header": "H"},
        content_state={"status": "s", "segmentsTotal": 30, "segmentsComplete": 25},
    )
    shown = ciokit_emulator.outbox()[0]["content"]["content_state"]
    assert (shown["segmentsTotal"], shown["segmentsComplete"]) == (20, 20)


@pytest.mark.parametrize(
    "changes",
    [
        {"attributes": {}},
        {"content_state": {}},
        {"notification_type": " "},
        {"platform": "ios"},
        {"platform": None},
        {"push_payload": {"alert": {"title": "T", "body": ""}}},
        {"expiration": 1},
        {"identifiers": {"phone": "+15550100"}},
        {"notification_type": "io.customer.livenotifications.countdowntimer", "content_state": {"title": "T"}},
        {
            "notification_type": "io.customer.livenotifications.countdowntimer",
            "attributes": {"header": "H"},
            "content_state": {"endTime": 1},
        },
        {
            "notification_type": "io.customer.livenotifications.segments",
            "attributes": {"header": "H"},
            "content_state": {"status": "s", "segmentsTotal": 0, "segmentsComplete": 0},
        },
    ],
)
def test_wrong_start_is_refused(app: AppClient, changes: Any) -> None:
    """What is empty, missing for its type or platform, or out of bounds is a 400."""
    assert status(lambda: start(app, **changes)) == 400


def test_unknown_instances(app: AppClient) -> None:
    """What is no ULID is a 400, an unknown one a 404."""
    live = app.live_notifications
    assert status(lambda: live.get("x")) == 400
    assert status(lambda: live.get("01JD8Z9V7K3M5N6P8Q0R2S4T6V")) == 404
    assert status(lambda: live.end(instance_id="01JD8Z9V7K3M5N6P8Q0R2S4T6V")) == 404
