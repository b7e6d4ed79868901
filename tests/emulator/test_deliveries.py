"""The life of deliveries: drawn by seedable chances, on the emulator's clock, and read back over the App API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import ciokit
from ciokit import AppClient
from ciokit.emulator.app import Emulator
from ciokit.emulator.seeds import Seed
from ciokit.errors import RefusedError, ValidationError

from .conftest import Workspace

BODY = "<a href='https://x.io/a'>a</a> <a href='https://x.io/b'>b</a> {% unsubscribe_url %}"
PEOPLE = [f"u{number}" for number in range(40)]
SEED: Seed = {
    "people": [{"id": each, "email": f"{each}@x.io"} for each in PEOPLE],
    "transactional": [{"id": 1, "name": "T", "subject": "S", "body": BODY, "from": "a@x.io"}],
    "campaigns": [
        {
            "id": 3,
            "name": "C",
            "messages": [{"id": 30, "subject": "one", "body": BODY}, {"id": 31, "subject": "two", "body": BODY}],
        }
    ],
}
ALL: dict[str, Any] = {"opened": 1, "clicked": 1, "converted": 1, "unsubscribed": 1}
DAY = 86_400


@pytest.fixture
def app(ciokit_emulator: Emulator, ciokit_app_client: AppClient) -> AppClient:
    """Return a client of a workspace with forty people, a template and a campaign."""
    ciokit_emulator.seed(SEED)
    return ciokit_app_client


def _send(app: AppClient, who: str = "u1") -> str:
    identifiers: Any = {"id": who}
    return ciokit.send_email(app, to=f"{who}@x.io", identifiers=identifiers, transactional_message_id=1)["delivery_id"]


def _types(emulator: Emulator) -> list[str]:
    return [event.type for event in emulator.world.messaging.events]


def test_life_happens_as_time_passes(app: AppClient, ciokit_emulator: Emulator) -> None:
    """A delivery is sent at once, delivered after its time, and the rest follows in order."""
    ciokit_emulator.let_live({**ALL, "unsubscribed": 0, "delivery_seconds": 60})
    delivery = _send(app)
    assert _types(ciokit_emulator) == ["sent"]
    ciokit_emulator.advance(61)
    assert _types(ciokit_emulator) == ["sent", "delivered"]
    ciokit_emulator.advance(DAY)
    assert _types(ciokit_emulator) == ["sent", "delivered", "opened", "clicked", "converted"]
    metrics: dict[str, Any] = dict(app.messages.get(delivery)["message"].get("metrics", {}))
    times = [metrics[name] for name in ("sent", "delivered", "opened", "clicked", "converted")]
    assert times == sorted(times)
    assert metrics["human_opened"] == metrics["opened"]


def test_events_say_what_a_webhook_needs(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Each is numbered and names delivery, person, channel, time and source; a click names its link."""
    ciokit_emulator.let_live(ALL)
    delivery = _send(app)
    ciokit_emulator.advance(DAY)
    events = [event.as_dict() for event in ciokit_emulator.world.messaging.events]
    assert [event["number"] for event in events] == list(range(len(events)))
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)
    for event in events:
        assert event["delivery_id"] == delivery
        assert (event["customer_id"], event["channel"]) == ("u1", "email")
        assert (event["transactional_message_id"], event["campaign_id"]) == (1, None)
    [click] = [event for event in events if event["type"] == "clicked"]
    assert click["href"] in {"https://x.io/a", "https://x.io/b"}


def test_same_seed_is_the_same_life(ciokit_emulator: Emulator) -> None:
    """Two workspaces with one seed live alike; another seed lives otherwise."""
    lives: list[list[tuple[int, str]]] = []
    for seed in (1, 1, 2):
        ciokit_emulator.reset()
        ciokit_emulator.seed(SEED)
        ciokit_emulator.let_live({"seed": seed, "bounced": 0.2})
        ciokit_emulator.seed({"deliveries": [{"campaign_id": 3, "people": PEOPLE}]})
        ciokit_emulator.advance(DAY)
        deliveries = ciokit_emulator.world.messaging.deliveries
        lives.append([(each.number, name) for each in deliveries for name in each.metrics])
    assert lives[0] == lives[1]
    assert lives[0] != lives[2]
    happened = {name for _, name in lives[0]}
    assert {"delivered", "bounced", "opened", "clicked"} <= happened


def test_unsubscribing_changes_the_person(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Who unsubscribes is unsubscribed from then on."""
    ciokit_emulator.let_live(ALL)
    _send(app)
    assert app.customers.attributes("u1")["customer"]["unsubscribed"] is False
    ciokit_emulator.advance(DAY)
    assert app.customers.attributes("u1")["customer"]["unsubscribed"] is True


def test_bounced_address_is_suppressed(app: AppClient, ciokit_emulator: Emulator) -> None:
    """An address that bounced is on the provider's list, and the next message to it is dropped."""
    ciokit_emulator.let_live({"bounced": 1})
    _send(app)
    ciokit_emulator.advance(5)
    assert [each["email"] for each in app.esp_suppression.find("bounces")] == ["u1@x.io"]
    second = app.messages.get(_send(app))["message"]
    assert "dropped" in second.get("metrics", {})


def test_what_is_not_tracked_is_neither_opened_nor_clicked(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Without tracking only the delivery is known."""
    ciokit_emulator.let_live({**ALL, "unsubscribed": 0})
    identifiers: Any = {"id": "u1"}
    ciokit.send_email(app, to="u1@x.io", identifiers=identifiers, transactional_message_id=1, tracked=False)
    ciokit_emulator.advance(DAY)
    assert _types(ciokit_emulator) == ["sent", "delivered"]


def test_lists_page_and_filter(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Newest first, page by page without a gap; by metric, person, campaign and step."""
    ciokit_emulator.let_live({"opened": 0.5})
    ciokit_emulator.seed({"deliveries": [{"campaign_id": 3, "people": PEOPLE}]})
    _send(app, "u7")
    ciokit_emulator.advance(DAY)
    whole = [each["id"] for each in app.messages.find(limit=7)]
    assert len(whole) == len(set(whole)) == 2 * len(PEOPLE) + 1
    opened = list(app.messages.find(metric="opened"))
    assert 0 < len(opened) < len(whole)
    assert all("opened" in each.get("metrics", {}) for each in opened)
    assert len(list(app.customers.messages("u7"))) == 3
    assert len(list(app.campaigns.messages(3))) == 2 * len(PEOPLE)
    step = list(app.messages.find(campaign_id=3, action_id=31))
    assert {each.get("subject") for each in step} == {"two"}
    with pytest.raises(RefusedError, match="campaign_id"):
        list(app.messages.find(action_id=31))


def test_campaign_metrics_count_its_deliveries(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Series and clicks add up to what happened, in both versions; links are those of the bodies."""
    ciokit_emulator.let_live({**ALL, "unsubscribed": 0, "opened": 0.5})
    begin = int(ciokit_emulator.clock.now())
    seed: Seed = {"deliveries": [{"campaign_id": 3, "people": PEOPLE, "at": begin - 3 * DAY}]}
    ciokit_emulator.seed(seed)
    ciokit_emulator.advance(1)
    happened = _types(ciokit_emulator)
    series: dict[str, Any] = dict(app.campaigns.metrics(3, period="days", steps=10)["metric"]["series"])
    assert len(series["sent"]) == 10
    for name in ("sent", "delivered", "opened", "clicked", "converted"):
        assert sum(series[name]) == happened.count(name), name
    assert series["sent"][-1] == 0
    ranged = app.campaigns.metrics(3, version="2", res="days", start=begin - 7 * DAY, end=begin)
    assert sum(ranged["metric"]["series"].get("sent", [])) == 2 * len(PEOPLE)
    step = app.campaigns.action_metrics(3, 30, steps=10)["metric"]["series"]
    assert sum(step.get("sent", [])) == len(PEOPLE)
    links = app.campaigns.links(3, steps=10)["links"]
    assert {each["link"]["href"] for each in links} == {"https://x.io/a", "https://x.io/b"}
    clicks = sum(sum(each["metric"]["series"].get("clicked", [])) for each in links)
    assert clicks == happened.count("clicked") > 0
    journeys = app.campaigns.journey_metrics(3, start=begin - 7 * DAY, end=begin, resolution="days")["journey_metric"]
    assert sum(journeys["started"]) == sum(journeys["messaged"]) == len(PEOPLE)


def test_archive_forgets_what_was_not_to_be_kept(app: AppClient) -> None:
    """A copy is there unless retention was switched off; an unknown delivery is a 404."""
    kept = _send(app)
    assert "https://x.io/a" in str(app.messages.archived(kept)["archived_message"].get("body"))
    identifiers: Any = {"id": "u1"}
    gone = ciokit.send_email(
        app, to="a@x.io", identifiers=identifiers, transactional_message_id=1, disable_message_retention=True
    )
    for delivery in (gone["delivery_id"], "nothing"):
        with pytest.raises(RefusedError, match="answered 404"):
            app.messages.archived(delivery)


def test_life_and_outbox_are_controls(workspace: Workspace) -> None:
    """Chances are read and set under `/_emulator/life`; a wrong one is named; the outbox is listed."""
    assert workspace.control("POST", "life", {"opened": 0.1, "seed": 7})[1]["opened"] == 0.1
    assert workspace.control("GET", "life")[1]["seed"] == 7
    for wrong in ({"opened": 2}, {"eaten": 1}, {"seed": 0.5}):
        status, answer = workspace.control("POST", "life", wrong)
        assert (status, answer["errors"][0]["field"]) == (400, next(iter(wrong)))
    workspace.emulator.seed(SEED)
    workspace.emulator.seed({"deliveries": [{"campaign_id": 3, "people": ["u1"]}]})
    status, answer = workspace.control("GET", "outbox?limit=1")
    assert (status, answer["total"], answer["sent"][0]["subject"]) == (200, 2, "two")


def test_sends_and_lives_outlast_a_restart(tmp_path: Path) -> None:
    """Deliveries, their ids and their lives are the same after the state is read again."""
    first = Workspace(state=tmp_path)
    first.emulator.let_live({**ALL, "seed": 5})
    first.emulator.seed(SEED)
    body = b'{"to": "u1@x.io", "identifiers": {"id": "u1"}, "transactional_message_id": 1}'
    reply = first.ask("POST", "/v1/send/email", body, authorization="Bearer k", content_type="application/json")
    assert reply.response.status == 200
    first.emulator.advance(DAY)
    before = list(first.world.messaging.events)
    first.emulator.close()
    again = Workspace(state=tmp_path)
    again.emulator.advance(0)
    again.emulator.close()
    assert list(again.world.messaging.events) == before
    assert [event.type for event in before][:3] == ["sent", "delivered", "opened"]


@pytest.mark.parametrize(
    ("delivery", "field"),
    [
        ({"people": ["u1"]}, r"deliveries\[0\]"),
        ({"people": ["u1"], "campaign_id": 9}, r"deliveries\[0\]\.campaign_id"),
        ({"people": ["nobody"], "campaign_id": 3}, r"deliveries\[0\]\.people\[0\]"),
    ],
)
def test_seeded_delivery_must_name_what_is_there(ciokit_emulator: Emulator, delivery: Any, field: str) -> None:
    """A seed with a delivery of nothing, or to nobody, is refused as a whole."""
    with pytest.raises(ValidationError, match=field):
        ciokit_emulator.seed({**SEED, "deliveries": [delivery]})
    assert not ciokit_emulator.world.people


def test_deliveries_are_exported(app: AppClient, ciokit_emulator: Emulator) -> None:
    """The file of a campaign, or of one step of it, has a row for each delivery."""
    ciokit_emulator.seed({"deliveries": [{"campaign_id": 3, "people": ["u1", "u2"]}]})
    totals: list[int] = []
    for sources in ({"campaign_id": 3}, {"action_id": 30}, {"campaign_id": 4}, {"transactional_message_id": 1}):
        made = app.exports.create_deliveries(**sources)["export"]["id"]
        ciokit_emulator.advance(5)
        totals.append(app.exports.get(made)["export"]["total"])
    assert totals == [4, 2, 0, 0]


def test_what_happened_is_in_the_activity_log(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Each step of a delivery is an activity of the person, under the vendor's name for it."""
    ciokit_emulator.let_live({**ALL, "unsubscribed": 0})
    delivery = _send(app)
    ciokit_emulator.advance(DAY)
    found = [each for each in app.customers.activities("u1") if each.get("delivery_id") == delivery]
    expected = ["converted_email", "clicked_email", "opened_email", "delivered_email", "sent_email"]
    assert [each["type"] for each in found] == expected
    assert [each["data"]["opened"] for each in found] == [True, True, True, False, False]


def test_outbox_is_a_copy(app: AppClient, ciokit_emulator: Emulator) -> None:
    """Changing what the outbox gave changes nothing in the workspace."""
    delivery = _send(app)
    letter = ciokit_emulator.outbox()[0]
    letter["metrics"].clear()
    letter["content"].clear()
    assert "sent" in app.messages.get(delivery)["message"].get("metrics", {})
    assert ciokit_emulator.outbox()[0]["content"]


def test_push_to_a_bounced_device_is_dropped(app: AppClient, ciokit_emulator: Emulator) -> None:
    """After a bounce the next push is dropped, until the device is seen again."""
    device: Any = {"type": "track", "userId": "u1", "event": "Device Created or Updated",
                   "context": {"device": {"token": "t1", "type": "ios"}}}  # fmt: skip
    push: Seed = {"campaigns": [{"id": 4, "name": "P", "messages": [{"id": 40, "type": "push", "body": "x"}]}]}
    ciokit_emulator.seed({**push, "messages": [device]})

    def send() -> dict[str, Any]:
        ciokit_emulator.seed({"deliveries": [{"campaign_id": 4, "people": ["u1"]}]})
        ciokit_emulator.advance(5)
        return dict(next(iter(app.campaigns.messages(4))).get("metrics", {}))

    ciokit_emulator.let_live({"bounced": 1})
    assert "bounced" in send()
    ciokit_emulator.let_live({"bounced": 0})
    dropped = send()
    assert ("dropped" in dropped, "sent" in dropped) == (True, False)
    ciokit_emulator.seed({"messages": [device]})
    assert "delivered" in send()


@pytest.mark.parametrize(
    ("preferences", "is_sent"),
    [
        ({"channels": {"email": False}}, False),
        ({"channels": {"sms": False}}, True),
        ({"channels": {"email": ""}}, True),
        ({}, True),
    ],
)
def test_who_left_a_channel_gets_nothing_there(
    app: AppClient, ciokit_emulator: Emulator, preferences: Any, is_sent: bool
) -> None:
    """A channel somebody left is not used; what is empty counts as not said."""
    left: Any = {"type": "identify", "userId": "u1", "traits": {"cio_subscription_preferences": preferences}}
    ciokit_emulator.seed({"messages": [left]})
    ciokit_emulator.seed({"deliveries": [{"campaign_id": 3, "people": ["u1"]}]})
    assert {"sent" in each.get("metrics", {}) for each in app.campaigns.messages(3)} == {is_sent}


def test_channel_that_drops_nothing_is_undeliverable(app: AppClient, ciokit_emulator: Emulator) -> None:
    """In the app nothing is called dropped: who is gone makes a message undeliverable."""
    in_app: Seed = {"transactional": [{"id": 2, "name": "I", "type": "in_app", "body": "x"}]}
    ciokit_emulator.seed(in_app)
    now = int(ciokit_emulator.clock.now())
    delivery = app.send.in_app(transactional_message_id=2, identifiers={"id": "u1"}, send_at=now + 60)["delivery_id"]
    ciokit_emulator.seed([{"type": "track", "userId": "u1", "event": "User Suppressed"}])
    ciokit_emulator.advance(120)
    metrics = app.messages.get(delivery)["message"].get("metrics", {})
    assert ("undeliverable" in metrics, "dropped" in metrics) == (True, False)
