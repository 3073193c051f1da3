"""Readers generated for a writer schema, a reader schema and what is read of it.

A generated reader is right about whatever it takes, and takes everything that serializers write. For
anything else it raises one of `IRREGULAR`, and fastavro reads the record instead.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from consumer.avro.nodes import Node
from consumer.codegen import TooMuchCode
from consumer.decode.compiled.emit import source_of
from consumer.decode.compiled.resolve import NotTaken, steps_for
from consumer.decode.compiled.wire import (
    BOOLEANS,
    SMALL,
    Irregular,
    block,
    number,
    past,
    past_number,
    past_text,
    sized,
)
from consumer.decode.resolution import added_cells
from consumer.decode.risk import is_risky
from consumer.projection import Reads

_WIRE = (Irregular, block, number, past, past_number, past_text, sized)


@dataclass(frozen=True, slots=True)
class Generated:
    """`read(data, at)`: the value that begins at `at` and must end with the data."""

    read: Callable[[bytes, int], Any]
    source: str


def generate(writer: Node, reader: Node, reads: Reads) -> Generated:
    """The reader for a pair of schemas. Raises MismatchError, NotTaken."""
    if is_risky(writer, added_cells(writer, reader)):
        raise NotTaken("a type that holds itself, or list items of which bytes say too little")
    steps = steps_for(writer, reader, reads)
    try:
        source, constants = source_of(steps)
        code = compile(source, "<avro reader>", "exec")
    except (TooMuchCode, RecursionError, MemoryError, SyntaxError):
        # Python itself limits how deep code may be nested.
        raise NotTaken("types nested too deep, or too many of them") from None
    names: dict[str, Any] = {each.__name__: each for each in _WIRE}
    names |= {"BOOLEANS": BOOLEANS, "SMALL": SMALL}
    names |= {
        "float_at": struct.Struct("<f").unpack_from,
        "double_at": struct.Struct("<d").unpack_from,
    }
    names |= constants
    # Generated here from the parsed schema: no text of it reaches the code except through repr.
    exec(code, names)  # noqa: S102
    return Generated(names["read"], source)
