"""Reads records with fastavro, guarded against bytes that would harm and against odd errors."""

from collections.abc import Callable
from io import BytesIO
from typing import Any, Final

from fastavro import parse_schema, schemaless_reader

from consumer.avro.document import Readable
from consumer.avro.nodes import Node, RecordType, describe
from consumer.decode.logical import UnfitError
from consumer.decode.reasons import Reason, invalid
from consumer.decode.resolution import adapter, added_cells
from consumer.decode.risk import Added, is_risky
from consumer.decode.walk import MalformedError, walk
from consumer.model import Decoded

WALK_FROM_BYTES: Final = 64 * 1024
"""From this size on every record is walked first. Below it, the worst record (one byte per item)
takes some 15 MB for the moment of its decoding; the walk of an ordinary one would cost more than
its decoding."""

# The exceptions that fastavro raises on bytes that are no record of the schema.
_READ_ERRORS: Final = (EOFError, ValueError, LookupError, ArithmeticError, MemoryError)

Plan = Callable[[bytes, int], Decoded]
"""`plan(data, start)`: the record that begins at `start` and must end with the data. Raises
InvalidRecord."""


def by_fastavro(writer: Node, reader: RecordType, schema_id: str) -> Plan:
    """The plan that has fastavro read each record, and then brings it into the reader's form.

    Raises MismatchError, and what `parse_schema` raises.
    """
    readable = Readable(writer)
    parsed: Any = parse_schema(readable.schema)
    adapt = adapter(writer, reader, readable=readable)
    # Asking fastavro to name the records in unions with several costs it 10 % for every union.
    names_records = readable.names_records
    added = added_cells(writer, reader)
    walk_from = -1 if is_risky(writer, added) else WALK_FROM_BYTES
    name = reader.name

    def read(data: bytes, start: int) -> Decoded:
        if len(data) > walk_from:
            _check(writer, data, start, added)
        stream = BytesIO(data)
        stream.seek(start)
        try:
            value = schemaless_reader(stream, parsed, None, names_records, names_records)
        except _READ_ERRORS:
            raise diagnosis(writer, data, start) from None
        if stream.tell() != len(data):
            raise _trailing(name, len(data) - stream.tell())
        if adapt is not None:
            try:
                value = adapt(value)
            except UnfitError as error:
                raise invalid(error.reason, str(error)) from None
        return Decoded(value, name, schema_id)

    return read


def _check(writer: Node, data: bytes, start: int, added: Added) -> None:
    try:
        walk(writer, data, start, added)
    except MalformedError as error:
        raise invalid(error.reason, str(error)) from None


def diagnosis(writer: Node, data: bytes, start: int) -> Exception:
    """The reason and the field for which fastavro failed on these bytes."""
    try:
        walk(writer, data, start, {})
    except MalformedError as error:
        return invalid(error.reason, str(error))
    return invalid(Reason.MALFORMED, f"the bytes are no `{describe(writer)}`")


def _trailing(name: str, count: int) -> Exception:
    what = f"{count} bytes are left after `{name}`: it was written with another schema than it says"
    return invalid(Reason.TRAILING_BYTES, what)
