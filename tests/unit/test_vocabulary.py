"""Semantic events chosen by name at run time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import ciokit
from ciokit import AsyncCustomerIOClient, CustomerIOClient, SemanticEventWarning, ValidationError
from ciokit.pipelines_api.semantic.catalogue import GROUPS
from tests.support.wire import scripted_server

GROUP_OF = {
    "track_ecommerce_event": "ecommerce",
    "track_email_event": "email",
    "track_mobile_event": "mobile",
    "track_video_event": "video",
    "track_live_chat_event": "live_chat",
    "track_experiment_event": "ab_test",
}
BY_NAME = [(function, name) for function, group in GROUP_OF.items() for name in GROUPS[group]]


@pytest.mark.parametrize(("function", "name"), BY_NAME)
def test_both_spellings_name_the_event(function: str, name: str) -> None:
    """The exact name and the name of the event's function build the message of that event."""
    track, event = getattr(ciokit, function), GROUPS[GROUP_OF[function]][name]
    expected = event.message("u1", check="off", message_id="m")
    for spelling in (name, event.__name__):
        assert track.message("u1", spelling, check="off", message_id="m") == expected


def test_call_sends_with_either_client() -> None:
    """Either client sends the event with its data, for a person or an anonymous visitor, and gives a receipt."""
    with scripted_server() as server:
        with CustomerIOClient("k", base_url=server.base_url) as client:
            receipt = ciokit.track_ecommerce_event(client, "u1", "order_completed", {"total": 9.5}, message_id="m1")

        async def run() -> ciokit.Receipt:
            async with AsyncCustomerIOClient("k", base_url=server.base_url) as client:
                return await ciokit.track_mobile_event(client, None, "Application Opened", anonymous_id="a1")

        asyncio.run(run())
        order, opened = (each.json for each in server.seen)
    assert (order["event"], order["userId"], order["properties"]) == ("Order Completed", "u1", {"total": 9.5})
    assert receipt.message_id == order["messageId"] == "m1"
    assert (opened["event"], opened["anonymousId"]) == ("Application Opened", "a1")


def test_setting_of_the_client_is_honoured() -> None:
    """A wrong property raises, warns or passes as the client's `semantic_check` says."""
    wrong = ("u1", "order_completed", {"totl": 1})
    with scripted_server() as server:
        with (
            CustomerIOClient("k", base_url=server.base_url) as client,
            pytest.raises(ValidationError, match="did you mean `total`"),
        ):
            ciokit.track_ecommerce_event(client, *wrong)
        with (
            CustomerIOClient("k", base_url=server.base_url, semantic_check="warn") as client,
            pytest.warns(SemanticEventWarning) as caught,
        ):
            ciokit.track_ecommerce_event(client, *wrong)
        with CustomerIOClient("k", base_url=server.base_url, semantic_check="off") as client:
            ciokit.track_ecommerce_event(client, *wrong)
        sent = [each.json["properties"] for each in server.seen]
    assert [each.filename for each in caught] == [__file__]
    assert sent == [{"totl": 1}] * 2


@pytest.mark.parametrize("near", ["Order Complete", "order completed", "orders_completed", "ORDER_COMPLETED"])
def test_near_name_gets_a_suggestion(near: str) -> None:
    """A name that is nearly right is refused with the right one and all that are known."""
    with pytest.raises(ValidationError) as caught:
        ciokit.track_ecommerce_event.message("u1", near)
    assert caught.value.field == "event_type"
    assert "did you mean `Order Completed`?" in str(caught.value)
    assert [name for name in GROUPS["ecommerce"] if name not in str(caught.value)] == []


@pytest.mark.parametrize("wrong", ["zzz", "", None, 7, "Email Opened", "email_opened", ["Order Completed"]])
def test_name_of_no_event_of_the_group_is_refused(wrong: Any) -> None:
    """A name that is none of the group's, or no text at all, is refused; what was given is not repeated."""
    with pytest.raises(ValidationError) as caught:
        ciokit.track_ecommerce_event.message("u1", wrong)
    assert caught.value.field == "event_type"
    assert "zzz" not in str(caught.value)


@pytest.mark.parametrize("function", GROUP_OF)
def test_group_is_documented(function: str) -> None:
    """Each function is known by its name, and its docstring lists the events it takes."""
    track = getattr(ciokit, function)
    assert track.__name__ == function
    assert [name for name in GROUPS[GROUP_OF[function]] if name not in track.__doc__] == []
