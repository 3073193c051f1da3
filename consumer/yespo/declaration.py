"""Declares documented events: a decorator above the wire model holds every fact about the event.

    @v2_event("cartUpdated", "S1:236", sample={...}, traits=Traits(whole_state=True, ...))
    class CartUpdated(Params): ...

The catalogue, the judge, docs/events.md, the checks of mappings and delivery read the declaration. A
new event is added here in one file: `v2`, `orders` or `legacy`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from consumer.yespo.shape import Shape
from consumer.yespo.spec import PLAIN, Traits

Model = TypeVar("Model", bound=type[Shape])
Sample = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One event as the vendor documents it. `sample` are valid values, for docs and tests."""

    name: str
    source: str
    model: type[Shape]
    sample: Sample
    traits: Traits
    body_key: str = ""
    """Legacy: the key of the event's own object; empty where it has none."""
    whole: bool = False
    """Legacy: the only field of the model is the body itself (an array)."""
    general: type[Shape] | None = None
    """Legacy: what stands in GeneralInfo beside the person, given by the mapping."""


LEGACY: dict[str, Declared] = {}
"""Events of the tracker by eventName, in the order of declaration."""
V2: dict[str, Declared] = {}
"""Events of Generate event v2 by eventTypeKey, in the order of declaration."""


def legacy_event(
    name: str,
    source: str,
    *,
    sample: Sample,
    traits: Traits = PLAIN,
    body_key: str | None = None,
    whole: bool = False,
    general: type[Shape] | None = None,
) -> Callable[[Model], Model]:
    """Declares an event of the tracker. `body_key` is the event's name unless given."""

    def declare(model: Model) -> Model:
        LEGACY[name] = Declared(
            name=name,
            source=source,
            model=model,
            sample=sample,
            traits=traits,
            body_key=name if body_key is None else body_key,
            whole=whole,
            general=general,
        )
        return model

    return declare


def v2_event(
    name: str, source: str, *, sample: Sample, traits: Traits = PLAIN
) -> Callable[[Model], Model]:
    """Declares an event of Generate event v2."""

    def declare(model: Model) -> Model:
        V2[name] = Declared(name=name, source=source, model=model, sample=sample, traits=traits)
        return model

    return declare
