"""From a wire model to what mappings see: its fields as `FieldSpec`s, and the conversion of values.

The conversion is a pydantic-core validator made of each field's `Rule.convert`: it takes the dict of a
mapping and yields the dict that goes over the wire, in the order of the declaration.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core import core_schema as core

from consumer.vendor.kinds import ANY, BY_KIND, TEXTS
from consumer.vendor.names import near_miss
from consumer.vendor.rules import MAX_NAME, Rule
from consumer.vendor.shape import TAG_PREFIX, Shape
from consumer.vendor.spec import FieldSpec, Free, Kind

FREE_KEY = "*"
"""Under this key the free properties of an object stand in a mapping's values."""


def specs_of(model: type[Shape]) -> tuple[FieldSpec, ...]:
    """The declared fields in the order in which they are sent, those with side effects last."""
    specs = [_spec(name, info) for name, info in model.model_fields.items()]
    return tuple(sorted(specs, key=lambda spec: bool(spec.side_effect)))


def _spec(name: str, info: FieldInfo) -> FieldSpec:
    about: dict[str, Any] = info.json_schema_extra  # type: ignore[assignment]  # `says` made it
    rule, nested = rule_of(info), nested_of(info)
    at_least_one = any(getattr(entry, "min_length", 0) for entry in info.metadata)
    if nested is None:
        kind = rule.kind
    else:
        kind = Kind.OBJECTS if get_origin(info.annotation) is list else Kind.OBJECT
    return FieldSpec(
        name=name,
        kind=kind,
        required=info.is_required(),
        doc=info.description or "",
        source=about["source"],
        fields=specs_of(nested) if nested else (),
        free=nested.FREE if nested else Free.NONE,
        max_length=rule.max_length,
        may_be_empty=rule.may_be_empty and not at_least_one,
        side_effect=about["side_effect"],
        also=tuple(about["also"]),
        refusal=rule.refusal,
    )


def rule_of(info: FieldInfo) -> Rule:
    return next((entry for entry in info.metadata if isinstance(entry, Rule)), ANY)


def nested_of(info: FieldInfo) -> type[Shape] | None:
    """The model of an object, or of a list's items."""
    annotation = info.annotation
    if get_origin(annotation) is list:
        (annotation,) = get_args(annotation)
    return annotation if isinstance(annotation, type) and issubclass(annotation, Shape) else None


def conversion(model: type[Shape]) -> CoreSchema:
    """Takes a mapping's values for this object, yields the wire's."""
    specs = specs_of(model)
    parts = {spec.name: _convert_field(spec, model.model_fields[spec.name]) for spec in specs}
    return object_conversion(specs, parts, model.FREE)


def _convert_field(spec: FieldSpec, info: FieldInfo) -> CoreSchema:
    nested = nested_of(info)
    if nested is None:
        return rule_of(info).convert
    return _object_or_list(spec, conversion(nested))


def declared_conversion(specs: Sequence[FieldSpec], free: Free) -> CoreSchema:
    """The same for fields that a user declared: each is held against the rule of its kind."""
    parts = {}
    for spec in specs:
        if spec.kind in {Kind.OBJECT, Kind.OBJECTS}:
            inner = declared_conversion(spec.fields, spec.free)
            parts[spec.name] = _object_or_list(spec, inner)
        else:
            parts[spec.name] = BY_KIND[spec.kind].convert
    return object_conversion(specs, parts, free)


def _object_or_list(spec: FieldSpec, inner: CoreSchema) -> CoreSchema:
    if spec.kind is Kind.OBJECT:
        return inner
    return core.list_schema(inner, min_length=None if spec.may_be_empty else 1, strict=True)


def object_conversion(
    specs: Sequence[FieldSpec], parts: dict[str, CoreSchema], free: Free
) -> CoreSchema:
    fields = {
        spec.name: core.typed_dict_field(parts[spec.name], required=spec.required) for spec in specs
    }
    if free is Free.NONE:
        return core.typed_dict_schema(fields, extra_behavior="forbid", strict=True)
    values = ANY.convert if free is Free.PARAM else TEXTS.convert
    fields[FREE_KEY] = core.typed_dict_field(
        core.dict_schema(_free_names(specs, free), values), required=False
    )
    taken = core.typed_dict_schema(fields, extra_behavior="forbid", strict=True)
    return core.no_info_after_validator_function(_spread(free), taken)


def _free_names(specs: Sequence[FieldSpec], free: Free) -> CoreSchema:
    """Free names: not blank, not too long, and not what a documented field is mistaken for."""

    @lru_cache(4096)
    def check(name: str) -> str:
        if not name.strip():
            raise PydanticCustomError("blank", "a free property needs a name")
        known = near_miss(specs, name, free)
        if known is not None:
            raise PydanticCustomError(
                "near_miss",
                "a free property may not be called so: it looks like {known}",
                {"known": known},
            )
        return name

    return core.no_info_after_validator_function(
        check, core.str_schema(strict=True, max_length=MAX_NAME)
    )


def _spread(free: Free) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Moves free properties to where the vendor reads them."""
    prefix = TAG_PREFIX if free is Free.TAG else ""

    def spread(out: dict[str, Any]) -> dict[str, Any]:
        own = out.pop(FREE_KEY, None)
        if own:
            if prefix:
                for name, texts in own.items():
                    out[prefix + name] = texts
            else:
                out.update(own)
        return out

    return spread
