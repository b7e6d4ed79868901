"""Identities are exactly one identifier, checked, and never shown; ids of events are ULIDs."""

from __future__ import annotations

from typing import Any

import pytest

from ciokit import Identity, ValidationError
from ciokit.identity import identity_of
from ciokit.track_api.arguments import checked_dedupe_id, dedupe_id


@pytest.mark.parametrize(
    ("given", "kind", "wire"),
    [
        ({"id": "u1"}, "id", {"id": "u1"}),
        ({"email": "ann@x.io"}, "email", {"email": "ann@x.io"}),
        ({"phone": "+41791234567"}, "phone", {"phone": "+41791234567"}),
        ({"cio_id": "03"}, "cio_id", {"cio_id": "03"}),
        ({"cio_id": "cio_03"}, "cio_id", {"cio_id": "03"}),
    ],
)
def test_identity_is_one_identifier(given: dict[str, str], kind: str, wire: dict[str, str]) -> None:
    """It knows its kind and its wire form; a cio_id is without its prefix there."""
    identity = Identity(**given)
    assert (identity.kind, identity.identifiers) == (kind, wire)
    assert identity == Identity(**wire)
    assert repr(identity) == f"Identity({kind}=...)"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "identity"),
        ({"id": "u1", "email": "ann@x.io"}, "identity"),
        ({"id": ""}, "id"),
        ({"id": " "}, "id"),
        ({"id": 7}, "id"),
        ({"email": "ann"}, "email"),
        ({"phone": "0791234567"}, "phone"),
        ({"phone": "+41 79 123 45 67"}, "phone"),
        ({"phone": "+0791234567"}, "phone"),
        ({"cio_id": ""}, "cio_id"),
    ],
    ids=str,
)
def test_identity_that_cannot_be_is_refused(given: dict[str, Any], field: str) -> None:
    """None, two, and malformed ones are refused by name, without the value."""
    with pytest.raises(ValidationError) as refusal:
        Identity(**given)
    assert refusal.value.field == field
    assert [value for value in given.values() if len(str(value)) > 3 and str(value) in str(refusal.value)] == []


def test_plain_text_is_an_id() -> None:
    """Text names somebody by id; an identity stays what it is."""
    email = Identity(email="ann@x.io")
    assert identity_of("u1") == Identity(id="u1")
    assert identity_of(email) is email


def test_dedupe_ids_are_ulids_that_sort_by_time() -> None:
    """Every new id passes the check, none comes twice, and none is older than those before to the millisecond."""
    made = [dedupe_id() for _ in range(1_000)]
    assert [checked_dedupe_id(one) for one in made] == made
    assert len(set(made)) == 1_000
    times = [one[:10] for one in made]
    assert times == sorted(times)


@pytest.mark.parametrize("wrong", ["", "7", "8" * 26, "0" * 25, "0" * 27, "01JD8Z9V7K3M5N6P8Q0R2S4T6U", 7], ids=str)
def test_what_is_no_ulid_is_refused(wrong: Any) -> None:
    """Length, letters and the range of the time are checked."""
    with pytest.raises(ValidationError, match="no ULID"):
        checked_dedupe_id(wrong)
