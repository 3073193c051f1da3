"""Functions on numbers and money. All exact: nothing here uses binary floating point."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from consumer.mapping.language import runtime
from consumer.mapping.language.functions import Library
from consumer.mapping.language.library.amounts import amount

# Digits are bounded, so that no text can become a number that is slow to print.
_NUMBER = re.compile(r"\s*([+-]?\d{1,30}(?:\.\d{1,30})?)\s*", re.ASCII)


def _number(text: str) -> Decimal | None:
    match = _NUMBER.fullmatch(text)
    return Decimal(match[1]) if match else None


def _integer(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    number = _number(value) if isinstance(value, str) else runtime.decimal(value)
    if number is None or not number.is_finite() or number != number.to_integral_value():
        return None
    return int(number) if abs(number) < 10**30 else None


def _decimal(value: bytes, scale: int) -> Decimal | None:
    if len(value) > 16 or not -30 <= scale <= 30:
        return None
    return Decimal(int.from_bytes(value, "big", signed=True)).scaleb(-scale, runtime.EXACT)


def _money(number: runtime.Numeric, currency: str) -> str:
    return f"{runtime.text(number)} {currency}"


def _round(value: runtime.Numeric, digits: int = 0) -> Decimal:
    places = min(max(digits, 0), 20)
    return runtime.EXACT.quantize(runtime.decimal(value), Decimal(1).scaleb(-places))


def _abs(value: runtime.Numeric) -> Decimal:
    return runtime.EXACT.abs(runtime.decimal(value))


def _sum(values: Iterable[runtime.Numeric]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = runtime.add(total, value)
    return total


def _least(*values: runtime.Numeric) -> Decimal:
    least = runtime.decimal(values[0])
    for value in values[1:]:
        if runtime.less(value, least):
            least = runtime.decimal(value)
    return least


def _most(*values: runtime.Numeric) -> Decimal:
    most = runtime.decimal(values[0])
    for value in values[1:]:
        if runtime.less(most, value):
            most = runtime.decimal(value)
    return most


def _digits(arguments: Sequence[Any]) -> str | None:
    if len(arguments) > 1 and arguments[1] is not None and not 0 <= arguments[1] <= 20:
        return "digits are between 0 and 20"
    return None


def add_to(library: Library) -> None:
    def number(signature: str, doc: str, example: str, value: Any, call: Any, **more: Any) -> None:
        library.add("Numbers and money", signature, doc, [(example, value)], call, **more)

    number(
        "number(text) -> number?",
        "Text as an exact number; absent if it is not one.",
        'number("12.50")',
        Decimal("12.50"),
        _number,
    )
    number(
        "integer(any) -> integer?",
        "Text or number as an integer; absent if it is not whole, and for what is neither (a boolean, "
        "bytes).",
        'integer("12")',
        12,
        _integer,
    )
    number(
        "amount(text) -> number?",
        "The one number in a price text; a comma is a decimal point, spaces group digits by three. "
        "Absent if it may be another price: two numbers or currencies, a minus, a per cent, "
        "thousands (`5k`), or a comma that may group (`12,500`).",
        'amount("1 754,50 USD")',
        Decimal("1754.50"),
        amount,
    )
    number(
        "decimal(bytes, integer) -> number?",
        "The number of unscaled bytes and a scale, or of Debezium's VariableScaleDecimal: "
        "`decimal(price)` is `decimal(price.value, price.scale)`.",
        "decimal(kafka_bytes, 3)",
        Decimal("7038.329"),
        _decimal,
        members=("value", "scale"),
    )
    number(
        "money(number, text) -> text",
        "Amount and currency, as legacy prices take them.",
        'money(754, "USD")',
        "754 USD",
        _money,
        like=("754 USD", "754.50 UAH"),
    )
    number(
        "round(number, integer?) -> number",
        "To that many digits (0), half away from zero.",
        "round(2.345, 2)",
        Decimal("2.35"),
        _round,
        check=_digits,
    )
    number("abs(number) -> number", "Without its sign.", "abs(-2)", Decimal(2), _abs)
    number("min(number...) -> number", "The smallest.", "min(3, 2.5)", Decimal("2.5"), _least)
    number("max(number...) -> number", "The largest.", "max(3, 2.5)", Decimal(3), _most)
    number(
        "sum([number]) -> number",
        "The sum of a list; 0 if it is empty.",
        "sum([0.1, 0.2])",
        Decimal("0.3"),
        _sum,
    )
