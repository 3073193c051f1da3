"""Bounds the size of a record in memory, against its size on the wire.

Sizes are counted in *cells* of some 32 bytes: what one entry of a table takes. A list of
`{"b": true}` has one byte per item on the wire and five cells in memory; a reader schema that adds
fifty optional fields makes it 55.
"""

from collections.abc import Mapping
from typing import Final

from consumer.avro.nodes import (
    Array,
    EnumType,
    Fixed,
    MapType,
    Node,
    Primitive,
    RecordType,
    Union,
)

RECORD: Final = 4
"""Cells of a table without entries."""
MAX_CELLS: Final = 1_200_000
"""In one record: below 50 MB."""
_CELLS_PER_BYTE: Final = 18
"""In a record that is not counted beforehand: below 40 MB in 64 kB."""

_WIDTHS: Final = {"float": 4, "double": 8}

Added = Mapping[str, int]
"""By the full name of a written record the cells of the fields that the reader schema adds to it."""


def cells(value: object) -> int:
    """Of a default value, with the entry that holds it."""
    match value:
        case dict():
            return 1 + RECORD + sum(cells(one) for one in value.values())
        case list() | tuple():
            return 1 + RECORD + sum(cells(one) for one in value)
        case _:
            return 1


def is_risky(writer: Node, added: Added) -> bool:
    """True if a short record can nest without bound, or become far more than it is on the wire."""
    try:
        return _Excess(added).of(writer) > MAX_CELLS
    except _Unbounded:
        return True


class _Unbounded(Exception):
    pass


class _Excess:
    """By how many cells the worst value of a type exceeds what its bytes entitle it to.

    Of a list only that matters: what an item exceeds, many items exceed many times.
    """

    def __init__(self, added: Added) -> None:
        self._added = added
        self._finished: dict[str, int] = {}
        self._inside: set[str] = set()

    def of(self, node: Node) -> int:  # noqa: PLR0911 - one return per kind of type
        match node:
            case Primitive("null"):
                return 0
            case Primitive(kind):
                return 2 - _CELLS_PER_BYTE * _WIDTHS.get(kind, 1)
            case Fixed(_, size):
                return 2 - _CELLS_PER_BYTE * size
            case EnumType():
                return -_CELLS_PER_BYTE
            case Union(branches):
                return max(self.of(branch) for branch in branches) - _CELLS_PER_BYTE
            case Array(items):
                return self._list(self.of(items))
            case MapType(values):
                return self._list(self.of(values) - _CELLS_PER_BYTE)
            case RecordType():
                return self._record(node)

    def _list(self, item: int) -> int:
        if item >= 0:
            raise _Unbounded
        return RECORD - _CELLS_PER_BYTE

    def _record(self, record: RecordType) -> int:
        name = record.name
        if name in self._inside:
            raise _Unbounded
        if name not in self._finished:
            self._inside.add(name)
            entries = sum(1 + self.of(one.node) for one in record.fields)
            self._inside.remove(name)
            self._finished[name] = RECORD + self._added.get(name, 0) + entries
        return self._finished[name]
