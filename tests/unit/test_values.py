"""What every kind of Python, numpy, pandas and Arrow value becomes in JSON, and how the rest is refused."""

from __future__ import annotations

import enum
import math
import pickle
import subprocess
import sys
from types import MappingProxyType
from uuid import UUID

import numpy as np
import orjson
import pandas as pd
import pytest

from ciokit.errors import ValidationError
from ciokit.values import decode, encode
from tests.unit.value_cases import (
    MARK,
    MISSING,
    MOMENT,
    PLACES,
    REFUSED,
    WRITTEN,
    Colour,
    Item,
    Level,
    Plan,
    Tagged,
    Text,
)


def _nested(levels, leaf=1, wrap=lambda inner: [inner]):
    for _ in range(levels):
        leaf = wrap(leaf)
    return leaf


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("case", WRITTEN)
def test_written(case, place):
    """Every accepted type has one exact JSON form, wherever it stands."""
    value, expected = WRITTEN[case]
    wrap, _ = PLACES[place]
    marked = encode(wrap("MARK")).decode()
    assert encode(wrap(value)).decode() == marked.replace('"MARK"', expected)


@pytest.mark.parametrize("missing", ["null", "omit", "error"])
@pytest.mark.parametrize("case", WRITTEN)
def test_slow_walk_agrees(case, missing):
    """A neighbour that forces the slow walk (an integer beyond 64 bits) changes nothing, whatever the policy."""
    value, expected = WRITTEN[case]
    walked = encode({"value": value, "wide": 2**64, "none": None}, missing=missing)
    assert walked.decode() == f'{{"value":{expected},"wide":18446744073709551616,"none":null}}'


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("case", MISSING)
def test_missing_null(case, place):
    """By default a missing value is written as null, on the fast path and on the slow one."""
    wrap, _ = PLACES[place]
    assert encode(wrap(MISSING[case])) == encode(wrap(None))
    assert encode([wrap(MISSING[case]), 2**64]) == encode([wrap(None), 2**64])


@pytest.mark.parametrize("case", MISSING)
def test_missing_omit(case):
    """`omit` leaves out the key in an object; in an array and at the top it writes null."""
    value = MISSING[case]
    row = {"a": value, "b": [1, value, {"c": value}], "d": None, "e": Item("s", value)}
    assert encode(row, missing="omit") == b'{"b":[1,null,{}],"d":null,"e":{"sku":"s","_hidden":7}}'
    assert encode(value, missing="omit") == b"null"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("case", MISSING)
def test_missing_error(case, place):
    """`error` refuses a missing value and names its path and its type."""
    wrap, path = PLACES[place]
    with pytest.raises(ValidationError, match="is a missing value") as caught:
        encode(wrap(MISSING[case]), missing="error")
    assert caught.value.field == path


@pytest.mark.parametrize("missing", ["null", "omit", "error"])
def test_none_is_no_missing_value(missing):
    """`None` is written as null under every policy."""
    assert encode({"a": None, "b": [None]}, missing=missing) == b'{"a":null,"b":[null]}'


@pytest.mark.parametrize("missing", ["omit", "error"])
def test_nothing_missing(missing):
    """Without a missing value all policies write the same, the word null in a text included."""
    row = {"a": "null", "b": [1.5, "x"], "c": MOMENT}
    assert encode(row, missing=missing) == encode(row)


@pytest.mark.parametrize("value", [{}, {"a": math.nan}, {"a": 2**64}, {"a": b""}])
def test_unknown_policy(value):
    """A policy that does not exist is refused, whatever the value."""
    with pytest.raises(ValidationError, match="null, omit, error") as caught:
        encode(value, missing="drop")
    assert caught.value.field == "missing"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("case", REFUSED)
def test_refused(case, place):
    """Every refused type is named with its path and the fix, never with its value."""
    value, match = REFUSED[case]
    wrap, path = PLACES[place]
    with pytest.raises(ValidationError, match=match) as caught:
        encode(wrap(value))
    assert caught.value.field == path
    assert str(MARK) not in str(caught.value)
    assert caught.value.__cause__ is None
    assert pickle.loads(pickle.dumps(caught.value)).field == path


@pytest.mark.parametrize(
    ("array", "match"),
    [
        (np.array(["2026-01-31"], dtype="datetime64[ns]"), "numpy.datetime64 has no time zone"),
        (np.array([MARK], dtype="timedelta64[ns]"), "pass seconds as a number"),
        (np.array([b"987654321"]), "is not text"),
        (np.array([complex(MARK, 1)]), "complex has no JSON form"),
        (np.array([(MARK, 2)], dtype=[("a", int), ("b", int)]), "void has no JSON form"),
        (np.array([MARK], dtype=np.longdouble), "longdouble has no JSON form"),
    ],
    ids=["times", "durations", "bytes", "complex", "records", "longdouble"],
)
def test_refused_arrays(array, match):
    """The elements of an array are held to the rules of its scalars: nanoseconds never pass as bare integers."""
    with pytest.raises(ValidationError, match=match) as caught:
        encode({"a": array})
    assert caught.value.field == "a[0]"
    assert str(MARK) not in str(caught.value)


def test_missing_elements_of_arrays():
    """NaN, NaT and masked elements of an array become null in their place."""
    assert encode(np.array([1.0, math.nan])) == b"[1.0,null]"
    assert encode(np.array(["NaT"], dtype="datetime64[ns]")) == b"[null]"
    assert encode(np.ma.array([[1, 2], [3, 4]], mask=[[False, True], [False, False]])) == b"[[1,null],[3,4]]"
    with pytest.raises(ValidationError) as caught:
        encode(np.ma.array([1, 2], mask=[False, True]), missing="error")
    assert caught.value.field == "[1]"


def test_rows_of_a_frame():
    """A pandas row with a missing number and a missing time is written without any preparation."""
    frame = pd.DataFrame(
        {
            "id": ["a", "b"],
            "total": [1.5, None],
            "at": pd.to_datetime(["2026-01-31T09:30:00Z", None]),
        }
    )
    whole, sparse = frame.to_dict("records")
    assert encode(whole) == b'{"id":"a","total":1.5,"at":"2026-01-31T09:30:00+00:00"}'
    assert encode(sparse) == b'{"id":"b","total":null,"at":null}'
    assert encode(sparse, missing="omit") == b'{"id":"b"}'


@pytest.mark.parametrize(
    ("value", "path", "match"),
    [
        ({1: "x"}, None, "dict has a key of type int; keys are strings"),
        ({"a": [{None: 1}]}, "a[0]", "key of type NoneType"),
        ({"a": {MOMENT: 1}}, "a", "key of type datetime.datetime"),
        ({"a": {UUID(int=MARK): 1}}, "a", "key of type uuid.UUID"),
        ({("987654321", 1): 1}, None, "key of type tuple"),
        ({Level.HIGH: 1}, None, "key of type .*Level"),
        ({b"987654321": 1}, None, "key of type bytes"),
        ({np.int64(MARK): 1}, None, "key of type numpy.int64"),
        ({"a": {"\ud800": 1}}, "a", "key of type str has a lone surrogate"),
        (MappingProxyType({1: "x"}), None, "key of type int"),
    ],
)
def test_refused_keys(value, path, match):
    """A key that is not text is refused with its type and the path of the object that holds it, not its value."""
    with pytest.raises(ValidationError, match=match) as caught:
        encode(value)
    assert caught.value.field == path
    assert str(MARK) not in str(caught.value)


@pytest.mark.parametrize("key", [Text("gold"), Plan.GOLD, np.str_("gold"), enum.Enum("E", {"A": "gold"}).A])
def test_keys_that_are_text(key):
    """Subclasses of str and members of enums of text are keys by their text."""
    assert encode({key: 1}) == b'{"gold":1}'


def test_keys_by_their_text_in_a_mixed_enum():
    """A str enum is its text as a key too, even if its value differs."""
    assert encode({Tagged.ONE: 1}) == b'{"one":1}'


def test_keys_that_meet():
    """Two keys that would be written alike are refused: neither may be lost."""
    with pytest.raises(ValidationError, match="two keys that are both written 'red'") as caught:
        encode({"a": {Colour.RED: 1, "red": 2}})
    assert caught.value.field == "a"


@pytest.mark.parametrize("missing", ["null", "omit", "error"])
@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: [inner],
        lambda inner: {"a": inner},
        lambda inner: (inner,),
        lambda inner: MappingProxyType({"a": inner}),
    ],
    ids=["list", "dict", "tuple", "mapping"],
)
def test_depth(wrap, missing):
    """254 levels are written, on the slow walk too; the 255th is refused with its path."""
    assert encode(_nested(254, 1, wrap), missing=missing).count(b"1") == 1
    assert encode(_nested(254, 2**64, wrap), missing=missing).count(b"18446744073709551616") == 1
    with pytest.raises(ValidationError, match="at most 254 levels") as caught:
        encode(_nested(255, 1, wrap), field="traits", missing=missing)
    assert caught.value.field.startswith("traits")
    assert len(caught.value.field) >= len("traits") + 254 * 2


def test_depth_far_beyond():
    """Nesting beyond Python's own stack is refused like any other."""
    with pytest.raises(ValidationError, match="at most 254 levels"):
        encode(_nested(100_000))


def test_short_stack():
    """With hardly any of Python's stack left the refusal is still a ValidationError."""
    value = _nested(200, 2**64)
    before = sys.getrecursionlimit()
    depth = len(_frames())
    sys.setrecursionlimit(depth + 60)
    try:
        with pytest.raises(ValidationError, match="nested too deeply"):
            encode(value)
    finally:
        sys.setrecursionlimit(before)


def _frames():
    frame, found = sys._getframe(), []
    while frame:
        found.append(frame)
        frame = frame.f_back
    return found


def _cyclic_list():
    value = [1]
    value.append(value)
    return value


def _cyclic_dict():
    value = {"a": {"b": [0]}}
    value["a"]["b"].append(value)
    return value


def _cyclic_mapping():
    inner = {}
    inner["a"] = MappingProxyType(inner)
    return inner


def _cyclic_dataclass():
    item = Item("s", None)
    item.price = [item]
    return item


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (_cyclic_list(), "x[1]"),
        (_cyclic_dict(), "x.a.b[1]"),
        (_cyclic_mapping(), "x.a.a"),
        (_cyclic_dataclass(), "x.price[0]"),
    ],
    ids=["list", "dict", "mapping", "dataclass"],
)
def test_recursive(value, path):
    """A value that contains itself is refused at the place where it meets itself."""
    with pytest.raises(ValidationError, match="contains itself") as caught:
        encode(value, field="x")
    assert caught.value.field == path


def test_recursive_through_a_tuple():
    """A tuple in the cycle, wherever it stands, changes nothing: there are codecs whose stack it would overrun."""
    program = (
        "from ciokit.errors import ValidationError\n"
        "from ciokit.values import encode\n"
        "cycle = []\n"
        "cycle.append((cycle,))\n"
        "deep = ()\n"
        "for _ in range(20_000): deep = (deep,)\n"
        "for value in (cycle, (cycle,), {'a': cycle}, deep, [deep]):\n"
        "    try: encode(value)\n"
        "    except ValidationError: continue\n"
        "    raise SystemExit('written')\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_array_that_is_its_own_element():
    """Even an array without dimension whose one element is itself comes to an end."""
    array = np.array(None, dtype=object)
    array[()] = array
    with pytest.raises(ValidationError):
        encode(array)


def test_shared_is_not_recursive():
    """The same object in two places is written twice."""
    shared = {"a": 2**64}
    assert encode([shared, shared]) == b'[{"a":18446744073709551616},{"a":18446744073709551616}]'


@pytest.mark.parametrize(
    ("value", "field", "path"),
    [
        ({"price": b""}, "traits", "traits.price"),
        ([b""], "batch", "batch[0]"),
        (b"", "traits", "traits"),
        ({"first name": b""}, "traits", "traits['first name']"),
        ({"a.b": b""}, "", "['a.b']"),
        ({"größe": b""}, "", "größe"),
        ({"": [b""]}, "traits", "traits[''][0]"),
    ],
)
def test_path(value, field, path):
    """A path starts with the caller's name for the value and quotes keys that are no plain names."""
    with pytest.raises(ValidationError) as caught:
        encode(value, field=field)
    assert caught.value.field == path
    assert str(caught.value).startswith(f"`{path}`: bytes is not text")


def test_broken_fragment():
    """A fragment of ready JSON that is no text is refused as well."""
    with pytest.raises(ValidationError, match=r"orjson.Fragment that is not text") as caught:
        encode({"a": orjson.Fragment(MARK)}, field="traits")
    assert caught.value.field == "traits"
    assert encode([orjson.Fragment(b"1.50"), 2**64]) == b"[1.50,18446744073709551616]"


def test_engines_are_not_imported():
    """Importing and using the module imports none of numpy, pandas and pyarrow."""
    program = (
        "import sys\n"
        "from decimal import Decimal\n"
        "from ciokit.values import encode\n"
        "encode({'a': Decimal('1.0'), 'b': 2**70})\n"
        "assert not {'numpy', 'pandas', 'pyarrow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30)


def test_decode():
    """Any JSON document is read."""
    assert decode(b'{"a":[1,2.5,null,true,"x"]}') == {"a": [1, 2.5, None, True, "x"]}


@pytest.mark.parametrize("data", [b"", b"{", b'{"a":987654321,}', b"NaN", b"\xff", b"[" * 5000])
def test_decode_refused(data):
    """What is not JSON is refused with the position; neither the error nor its context holds the content."""
    with pytest.raises(ValidationError, match=r"line \d+, column \d+") as caught:
        decode(data)
    assert str(MARK) not in str(caught.value)
    assert caught.value.__context__ is None
