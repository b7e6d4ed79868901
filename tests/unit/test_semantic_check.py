"""What the setting `semantic_check` does, and which values count as which type."""

from __future__ import annotations

import asyncio
import pickle
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from types import MappingProxyType
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ciokit import (
    AsyncCustomerIOClient,
    CustomerIOClient,
    SemanticEventWarning,
    ValidationError,
    ecommerce,
    email,
    mobile,
    video,
)
from tests.support.wire import ScriptedServer, Seen, scripted_server

SECRET = "ann@example.com"


@pytest.fixture(scope="module")
def service() -> Iterator[ScriptedServer]:
    """Yield a server that answers as the service does."""
    with scripted_server() as server:
        yield server


@pytest.fixture
def sent(service: ScriptedServer) -> list[Seen]:
    """Return what reached the server in this test."""
    service.seen.clear()
    return service.seen


class Colour(Enum):
    """Values that are text, but no str."""

    RED = "red"


def refused(properties: Any, event: Any = ecommerce.order_completed) -> ValidationError:
    """Return the error with which an event refuses its properties."""
    with pytest.raises(ValidationError) as caught:
        event.message("u1", properties)
    return caught.value


BAD = [
    ({"totl": 1}, "properties.totl"),
    ({"total": "1"}, "properties.total"),
    ({"products": [{}, {}, {}, {"price": "9.90"}]}, "properties.products[3].price"),
]


@pytest.mark.parametrize(("properties", "field"), BAD)
def test_error_stops_before_any_request(properties: Any, field: str, service: ScriptedServer, sent: list[Seen]) -> None:
    """With `error`, the default, a wrong property raises, names its path, and nothing is sent."""
    with CustomerIOClient("k", base_url=service.base_url) as client, pytest.raises(ValidationError) as caught:
        ecommerce.order_completed(client, "u1", properties)
    assert (caught.value.field, sent) == (field, [])


@pytest.mark.parametrize(("properties", "field"), BAD)
def test_warn_sends_and_points_at_the_caller(
    properties: Any, field: str, service: ScriptedServer, sent: list[Seen]
) -> None:
    """With `warn` the event is sent as given, and the warning names the path and the caller's file."""
    with (
        CustomerIOClient("k", base_url=service.base_url, semantic_check="warn") as client,
        pytest.warns(SemanticEventWarning) as caught,
    ):
        ecommerce.order_completed(client, "u1", properties)
    (warning,) = caught
    assert warning.filename == __file__
    assert str(warning.message).startswith(f"`{field}`: ")
    assert sent[0].json["properties"] == properties


@pytest.mark.parametrize(("properties", "field"), BAD)
def test_off_sends_without_a_word(properties: Any, field: str, service: ScriptedServer, sent: list[Seen]) -> None:
    """With `off` the event is sent as given and nothing is looked at."""
    with CustomerIOClient("k", base_url=service.base_url, semantic_check="off") as client:
        ecommerce.order_completed(client, "u1", properties)
    assert sent[0].json["properties"] == properties


def test_awaitable_client_checks_alike(service: ScriptedServer, sent: list[Seen]) -> None:
    """The awaitable client's setting decides in the same way."""

    async def run() -> None:
        async with AsyncCustomerIOClient("k", base_url=service.base_url, semantic_check="off") as client:
            await ecommerce.order_completed(client, "u1", {"totl": 1})
        async with AsyncCustomerIOClient("k", base_url=service.base_url) as client:
            with pytest.raises(ValidationError, match="did you mean `total`"):
                await ecommerce.order_completed(client, "u1", {"totl": 1})

    asyncio.run(run())
    assert [each.json["properties"] for each in sent] == [{"totl": 1}]


@pytest.mark.parametrize("check", ["warn", "off"])
def test_unsent_message_can_be_checked_otherwise(check: Any) -> None:
    """`.message(check=...)` chooses for a message that is not sent yet; a warning points at the caller."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        message = ecommerce.order_completed.message("u1", {"totl": 1}, check=check)
    assert message["properties"] == {"totl": 1}
    assert [each.filename for each in caught] == [__file__] * (check == "warn")


def test_missing_required_property_warns_or_raises() -> None:
    """A required property that is absent is named in the error or the warning."""
    assert refused({}, email.email_opened).field == "properties.email_id"
    with pytest.warns(SemanticEventWarning, match="`properties.email_id`: is required by Email Opened"):
        email.email_opened.message("u1", check="warn")


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [({"totl": 1}, "total"), ({"orderid": "o"}, "order_id"), ({"products": [{"pricee": 1}]}, "price")],
)
def test_near_miss_gets_a_suggestion(wrong: Any, meant: str) -> None:
    """A name that is nearly right is answered with the right one."""
    assert f"did you mean `{meant}`?" in str(refused(wrong))


def test_far_miss_gets_the_known_names() -> None:
    """A name that resembles none is answered with all there are; an event without any says so."""
    assert "known are query" in str(refused({"zzz": 1}, ecommerce.products_searched))
    assert "known are none" in str(refused({"zzz": 1}, mobile.application_crashed))


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, np.float64("nan"), np.datetime64("NaT")])
def test_missing_values_fit_every_type(missing: Any) -> None:
    """None, NaN, NA and NaT, which are written as null, fit a text, a number, a list and an item alike."""
    product = {"price": missing, "quantity": missing, "name": missing}
    given = {"order_id": missing, "total": missing, "products": [product, missing]}
    assert ecommerce.order_completed.message("u1", given)["properties"] == given
    assert ecommerce.order_completed.message("u1", {"products": missing})["properties"] == {"products": missing}
    assert video.video_playback_paused.message("u1", {"ad_type": missing, "sound": missing})["event"]


NUMBERS = [9, 9.5, Decimal("9.90"), np.int64(9), np.uint8(9), np.float32(9.5), np.float64(9.5), pa.scalar(9.5), 2**70]


@pytest.mark.parametrize("value", NUMBERS, ids=lambda value: f"{type(value).__module__}.{type(value).__name__}")
def test_every_number_is_a_number(value: Any) -> None:
    """Python, Decimal, numpy and Arrow numbers fit a number, also inside a product."""
    given = {"total": value, "products": [{"price": value}]}
    assert ecommerce.order_completed.message("u1", given)["properties"] == given


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), pa.scalar(3), 2**70])
def test_every_integer_is_a_whole_number(value: Any) -> None:
    """Python, numpy and Arrow integers fit a whole number."""
    given = {"products": [{"quantity": value}]}
    assert ecommerce.order_completed.message("u1", given)["properties"] == given


@pytest.mark.parametrize("value", [True, np.True_, "1", 1j, Fraction(1, 2), [1], {}, datetime(2026, 1, 1, tzinfo=UTC)])
def test_what_is_no_number_is_refused(value: Any) -> None:
    """A bool, a text, a complex, a fraction, a container and a time are no numbers, and no whole numbers."""
    assert refused({"total": value}).field == "properties.total"
    assert refused({"products": [{"quantity": value}]}).field == "properties.products[0].quantity"


@pytest.mark.parametrize("value", [2.0, 2.5, np.float64(2.0), Decimal("2.5")])
def test_broken_number_is_no_whole_number(value: Any) -> None:
    """A float is refused where a whole number belongs, even without a fraction: it is written with one."""
    assert "has a whole number here" in str(refused({"products": [{"quantity": value}]}))


@pytest.mark.parametrize("value", ["o1", np.str_("o1"), UUID(int=1), Colour.RED, pa.scalar("o1")])
def test_what_is_written_as_text_is_text(value: Any) -> None:
    """A UUID, a numpy or Arrow string and an enum with a text fit a text: they reach the wire as one."""
    assert ecommerce.order_completed.message("u1", {"order_id": value})["properties"] == {"order_id": value}


@pytest.mark.parametrize("value", [1, True, b"o1", ["o1"], {"id": "o1"}])
def test_what_is_not_written_as_text_is_refused(value: Any) -> None:
    """A number, a bool, bytes and containers are refused where a text belongs."""
    assert refused({"order_id": value}).field == "properties.order_id"


@pytest.mark.parametrize("value", [True, False, np.True_, pa.array([False])[0]])
def test_every_bool_is_true_or_false(value: Any) -> None:
    """Python, numpy and Arrow booleans fit; numbers and texts do not."""
    assert mobile.application_opened.message("u1", {"from_background": value})["properties"] == {
        "from_background": value
    }
    for wrong in (0, "true", np.int64(1)):
        assert refused({"from_background": wrong}, mobile.application_opened).field == "properties.from_background"


@pytest.mark.parametrize(
    "value", ["2026-01-31T09:30:00Z", datetime(2026, 1, 31, tzinfo=UTC), pd.Timestamp(0, tz="UTC")]
)
def test_times_fit_a_time(value: Any) -> None:
    """Text, aware datetimes and pandas timestamps fit a time."""
    assert video.video_content_started.message("u1", {"airdate": value})["properties"] == {"airdate": value}


def test_naive_or_numeric_times_are_refused() -> None:
    """A pandas timestamp without a zone and a number are refused as a time."""
    assert refused({"airdate": pd.Timestamp(0)}, video.video_content_started).field == "properties.airdate"
    assert "has a time" in str(refused({"airdate": 1769851800}, video.video_content_started))


def test_choices_are_the_listed_texts() -> None:
    """Only the listed texts fit a choice, and the error lists them."""
    assert video.video_playback_paused.message("u1", {"ad_type": "mid-roll"})["properties"] == {"ad_type": "mid-roll"}
    for wrong in ("preroll", 1, ["pre-roll"]):
        error = refused({"ad_type": wrong}, video.video_playback_paused)
        assert "has one of pre-roll, mid-roll, post-roll here" in str(error)


@pytest.mark.parametrize("listing", [list, tuple, np.array])
def test_sequences_are_lists(listing: Any) -> None:
    """A list, a tuple and a numpy array fit a list, and their items are looked at."""
    video.video_content_started.message("u1", {"keywords": listing(["a", "b"])})
    assert refused({"keywords": listing([1, 2])}, video.video_content_started).field == "properties.keywords[0]"


@pytest.mark.parametrize("wrong", ["ab", {"a": 1}, {"a"}, 1])
def test_what_is_no_sequence_is_refused(wrong: Any) -> None:
    """A text, a dict, a set and a number are refused where a list belongs."""
    assert refused({"products": wrong}).field == "properties.products"


@pytest.mark.parametrize("mapping", [dict, OrderedDict, MappingProxyType])
def test_mappings_are_dicts(mapping: Any) -> None:
    """Every mapping fits a dict, as the properties, as an item and as an object, and its keys are looked at."""
    ecommerce.order_completed.message("u1", mapping({"products": [mapping({"price": 1})]}))
    video.video_ad_started.message("u1", {"content": mapping({"any": "thing"})})
    assert refused(mapping({"products": [mapping({"price": "1"})]})).field == "properties.products[0].price"


@pytest.mark.parametrize("wrong", [["total"], "total", 1])
def test_properties_that_are_no_dict_are_refused(wrong: Any) -> None:
    """Properties that are a list, a text or a number are refused by name."""
    assert refused(wrong).field == "properties"


def test_context_is_checked_where_the_vendor_defines_it() -> None:
    """The traits in the context of an e-mail event are a dict; whatever else is there is let through."""
    good = {"traits": {"email": SECRET}, "ip": "127.0.0.1"}
    assert email.email_opened.message("u1", {"email_id": "e1"}, context=good)["context"] == good
    with pytest.raises(ValidationError, match=r"`context\.traits`: is a str"):
        email.email_opened.message("u1", {"email_id": "e1"}, context={"traits": SECRET})


@pytest.mark.parametrize(
    "properties",
    [
        {"total": SECRET},
        {"order_id": {SECRET: SECRET}},
        {"currency": [SECRET]},
        {"products": SECRET},
        {"products": [{"quantity": SECRET}]},
        {"order_id": SECRET.encode()},
        {"totl": SECRET},
        {("totl", SECRET): 1},
    ],
)
def test_errors_hold_no_value(properties: Any) -> None:
    """The text of an error names the field and types and never a value; it survives pickling."""
    error = refused(properties)
    assert SECRET not in f"{error}{error!r}{error.field}"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_choice_error_holds_no_value() -> None:
    """A text that is none of the choices is not repeated."""
    assert SECRET not in str(refused({"ad_type": SECRET}, video.video_playback_paused))


def test_given_properties_are_not_changed_or_shared() -> None:
    """The message has properties of its own: changing the given dict afterwards changes no message."""
    given: Any = {"total": 1}
    message = ecommerce.order_completed.message("u1", given)
    given["total"] = 2
    assert message["properties"] == {"total": 1}


def test_event_survives_pickling() -> None:
    """An event can be sent to another process and builds the same message there."""
    again = pickle.loads(pickle.dumps(ecommerce.order_completed))
    assert again.message("u1", {"total": 1}, message_id="m") == ecommerce.order_completed.message(
        "u1", {"total": 1}, message_id="m"
    )
