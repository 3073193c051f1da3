"""Absent values: the part of an expression that makes the whole absent."""

from __future__ import annotations

from consumer.mapping.language.nodes import (
    Arithmetic,
    BranchValue,
    Call,
    Choice,
    Comprehension,
    Const,
    Converted,
    Field,
    Index,
    Node,
    Template,
    children,
    plain,
)
from consumer.mapping.language.types import Mixed, short
from consumer.mapping.language.unions import WITH_TEXT, branch_names


def absent_part(node: Node) -> Node:
    """The innermost part that may be absent by itself, and makes the whole absent."""
    inner = plain(node)
    for part in _needed(inner):
        if part.slot.nullable and not isinstance(part, Const):
            return absent_part(part)
    return inner if isinstance(inner, Field | Index) else node


def _needed(node: Node) -> tuple[Node, ...]:
    """The parts that a value needs. No part helps where the function itself may be absent."""
    match node:
        case Call(function=function) if function.name != "coalesce" and (
            function.takes_absent or function.may_be_absent
        ):
            return ()
        case Choice(then=then, otherwise=otherwise):
            return (then, otherwise)
        case Comprehension(source=source):
            return (source,)
        case Converted(how="mixed_text" | "mixed_texts"):
            return ()
        case Field() | Call() | Template() | Arithmetic() | Converted():
            return children(node)
    return ()


def asked_branches(node: Node) -> tuple[str, ...]:
    """The branches that a union is read as, where it may be another: those a condition has to prove."""
    match plain(node):
        case BranchValue(names=names, proven=False):
            return tuple(short(name) for name in names)
        case Converted(of=of, how="mixed_text"):
            kind = of.slot.type
            assert isinstance(kind, Mixed)
            return tuple(name for name in WITH_TEXT if name in branch_names(kind))
    return ()
