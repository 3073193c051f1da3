"""Unions of several kinds of values: the names of their branches, and the tests for each of them.

    ["null", "boolean", "long", {"type": "array", "items": "string"}]  boolean or integer or list of text

A decoded value does not name the branch it was written as. Its Python type shows the branch. `is`
takes the *name* of a branch: a word for its kind (`number`), or the name of a record.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from consumer.mapping.language.types import (
    Array,
    Binary,
    Boolean,
    Date,
    Integer,
    MapOf,
    Mixed,
    Nothing,
    Number,
    Record,
    Slot,
    Text,
    Time,
    Type,
    Union,
    in_ms,
)

WITH_TEXT = ("text", "number")
"""The branches that are text wherever text is asked for."""
_WORDS: dict[type[Type], str] = {
    Text: "text",
    Integer: "number",
    Number: "number",
    Boolean: "boolean",
    Time: "time",
    Date: "date",
    Binary: "bytes",
    Array: "list",
    MapOf: "map",
}
_AT_RUN_TIME: dict[type[Type], frozenset[type]] = {
    Text: frozenset({str}),
    Integer: frozenset({int}),
    Number: frozenset({int, float, Decimal}),
    Boolean: frozenset({bool}),
    Time: frozenset({int}),
    Date: frozenset({int}),
    Binary: frozenset({bytes}),
    Array: frozenset({list}),
    MapOf: frozenset({dict}),
    Record: frozenset({dict}),
    Union: frozenset({tuple}),
}
"""The Python types of a value that the decoder reads; of several records a pair of name and record."""


def one_of(branches: Iterable[Type]) -> Type:
    """The type of a value that is one of these. Numbers are one kind, and so are texts."""
    kinds: dict[str, list[Type]] = {}
    for branch in branches:
        if not isinstance(branch, Nothing):
            kinds.setdefault(_WORDS.get(type(branch), "record"), []).append(branch)
    merged = [_merged(same) for same in kinds.values()]
    if not merged:
        return Nothing()
    return merged[0] if len(merged) == 1 else Mixed(tuple(merged))


def _merged(same: list[Type]) -> Type:
    first = same[0]
    records = [one for one in same if isinstance(one, Record)]
    if len(records) > 1:
        return Union(tuple(records))
    if len(same) > 1 and isinstance(first, Text):
        return Text()
    if isinstance(first, Integer | Number) and any(one != first for one in same):
        return Number(binary=Number(binary=True) in same)
    return first


def branch_names(kind: Union | Mixed) -> tuple[str, ...]:
    """The names of all branches: `text`, `number` ..., full names of records."""
    branches = kind.branches if isinstance(kind, Mixed) else (kind,)
    return tuple(name for branch in branches for name in _names(branch))


def _names(branch: Type) -> tuple[str, ...]:
    match branch:
        case Record(name=name):
            return (name,)
        case Union(records=records):
            return tuple(record.name for record in records)
    return (_WORDS[type(branch)],)


def only(kind: Mixed, names: Iterable[str]) -> tuple[Type, ...]:
    """The branches of these names. A record out of several stays a pair with its name."""
    wanted = frozenset(names)
    kept: list[Type] = []
    for branch in kind.branches:
        if isinstance(branch, Union):
            records = branch.only(wanted)
            kept += [Union(records)] if records else []
        elif not wanted.isdisjoint(_names(branch)):
            kept.append(branch)
    return tuple(kept)


def branch_of(kind: Mixed, name: str) -> Type:
    """The branch of this name; for a record out of several, all of them."""
    return next(branch for branch in kind.branches if name in _names(branch))


def narrowest(branches: tuple[Type, ...]) -> Type:
    """The type of a value that is known to be one of these branches of a union."""
    return branches[0] if len(branches) == 1 else Mixed(branches)


def at_run_time(branches: Iterable[Type]) -> frozenset[type]:
    """The Python types that a value of these branches can have."""
    return frozenset().union(*(_AT_RUN_TIME[type(branch)] for branch in branches))


def is_certain(kind: Mixed, branch: Type) -> bool:
    """True if no other branch looks like this one: an integer and a time do, a map and a record."""
    others = (other for other in kind.branches if other is not branch)
    return at_run_time((branch,)).isdisjoint(at_run_time(others))


def as_read(branches: tuple[Type, ...], *, nullable: bool) -> Slot:
    """The slot of a value that has been read as one of these branches: its times are milliseconds."""
    return in_ms(Slot(narrowest(branches), nullable))
