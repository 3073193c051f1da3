"""The parts of its record that a mapping reads, so that the decoder may leave out the others.

Those are the parts that the *generated code* touches: of a path that is only walked through each of its
steps, for a null test only that there is something, and the whole of a value that goes anywhere else
(into a function, a comparison, an event).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.check.expressions import Bound, expressions
from consumer.mapping.language.nodes import (
    BranchTest,
    BranchValue,
    Comprehension,
    Defined,
    Field,
    Index,
    Node,
    NullTest,
    TableRef,
    Var,
    children,
)
from consumer.projection import Reads


class _Part:
    """A part of the record. An element of a list or map is the same part as the list or map."""

    __slots__ = ("fields", "whole")

    def __init__(self) -> None:
        self.fields: dict[str, _Part] = {}
        self.whole = False

    def field(self, name: str) -> _Part:
        return self.fields.setdefault(name, _Part())

    def reads(self) -> Reads:
        if self.whole:
            return None
        return {name: part.reads() for name, part in self.fields.items()}


class _Around:
    """The variables that an expression sees, by their name in generated code, with the part of each."""

    __slots__ = ("parts", "seen")

    def __init__(self, parts: Mapping[str, _Part]) -> None:
        self.parts = parts
        self.seen: set[int] = set()
        """Definitions walked already, by `id` of their node: they may build upon one another."""

    def within(self, name: str, part: _Part) -> _Around:
        return _Around({**self.parts, name: part})


def reads_of(mapping: CheckedMapping) -> Reads:
    """The parts of its record that the mapping reads."""
    root = _Part()
    around = _Around({"record": root})
    for expression in expressions(mapping):
        _needed_whole(expression.node, _inside(around, expression.bound))
    return root.reads()


def _inside(around: _Around, bound: Iterable[Bound]) -> _Around:
    """The variables within loops. A group's key is made of what its expression read."""
    for one in bound:
        if one.how != "key":
            around = around.within(one.variable.name, _elements(one.source, around))
    return around


def _needed(nodes: Iterable[Node | None], around: _Around) -> None:
    """These values are used."""
    for node in nodes:
        if node is not None:
            _needed_whole(node, around)


def _needed_whole(node: Node, around: _Around) -> None:
    part = _part(node, around)
    if part is not None:
        part.whole = True
        return
    match node:
        case NullTest(of=of) | BranchTest(of=of):
            if _part(of, around) is None:
                _needed_whole(of, around)
        case Comprehension(variable=variable, source=source):
            inside = around.within(variable.name, _elements(source, around))
            _needed([node.condition, node.element], inside)
        case Defined(node=inner):
            if id(inner) not in around.seen:
                around.seen.add(id(inner))
                _needed_whole(inner, around)
        case Var():  # `kafka`, or the key of a group: its parts are needed already
            return
        case _:
            _needed(children(node), around)


def _elements(source: Node, around: _Around) -> _Part:
    """The part that the elements of a loop's source are; of a computed one, no part at all."""
    part = _part(source, around)
    if part is None:
        _needed_whole(source, around)
        return _Part()
    return part


def _part(node: Node, around: _Around) -> _Part | None:
    """The part that a path leads to, made if need be; None for what is computed."""
    match node:
        case Var(name=name):
            return around.parts.get(name)
        case Field(of=of, name=name):
            part = _part(of, around)
            return None if part is None else part.field(name)
        case Index(of=TableRef()):
            return None
        case Index(of=of, by=by):
            part = _part(of, around)
            if part is not None:
                _needed_whole(by, around)
            return part
        case Defined(node=inner) | BranchValue(of=inner):
            return _part(inner, around)
    return None
