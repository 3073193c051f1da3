"""Names: what a loop or definition may be called, and how paths are shown in messages."""

from __future__ import annotations

from consumer.documents.findings import Place
from consumer.mapping.language.nodes import (
    BranchValue,
    Call,
    Const,
    Converted,
    Defined,
    Field,
    Index,
    KafkaPart,
    Listed,
    Node,
    TableRef,
    Var,
    plain,
)
from consumer.mapping.language.scope import Scope
from consumer.mapping.language.syntax import NAME, RESERVED, Wrong
from consumer.mapping.language.types import Array, MapOf, Slot, describe

UNNAMED = "this value"
"""The name in messages of a value that is neither a path nor a call."""


def loop_variable(scope: Scope, name: str, source: Node, place: Place) -> tuple[Scope, Var]:
    """The scope inside a loop over `source`, and its variable. Raises Wrong."""
    kind = source.slot.type
    if not isinstance(kind, Array):
        remedy = "`for` goes over an array"
        if isinstance(kind, MapOf):
            remedy = "write `for: k in keys(m)`, and `m[k]` for the value"
        message = f"this is no array but {describe(kind)}"
        raise Wrong(source.place, "type", message, remedy)
    check_new_name(scope, name, place)
    item = kind.item
    if isinstance(plain(source), Listed | Converted):
        item = Slot(item.type)
    variable = scope.new_variable(name, item, place)
    return scope.with_variables((name, variable)), variable


def check_new_name(scope: Scope, name: str, place: Place) -> None:
    """Checks that a definition or loop may take this name. Raises Wrong."""
    if not NAME.fullmatch(name):
        raise Wrong(place, "bad-name", "a name is made of letters, digits and `_`")
    if name in RESERVED:
        raise Wrong(place, "reserved", f"`{name}` is a name of the language", "choose another")
    if taken := scope.taken(name):
        message = f"`{name}` is already {taken}"
        raise Wrong(place, "shadowing", message, "choose another name")


def path_text(node: Node) -> str:
    """A path as it is written, for messages."""
    match node:
        case Var(name="record"):
            return "record"
        case Var(name=name):
            return name.rpartition("_")[0]
        case Field(of=Var(name="record"), name=name) | Defined(name=name) | TableRef(name=name):
            return name
        case Field(of=of, name=name):
            return f"{path_text(of)}.{name}"
        case Index(of=TableRef(name=name)):
            return f"{name}[...]"
        case Index(of=of, by=Const(value=str(value))):
            return f'{path_text(of)}["{value}"]'
        case Index(of=of, by=Const(value=value)):
            return f"{path_text(of)}[{value}]"
        case KafkaPart(part=part, header=header):
            if header is None:
                return f"kafka.{part}"
            return f'kafka.headers["{header.value}"]' if isinstance(header, Const) else UNNAMED
        case Converted(of=of) | BranchValue(of=of):
            return path_text(of)
        case Call(function=function):
            return f"{function.name}(...)"
    return UNNAMED
