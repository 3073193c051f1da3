"""The generated reader against fastavro: over random schemas, later versions of them, and values."""

import io
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_reader
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from consumer.avro.nodes import RecordType
from consumer.avro.schema import parse
from consumer.decode.by_fastavro import by_fastavro
from consumer.decode.compiled.reader import Generated, generate
from consumer.decode.compiled.resolve import NotTaken
from consumer.decode.compiled.wire import IRREGULAR
from consumer.decode.resolution import added_cells
from consumer.decode.risk import is_risky
from tests.decode.encoding import avro, field, long, record_type
from tests.decode.schemas import Shape, Shapes, only, some_reads
from tests.decode.test_guards import mutated
from tests.soak_report import Figure

DRAWS = given(seed=st.integers(0, 2**63), evolves=st.sampled_from((0.0, 0.15, 0.4)))


def quietly(examples: int) -> settings:
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=examples, deadline=None, suppress_health_check=slow)


def same(one: Any, other: Any) -> bool:
    """Equal, types included: 1, 1.0 and True are three things. NaN equals itself."""
    if type(one) is not type(other):
        return False
    match one:
        case dict():
            return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
        case list() | tuple():
            return len(one) == len(other) and all(map(same, one, other))
        case float():
            return one == other or (math.isnan(one) and math.isnan(other))
        case _:
            return bool(one == other)


class Pair:
    """One pair of schemas with its generated reader, and fastavro's two ways."""

    def __init__(self, shape: Shape, reads: Any = None) -> None:
        self.written: Any = parse_schema(shape.written)
        self.read: Any = parse_schema(shape.read)
        writer, reader = parse(shape.written), parse(shape.read)
        assume(not is_risky(writer, added_cells(writer, reader)))
        assert isinstance(reader, RecordType)
        self.generated: Generated = generate(writer, reader, reads)
        self._by_fastavro = by_fastavro(writer, reader, "1")

    def resolved(self, data: bytes) -> Any:
        """As fastavro resolves the schemas itself."""
        return schemaless_reader(io.BytesIO(data), self.written, self.read, True, True)

    def reference(self, data: bytes) -> Any:
        """As records are read where no reader is generated. Raises InvalidRecord."""
        return self._by_fastavro(data, 0).value


def compare_values(seed: int, evolves: float) -> None:
    shapes = Shapes(seed, evolves)
    shape = shapes.record()
    reads = some_reads(shape.read, shapes.draw)
    pair, part = Pair(shape), Pair(shape, reads)
    for _ in range(3):
        data = avro(shape.written, shape.value(shapes.draw))
        expected = pair.resolved(data)
        assert same(pair.generated.read(data, 0), expected)
        assert same(part.generated.read(data, 0), only(expected, shape.read, reads))


def compare_damaged(seed: int, evolves: float) -> Counter[str]:
    """Whatever the generated reader takes, fastavro takes, and it means the same. Returns how many
    were taken, and how many left to fastavro."""
    seen: Counter[str] = Counter()
    shapes = Shapes(seed, evolves)
    shape = shapes.record()
    reads = some_reads(shape.read, shapes.draw)
    pair, part = Pair(shape), Pair(shape, reads)
    good = avro(shape.written, shape.value(shapes.draw))
    assume(good)
    for number in range(30):
        data = mutated(good, shapes.draw) if number % 3 else good[: number * len(good) // 30]
        for tried, parts in ((pair, None), (part, reads)):
            try:
                found = tried.generated.read(data, 0)
            except IRREGULAR:
                seen["left"] += 1
                continue
            seen["taken"] += 1
            assert same(found, only(pair.reference(data), shape.read, parts))
    return seen


@DRAWS
@quietly(250)
def test_every_value_is_what_fastavro_resolves_it_to(seed: int, evolves: float) -> None:
    compare_values(seed, evolves)


@DRAWS
@quietly(120)
def test_no_damaged_bytes_are_taken_that_fastavro_refuses(seed: int, evolves: float) -> None:
    compare_damaged(seed, evolves)


@pytest.mark.soak
def test_twelve_thousand_pairs_of_schemas_read_alike(figure: Figure) -> None:
    pairs = 0

    @DRAWS
    @quietly(12_000)
    def compare(seed: int, evolves: float) -> None:
        nonlocal pairs
        compare_values(seed, evolves)
        pairs += 1

    compare()
    assert pairs >= 12_000
    figure(
        "the generated reader beside fastavro: random schemas, later versions of them, 3 values each",
        "0 of >= 10,000 triples differ, read whole or in part",
        f"0 of {3 * pairs:,} values of {pairs:,} pairs of schemas",
    )


@pytest.mark.soak
def test_damage_to_twelve_thousand_records_is_never_taken(figure: Figure) -> None:
    seen: Counter[str] = Counter()

    @DRAWS
    @quietly(12_000)
    def compare(seed: int, evolves: float) -> None:
        seen.update(compare_damaged(seed, evolves))
        seen["records"] += 1

    compare()
    assert seen["records"] >= 12_000
    assert seen["taken"] > 10_000
    assert seen["left"] > 10_000
    figure(
        "the generated reader beside fastavro: damaged and truncated records",
        "0 taken that fastavro refuses",
        f"0 of {seen['taken'] + seen['left']:,} readings of {seen['records']:,} records: "
        f"{seen['taken']:,} taken, with the same value; {seen['left']:,} left to fastavro",
    )


@pytest.fixture(scope="module")
def made() -> Callable[..., Generated]:
    """`made(writer, reader, reads)`; without a reader schema it is the writer's own."""

    def make(writer: Any, reader: Any = None, reads: Any = None) -> Generated:
        return generate(parse(writer), parse(reader or writer), reads)

    return make


MANY = [f"f{number}" for number in range(4)]
TEXTUAL = record_type("t.R", *(field(name, "string") for name in MANY), field("last", "int"))


@pytest.mark.parametrize("reads", [None, {"last": None}, {"f1": None}, {}])
def test_broken_text_is_never_taken_whether_read_or_not(made: Any, reads: Any) -> None:
    read = made(TEXTUAL, None, reads).read
    good = avro(TEXTUAL, dict.fromkeys(MANY, "Кава") | {"last": 5})
    read(good, 0)
    for position in range(len(good) - 1):
        if good[position] < 128:
            continue
        with pytest.raises(IRREGULAR):
            read(good[:position] + b"\xff" + good[position + 1 :], 0)


def test_text_cannot_lean_on_the_bytes_of_its_neighbour(made: Any) -> None:
    """0xD0 is half a letter, and the length of the next text, 0x90 0x01, happens to complete it."""
    schema = record_type("t.R", field("a", "string"), field("b", "string"), field("c", "int"))
    data = b"\x02\xd0" + b"\x90\x01" + b"x" * 72 + b"\x02"
    for reads in (None, {"c": None}, {}):
        with pytest.raises(IRREGULAR):
            made(schema, None, reads).read(data, 0)


@pytest.mark.parametrize("reads", [None, {}])
@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("string", long(-1) + b"a"),
        ("string", long(-70) + b"a" * 70),
        ("bytes", long(2**62)),
        ("boolean", b"\x02"),
        ("long", b"\xff" * 9 + b"\x02"),
        ("long", b"\x80"),
        (["null", "int"], b"\x04\x00"),
        (["null", "int"], b"\x01"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, b"\x02"),
        ({"type": "fixed", "name": "F", "size": 4}, b"abc"),
        ("double", bytes(7)),
        ({"type": "array", "items": "double"}, long(2**40) + bytes(16)),
        ({"type": "array", "items": {"type": "fixed", "name": "F", "size": 3}}, long(2**62)),
        (
            {"type": "array", "items": record_type("I", field("d", "double"))},
            long(2**62) + bytes(9),
        ),
        ({"type": "array", "items": "string"}, long(2**62) + bytes(40)),
        ({"type": "map", "values": "int"}, b"\x02\x02\xff\x02\x00"),
        ({"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}, b"\x00"),
        ("int", b"\x02\x02"),
    ],
)
def test_what_no_serializer_writes_is_left_to_fastavro(
    made: Any, kind: Any, payload: bytes, reads: Any
) -> None:
    with pytest.raises(IRREGULAR):
        made(record_type("t.One", field("x", kind)), None, reads).read(payload, 0)


def test_a_block_may_say_its_size(made: Any) -> None:
    schema = record_type("t.R", field("x", {"type": "array", "items": "int"}), field("y", "int"))
    payload = long(-2) + long(2) + b"\x02\x04" + b"\x02\x06" + b"\x00" + b"\x08"
    assert made(schema).read(payload, 0) == {"x": [1, 2, 3], "y": 4}
    assert made(schema, None, {"y": None}).read(payload, 0) == {"y": 4}


def test_a_path_asks_for_no_more_than_its_steps(made: Any) -> None:
    item = record_type("t.Item", field("sku", "string"), field("price", "double"))
    cart = record_type("t.Cart", field("items", {"type": "array", "items": item}))
    schema = record_type("t.R", field("cart", ["null", cart]), field("kind", "string"))
    data = avro(schema, {"cart": {"items": [{"sku": "a", "price": 1.5}] * 2}, "kind": "cart"})
    read = made(schema, None, {"cart": {"items": {"sku": None}}}).read
    assert read(data, 0) == {"cart": {"items": [{"sku": "a"}, {"sku": "a"}]}}
    assert made(schema, None, {"cart": {}}).read(data, 0) == {"cart": {}}
    assert made(schema, None, {"cart": {}}).read(b"\x00\x02x", 0) == {"cart": None}


def test_each_record_has_lists_of_its_own(made: Any) -> None:
    later = record_type("t.R", field("tags", {"type": "array", "items": "string"}, default=["new"]))
    read = made(record_type("t.R", field("old", "int")), later).read
    first = read(b"\x02", 0)
    first["tags"].append("mine")
    assert read(b"\x02", 0) == {"tags": ["new"]}


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (["null", "t.R"], "a type that holds itself, or list items of which bytes say too little"),
        (
            {"type": "array", "items": "null"},
            "a type that holds itself, or list items of which bytes say too little",
        ),
        ([*({"type": "fixed", "name": f"F{n}", "size": n} for n in range(65))], "a union of more"),
    ],
)
def test_some_schemas_are_left_to_fastavro(made: Any, kind: Any, why: str) -> None:
    with pytest.raises(NotTaken, match=why):
        made(record_type("t.R", field("x", kind)))


def doubling(levels: int) -> Any:
    """Types that use one another twice: 2 to the power of `levels` values."""
    kind: Any = "int"
    for level in range(levels):
        name = f"t.L{level}"
        inner = kind if level == 0 else f"t.L{level - 1}"
        kind = record_type(name, field("a", kind), field("b", inner))
    return record_type("t.R", field("x", kind))


def nested(levels: int) -> Any:
    kind: Any = "string"
    for _ in range(levels):
        kind = {"type": "array", "items": kind}
    return record_type("t.R", field("x", kind))


@pytest.mark.parametrize("schema", [doubling(13), nested(30)], ids=["too many", "too deep"])
def test_a_schema_out_of_all_proportion_is_left_to_fastavro(made: Any, schema: Any) -> None:
    with pytest.raises(NotTaken):
        made(schema)


def test_names_reach_the_code_only_as_text(made: Any) -> None:
    """Fastavro takes such names; so whatever a schema says, it must stay a text."""
    name = "x']; import os; os._exit(3) #\n"
    written = parse(record_type("t.R", field("x", "int")))
    read = parse(record_type("t.R", field("x", "int"), field("y", "string", default=name)))
    assert isinstance(written, RecordType)
    assert isinstance(read, RecordType)
    written.fields[0].name = read.fields[0].name = name
    generated = generate(written, read, None)
    assert generated.read(b"\x02", 0) == {name: 1, "y": name}
