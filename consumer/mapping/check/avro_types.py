"""Avro schemas as the static types of mappings.

The run-time value of each Avro type is the decoder's promise (see `Decoded` and docs/mapping.md):
records are dicts, logical times stay integers in their unit, a union of several records is a pair.
"""

from __future__ import annotations

from collections.abc import Sequence

from consumer.avro import nodes as avro
from consumer.avro.schema import SchemaError, SchemaParser, UnknownTypeError
from consumer.mapping.language.types import (
    Array,
    Binary,
    Boolean,
    Date,
    Integer,
    MapOf,
    Nothing,
    Number,
    Record,
    Slot,
    Text,
    Time,
    Type,
    short,
)
from consumer.mapping.language.unions import one_of

_PRIMITIVES: dict[str, Type] = {
    "null": Nothing(),
    "boolean": Boolean(),
    "int": Integer(),
    "long": Integer(),
    "float": Number(binary=True),
    "double": Number(binary=True),
    "bytes": Binary(),
    "string": Text(),
}
_LOGICAL: dict[str, Type] = {
    "uuid": Text(),
    "decimal": Number(),
    "date": Date(),
    "timestamp-millis": Time(),
    "timestamp-micros": Time(1000),
    "timestamp-nanos": Time(1_000_000),
    "local-timestamp-millis": Time(),
    "local-timestamp-micros": Time(1000),
    "local-timestamp-nanos": Time(1_000_000),
}
"""Those that are another type than the underlying one. Nodes have a logical type only if it is valid."""
MAX_BYTES = 2_000_000
"""Of all files of one schema."""


class SchemaFault(Exception):
    """The schema cannot be used; the text says why, for a person. `file` is the index of the faulty
    one, where it is one of them."""

    def __init__(self, text: str, file: int = -1) -> None:
        super().__init__(text)
        self.file = file


def reader_schema(files: Sequence[tuple[str, bytes]], name: str | None) -> avro.RecordType:
    """The record with that short or full name; for None the only one of the last file.

    `files` are names and contents; each may use the types of those before it. Raises SchemaFault.
    """
    if sum(len(data) for _, data in files) > MAX_BYTES:
        raise SchemaFault(f"larger than {MAX_BYTES:,} bytes", len(files) - 1)
    parser = SchemaParser()
    roots: list[list[avro.RecordType]] = []
    for place, (file, data) in enumerate(files):
        try:
            node = parser.add(data)
        except UnknownTypeError as error:
            hint = f"where another file defines it, name that first: `schema: [OTHER.avsc, {file}]`"
            raise SchemaFault(f"{file}: {error}; {hint}", place) from None
        except SchemaError as error:
            raise SchemaFault(f"{file}: {error}", place) from None
        except Exception as error:
            raise SchemaFault(
                f"{file}: it cannot be parsed: {type(error).__name__}", place
            ) from error
        branches = node.branches if isinstance(node, avro.Union) else [node]
        roots.append([one for one in branches if isinstance(one, avro.RecordType)])
    try:
        parser.finish()
    except SchemaError as error:
        raise SchemaFault(str(error)) from None
    return _chosen(roots, name)


def _chosen(roots: Sequence[Sequence[avro.RecordType]], name: str | None) -> avro.RecordType:
    if name is None:
        if len(roots[-1]) != 1:
            raise SchemaFault(f"it holds {len(roots[-1])} records: name one with `from.record`")
        return roots[-1][0]
    known = [root for file in roots for root in file]
    found = [root for root in known if name in (root.name, short(root.name))]
    if len(found) != 1:
        names = ", ".join(root.name for root in known)
        raise SchemaFault(f"it has no record `{name}`; it has: {names}")
    return found[0]


def record_type(root: avro.RecordType) -> Record:
    """The static type of a record. Types that hold themselves are graphs with cycles."""
    return _Types().record(root)


class _Types:
    def __init__(self) -> None:
        self._records: dict[str, Record] = {}

    def record(self, node: avro.RecordType) -> Record:
        name = node.name
        if name not in self._records:
            record = self._records[name] = Record(name, {})
            for field in node.fields:
                record.fields[field.name] = self._slot(field.node)
        return self._records[name]

    def _slot(self, node: avro.Node) -> Slot:
        if not isinstance(node, avro.Union):
            return Slot(self._type(node))
        branches = [self._type(branch) for branch in node.branches]
        nullable = any(isinstance(branch, Nothing) for branch in branches)
        return Slot(one_of([one for one in branches if not isinstance(one, Nothing)]), nullable)

    def _type(self, node: avro.Node) -> Type:
        match node:
            case avro.Primitive(kind, logical):
                return (logical and _LOGICAL.get(logical.name)) or _PRIMITIVES[kind]
            case avro.Fixed(logical=logical):
                return (logical and _LOGICAL.get(logical.name)) or Binary()
            case avro.EnumType(name, symbols):
                return Text(tuple(symbols), name)
            case avro.Array(items):
                return Array(self._slot(items))
            case avro.MapType(values):
                return MapOf(self._slot(values))
            case avro.RecordType():
                return self.record(node)
            case avro.Union():
                return self._slot(node).type
