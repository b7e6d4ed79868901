"""JSON as somebody typed it, with every digit of its numbers: it is written again before it leaves."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any, NoReturn

from ciokit.errors import ValidationError


def decode(data: bytes) -> Any:
    """Read JSON that is to be written again: a number that a float would round comes back as int or Decimal.

    Raises:
        ValidationError: the bytes are not JSON; the message gives the position, never the content.
    """
    try:
        return json.loads(data.decode(), parse_float=_float, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        place = f"byte {error.start}"
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
    except (ValueError, RecursionError):  # thousands of digits or levels, or NaN
        place = "a number or nesting that cannot be read"
    raise ValidationError(f"not valid JSON at {place}")


def _float(digits: str) -> float | Decimal:
    rounded, exact = float(digits), Decimal(digits)
    return rounded if math.isfinite(rounded) and Decimal(repr(rounded)) == exact else exact


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
