"""The static types of values: all that is known of them before any record is seen.

A `Slot` is a type plus whether the value may be absent: every expression has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Text:
    """Text. `symbols` are all values it can have, where that is known (an enum, a constant). `like`
    are examples of a text whose values all have one format (`iso(x)`); empty where they have none."""

    symbols: tuple[str, ...] | None = None
    enum: str = ""
    like: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Integer:
    pass


@dataclass(frozen=True, slots=True)
class Number:
    """`binary` is a float at run time, otherwise it is a Decimal."""

    binary: bool = False


@dataclass(frozen=True, slots=True)
class Boolean:
    pass


@dataclass(frozen=True, slots=True)
class Time:
    """A point in time. `per_ms` is how many of its units make a millisecond (micros: 1000)."""

    per_ms: int = 1


@dataclass(frozen=True, slots=True)
class Date:
    """Days since 1970-01-01."""


@dataclass(frozen=True, slots=True)
class Binary:
    pass


@dataclass(frozen=True, slots=True)
class Nothing:
    """The type of `null`, and of the elements of an empty list."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """A union of several kinds of values, with one type for each kind (see `one_of`)."""

    branches: tuple[Type, ...]


@dataclass(frozen=True, slots=True)
class Array:
    item: Slot


@dataclass(frozen=True, slots=True)
class MapOf:
    value: Slot


@dataclass(frozen=True, slots=True)
class Record:
    """A record. Equal by full name: `fields` may refer back to it (recursive schemas)."""

    name: str
    fields: dict[str, Slot] = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Union:
    """One of several records. At run time a pair (full name, record)."""

    records: tuple[Record, ...]

    def only(self, names: frozenset[str]) -> tuple[Record, ...]:
        return tuple(record for record in self.records if record.name in names)


Type = (
    Text
    | Integer
    | Number
    | Boolean
    | Time
    | Date
    | Binary
    | Nothing
    | Mixed
    | Array
    | MapOf
    | Record
    | Union
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A type, and whether the value may be absent."""

    type: Type
    nullable: bool = False

    def __str__(self) -> str:
        return describe(self.type)


_NAMES: Mapping[type, str] = {
    Text: "text",
    Integer: "integer",
    Number: "number",
    Boolean: "boolean",
    Time: "time",
    Date: "date",
    Binary: "bytes",
    Nothing: "null",
}


def describe(kind: Type) -> str:
    """The type as the documentation calls it."""
    match kind:
        case Text(symbols=symbols, enum=enum) if enum and symbols:
            return f"enum {short(enum)}"
        case Array(item=item):
            return f"list of {describe(item.type)}"
        case MapOf(value=value):
            return f"map of {describe(value.type)}"
        case Record(name=name):
            return f"record {name}"
        case Union(records=records):
            return "union of " + ", ".join(short(record.name) for record in records)
        case Mixed(branches=branches):
            return " or ".join(describe(branch) for branch in branches)
        case _:
            return _NAMES[type(kind)]


def short(full_name: str) -> str:
    """The last part of a full name: `CartChanged` of `shop.events.CartChanged`."""
    return full_name.rpartition(".")[2]


def is_number(kind: Type) -> bool:
    return isinstance(kind, Integer | Number)


def per_ms(kind: Type) -> int:
    """The number of units in a millisecond, for times and lists and maps of them."""
    match kind:
        case Time(per_ms=units):
            return units
        case Array(item=slot) | MapOf(value=slot):
            return per_ms(slot.type)
    return 1


def in_ms(slot: Slot) -> Slot:
    """The slot once its times are milliseconds."""
    match slot.type:
        case Time():
            return Slot(Time(), slot.nullable)
        case Array(item=item):
            return Slot(Array(in_ms(item)), slot.nullable)
        case MapOf(value=value):
            return Slot(MapOf(in_ms(value)), slot.nullable)
    return slot


def joined(a: Slot, b: Slot) -> Slot | None:
    """The type of a value that is one or the other, or None where nothing fits both."""
    nullable = a.nullable or b.nullable
    match a.type, b.type:
        case Nothing(), other:
            return Slot(other, True)
        case other, Nothing():
            return Slot(other, True)
        case Text(symbols=some, like=format_), Text(symbols=more, like=other):
            known = some is not None and more is not None
            both = tuple(dict.fromkeys((*some, *more))) if some and more and known else None
            return Slot(Text(both, like=format_ if format_ == other else ()), nullable)
        case ((Integer() | Number()), (Integer() | Number())):
            binary = Number(binary=True) in {a.type, b.type}
            return Slot(a.type if a.type == b.type else Number(binary), nullable)
        case Array(item=first), Array(item=second):
            item = joined(first, second)
            return Slot(Array(item), nullable) if item else None
        case first, second if first == second:
            return Slot(first, nullable)
    return None


def common_field(records: tuple[Record, ...], name: str) -> Slot | None:
    """The field that all of these records have, as one type; None where they have not."""
    found: Slot | None = None
    for record in records:
        own = record.fields.get(name)
        if own is None:
            return None
        if found is not None and per_ms(found.type) != per_ms(own.type):
            return None
        found = own if found is None else joined(found, own)
        if found is None:
            return None
    return found
