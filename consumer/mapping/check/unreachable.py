"""Rules that can never be reached, as far as it can be told for certain.

A condition is read as a conjunction of what it says about single paths. Anything else in it makes the
condition *partly known*: such a rule may be covered by others, but is not known to cover any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from consumer.documents.findings import Finding, Place
from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.language.nodes import (
    BranchTest,
    BranchValue,
    Compare,
    Const,
    Key,
    Listed,
    Logic,
    Node,
    Not,
    NullTest,
    key_of,
    plain,
)
from consumer.mapping.language.types import Boolean, Mixed, Slot, Text, Union
from consumer.mapping.language.unions import branch_names

Value = object
ABSENT = None
MAX_CASES = 100


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a path may be: one of `values`, or with `all_but` anything except those."""

    values: frozenset[Value]
    all_but: bool = False

    def __and__(self, other: Allowed) -> Allowed:
        if self.all_but and other.all_but:
            return Allowed(self.values | other.values, all_but=True)
        if self.all_but:
            return Allowed(other.values - self.values)
        return Allowed(self.values - other.values if other.all_but else self.values & other.values)

    def within(self, other: Allowed) -> bool:
        """Whether everything allowed here is allowed there."""
        if self.all_but:
            return other.all_but and other.values <= self.values
        if other.all_but:
            return not (self.values & other.values)
        return self.values <= other.values

    @property
    def nothing(self) -> bool:
        return not self.all_but and not self.values


@dataclass(frozen=True, slots=True)
class Region:
    """The records a condition is true for. `whole` says that it is known completely."""

    paths: Mapping[Key, Allowed] = field(default_factory=dict)
    whole: bool = True

    def within(self, other: Region) -> bool:
        """Whether every record of this region is certainly in the other."""
        if not other.whole:
            return False
        anything = Allowed(frozenset(), all_but=True)
        return all(
            self.paths.get(key, anything).within(allowed) for key, allowed in other.paths.items()
        )

    @property
    def empty(self) -> bool:
        return any(allowed.nothing for allowed in self.paths.values())


def region_of(condition: Node | None) -> Region:
    """The region of a condition; no condition is true for every record."""
    paths: dict[Key, Allowed] = {}
    whole = True
    parts: list[Node] = [condition] if condition is not None else []
    while parts:
        node = plain(parts.pop())
        if isinstance(node, Logic) and node.all:
            parts.extend(node.parts)
            continue
        said = _says(node)
        if said is None:
            whole = False
            continue
        key, slot, allowed = said
        before = paths.get(key, everything(slot))
        paths[key] = before & allowed
    return Region(paths, whole)


def everything(slot: Slot) -> Allowed:
    """All that a value of this type can be."""
    values: Iterable[Value] | None = None
    match slot.type:
        case Text(symbols=symbols) if symbols is not None:
            values = symbols
        case Boolean():
            values = (True, False)
        case (Union() | Mixed()) as union:
            values = branch_names(union)
    if values is None:
        return Allowed(frozenset() if slot.nullable else frozenset({ABSENT}), all_but=True)
    return Allowed(frozenset((*values, ABSENT) if slot.nullable else values))


def _says(node: Node) -> tuple[Key, Slot, Allowed] | None:
    """What a simple condition says about one path; None where it says something else."""
    match node:
        case Compare(left=left, operator=("==" | "!=") as operator, right=right):
            if isinstance(plain(left), Const):
                left, right = right, left
            constants = [plain(right)]
        case Compare(
            left=left, operator=("in" | "not in") as operator, right=Listed(elements=all_)
        ):
            constants = [plain(element) for element in all_]
        case NullTest(of=left, present=is_present):
            return _about(left, Allowed(frozenset({ABSENT}), all_but=is_present))
        case BranchTest(of=left, names=names, is_not=is_not):
            excluded = frozenset((*names, ABSENT)) if is_not else frozenset(names)
            return _about(left, Allowed(excluded, all_but=is_not))
        case Not(of=inner):
            if key_of(inner) is None or not isinstance(inner.slot.type, Boolean):
                return None
            return _about(inner, Allowed(frozenset({True}), all_but=True))
        case _:
            if isinstance(node.slot.type, Boolean):
                return _about(node, Allowed(frozenset({True})))
            return None
    values = {constant.value for constant in constants if isinstance(constant, Const)}
    if len(constants) == 0 or not all(isinstance(constant, Const) for constant in constants):
        return None
    if operator in {"!=", "not in"}:
        # A comparison with an absent value is false, whatever it asks.
        return _about(left, Allowed(frozenset((*values, ABSENT)), all_but=True))
    return _about(left, Allowed(frozenset(values)))


def _about(node: Node, allowed: Allowed) -> tuple[Key, Slot, Allowed] | None:
    key = key_of(node)
    if key is None:
        return None
    if isinstance(plain(node), BranchValue):
        key = (*key, "value")  # of a union: beside the branches that tests for them speak of
    # Narrowing is part of the condition itself here: any path may be absent.
    return key, Slot(plain(node).slot.type, nullable=True), allowed


@dataclass(frozen=True, slots=True)
class Earlier:
    """Something that takes records before a rule does."""

    region: Region
    name: str


def unreachable(mapping: CheckedMapping) -> list[Finding]:
    """A finding per rule that certainly never takes a record."""
    before = [
        Earlier(region_of(condition), f"suppress ({reason})")
        for condition, reason in mapping.suppress
    ]
    found = []
    for rule in mapping.rules:
        if rule.unknown:
            continue
        region = region_of(rule.when)
        place = rule.when.place if rule.when else rule.place
        if region.empty:
            message = f"the rule `{rule.name}` is never true"
            found.append(Finding(place, "never-true", message, "its conditions contradict"))
            continue
        cover = _covered_by(region, before)
        if cover:
            found.append(_finding(rule.name, place, cover))
        if not mapping.match_all:
            before.append(Earlier(region, f"rule `{rule.name}`"))
    return found


def _finding(name: str, place: Place, cover: Sequence[str]) -> Finding:
    message = f"the rule `{name}` is never reached"
    by = ", ".join(dict.fromkeys(cover))
    return Finding(place, "unreachable", message, f"taken before it by: {by}")


def _covered_by(region: Region, before: Sequence[Earlier]) -> list[str]:
    """Who takes all of the region: one alone, or several between them, value by value of a path."""
    for earlier in before:
        if region.within(earlier.region):
            return [earlier.name]
    for key, allowed in region.paths.items():
        if allowed.all_but or not 1 < len(allowed.values) <= MAX_CASES:
            continue
        cover = []
        for value in allowed.values:
            case = replace(region, paths={**region.paths, key: Allowed(frozenset({value}))})
            taker = next((one.name for one in before if case.within(one.region)), None)
            if taker is None:
                break
            cover.append(taker)
        if len(cover) == len(allowed.values):
            return sorted(cover)
    return []
