"""A condition in parts: the first one that does not hold, and the fields that it reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from consumer.mapping.language.nodes import (
    Arithmetic,
    BranchTest,
    BranchValue,
    Call,
    Compare,
    Converted,
    Defined,
    Field,
    Index,
    Listed,
    Logic,
    Node,
    Not,
    NullTest,
    Template,
    Var,
    children,
)
from consumer.mapping.workbench.paths import path_of

_READ_WHOLE = (
    Arithmetic,
    BranchTest,
    BranchValue,
    Call,
    Compare,
    Converted,
    Defined,
    Listed,
    Not,
    NullTest,
    Template,
)
"""Nodes that always look at all their parts: a part of them can be read by itself."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`failed` is the first part of the condition that is not true; `read` are the fields it reads
    with their values (None: absent)."""

    holds: bool
    failed: Node | None = None
    read: tuple[tuple[str, Any], ...] = ()

    @property
    def absent(self) -> tuple[str, ...]:
        """The fields for want of which it could not be true."""
        if isinstance(self.failed, Compare | Field | Index | Call | Template | Arithmetic):
            return tuple(path for path, value in self.read if value is None)
        return ()


def conjuncts(node: Node) -> Iterator[Node]:
    """The parts that must all be true, in order. A part may rely on proofs of parts before it."""
    if isinstance(node, Defined) and isinstance(node.node, Logic):
        yield from conjuncts(node.node)
    elif isinstance(node, Logic) and node.all:
        for part in node.parts:
            yield from conjuncts(part)
    else:
        yield node


def read_by(part: Node) -> Iterator[tuple[str, Node]]:
    """The fields that a false part looked at, by their paths."""
    if isinstance(part, Logic) and not part.all:
        for one in part.parts:  # none of them is true: each was looked at
            yield from read_by(one)
        return
    path = path_of(part)
    if path is not None and not isinstance(part, Var):
        yield path, part
    elif isinstance(part, _READ_WHOLE):
        for child in children(part):
            if not isinstance(child, Logic):
                yield from read_by(child)
