"""What holds for any tree of values: nothing is lost, and nothing but a ValidationError comes out."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciokit.errors import ValidationError
from ciokit.values import encode, timestamp
from tests.unit.value_cases import BERLIN, MARK, MISSING, REFUSED, WRITTEN, Colour, Plan, Text

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FINITE = st.decimals(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | st.integers() | FINITE | TEXT
ZONES = st.sampled_from([UTC, BERLIN, ZoneInfo("America/St_Johns"), timezone(timedelta(hours=-11))])
AWARE = st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(9999, 12, 30), timezones=ZONES)


def _trees(leaves):
    return st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=20)


def _read_back(tree):
    if isinstance(tree, list):
        return [_read_back(each) for each in tree]
    if isinstance(tree, dict):
        return {key: _read_back(each) for key, each in tree.items()}
    return tree.isoformat() if isinstance(tree, date) else str(tree) if isinstance(tree, UUID) else tree


def _exact(data):
    return json.loads(data, parse_float=Decimal)


@given(_trees(LEAVES))
def test_lossless(tree):
    """Any tree of JSON values reads back equal, with integers and decimals of any length."""
    assert _exact(encode(tree)) == tree


@given(_trees(LEAVES | AWARE | st.dates() | st.uuids()), st.sampled_from(["null", "omit", "error"]))
def test_lossless_times(tree, missing):
    """Times, dates and UUIDs read back as their ISO or plain text under every policy; the slow walk writes the same."""
    expected = _read_back(tree)
    assert _exact(encode(tree, missing=missing)) == expected
    assert _exact(encode([tree, 2**64], missing=missing)) == [expected, 2**64]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats(number):
    """A float reads back as exactly itself, sign of zero included."""
    back = json.loads(encode(number))
    assert (back, math.copysign(1, back)) == (number, math.copysign(1, number))


@given(FINITE)
def test_decimals(number):
    """A decimal reads back with the same sign, digits and exponent."""
    assert json.loads(encode([number]), parse_float=Decimal, parse_int=Decimal)[0].as_tuple() == number.as_tuple()


@given(AWARE)
def test_datetimes(moment):
    """A datetime is what isoformat says, and reads back as the same moment with the same offset."""
    text = json.loads(encode(moment))
    assert text == moment.isoformat()
    back = datetime.fromisoformat(text)
    assert (back.astimezone(UTC), back.utcoffset()) == (moment.astimezone(UTC), moment.utcoffset())


@given(AWARE)
def test_timestamps(moment):
    """A message time names the same moment in UTC and passes its own check unchanged."""
    text = timestamp(moment)
    assert text.endswith("Z")
    assert datetime.fromisoformat(text) == moment.astimezone(UTC)
    assert timestamp(text) == text


@given(_trees(LEAVES | st.floats()))
def test_policies(tree):
    """`omit` leaves out keys of missing values and no others; `error` refuses the trees that hold a missing value."""
    assert _exact(encode(tree, missing="null")) == _filled(tree, omit=False)
    assert _exact(encode(tree, missing="omit")) == _filled(tree, omit=True)
    if _holds_missing(tree):
        with pytest.raises(ValidationError, match="is a missing value"):
            encode(tree, missing="error")
    else:
        assert encode(tree, missing="error") == encode(tree)


def _is_missing(value):
    return isinstance(value, float) and not math.isfinite(value)


def _holds_missing(tree):
    if isinstance(tree, dict):
        tree = list(tree.values())
    return any(map(_holds_missing, tree)) if isinstance(tree, list) else _is_missing(tree)


def _filled(tree, *, omit):
    if isinstance(tree, list):
        return [_filled(each, omit=omit) for each in tree]
    if isinstance(tree, dict):
        return {key: _filled(each, omit=omit) for key, each in tree.items() if not (omit and _is_missing(each))}
    if _is_missing(tree):
        return None
    return Decimal(repr(tree)) if isinstance(tree, float) else tree


CASES = {**{name: value for name, (value, _) in (WRITTEN | REFUSED).items()}, **MISSING}


def _of_cases(tree):
    if isinstance(tree, list | tuple):
        return type(tree)(_of_cases(each) for each in tree)
    return {key: _of_cases(each) for key, each in tree.items()} if isinstance(tree, dict) else CASES[tree]


KEYS = st.text() | st.integers() | st.sampled_from([Plan.GOLD, Colour.RED, Text("red"), None])


@given(
    st.recursive(
        st.sampled_from(sorted(CASES)),
        lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(KEYS, inner),
        max_leaves=8,
    ),
    st.sampled_from(["null", "omit", "error"]),
)
def test_only_validation_errors(names, missing):
    """Of any tree of cases `encode` makes JSON or a ValidationError that names a field and holds no value."""
    try:
        written = encode(_of_cases(names), missing=missing, field="x")
    except ValidationError as error:
        assert error.field.startswith("x")  # noqa: PT017 - both outcomes are right
        assert str(MARK) not in str(error)  # noqa: PT017 - same
    else:
        json.loads(written)
