"""Numbers of 32 bits as the decimals that were meant by them.

The Avro float 1299.99 is 1299.989990234375. A producer that has a float means the shortest decimal that
becomes this float, as every language prints it; the double nearest to *that* is what a mapping gets.
"""

import math
import struct
from decimal import Context, Decimal
from typing import Final

_FLOAT: Final = struct.Struct("<f")
_pack: Final = _FLOAT.pack

_CENTS_BELOW: Final = 131_072.0
"""Below 2**17 two floats are less than 0.01 apart: at most one decimal of two places is meant."""
_CERTAIN: Final = 2.0**-25
"""A number nearer than this share of a float becomes this float, wherever between powers of 2 it is."""
_WHOLE_BELOW: Final = 2.0**24
"""Below it whole numbers are their own shortest form."""
_SUBNORMAL_BELOW: Final = 2.0**-126


def single(number: float) -> float:
    """The 32-bit number nearest to `number`, by its shortest form. Raises OverflowError."""
    found: float = _FLOAT.unpack(_pack(number))[0]
    return shortest(found)


def shortest(number: float) -> float:
    """The double nearest to the shortest decimal that a number of 32 bits stands for.

    `number` must be a value of 32 bits. NaN and the infinities stay as they are.
    """
    if -_CENTS_BELOW < number < _CENTS_BELOW:  # a price, mostly: this costs a third of the rest
        cents = round(number * 100.0) / 100.0
        if abs(cents - number) <= abs(number) * _CERTAIN or _pack(cents) == _pack(number):
            return cents
    if number % 1.0 == 0.0 and -_WHOLE_BELOW < number < _WHOLE_BELOW:
        return number
    raw = _pack(number)
    if math.frexp(number)[0] in {0.5, -0.5} or -_SUBNORMAL_BELOW < number < _SUBNORMAL_BELOW:
        return _by_trial(number, raw)
    for form in (
        "%.6g",
        "%.7g",
        "%.8g",
    ):  # six digits survive 32 bits: they find also what has fewer
        found = float(form % number)
        if _pack(found) == raw:
            return found
    return float(f"{number:.9g}")  # nine digits always do; NaN and the infinities are themselves


def _by_trial(number: float, raw: bytes) -> float:
    """For powers of two, where the floats towards zero are twice as dense: the next decimal away from
    zero may be this float where the nearest is not. For subnormal numbers, which have few digits."""
    for digits in range(1, 9):
        nearest = Decimal(f"{number:.{digits}g}")
        step = Context(prec=digits).next_plus if number > 0 else Context(prec=digits).next_minus
        for decimal in (nearest, step(nearest)):
            if _pack(float(decimal)) == raw:
                return float(decimal)
    return float(f"{number:.9g}")
