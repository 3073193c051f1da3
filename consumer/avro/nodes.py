"""Nodes of an Avro schema: the one model that everything else about a schema derives from.

Derived from nodes are the types of a mapping, the readers of bytes, the JSON form of records, the guards
against harmful schemas, compatibility, the fingerprint, and the schema's own JSON (`document`).
`schema.parse` makes them. A logical type stands in a node only where the specification calls it valid.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

NO_DEFAULT: Final = object()


@dataclass(frozen=True, slots=True)
class Logical:
    """A logical type that is valid on its underlying type. `precision`, `scale`: of decimals only."""

    name: str
    scale: int = 0
    precision: int = 0

    def __str__(self) -> str:
        return f"decimal of scale {self.scale}" if self.name == "decimal" else self.name


@dataclass(slots=True, eq=False)
class Primitive:
    kind: str
    logical: Logical | None = None


@dataclass(slots=True, eq=False)
class Fixed:
    name: str
    size: int
    logical: Logical | None
    aliases: Sequence[str]


@dataclass(slots=True, eq=False)
class EnumType:
    name: str
    symbols: Sequence[str]
    default: str | None
    aliases: Sequence[str]


@dataclass(slots=True, eq=False)
class Array:
    items: "Node"


@dataclass(slots=True, eq=False)
class MapType:
    values: "Node"


@dataclass(slots=True, eq=False)
class Union:
    branches: Sequence["Node"]

    @property
    def names_records(self) -> bool:
        """True where a value names the record that it is: `(full name, dict)`."""
        return sum(isinstance(branch, RecordType) for branch in self.branches) > 1


@dataclass(slots=True, eq=False)
class Field:
    name: str
    node: "Node"
    default: Any
    aliases: Sequence[str]


@dataclass(slots=True, eq=False)
class RecordType:
    name: str
    aliases: Sequence[str]
    fields: list[Field] = field(default_factory=list)


Named = Fixed | EnumType | RecordType
Node = Primitive | Fixed | EnumType | Array | MapType | Union | RecordType


def describe(node: Node) -> str:
    """A type as a person would name it, e.g. `shop.Click`, `array`, `null | string`."""
    match node:
        case Primitive(kind, logical):
            return str(logical) if logical else kind
        case Union(branches):
            return " | ".join(describe(branch) for branch in branches)
        case _:
            return branch_name(node)


def branch_name(node: Node) -> str:
    """The name of a union's branch in Avro's JSON encoding: `long`, `array`, `shop.Click`."""
    match node:
        case Primitive(kind):
            return kind
        case Fixed() | EnumType() | RecordType():
            return node.name
        case Array():
            return "array"
        case MapType():
            return "map"
        case Union():
            return "union"
