"""Predicts what a mapping will see of records of one writer schema, before the first one comes.

The same resolution as in `avro.plan`, which every record goes through.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from consumer.avro.nodes import Node, Primitive, RecordType, Union, describe
from consumer.decode.avro import reader_for
from consumer.decode.logical import MismatchError
from consumer.decode.resolution import adapter


@dataclass(frozen=True, slots=True)
class Doubt:
    """The reasons for which records of a writer schema may become dead letters.

    `mismatch`: each of them will. `unread`: they are of a type that no reader schema is for. `values`:
    those that hold a certain value.
    """

    kind: Literal["mismatch", "unread", "values"]
    reader: str
    """Full name of the record type that reads them; of the written one, where none does."""
    what: str


def doubts(writer: Node, readers: Mapping[str, RecordType]) -> Iterator[Doubt]:
    """All that stands against reading records of `writer`. `readers` are by full name."""
    if isinstance(writer, Union):
        for branch in writer.branches:
            yield from doubts(branch, readers)
        return
    if isinstance(writer, Primitive) and writer.kind == "null":
        return  # as good as a tombstone
    reader = reader_for(writer, readers)
    if reader is None:
        yield Doubt("unread", describe(writer), f"no mapping reads `{describe(writer)}`")
        return
    found: list[str] = []
    try:
        adapter(writer, reader, found)
    except MismatchError as error:
        yield Doubt("mismatch", reader.name, str(error))
        return
    for what in dict.fromkeys(found):
        yield Doubt("values", reader.name, what)
