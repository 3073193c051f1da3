"""Regions: the records for which a condition is true, as boxes over paths.

A box limits the values of some paths. A condition is true for the records of any of its boxes.
Other tests (a comparison of two paths, a function) do not limit one path alone. Each of them is a
question of its own, with the answer true or not true. The same question has the same answer
wherever it stands.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from decimal import Decimal

from consumer.mapping.language.nodes import (
    BranchTest,
    BranchValue,
    Call,
    Choice,
    Compare,
    Const,
    Field,
    Key,
    Listed,
    Logic,
    Node,
    Not,
    NullTest,
    Var,
    key_of,
    plain,
)
from consumer.mapping.language.types import Boolean, Mixed, Nothing, Record, Slot, Text, Union
from consumer.mapping.language.unions import branch_names

Value = object
ABSENT = None
MAX_BOXES = 64
_ORDERS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """The values that a path may have: one of `values`, or with `all_but` anything except those."""

    values: frozenset[Value]
    all_but: bool = False

    def __and__(self, other: Allowed) -> Allowed:
        if self.all_but and other.all_but:
            return Allowed(self.values | other.values, all_but=True)
        if self.all_but:
            return Allowed(other.values - self.values)
        return Allowed(self.values - other.values if other.all_but else self.values & other.values)

    def __invert__(self) -> Allowed:
        return Allowed(self.values, not self.all_but)

    def within(self, other: Allowed) -> bool:
        """True if everything allowed here is allowed there."""
        if self.all_but:
            return other.all_but and other.values <= self.values
        if other.all_but:
            return not (self.values & other.values)
        return self.values <= other.values

    @property
    def nothing(self) -> bool:
        return not self.all_but and not self.values


ANYTHING = Allowed(frozenset(), all_but=True)
_TRUE, _ANSWERS = Allowed(frozenset({True})), Allowed(frozenset({True, False}))


@dataclass(frozen=True, slots=True)
class Box:
    """`paths` says what each path may be, `questions` are the conditions behind some of its keys."""

    paths: Mapping[Key, Allowed] = field(default_factory=dict)
    questions: Mapping[Key, Node] = field(default_factory=dict)

    def __and__(self, other: Box) -> Box:
        paths = dict(self.paths)
        for key, allowed in other.paths.items():
            paths[key] = paths[key] & allowed if key in paths else allowed
        return Box(paths, {**self.questions, **other.questions})

    def within(self, other: Box) -> bool:
        """True if every record of this box is certainly in the other."""
        return all(
            self.paths.get(key, ANYTHING).within(allowed) or self._answers(key, allowed, other)
            for key, allowed in other.paths.items()
        )

    def _answers(self, key: Key, allowed: Allowed, other: Box) -> bool:
        """True if facts about a path here answer a question there with yes."""
        asked = other.questions.get(key)
        if asked is None or allowed != _TRUE:
            return False
        return any(
            not known.all_but and _holds(asked, path, known) for path, known in self.paths.items()
        ) or any(
            self.paths[key_] == _TRUE and _implies(question, asked)
            for key_, question in self.questions.items()
        )

    @property
    def empty(self) -> bool:
        return any(allowed.nothing for allowed in self.paths.values())


Region = tuple[Box, ...]
"""The boxes, none of them empty. Without any, the condition is never true."""
EVERYWHERE: Region = (Box(),)


def region_of(condition: Node | None) -> Region:
    """The records for which a condition holds; no condition holds for every record."""
    if condition is None or not outside(condition):
        return EVERYWHERE
    return _whole(condition, truth=True)


def outside(condition: Node) -> Region:
    """The records for which a condition does not hold; where there are none, it is always true."""
    return _whole(condition, truth=False)


class _TooManyError(Exception):
    """A condition of more boxes than are worth looking at."""


def _whole(condition: Node, *, truth: bool) -> Region:
    try:
        return _region(condition, truth=truth)
    except _TooManyError:
        return (_asked(condition, truth),)


def _region(node: Node, *, truth: bool) -> Region:
    node = plain(node)
    match node:
        case Const(value=value):
            return EVERYWHERE if bool(value) is truth else ()
        case Not(of=of):
            return _region(of, truth=not truth)
        case Logic(all=every, parts=parts):
            regions = [_region(part, truth=truth) for part in parts]
            return _both(regions) if every is truth else _either(regions)
        case Choice(condition=condition, then=then, otherwise=otherwise):
            first = _both([_region(condition, truth=True), _region(then, truth=truth)])
            second = _both([_region(condition, truth=False), _region(otherwise, truth=truth)])
            return _either([first, second])
    said = _says(node)
    if said is None:
        return (_asked(node, truth),)
    key, slot, allowed = said
    box = Box({key: everything(slot) & (allowed if truth else ~allowed)})
    return () if box.empty else (box,)


def _both(regions: Sequence[Region]) -> Region:
    made: Region = EVERYWHERE
    for region in regions:
        boxes = (one & other for one in made for other in region)
        made = tuple(box for box in boxes if not box.empty)
        if len(made) > MAX_BOXES:
            raise _TooManyError
    return made


def _either(regions: Sequence[Region]) -> Region:
    boxes = tuple(box for region in regions for box in region)
    if len(boxes) > MAX_BOXES:
        raise _TooManyError
    return boxes


def _asked(node: Node, truth: bool) -> Box:
    """A condition as a question of its own."""
    key = ("?", repr(shape(node)))
    return Box({key: _TRUE if truth else Allowed(frozenset({False}))}, {key: node})


def shape(node: object) -> object:
    """The structure of an expression without its place: equal for expressions with equal values."""
    if isinstance(node, tuple):
        return tuple(shape(one) for one in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    node = plain(node)  # type: ignore[arg-type]  # what is no node is given back
    if isinstance(node, Call):
        return (node.function.name, shape(node.arguments))
    kept = (one.name for one in fields(node) if one.name not in {"place", "slot", "key"})
    return (type(node).__name__, *(shape(getattr(node, name)) for name in kept))


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
        case Nothing():
            values = ()
    if values is None:
        return Allowed(frozenset() if slot.nullable else frozenset({ABSENT}), all_but=True)
    return Allowed(frozenset((*values, ABSENT) if slot.nullable else values))


def _says(node: Node) -> tuple[Key, Slot, Allowed] | None:
    """A simple condition's statement about one path; None if it says something else."""
    match node:
        case Compare(left=left, operator=("==" | "!=") as word, right=right):
            if isinstance(plain(left), Const):
                left, right = right, left
            constants = [plain(right)]
        case Compare(left=left, operator=("in" | "not in") as word, right=Listed(elements=all_)):
            constants = [plain(element) for element in all_]
        case NullTest(of=left, present=is_present):
            return _about(left, Allowed(frozenset({ABSENT}), all_but=is_present))
        case BranchTest(of=left, names=names, is_not=is_not):
            excluded = frozenset((*names, ABSENT)) if is_not else frozenset(names)
            return _about(left, Allowed(excluded, all_but=is_not))
        case _:
            return _about(node, _TRUE) if isinstance(node.slot.type, Boolean) else None
    values = {constant.value for constant in constants if isinstance(constant, Const)}
    if len(constants) == 0 or not all(isinstance(constant, Const) for constant in constants):
        return None
    if word in {"!=", "not in"}:
        # A comparison with an absent value is false, whatever it asks.
        return _about(left, Allowed(frozenset((*values, ABSENT)), all_but=True))
    return _about(left, Allowed(frozenset(values)))


def _about(node: Node, allowed: Allowed) -> tuple[Key, Slot, Allowed] | None:
    key = key_of(node)
    if key is None:
        return None
    if isinstance(plain(node), BranchValue):
        key = (*key, "value")  # of a union: beside the branches that tests for them speak of
    return key, Slot(plain(node).slot.type, nullable=not _always_there(plain(node))), allowed


def _always_there(node: Node) -> bool:
    """True if the schema says so. A slot may be narrowed by the very condition looked at."""
    match node:
        case Var(name="record"):
            return True
        case Field(of=of, name=name):
            kind = of.slot.type
            known = isinstance(kind, Record) and not kind.fields[name].nullable
            return known and _always_there(of)
    return False


def _holds(asked: Node, path: Key, known: Allowed) -> bool:
    """True if each known value of a path answers a question about it with yes."""
    match asked:
        case Call(function=function, arguments=arguments) if not function.takes_absent:
            keys = [key_of(argument) for argument in arguments]
            others = [plain(one) for one, key in zip(arguments, keys, strict=True) if key != path]
            if path not in keys or not all(isinstance(other, Const) for other in others):
                return False
            if not all(isinstance(value, str) for value in known.values):
                return False
            constants = [
                one.value if isinstance(one := plain(a), Const) else None for a in arguments
            ]
            return all(
                function.call(*(value if key == path else constant for key, constant in pairs))
                is True
                for value in known.values
                for pairs in [list(zip(keys, constants, strict=True))]
            )
        case Compare(left=left, operator=word, right=right) if key_of(left) == path:
            bound, order = plain(right), _ORDERS.get(word)
            if order is None or not isinstance(bound, Const):
                return False
            numbers = [_number(value) for value in (*known.values, bound.value)]
            limit = numbers[-1]
            return limit is not None and all(
                number is not None and order(number, limit) for number in numbers[:-1]
            )
    return False


def _number(value: object) -> Decimal | None:
    known = isinstance(value, int | Decimal) and not isinstance(value, bool)
    return Decimal(value) if known else None  # type: ignore[arg-type]  # checked above


def _implies(question: Node, asked: Node) -> bool:
    """`starts_with(x, "view_item")` implies `starts_with(x, "view")`."""
    match question, asked:
        case (
            Call(function=one, arguments=(mine, Const(value=str(longer)))),
            Call(function=other, arguments=(theirs, Const(value=str(shorter)))),
        ) if one.name == other.name and shape(mine) == shape(theirs):
            return {
                "starts_with": longer.startswith(shorter),
                "ends_with": longer.endswith(shorter),
                "contains": shorter in longer,
            }.get(one.name, False)
        case (
            Compare(left=mine, operator=word, right=Const(value=value)),
            Compare(left=theirs, operator=other_word, right=Const(value=other_value)),
        ) if word[0] == other_word[0] and word[0] in "<>" and shape(mine) == shape(theirs):
            number, limit = _number(value), _number(other_value)
            if number is None or limit is None:
                return False
            beyond = number > limit if word[0] == ">" else number < limit
            return beyond or (number == limit and (word == other_word or word in {"<", ">"}))
    return False
