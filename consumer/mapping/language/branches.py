"""Reading a union of several kinds of values as the kind that is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from consumer.mapping.language.facts import Facts
from consumer.mapping.language.nodes import BranchValue, Converted, Defined, Node, key_of, plain
from consumer.mapping.language.types import (
    Array,
    Date,
    Integer,
    Mixed,
    Nothing,
    Number,
    Slot,
    Text,
    Time,
    Type,
    is_number,
    per_ms,
)
from consumer.mapping.language.unions import (
    WITH_TEXT,
    as_read,
    branch_names,
    is_certain,
    narrowest,
    only,
)

NUMBERS = (Integer, Number)


def narrowed_branch(node: Node, facts: Facts) -> Node:
    """The node as the branches that conditions have left of its union."""
    kind, key = node.slot.type, key_of(node)
    names = facts.of(key) if isinstance(kind, Mixed) and key else None
    if not isinstance(kind, Mixed) or names is None:
        return node
    left = only(kind, names)
    return node if not left or left == kind.branches else _value(node, left, proven=True)


def read_as(node: Node, kinds: tuple[type[Type], ...]) -> Node:
    """The node, which a union is read as: the branches of these kinds, absent where it is another. As it
    is where it is no union, or where no branch of it is certain to be of these kinds."""
    kind = node.slot.type
    if not isinstance(kind, Mixed):
        return node
    chosen = tuple(one for one in kind.branches if isinstance(one, kinds) and is_certain(kind, one))
    if chosen == kind.branches:
        return node
    return _value(node, chosen, proven=False) if chosen else node


def read_like(node: Node, other: Type) -> Node:
    """A union, read as a value that is compared with one of another type, or stands in its place."""
    if not isinstance(node.slot.type, Mixed) or isinstance(other, Mixed | Nothing):
        return node
    if isinstance(other, Text):
        return as_text(node)
    return read_as(node, NUMBERS if is_number(other) else (type(other),))


def read_alike(nodes: Sequence[Node]) -> list[Node]:
    """The nodes, of which unions are read like the first that is none."""
    kinds = (node.slot.type for node in nodes)
    known = next((kind for kind in kinds if not isinstance(kind, Mixed | Nothing)), None)
    return list(nodes) if known is None else [read_like(node, known) for node in nodes]


def as_text(node: Node) -> Node:
    """A union of which some branch is text or a number, as text; any other node as it is."""
    kind = node.slot.type
    if not isinstance(kind, Mixed) or set(WITH_TEXT).isdisjoint(branch_names(kind)):
        return node
    always = set(WITH_TEXT).issuperset(branch_names(kind))
    slot = Slot(Text(), node.slot.nullable if always else True)
    return Converted(node, "mixed_text", slot, node.place)


def as_texts(node: Node) -> Node:
    """A union as a list of texts: of a single one, or of those in a list; any other node as it is."""
    kind = node.slot.type
    named = {*WITH_TEXT, "list"}
    if (
        isinstance(kind, Mixed)
        and not named.isdisjoint(branch_names(kind))
        and not _lists_times(kind)
    ):
        slot = Slot(Array(Slot(Text())), nullable=True)
        return Converted(node, "mixed_texts", slot, node.place)
    return node


def as_json(node: Node) -> Node:
    """A union, or a list of one, as texts, numbers, booleans and lists of them; any other as it is."""
    kind = node.slot.type
    item = kind.item.type if isinstance(kind, Array) else kind
    if isinstance(item, Mixed) and not _lists_times(kind):
        return Converted(node, "plain_json", Slot(kind, nullable=True), node.place)
    return node


def _lists_times(kind: Type) -> bool:
    """True for a list whose integers may be times or dates: they have no text as they stand."""
    branches = kind.branches if isinstance(kind, Mixed) else (kind,)
    return any(
        isinstance(one, Array) and (has_times(one.item.type) or _lists_times(one.item.type))
        for one in branches
    )


def has_times(kind: Type) -> bool:
    """True if an integer of this type may be a time or a date."""
    branches = kind.branches if isinstance(kind, Mixed) else (kind,)
    return any(isinstance(one, Time | Date) for one in branches)


def raw(node: Node) -> Node:
    """The node before conditions have narrowed its union."""
    while True:
        inner = plain(node)
        if isinstance(node, BranchValue) or (
            isinstance(node, Defined) and isinstance(inner, BranchValue)
        ):
            assert isinstance(inner, BranchValue)
            node = inner.of
        else:
            return node


def _value(node: Node, branches: tuple[Type, ...], *, proven: bool) -> BranchValue:
    names = branch_names(Mixed(branches))
    slot = as_read(branches, nullable=node.slot.nullable if proven else True)
    return BranchValue(node, names, proven, slot, node.place, per_ms(narrowest(branches)))
