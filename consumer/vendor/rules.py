"""The rules a field can have, as annotations: one declaration for both directions.

A `Rule` beside a field's type says what may stand on the wire (pydantic validates that: the judge and
the JSON Schema) and how the values of a mapping become it (`catalogue` builds that: the encoder).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core import core_schema as core

from consumer.vendor.currencies import CURRENCIES
from consumer.vendor.numbers import LIMIT, plain_amount, plain_json, plain_text
from consumer.vendor.spec import Kind

FORBIDDEN = "<;’\\/|\"`'^?!,>"
"""Not allowed in event type keys, keyValue and v2 contact identifiers (vendor: validating events)."""
MAX_BODY = 20_000
"""Bytes of an encoded event (20 kB, read as the smaller of its two meanings). No text within can be
longer; bounding it also makes pydantic-core refuse what is not valid Unicode."""
MAX_NAME = 100
MAX_IDENTIFIER = 300
EARLIEST_MS = 946_684_800_000
LATEST_MS = 4_102_444_800_000
"""2000-01-01 and 2100-01-01: seconds, microseconds and nanoseconds of today all fall outside."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """`wire`: what may be sent. `convert`: takes a mapping's value, yields a wire value.
    `json` is the JSON Schema of `wire`."""

    kind: Kind
    wire: CoreSchema
    convert: CoreSchema
    json: Mapping[str, Any] = field(default_factory=dict)
    max_length: int | None = None
    forbidden: str = ""
    may_be_empty: bool = True

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return self.wire

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(self.json)


def says(
    doc: str,
    source: str,
    *,
    optional: bool = False,
    side_effect: str = "",
    also: tuple[str, ...] = (),
    min_length: int | None = None,
) -> Any:
    """A field's documentation. `source` is the vendor's page and line (`S0:159`), `also` the names
    it has elsewhere (a free property of such a name is a mistake)."""
    about: dict[str, Any] = {"source": source, "side_effect": side_effect, "also": list(also)}
    if optional:
        return Field(default=None, description=doc, json_schema_extra=about, min_length=min_length)
    return Field(description=doc, json_schema_extra=about, min_length=min_length)


def refused_as(rule: str, message: str, schema: CoreSchema) -> CoreSchema:
    """`schema`, whose refusal is called `rule` whatever pydantic would say."""
    return core.custom_error_schema(schema, custom_error_type=rule, custom_error_message=message)


def through(function: Callable[[Any], Any], then: CoreSchema) -> CoreSchema:
    return core.chain_schema([core.no_info_plain_validator_function(function), then])


def _as_text(value: Any) -> Any:
    return str(value) if type(value) is int else value


def text(*, max_length: int | None = None, forbidden: str = "", may_be_empty: bool = True) -> Rule:
    """Text; a whole number from a mapping is written out (ids often are numbers in a record)."""
    steps: list[CoreSchema] = [core.str_schema(strict=True, max_length=max_length or MAX_BODY)]
    json: dict[str, Any] = {"type": "string"}
    if max_length is not None:
        json["maxLength"] = max_length
    if forbidden:
        allowed = "^[^" + forbidden.replace("\\", "\\\\").replace("^", "\\^") + "]*$"
        json["pattern"] = allowed
        steps.append(
            refused_as(
                "forbidden_character",
                f"may not hold any of {forbidden}",
                core.str_schema(pattern=allowed),
            )
        )
    if not may_be_empty:
        json.setdefault("pattern", r"\S")
        json["minLength"] = 1
        steps.append(refused_as("blank", "may not be blank", core.str_schema(pattern=r"\S")))
    wire = steps[0] if len(steps) == 1 else core.chain_schema(steps)
    return Rule(Kind.TEXT, wire, through(_as_text, wire), json, max_length, forbidden, may_be_empty)


def pattern(kind: Kind, regex: str, rule: str, message: str, convert: Callable[[Any], Any]) -> Rule:
    wire = core.chain_schema(
        [core.str_schema(strict=True), refused_as(rule, message, core.str_schema(pattern=regex))]
    )
    json = {"type": "string", "pattern": regex}
    return Rule(kind, wire, through(convert, wire), json, may_be_empty=False)


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
PRICE = pattern(
    Kind.MONEY,
    f"^{_AMOUNT}(?: (?:{_CODES}))?$",
    "number",
    "takes an amount, with or without an ISO 4217 code: 754 or 754 USD",
    _price_text,
)
"""`"754 USD"` or `"754"`."""


_NUMBER_JSON = {"type": "number", "minimum": 0, "exclusiveMaximum": LIMIT}
_NUMBER_WIRE = core.float_schema(strict=True, ge=0, lt=LIMIT, allow_inf_nan=False)

NUMBER = Rule(
    Kind.NUMBER, _NUMBER_WIRE, core.no_info_plain_validator_function(plain_amount), _NUMBER_JSON
)


def _whole(value: Any) -> Any:
    number = plain_amount(value)
    if type(number) is not int:
        raise PydanticCustomError("type", "takes a whole number")
    return number


INTEGER = Rule(
    Kind.INTEGER,
    core.int_schema(strict=True, ge=0, lt=LIMIT),
    core.no_info_plain_validator_function(_whole),
    {"type": "integer", "minimum": 0, "exclusiveMaximum": LIMIT},
)


def _amount(value: Any) -> Any:
    return plain_amount(Decimal(_amount_text(value)) if type(value) is str else value)


def _amount_text(value: str) -> str:
    if _AMOUNT_TEXT.match(value) is None:
        raise PydanticCustomError("number", _PRICE_MESSAGE)
    return value


MONEY = Rule(Kind.MONEY, _NUMBER_WIRE, core.no_info_plain_validator_function(_amount), _NUMBER_JSON)
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
    core.no_info_plain_validator_function(_amount_either),
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


_FLAG_WIRE = core.no_info_plain_validator_function(_on_the_wire)
_FLAG_JSON = {"enum": [0, 1, "0", "1"]}


def _flag_rule(convert: Callable[[Any], Any]) -> Rule:
    return Rule(Kind.FLAG, _FLAG_WIRE, core.no_info_plain_validator_function(convert), _FLAG_JSON)


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
    core.no_info_plain_validator_function(_boolean),
    {"type": "boolean"},
)
"""Sent as `true`: only the browser data of CustomEvent."""


CURRENCY = Rule(
    Kind.CURRENCY,
    refused_as("currency", "takes an ISO 4217 code", core.literal_schema(sorted(CURRENCIES))),
    refused_as(
        "currency",
        "takes an ISO 4217 code",
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

TEXT = text()
ID = text(may_be_empty=False)
"""A text that names something: never blank."""


def _texts(value: Any) -> Any:
    if type(value) is list:
        for item in value:
            if type(item) is not str:
                return [_as_text(item) for item in value]
        return value
    return [_as_text(value)]


_TEXTS_WIRE = core.list_schema(core.str_schema(strict=True, max_length=MAX_BODY), strict=True)
TEXTS = Rule(
    Kind.TEXTS,
    _TEXTS_WIRE,
    through(_texts, _TEXTS_WIRE),
    {"type": "array", "items": {"type": "string"}},
)
"""An array of texts; a single text becomes an array of one."""

ANY = Rule(Kind.ANY, core.any_schema(), core.no_info_plain_validator_function(plain_json))

BY_KIND: Mapping[Kind, Rule] = {
    rule.kind: rule
    for rule in (TEXT, NUMBER, INTEGER, MONEY, FLAG_NUMBER, MILLIS, CURRENCY, TEXTS, ANY)
}
"""What the fields of a declared custom event are held against."""
