"""Avro types as nodes: what `schema.parse` makes of a schema's text."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fastavro.schema import fingerprint, to_parsing_canonical_form

NO_DEFAULT: Final = object()


@dataclass(frozen=True, slots=True)
class Logical:
    """A logical type that is valid on its underlying type. `scale` is of decimals only."""

    name: str
    scale: int = 0

    def __str__(self) -> str:
        return f"decimal of scale {self.scale}" if self.name == "decimal" else self.name


@dataclass(slots=True, eq=False)
class Primitive:
    kind: str
    logical: Logical | None = None


@dataclass(slots=True, eq=False)
class Fixed:
    name: str
    size: int
    logical: Logical | None
    aliases: Sequence[str]


@dataclass(slots=True, eq=False)
class EnumType:
    name: str
    symbols: Sequence[str]
    default: str | None
    aliases: Sequence[str]


@dataclass(slots=True, eq=False)
class Array:
    items: "Node"


@dataclass(slots=True, eq=False)
class MapType:
    values: "Node"


@dataclass(slots=True, eq=False)
class Union:
    branches: Sequence["Node"]

    @property
    def names_records(self) -> bool:
        """Whether a value of it says which record it is: `(full name, dict)`."""
        return sum(isinstance(branch, RecordType) for branch in self.branches) > 1


@dataclass(slots=True, eq=False)
class Field:
    name: str
    node: "Node"
    default: Any
    aliases: Sequence[str]


@dataclass(slots=True, eq=False)
class RecordType:
    name: str
    aliases: Sequence[str]
    fields: list[Field] = field(default_factory=list)


Named = Fixed | EnumType | RecordType
Node = Primitive | Fixed | EnumType | Array | MapType | Union | RecordType


def describe(node: Node) -> str:
    """A type as a person would name it, e.g. `shop.Click`, `array`, `null | string`."""
    match node:
        case Primitive(kind, logical):
            return str(logical) if logical else kind
        case Fixed() | EnumType() | RecordType():
            return node.name
        case Array():
            return "array"
        case MapType():
            return "map"
        case Union(branches):
            return " | ".join(describe(branch) for branch in branches)


def every_node(node: Node) -> Iterator[Node]:
    """The node and all that stand in it, each once."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        match one:
            case Array(inner) | MapType(inner):
                waiting.append(inner)
            case Union(branches):
                waiting.extend(branches)
            case RecordType(_, _, fields):
                waiting.extend(field.node for field in fields)


def rabin(node: Node) -> bytes:
    """CRC-64-AVRO of the canonical form, in the byte order of single-object encoding."""
    canonical = to_parsing_canonical_form(_Writer(keep_names=True).write(node))
    return bytes.fromhex(fingerprint(canonical, "CRC-64-AVRO"))


def readable(node: Node) -> Any:
    """The schema for fastavro, as JSON objects, with nothing but what is needed to read bytes.

    Logical types are left out, so that values arrive raw: fastavro's datetimes kill the whole
    record at a sentinel such as Long.MAX, and its decimals are rounded. Enums and fixed get
    made-up names and are repeated where they are used again: fastavro takes a *reference* by name
    for a record when it decides which unions name their records.
    """
    return _Writer(keep_names=False).write(node)


class _Writer:
    def __init__(self, *, keep_names: bool) -> None:
        self._keep_names = keep_names
        self._count = 0
        self._written: set[str] = set()

    def write(self, node: Node) -> Any:  # noqa: PLR0911 - one return per kind of type
        match node:
            case Primitive(kind):
                return kind
            case Array(items):
                return {"type": "array", "items": self.write(items)}
            case MapType(values):
                return {"type": "map", "values": self.write(values)}
            case Union(branches):
                return [self.write(branch) for branch in branches]
            case Fixed(name, size):
                return self._named(name, {"type": "fixed", "size": size})
            case EnumType(name, symbols):
                return self._named(name, {"type": "enum", "symbols": list(symbols)})
            case RecordType():
                return self._record(node)

    def _named(self, name: str, rest: Mapping[str, Any]) -> Any:
        if not self._keep_names:
            self._count += 1
            return {"name": f"type_{self._count}", **rest}
        if name in self._written:
            return name
        self._written.add(name)
        return {"name": name, **rest}

    def _record(self, record: RecordType) -> Any:
        if record.name in self._written:
            return record.name
        self._written.add(record.name)
        fields = [{"name": one.name, "type": self.write(one.node)} for one in record.fields]
        return {"type": "record", "name": record.name, "fields": fields}
