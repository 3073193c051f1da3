"""Makes records for any schema, so that a mapping of one's own can be seen at work.

A field that the mapping compares with texts (`kind == "view"`, `status in ["new", "paid"]`) mostly
holds one of them; fields of telling names hold made-up people; times are now. The same seed gives the
same records.
"""

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any

from consumer.avro.nodes import (
    Array,
    EnumType,
    Fixed,
    Logical,
    MapType,
    Node,
    Primitive,
    RecordType,
    Union,
)
from consumer.avro.schema import parse
from consumer.errors import InvalidRecord
from consumer.mapping.check.checked import CheckedMapping
from consumer.mapping.check.expressions import expressions
from consumer.mapping.language.nodes import Compare, Const, Index, children
from consumer.mapping.language.nodes import Node as Expression
from consumer.mapping.unit import MappingUnit
from consumer.mapping.workbench.paths import path_of
from consumer.model import Decoded, Partition, Record

PEOPLE = 40
DEEPEST = 6
"""Levels of a type that holds itself."""
TRIED = 500
"""Records that are made until one of them becomes an event."""
ABSENT = 0.15
"""Share of nulls where a union has null."""

_PER_SECOND = {"millis": 1_000, "micros": 1_000_000, "nanos": 1_000_000_000}
_FIRST = ("Olena", "Taras", "Марія", "Іван", "Anna", "Jan")
_WORDS = ("blue", "mug", "kettle", "lamp", "чашка", "стіл")


class Maker:
    """Makes raw values (as `fastavro` writes them) of one schema."""

    def __init__(
        self, schema: Any, mapping: CheckedMapping, seed: int, *, decoded: bool = False
    ) -> None:
        """`decoded` makes values as the decoder reads them, not as `fastavro` writes them."""
        self._node = parse(schema)
        self._texts = compared_texts(mapping)
        self._keys = read_keys(mapping)
        self._decoded = decoded
        self._random = Random(seed)  # noqa: S311 (made-up records, not secrets)

    def records(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Keys and records without end."""
        while True:
            person = self._random.randrange(PEOPLE)
            yield f"person-{person}".encode(), self._value(self._node, "", person, 0)

    def _value(self, node: Node, path: str, person: int, depth: int) -> Any:
        chance = self._random
        match node:
            case RecordType(fields=fields):
                return {
                    one.name: self._value(
                        one.node, f"{path}.{one.name}" if path else one.name, person, depth + 1
                    )
                    for one in fields
                }
            case Union(branches):
                return self._branch(branches, path, person, depth)
            case Array(items):
                many = range(chance.randint(1, 3) if depth < DEEPEST else 0)
                return [self._value(items, path, person, depth + 1) for _ in many]
            case MapType(values):
                keys = self._keys.get(path) or self._texts.get(path) or chance.sample(_WORDS, 2)
                return {
                    key: self._value(values, f"{path}.{key}", person, depth + 1) for key in keys
                }
            case EnumType(symbols=symbols):
                return chance.choice(symbols)
            case Fixed(size=size, logical=logical):
                return _bytes(logical, chance, size)
            case Primitive(kind, logical):
                return self._primitive(kind, logical, path, person)

    def _branch(self, branches: Iterable[Node], path: str, person: int, depth: int) -> Any:
        there = [one for one in branches if not (isinstance(one, Primitive) and one.kind == "null")]
        nullable = len(there) < len(list(branches))
        if nullable and (not there or depth >= DEEPEST or self._random.random() < ABSENT):
            return None
        branch = self._random.choice(there)
        value = self._value(branch, path, person, depth + 1)
        records = [one for one in there if isinstance(one, RecordType)]
        named = len(records if self._decoded else there) > 1
        return (branch.name, value) if named and isinstance(branch, RecordType) else value

    def _primitive(self, kind: str, logical: Logical | None, path: str, person: int) -> Any:
        name = path.rpartition(".")[2].lower()
        match kind:
            case "null":
                return None
            case "boolean":
                return self._random.random() < 0.5
            case "int" | "long":
                return self._whole(name, logical, kind)
            case "float" | "double":
                return round(self._random.uniform(1, 500), 2)
            case "bytes":
                return _bytes(logical, self._random, 8)
        known = self._texts.get(path)
        if known and self._random.random() < 0.9:
            return self._random.choice(known)
        if logical is not None and logical.name == "uuid":
            return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        return self._text(name, person)

    def _whole(self, name: str, logical: Logical | None, kind: str) -> int:
        unit = logical.name.rpartition("-")[2] if logical is not None else ""
        if logical is not None and "timestamp" in logical.name:
            return time.time_ns() * _PER_SECOND[unit] // 1_000_000_000
        if unit == "date":
            return int(time.time()) // 86_400
        if unit in _PER_SECOND:
            return 43_200 * _PER_SECOND[unit]
        if kind == "long" and (name.endswith(("time", "_at", "timestamp", "ts"))):
            return time.time_ns() // 1_000_000
        return self._random.randint(1, 20)

    def _text(self, name: str, person: int) -> str:
        """Something that a field of this name may hold."""
        number = self._random.randint(1, 99)
        for part, text in (
            ("mail", f"person.{person}@shop.example"),
            ("phone", f"+38067{1_000_000 + person}"),
            ("agent", "Mozilla/5.0 (demo)"),
            ("url", f"https://shop.example/p/{number}"),
            ("image", f"https://shop.example/img/{number}.jpg"),
            ("currency", "UAH"),
            ("country", "UA"),
            ("lang", "uk"),
            ("time", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())),
            ("name", _FIRST[person % len(_FIRST)]),
            ("price", f"{self._random.uniform(1, 500):.2f}"),
            ("user", f"C-{person:06}"),
            ("customer", f"C-{person:06}"),
            ("visitor", str(uuid.UUID(int=person + 1))),
            ("session", str(uuid.UUID(int=person + 1001))),
            ("cookie", str(uuid.UUID(int=person + 1))),
        ):
            if part in name:
                return text
        if name.endswith(("id", "sku", "key", "code")):
            return f"{number:03}-{person:02}"
        return self._random.choice(_WORDS)


def telling_record(root: RecordType, unit: MappingUnit, topic: str, seed: int) -> dict[str, Any]:
    """A decoded record that the unit makes an event of, where one is found in reasonable time."""
    mapping = unit.mapping_for(topic, root.name)
    assert mapping is not None, "the mapping of this very record"
    made = [value for _, value in islice(Maker(root, mapping, seed, decoded=True).records(), TRIED)]
    for value in made:
        record = Record(Partition(topic, 0, 0), 0, None, b"", (), time.time_ns() // 1_000_000)
        try:
            mapped = unit.map(record, Decoded(value, root.name, "made"))
        except InvalidRecord:
            continue
        if mapped.events:
            return value
    return made[0]


def _bytes(logical: Logical | None, chance: Random, size: int) -> Any:
    if logical is not None and logical.name == "decimal":
        return Decimal(chance.randint(100, 99_999)).scaleb(-logical.scale)
    return chance.randbytes(size)


def read_keys(mapping: CheckedMapping) -> Mapping[str, list[str]]:
    """The keys that the mapping reads of each map, by the map's path."""
    found: dict[str, list[str]] = {}
    for one in expressions(mapping):
        for node in _all(one.node):
            if isinstance(node, Index) and isinstance(node.by, Const):
                path = path_of(node.of)
                if path is not None and isinstance(node.by.value, str):
                    found.setdefault(_plain(path), []).append(node.by.value)
    return {path: list(dict.fromkeys(keys)) for path, keys in found.items()}


def compared_texts(mapping: CheckedMapping) -> Mapping[str, list[str]]:
    """The texts that the mapping's conditions compare a field with, by the field's path."""
    found: dict[str, list[str]] = {}
    conditions = [rule.when for rule in mapping.rules]
    conditions += [condition for condition, _ in mapping.suppress]
    conditions += [send.condition for rule in mapping.rules for send in rule.sends]
    for condition in conditions:
        for node in _all(condition) if condition is not None else ():
            if isinstance(node, Compare):
                for field, other in ((node.left, node.right), (node.right, node.left)):
                    path = path_of(field)
                    if path is not None:
                        texts = [one.value for one in _all(other) if isinstance(one, Const)]
                        found.setdefault(_plain(path), []).extend(
                            text for text in texts if isinstance(text, str)
                        )
    return {path: list(dict.fromkeys(texts)) for path, texts in found.items() if texts}


def _all(node: Expression) -> Iterator[Expression]:
    yield node
    for child in children(node):
        yield from _all(child)


def _plain(path: str) -> str:
    """Without the brackets of lists and unions: `cart.items[].sku` is `cart.items.sku`."""
    out, depth = [], 0
    for character in path:
        depth += (character in "[<") - (character in "]>")
        if depth == 0 and character not in "]>":
            out.append(character)
    return "".join(out)
