"""Random schemas, what becomes of them in later versions, and values: for property tests.

A `Shape` is drawn once; from it come the writer schema, the reader schema and values. What the two
have in common is what fastavro and we both understand (docs/decode.md lists where we go beyond).
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

Json = Any
Draw = random.Random

TEXTS = ("", "a", "Кава", "x" * 63, "y" * 64, "ж" * 70, "line\nbreak", "\x00", "🛒")
PROMOTED = {
    "int": ("long", "float", "double"),
    "long": ("float", "double"),
    "float": ("double",),
    "string": ("bytes",),
    "bytes": ("string",),
}
# Not of bytes: fastavro gives the text that stands in the schema.
DEFAULTS: dict[str, Any] = {
    "null": None, "boolean": True, "int": 7, "long": -1, "float": 0.5, "double": 2.25,
    "string": "new",
}  # fmt: skip


class Shape(NamedTuple):
    """A written type, the type it is read as, and a maker of values."""

    written: Json
    read: Json
    value: Callable[[Draw], Any]


def _long(draw: Draw) -> int:
    return draw.choice((0, 1, -1, 63, 64, -64, -65, 8191, -8193, 2**31 - 1, draw.getrandbits(30)))


def _huge(draw: Draw) -> int:
    return draw.choice((_long(draw), 2**63 - 1, -(2**63), 1_795_165_380_250, 2**55))


def _float(draw: Draw) -> float:
    return draw.choice((0.0, -0.5, 1.25, 1e10, float("inf")))


PRIMITIVES: dict[str, Callable[[Draw], Any]] = {
    "null": lambda _: None,
    "boolean": lambda draw: draw.random() < 0.5,
    "int": _long,
    "long": _huge,
    "float": _float,
    "double": _float,
    "bytes": lambda draw: draw.choice(TEXTS).encode(),
    "string": lambda draw: draw.choice(TEXTS),
}


class Shapes:
    """Draws shapes. `evolves` is how often a type differs between the two schemas."""

    def __init__(self, seed: int, evolves: float) -> None:
        self.draw = random.Random(seed)
        self._evolves = evolves
        self._names = 0

    def record(self, depth: int = 0, *, kept: bool = False) -> Shape:
        """A record of up to nine fields, of which some are dropped, renamed, added or moved."""
        draw, name = self.draw, self._name("R")
        written, read, values = [], [], {}
        for number in range(draw.randrange(1, 10 if depth == 0 else 5)):
            field = f"f{number}"
            shape = self.any(depth + 1, kept=kept)
            written.append({"name": field, "type": shape.written})
            values[field] = shape.value
            if self._changes(kept) and draw.random() < 0.4:
                continue  # dropped
            if self._changes(kept) and draw.random() < 0.4:
                read.append({"name": f"g{number}", "aliases": [field], "type": shape.read})
            else:
                read.append({"name": field, "type": shape.read})
        if self._changes(kept):
            kind = draw.choice(list(DEFAULTS))
            read.append({"name": "added", "type": kind, "default": DEFAULTS[kind]})
            listed = {"type": "array", "items": "int"}
            read.append({"name": "list", "type": listed, "default": [1, 2]})
        if self._changes(kept):
            draw.shuffle(read)
        made = {"type": "record", "name": name}
        return Shape(
            {**made, "fields": written},
            {**made, "fields": read},
            lambda draw: {field: value(draw) for field, value in values.items()},
        )

    def any(self, depth: int, *, kept: bool = False) -> Shape:
        """`kept`: written and read alike, as the branches of a union must be to be told apart."""
        kinds: list[Callable[[int, bool], Shape]] = [self._primitive] * 5
        kinds += [self._enum, self._fixed]
        if depth < 4:
            kinds += [self._optional, self._optional, self._optional]
            kinds += [self._array, self._map, self._union, self._nested]
        return self.draw.choice(kinds)(depth, kept)

    def _primitive(self, _: int, kept: bool) -> Shape:
        kind = self.draw.choice(list(PRIMITIVES))
        read = kind
        if self._changes(kept) and kind in PROMOTED:
            read = self.draw.choice(PROMOTED[kind])
        return Shape(kind, read, PRIMITIVES[kind])

    def _enum(self, _: int, kept: bool) -> Shape:
        name, size = self._name("E"), self.draw.choice((1, 3, 64, 65, 100))
        symbols = [f"S{number}" for number in range(size)]
        read = [*symbols, "LAST"]
        if self._changes(kept):
            read = ["OTHER", *symbols[: size // 2]]
        made = {"type": "enum", "name": name}
        return Shape(
            {**made, "symbols": symbols},
            {**made, "symbols": read, "default": read[0]},
            lambda draw: draw.choice(symbols),
        )

    def _fixed(self, _: int, kept: bool) -> Shape:
        size = self.draw.choice((1, 4, 16))
        made = {"type": "fixed", "name": self._name("F"), "size": size}
        return Shape(made, made, lambda draw: draw.randbytes(size))

    def _optional(self, depth: int, kept: bool) -> Shape:
        inner = self._primitive(depth, kept) if self.draw.random() < 0.7 else self.record(depth + 1)
        if inner.written == "null":
            return inner
        first = self.draw.random() < 0.8
        written = ["null", inner.written] if first else [inner.written, "null"]
        return Shape(
            written,
            ["null", inner.read],
            lambda draw: inner.value(draw) if draw.random() < 0.6 else None,
        )

    def _array(self, depth: int, kept: bool) -> Shape:
        item = self._item(depth, kept)
        return Shape(
            {"type": "array", "items": item.written},
            {"type": "array", "items": item.read},
            lambda draw: [item.value(draw) for _ in range(draw.choice((0, 1, 2, 5, 70)))],
        )

    def _map(self, depth: int, kept: bool) -> Shape:
        item = self.any(depth + 1, kept=kept)
        return Shape(
            {"type": "map", "values": item.written},
            {"type": "map", "values": item.read},
            lambda draw: {key: item.value(draw) for key in draw.sample(TEXTS, draw.randrange(4))},
        )

    def _union(self, depth: int, kept: bool) -> Shape:
        """Of several types that cannot be mistaken for one another; two records among them at times."""
        draw = self.draw
        branches = [Shape(kind, kind, PRIMITIVES[kind]) for kind in ("null", "long", "string")]
        branches = draw.sample(branches, draw.randrange(1, 4))
        records = [self.record(depth + 1, kept=True) for _ in range(draw.choice((0, 1, 2)))]
        several = len(records) > 1
        made = [_named(one) if several else one for one in records]
        branches += made
        read = [branch.read for branch in branches]
        if self._changes(kept):
            draw.shuffle(read)
        return Shape(
            [branch.written for branch in branches],
            read,
            lambda draw: draw.choice(branches).value(draw),
        )

    def _nested(self, depth: int, kept: bool) -> Shape:
        return self.record(depth + 1, kept=kept)

    def _item(self, depth: int, kept: bool) -> Shape:
        while True:
            item = self.any(depth + 1, kept=kept)
            if item.written != "null":
                return item

    def _changes(self, kept: bool) -> bool:
        return not kept and self.draw.random() < self._evolves

    def _name(self, stem: str) -> str:
        self._names += 1
        return f"t.{stem}{self._names}"


def _named(record: Shape) -> Shape:
    name = record.written["name"]
    return Shape(record.written, record.read, lambda draw: (name, record.value(draw)))


def some_reads(schema: Json, draw: Draw) -> Any:
    """A part of what a schema has, as `consumer.projection.Reads`."""
    match schema:
        case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
            return some_reads(inner, draw)
        case {"type": "record", "fields": fields}:
            if draw.random() < 0.2:
                return None
            chosen = [field for field in fields if draw.random() < 0.4]
            return {field["name"]: some_reads(field["type"], draw) for field in chosen}
        case list():
            found = [some_reads(branch, draw) for branch in schema]
            tables = [one for one in found if isinstance(one, dict)]
            if len(tables) < len([b for b in schema if isinstance(b, dict)]) or not tables:
                return None
            return {name: reads for table in tables for name, reads in table.items()}
        case _:
            return None


def only(  # noqa: PLR0911 - one return per kind of type
    value: Any, schema: Json, reads: Any
) -> Any:
    """The parts of a value that are read."""
    if reads is None:
        return value
    match schema:
        case {"type": "array", "items": inner}:
            return [only(one, inner, reads) for one in value]
        case {"type": "map", "values": inner}:
            return {key: only(one, inner, reads) for key, one in value.items()}
        case {"type": "record", "fields": fields}:
            return {
                one["name"]: only(value[one["name"]], one["type"], reads[one["name"]])
                for one in fields
                if one["name"] in reads
            }
        case list() if isinstance(value, tuple):
            [branch] = [one for one in schema if _name_of(one) == value[0]]
            return value[0], only(value[1], branch, reads)
        case list() if isinstance(value, dict):
            [branch] = [one for one in schema if _is_table(one)]
            return only(value, branch, reads)
        case list() if isinstance(value, list):
            [branch] = [one for one in schema if isinstance(one, dict) and one["type"] == "array"]
            return only(value, branch, reads)
        case _:
            return value


def _name_of(schema: Json) -> Any:
    return schema.get("name") if isinstance(schema, dict) else schema


def _is_table(schema: Json) -> bool:
    return isinstance(schema, dict) and schema["type"] in {"record", "map"}
