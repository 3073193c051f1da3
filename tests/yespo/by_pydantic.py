"""The conversion of an event's values, said a second time: as one validator of pydantic-core."""

from collections.abc import Callable
from typing import Any

from pydantic_core import CoreSchema, PydanticCustomError, SchemaValidator
from pydantic_core import core_schema as core

from consumer.yespo.fields import FREE_KEY, Field, Form, free_prefix, free_rule
from consumer.yespo.names import near_miss
from consumer.yespo.rules import MAX_NAME
from consumer.yespo.spec import Free, Kind


def by_pydantic(form: Form) -> Callable[[Any], Any]:
    """Raises ValidationError."""
    return SchemaValidator(_conversion(form)).validate_python


def _conversion(form: Form) -> CoreSchema:
    fields = {
        field.spec.name: core.typed_dict_field(_converted(field), required=field.spec.required)
        for field in form.fields
    }
    if form.free is Free.NONE:
        return core.typed_dict_schema(fields, extra_behavior="forbid", strict=True)
    fields[FREE_KEY] = core.typed_dict_field(
        core.dict_schema(_free_names(form), free_rule(form).convert), required=False
    )
    taken = core.typed_dict_schema(fields, extra_behavior="forbid", strict=True)
    return core.no_info_after_validator_function(_spread(free_prefix(form)), taken)


def _converted(field: Field) -> CoreSchema:
    if field.inside is None:
        return field.rule.convert
    inner = _conversion(field.inside)
    if field.spec.kind is Kind.OBJECT:
        return inner
    at_least = None if field.spec.may_be_empty else 1
    return core.list_schema(inner, min_length=at_least, strict=True)


def _free_names(form: Form) -> CoreSchema:
    def check(name: str) -> str:
        if not name.strip() or near_miss([one.spec for one in form.fields], name, form.free):
            raise PydanticCustomError("name", "bad name")
        return name

    return core.no_info_after_validator_function(
        check, core.str_schema(strict=True, max_length=MAX_NAME)
    )


def _spread(prefix: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def spread(out: dict[str, Any]) -> dict[str, Any]:
        for name, texts in (out.pop(FREE_KEY, None) or {}).items():
            out[prefix + name] = texts
        return out

    return spread
