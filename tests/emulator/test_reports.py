"""What others report of deliveries, and what people hand in: both change the world, and both are read back."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import ciokit
from ciokit import AppClient, CustomerIOClient, TrackClient
from ciokit.emulator.app import Emulator
from ciokit.emulator.seeds import Seed
from ciokit.errors import RefusedError

from .conftest import Workspace

DAY = 86_400
SEED: Seed = {
    "people": [{"id": "ann", "email": "ann@x.io", "attributes": {"phone": "+15550100"}}],
    "campaigns": [
        {
            "id": 3,
            "name": "C",
            "messages": [
                {"id": 30, "subject": "Hello", "body": "<a href='https://x.io/a'>a</a>"},
                {"id": 31, "type": "twilio", "body": "Hello"},
                {"id": 32, "type": "push", "body": "Hello"},
            ],
        }
    ],
}
DULL = {"opened": 0, "clicked": 0, "converted": 0}


@pytest.fixture
def app(ciokit_emulator: Emulator, ciokit_app_client: AppClient) -> AppClient:
    """A client of a workspace whose campaign sent an e-mail and an SMS, to which nothing happens by itself."""
    ciokit_emulator.let_live(DULL)
    ciokit_emulator.seed(SEED)
    ciokit_emulator.seed({"deliveries": [{"campaign_id": 3, "people": ["ann"]}]})
    ciokit_emulator.advance(2)
    return ciokit_app_client


def delivery(app: AppClient, channel: str = "email") -> str:
    """Return the id of the delivery of a channel."""
    return next(each["id"] for each in app.messages.find() if each.get("type") == channel)


def metrics(app: AppClient, channel: str = "email") -> dict[str, Any]:
    """Return when each thing happened to the delivery of a channel."""
    return dict(app.messages.get(delivery(app, channel))["message"].get("metrics", {}))


def reasons(emulator: Emulator) -> list[str]:
    """Return what the ledger says was passed over, as `field: reason`."""
    return [str(drop.problem) for drop in emulator.ledger.drops]


def test_reported_metric_changes_delivery_campaign_and_stream(
    app: AppClient, track: TrackClient, ciokit_emulator: Emulator
) -> None:
    """A reported click is in the delivery, the campaign's series and links, the stream and the activity log."""
    named, before = delivery(app), metrics(app)
    assert "clicked" not in before
    at = int(ciokit_emulator.clock.now())
    track.deliveries.report(named, "clicked", timestamp=at, href="https://x.io/elsewhere")
    assert metrics(app) == {**before, "clicked": at, "human_clicked": at}
    assert sum(app.campaigns.metrics(3, period="days", steps=2)["metric"]["series"].get("clicked", [])) == 1
    links = {each["link"]["href"]: each["metric"]["series"] for each in app.campaigns.links(3, steps=10)["links"]}
    assert {href: sum(series.get("clicked", [])) for href, series in links.items()} == {
        "https://x.io/a": 0,
        "https://x.io/elsewhere": 1,
    }
    event = ciokit_emulator.world.messaging.events[-1]
    assert (event.type, event.delivery_id, event.time, event.href) == (
        "clicked",
        named,
        at,
        "https://x.io/elsewhere",
    )
    [activity] = app.customers.activities("ann", type="clicked_email")
    assert (activity.get("delivery_id"), activity.get("delivery_type")) == (named, "email")
    assert activity["data"]["delivery_id"] == named


def test_pipelines_reports_change_deliveries(
    app: AppClient, ciokit_client: CustomerIOClient, ciokit_emulator: Emulator
) -> None:
    """`Report Delivery Event` does the same, at its own time, without making an event of anybody."""
    ciokit_emulator.advance(DAY)
    at = int(ciokit_emulator.clock.now()) - 3600
    ciokit.track_report_delivery_event(
        ciokit_client, delivery(app), "opened", timestamp=datetime.fromtimestamp(at, UTC)
    )
    assert metrics(app)["opened"] == at
    assert ciokit_emulator.stats()["events"] == 0
    assert ciokit_emulator.ledger.dropped == 0


def test_earliest_report_is_when_it_first_happened(
    app: AppClient, track: TrackClient, ciokit_emulator: Emulator
) -> None:
    """Of several reports the earliest time counts, no earlier than the sending and no later than now."""
    ciokit_emulator.advance(DAY)
    named, now, sent = delivery(app), int(ciokit_emulator.clock.now()), metrics(app)["sent"]
    track.deliveries.report(named, "opened", timestamp=now + DAY)
    assert metrics(app)["opened"] == now
    track.deliveries.report(named, "opened", timestamp=now - 60)
    assert metrics(app)["opened"] == now - 60
    track.deliveries.report(named, "converted", timestamp=sent - DAY)
    assert metrics(app)["converted"] == sent
    assert [event.type for event in ciokit_emulator.world.messaging.events if event.channel == "email"] == [
        "sent",
        "delivered",
        "opened",
        "opened",
        "converted",
    ]


def test_reported_bounce_suppresses_the_address_and_ends_the_life(
    app: AppClient, track: TrackClient, ciokit_emulator: Emulator
) -> None:
    """After a reported bounce the address is on the provider's list, and nothing drawn before happens any more."""
    ciokit_emulator.let_live({"opened": 1, "clicked": 1, "delivery_seconds": 100})
    ciokit_emulator.seed({"deliveries": [{"campaign_id": 3, "people": ["ann"]}]})
    named = delivery(app)
    track.deliveries.report(named, "bounced", reason="mailbox full")
    ciokit_emulator.advance(DAY)
    message = app.messages.get(named)["message"]
    assert {"bounced", "sent"} <= message.get("metrics", {}).keys()
    assert not {"delivered", "opened", "clicked"} & message.get("metrics", {}).keys()
    assert message.get("failure_message") == "mailbox full"
    assert [each["email"] for each in app.esp_suppression.find("bounces")] == ["ann@x.io"]


def test_reason_of_what_did_not_fail_is_no_failure(app: AppClient, track: TrackClient) -> None:
    """A reason says why it failed (Track spec); given with what did not, it changes nothing."""
    track.deliveries.report(delivery(app), "opened", reason="mailbox full")
    message = app.messages.get(delivery(app))["message"]
    assert "opened" in message.get("metrics", {})
    assert not message.get("failure_message")


def test_deferred_is_reported_but_no_metric_of_answers(
    app: AppClient, track: TrackClient, ciokit_emulator: Emulator
) -> None:
    """A deferral is in the stream and the log; the metrics of a delivery have no field for it."""
    track.deliveries.report(delivery(app), "deferred")
    assert ciokit_emulator.world.messaging.events[-1].type == "deferred"
    assert "deferred" not in metrics(app)
    assert len(list(app.customers.activities("ann", type="deferred_email"))) == 1


@pytest.mark.parametrize(
    ("channel", "metric", "reason"),
    [
        ("", "opened", "delivery_id: names no delivery of this workspace"),
        ("push", "opened", "delivery_id: names a delivery that was not sent"),
        ("twilio", "converted", "metric: is none that can be reported of twilio"),
    ],
)
def test_report_that_changes_nothing_is_in_the_ledger(
    app: AppClient, track: TrackClient, ciokit_emulator: Emulator, channel: str, metric: Any, reason: str
) -> None:
    """Unknown deliveries, unsent ones and metrics of other channels are answered 200, and the ledger says why."""
    before = list(ciokit_emulator.world.messaging.events)
    track.deliveries.report(delivery(app, channel) if channel else "dl-unknown", metric)
    assert list(ciokit_emulator.world.messaging.events) == before
    assert reasons(ciokit_emulator) == [reason]


def test_push_reports_and_their_gaps(app: AppClient, track: TrackClient, ciokit_emulator: Emulator) -> None:
    """The older push report changes the delivery; without delivery or event it is passed over."""
    ciokit_emulator.seed({"messages": [{"type": "track", "userId": "ann", "event": "Device Created or Updated",
                                        "context": {"device": {"token": "t1", "type": "ios"}}}]})  # fmt: skip
    ciokit_emulator.seed({"deliveries": [{"campaign_id": 3, "people": ["ann"]}]})
    ciokit_emulator.advance(2)
    track.deliveries.report_push(delivery_id=delivery(app, "push"), event="opened", device_id="t1")
    assert "opened" in metrics(app, "push")
    track.deliveries.report_push(event="opened")
    assert reasons(ciokit_emulator) == ["delivery_id: and `event` are needed to change a delivery"]


def test_unsubscribing_from_a_delivery(app: AppClient, track: TrackClient, ciokit_emulator: Emulator) -> None:
    """Whoever got it is unsubscribed because of it, and gets no more; `unsubscribe` false leaves all as it is."""
    named = delivery(app)
    track.deliveries.unsubscribe(named, unsubscribe=False)
    assert app.customers.attributes("ann")["customer"]["unsubscribed"] is False
    track.deliveries.unsubscribe(named)
    assert app.customers.attributes("ann")["customer"]["unsubscribed"] is True
    assert "unsubscribed" in metrics(app)
    ciokit_emulator.seed({"deliveries": [{"campaign_id": 3, "people": ["ann"]}]})
    assert "sent" not in metrics(app)


def test_unsubscribing_by_a_wrong_id(app: AppClient, track: TrackClient, ciokit_emulator: Emulator) -> None:
    """An id of the wrong form is a 400, an unknown one is passed over."""
    del app
    with pytest.raises(RefusedError, match="answered 400"):
        track.deliveries.unsubscribe("no id!")
    track.deliveries.unsubscribe("dlunknown")
    assert reasons(ciokit_emulator) == ["delivery_id: names no delivery to a person of this workspace"]


def test_reports_need_no_key() -> None:
    """Reports and unsubscribing are open, as documented; a form is not."""
    workspace = Workspace(key="secret")
    for path in ("/api/v1/metrics", "/unsubscribe/dl1"):
        body = b'{"delivery_id": "dl1", "metric": "opened"}'
        assert workspace.ask("POST", path, body, content_type="application/json").response.status == 200
    assert workspace.ask("POST", "/api/v1/forms/f/submit", b'{"data": {"id": "a"}}').response.status == 401


def test_wrong_time_of_a_report_is_passed_over(workspace: Workspace) -> None:
    """A time that is no Unix time is answered 200 and noted."""
    body = b'{"delivery_id": "dl1", "metric": "opened", "timestamp": "yesterday"}'
    assert workspace.ask("POST", "/api/v1/metrics", body).response.status == 200
    assert workspace.dropped()[0]["field"] == "timestamp"


# Forms


def test_form_makes_a_person_and_an_event(track: TrackClient, ciokit_app_client: AppClient) -> None:
    """Fields become attributes, the submission an event; reserved fields are ignored; a second one updates."""
    track.forms.submit("newsletter", {"email": "bob@x.io", "plan": "free", "form_url": "https://x.io"})
    track.forms.submit("newsletter", {"email": "BOB@x.io", "plan": "pro"})
    person = ciokit_app_client.customers.attributes("bob@x.io", id_type="email")["customer"]["attributes"]
    assert person["plan"] == "pro"
    assert "form_url" not in person
    events = list(ciokit_app_client.customers.activities("bob@x.io", id_type="email", type="event"))
    assert [(each.get("name"), each["data"]["plan"]) for each in events] == [
        ("newsletter", "pro"),
        ("newsletter", "free"),
    ]


@pytest.mark.parametrize(
    "data",
    [
        {"email_address": "bob@x.io"},
        {"id": "bob", "email": "bob@x.io"},
        {"id": "bob", "age": 7},
        {"email": " "},
    ],
)
def test_form_that_names_nobody_is_refused_but_made(track: TrackClient, ciokit_emulator: Emulator, data: Any) -> None:
    """Without exactly one identifier, or with values that are no text, it is a 400; the form is there all the same."""
    with pytest.raises(RefusedError, match="answered 400"):
        track.forms.submit("newsletter", data)
    assert ciokit_emulator.stats()["forms"] == {"newsletter": 0}
    assert ciokit_emulator.stats()["people"] == 0


def test_form_is_answered_204(workspace: Workspace) -> None:
    """There is no content, and a numeric id as in the vendor's example is taken."""
    response = workspace.ask(
        "POST", "/api/v1/forms/f/submit", b'{"data": {"id": 12345}}', authorization="Basic azp2"
    ).response
    assert (response.status, response.body) == (204, b"")
    assert "12345" in workspace.world.ids


def test_reports_and_forms_outlast_a_restart(tmp_path: Path) -> None:
    """What was reported and handed in is there after the state is read again; a reset forgets it."""
    first = Workspace(state=tmp_path)
    first.emulator.let_live(DULL)
    first.emulator.seed(SEED)
    first.emulator.seed({"deliveries": [{"campaign_id": 3, "people": ["ann"]}]})
    first.emulator.advance(2)
    named = first.world.messaging.deliveries[0].id
    body = b'{"delivery_id": "%b", "metric": "opened"}' % named.encode()
    assert first.ask("POST", "/api/v1/metrics", body).response.status == 200
    first.ask("POST", "/api/v1/metrics", b'{"delivery_id": "unknown", "metric": "opened"}')
    first.ask("POST", "/api/v1/forms/f/submit", b'{"data": {"email": "b@x.io"}}', authorization="Basic azp2")
    before, stats = list(first.world.messaging.events), first.emulator.stats()
    first.emulator.close()
    again = Workspace(state=tmp_path)
    assert list(again.world.messaging.events) == before
    assert again.world.messaging.by_id[named].metrics["opened"]
    assert again.emulator.stats()["forms"] == stats["forms"] == {"f": 1}
    assert again.emulator.ledger.dropped == 1
    again.emulator.reset()
    assert (again.emulator.stats()["forms"], list(again.world.messaging.events)) == ({}, [])
    again.emulator.close()
