"""Chooses the reader for the records of a writer schema, once: a generated one, else fastavro.

A `Plan` is made once per topic and writer schema; `read` is the hot path.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from consumer.avro.nodes import Node, Primitive, RecordType, Union, describe
from consumer.decode.by_fastavro import WALK_FROM_BYTES, Plan, by_fastavro, diagnosis
from consumer.decode.compiled.reader import generate
from consumer.decode.compiled.resolve import NotTaken
from consumer.decode.compiled.wire import IRREGULAR
from consumer.decode.logical import MismatchError
from consumer.decode.reasons import Reason, invalid
from consumer.model import Decoded
from consumer.projection import WHOLE, Reads

READERS: Final = ("generated", "fastavro")

_MAX_CHOICES: Final = 64
"""Record types in one top-level union: as many as an index of one byte can tell apart."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The reader of the records of one writer schema; `why_not`: the reason against a generated one."""

    schema_id: str
    type_name: str
    source: str | None
    why_not: str = ""

    @property
    def reader(self) -> str:
        return READERS[self.source is None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The reader schemas of a topic.

    `readers` are the schemas and `reads` the parts that are read of each, both by full name. `chosen` is
    called with the reader of a writer schema, `left` for each record that a generated reader left to
    fastavro.
    """

    readers: Mapping[str, RecordType]
    reads: Mapping[str, Reads] = field(default_factory=dict)
    chosen: Callable[[Chosen], None] = lambda _: None
    left: Callable[[], None] = lambda: None


def refusal(reason: Reason, detail: str) -> Plan:
    """A plan for a writer schema that no record of can be used."""

    def refuse(_data: bytes, _start: int) -> Decoded:
        raise invalid(reason, detail)

    return refuse


def plan(writer: Node, wanted: Wanted, schema_id: str) -> Plan:
    """The plan for records written with `writer`.

    Never fails: what cannot be used becomes a plan that refuses each record with the reason.
    """
    try:
        if isinstance(writer, Union):
            return _choice(writer, wanted, schema_id)
        return _single(writer, wanted, schema_id)
    except MismatchError as error:
        return refusal(Reason.SCHEMA_MISMATCH, str(error))
    except Exception as error:  # noqa: BLE001 - a schema is foreign: it costs its own records only
        what = f"schema {schema_id} cannot be planned for: {type(error).__name__}"
        return refusal(Reason.UNSUPPORTED_SCHEMA, what)


def _choice(writer: Union, wanted: Wanted, schema_id: str) -> Plan:
    """A union of record types at the top: each branch has a plan of its own."""
    if len(writer.branches) > _MAX_CHOICES:
        what = f"schema {schema_id} is a union of more than {_MAX_CHOICES} types"
        return refusal(Reason.UNSUPPORTED_SCHEMA, what)
    plans = [plan(branch, wanted, schema_id) for branch in writer.branches]

    def read(data: bytes, start: int) -> Decoded:
        index, odd = divmod(data[start], 2) if start < len(data) else (0, 1)
        if odd or index >= len(plans):
            raise diagnosis(writer, data, start)
        return plans[index](data, start + 1)

    return read


def _single(writer: Node, wanted: Wanted, schema_id: str) -> Plan:
    if isinstance(writer, Primitive) and writer.kind == "null":
        return _nothing(schema_id)
    reader = reader_for(writer, wanted.readers)
    if reader is None:
        known = ", ".join(sorted(wanted.readers)) or "none"
        what = (
            f"`{describe(writer)}` (schema {schema_id}); the mappings of this topic read: {known}"
        )
        return refusal(Reason.UNEXPECTED_TYPE, what)
    return _generated(writer, reader, wanted, schema_id)


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


def _generated(writer: Node, reader: RecordType, wanted: Wanted, schema_id: str) -> Plan:
    """The generated reader, with fastavro for what it does not take; or fastavro alone."""
    slowly = by_fastavro(writer, reader, schema_id)
    name, left = reader.name, wanted.left
    try:
        generated = generate(writer, reader, wanted.reads.get(name, WHOLE))
    except NotTaken as why:
        wanted.chosen(Chosen(schema_id, name, None, str(why)))
        return slowly
    wanted.chosen(Chosen(schema_id, name, generated.source))
    generated_read = generated.read

    def read(data: bytes, start: int) -> Decoded:
        if len(data) > WALK_FROM_BYTES:
            return slowly(data, start)
        try:
            return Decoded(generated_read(data, start), name, schema_id)
        except IRREGULAR:
            left()
        return slowly(data, start)

    return read
