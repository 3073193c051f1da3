"""Nodes as the JSON of a schema: whole, canonical (for fingerprints), or for fastavro to read bytes."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from fastavro.schema import fingerprint

from consumer.avro.nodes import (
    NO_DEFAULT,
    Array,
    EnumType,
    Field,
    Fixed,
    Logical,
    MapType,
    Node,
    Primitive,
    RecordType,
    Union,
)

Document = Any

WRAPPED: Final = "value"

_PYTHON: Final[Mapping[str, type]] = {
    "null": type(None),
    "boolean": bool,
    "int": int,
    "long": int,
    "float": float,
    "double": float,
    "bytes": bytes,
    "string": str,
}


def document(node: Node) -> Document:
    """The schema as JSON objects, each type written out where it first stands.

    Documentation and unknown attributes are left out; so are logical types that are not valid.
    """
    return _Whole().write(node)


def canonical(node: Node) -> Document:
    """The schema as JSON objects in "Parsing Canonical Form" of the Avro specification."""
    return _Canonical().write(node)


def rabin(node: Node) -> bytes:
    """CRC-64-AVRO of the canonical form, in the byte order of single-object encoding."""
    text = json.dumps(canonical(node), ensure_ascii=False, separators=(",", ":"))
    return bytes.fromhex(fingerprint(text, "CRC-64-AVRO"))


class _Canonical:
    """Writes keys in the order of the canonical form, and no others."""

    def __init__(self) -> None:
        self._written: set[str] = set()

    def write(self, node: Node) -> Document:  # noqa: PLR0911 - one return per kind of type
        match node:
            case Primitive(kind, logical):
                return self.attributes(kind, logical)
            case Array(items):
                return {"type": "array", "items": self.write(items)}
            case MapType(values):
                return {"type": "map", "values": self.write(values)}
            case Union(branches):
                return [self.write(branch) for branch in branches]
            case Fixed() | EnumType() | RecordType() if node.name in self._written:
                return self.reference(node.name)
            case Fixed(name, size):
                self._written.add(name)
                return {"name": name, "type": "fixed", "size": size, **self.more(node)}
            case EnumType(name, symbols):
                self._written.add(name)
                listed = list(symbols)
                return {"name": name, "type": "enum", "symbols": listed, **self.more(node)}
            case RecordType(name, _, fields):
                self._written.add(name)
                written = [self.field(one) for one in fields]
                return {"name": name, "type": "record", "fields": written, **self.more(node)}

    def reference(self, name: str) -> str:
        return name

    def field(self, one: Field) -> Document:
        return {"name": one.name, "type": self.write(one.node)}

    def attributes(self, kind: str, _logical: Logical | None) -> Document:
        return kind

    def more(self, _node: Fixed | EnumType | RecordType) -> Mapping[str, Any]:
        return {}


class _Whole(_Canonical):
    """Adds what the canonical form leaves out: logical types, defaults, aliases."""

    def field(self, one: Field) -> Document:
        written = super().field(one)
        if one.aliases:
            written["aliases"] = list(one.aliases)
        if one.default is not NO_DEFAULT:
            written["default"] = one.default
        return written

    def attributes(self, kind: str, logical: Logical | None) -> Document:
        return {"type": kind, **_attributes(logical)} if logical else kind

    def reference(self, name: str) -> str:
        # Without a namespace of its own a name would take that of the record around it.
        return name if "." in name else f".{name}"

    def more(self, node: Fixed | EnumType | RecordType) -> Mapping[str, Any]:
        more: dict[str, Any] = {} if "." in node.name else {"namespace": ""}
        if node.aliases:
            more["aliases"] = [self.reference(alias) for alias in node.aliases]
        match node:
            case Fixed(logical=Logical() as logical):
                more |= _attributes(logical)
            case EnumType(default=str() as default):
                more["default"] = default
        return more


def _attributes(logical: Logical) -> dict[str, Any]:
    if logical.name != "decimal":
        return {"logicalType": logical.name}
    return {"logicalType": "decimal", "precision": logical.precision, "scale": logical.scale}


class Tag(NamedTuple):
    """The name that fastavro gives with a value of a branch, and whether a record stands around it."""

    name: str
    wrapped: bool


class Readable:
    """The schema for fastavro to read bytes by. `schema` are JSON objects.

    Logical types are left out, so that values arrive raw: fastavro's datetimes kill the whole record at
    a sentinel such as Long.MAX, and its decimals are rounded. Types have made-up names, so that no name
    of a writer's can be refused or mistaken. Enums and fixed are repeated where they are used again:
    fastavro takes a *reference* by name for a record when it decides which unions name their records.

    Branches that are one type to Python (int and long, float and double, a record and a map, text and
    an enum) are distinguished by a record put around each. It adds no byte. Its one field is `WRAPPED`.
    """

    def __init__(self, node: Node) -> None:
        self._records: dict[int, str] = {}
        self._tags: dict[int, Sequence[Tag | None]] = {}
        self._count = 0
        self.schema = self._write(node)

    @property
    def names_records(self) -> bool:
        """True where fastavro has to name records of some union."""
        return any(any(tags) for tags in self._tags.values())

    def tags(self, union: Union) -> Sequence[Tag | None]:
        """By branch the tag of its values; None where a value arrives without one."""
        return self._tags[id(union)]

    def _write(self, node: Node) -> Document:  # noqa: PLR0911 - one return per kind of type
        match node:
            case Primitive(kind):
                return kind
            case Array(items):
                return {"type": "array", "items": self._write(items)}
            case MapType(values):
                return {"type": "map", "values": self._write(values)}
            case Union():
                return self._union(node)
            case Fixed(_, size):
                return {"name": self._new_name(), "type": "fixed", "size": size}
            case EnumType(_, symbols):
                return {"name": self._new_name(), "type": "enum", "symbols": list(symbols)}
            case RecordType(_, _, fields):
                known = self._records.get(id(node))
                if known is not None:
                    return known
                name = self._records[id(node)] = self._new_name()
                written = [{"name": one.name, "type": self._write(one.node)} for one in fields]
                return {"name": name, "type": "record", "fields": written}

    def _union(self, union: Union) -> Document:
        kinds = Counter(map(python_type, union.branches))
        written = []
        tags: list[Tag | None] = []
        for branch in union.branches:
            inner = self._write(branch)
            if isinstance(branch, RecordType):
                tags.append(Tag(self._records[id(branch)], wrapped=False))
            elif kinds[python_type(branch)] > 1:
                tag = Tag(self._new_name(), wrapped=True)
                inner = {
                    "name": tag.name,
                    "type": "record",
                    "fields": [{"name": WRAPPED, "type": inner}],
                }
                tags.append(tag)
            else:
                tags.append(None)
            written.append(inner)
        # A union with a single record is read as that record, without its name.
        several = len([tag for tag in tags if tag]) > 1
        self._tags[id(union)] = tags if several else [None] * len(tags)
        return written

    def _new_name(self) -> str:
        self._count += 1
        return f"type_{self._count}"


def python_type(node: Node) -> type:
    """The type of the values that fastavro reads."""
    match node:
        case Primitive(kind):
            return _PYTHON[kind]
        case Fixed():
            return bytes
        case EnumType():
            return str
        case Array():
            return list
        case _:
            return dict
