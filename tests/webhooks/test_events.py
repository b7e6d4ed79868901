"""Reading the bodies of webhooks: everything that can be an event is one, and nothing of it is lost."""

from __future__ import annotations

import json
import pickle
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciokit.errors import UnparseableEventError
from ciokit.webhooks.events import get_event_type, parse_event

EVENT = {
    "event_id": "01E4C4CT6YDC7Y5M7FE1GWWPQJ",
    "object_type": "email",
    "metric": "opened",
    "timestamp": 1613063089,
    "data": {"delivery_id": "ZAIA", "identifiers": {"id": "42"}},
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def _body(**changes) -> bytes:
    fields = {**EVENT, **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def test_an_event_has_what_its_body_has() -> None:
    """Id, type, metric, time in UTC and data are those of the body, which stays as it came."""
    body = _body()
    event = parse_event(body)
    assert event[:3] == ("01E4C4CT6YDC7Y5M7FE1GWWPQJ", "email", "opened")
    assert event.timestamp == datetime(2021, 2, 11, 17, 4, 49, tzinfo=UTC)
    assert event.timestamp.tzinfo is UTC
    assert event.data == EVENT["data"]
    assert (event.raw, event.other) == (body, {})
    assert event.typed == EVENT
    assert get_event_type(event) == "email_opened"


def test_what_is_not_known_survives() -> None:
    """Unknown types, metrics, fields and a body written over several lines are read as they are."""
    body = json.dumps(
        {**EVENT, "object_type": "fax", "metric": "jammed", "data": {"new": [1]}, "v": 2}, indent=2
    ).encode()
    event = parse_event(body)
    assert (event.object_type, event.metric, event.data, event.other) == ("fax", "jammed", {"new": [1]}, {"v": 2})
    assert (event.raw, get_event_type(event)) == (body, "fax_jammed")


@pytest.mark.parametrize(
    "changes",
    [
        {"object_type": ...},
        {"object_type": ..., "object_type_type": "customer"},
        {"object_type": ..., "object_type_type": "email"},
        {"object_type": "customer"},
    ],
)
def test_a_change_of_preferences_is_about_a_customer(changes) -> None:
    """Its schema has `object_type_type` where others have `object_type`, and asks for neither."""
    event = parse_event(_body(metric="cio_subscription_preferences_changed", **changes))
    assert (event.object_type, event.other) == ("customer", {})
    assert get_event_type(event) == "customer_subscription_preferences_changed"


@pytest.mark.parametrize(
    ("value", "microseconds"),
    [
        (1613063089, 1613063089_000000),
        (1613063089.25, 1613063089_250000),
        ("1613063089", 1613063089_000000),
        (0, 0),
        (-1, -1_000000),
        (253402300799, 253402300799_000000),
    ],
)
def test_times_are_seconds_and_may_have_fractions(value, microseconds) -> None:
    """Seconds are read from integers, floats and text, and kept to the microsecond."""
    event = parse_event(_body(timestamp=value))
    assert event.occurred_us == microseconds
    assert round(event.timestamp.timestamp() * 1_000_000) == microseconds


@pytest.mark.parametrize("data", [..., None, [1], "text", 5])
def test_data_that_is_no_object_is_empty_and_kept(data) -> None:
    """Data of another type do not make an event unreadable; what they are stays in `other`."""
    event = parse_event(_body(data=data))
    assert event.data == {}
    assert event.other == ({} if data in (..., None) else {"data": data})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not_json"),
        (b"{", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b'{"event_id": NaN}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"null", "not_an_object"),
        (b"[]", "not_an_object"),
        (b'"text"', "not_an_object"),
        (b"{}", "event_id_missing"),
        (_body(event_id=...), "event_id_missing"),
        (_body(event_id=""), "event_id_missing"),
        (_body(event_id=5.5), "event_id_missing"),
        (_body(event_id=True), "event_id_missing"),
        (_body(object_type=...), "object_type_missing"),
        (_body(object_type=[]), "object_type_missing"),
        (_body(object_type={"a": 1}), "object_type_missing"),
        (_body(metric=...), "metric_missing"),
        (_body(metric=""), "metric_missing"),
        (_body(timestamp=...), "timestamp_invalid"),
        (_body(timestamp=True), "timestamp_invalid"),
        (_body(timestamp="soon"), "timestamp_invalid"),
        (_body(timestamp="2021-02-11T17:04:49Z"), "timestamp_invalid"),
        (_body(timestamp=1613063089000), "timestamp_invalid"),
        (_body(timestamp=1e300), "timestamp_invalid"),
    ],
)
def test_what_cannot_be_an_event_is_told_by_a_word(body, reason) -> None:
    """Only what is no JSON object, or lacks id, type, metric or time, is refused; the reason is one word."""
    with pytest.raises(UnparseableEventError, match=reason) as caught:
        parse_event(body)
    assert caught.value.reason == reason
    assert pickle.loads(pickle.dumps(caught.value)).reason == reason


@pytest.mark.parametrize(
    ("written", "subject", "score"),
    [
        (r'"subject": "cut off \ud83d", "score": 1', "cut off \ufffd", 1),
        (r'"subject": "\udc00 \ud83d\ude00 \\ud83d", "score": 1', "\ufffd \U0001f600 \\ud83d", 1),
        ('"subject": "s", "score": 1e999', "s", None),
        ('"subject": "s", "score": [-1e999, 1.5]', "s", [None, 1.5]),
        (f'"subject": "\\ud83d", "score": [{2**64}, {-(2**63)}]', "\ufffd", [float(2**64), -(2**63)]),
        (f'"subject": "\\ud83d", "score": 1{"0" * 5000}', "\ufffd", None),
    ],
)
def test_one_value_that_is_hard_to_read_loses_no_event(written: str, subject: str, score: object) -> None:
    """Half a pair of surrogates is replaced, a number beyond all floats is null; the body stays as it came."""
    body = (
        f'{{"event_id": "e", "object_type": "email", "metric": "sent", "timestamp": 1, "data": {{{written}}}}}'.encode()
    )

    event = parse_event(body)

    assert (event.event_id, event.data, event.raw) == ("e", {"subject": subject, "score": score}, body)


def test_a_byte_order_mark_is_stepped_over() -> None:
    """A body that begins with one is read like any other, and kept with it."""
    body = b'\xef\xbb\xbf{"event_id": "e", "object_type": "email", "metric": "sent", "timestamp": 1, "data": {}}'

    assert (parse_event(body).event_id, parse_event(body).raw) == ("e", body)


def test_an_id_that_is_a_number_is_taken_as_text() -> None:
    """So it is told apart as any other."""
    body = b'{"event_id": 12345, "object_type": "email", "metric": "sent", "timestamp": 1, "data": {}}'

    assert parse_event(body).event_id == "12345"


def test_errors_and_reprs_show_nothing_of_a_body() -> None:
    """Bodies are about people: neither an error nor what is printed of an event has any of it."""
    with pytest.raises(UnparseableEventError) as caught:
        parse_event(b'{"data": "person@example.com"')
    assert "person" not in f"{caught.value}{caught.value.__cause__}{caught.value.__context__}"
    assert "ZAIA" not in repr(parse_event(_body()))


def _read(body):
    try:
        return parse_event(body)
    except UnparseableEventError:
        return None


@given(body=st.binary() | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_body_makes_it_fail_in_another_way(body) -> None:
    """Whatever the bytes are, they are an event or refused."""
    event = _read(body)
    assert event is None or event.raw is body


@given(st.fixed_dictionaries({}, optional=dict.fromkeys((*EVENT, "object_type_type", "new"), JSON)))
def test_no_field_makes_it_fail_in_another_way(changes) -> None:
    """Whatever values the fields have, it is an event with an id, a type, a metric and a time, or refused."""
    event = _read(_body(**changes))
    assert event is None or (all(event[:3]) and event.timestamp.year >= 1)
