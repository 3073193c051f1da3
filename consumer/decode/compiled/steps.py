"""Steps of reading one value, settled for a pair of schemas: the form between schemas and code.

A step follows the *written* type, since that is what the bytes are; where it leads is the reader's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from consumer.decode.logical import Adapter

Wire = Literal["null", "boolean", "long", "float", "double", "bytes", "string", "fixed"]

_WIDTHS: Final[Mapping[Wire, int]] = {"null": 0, "float": 4, "double": 8}


@dataclass(slots=True, eq=False)
class Leaf:
    """A primitive or fixed. `adapt` makes the reader's value of the written one; with `refuses`
    there are values that it cannot take, so that it must run even on values that are not read."""

    wire: Wire
    size: int = 0
    adapt: Adapter | None = None
    refuses: bool = False


@dataclass(slots=True, eq=False)
class Symbol:
    """An enum: by index the reader's symbol, None where the reader has none for it."""

    symbols: Sequence[str | None]


@dataclass(slots=True, eq=False)
class Items:
    item: "Step"


@dataclass(slots=True, eq=False)
class Entries:
    value: "Step"


@dataclass(slots=True, eq=False)
class Choice:
    """A union: by index the step, None where the reader takes no such value."""

    branches: Sequence["Step | None"]


@dataclass(slots=True, eq=False)
class Named:
    """A record of a union of several, read as `(name, record)`."""

    step: "Step"
    name: str


@dataclass(slots=True, eq=False)
class Fields:
    """A record: its fields in the order of the bytes, each with the reader's name for it, or None
    where it is only passed over; then those that were not written, with their defaults."""

    parts: Sequence[tuple[str | None, "Step"]]
    defaults: Mapping[str, Any]


Step = Leaf | Symbol | Items | Entries | Choice | Named | Fields


def width(step: Step) -> int | None:
    """The number of bytes of each value, if they are always as many and no byte can be wrong."""
    match step:
        case Leaf(refuses=True):
            return None
        case Leaf("fixed", size):
            return size
        case Leaf(wire):
            return _WIDTHS.get(wire)
        case Named(inner):
            return width(inner)
        case Fields(parts):
            widths = [width(part) for _, part in parts]
            return None if None in widths else sum(one for one in widths if one is not None)
        case _:
            return None


def has_text(step: Step) -> bool:
    """True if there may be text in it, which must be UTF-8."""
    match step:
        case Leaf(wire):
            return wire == "string"
        case Symbol():
            return False
        case Entries():
            return True
        case Items(inner) | Named(inner):
            return has_text(inner)
        case Choice(branches):
            return any(has_text(branch) for branch in branches if branch is not None)
        case Fields(parts):
            return any(has_text(part) for _, part in parts)


def is_optional_text(branches: Sequence[Step | None]) -> bool:
    """True if it is text as it stands, or null: what most fields are."""
    match branches:
        case [Leaf("null", adapt=None, refuses=False), Leaf("string", adapt=None, refuses=False)]:
            return True
        case _:
            return False
