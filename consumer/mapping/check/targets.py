"""Targets: typed and checked values of an event, the tree that code is generated from.

`path` is the place of the value in the vendor's (or the shared event's) words, for messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from consumer.mapping.language.nodes import Node, Var


@dataclass(frozen=True, slots=True)
class Plain:
    """A value without members: text, number, list of texts."""

    node: Node

    @property
    def nullable(self) -> bool:
        return self.node.slot.nullable


@dataclass(frozen=True, slots=True)
class Filled:
    """A field of an object, with what fills it."""

    name: str
    path: str
    required: bool
    target: Target


@dataclass(frozen=True, slots=True)
class Object:
    """`free` are properties of the user's naming; `condition` leaves the object out when false."""

    fields: tuple[Filled, ...]
    free: tuple[Filled, ...] = ()
    condition: Node | None = None

    @property
    def nullable(self) -> bool:
        return self.condition is not None


@dataclass(frozen=True, slots=True)
class Loop:
    """One object per element of an array; `condition` leaves elements out."""

    variable: Var
    source: Node
    element: Object

    @property
    def nullable(self) -> bool:
        return self.source.slot.nullable


@dataclass(frozen=True, slots=True)
class Several:
    """A list written out: values, objects and loops one after the other."""

    parts: tuple[Target, ...]

    @property
    def nullable(self) -> bool:
        return False


Target = Plain | Object | Loop | Several


def fillings(target: Target) -> Iterator[Filled]:
    """Every field that is filled within the target, outer ones first."""
    match target:
        case Object(fields=fields, free=free):
            for filled in (*fields, *free):
                yield filled
                yield from fillings(filled.target)
        case Loop(element=element):
            yield from fillings(element)
        case Several(parts=parts):
            for part in parts:
                yield from fillings(part)


def may_miss(target: Target) -> bool:
    """True if a required field within the target can be absent."""
    return any(filled.required and filled.target.nullable for filled in fillings(target))
