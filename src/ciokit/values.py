"""The one policy by which Python, numpy, pandas and Arrow values become JSON; every writer of requests uses it.

| value                                         | JSON                                                                 |
|-----------------------------------------------|----------------------------------------------------------------------|
| `None`, `str`, `bool`, `float`, `dict`, `list`| themselves                                                           |
| `int`, `Decimal`                              | number with every digit, also beyond 64 bits, up to about 1.8e308    |
| `tuple`, other mappings, dataclasses          | array, object, object with every field                               |
| `date`, `time`, aware `datetime`, `Timestamp` | `isoformat()`: offset and nanoseconds kept, UTC as `+00:00`          |
| `UUID`, enum members                          | string; the member's value (a `str` or `int` enum: its text, number) |
| numpy and Arrow scalars, numpy arrays         | what `.item()`, `.as_py()` and the elements become                   |
| NaN, infinity, `NaT`, `NA`, masked entries    | missing, see `encode`                                                |

Refused, with the path of the field: datetimes without a zone (`numpy.datetime64` never has one), durations, bytes,
sets, named tuples (array or object? only the caller knows), keys that are not strings, two keys spelt alike, lone
surrogates, numbers beyond the range of floats, what contains itself, nesting beyond 254 levels, and every other type.

numpy, pandas and pyarrow are told by the names of their types and never imported here.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from operator import attrgetter, methodcaller
from typing import Any, Final, Literal, NoReturn, cast, get_args
from uuid import UUID

import orjson

from ciokit.errors import ValidationError
from ciokit.iso8601 import fault, is_moment

Missing = Literal["null", "omit", "error"]
_POLICIES: Final[tuple[str, ...]] = get_args(Missing)

# Dataclasses pass through because orjson would silently leave out fields that begin with an underscore.
_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
_MAX_DEPTH: Final = 254  # orjson refuses the 255th open container
_MIN_INT: Final = -(2**63)  # the integers orjson writes by itself
_MAX_INT: Final = 2**64 - 1
_ABSENT: Final = object()
_FINISHED: Final = cast("tuple[type, ...]", (type(None), bool, dict, list, orjson.Fragment))
_TOO_LARGE: Final = "is a number beyond about 1.8e308, which no reader of JSON takes; pass it as a string"
_TOO_DEEP: Final = f"is nested too deeply: at most {_MAX_DEPTH} levels can be written; flatten it"


def encode(value: object, missing: Missing = "null", field: str = "") -> bytes:
    """Write a value as JSON, exactly or not at all.

    Args:
        value: any value of the module's table.
        missing: what becomes of NaN, infinity, `NaT`, `NA` and masked entries. `null` writes null. `omit` leaves out
            the key that holds one, and writes null in an array (so that positions stay) and at the top. `error`
            refuses. `None` is a value, not a missing one: it is null under all three.
        field: what the value is called in errors, put before the path inside it.

    Raises:
        ValidationError: something cannot be written; `.field` is its path, such as `properties.products[3].price`.
            The message holds types and names of fields, never a value.
    """
    if missing != "null" and missing not in _POLICIES:
        raise ValidationError(f"pass one of {', '.join(_POLICIES)}", field="missing")
    try:
        data = orjson.dumps(value, _hook, _OPTIONS)
    except (TypeError, RecursionError):
        return _encode_exactly(value, missing, field)
    # What is missing has become null by now: without a null nothing was, and the slow walk is spared.
    return data if missing == "null" or b"null" not in data else _encode_exactly(value, missing, field)


def decode(data: bytes) -> Any:
    """Read JSON. Numbers come back as int or float; integers beyond 64 bits and long decimals are rounded to float.

    Raises:
        ValidationError: the bytes are not JSON; the message gives the position, never the content.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
    # Raised out here so that the decoder's error, which carries the whole document, is not kept as context.
    raise ValidationError(f"not valid JSON at {place}")


def timestamp(value: object, *, field: str = "timestamp") -> str:
    """Write a message time as ISO 8601 in UTC.

    Args:
        value: an aware datetime (also a `pandas.Timestamp` or Arrow timestamp with a zone), which becomes UTC ending
            in `Z` with every digit it has; or text such as `2026-01-31T09:30:00+01:00`, checked and returned as it is.
        field: what the value is called in errors.

    Raises:
        ValidationError: no zone, no time of day, a missing value, or a number: milliseconds read as seconds are a date
            far in the future, so the unit of a number is never guessed.
    """
    try:
        return _timestamp(value)
    except _RefusedError as refusal:
        reason = str(refusal)
    raise ValidationError(reason, field=field or None)


class _RefusedError(Exception):
    """Why a value cannot be written; on its way out it collects the path, innermost step first."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.steps: list[str | int] = []


def _name(value: object) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


# --- the policy: one rule per type that orjson does not write by itself -----------------------------------------------

_Rule = Callable[[Any], object]


def _refuse(advice: str) -> Callable[[Any], NoReturn]:
    def rule(value: object) -> NoReturn:
        raise _RefusedError(f"{_name(value)} {advice}")

    return rule


_absent: _Rule = lambda _: _ABSENT  # noqa: E731 - the least of the rules
_naive = _refuse("has no time zone, so the moment is ambiguous; attach the zone it was taken in, such as tzinfo=UTC")
_duration = _refuse("has no JSON form; pass seconds as a number, such as value.total_seconds()")
_unknown = _refuse("has no JSON form; pass a dict, list, str, number, bool, None, date or aware datetime")


def _datetime(value: datetime) -> object:
    if type(value) is datetime and value.tzinfo is UTC:
        return orjson.Fragment(orjson.dumps(value))  # what isoformat writes, in a fifth of its time
    return value.isoformat() if value.utcoffset() is not None else _naive(value)


def _time(value: time) -> object:
    if value.tzinfo is not None and value.utcoffset() is None:  # isoformat would drop such a zone without a word
        raise _RefusedError(f"{_name(value)} has a zone whose offset depends on the day; pass an aware datetime")
    return value.isoformat()


def _decimal(value: Decimal) -> object:
    # str of a finite Decimal is always a JSON number: a leading digit, and E with a sign if there is an exponent.
    if not value.is_finite():
        return _ABSENT
    if math.isinf(float(value)):
        raise _RefusedError(f"{_name(value)} {_TOO_LARGE}")
    return orjson.Fragment(Decimal.__str__(value))


def _tuple(value: tuple[object, ...]) -> object:
    if hasattr(value, "_fields") or hasattr(value, "__fields__"):  # named tuples; rows of Spark
        raise _RefusedError(f"{_name(value)} could be an array or an object; pass a list, or a dict such as _asdict()")
    return list(value)


def _dataclass(value: Any) -> object:
    return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}


def _numpy_scalar(value: Any) -> object:
    plain: object = value.item()
    return plain if type(plain) is not type(value) else _unknown(value)  # longdouble has no plain twin


def _numpy_array(value: Any) -> object:
    if value.ndim == 0:
        return value[()]
    # tolist would turn nanosecond times and durations into bare integers, and masked entries into None.
    return list(value) if value.dtype.kind in "mMV" or hasattr(value, "mask") else value.tolist()


def _unless_nat(rule: _Rule) -> _Rule:
    return lambda value: rule(value) if value == value else _ABSENT  # noqa: PLR0124 - NaT alone differs from itself


_numpy_time = _unless_nat(_naive)
_arrow_scalar = methodcaller("as_py")
_FOREIGN: Final[frozenset[_Rule]] = frozenset({_absent, _numpy_scalar, _numpy_time, _arrow_scalar})

_RULES: Final[dict[type | tuple[str, str], _Rule]] = {
    datetime: _datetime,
    date: date.isoformat,
    time: _time,
    timedelta: _duration,
    Decimal: _decimal,
    UUID: str,
    Enum: attrgetter("value"),
    tuple: _tuple,
    float: float,
    **dict.fromkeys((bytes, bytearray, memoryview), _refuse("is not text; decode or base64-encode it first")),
    **dict.fromkeys((set, frozenset), _refuse("has no order; pass a sorted list")),
    # By package and class: the modules in between move from one release to the next.
    ("pandas", "NaTType"): _absent,
    ("pandas", "NAType"): _absent,
    ("numpy", "MaskedConstant"): _absent,
    ("numpy", "ndarray"): _numpy_array,
    ("numpy", "datetime64"): _numpy_time,
    ("numpy", "timedelta64"): _unless_nat(_duration),
    ("numpy", "void"): _unknown,  # .item() would drop the names of a record's fields
    ("numpy", "generic"): _numpy_scalar,
    ("pyarrow", "Scalar"): _arrow_scalar,
}


def _find_rule(kind: type) -> _Rule:
    for base in kind.__mro__:  # the nearest base decides: NaT is also a datetime, numpy.float64 also a float
        rule = _RULES.get(base) or _RULES.get((base.__module__.partition(".")[0], base.__name__))
        if rule is not None:
            return rule
    if dataclasses.is_dataclass(kind):
        return _dataclass
    return dict if issubclass(kind, Mapping) else _unknown


_rule: Final[Callable[[type], _Rule]] = lru_cache(maxsize=1024)(_find_rule)


def _plain(value: object) -> object:
    """Apply the rule of the value's type once: the result is plainer, or `_ABSENT`."""
    try:
        return _rule(type(value))(value)
    except (_RefusedError, RecursionError):
        raise
    except Exception as error:  # noqa: BLE001 - conversions are other people's code: they may raise anything
        reason = f"{_name(value)} could not be converted ({type(error).__name__}); pass a plain Python value"
    raise _RefusedError(reason)


def _hook(value: object) -> object:
    """Turn what orjson cannot write into something it can, or raise (the walk then finds the path)."""
    plain = _plain(value)
    return None if plain is _ABSENT else plain


# --- the slow walk: for what orjson cannot write by itself, and to say where a value is wrong -------------------------


def _encode_exactly(value: object, missing: Missing, field: str) -> bytes:
    steps: list[str | int] = []
    try:
        plain = _walk(value, missing, set())
        return orjson.dumps(None if plain is _ABSENT else plain, option=_OPTIONS)
    except _RefusedError as refusal:
        reason, steps = str(refusal), refusal.steps
    except RecursionError:
        reason = f"{_name(value)} {_TOO_DEEP}"
    except TypeError:  # only a Fragment of the caller's can still fail
        reason = f"{_name(value)} holds an orjson.Fragment that is not text"
    raise ValidationError(reason, field=_path(field, steps) or None)


def _path(field: str, steps: list[str | int]) -> str:
    path = field
    for step in reversed(steps):
        if isinstance(step, str) and step.isidentifier():
            path += f".{step}" if path else step
        else:
            path += f"[{step!r}]"
    return path


def _walk(value: object, missing: Missing, above: set[int]) -> object:
    """Leave only what orjson writes exactly; `above` holds the ids of the containers around the value."""
    # One frame per level, so that the deepest value orjson can write fits into Python's default stack.
    plain = _reduced(value)
    if plain is _ABSENT and missing == "error":
        raise _RefusedError(f'{_name(value)} is a missing value; fill it in, or choose missing="null" or "omit"')
    if isinstance(plain, dict):
        pairs: Iterable[tuple[str | int, object]] = _named(cast("dict[object, object]", plain)).items()
    elif isinstance(plain, list):
        pairs = enumerate(cast("list[object]", plain))
    else:
        return plain
    if id(value) in above:
        raise _RefusedError(f"{_name(value)} contains itself; break the cycle")
    if len(above) == _MAX_DEPTH:
        raise _RefusedError(f"{_name(value)} {_TOO_DEEP}")
    above.add(id(value))
    walked: list[tuple[str | int, object]] = []
    for step, item in pairs:
        try:
            walked.append((step, item if type(item) is str and item.isascii() else _walk(item, missing, above)))
        except _RefusedError as refusal:
            refusal.steps.append(step)
            raise
    above.discard(id(value))
    if isinstance(plain, list):
        return [None if item is _ABSENT else item for _, item in walked]
    return {key: None if item is _ABSENT else item for key, item in walked if item is not _ABSENT or missing != "omit"}


def _reduced(value: object) -> object:
    """Apply rules until a dict, a list, `_ABSENT`, or a value that orjson writes as it is."""
    for _ in range(_MAX_DEPTH):
        if isinstance(value, str):
            return _text(value)
        if value is _ABSENT or isinstance(value, _FINISHED):
            return value
        if isinstance(value, int):
            return _integer(value)
        if type(value) is float:
            return value if math.isfinite(value) else _ABSENT
        value = _plain(value)
    raise _RefusedError(f"{_name(value)} {_TOO_DEEP}")


def _text(value: str, what: str = "") -> str:
    try:
        if not value.isascii():
            value.encode()
    except UnicodeEncodeError:
        reason = "has a lone surrogate, which UTF-8 cannot hold; decode its source with the right encoding"
        raise _RefusedError(f"{what}{_name(value)} {reason}") from None
    return value


def _integer(value: int) -> object:
    if _MIN_INT <= value <= _MAX_INT:
        return value
    try:
        float(value)
    except OverflowError:
        raise _RefusedError(f"{_name(value)} {_TOO_LARGE}") from None
    return orjson.Fragment(int.__repr__(value))


def _named(plain: dict[object, object]) -> dict[str, object]:
    named: dict[str, object] = {}
    for key, item in dict[object, object].items(plain):
        name = key if isinstance(key, str) or not isinstance(key, Enum) else key.value
        if not isinstance(name, str):
            raise _RefusedError(f"{_name(plain)} has a key of type {_name(key)}; keys are strings, convert it first")
        name = str.__str__(_text(name, "key of type "))
        if name in named:
            raise _RefusedError(f"{_name(plain)} has two keys that are both written {name!r}; rename one")
        named[name] = item
    return named


# --- message times ----------------------------------------------------------------------------------------------------

_UNITS: Final = (
    (1e8, "seconds", "value"),
    (1e11, "milliseconds", "value / 1000"),
    (1e14, "microseconds", "value / 1_000_000"),
    (1e17, "nanoseconds", "value / 1_000_000_000"),
)
_WANTED: Final = "pass an aware datetime, or ISO 8601 text with a zone such as 2026-01-31T09:30:00Z"


def _timestamp(value: object) -> str:
    if _rule(type(value)) in _FOREIGN:
        value = _plain(value)
    if isinstance(value, str):
        text = str.__str__(value)
        if is_moment(text):
            return text
        raise _RefusedError(f"{_name(value)} {fault(text)}; {_WANTED}")
    if value is None or value is _ABSENT:
        raise _RefusedError(f"the time is missing; {_WANTED}")
    if isinstance(value, datetime):
        return _utc(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        raise _RefusedError(_number(value))
    advice = "has no time of day" if isinstance(value, date) else "is not a time"
    raise _RefusedError(f"{_name(value)} {advice}; {_WANTED}")


def _utc(value: datetime) -> str:
    try:
        moment = value.astimezone(UTC) if value.utcoffset() is not None else _naive(value)
    except _RefusedError:
        raise
    except Exception:  # noqa: BLE001 - the calendar ends, pandas has its own bounds, zones are other people's code
        raise _RefusedError(f"{_name(value)} cannot be expressed in UTC; {_WANTED}") from None
    text = orjson.dumps(moment)[1:-1].decode() if type(moment) is datetime else moment.isoformat()
    return text.removesuffix("+00:00") + "Z"


def _number(value: float | Decimal) -> str:
    size = 0.0 if isinstance(value, Decimal) else abs(value)
    for least, unit, seconds in _UNITS:
        if least <= size < least * 1000:
            fix = f"datetime.fromtimestamp({seconds}, tz=UTC)"
            return f"{_name(value)} looks like {unit}; pass an aware datetime such as {fix}"
    return f"{_name(value)} is not a time; {_WANTED}"
