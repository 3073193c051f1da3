"""Holds every documented event by API and name, and makes custom ones of a user's declaration."""

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType

from consumer.model import Api
from consumer.yespo import legacy as _legacy_events  # noqa: F401  # declares its events
from consumer.yespo import orders as _order_events  # noqa: F401  # after v2, whose Params it takes
from consumer.yespo import v2
from consumer.yespo.converter import Convert, converter
from consumer.yespo.declaration import LEGACY, V2, Declared
from consumer.yespo.events import LegacyEvent, V2Event
from consumer.yespo.fields import Field, Form, declared_form, form_of, specs_of
from consumer.yespo.kinds import ANY, BY_KIND
from consumer.yespo.names import event_type_fault, locator, near_known, near_miss
from consumer.yespo.rules import MAX_NAME
from consumer.yespo.shape import Shape
from consumer.yespo.spec import (
    ContractViolation,
    EventSpec,
    FieldSpec,
    Free,
    Kind,
)


@cache  # an event of v2 and the same one of past_events have the same
def _v2_converter(name: str) -> Convert:
    return converter(form_of(V2[name].model), "params")


def _legacy_event(declared: Declared) -> LegacyEvent:
    fields = form_of(declared.model).fields
    if declared.general is not None:
        fields = (*fields, _general(declared.source, declared.general))
    root = "" if declared.whole else declared.body_key
    return LegacyEvent(
        name=declared.name,
        doc=declared.model.__doc__ or "",
        source=declared.source,
        fields=tuple(field.spec for field in fields),
        convert=converter(Form(fields, Free.NONE), root),
        traits=declared.traits,
        body_key=declared.body_key,
        whole=declared.whole,
    )


def _general(source: str, model: type[Shape]) -> Field:
    """The members of GeneralInfo that a mapping gives, as a field of the event."""
    doc = "What the vendor's script reports beside the person."
    spec = FieldSpec("GeneralInfo", Kind.OBJECT, False, doc, source, fields=specs_of(model))
    return Field(spec, ANY, form_of(model))


def _v2_event(declared: Declared, past: bool) -> V2Event:
    return V2Event(
        name=declared.name,
        doc=declared.model.__doc__ or "",
        source=declared.source,
        fields=specs_of(declared.model),
        convert=_v2_converter(declared.name),
        traits=declared.traits,
        free=Free.PARAM,
        past=past,
    )


def _all() -> dict[tuple[Api, str], EventSpec]:
    events: dict[tuple[Api, str], EventSpec] = {
        ("legacy", name): _legacy_event(declared) for name, declared in LEGACY.items()
    }
    for name, declared in V2.items():
        events["v2", name] = _v2_event(declared, past=False)
        events["past_events", name] = _v2_event(declared, past=True)
    return events


LEGACY_EVENTS: Mapping[str, Declared] = MappingProxyType(LEGACY)
"""The declarations by eventName."""
V2_EVENTS: Mapping[str, Declared] = MappingProxyType(V2)
"""The declarations by eventTypeKey."""
EVENTS: Mapping[tuple[Api, str], EventSpec] = MappingProxyType(_all())


def event(api: Api, name: str) -> EventSpec | None:
    """The documented event of that name, in exactly that spelling."""
    return EVENTS.get((api, name))


def names(api: Api) -> tuple[str, ...]:
    """The documented events of an API, in the order of the vendor's page."""
    return tuple(name for known, name in EVENTS if known == api)


def custom_v2(name: str, fields: Sequence[FieldSpec], *, past: bool = False) -> EventSpec:
    """An event type of the user's own. The vendor creates unknown types without a word, so it has
    to be declared. Raises ContractViolation for names the vendor reads differently."""
    fault = event_type_fault(name)
    if fault is not None:
        raise ContractViolation("eventTypeKey", *fault)
    known = name if name in V2 else near_known(V2, name)
    if known is not None:
        raise ContractViolation("eventTypeKey", "near_miss", f"looks like the vendor's {known}")
    common = specs_of(v2.Params)
    _check_declared(fields, common)
    params = (*fields, *(field for field in common if field.name not in _names_of(fields)))
    return V2Event(
        name=name,
        doc="A declared event of your own.",
        source="",
        fields=params,
        convert=converter(declared_form(params, Free.PARAM), "params"),
        free=Free.PARAM,
        past=past,
    )


def _names_of(fields: Sequence[FieldSpec]) -> frozenset[str]:
    return frozenset(field.name for field in fields)


def _check_declared(fields: Sequence[FieldSpec], common: Sequence[FieldSpec]) -> None:
    seen: set[str] = set()
    for field in fields:
        path = f"params.{field.name}"
        if not field.name.strip():
            raise ContractViolation("params", "blank", "a param needs a name")
        if len(field.name) > MAX_NAME:
            raise ContractViolation(path, "too_long", f"may have {MAX_NAME} characters")
        if field.name in seen:
            raise ContractViolation(path, "duplicate", "is declared twice")
        seen.add(field.name)
        owner = locator(field.name)
        if owner is not None:
            raise ContractViolation(path, "near_miss", f"is read as {owner}: use `identity`")
        effect = near_miss(common, field.name)
        if effect is not None and not (effect == field.name and field.side_effect):
            raise ContractViolation(
                path, "side_effect", f"is read by the vendor as {effect}, which does more"
            )


def declared(name: str, kind: Kind, *, required: bool = False, doc: str = "") -> FieldSpec:
    """A field of a custom event."""
    rule = BY_KIND.get(kind, ANY)
    return FieldSpec(name, kind, required, doc, "", refusal=rule.refusal)
