"""The fields of a record as paths of the mapping language, each with its type and its names.

user: null | {email: null | string}   ->  user.email, text, absent unless `user.email != null`
"""

import keyword
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from consumer.mapping.language.library.all import LIBRARY
from consumer.mapping.language.syntax import RESERVED
from consumer.mapping.language.types import Array, MapOf, Mixed, Record, Slot, Type, short
from consumer.mapping.workbench.draft.words import Words, words_of

DEEPEST = 5
"""Levels of records within records that are looked at."""
MAX_LEAVES = 2_000
ITEM = "[]"
"""The step into the elements of an array; `<shop.Cart>` is that into a record of a union."""

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_ .-]{0,39}")

Keys = Callable[[Sequence[str]], Sequence[str]]
"""The keys of the map at these steps."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value somewhere in a record. `steps` lead to it in decoded records; `names` are those of the
    fields (and map keys) on the way; `guards` are the conditions that prove it present."""

    path: str
    steps: tuple[str, ...]
    names: tuple[str, ...]
    type: Type
    guards: tuple[str, ...]

    @property
    def words(self) -> Words:
        return words_of(self.names[-1])

    @property
    def owners(self) -> tuple[Words, ...]:
        """The words of each name that it stands in, outermost first."""
        return tuple(words_of(name) for name in self.names[:-1])

    @property
    def owner(self) -> Words:
        return self.owners[-1] if len(self.names) > 1 else ()

    def within(self) -> frozenset[str]:
        """All words of what it stands in."""
        return frozenset(word for owner in self.owners for word in owner)


@dataclass(frozen=True, slots=True)
class Base:
    """The value that fields are read of: the record itself (an empty path), or a loop name."""

    path: str = ""
    steps: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()


def leaves(record: Record, keys: Keys, base: Base | None = None) -> list[Leaf]:
    """All fields of the record and of the records in it, in their order."""
    found: list[Leaf] = []
    for leaf in _walk(record, keys, base or Base(), (record.name,)):
        found.append(leaf)
        if len(found) >= MAX_LEAVES:
            break
    return found


def _walk(record: Record, keys: Keys, base: Base, inside: tuple[str, ...]) -> Iterator[Leaf]:
    for name, slot in record.fields.items():
        path = field_path(base.path, name)
        yield from _slot(slot, path, name, name, keys, base, inside)


def _slot(
    slot: Slot, path: str, step: str, name: str, keys: Keys, base: Base, inside: tuple[str, ...]
) -> Iterator[Leaf]:
    guards = base.guards
    if slot.nullable:  # `x.y != null` proves `x` as well, but for what `x is Block` opened
        guards = (*(one for one in guards if " is " in one), f"{path} != null")
    steps, names = (*base.steps, step), (*base.names, name)
    yield Leaf(path, steps, names, slot.type, guards)
    here = Base(path, steps, names, guards)
    match slot.type:
        case Record() as inner if inner.name not in inside and len(inside) < DEEPEST:
            yield from _walk(inner, keys, here, (*inside, inner.name))
        case Mixed() if (found := record_of(slot.type)) and _is_called(name, found[1], inside):
            opened = Base(path, steps, names, (f"{path} is {found[1]}",))
            yield from _walk(found[0], keys, opened, (*inside, found[0].name))
        case MapOf(value=value) if len(inside) < DEEPEST:
            for key in keys(steps):
                if _KEY.fullmatch(key):
                    there = f'{path}["{key}"]'
                    yield from _slot(
                        Slot(value.type, True), there, key, key, keys, here, (*inside, "")
                    )


def _is_called(name: str, record: str, inside: tuple[str, ...]) -> bool:
    """True if the record of a union is meant: a value of a table may be anything, a `block` a Block."""
    return record not in map(short, inside) and bool({*words_of(name)} & {*words_of(record)})


def field_path(base: str, name: str) -> str:
    """A field as expressions write it."""
    if keyword.iskeyword(name):
        return f'{base or "record"}["{name}"]'
    if base:
        return f"{base}.{name}"
    return f"record.{name}" if name in RESERVED or name in LIBRARY.by_name else name


def free_name(wanted: Sequence[str], record: Record) -> str:
    """A loop name that hides no field, function or word of the language."""
    taken = {*record.fields, *RESERVED, *LIBRARY.by_name}
    number = 1
    while True:
        for name in wanted:
            numbered = name if number == 1 else f"{name}_{number}"
            if numbered not in taken:
                return numbered
        number += 1


def array_of(kind: Type) -> Array | None:
    """The array that a value is or, in a union, may be."""
    if isinstance(kind, Mixed):
        return next((one for one in kind.branches if isinstance(one, Array)), None)
    return kind if isinstance(kind, Array) else None


def record_of(kind: Type) -> tuple[Record, str] | None:
    """The record that a value is, or may be; with the name that `is` asks for (empty: it is)."""
    if isinstance(kind, Record):
        return kind, ""
    if isinstance(kind, Mixed):
        for one in kind.branches:
            if isinstance(one, Record):
                return one, short(one.name)
    return None
