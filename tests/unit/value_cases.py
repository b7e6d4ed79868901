"""The values of every kind that the tests of `ciokit.values` write, miss or refuse."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections import ChainMap, OrderedDict, UserDict
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa

MOMENT = datetime(2026, 1, 31, 9, 30, 0, 123456, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
MARK = 987654321  # stands in refused values: it may not appear in an error


class Text(str):
    """A str that is not exactly str."""

    __slots__ = ()


class Whole(int):
    """An int that is not exactly int."""


class Real(float):
    """A float that is not exactly float."""


class Sequence(list):
    """A list that is not exactly list."""


class Colour(enum.Enum):
    """An enum of values of many types."""

    RED = "red"
    WHEN = MOMENT
    PRICE = Decimal("1.50")
    PAIR = (1, 2)
    UNKNOWN = math.nan
    NAIVE = datetime(2026, 1, 31)


class Plan(enum.StrEnum):
    """An enum of texts."""

    GOLD = "gold"


class Tagged(str, enum.Enum):  # noqa: UP042 - a StrEnum could not have another value
    """Its text and its value differ."""

    ONE = ("one", "1")

    def __new__(cls, text, value):  # noqa: D102
        member = str.__new__(cls, text)
        member._value_ = value
        return member


class Level(enum.IntEnum):
    """An enum of integers."""

    HIGH = 3


class Share(float, enum.Enum):
    """An enum of floats."""

    HALF = 0.5


@dataclasses.dataclass
class Item:
    """A dataclass; orjson by itself would leave out its last field."""

    sku: str
    price: object
    _hidden: int = 7


@dataclasses.dataclass(slots=True)
class Slotted:
    """A dataclass without a dict."""

    sku: str


class Bag(UserDict):
    """A mapping that is no dict."""


class Zone(tzinfo):
    """A zone that does not know its offset: a datetime that bears it is naive."""

    def utcoffset(self, _when):  # noqa: D102
        return None


class BrokenZone(tzinfo):
    """A zone that fails with a value in its message."""

    def utcoffset(self, _when):  # noqa: D102
        raise KeyError(MARK)


class BrokenMapping(Bag):
    """A mapping that fails with a value in its message."""

    def __getitem__(self, key):
        raise KeyError(MARK)


class Unhelpful:
    """An object that shows its value."""

    def __repr__(self):
        return f"Unhelpful({MARK})"


class Pair(NamedTuple):
    """A named tuple."""

    left: int
    right: int


class SparkLike(tuple):
    """A row as Spark hands them out: a tuple that knows its columns."""

    __slots__ = ()
    __fields__ = ("a", "b")


def object_array(*items):
    """Make an array of Python objects."""
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


WRITTEN = {
    "none": (None, "null"),
    "true": (True, "true"),
    "text": ("Zoë \u2603 \U0001f600", '"Zoë \u2603 \U0001f600"'),
    "text subclass": (Text("a"), '"a"'),
    "int": (7, "7"),
    "int subclass": (Whole(7), "7"),
    "largest 64-bit int": (2**64 - 1, "18446744073709551615"),
    "int above 64 bits": (2**64, "18446744073709551616"),
    "int below 64 bits": (-(2**63) - 1, "-9223372036854775809"),
    "int subclass beyond 64 bits": (Whole(10**30), "1" + "0" * 30),
    "float": (0.1, "0.1"),
    "negative zero": (-0.0, "-0.0"),
    "float subclass": (Real(1.5), "1.5"),
    "empty dict": ({}, "{}"),
    "list subclass": (Sequence([1]), "[1]"),
    "tuple": ((1, ("a",)), '[1,["a"]]'),
    "ordered dict": (OrderedDict(b=1, a=2), '{"b":1,"a":2}'),
    "mapping proxy": (MappingProxyType({"a": (1,)}), '{"a":[1]}'),
    "user dict": (Bag(a=1), '{"a":1}'),
    "chain map": (ChainMap({"a": 1}), '{"a":1}'),
    "dataclass": (Item("s", Decimal("1.10")), '{"sku":"s","price":1.10,"_hidden":7}'),
    "slotted dataclass": (Slotted("s"), '{"sku":"s"}'),
    "decimal": (Decimal("1.50"), "1.50"),
    "decimal exponent": (Decimal("1E+5"), "1E+5"),
    "decimal negative zero": (Decimal("-0.00"), "-0.00"),
    "decimal long": (Decimal("0.1234567890123456789012345678901"), "0.1234567890123456789012345678901"),
    "datetime UTC": (MOMENT, '"2026-01-31T09:30:00.123456+00:00"'),
    "datetime whole second": (MOMENT.replace(microsecond=0), '"2026-01-31T09:30:00+00:00"'),
    "datetime zone": (datetime(2026, 7, 1, 12, tzinfo=BERLIN), '"2026-07-01T12:00:00+02:00"'),
    "datetime second fold": (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1), '"2026-10-25T02:30:00+01:00"'),
    "date": (date(2026, 1, 31), '"2026-01-31"'),
    "time": (time(9, 30, 0, 5), '"09:30:00.000005"'),
    "time with offset": (time(9, 30, tzinfo=timezone(timedelta(hours=-3))), '"09:30:00-03:00"'),
    "uuid": (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
    "enum of text": (Colour.RED, '"red"'),
    "enum of datetime": (Colour.WHEN, '"2026-01-31T09:30:00.123456+00:00"'),
    "enum of decimal": (Colour.PRICE, "1.50"),
    "enum of tuple": (Colour.PAIR, "[1,2]"),
    "str enum": (Plan.GOLD, '"gold"'),
    "str enum with another value": (Tagged.ONE, '"one"'),
    "int enum": (Level.HIGH, "3"),
    "float enum": (Share.HALF, "0.5"),
    "numpy bool": (np.bool_(1), "true"),
    "numpy int8": (np.int8(-3), "-3"),
    "numpy int64": (np.int64(2**62), "4611686018427387904"),
    "numpy uint64": (np.uint64(2**64 - 1), "18446744073709551615"),
    "numpy float32": (np.float32(0.5), "0.5"),
    "numpy float64": (np.float64(0.1), "0.1"),
    "numpy text": (np.str_("a"), '"a"'),
    "numpy array": (np.array([[1, 2], [3, 4]]), "[[1,2],[3,4]]"),
    "numpy empty array": (np.array([]), "[]"),
    "numpy array without dimension": (np.array(5), "5"),
    "numpy bool array": (np.array([True, False]), "[true,false]"),
    "numpy text array": (np.array(["a", "bc"]), '["a","bc"]'),
    "numpy object array": (object_array(Decimal("1.10"), MOMENT.date(), None), '[1.10,"2026-01-31",null]'),
    "numpy strided array": (np.arange(6)[::2], "[0,2,4]"),
    "masked array without a mask": (np.ma.array([1, 2]), "[1,2]"),
    "pandas timestamp": (pd.Timestamp("2026-01-31T09:30:00.000001", tz="UTC"), '"2026-01-31T09:30:00.000001+00:00"'),
    "pandas nanoseconds": (
        pd.Timestamp("2026-01-31T09:30:00.123456789+02:00"),
        '"2026-01-31T09:30:00.123456789+02:00"',
    ),
    "arrow int": (pa.scalar(5), "5"),
    "arrow text": (pa.scalar("a"), '"a"'),
    "arrow null": (pa.scalar(None), "null"),
    "arrow null of a type": (pa.scalar(None, pa.float64()), "null"),
    "arrow decimal": (pa.scalar(Decimal("1.50")), "1.50"),
    "arrow date": (pa.scalar(date(2026, 1, 31)), '"2026-01-31"'),
    "arrow timestamp": (pa.scalar(MOMENT, pa.timestamp("us", tz="UTC")), '"2026-01-31T09:30:00.123456+00:00"'),
    "arrow struct": (pa.scalar({"a": [1, None], "b": Decimal("2.0")}), '{"a":[1,null],"b":2.0}'),
    "arrow dictionary": (pa.array(["x"]).dictionary_encode()[0], '"x"'),
}

MISSING = {
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "float subclass": Real("nan"),
    "enum": Colour.UNKNOWN,
    "decimal nan": Decimal("NaN"),
    "decimal signalling nan": Decimal("sNaN"),
    "decimal infinity": Decimal("-Infinity"),
    "numpy nan": np.float64("nan"),
    "numpy float32 inf": np.float32("inf"),
    "numpy NaT": np.datetime64("NaT"),
    "numpy duration NaT": np.timedelta64("NaT"),
    "numpy masked": np.ma.masked,
    "numpy array without dimension": np.array(math.nan),
    "pandas NaT": pd.NaT,
    "pandas NA": pd.NA,
    "arrow nan": pa.scalar(math.nan),
}

REFUSED = {
    "naive datetime": (datetime(2026, 1, 31), "datetime.datetime has no time zone"),
    "datetime of an unknown offset": (datetime(2026, 1, 31, tzinfo=Zone()), "has no time zone"),
    "datetime of a broken zone": (datetime(2026, 1, 31, tzinfo=BrokenZone()), r"could not be converted \(KeyError\)"),
    "time of a moving zone": (time(9, tzinfo=BERLIN), "pass an aware datetime"),
    "naive enum": (Colour.NAIVE, "has no time zone"),
    "naive pandas timestamp": (pd.Timestamp("2026-01-31"), r"Timestamp has no time zone"),
    "numpy datetime": (np.datetime64("2026-01-31T09:30"), "numpy.datetime64 has no time zone"),
    "naive arrow timestamp": (pa.scalar(datetime(2026, 1, 31)), "has no time zone"),
    "duration": (timedelta(seconds=MARK), "pass seconds as a number"),
    "pandas duration": (pd.Timedelta(MARK, "s"), "pass seconds as a number"),
    "numpy duration": (np.timedelta64(MARK, "ns"), "pass seconds as a number"),
    "arrow duration": (pa.scalar(timedelta(seconds=MARK)), "pass seconds as a number"),
    "bytes": (b"987654321", "bytes is not text; decode or base64-encode it first"),
    "bytearray": (bytearray(b"987654321"), "bytearray is not text"),
    "memoryview": (memoryview(b"987654321"), "memoryview is not text"),
    "numpy bytes": (np.bytes_(b"987654321"), "is not text"),
    "arrow bytes": (pa.scalar(b"987654321"), "is not text"),
    "set": ({MARK}, "set has no order; pass a sorted list"),
    "frozenset": (frozenset({MARK}), "frozenset has no order; pass a sorted list"),
    "named tuple": (Pair(MARK, 1), "_asdict"),
    "row of Spark": (SparkLike((MARK, 1)), "could be an array or an object"),
    "lone surrogate": ("987654321\ud800", "str has a lone surrogate"),
    "lone surrogate in a subclass": (Text("\udfff987654321"), "Text has a lone surrogate"),
    "int of too many digits": (10**5000, "int is a number beyond about 1.8e308"),
    "int beyond float": (-(10**400), "int is a number beyond"),
    "int subclass of too many digits": (Whole(10**5000), "Whole is a number beyond"),
    "decimal beyond float": (Decimal("1e400"), "decimal.Decimal is a number beyond"),
    "complex": (complex(MARK, 1), "complex has no JSON form"),
    "fraction": (Fraction(MARK, 7), "fractions.Fraction has no JSON form"),
    "object": (Unhelpful(), "Unhelpful has no JSON form"),
    "class": (Item, "type has no JSON form"),
    "function": (object_array, "function has no JSON form"),
    "generator": ((each for each in [MARK]), "generator has no JSON form"),
    "broken mapping": (BrokenMapping(a=1), r"BrokenMapping could not be converted \(KeyError\)"),
    "numpy longdouble": (np.longdouble(MARK), "longdouble has no JSON form"),
    "numpy record": (np.array([(MARK, 2)], dtype=[("a", int), ("b", int)])[0], "void has no JSON form"),
    "pandas series": (pd.Series([MARK]), "Series has no JSON form"),
    "pandas period": (pd.Period("2026-01", "M"), "Period has no JSON form"),
}

# Each place a value may stand in, with the path that an error gives it.
PLACES = {
    "top": (lambda value: value, None),
    "list": (lambda value: [1, value], "[1]"),
    "tuple": (lambda value: (value,), "[0]"),
    "dict": (lambda value: {"a": 1, "price": value}, "price"),
    "deep": (
        lambda value: {"properties": {"products": [{}, {}, {}, {"price": value}]}},
        "properties.products[3].price",
    ),
    "mapping": (lambda value: {"a": MappingProxyType({"b": [[value]]})}, "a.b[0][0]"),
    "dataclass": (lambda value: [Item("s", value)], "[0].price"),
    "numpy array": (lambda value: {"a": object_array(1, value)}, "a[1]"),
}
