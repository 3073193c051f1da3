"""The names an expression may use, and what is known about them where it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from consumer.documents.findings import Place
from consumer.mapping.language.facts import NO_FACTS, Facts
from consumer.mapping.language.functions import Library
from consumer.mapping.language.nodes import Defined, Node, Var, children
from consumer.mapping.language.syntax import Source
from consumer.mapping.language.types import Record, Slot, Type


@dataclass(frozen=True, slots=True)
class Definition:
    name: str
    source: Source
    place: Place
    sees: Mapping[str, Definition]
    """Those above it: a definition cannot refer to itself."""


@dataclass(slots=True)
class Usage:
    """The definitions that the expressions of a mapping have used."""

    definitions: set[Place] = field(default_factory=set)
    inferred: dict[tuple[Place, Facts], Node] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)
    """Of each inferred definition (by `id` of its node): nodes, those of its own ones included."""
    variables: int = 0

    def size(self, node: Node) -> int:
        """The nodes of an expression, with those of every definition wherever it is used."""
        total = 0
        stack = [node]
        while stack:
            one = stack.pop()
            total += 1
            if isinstance(one, Defined):
                total += self.sizes[id(one.node)]
            else:
                stack.extend(children(one))
        return total


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that gives a name its meaning. Immutable: each block makes its own."""

    record: Record
    library: Library
    schema_file: str
    lines: list[str]
    """Of the mapping file, for places."""
    usage: Usage
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    variables: Mapping[str, Var] = field(default_factory=dict)
    blocks: Mapping[str, Place] = field(default_factory=dict)
    """Names of blocks of fields, with the places where they are defined: no values."""
    facts: Facts = NO_FACTS
    fits: Callable[[Type], bool] | None = None
    """The types that the place of an expression takes: such names are meant first."""
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Names that mean nothing here though they did further out, each with what to write."""

    def knowing(self, facts: Facts) -> Scope:
        return replace(self, facts=self.facts & facts)

    def with_variables(self, *more: tuple[str, Var]) -> Scope:
        return replace(self, variables={**self.variables, **dict(more)})

    def defining(self, definitions: Mapping[str, Definition]) -> Scope:
        return replace(self, definitions={**self.definitions, **definitions})

    def new_variable(self, name: str, slot: Slot, place: Place) -> Var:
        """A variable with a name of its own in the generated code."""
        self.usage.variables += 1
        code_name = f"{name}_{self.usage.variables}"
        return Var(code_name, slot, place, (code_name,))

    def taken(self, name: str) -> str | None:
        """The owner of this name, in words; None if it is free."""
        if name in self.variables:
            return "a loop name"
        if name in self.definitions:
            return "a definition"
        if name in self.tables:
            return "a table"
        if name in self.blocks:
            return "a block"
        if name in self.record.fields:
            return f"a field of `{self.record.name}`"
        return None
