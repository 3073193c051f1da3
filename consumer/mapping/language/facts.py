"""Facts that a condition proves about paths: present, and which branch of a union."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

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
    Key,
    Logic,
    Node,
    Not,
    NullTest,
    Template,
    children,
    key_of,
    plain,
)
from consumer.mapping.language.types import Mixed, Slot, Union
from consumer.mapping.language.unions import WITH_TEXT, branch_names


@dataclass(frozen=True, slots=True)
class Facts:
    """`present` are paths proven not absent; `branches` says which branches a union may still be."""

    present: frozenset[Key] = frozenset()
    branches: frozenset[tuple[Key, frozenset[str]]] = frozenset()

    def of(self, key: Key) -> frozenset[str] | None:
        """The branches that the union at `key` may still be; None where nothing is known."""
        found: frozenset[str] | None = None
        for known, names in self.branches:
            if known == key:
                found = names if found is None else found & names
        return found

    def __and__(self, other: Facts) -> Facts:
        """Both hold."""
        return Facts(self.present | other.present, self.branches | other.branches)

    def __or__(self, other: Facts) -> Facts:
        """One of the two holds."""
        keys = {key for key, _ in self.branches} & {key for key, _ in other.branches}
        both = set()
        for key in keys:
            mine, theirs = self.of(key), other.of(key)
            assert mine is not None
            assert theirs is not None
            both.add((key, mine | theirs))
        return Facts(self.present & other.present, frozenset(both))


NO_FACTS = Facts()


def when_true(node: Node) -> Facts:
    """The facts where the condition holds."""
    match node:
        case Defined(node=inner):
            return when_true(inner) & present(node)
        case Logic(all=True, parts=parts):
            return _all(when_true(part) for part in parts)
        case Logic(parts=parts):
            return _any(when_true(part) for part in parts)
        case Not(of=of):
            return when_false(of)
        case NullTest(of=of, present=True):
            return present(of)
        case BranchTest(of=of, names=names, is_not=is_not):
            return present(of) & _branches(of, names, among=not is_not)
        case Compare(left=left, right=right):
            return present(left) & present(right)
        case _:
            return present(node)


def when_false(node: Node) -> Facts:
    """The facts where the condition does not hold (false or absent)."""
    match node:
        case Defined(node=inner):
            return when_false(inner)
        case Logic(all=True, parts=parts):
            return _any(when_false(part) for part in parts)
        case Logic(parts=parts):
            return _all(when_false(part) for part in parts)
        case Not(of=of):
            return when_true(of)
        case NullTest(of=of, present=False):
            return present(of)
        case BranchTest(of=of, names=names, is_not=is_not):
            return _branches(of, names, among=is_not)  # or it is absent
    return NO_FACTS


def present(node: Node) -> Facts:
    """The facts where `node` is present: so is every part without which it would be absent."""
    match node:
        case Field(of=of) | Index(of=of):
            key = key_of(node)
            return (Facts(frozenset((key,))) if key else NO_FACTS) & present(of)
        case Defined(node=inner, key=key):
            return Facts(frozenset((key,))) & present(inner)
        case BranchValue(of=of, names=names):
            return present(of) & _branches(of, names, among=True)
        case Converted(of=of, how="mixed_text"):
            return present(of) & _branches(of, WITH_TEXT, among=True)
        case Call(function=function) if not function.takes_absent:
            return _all(present(child) for child in children(node))
        case Template() | Arithmetic() | Converted():
            return _all(present(child) for child in children(node))
    key = key_of(node)
    return Facts(frozenset((key,))) if key else NO_FACTS


def _branches(of: Node, names: tuple[str, ...], *, among: bool) -> Facts:
    key, kind = key_of(of), plain(of).slot.type
    if key is None or not isinstance(kind, Union | Mixed):
        return NO_FACTS
    every = frozenset(branch_names(kind))
    left = every & set(names) if among else every - set(names)
    return Facts(branches=frozenset(((key, left),)))


def _all(facts: Iterable[Facts]) -> Facts:
    total = NO_FACTS
    for fact in facts:
        total = total & fact
    return total


def _any(facts: Iterable[Facts]) -> Facts:
    total: Facts | None = None
    for fact in facts:
        total = fact if total is None else total | fact
    return total or NO_FACTS


def narrowed(slot: Slot, key: Key | None, facts: Facts) -> Slot:
    """The slot of the path `key` where `facts` hold."""
    if key is not None and slot.nullable and key in facts.present:
        return Slot(slot.type)
    return slot
