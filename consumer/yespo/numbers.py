"""Numbers as the vendor reads them: no exponent, no binary noise, nothing that JSON cannot say.

Every number is cut to 5 decimals, the finest step that JSON writers print without an exponent;
prices have two. Whole numbers lose their `.0`, so that 45, 45.0 and Decimal("45.00") are one body.
"""

import math
from decimal import ROUND_HALF_EVEN, Decimal, DecimalException
from typing import Any

from pydantic_core import PydanticCustomError

DECIMALS = 5
LIMIT = 10**15
"""Above this, 15 significant digits no longer hold two decimals, and floats print exponents."""

_STEP = Decimal(1).scaleb(-DECIMALS)
_EXACT = 10**9


def plain_number(value: Any) -> int | float:
    """An int or float that `orjson` writes plainly, from int, float or Decimal (never bool)."""
    kind = type(value)
    if kind is int:
        if -LIMIT < value < LIMIT:
            return int(value)
    elif kind is float:
        if -_EXACT < value < _EXACT:
            cut = round(value, DECIMALS)
        else:
            cut = float(f"{value:.15g}")
            if not -LIMIT < cut < LIMIT:  # looked at last: rounding may reach it
                raise _out_of_range(value)
        whole = int(cut)
        return whole if whole == cut else cut
    elif kind is Decimal:
        if not value.is_finite():
            raise _not_finite()
        if -LIMIT < value < LIMIT:
            return plain_number(float(value))
    else:
        raise PydanticCustomError("type", "takes a number")
    raise _out_of_range(value)


def plain_amount(value: Any) -> int | float:
    """A `plain_number` that is not negative: a price, a discount, a quantity."""
    number = plain_number(value)
    if number < 0:
        raise PydanticCustomError("range", "may not be negative")
    return number


def plain_text(value: Any) -> str:
    """The number as text: a Decimal keeps its own scale (`341.80`), the rest is shortest."""
    if type(value) is Decimal and value.is_finite() and -LIMIT < value < LIMIT:
        exponent = value.as_tuple().exponent
        try:
            if isinstance(exponent, int) and exponent < -DECIMALS:
                value = value.quantize(_STEP, ROUND_HALF_EVEN).normalize()
        except DecimalException:
            raise _out_of_range(value) from None
        return f"{value if value else abs(value):f}"  # there is no price of -0
    number = plain_number(value)
    if type(number) is int:
        return str(number)
    return f"{number:.{DECIMALS}f}".rstrip("0")


def _out_of_range(value: Any) -> PydanticCustomError:
    if isinstance(value, float) and not math.isfinite(value):
        return _not_finite()
    return PydanticCustomError("range", "is too large a number")


def _not_finite() -> PydanticCustomError:
    return PydanticCustomError("number", "is not a finite number")


def plain_json(value: Any, depth: int = 0) -> Any:
    """Any JSON value with its numbers made plain; raises for what JSON cannot say."""
    kind = type(value)
    if kind is str:
        check_unicode(value)
        return value
    if kind is bool:
        return value
    if kind is list or kind is tuple:
        _check_depth(depth)
        return [plain_json(item, depth + 1) for item in value]
    if kind is dict:
        _check_depth(depth)
        for name in value:
            if type(name) is not str:
                raise PydanticCustomError("type", "takes objects whose names are text")
            check_unicode(name)
        return {name: plain_json(item, depth + 1) for name, item in value.items()}
    return plain_number(value)


def check_unicode(value: str) -> None:
    if not is_unicode(value):
        raise PydanticCustomError("encoding", "holds text that is not valid Unicode")


def is_unicode(text: str) -> bool:
    """True if UTF-8 can say it: there is no lone surrogate."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_depth(depth: int) -> None:
    # The vendor uses two levels; the bound only keeps hostile input off the stack.
    if depth > 20:
        raise PydanticCustomError("type", "is nested too deeply")
