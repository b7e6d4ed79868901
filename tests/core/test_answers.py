"""One parser takes every error envelope of the service, and anything else, without raising."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciokit.core.answers import error_from, read_errors, retry_after
from ciokit.core.redact import redact
from ciokit.core.wire import Response
from ciokit.errors import ServerError

ENVELOPES = [
    (b'{"errors":[{"detail":"not found","status":"404"}]}', ("not found",)),
    (b'{"meta":{"error":"bad to"}}', ("bad to",)),
    (b'{"errors":[{"detail":"too long","status":"422","source":{"pointer":"/name"}}]}', ("/name: too long",)),
    (
        b'{"errors":[{"reason":"invalid","field":"attributes.plan","message":"too long"}]}',
        ("attributes.plan: too long",),
    ),
    (b'{"meta":{"errors":["a is required","b is required"]}}', ("a is required", "b is required")),
]


@pytest.mark.parametrize(("body", "expected"), ENVELOPES)
def test_each_envelope_gives_the_services_words(body: bytes, expected: tuple[str, ...]) -> None:
    """All five documented shapes are read."""
    assert read_errors(body) == expected


@pytest.mark.parametrize("body", [b"", b"<html>", b"null", b"[1]", b'"x"', b'{"errors":7}', b'{"meta":[]}', b"\xff"])
def test_other_bodies_are_survived(body: bytes) -> None:
    """What is no envelope still becomes the error of its status."""
    error = error_from(Response(502, {}, body), request="POST /v1/track", attempts=2)
    assert isinstance(error, ServerError)
    assert error.status == 502


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["errors", "meta", "error", "detail", "source", "pointer", "field", "message"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(tree=json_values)
def test_no_json_makes_the_parser_raise(tree: object) -> None:
    """Any tree of the envelopes' own keys is read to text."""
    assert all(isinstance(text, str) for text in read_errors(json.dumps(tree).encode()))


READ_OR_IGNORED = [
    ("3", 3.0),
    ("0.5", 0.5),
    ("-4", 0.0),
    ("soon", None),
    ("", None),
    ("Thu, 01 Jan 1970 00:00:00 -0000", 0.0),
    ("Thu, 01 Jan 99999999999999999999 00:00:00 GMT", None),
]


@pytest.mark.parametrize(("value", "expected"), READ_OR_IGNORED)
def test_retry_after_is_read_or_ignored(value: str, expected: float | None) -> None:
    """A number of seconds counts, nonsense does not."""
    assert retry_after({"retry-after": value}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail jane@example.com now", "mail [email] now"),
        ("Authorization: Basic azo6OmFiYw==", "Authorization: Basic [secret]"),
        ("call +1 (555) 010-9999", "call [phone]"),
        ("person cio_0300deadbeef", "person [cio_id]"),
        ("key sa_live_abc123", "key [secret]"),
        ("id user-1", "id [redacted]"),
        ("token dGhpcyBpcyBhIHNlY3JldCB0b2tlbjEyMw", "token [token]"),
        ("event is required", "event is required"),
    ],
)
def test_redaction(text: str, expected: str) -> None:
    """Addresses, numbers, keys and the caller's own values are taken out; plain words stay."""
    assert redact(text, known=["user-1", ""]) == expected


def test_a_long_text_is_cut() -> None:
    """A page of HTML does not fill the log."""
    assert len(redact("word " * 1000)) < 600


@pytest.mark.parametrize("text", ["a" * 400_000, "a-" * 200_000, "+1 " * 100_000])
def test_a_very_long_word_takes_no_time(text: str) -> None:
    """The patterns never see more than a page, whatever the service sends back."""
    started = time.process_time()
    assert len(redact(text)) < 600
    assert time.process_time() - started < 2


def test_a_reason_for_each_item_of_a_batch_does_not_fill_the_log() -> None:
    """The message tells the first ones and how many more there are; the error has them all."""
    body = json.dumps({"meta": {"errors": [f"item {n} is bad" for n in range(500)]}}).encode()
    error = error_from(Response(400, {}, body), request="POST /v1/batch", attempts=1)
    assert error.message.endswith("; item 9 is bad; and 490 more")
    assert len(error.errors) == 500


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("identifiers.cio_id: is unknown", "cio_", "identifiers.cio_id: is unknown"),
        ("id_type: must be id, email or cio_id", "phone", "id_type: must be id, email or cio_id"),
        ("email: is taken", "email", "email: is taken"),
        ("longer than 1000 bytes", "100", "longer than 1000 bytes"),
        ("customers: ann is unknown", "ann", "customers: [redacted] is unknown"),
        ("cannot be annotated", "ann", "cannot be annotated"),
        ("xxthe-secret-keyxx", "the-secret-key", "xx[redacted]xx"),
    ],
)
def test_redaction_leaves_the_services_words_whole(text: str, known: str, expected: str) -> None:
    """Only whole words are taken out, and never the name of a field; what is long goes wherever it stands."""
    assert redact(text, known=[known]) == expected
