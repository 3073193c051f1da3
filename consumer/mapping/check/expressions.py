"""Every expression of a checked mapping, in the order of its file: the one walk over it.

All questions about a mapping use this list: the fields it reads, the fields it fills, its personal
parts. So none of them forgets an expression that may stand in a new place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from consumer.mapping.check.checked import CheckedMapping, CheckedSend, Each
from consumer.mapping.check.targets import Filled, Loop, Object, Plain, Several, Target
from consumer.mapping.language.nodes import Node, Var
from consumer.yespo.spec import PLAIN, Traits


@dataclass(frozen=True, slots=True)
class Bound:
    """A variable of a send: an `element` of the array `source`, a `group` of such elements, or the
    `key` of a group, which is the value of `source`."""

    variable: Var
    source: Node
    how: Literal["element", "group", "key"] = "element"


@dataclass(frozen=True, slots=True)
class PlacedExpression:
    """An expression with the variables around it, outermost first. `filled` is the field that it gives
    a value to, of an event with these `traits`; None for conditions, arrays, identity and the like."""

    node: Node
    bound: tuple[Bound, ...] = ()
    traits: Traits = PLAIN
    filled: Filled | None = None


def expressions(mapping: CheckedMapping) -> Iterator[PlacedExpression]:
    """From `identity` to the last field of the last event. A definition stands where it is used."""
    yield from _all([*mapping.identity.values(), *(mapping.order_by or ())])
    yield from _all([mapping.time, mapping.user_agent])
    yield from _all(condition for condition, _ in mapping.suppress)
    for rule in mapping.rules:
        yield from _all([rule.when])
        for send in rule.sends:
            yield from of_send(send)


def of_send(send: CheckedSend) -> Iterator[PlacedExpression]:
    """Those of one send."""
    bound: tuple[Bound, ...] = ()
    if send.each is not None:
        yield PlacedExpression(send.each.source)
        element = (Bound(send.each.variable, send.each.source),)
        yield from _all([send.each.condition, send.each.by], element)
        bound = element + _group(send.each)
    yield from _all([send.condition, send.key_value], bound)
    if not isinstance(send.account, str):
        yield PlacedExpression(send.account, bound)
    own = send.shared.traits if send.shared else send.sides[0].spec.traits
    yield from _of_target(send.values, bound, own, None)
    for side in send.sides:
        for part in (Object((), side.tags), side.overrides):
            if part is not None:
                yield from _of_target(part, bound, side.spec.traits, None)


def _all(nodes: Iterable[Node | None], bound: tuple[Bound, ...] = ()) -> Iterator[PlacedExpression]:
    return (PlacedExpression(node, bound) for node in nodes if node is not None)


def _group(each: Each) -> tuple[Bound, ...]:
    if each.by is None or each.key is None or each.items is None:
        return ()
    return Bound(each.key, each.by, "key"), Bound(each.items, each.source, "group")


def _of_target(
    target: Target, bound: tuple[Bound, ...], traits: Traits, filled: Filled | None
) -> Iterator[PlacedExpression]:
    match target:
        case Plain(node=node):
            yield PlacedExpression(node, bound, traits, filled)
        case Object(fields=fields, free=free, condition=condition):
            yield from _all([condition], bound)
            for one in (*fields, *free):
                yield from _of_target(one.target, bound, traits, one)
        case Loop(variable=variable, source=source, element=element):
            yield PlacedExpression(source, bound)
            yield from _of_target(element, (*bound, Bound(variable, source)), traits, filled)
        case Several(parts=parts):
            for part in parts:
                yield from _of_target(part, bound, traits, filled)
