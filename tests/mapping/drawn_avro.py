"""Random Avro: reader schemas, writer schemas that resolve to them, values, and what a value means.

Encoding, resolution and the meaning of logical types are written from the Avro specification, not from
the product: what the two make of the same bytes is held against each other.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

Type = Any
"""The name of a primitive type, `{"ref": full name}`, or JSON whose inner types are again such."""


class Branch(NamedTuple):
    """A value of a union, with the branch that it is written as."""

    number: int
    value: Any


@dataclass(frozen=True)
class Rec:
    """A record as a mapping sees it."""

    name: str
    fields: dict[str, Any]


@dataclass(frozen=True)
class Time:
    ms: int


@dataclass(frozen=True)
class Date:
    days: int


class Schema:
    """The named types of a schema, and its root record."""

    def __init__(self, types: dict[str, Any], root: str) -> None:
        self.types = types
        self.root = root

    def json(self) -> Any:
        """The schema as a file has it: a named type is written out where it is used first."""
        written: set[str] = set()

        def out(type_: Type) -> Any:
            if isinstance(type_, str):
                return type_
            if isinstance(type_, list):
                return [out(one) for one in type_]
            if "ref" not in type_:
                return {
                    key: out(value) if key in {"items", "values"} else value
                    for key, value in type_.items()
                }
            name = type_["ref"]
            if name in written:
                return name
            written.add(name)
            named = dict(self.types[name])
            if named["type"] == "record":
                named["fields"] = [{**one, "type": out(one["type"])} for one in named["fields"]]
            return named

        return out({"ref": self.root})

    def resolved(self, type_: Type) -> Any:
        """A type with its reference followed, as an object."""
        if isinstance(type_, str):
            return {"type": type_}
        return self.types[type_["ref"]] if isinstance(type_, dict) and "ref" in type_ else type_


LOGICAL: list[Any] = [
    {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
    {"type": "bytes", "logicalType": "decimal", "precision": 4},
    {"type": "int", "logicalType": "date"},
    {"type": "int", "logicalType": "time-millis"},
    {"type": "long", "logicalType": "time-micros"},
    {"type": "long", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "timestamp-micros"},
    {"type": "long", "logicalType": "timestamp-nanos"},
    {"type": "long", "logicalType": "local-timestamp-millis"},
    {"type": "string", "logicalType": "uuid"},
]
INVALID: list[Any] = [
    {"type": "bytes", "logicalType": "decimal"},
    {"type": "bytes", "logicalType": "decimal", "precision": 0},
    {"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 3},
    {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": None},
    {"type": "string", "logicalType": "decimal", "precision": 4, "scale": 2},
    {"type": "string", "logicalType": "timestamp-millis"},
    {"type": "int", "logicalType": "timestamp-millis"},
    {"type": "long", "logicalType": "date"},
    {"type": "long", "logicalType": "unheard-of"},
    {"type": "boolean", "logicalType": "uuid"},
]
"""Logical types that the specification tells readers to ignore."""
PRIMITIVES = ("boolean", "int", "long", "float", "double", "bytes", "string", "string", "long")


def draw_schema(rng: Random) -> Schema:
    """A reader schema."""
    drawer = _SchemaDrawer(rng)
    drawer.record("t.Root", 0, ())
    return Schema(drawer.types, "t.Root")


class _SchemaDrawer:
    """Draws types. `inside` are the records that are being drawn: they may be referred to only where a
    value may be absent."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.types: dict[str, Any] = {}

    def any_type(self, depth: int, inside: tuple[str, ...], *, unions: bool = True) -> Any:
        roll = self.rng.random()
        if depth > 3 or roll < 0.35:
            return self._leaf()
        if inside and roll < 0.4 and unions:
            return ["null", {"ref": self.rng.choice(inside)}]
        if roll < 0.55 and unions:
            return self._union(depth, inside)
        if roll < 0.7:
            return {"type": "array", "items": self.any_type(depth + 1, inside)}
        if roll < 0.82:
            return {"type": "map", "values": self.any_type(depth + 1, inside)}
        return self._named(depth, inside)

    def record(self, name: str, depth: int, inside: tuple[str, ...]) -> Any:
        fields: list[Any] = []
        self.types[name] = {"type": "record", "name": name, "fields": fields}
        for number in range(self.rng.randint(5, 9) if depth == 0 else self.rng.randint(1, 4)):
            type_ = self.any_type(depth + 1, (*inside, name))
            field = {"name": f"f{number}", "type": type_}
            default = draw_default(self.rng, self.types, type_)
            if default is not NO_DEFAULT:
                field["default"] = default
            fields.append(field)
        return {"ref": name}

    def _leaf(self) -> Any:
        roll = self.rng.random()
        if roll < 0.6:
            return self.rng.choice(PRIMITIVES)
        return dict(self.rng.choice(LOGICAL if roll < 0.85 else INVALID))

    def _named(self, depth: int, inside: tuple[str, ...]) -> Any:
        known = [name for name in self.types if name not in inside]
        if known and self.rng.random() < 0.3:
            return {"ref": self.rng.choice(known)}
        kind = self.rng.choice(["enum", "fixed", "record", "record", "record"])
        name = f"t.{kind.title()}{len(self.types)}"
        if kind == "record":
            return self.record(name, depth, inside)
        if kind == "enum":
            symbols = self.rng.sample(["view", "cart", "order", "other"], 3)
            made: dict[str, Any] = {"type": kind, "symbols": symbols, "default": symbols[0]}
        else:
            made = {"type": kind, "size": self.rng.choice([2, 16])}
            if self.rng.random() < 0.5:
                made |= {"logicalType": "decimal", "precision": 4, "scale": 1}
        self.types[name] = {"name": name, **made}
        return {"ref": name}

    def _union(self, depth: int, inside: tuple[str, ...]) -> Any:
        roll = self.rng.random()
        if roll < 0.5:
            one = self.any_type(depth + 1, inside, unions=False)
            return ["null", one] if self.rng.random() < 0.8 else [one, "null"]
        made: list[Any] = []
        if roll < 0.65:
            made = [
                self.record(f"t.Record{len(self.types)}", depth + 1, inside)
                for _ in range(self.rng.choice([2, 3]))
            ]
        else:
            branches: dict[str, Any] = {}
            for _ in range(self.rng.randint(2, 6)):
                one = self.any_type(depth + 1, inside, unions=False)
                whole = self.types[one["ref"]] if isinstance(one, dict) and "ref" in one else one
                kind = whole if isinstance(whole, str) else whole.get("name", whole["type"])
                branches.setdefault(kind, one)
            made = list(branches.values())
        return ["null", *made] if self.rng.random() < 0.7 else made


NO_DEFAULT = object()


def draw_default(rng: Random, types: dict[str, Any], type_: Type) -> Any:
    if rng.random() < 0.4:
        return NO_DEFAULT
    first = type_[0] if isinstance(type_, list) else type_
    first = types[first["ref"]] if isinstance(first, dict) and "ref" in first else first
    kind = first if isinstance(first, str) else first["type"]
    simple: dict[str, Any] = {
        "null": None,
        "boolean": True,
        "int": 7,
        "long": 1_700_000_000_000,
        "float": 1.5,
        "double": 2.25,
        "string": "default",
        "array": [],
        "map": {},
    }
    if kind == "enum":
        return first["symbols"][1]
    return simple.get(kind, NO_DEFAULT)


def draw_writer(rng: Random, reader: Schema) -> Schema:
    """A schema of which every record can be read as one of the reader's."""
    types = json.loads(json.dumps(reader.types))
    for name, one in list(types.items()):
        if one["type"] != "record":
            continue
        fields = []
        for field in one["fields"]:
            if "default" in field and rng.random() < 0.15:
                continue
            copy = {key: value for key, value in field.items() if key != "default"}
            copy["type"] = narrower(rng, copy["type"])
            fields.append(copy)
        rng.shuffle(fields)
        if rng.random() < 0.3:
            fields.insert(rng.randint(0, len(fields)), {"name": "more", "type": "string"})
        types[name] = {**one, "fields": fields}
    for one in reader.types.values():
        for field in one.get("fields", ()):
            if rng.random() < 0.1:
                old = f"old_{field['name']}"
                field["aliases"] = [old]
                for written in types[one["name"]]["fields"]:
                    if written["name"] == field["name"]:
                        written["name"] = old
    return Schema(types, reader.root)


def narrower(rng: Random, type_: Type) -> Type:
    if isinstance(type_, list):
        plain = [one for one in type_ if isinstance(one, str) and one != "null"]
        if plain and rng.random() < 0.2:
            return rng.choice(plain)
        return [one for one in type_ if one == "null" or rng.random() < 0.9] or type_
    if isinstance(type_, dict) and type_.get("type") in {"array", "map"}:
        inner = "items" if type_["type"] == "array" else "values"
        return {**type_, inner: narrower(rng, type_[inner])}
    promoted = {"long": ["int"], "double": ["float", "int", "long"]}
    if isinstance(type_, str) and type_ in promoted and rng.random() < 0.3:
        return rng.choice(promoted[type_])
    return type_


TEXTS = ["", " ", "UA", "Mug", "12.5", "7", "null", "ż", "a,b", "x" * 40, "view"]
NUMBERS = [0, 1, 2, 7, -1, 100, 2**31 - 1, -(2**31)]
LONGS = [*NUMBERS, 1_700_000_000_000, 2**53 + 1, 2**63 - 1, -(2**63)]
TIMES = {"millis": 1, "micros": 1000, "nanos": 1_000_000}
FLOATS = [0.0, 0.1, 1299.99, 2.5, -3.75, 1e-7, 16777216.0, 250.0]
DOUBLES = [*FLOATS, 0.1 + 0.2, 1e15, 123456.789, 1e21]


def draw_value(  # noqa: C901, PLR0911, PLR0912  # a return per type
    rng: Random, schema: Schema, type_: Type, depth: int = 0
) -> Any:
    """A value of the type, with its branches."""
    if isinstance(type_, list):
        if depth > 6 and "null" in type_:
            return Branch(type_.index("null"), None)
        index = rng.randrange(len(type_))
        return Branch(index, draw_value(rng, schema, type_[index], depth + 1))
    one = schema.resolved(type_)
    match one["type"]:
        case "null":
            return None
        case "boolean":
            return rng.random() < 0.5
        case "int":
            return rng.choice(NUMBERS)
        case "long":
            logical = one.get("logicalType", "")
            if "timestamp-" in logical and rng.random() < 0.8:
                units = TIMES[logical.rpartition("-")[2]]
                return (1_700_000_000_000 + rng.randrange(1000)) * units + units // 2
            return rng.choice(LONGS)
        case "float":
            return struct.unpack("<f", struct.pack("<f", rng.choice(FLOATS)))[0]
        case "double":
            return rng.choice(DOUBLES)
        case "bytes":
            size = rng.randint(1, 3)
            return bytes(rng.randrange(256) for _ in range(size))
        case "string":
            return rng.choice(TEXTS)
        case "fixed":
            return bytes(rng.randrange(256) for _ in range(one["size"]))
        case "enum":
            return rng.choice(one["symbols"])
        case "array":
            count = 0 if depth > 6 else rng.randint(0, 3)
            return [draw_value(rng, schema, one["items"], depth + 1) for _ in range(count)]
        case "map":
            keys = [] if depth > 6 else rng.sample(["a", "b", "c"], rng.randint(0, 3))
            return {key: draw_value(rng, schema, one["values"], depth + 1) for key in keys}
    return {
        field["name"]: draw_value(rng, schema, field["type"], depth + 1) for field in one["fields"]
    }


def encode(  # noqa: C901, PLR0911  # a return per type
    schema: Schema, type_: Type, value: Any
) -> bytes:
    """The value in Avro's binary encoding."""
    if isinstance(type_, list):
        return _long(value.number) + encode(schema, type_[value.number], value.value)
    one = schema.resolved(type_)
    match one["type"]:
        case "null":
            return b""
        case "boolean":
            return bytes([value])
        case "int" | "long":
            return _long(value)
        case "float":
            return struct.pack("<f", value)
        case "double":
            return struct.pack("<d", value)
        case "bytes":
            return _long(len(value)) + bytes(value)
        case "string":
            text: bytes = value.encode()
            return _long(len(text)) + text
        case "fixed":
            return bytes(value)
        case "enum":
            return _long(one["symbols"].index(value))
        case "array":
            items = b"".join(encode(schema, one["items"], item) for item in value)
            return (_long(len(value)) + items if value else b"") + b"\x00"
        case "map":
            entries = b"".join(
                encode(schema, "string", key) + encode(schema, one["values"], item)
                for key, item in value.items()
            )
            return (_long(len(value)) + entries if value else b"") + b"\x00"
    return b"".join(encode(schema, field["type"], value[field["name"]]) for field in one["fields"])


def _long(number: int) -> bytes:
    zigzag = (number << 1) ^ (number >> 63)
    out = bytearray()
    while zigzag > 0x7F:
        out.append((zigzag & 0x7F) | 0x80)
        zigzag >>= 7
    out.append(zigzag)
    return bytes(out)


class Unreadable(Exception):
    """The value cannot be brought into the form of the reader's schema."""


@dataclass(frozen=True)
class Meaning:
    """The meaning of values written with one schema to a reader with the other."""

    writer: Schema
    reader: Schema

    def of(self, value: Any) -> Any:
        """The root record as a mapping sees it. Raises Unreadable."""
        return self._of({"ref": self.writer.root}, {"ref": self.reader.root}, value)

    def _of(  # noqa: PLR0911  # a return per type
        self, writer: Type, reader: Type, value: Any
    ) -> Any:
        if isinstance(writer, list):
            return self._of(writer[value.number], reader, value.value)
        if isinstance(reader, list):
            return self._of(writer, self._branch(writer, reader), value)
        written, read = self.writer.resolved(writer), self.reader.resolved(reader)
        match written["type"], read["type"]:
            case "record", "record":
                return self._record(written, read, value)
            case ("array", "array"):
                return [self._of(written["items"], read["items"], item) for item in value]
            case ("map", "map"):
                return {
                    key: self._of(written["values"], read["values"], item)
                    for key, item in value.items()
                }
            case ("enum", "enum"):
                return value if value in read["symbols"] else read["default"]
            case one, other if (one, other) in _PROMOTED:
                return _scalar(read, value, written["type"])
        raise Unreadable

    def _branch(self, writer: Type, reader: list[Type]) -> Type:
        written = self.writer.resolved(writer)
        for branch in reader:
            read = self.reader.resolved(branch)
            if read["type"] == written["type"] and read.get("name") == written.get("name"):
                return branch
        for branch in reader:
            if (written["type"], self.reader.resolved(branch)["type"]) in _PROMOTED:
                return branch
        raise Unreadable

    def _record(self, written: Any, read: Any, value: dict[str, Any]) -> Rec:
        fields = {}
        by_name = {field["name"]: field for field in written["fields"]}
        for field in read["fields"]:
            names = [field["name"], *field.get("aliases", ())]
            name = next((one for one in names if one in by_name), None)
            if name is None:
                fields[field["name"]] = self._default(field["type"], field["default"])
            else:
                fields[field["name"]] = self._of(by_name[name]["type"], field["type"], value[name])
        return Rec(read["name"], fields)

    def _default(self, type_: Type, default: Any) -> Any:
        one = self.reader.resolved(type_[0] if isinstance(type_, list) else type_)
        if one["type"] in {"array", "map", "enum"}:
            return default
        return _scalar(one, default, one["type"])


_SAME = ("null", "boolean", "int", "long", "float", "double", "bytes", "string", "fixed")
_PROMOTED = {(one, one) for one in _SAME} | {
    ("int", "long"),
    ("int", "float"),
    ("int", "double"),
    ("long", "float"),
    ("long", "double"),
    ("float", "double"),
    ("string", "bytes"),
    ("bytes", "string"),
}


def _scalar(read: Any, value: Any, written: str) -> Any:  # a return per type
    logical = read.get("logicalType", "")
    kind = read["type"]
    if kind in {"float", "double"}:
        return shortest(float(value), single=written == "float")
    if kind == "string" and isinstance(value, bytes):
        raise Unreadable  # bytes need not be text: left to other tests
    if kind == "bytes" and isinstance(value, str):
        value = value.encode()
    if kind in {"bytes", "fixed"}:
        return _bytes(read, value)
    if (kind, logical) == ("int", "date"):
        return Date(value)
    if kind == "long" and logical.startswith(("timestamp-", "local-timestamp-")):
        return Time(value // TIMES[logical.rpartition("-")[2]])
    return value


def _bytes(read: Any, value: bytes) -> Any:
    precision, scale = read.get("precision"), read.get("scale", 0)
    valid = (
        read.get("logicalType") == "decimal"
        and isinstance(precision, int)
        and isinstance(scale, int)
        and precision > 0
        and 0 <= scale <= precision
    )
    if not valid:
        return value
    return Decimal(f"{int.from_bytes(value, 'big', signed=True)}E-{scale}")


def shortest(value: float, *, single: bool) -> Decimal:
    """The shortest decimal that is read back as the same float, of 32 bits or of 64."""
    found = _shortest(value, single=single)
    return Decimal(int(found)) if value.is_integer() else found


def _shortest(value: float, *, single: bool) -> Decimal:
    if not single:
        return Decimal(repr(value))
    for digits in range(1, 18):
        text = f"{value:.{digits}g}"
        if struct.pack("<f", float(text)) == struct.pack("<f", value):
            return Decimal(text)
    raise AssertionError(value)
