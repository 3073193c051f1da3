"""Walks over a record's bytes without keeping anything: finds what is wrong, and where.

fastavro decodes the good records; this is for the two cases where it must not be trusted or does
not say enough. Records that could harm (recursive types, items of no width, very large ones) are
walked *before* they are decoded, and records that failed are walked to name reason and field.
"""

from dataclasses import dataclass, field
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
from consumer.decode.reasons import Reason
from consumer.decode.risk import MAX_CELLS, RECORD, Added

MAX_DEPTH: Final = 64
"""Nested values. fastavro's C reader overflows the stack, and the process dies, near 5,000."""
MAX_ITEMS: Final = 20_000
"""Array items and map entries in one record. An item may be worth one byte on the wire and 2 kB in
memory, so this keeps one record below 50 MB; the vendor takes 20 kB per event."""

_WIDTHS: Final = {"null": 0, "boolean": 1, "float": 4, "double": 8}


class MalformedError(Exception):
    """The bytes are not a record of this schema. `where` is a path of field names."""

    def __init__(self, reason: Reason, what: str, where: str) -> None:
        super().__init__(f"{where}: {what}" if where else what)
        self.reason = reason


def walk(node: Node, data: bytes, start: int, added: Added) -> int:
    """The position after the value of type `node` that begins at `start`. `added` is what the reader
    schema adds to it. Raises MalformedError."""
    return _Walk(data, start, added).value(node, 0)


@dataclass(slots=True)
class _Walk:
    data: bytes
    at: int
    added: Added
    items: int = 0
    cells: int = 0
    path: list[str] = field(default_factory=list)

    def value(self, node: Node, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise self._error(Reason.TOO_DEEP, f"nested deeper than {MAX_DEPTH} levels")
        match node:
            case Primitive(kind):
                self._primitive(kind)
            case Fixed(_, size):
                self._skip(size)
            case EnumType(_, symbols):
                self._index(len(symbols), "enum")
            case Union(branches):
                self.value(branches[self._index(len(branches), "union")], depth)
            case Array(items):
                self._blocks(items, depth, keyed=False)
            case MapType(values):
                self._blocks(values, depth, keyed=True)
            case RecordType(name, _, fields):
                self._takes(RECORD + len(fields) + self.added.get(name, 0))
                for one in fields:
                    self.path.append(one.name)
                    self.value(one.node, depth + 1)
                    self.path.pop()
        return self.at

    def _primitive(self, kind: str) -> None:
        if kind in _WIDTHS:
            self._skip(_WIDTHS[kind])
        elif kind in {"int", "long"}:
            self._long()
        else:
            begin, end = self._sized()
            if kind == "string":
                self._text(begin, end)

    def _blocks(self, node: Node, depth: int, *, keyed: bool) -> None:
        while count := self._long():
            if count < 0:  # a negative count is followed by the block's size in bytes
                count = -count
                self._long()
            self.items += count
            if self.items > MAX_ITEMS:
                raise self._error(Reason.TOO_MANY_ITEMS, f"more than {MAX_ITEMS} items in all")
            self._takes(count)
            for _ in range(count):
                if keyed:
                    self._text(*self._sized())
                self.value(node, depth + 1)

    def _takes(self, cells: int) -> None:
        self.cells += cells
        if self.cells > MAX_CELLS:
            what = "so many values that they would take more than 35 MB of memory"
            raise self._error(Reason.TOO_MANY_ITEMS, what)

    def _long(self) -> int:
        number = shift = 0
        data, at = self.data, self.at
        while True:
            if at >= len(data):
                raise self._error(Reason.TRUNCATED, "the bytes end inside a number")
            byte = data[at]
            at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise self._error(Reason.MALFORMED, "a number has more than 10 bytes")
        self.at = at
        number &= 0xFFFF_FFFF_FFFF_FFFF
        return (number >> 1) ^ -(number & 1)

    def _index(self, count: int, kind: str) -> int:
        index = self._long()
        if not 0 <= index < count:
            raise self._error(Reason.MALFORMED, f"{kind} index out of range")
        return index

    def _sized(self) -> tuple[int, int]:
        size = self._long()
        if size < 0:
            raise self._error(Reason.MALFORMED, "negative length")
        begin = self.at
        self._skip(size)
        return begin, self.at

    def _skip(self, size: int) -> None:
        if size > len(self.data) - self.at:
            raise self._error(Reason.TRUNCATED, "the bytes end inside this value")
        self.at += size

    def _text(self, begin: int, end: int) -> None:
        try:
            self.data[begin:end].decode()
        except UnicodeDecodeError:
            raise self._error(Reason.MALFORMED, "text is not UTF-8") from None

    def _error(self, reason: Reason, what: str) -> MalformedError:
        return MalformedError(reason, what, ".".join(self.path))
