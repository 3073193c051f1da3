"""Derives from a wire model the fields that mappings see, and the form of an event's values."""

from collections.abc import Sequence
from typing import Any, NamedTuple, get_args, get_origin

from pydantic.fields import FieldInfo

from consumer.yespo.kinds import ANY, BY_KIND, TEXTS
from consumer.yespo.rules import Rule
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
    """A field of a form. `inside` describes an object or the items of a list; `rule` any other value."""

    spec: FieldSpec
    rule: Rule
    inside: Form | None = None


def form_of(model: type[Shape]) -> Form:
    """The form of a documented object."""
    found = []
    for spec in specs_of(model):
        info = model.model_fields[spec.name]
        nested = nested_of(info)
        found.append(Field(spec, rule_of(info), form_of(nested) if nested else None))
    return Form(tuple(found), model.FREE)


def declared_form(specs: Sequence[FieldSpec], free: Free) -> Form:
    """The form of fields that a user declared, each with the rule of its kind."""
    return Form(
        tuple(
            Field(spec, ANY, declared_form(spec.fields, spec.free))
            if spec.kind in {Kind.OBJECT, Kind.OBJECTS}
            else Field(spec, BY_KIND[spec.kind])
            for spec in specs
        ),
        free,
    )


def free_rule(form: Form) -> Rule:
    """The rule of a value under a free name."""
    return ANY if form.free is Free.PARAM else TEXTS


def free_prefix(form: Form) -> str:
    """The beginning of a free name on the wire."""
    return TAG_PREFIX if form.free is Free.TAG else ""
