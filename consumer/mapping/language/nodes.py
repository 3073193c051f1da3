"""Typed expressions: what inference makes of the text, and what code is generated from.

Every node has a `slot` (its type, and whether it may be absent *where it stands*: narrowing counts).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from consumer.documents.findings import Place
from consumer.mapping.language.types import Slot

if TYPE_CHECKING:
    from consumer.mapping.language.functions import Function

Key = tuple[str, ...]
"""Names a path for narrowing and for loading it once: `("record", "user", "email")`."""


@dataclass(frozen=True, slots=True)
class Const:
    value: str | int | Decimal | bool | None
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class Var:
    """The record, a loop variable, a group's `key` or `items`. `name` is that in generated code."""

    name: str
    slot: Slot
    place: Place
    key: Key


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a record. `branches` are the full names of the records that `of` may be, where that is
    a union of records: all of them have the member."""

    of: Node
    name: str
    slot: Slot
    place: Place
    key: Key | None
    branches: tuple[str, ...] = ()
    per_ms: int = 1
    """Units of the stored time per millisecond: the value is brought to milliseconds on reading."""


@dataclass(frozen=True, slots=True)
class Index:
    """`map["key"]`, `array[0]`, `table[key]`."""

    of: Node
    by: Node
    slot: Slot
    place: Place
    key: Key | None


@dataclass(frozen=True, slots=True)
class KafkaPart:
    """Something of the Kafka record itself: `key`, `header` (with its name), `offset` ..."""

    part: Literal["key", "header", "timestamp", "topic", "partition", "offset"]
    header: Node | None
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class TableRef:
    """A look-up table of the mapping file, by its name in generated code."""

    name: str
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class Defined:
    """The use of a definition; `node` is its expression as it reads *here*."""

    name: str
    node: Node
    slot: Slot
    place: Place
    key: Key


@dataclass(frozen=True, slots=True)
class Call:
    function: Function
    arguments: tuple[Node, ...]
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class Template:
    """An f-string. Parts are texts and nodes that are text."""

    parts: tuple[str | Node, ...]
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class Logic:
    """`and` / `or` over conditions; never absent."""

    all: bool
    parts: tuple[Node, ...]
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class Not:
    of: Node
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison. A chain is a `Logic` of them. `exact` says that both sides must be made
    Decimal first (a binary float is involved)."""

    left: Node
    operator: Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
    right: Node
    exact: bool
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class NullTest:
    of: Node
    present: bool
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class BranchTest:
    """`event is CartChanged`, `x is number`; `names` are those of branches (see `unions`)."""

    of: Node
    names: tuple[str, ...]
    is_not: bool
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class BranchValue:
    """A union of several kinds of values, read as the branches `names`. Absent where it is another,
    unless a condition has `proven` that it is none. `per_ms` as in `Field`."""

    of: Node
    names: tuple[str, ...]
    proven: bool
    slot: Slot
    place: Place
    per_ms: int = 1


@dataclass(frozen=True, slots=True)
class Arithmetic:
    left: Node
    operator: Literal["+", "-", "*", "/", "//", "%"]
    right: Node
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class Choice:
    condition: Node
    then: Node
    otherwise: Node
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class Listed:
    elements: tuple[Node, ...]
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class Comprehension:
    variable: Var
    source: Node
    condition: Node | None
    element: Node
    slot: Slot
    place: Place


@dataclass(frozen=True, slots=True)
class Converted:
    """A value brought into the form a target or a function takes; `how` names a converter."""

    of: Node
    how: Literal["text", "mixed_text", "texts", "mixed_texts", "plain_json", "present", "one"]
    slot: Slot
    place: Place


Node = (
    Const
    | Var
    | Field
    | Index
    | KafkaPart
    | TableRef
    | Defined
    | Call
    | Template
    | Logic
    | Not
    | Compare
    | NullTest
    | BranchTest
    | BranchValue
    | Arithmetic
    | Choice
    | Listed
    | Comprehension
    | Converted
)


def key_of(node: Node) -> Key | None:
    """The key by which narrowing knows the node; None where it is no path."""
    match node:
        case Var(key=key) | Field(key=key) | Index(key=key):
            return key
        case Defined(node=inner, key=key):
            return key_of(inner) or key
        case BranchValue(of=of):
            return key_of(of)
    return None


def plain(node: Node) -> Node:
    """The expression behind definitions."""
    while isinstance(node, Defined):
        node = node.node
    return node


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside."""
    match node:
        case (
            Field(of=of)
            | Not(of=of)
            | NullTest(of=of)
            | BranchTest(of=of)
            | BranchValue(of=of)
            | Converted(of=of)
        ):
            return (of,)
        case Index(of=of, by=by):
            return (of, by)
        case Defined(node=inner):
            return (inner,)
        case KafkaPart(header=header) if header is not None:
            return (header,)
        case Call(arguments=arguments):
            return arguments
        case Template(parts=parts):
            return tuple(part for part in parts if not isinstance(part, str))
        case Logic(parts=parts):
            return parts
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return (left, right)
        case Choice(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case Listed(elements=elements):
            return elements
        case Comprehension(source=source, condition=condition, element=element):
            return (source, element) if condition is None else (source, condition, element)
    return ()
