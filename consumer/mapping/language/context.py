"""The whole expression, as the typing of a part needs it: its scope, its places, its other parts."""

from __future__ import annotations

import ast
from typing import Protocol, Self

from consumer.documents.findings import Place
from consumer.mapping.language.nodes import Node
from consumer.mapping.language.scope import Scope


class Context(Protocol):
    """One expression in one scope."""

    @property
    def scope(self) -> Scope: ...

    def within(self, scope: Scope) -> Self:
        """The same expression where more is known."""

    def place(self, tree: ast.expr) -> Place: ...

    def of(self, tree: ast.expr) -> Node:
        """The typed node of a part. Raises Wrong."""

    def member(self, of: Node, name: str, place: Place) -> Node:
        """The member of a record. Raises Wrong."""
