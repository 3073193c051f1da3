"""The functions that generated code calls: exact numbers and the conversions between forms.

Nothing here fails, with one exception that the mapping turns into an invalid record (`Unusable`): a
number that cannot be written must not become a silently absent value, and values must not grow without
bound, however definitions build upon one another.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, Literal

EXACT = Context(prec=40, rounding=ROUND_HALF_UP, Emax=9999, Emin=-9999, traps=[])

MAX_INTEGER = 10**30
MAX_TEXT = 200_000
"""Characters; ten times what the vendor takes in a whole event."""
MAX_LIST = 100_000

Numeric = int | float | Decimal


class Unusable(Exception):
    """A value that no shop means: `number` (not finite, or out of all proportion) or `too_long`."""

    def __init__(self, reason: Literal["number", "too_long"]) -> None:
        super().__init__(reason)
        self.reason = reason


def decimal(value: Numeric) -> Decimal:
    """Exact form of a number. A float is read by its shortest form: 0.1 is 0.1, 250.0 is 250."""
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < 1e16
        return Decimal(int(value)) if whole else Decimal(repr(value))
    return value if isinstance(value, Decimal) else Decimal(value)


def add(a: Numeric, b: Numeric) -> Decimal:
    return EXACT.add(decimal(a), decimal(b))


def subtract(a: Numeric, b: Numeric) -> Decimal:
    return EXACT.subtract(decimal(a), decimal(b))


def multiply(a: Numeric, b: Numeric) -> Decimal:
    return EXACT.multiply(decimal(a), decimal(b))


def times(a: int, b: int) -> int:
    """The product of two integers; bounded, because a chain of them would grow without end."""
    product = a * b
    if not -MAX_INTEGER < product < MAX_INTEGER:
        raise Unusable("number")
    return product


def divide(a: Numeric, b: Numeric) -> Decimal | None:
    divisor = decimal(b)
    return EXACT.divide(decimal(a), divisor) if divisor else None


def floor_divide(a: Numeric, b: Numeric) -> Numeric | None:
    """Rounds towards minus infinity, like Python's `//` on integers."""
    if not b:
        return None
    if isinstance(a, int) and isinstance(b, int):
        return a // b
    quotient = EXACT.divide(decimal(a), decimal(b))
    return quotient.to_integral_value("ROUND_FLOOR", EXACT) if quotient.is_finite() else quotient


def remainder(a: Numeric, b: Numeric) -> Numeric | None:
    """The rest that `//` leaves; has the sign of `b`."""
    if isinstance(a, int) and isinstance(b, int):
        return a % b if b else None
    quotient = floor_divide(a, b)
    return None if quotient is None else subtract(a, multiply(b, quotient))


def compare(a: Numeric, b: Numeric) -> int | None:
    """-1, 0 or 1; None when one of them is not a number (then every comparison is false)."""
    answer = EXACT.compare(decimal(a), decimal(b))
    return None if answer.is_nan() else int(answer)


def less(a: Numeric, b: Numeric) -> bool:
    return compare(a, b) == -1


def less_equal(a: Numeric, b: Numeric) -> bool:
    return compare(a, b) in {-1, 0}


def equal(a: Numeric, b: Numeric) -> bool:
    return compare(a, b) == 0


def not_equal(a: Numeric, b: Numeric) -> bool:
    return compare(a, b) in {-1, 1}


def among(a: Numeric, others: Iterable[Numeric]) -> bool:
    return any(compare(a, other) == 0 for other in others)


def text(value: Any) -> str:
    """A number or text as text: plain digits, no exponent, no trailing noise of binary floats."""
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and 1e-4 <= value < 1e15:
        shortest = repr(value)  # without an exponent, in this range
        return shortest.removesuffix(".0")
    number = decimal(value)
    if not number.is_finite() or number.adjusted() > 400:
        raise Unusable("number")
    return format(number if number else abs(number), "f")  # -2 * 0 is 0


def bounded(made: str) -> str:
    """The text, if it is not out of all proportion."""
    if len(made) > MAX_TEXT:
        raise Unusable("too_long")
    return made


def joined(parts: Iterable[str]) -> str:
    """The parts of an f-string."""
    return bounded("".join(parts))


def mixed_text(value: Any) -> str | None:
    """Text of a union of scalars; absent for what has no text of its own (booleans, bytes)."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    return text(value)


def mixed_texts(value: Any) -> list[str] | None:
    """Texts of a union of scalars and lists, without what has no text of its own; absent if it is
    neither a list nor such a scalar."""
    if isinstance(value, list):
        found = (mixed_text(element) for element in value)
        return [one for one in found if one is not None]
    single = mixed_text(value)
    return None if single is None else [single]


def plain_json(value: Any) -> Any:
    """A union of anything as a text, number or boolean, or a list of them; absent if it is nothing of
    the kind."""
    if isinstance(value, list):
        return [element for element in value if isinstance(element, str | int | float | Decimal)]
    return value if isinstance(value, str | int | float | Decimal) else None


def texts(values: Iterable[Any]) -> list[str]:
    """A list of scalars as a list of texts; absent ones are left out."""
    return [text(value) for value in values if value is not None]


def present(values: Iterable[Any]) -> list[Any]:
    """The elements that are not absent."""
    return [value for value in values if value is not None]


def to_ms(value: Any, per_ms: int) -> Any:
    """A time, or a list or map of times, in milliseconds."""
    if isinstance(value, list):
        return [to_ms(element, per_ms) for element in value]
    if isinstance(value, dict):
        return {key: to_ms(element, per_ms) for key, element in value.items()}
    return None if value is None else value // per_ms


def at(array: list[Any], index: int) -> Any:
    """An element of an array, or absent; negative positions count from the end."""
    return array[index] if -len(array) <= index < len(array) else None


def utf8(data: bytes | None) -> str | None:
    """Bytes as text, or absent where they are not UTF-8."""
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def header(headers: Iterable[tuple[str, bytes | None]], name: str) -> str | None:
    """The last Kafka header of that name, as text (the last one wins, as in Kafka's own clients)."""
    found: bytes | None = None
    for key, value in headers:
        if key == name:
            found = value
    return utf8(found)
