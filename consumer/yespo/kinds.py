"""The kinds of value that fields take, each with what may be sent and what a mapping may give.

Where the vendor's table and its example disagree, both are valid on the wire and the constant's
docstring says which one is sent.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core import core_schema as core

from consumer.yespo.blank import not_blank
from consumer.yespo.currencies import CURRENCIES
from consumer.yespo.numbers import LIMIT, plain_amount, plain_json, plain_text
from consumer.yespo.rules import (
    EARLIEST_MS,
    LATEST_MS,
    MAX_BODY,
    Rule,
    function,
    pattern,
    refused_as,
    through,
)
from consumer.yespo.spec import Kind


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


def _text(steps: list[CoreSchema], json: Mapping[str, Any], may_be_empty: bool) -> Rule:
    wire = core.chain_schema(steps)
    return Rule(Kind.TEXT, wire, through(_as_text, wire), json, may_be_empty=may_be_empty)


ANY_TEXT = core.str_schema(strict=True, max_length=MAX_BODY)
NOT_BLANK = refused_as("blank", "may not be blank", core.str_schema(pattern=r"\S"))
TEXT = _text([ANY_TEXT], {"type": "string"}, may_be_empty=True)
"""Text; a whole number from a mapping is written out (ids often are numbers in a record)."""
TITLE = _text([ANY_TEXT, NOT_BLANK], {"type": "string", "pattern": r"\S"}, may_be_empty=False)
"""A text that people read or write: never blank. `null` is a word that people search for."""
ID = _text(
    [ANY_TEXT, NOT_BLANK, function(not_blank)],
    {"type": "string", "pattern": r"\S"},
    may_be_empty=False,
)
"""A text that identifies something: never blank, nor a word that programs write for nothing."""


def _price_text(value: Any) -> Any:
    return value if type(value) is str else plain_text(value)


def pattern_text(regex: str, message: str) -> Rule:
    return pattern(Kind.TEXT, regex, "format", message, _as_text)


_AMOUNT = r"(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,5})?"
_AMOUNT_TEXT = re.compile(_AMOUNT + r"\Z")
_CODES = "|".join(sorted(CURRENCIES))
_PRICE_MESSAGE = "takes an amount such as 201.95: digits, a dot, up to 5 decimals"

AMOUNT = pattern(Kind.MONEY, f"^{_AMOUNT}$", "number", _PRICE_MESSAGE, _price_text)
"""`"201.95"`."""
_CURRENCY_MESSAGE = "takes an ISO 4217 code"
_PRICE_WIRE = core.chain_schema(
    [
        core.str_schema(strict=True),
        refused_as(
            "number",
            "takes an amount, with or without an ISO 4217 code: 754 or 754 USD",
            core.str_schema(pattern=f"^{_AMOUNT}(?: [^0-9]*)?$"),
        ),
        refused_as(
            "currency", _CURRENCY_MESSAGE, core.str_schema(pattern=f"^[0-9.]+(?: (?:{_CODES}))?$")
        ),
    ]
)
PRICE = Rule(
    Kind.MONEY,
    _PRICE_WIRE,
    through(_price_text, _PRICE_WIRE),
    {"type": "string", "pattern": f"^{_AMOUNT}(?: (?:{_CODES}))?$"},
    may_be_empty=False,
)
"""`"754 USD"` or `"754"`."""


_NUMBER_JSON = {"type": "number", "minimum": 0, "exclusiveMaximum": LIMIT}
_NUMBER_WIRE = core.float_schema(strict=True, ge=0, lt=LIMIT, allow_inf_nan=False)

NUMBER = Rule(Kind.NUMBER, _NUMBER_WIRE, function(plain_amount), _NUMBER_JSON)


def _whole(value: Any) -> Any:
    number = plain_amount(value)
    if type(number) is not int:
        raise PydanticCustomError("type", "takes a whole number")
    return number


INTEGER = Rule(
    Kind.INTEGER,
    core.int_schema(strict=True, ge=0, lt=LIMIT),
    function(_whole),
    {"type": "integer", "minimum": 0, "exclusiveMaximum": LIMIT},
)


def _amount(value: Any) -> Any:
    return plain_amount(Decimal(_amount_text(value)) if type(value) is str else value)


def _amount_text(value: str) -> str:
    if _AMOUNT_TEXT.match(value) is None:
        raise PydanticCustomError("number", _PRICE_MESSAGE)
    return value


MONEY = Rule(Kind.MONEY, _NUMBER_WIRE, function(_amount), _NUMBER_JSON)
"""A JSON number: the amount alone, the currency stands elsewhere."""

_AMOUNT_WIRE = core.union_schema(
    [_NUMBER_WIRE, core.str_schema(strict=True, pattern=f"^{_AMOUNT}$")],
    mode="left_to_right",
    custom_error_type="number",
    custom_error_message=_PRICE_MESSAGE,
)
_AMOUNT_JSON = {"anyOf": [_NUMBER_JSON, {"type": "string", "pattern": f"^{_AMOUNT}$"}]}

TEXT_AMOUNT = Rule(
    Kind.MONEY,
    _AMOUNT_WIRE,
    AMOUNT.convert,
    _AMOUNT_JSON,
)
"""Sent as `"201.95"` as the table says; a JSON number (the vendor's SDK) is valid too."""


def _amount_either(value: Any) -> Any:
    return _amount_text(value) if type(value) is str else plain_amount(value)


AMOUNT_EITHER = Rule(
    Kind.MONEY,
    _AMOUNT_WIRE,
    function(_amount_either),
    _AMOUNT_JSON,
)
"""`201.95` as in the vendor's examples, or `"201.95"` as in its tables: sent as it is given."""


_FLAG_MESSAGE = "takes 0 or 1 (or a boolean)"
_FLAGS: dict[Any, int] = {0: 0, 1: 1, "0": 0, "1": 1}


def _flag(value: Any) -> int:
    # True and 1.0 are the same dict key as 1, hence the test of the type.
    if type(value) in {bool, int, str} and value in _FLAGS:
        return _FLAGS[value]
    raise PydanticCustomError("value", _FLAG_MESSAGE)


def _flag_text(value: Any) -> str:
    return "1" if _flag(value) else "0"


def _flag_as_given(value: Any) -> int | str:
    return value if type(value) is str and value in _FLAGS else _flag(value)


def _on_the_wire(value: Any) -> Any:
    if type(value) in {int, str} and value in _FLAGS:
        return value
    raise PydanticCustomError("value", "takes 0 or 1")


_FLAG_WIRE = function(_on_the_wire)
_FLAG_JSON = {"enum": [0, 1, "0", "1"]}


def _flag_rule(convert: Callable[[Any], Any]) -> Rule:
    return Rule(Kind.FLAG, _FLAG_WIRE, function(convert), _FLAG_JSON)


FLAG_TEXT = _flag_rule(_flag_text)
"""Sent as `"1"`, as the vendor's examples and plugins do; `1` (its tables) is valid too."""
FLAG_NUMBER = _flag_rule(_flag)
"""Sent as `1`."""
FLAG_AS_GIVEN = _flag_rule(_flag_as_given)
"""The vendor's page shows both within one event: text stays text, the rest is sent as `1`."""


def _boolean(value: Any) -> bool:
    return bool(_flag(value))


BOOLEAN = Rule(
    Kind.FLAG,
    core.bool_schema(strict=True),
    function(_boolean),
    {"type": "boolean"},
)
"""Sent as `true`: only the browser data of CustomEvent."""


CURRENCY = Rule(
    Kind.CURRENCY,
    refused_as("currency", _CURRENCY_MESSAGE, core.literal_schema(sorted(CURRENCIES))),
    refused_as(
        "currency",
        _CURRENCY_MESSAGE,
        core.chain_schema(
            [
                core.str_schema(strict=True, to_upper=True),
                core.literal_schema(sorted(CURRENCIES)),
            ]
        ),
    ),
    {"type": "string", "enum": sorted(CURRENCIES)},
    may_be_empty=False,
)

_MILLIS_WIRE = refused_as(
    "millis",
    "takes epoch milliseconds (not seconds, not microseconds)",
    core.int_schema(strict=True, ge=EARLIEST_MS, lt=LATEST_MS),
)
MILLIS = Rule(
    Kind.MILLIS,
    _MILLIS_WIRE,
    _MILLIS_WIRE,
    {"type": "integer", "minimum": EARLIEST_MS, "exclusiveMaximum": LATEST_MS},
)


def _texts(value: Any) -> Any:
    if type(value) is list:
        for item in value:
            if type(item) is not str:
                return [_as_text(item) for item in value]
        return value
    return [_as_text(value)]


_TEXTS_WIRE = core.list_schema(ANY_TEXT, strict=True)
TEXTS = Rule(
    Kind.TEXTS,
    _TEXTS_WIRE,
    through(_texts, _TEXTS_WIRE),
    {"type": "array", "items": {"type": "string"}},
)
"""An array of texts; a single text becomes an array of one."""

ANY = Rule(Kind.ANY, core.any_schema(), function(plain_json))

BY_KIND: Mapping[Kind, Rule] = {
    rule.kind: rule
    for rule in (TEXT, NUMBER, INTEGER, MONEY, FLAG_NUMBER, MILLIS, CURRENCY, TEXTS, ANY)
}
"""The kind that the fields of a declared custom event are held against."""
