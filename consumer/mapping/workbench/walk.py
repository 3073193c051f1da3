"""Every expression of a mapping, each with the paths that its loop variables stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from consumer.mapping.check.checked import CheckedMapping, CheckedSend
from consumer.mapping.check.targets import Loop, Object, Plain, Several, Target
from consumer.mapping.language.nodes import Node
from consumer.mapping.workbench.paths import RECORD, Names, element_of

Root = tuple[Node, Names]


def roots(mapping: CheckedMapping) -> Iterator[Root]:
    """The expressions of the file, from `identity` to the last field of the last event."""
    once: list[Node | None] = [*mapping.identity.values(), *(mapping.order_by or ())]
    once += [mapping.time, mapping.user_agent, *(condition for condition, _ in mapping.suppress)]
    once += [rule.when for rule in mapping.rules]
    yield from _present(once, RECORD)
    for rule in mapping.rules:
        for send in rule.sends:
            yield from _of_send(send)


def _present(nodes: Iterable[Node | None], names: Names) -> Iterator[Root]:
    return ((node, names) for node in nodes if node is not None)


def _of_send(send: CheckedSend) -> Iterator[Root]:
    names = RECORD
    each = send.each
    if each is not None:
        yield each.source, names
        element = element_of(each.source, names)
        inside = {**names, each.variable.name: element}
        yield from _present([each.condition, each.by], inside)
        names = inside
        if each.items is not None:
            names = {**names, each.items.name: element.removesuffix("[]")}
    yield from _present([send.condition, send.key_value], names)
    if not isinstance(send.account, str):
        yield send.account, names
    yield from _of_target(send.values, names)
    for side in send.sides:
        for filled in side.tags:
            yield from _of_target(filled.target, names)
        if side.overrides is not None:
            yield from _of_target(side.overrides, names)


def _of_target(target: Target, names: Names) -> Iterator[Root]:
    match target:
        case Plain(node=node):
            yield node, names
        case Object(fields=fields, free=free, condition=condition):
            yield from _present([condition], names)
            for filled in (*fields, *free):
                yield from _of_target(filled.target, names)
        case Loop(variable=variable, source=source, element=element):
            yield source, names
            yield from _of_target(element, {**names, variable.name: element_of(source, names)})
        case Several(parts=parts):
            for part in parts:
                yield from _of_target(part, names)
