"""Reads one record: the compiled pair of a writer schema and a reader schema.

A `Plan` is made once per topic and writer schema; `read` is the hot path.
"""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any, Final

from fastavro import parse_schema, schemaless_reader
from fastavro.schema import SchemaParseException, UnknownType

from consumer.decode.logical import MismatchError, UnfitError
from consumer.decode.nodes import (
    Array,
    Fixed,
    MapType,
    Node,
    Primitive,
    RecordType,
    Union,
    describe,
    every_node,
    readable,
)
from consumer.decode.reasons import Reason, invalid
from consumer.decode.resolution import adapter
from consumer.decode.walk import MalformedError, walk
from consumer.model import Decoded

WALK_FROM_BYTES: Final = 64 * 1024
"""From this size on every record is walked first. Below it, the worst record (one byte per item)
takes some 15 MB for the moment of its decoding; the walk of an ordinary one would cost more than
its decoding."""

_MAX_CHOICES: Final = 64
"""Record types in one top-level union: as many as an index of one byte can tell apart."""

# What fastavro raises on bytes that are no record of the schema.
_READ_ERRORS: Final = (EOFError, ValueError, LookupError, ArithmeticError, MemoryError)

Plan = Callable[[bytes, int], Decoded]
"""`plan(data, start)`: the record that begins at `start` and must end with the data. Raises
InvalidRecord."""


def refusal(reason: Reason, detail: str) -> Plan:
    """A plan for a writer schema that no record of can be used."""

    def refuse(_data: bytes, _start: int) -> Decoded:
        raise invalid(reason, detail)

    return refuse


def plan(writer: Node, readers: Mapping[str, RecordType], schema_id: str) -> Plan:
    """The plan for records written with `writer`, on a topic with these reader schemas by name.

    Never fails: what cannot be used becomes a plan that refuses each record with the reason.
    """
    try:
        if isinstance(writer, Union):
            return _choice(writer, readers, schema_id)
        return _single(writer, readers, schema_id)
    except MismatchError as error:
        return refusal(Reason.SCHEMA_MISMATCH, str(error))
    except (SchemaParseException, UnknownType) as error:
        return refusal(Reason.UNSUPPORTED_SCHEMA, f"schema {schema_id}: {type(error).__name__}")


def _choice(writer: Union, readers: Mapping[str, RecordType], schema_id: str) -> Plan:
    """A union of record types at the top: each branch has a plan of its own."""
    if len(writer.branches) > _MAX_CHOICES:
        what = f"schema {schema_id} is a union of more than {_MAX_CHOICES} types"
        return refusal(Reason.UNSUPPORTED_SCHEMA, what)
    plans = [plan(branch, readers, schema_id) for branch in writer.branches]

    def read(data: bytes, start: int) -> Decoded:
        index, odd = divmod(data[start], 2) if start < len(data) else (0, 1)
        if odd or index >= len(plans):
            raise _diagnosis(writer, data, start)
        return plans[index](data, start + 1)

    return read


def _single(writer: Node, readers: Mapping[str, RecordType], schema_id: str) -> Plan:
    if isinstance(writer, Primitive) and writer.kind == "null":
        return _nothing(schema_id)
    reader = reader_for(writer, readers)
    if reader is None:
        known = ", ".join(sorted(readers)) or "none"
        what = (
            f"`{describe(writer)}` (schema {schema_id}); the mappings of this topic read: {known}"
        )
        return refusal(Reason.UNEXPECTED_TYPE, what)
    return _record(writer, reader, schema_id)


def reader_for(writer: Node, readers: Mapping[str, RecordType]) -> RecordType | None:
    """By full name, else by an alias of the reader's, else by a short name that is the only one."""
    if not isinstance(writer, RecordType):
        return None
    if writer.name in readers:
        return readers[writer.name]
    for reader in readers.values():
        if writer.name in reader.aliases:
            return reader
    short = writer.name.rpartition(".")[2]
    same = [one for one in readers.values() if one.name.rpartition(".")[2] == short]
    return same[0] if len(same) == 1 else None


def _nothing(schema_id: str) -> Plan:
    """The null branch of a union at the top: as good as a tombstone."""

    def read(data: bytes, start: int) -> Decoded:
        if start != len(data):
            raise invalid(Reason.TRAILING_BYTES, f"bytes follow a null (schema {schema_id})")
        return Decoded(None, "", schema_id)

    return read


def _record(writer: Node, reader: RecordType, schema_id: str) -> Plan:
    parsed: Any = parse_schema(readable(writer))
    adapt = adapter(writer, reader)
    # Asking fastavro to name the records in unions with several costs it 10 % for every union.
    names_records = any(
        isinstance(node, Union) and node.names_records for node in every_node(writer)
    )
    walk_from = 0 if _is_risky(writer) else WALK_FROM_BYTES
    name = reader.name

    def read(data: bytes, start: int) -> Decoded:
        if len(data) > walk_from:
            _check(writer, data, start)
        stream = BytesIO(data)
        stream.seek(start)
        try:
            value = schemaless_reader(stream, parsed, None, names_records, names_records)
        except _READ_ERRORS:
            raise _diagnosis(writer, data, start) from None
        if stream.tell() != len(data):
            raise _trailing(name, len(data) - stream.tell())
        if adapt is not None:
            try:
                value = adapt(value)
            except UnfitError as error:
                raise invalid(error.reason, str(error)) from None
        return Decoded(value, name, schema_id)

    return read


def _check(writer: Node, data: bytes, start: int) -> None:
    try:
        walk(writer, data, start)
    except MalformedError as error:
        raise invalid(error.reason, str(error)) from None


def _diagnosis(writer: Node, data: bytes, start: int) -> Exception:
    """Why fastavro failed on these bytes: reason and field."""
    try:
        walk(writer, data, start)
    except MalformedError as error:
        return invalid(error.reason, str(error))
    return invalid(Reason.MALFORMED, f"the bytes are no `{describe(writer)}`")


def _trailing(name: str, count: int) -> Exception:
    what = f"{count} bytes are left after `{name}`: it was written with another schema than it says"
    return invalid(Reason.TRAILING_BYTES, what)


def _is_risky(writer: Node) -> bool:
    """Whether a short record can nest without bound, or hold items that take no bytes."""
    finished: set[str] = set()

    def risky(  # noqa: PLR0911 - one return per kind of type
        node: Node, inside: tuple[str, ...]
    ) -> bool:
        match node:
            case Union(branches):
                return any(risky(branch, inside) for branch in branches)
            case Array(items):
                return not _takes_bytes(items) or risky(items, inside)
            case MapType(values):
                return risky(values, inside)
            case RecordType(name, _, fields):
                if name in inside:
                    return True
                if name in finished:
                    return False
                found = any(risky(one.node, (*inside, name)) for one in fields)
                finished.add(name)
                return found
            case _:
                return False

    return risky(writer, ())


def _takes_bytes(node: Node) -> bool:
    """Whether each value of this type has at least one byte."""
    match node:
        case Primitive(kind):
            return kind != "null"
        case Fixed(_, size):
            return size > 0
        case RecordType(_, _, fields):
            return any(_takes_bytes(one.node) for one in fields)
        case _:
            return True
