"""From a wire model to what mappings see: its fields as `FieldSpec`s, and the conversion of values.

The conversion is a pydantic-core validator made of each field's `Rule.convert`: it takes the dict of a
mapping and yields the dict that goes over the wire, in the order of the declaration.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core import core_schema as core

from consumer.memory import remembered
from consumer.yespo.kinds import ANY, BY_KIND, TEXTS
from consumer.yespo.names import near_miss
from consumer.yespo.rules import MAX_NAME, Rule
from consumer.yespo.shape import TAG_PREFIX, Shape
from consumer.yespo.spec import FieldSpec, Free, Kind

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


class Form(NamedTuple):
    """An object as mappings give it: its fields, and whether it takes free ones."""

    fields: tuple["Field", ...]
    free: Free


class Field(NamedTuple):
    """`rule` says what the field takes; where it is an object, or a list of them, `inside` does."""

    spec: FieldSpec
    rule: Rule
    inside: Form | None = None


def form_of(model: type[Shape]) -> Form:
    """That of a documented object."""
    found = []
    for spec in specs_of(model):
        info = model.model_fields[spec.name]
        nested = nested_of(info)
        found.append(Field(spec, rule_of(info), form_of(nested) if nested else None))
    return Form(tuple(found), model.FREE)


def declared_form(specs: Sequence[FieldSpec], free: Free) -> Form:
    """That of fields which a user declared: each is held against the rule of its kind."""
    return Form(
        tuple(
            Field(spec, ANY, declared_form(spec.fields, spec.free))
            if spec.kind in {Kind.OBJECT, Kind.OBJECTS}
            else Field(spec, BY_KIND[spec.kind])
            for spec in specs
        ),
        free,
    )


def conversion(form: Form) -> CoreSchema:
    """Takes a mapping's values for this object, yields the wire's."""
    fields = {
        field.spec.name: core.typed_dict_field(_converted(field), required=field.spec.required)
        for field in form.fields
    }
    if form.free is Free.NONE:
        return core.typed_dict_schema(fields, extra_behavior="forbid", strict=True)
    fields[FREE_KEY] = core.typed_dict_field(
        core.dict_schema(free_names(form), free_rule(form).convert), required=False
    )
    taken = core.typed_dict_schema(fields, extra_behavior="forbid", strict=True)
    return core.no_info_after_validator_function(_spread(free_prefix(form)), taken)


def _converted(field: Field) -> CoreSchema:
    if field.inside is None:
        return field.rule.convert
    inner = conversion(field.inside)
    if field.spec.kind is Kind.OBJECT:
        return inner
    at_least = None if field.spec.may_be_empty else 1
    return core.list_schema(inner, min_length=at_least, strict=True)


def free_rule(form: Form) -> Rule:
    """Of what stands under a free name."""
    return ANY if form.free is Free.PARAM else TEXTS


def free_prefix(form: Form) -> str:
    """What a free name begins with on the wire."""
    return TAG_PREFIX if form.free is Free.TAG else ""


def free_names(form: Form) -> CoreSchema:
    """Free names: not blank, not too long, and not what a documented field is mistaken for."""
    specs, free = tuple(field.spec for field in form.fields), form.free

    @remembered(4096)
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


def _spread(prefix: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Moves free properties to where the vendor reads them."""

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
