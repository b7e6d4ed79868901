"""People, events, deliveries and forms of the Track API at the wire."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import ciokit
from ciokit import (
    AsyncTrackClient,
    ConfigurationError,
    CustomerIOClient,
    Identity,
    NetworkError,
    ServerError,
    TrackClient,
    ValidationError,
    merge_profiles,
)
from tests.support.wire import Answer, ScriptedServer

MILLISECONDS = 1_700_000_000_000
ULID = re.compile("[0-7][0-9A-HJKMNP-TV-Z]{25}")


@pytest.mark.parametrize(
    ("who", "path"),
    [
        ("u1", "u1"),
        ("a+b/c@x.com", "a%2Bb%2Fc%40x.com"),
        ("50% Zoë", "50%25%20Zo%C3%AB"),
        ("cio_03000001", "cio_03000001"),
        (Identity(id="u 1"), "u%201"),
        (Identity(email="ann@x.io"), "ann%40x.io"),
        (Identity(cio_id="03000001"), "cio_03000001"),
        (Identity(cio_id="cio_03000001"), "cio_03000001"),
    ],
)
def test_person_stands_in_the_path(who: Any, path: str, track: TrackClient, server: ScriptedServer) -> None:
    """Every operation about a person addresses them alike, encoded, and a cio_id has its prefix."""
    track.v1.identify(who, {"plan": "pro"})
    track.v1.delete(who)
    track.v1.add_device(who, {"id": "t/1", "platform": "ios"})
    track.v1.delete_device(who, "t/1")
    track.v1.suppress(who)
    track.v1.unsuppress(who)
    track.v1.track(who, "Purchased")
    base = f"/api/v1/customers/{path}"
    assert [(seen.method, seen.path) for seen in server.seen] == [
        ("PUT", base),
        ("DELETE", base),
        ("PUT", f"{base}/devices"),
        ("DELETE", f"{base}/devices/t%2F1"),
        ("POST", f"{base}/suppress"),
        ("POST", f"{base}/unsuppress"),
        ("POST", f"{base}/events"),
    ]
    assert server.seen[0].json == {"plan": "pro"}
    assert server.seen[2].json == {"device": {"id": "t/1", "platform": "ios"}}


@pytest.mark.parametrize("who", [Identity(phone="+41791234567"), Identity(id="cio_03")], ids=["phone", "like a cio_id"])
def test_person_the_path_would_confuse_is_refused(who: Identity, track: TrackClient, server: ScriptedServer) -> None:
    """The service would take them for somebody else; the error names the other way and not the value."""
    with pytest.raises(ValidationError, match=r"track\.v2") as refusal:
        track.v1.suppress(who)
    assert refusal.value.field == who.kind
    assert server.seen == []
    assert "79123" not in str(refusal.value)


CALLS: dict[str, Callable[[TrackClient, Any], Any]] = {
    "timestamp": lambda track, at: track.v1.track("u1", "A", timestamp=at),
    "attributes._timestamp": lambda track, at: track.v1.identify("u1", {"_timestamp": at}),
    "attributes.created_at": lambda track, at: track.v1.identify("u1", {"created_at": at}),
    "device.last_used": lambda track, at: track.v1.add_device("u1", {"id": "t", "platform": "ios", "last_used": at}),
}


@pytest.mark.parametrize("field", CALLS)
@pytest.mark.parametrize("at", [MILLISECONDS, -1, 1.5e9, "1700000000", True, datetime(2026, 1, 31)], ids=str)
def test_time_that_is_no_unix_second_is_refused(
    field: str, at: Any, track: TrackClient, server: ScriptedServer
) -> None:
    """Milliseconds would be read as a date far away: they, fractions, texts and naive datetimes are refused by name."""
    with pytest.raises(ValidationError) as refusal:
        CALLS[field](track, at)
    assert refusal.value.field == field
    assert server.seen == []


@pytest.mark.parametrize("field", CALLS)
@pytest.mark.parametrize(
    "at",
    [
        1_769_851_800,
        datetime(2026, 1, 31, 9, 30, tzinfo=UTC),
        datetime(2026, 1, 31, 10, 30, tzinfo=timezone(timedelta(hours=1))),
    ],
    ids=["seconds", "UTC", "elsewhere"],
)
def test_times_are_sent_in_unix_seconds(field: str, at: Any, track: TrackClient, server: ScriptedServer) -> None:
    """Whole seconds go as they are, aware datetimes become them."""
    CALLS[field](track, at)
    found: Any = server.seen[0].json
    for step in field.removeprefix("attributes.").split("."):
        found = found[step]
    assert found == 1_769_851_800


def test_every_other_channel_refuses_milliseconds_too(track: TrackClient, server: ScriptedServer) -> None:
    """Anonymous events and metrics are no exception."""
    for call in (
        lambda: track.v1.track_anonymous("A", timestamp=MILLISECONDS),
        lambda: track.deliveries.report("d1", "opened", timestamp=MILLISECONDS),
        lambda: track.deliveries.report_push(delivery_id="d1", timestamp=MILLISECONDS),
    ):
        with pytest.raises(ValidationError, match="divide milliseconds by 1000"):
            call()
    assert server.seen == []


def test_person_without_attributes_is_an_empty_object(track: TrackClient, server: ScriptedServer) -> None:
    """The body is JSON even when there is nothing to say; null and empty text reach the service, to remove."""
    track.v1.identify("u1")
    track.v1.identify("u1", {"created_at": None, "plan": ""})
    assert [seen.body for seen in server.seen] == [b"{}", b'{"created_at":null,"plan":""}']


def test_event_repeats_its_id_when_it_is_sent_again(track: TrackClient, server: ScriptedServer) -> None:
    """An event gets a ULID before the first try, so that a lost answer does not make two of it."""
    server.script = [Answer(503), Answer(break_it=True)]
    track.v1.track("u1", "Purchased", data={"price": 9.5}, type="event", timestamp=1_700_000_000)
    track.v1.track("u1", "Purchased")
    first, second, third, other = (seen.json for seen in server.seen)
    assert first == second == third
    assert ULID.fullmatch(first.pop("id"))
    assert first == {"name": "Purchased", "data": {"price": 9.5}, "type": "event", "timestamp": 1_700_000_000}
    assert other["id"] != second["id"]


def test_anonymous_event_has_an_id_of_its_own_or_a_given_one(track: TrackClient, server: ScriptedServer) -> None:
    """The anonymous id says who, the event's id which; what is no ULID is refused."""
    track.v1.track_anonymous("Viewed", anonymous_id="cookie-1", id="01JD8Z9V7K3M5N6P8Q0R2S4T6V")
    track.v1.track_anonymous("Invited")
    with pytest.raises(ValidationError, match=r"`id`: .*is no ULID"):
        track.v1.track_anonymous("Viewed", id="7")
    with pytest.raises(ValidationError, match=r"`name`: .*is empty"):
        track.v1.track_anonymous(" ")
    first, second = server.seen
    assert (first.path, first.json) == (
        "/api/v1/events",
        {"name": "Viewed", "anonymous_id": "cookie-1", "id": "01JD8Z9V7K3M5N6P8Q0R2S4T6V"},
    )
    assert ULID.fullmatch(second.json["id"])


# --- merging ---------------------------------------------------------------------------------------------------------


def test_people_are_merged_by_any_identifier_but_phone(track: TrackClient, server: ScriptedServer) -> None:
    """Each side is one identifier on the wire, a cio_id without its prefix."""
    track.v1.merge({"id": "u1"}, {"email": "old@x.io"})
    track.v1.merge(Identity(cio_id="cio_03"), Identity(id="u2"))
    merge_profiles(track, "u1", "u2")
    merge_profiles(track, "u1", Identity(email="old@x.io"))
    assert {seen.path for seen in server.seen} == {"/api/v1/merge_customers"}
    assert [seen.json for seen in server.seen] == [
        {"primary": {"id": "u1"}, "secondary": {"email": "old@x.io"}},
        {"primary": {"cio_id": "03"}, "secondary": {"id": "u2"}},
        {"primary": {"id": "u1"}, "secondary": {"id": "u2"}},
        {"primary": {"id": "u1"}, "secondary": {"email": "old@x.io"}},
    ]


def test_merging_can_be_awaited(async_track: AsyncTrackClient, server: ScriptedServer) -> None:
    """With the awaitable client the function is awaited."""

    async def run() -> None:
        async with async_track as client:
            await merge_profiles(client, "u1", "u2")

    asyncio.run(run())
    assert server.seen[0].json == {"primary": {"id": "u1"}, "secondary": {"id": "u2"}}


@pytest.mark.parametrize(
    ("primary", "secondary", "field"),
    [
        ("u1", "u1", "secondary"),
        (Identity(cio_id="cio_03"), Identity(cio_id="03"), "secondary"),
        (Identity(phone="+41791234567"), "u1", "primary"),
        ("u1", Identity(phone="+41791234567"), "secondary"),
        ("", "u1", "id"),
    ],
)
def test_merge_that_cannot_be_is_refused(
    primary: Any, secondary: Any, field: str, track: TrackClient, server: ScriptedServer
) -> None:
    """Nobody is merged into themselves or by phone number; what cannot be undone is not tried."""
    with pytest.raises(ValidationError) as refusal:
        merge_profiles(track, primary, secondary)
    assert refusal.value.field == field
    assert server.seen == []


@pytest.mark.parametrize("side", [{}, {"id": "a", "email": "a@x.io"}, {"user_id": "a"}, {"id": 7}, 7, None], ids=str)
def test_merge_of_who_is_not_named_is_refused(side: Any, track: TrackClient, server: ScriptedServer) -> None:
    """Exactly one known identifier names somebody."""
    with pytest.raises(ValidationError) as refusal:
        track.v1.merge({"id": "u1"}, side)
    assert str(refusal.value.field).startswith("secondary")
    assert server.seen == []


def test_client_of_the_other_api_cannot_merge(server: ScriptedServer) -> None:
    """A Data Pipelines client is refused with what to use instead, and nothing is sent."""
    with (
        CustomerIOClient("k", base_url=server.base_url) as client,
        pytest.raises(ConfigurationError, match="TrackClient"),
    ):
        ciokit.merge_profiles(client, "u1", "u2")
    assert server.seen == []


# --- deliveries and forms --------------------------------------------------------------------------------------------


def test_deliveries_are_reported(track: TrackClient, server: ScriptedServer) -> None:
    """A metric carries what was given; unsubscribing says so unless told otherwise."""
    track.deliveries.report("d1", "clicked", href="https://x.io", timestamp=1_700_000_000)
    track.deliveries.report_push(delivery_id="d1", event="opened", device_id="t1")
    track.deliveries.unsubscribe("d/1")
    track.deliveries.unsubscribe("d1", unsubscribe=False)
    assert [(seen.path, seen.json) for seen in server.seen] == [
        (
            "/api/v1/metrics",
            {"delivery_id": "d1", "metric": "clicked", "href": "https://x.io", "timestamp": 1_700_000_000},
        ),
        ("/api/v1/push/events", {"delivery_id": "d1", "event": "opened", "device_id": "t1"}),
        ("/unsubscribe/d%2F1", {"unsubscribe": True}),
        ("/unsubscribe/d1", {"unsubscribe": False}),
    ]


def test_form_is_handed_in(track: TrackClient, server: ScriptedServer) -> None:
    """Fields and answers go under `data`; an answer of 204 is nothing."""
    server.script = [Answer(204, b"")]
    assert track.forms.submit("contact us", {"email": "ann@x.io", "topic": "prices"}) is None  # type: ignore[func-returns-value]
    assert (server.seen[0].path, server.seen[0].json) == (
        "/api/v1/forms/contact%20us/submit",
        {"data": {"email": "ann@x.io", "topic": "prices"}},
    )


@pytest.mark.parametrize(
    "call",
    [
        lambda track: track.forms.submit("f", {"email": "ann@x.io"}),
        lambda track: track.deliveries.report("d1", "opened"),
        lambda track: track.deliveries.report_push(delivery_id="d1", event="opened"),
    ],
    ids=["form", "metric", "push metric"],
)
def test_what_would_count_twice_is_not_repeated(
    call: Callable[[TrackClient], Any], track: TrackClient, server: ScriptedServer
) -> None:
    """After a lost answer these are left to the caller to decide."""
    server.script = [Answer(break_it=True)]
    with pytest.raises(NetworkError):
        call(track)
    server.script = [Answer(503)]
    with pytest.raises(ServerError):
        call(track)
    assert len(server.seen) == 2


def test_region_of_the_account_is_told(track: TrackClient, server: ScriptedServer) -> None:
    """The answer is the vendor's, unknown fields too."""
    server.script = [Answer(200, b'{"region":"eu","url":"https://track-eu.customer.io","environment_id":7,"new":1}')]
    assert track.v1.region() == {
        "region": "eu",
        "url": "https://track-eu.customer.io",
        "environment_id": 7,
        "new": 1,
    }
