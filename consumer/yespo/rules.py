"""The rules a field can have, as annotations: one declaration for both directions.

A `Rule` beside a field's type says what may stand on the wire (pydantic validates that: the judge and
the JSON Schema) and how a mapping's value becomes it (`fields` builds the encoder of that). The
rules themselves are in `kinds` and `person`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, SchemaValidator, ValidationError
from pydantic_core import core_schema as core

from consumer.yespo.spec import Kind
from consumer.yespo.violations import violations

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
    may_be_empty: bool = True

    def refusal(self, value: Any) -> str | None:
        """The reason why this value of a mapping cannot be sent; None if it can."""
        try:
            taking(self).validate_python(value)
        except ValidationError as error:
            return violations(error, "")[0].message
        return None

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return self.wire

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return dict(self.json)


@cache
def taking(rule: Rule) -> SchemaValidator:
    """Takes a mapping's value, yields the wire's."""
    return SchemaValidator(rule.convert)


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


def function(converter: Callable[[Any], Any]) -> CoreSchema:
    return core.no_info_plain_validator_function(converter)


def pattern(kind: Kind, regex: str, rule: str, message: str, convert: Callable[[Any], Any]) -> Rule:
    """Text of a fixed form."""
    wire = core.chain_schema(
        [core.str_schema(strict=True), refused_as(rule, message, core.str_schema(pattern=regex))]
    )
    json = {"type": "string", "pattern": regex}
    return Rule(kind, wire, through(convert, wire), json, may_be_empty=False)
