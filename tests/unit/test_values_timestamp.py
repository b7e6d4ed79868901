"""Which message times are accepted, how they are written, and what the rest is told."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from ciokit.errors import ValidationError
from ciokit.values import timestamp
from tests.unit.value_cases import (
    BERLIN,
    MOMENT,
    BrokenZone,
    Text,
    Zone,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (MOMENT, "2026-01-31T09:30:00.123456Z"),
        (MOMENT.replace(microsecond=0), "2026-01-31T09:30:00Z"),
        (datetime(2026, 7, 1, 12, tzinfo=BERLIN), "2026-07-01T10:00:00Z"),
        (datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))), "2025-12-31T18:15:00Z"),
        (datetime(800, 1, 1, tzinfo=UTC), "0800-01-01T00:00:00Z"),
        (pd.Timestamp("2026-01-31T10:30:00.123456+01:00"), "2026-01-31T09:30:00.123456Z"),
        (pd.Timestamp("2026-01-31T10:30:00.123456789+01:00"), "2026-01-31T09:30:00.123456789Z"),
        (pa.scalar(MOMENT, pa.timestamp("us", tz="Europe/Berlin")), "2026-01-31T09:30:00.123456Z"),
        ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00Z"),
        ("2026-01-31T10:30:00.5+01:00", "2026-01-31T10:30:00.5+01:00"),
        ("2026-01-31T10:30+0100", "2026-01-31T10:30+0100"),
        ("2026-01-31T10:30:00.123456-05:00", "2026-01-31T10:30:00.123456-05:00"),
        ("2026-01-31T10:30Z", "2026-01-31T10:30Z"),
        (Text("2026-01-31T09:30:00Z"), "2026-01-31T09:30:00Z"),
        (pa.scalar("2026-01-31T09:30:00Z"), "2026-01-31T09:30:00Z"),
    ],
)
def test_timestamp(value, expected):
    """Aware datetimes become UTC with every digit they have; text with a zone is returned as it is."""
    written = timestamp(value)
    assert written == expected
    assert type(written) is str


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (datetime(2026, 1, 31), "datetime.datetime has no time zone.*attach"),
        (datetime(2026, 1, 31, tzinfo=Zone()), "has no time zone"),
        (datetime(2026, 1, 31, tzinfo=BrokenZone()), "cannot be expressed in UTC"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "cannot be expressed in UTC"),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))), "cannot be expressed in UTC"),
        (pd.Timestamp("2026-01-31"), "has no time zone"),
        (np.datetime64("2026-01-31T09:30"), "numpy.datetime64 has no time zone"),
        (pa.scalar(datetime(2026, 1, 31)), "has no time zone"),
        (date(2026, 1, 31), "datetime.date has no time of day.*aware datetime"),
        (None, "the time is missing"),
        (pd.NaT, "the time is missing"),
        (pd.NA, "the time is missing"),
        (np.datetime64("NaT"), "the time is missing"),
        (pa.scalar(None, pa.timestamp("us", tz="UTC")), "the time is missing"),
        (1_769_851_800_123, r"int looks like milliseconds; .* datetime.fromtimestamp\(value / 1000, tz=UTC\)"),
        (-1_769_851_800_123, "looks like milliseconds"),
        (1_769_851_800, r"int looks like seconds; .* datetime.fromtimestamp\(value, tz=UTC\)"),
        (1_769_851_800.5, "float looks like seconds"),
        (1_769_851_800_123_456, "looks like microseconds"),
        (1_769_851_800_123_456_789, "looks like nanoseconds"),
        (np.int64(1_769_851_800_123), "int looks like milliseconds"),
        (pa.scalar(1_769_851_800_123), "int looks like milliseconds"),
        (5, "int is not a time; pass an aware datetime"),
        (10**400, "int is not a time"),
        (math.nan, "float is not a time"),
        (Decimal(1_769_851_800), "decimal.Decimal is not a time"),
        (Decimal("sNaN"), "decimal.Decimal is not a time"),
        (True, "bool is not a time"),
        (b"2026-01-31T09:30:00Z", "bytes is not a time"),
        ("2026-01-31T09:30:00", "str has no time zone"),
        ("2026-01-31", "str has no time zone"),
        ("1769851800", "str is not ISO 8601"),
        ("yesterday", "str is not ISO 8601"),
        ("", "str is not ISO 8601"),
        ("2026-13-31T09:30:00Z", "str is not ISO 8601"),
        ("2026-01-31T09:30:00\ud800Z", "str is not ISO 8601"),
        ("2026-01-31 09:30:00+00:00", "not in the form"),
        ("2026-01-31T09:30:00 +00:00", "not in the form|not ISO 8601"),
        ("2026-01-31T09:30:00x+00:00", "not in the form|not ISO 8601"),
        ("2026-01-31T09:30:00xZ", "not in the form|not ISO 8601"),
        ("2026-01-31T09:30:00:Z", "not in the form|not ISO 8601"),
        ("20260131T093000Z", "not in the form"),
        ("2026-W05-6T09:30Z", "not in the form"),
    ],
)
def test_timestamp_refused(value, match):
    """Everything that does not name one moment is refused with the field and the fix, never with its value."""
    with pytest.raises(ValidationError, match=match) as caught:
        timestamp(value, field="sentAt")
    assert caught.value.field == "sentAt"
    assert "17698518" not in str(caught.value)
    assert "2026-01-31T09:30:00" not in str(caught.value).replace("2026-01-31T09:30:00Z", "", 1)


def test_timestamp_names_its_field():
    """Without another name the field is `timestamp`."""
    with pytest.raises(ValidationError) as caught:
        timestamp(5)
    assert caught.value.field == "timestamp"
