"""From a writer schema, a reader schema and what is read of it to steps."""

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
from consumer.decode.compiled.steps import (
    Choice,
    Entries,
    Fields,
    Items,
    Leaf,
    Named,
    Step,
    Symbol,
    Wire,
)
from consumer.decode.logical import MismatchError
from consumer.decode.resolution import (
    default_of,
    fixed_adapter,
    into,
    mismatch,
    primitive_adapter,
    same_name,
    source_of,
    symbols_of,
)
from consumer.projection import WHOLE, Reads, below

MAX_STEPS: Final = 3_000
"""A type that is used twice is written out twice; types that use one another could multiply."""
MAX_BRANCHES: Final = 64
"""Of a union: as many as an index of one byte can tell apart."""

_WIRES: Final[dict[str, Wire]] = {
    "null": "null",
    "boolean": "boolean",
    "int": "long",
    "long": "long",
    "float": "float",
    "double": "double",
    "bytes": "bytes",
    "string": "string",
}


class NotTaken(Exception):
    """The generator does not take this schema. The text says why, in a few words."""


def steps_for(writer: Node, reader: Node, reads: Reads) -> Step:
    """The steps for a pair without recursive types. Raises MismatchError, NotTaken."""
    return _Steps().resolve(writer, reader, reads)


class _Steps:
    def __init__(self) -> None:
        self._count = 0

    def resolve(self, writer: Node, reader: Node, reads: Reads) -> Step:
        if isinstance(writer, Union):
            if len(writer.branches) > MAX_BRANCHES:
                raise NotTaken(f"a union of more than {MAX_BRANCHES} types")
            return Choice([self._branch(branch, reader, reads) for branch in writer.branches])
        return self._single(writer, reader, reads)

    def _branch(self, branch: Node, reader: Node, reads: Reads) -> Step | None:
        try:
            return self._single(branch, reader, reads)
        except MismatchError:  # matters only if such a value ever comes
            return None

    def _single(self, writer: Node, reader: Node, reads: Reads) -> Step:
        def resolve(written: Node, read: Node, _: str) -> Step:
            return self._plain(written, read, reads)

        step, name = into(writer, reader, "", resolve)
        return step if name is None else Named(step, name)

    def _plain(self, writer: Node, reader: Node, reads: Reads) -> Step:
        self._count += 1
        if self._count > MAX_STEPS:
            raise NotTaken(f"more than {MAX_STEPS:,} values")
        match writer, reader:
            case Primitive(kind), Primitive(read_as, logical):
                change = primitive_adapter(writer, reader, "")
                refuses = (kind, read_as) == ("bytes", "string") or (
                    read_as == "bytes" and logical is not None
                )
                return Leaf(_WIRES[kind], 0, change, refuses)
            case Fixed(_, size), Fixed(_, same, logical) if size == same and same_name(
                writer, reader
            ):
                refuses = logical is not None and logical.name == "decimal"
                return Leaf("fixed", size, fixed_adapter(writer, reader, ""), refuses)
            case EnumType(_, symbols), EnumType() if same_name(writer, reader):
                known = symbols_of(writer, reader)
                return Symbol([known.get(symbol) for symbol in symbols])
            case Array(written), Array(read):
                return Items(self.resolve(written, read, reads))
            case MapType(written), MapType(read):
                return Entries(self.resolve(written, read, reads))
            case RecordType(), RecordType() if same_name(writer, reader):
                return self._record(writer, reader, reads)
            case _:
                raise mismatch(writer, reader, "")

    def _record(self, writer: RecordType, reader: RecordType, reads: Reads) -> Step:
        written = {one.name: one for one in writer.fields}
        own_names = {one.name for one in reader.fields}
        known: dict[str, tuple[str | None, Step]] = {}
        defaults = {}
        for one in reader.fields:
            wanted, inside = below(reads, one.name)
            source = source_of(one, written, own_names)
            if source is None:
                value = default_of(one, writer, one.name)
                if wanted:
                    defaults[one.name] = value
                continue
            step = self.resolve(source.node, one.node, inside)
            known[source.name] = (one.name if wanted else None, step)
            del written[source.name]
        parts = [
            known[one.name] if one.name in known else (None, self._same(one.node))
            for one in writer.fields
        ]
        return Fields(parts, defaults)

    def _same(self, writer: Node) -> Step:
        """For a field that the reader does not know."""
        return self.resolve(writer, writer, WHOLE)
