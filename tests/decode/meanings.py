"""Random schemas with logical types, valid and not, and values as they stand on the wire.

A `Drawn` is one type: as a schema with everything in it, as the same without logical types (for
fastavro to write bytes with), and a maker of raw values.
"""

import random
from collections.abc import Callable
from typing import Any, NamedTuple

Json = Any
Draw = random.Random

TEXTS = ("", "a", "Кава", "2026-11-20", "12.50", "x" * 70, "🛒")
_LONGS = (0, 1, -1, 7, 1_795_165_380_250, 2**31, 2**62, -(2**63))
_NAMES = (
    "decimal", "uuid", "date", "time-millis", "time-micros", "timestamp-millis", "timestamp-micros",
    "timestamp-nanos", "local-timestamp-millis", "local-timestamp-nanos", "duration", "big-decimal",
    "made-up", "", None, 7, ["date"],
)  # fmt: skip
_PRECISIONS: tuple[Json, ...] = (0, -1, 1, 4, 9, 40, None, "9", 9.0, True)
_SCALES: tuple[Json, ...] = (0, 2, 5, -1, None, "2", 2.0, False)


class Drawn(NamedTuple):
    schema: Json
    plain: Json
    value: Callable[[Draw], Any]


def _float(draw: Draw) -> float:
    return draw.choice((0.0, 0.5, -3.0, 1e10))


PRIMITIVES: dict[str, Callable[[Draw], Any]] = {
    "null": lambda _: None,
    "boolean": lambda draw: draw.random() < 0.5,
    "int": lambda draw: draw.choice((0, 1, -1, 20_000, 2**31 - 1, -(2**31))),
    "long": lambda draw: draw.choice(_LONGS),
    "float": _float,
    "double": _float,
    "bytes": lambda draw: draw.randbytes(draw.choice((1, 2, 9))),
    "string": lambda draw: draw.choice(TEXTS),
}
_DEFAULTS: dict[str, Json] = {
    "null": None, "boolean": True, "int": 3, "long": 4, "float": 0.1, "double": 0.1,
    "bytes": "\u0001ÿ", "string": "Кава",
}  # fmt: skip


class Meanings:
    """Draws types."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self._named: list[Drawn] = []
        self._names = 0

    def record(self, depth: int = 0) -> Drawn:
        draw, name = self.draw, self._name("R")
        space = draw.choice(("t", "t.inner", ""))
        full = f"{space}.{name}" if space else name
        fields, plain, values = [], [], {}
        for number in range(draw.randrange(1, 6)):
            field, drawn = f"f{number}", self.any(depth + 1)
            more: dict[str, Json] = {}
            if draw.random() < 0.3:
                more["logicalType"] = "timestamp-millis"  # misplaced: it is not of the type
            if draw.random() < 0.2:
                more["aliases"] = [f"old{number}"]
            if isinstance(drawn.plain, str) and drawn.plain in _DEFAULTS and draw.random() < 0.4:
                more["default"] = _DEFAULTS[drawn.plain]
            fields.append({"name": field, "type": drawn.schema, **more})
            plain.append({"name": field, "type": drawn.plain})
            values[field] = drawn.value
        if draw.random() < 0.2:
            fields.append({"name": "again", "type": ["null", full if space else name]})
            plain.append({"name": "again", "type": ["null", full]})
            values["again"] = lambda _: None
        made: Json = {"type": "record", "name": name, "namespace": space}
        if draw.random() < 0.5:
            made = {"type": "record", "name": full} if space else made
        return Drawn(
            {**made, "fields": fields},
            {"type": "record", "name": name, "namespace": space, "fields": plain},
            lambda draw: {field: value(draw) for field, value in values.items()},
        )

    def any(self, depth: int) -> Drawn:
        kinds: list[Callable[[int], Drawn]] = [self._primitive] * 4 + [self._fixed, self._enum]
        if depth < 4:
            kinds += [self._array, self._map, self._union, self._union, self.record, self._wrapped]
        return self.draw.choice(kinds)(depth)

    def _logical(self) -> dict[str, Json]:
        draw = self.draw
        if draw.random() < 0.3:
            return {}
        more: dict[str, Json] = {"logicalType": draw.choice(_NAMES)}
        for key, choices in (("precision", _PRECISIONS), ("scale", _SCALES)):
            if draw.random() < 0.7:
                more[key] = draw.choice(choices)
        return more

    def _primitive(self, _: int) -> Drawn:
        kind = self.draw.choice(list(PRIMITIVES))
        more = self._logical()
        return Drawn({"type": kind, **more} if more else kind, kind, PRIMITIVES[kind])

    def _fixed(self, _: int) -> Drawn:
        size = self.draw.choice((1, 4, 12, 16))
        made = {"type": "fixed", "name": self._name("F"), "namespace": "t", "size": size}
        return Drawn({**made, **self._logical()}, made, lambda draw: draw.randbytes(size))

    def _enum(self, _: int) -> Drawn:
        symbols = [f"S{number}" for number in range(self.draw.choice((1, 3, 65)))]
        made = {"type": "enum", "name": self._name("E"), "namespace": "t", "symbols": symbols}
        return Drawn({**made, **self._logical()}, made, lambda draw: draw.choice(symbols))

    def _array(self, depth: int) -> Drawn:
        item = self.any(depth + 1)
        return Drawn(
            {"type": "array", "items": item.schema, **self._logical()},
            {"type": "array", "items": item.plain},
            lambda draw: [item.value(draw) for _ in range(draw.randrange(3))],
        )

    def _map(self, depth: int) -> Drawn:
        item = self.any(depth + 1)
        return Drawn(
            {"type": "map", "values": item.schema},
            {"type": "map", "values": item.plain},
            lambda draw: {key: item.value(draw) for key in draw.sample(TEXTS, 2)},
        )

    def _wrapped(self, depth: int) -> Drawn:
        inner = self.any(depth + 1)
        return Drawn({"type": inner.schema}, inner.plain, inner.value)

    def _union(self, depth: int) -> Drawn:
        draw = self.draw
        branches: dict[str, Drawn] = {}
        for _ in range(draw.randrange(1, 6)):
            one = self.any(depth + 2)
            if not isinstance(one.plain, list):
                branches.setdefault(_tag(one.plain), one)
        if not branches:
            return self._primitive(depth)
        drawn = list(branches.values())

        def value(draw: Draw) -> Any:
            one = draw.choice(drawn)
            return _tag(one.plain), one.value(draw)  # by name, since branches may look the same

        return Drawn([one.schema for one in drawn], [one.plain for one in drawn], value)

    def _name(self, stem: str) -> str:
        self._names += 1
        return f"{stem}{self._names}"


def _tag(plain: Json) -> str:
    if not isinstance(plain, dict):
        return str(plain)
    if "name" not in plain:
        return str(plain["type"])
    space = plain.get("namespace", "")
    return f"{space}.{plain['name']}" if space else str(plain["name"])
