"""No bytes stop the process: not by crashing it, not by filling its memory, not by an odd error."""

import contextlib
import gc
import random
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from consumer.decode.reasons import Reason
from consumer.errors import InvalidRecord
from tests.decode.conftest import BareDecoderMaker
from tests.decode.encoding import BareDecoder, avro, field, long, record_type

pytestmark = pytest.mark.slow

NODE = record_type("shop.Node", field("v", "int"), field("next", ["null", "shop.Node"]))


def one(kind: Any) -> Any:
    return record_type("shop.One", field("x", kind))


def array(items: Any) -> Any:
    return {"type": "array", "items": items}


@pytest.mark.parametrize(
    ("kind", "payload", "reason", "detail"),
    [
        ("string", b"", "truncated", "x: the bytes end inside a number"),
        ("string", b"\x06fo", "truncated", "x: the bytes end inside this value"),
        ("double", b"\x00" * 7, "truncated", "x: the bytes end inside this value"),
        ("boolean", b"", "truncated", "x: the bytes end inside this value"),
        ({"type": "fixed", "name": "F", "size": 4}, b"ab", "truncated", "x: the bytes end inside"),
        (array("int"), b"\x04\x02", "truncated", "x: the bytes end inside a number"),
        (array("int"), long(2**40) + b"\x02", "too_many_items", "x: more than 20000 items in all"),
        (array("null"), long(3_000_000) + b"\x00", "too_many_items", "x: more than 20000 items"),
        (array(record_type("E")), long(-(2**63)) + b"\x00\x00", "too_many_items", "x: more than"),
        ({"type": "map", "values": "int"}, long(2**62), "too_many_items", "x: more than 20000"),
        ("string", long(2**62) + b"a", "truncated", "x: the bytes end inside this value"),
        ("bytes", long(-3) + b"abc", "malformed", "x: negative length"),
        ("string", b"\x04\xff\xfe", "malformed", "x: text is not UTF-8"),
        ("string", b"\x06\xed\xa0\xbd", "malformed", "x: text is not UTF-8"),  # a lone surrogate
        ("long", b"\xff" * 11, "malformed", "x: a number has more than 10 bytes"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, b"\x02", "malformed", "x: enum index out"),
        (["null", "int"], b"\x04", "malformed", "x: union index out of range"),
        ("int", b"\x02\x02", "trailing_bytes", "1 bytes are left after `shop.One`"),
    ],
)  # fmt: skip
def test_broken_bytes_end_with_reason_and_field(
    bare: BareDecoderMaker, kind: Any, payload: bytes, reason: str, detail: str
) -> None:
    with pytest.raises(InvalidRecord) as raised:
        bare(one(kind)).read(payload)
    assert (raised.value.stage, raised.value.reason) == ("decode", reason)
    assert raised.value.detail.startswith(detail)


def test_the_field_is_named_by_its_whole_path(bare: BareDecoderMaker) -> None:
    item = record_type("shop.Item", field("sku", "string"), field("price", "double"))
    cart = record_type("shop.Cart", field("items", array(item)))
    with pytest.raises(InvalidRecord) as raised:
        bare(record_type("shop.Click", field("cart", ["null", cart]))).read(b"\x02\x02\x02a\x00")
    assert raised.value.detail == "cart.items.price: the bytes end inside this value"


def test_no_value_out_of_the_record_is_told(bare: BareDecoderMaker) -> None:
    schema = record_type("shop.One", field("email", "string"), field("n", "int"))
    with pytest.raises(InvalidRecord) as raised:
        bare(schema).read(long(13) + b"me@example.ua" + b"\xff")
    assert "me@" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def chain(depth: int) -> bytes:
    return b"\x02\x02" * (depth - 1) + b"\x02\x00"


def test_a_recursive_record_may_be_as_deep_as_any_real_one(bare: BareDecoderMaker) -> None:
    value, depth = bare(NODE).read(chain(60)), 0
    while value is not None:
        value, depth = value["next"], depth + 1
    assert depth == 60


@pytest.mark.parametrize("depth", [70, 2_000, 100_000])
def test_a_deeper_one_is_refused_before_the_c_reader_sees_it(
    bare: BareDecoderMaker, depth: int
) -> None:
    with pytest.raises(InvalidRecord) as raised:
        bare(NODE).read(chain(depth))
    assert raised.value.reason == "too_deep"


def test_the_c_reader_would_have_died(tmp_path: Any) -> None:
    """The reason for the depth guard: without it these bytes end the process."""
    program = textwrap.dedent("""
        import io
        from fastavro import parse_schema, schemaless_reader
        schema = parse_schema({"type": "record", "name": "N", "fields": [
            {"name": "v", "type": "int"}, {"name": "next", "type": ["null", "N"]}]})
        schemaless_reader(io.BytesIO(b"\\x02\\x02" * 100_000 + b"\\x02\\x00"), schema)
    """)
    ended = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True)
    assert ended.returncode < 0


def test_lists_of_nothing_are_read_as_long_as_they_are_short(bare: BareDecoderMaker) -> None:
    assert bare(one(array("null"))).read(long(3) + b"\x00") == {"x": [None, None, None]}
    with pytest.raises(InvalidRecord, match="too_many_items"):
        bare(one(array("null"))).read((long(15_000)) * 2 + b"\x00")


def peak_of(decoder: BareDecoder, payload: bytes) -> int:
    """Bytes of memory that one record takes at most. It may be read or refused: both are right."""
    with contextlib.suppress(InvalidRecord):
        decoder.read(b"")  # what is made once for a schema is not the record's
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here on
    before = resident("VmRSS")
    with contextlib.suppress(InvalidRecord):
        decoder.read(payload)
    return resident("VmHWM") - before


def resident(which: str) -> int:
    """A line of /proc/self/status that is in kB, as bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition(f"{which}:")[2].split()[0])


def items_with(*fields: Any) -> Any:
    return array(record_type("I", *fields))


def optional(count: int, **more: Any) -> list[Any]:
    return [field(f"f{number}", ["null", "int"], **more) for number in range(count)]


FLAG = field("b", "boolean")
BOOMS = {  # the written type, the type it is read as, one item, who reads it
    "one byte per record": (items_with(FLAG), None, b"\x01", "generated"),
    "one byte per list": (array(array("int")), None, b"\x00", "generated"),
    "one byte per empty record in a union": (
        array(["null", record_type("I")]), None, b"\x02", "generated",
    ),
    "two optional numbers": (items_with(*optional(2)), None, b"\x00\x00", "generated"),
    "fifty optional fields": (items_with(*optional(50)), None, b"\x00" * 50, "generated"),
    "a few fields that only the reader has": (
        items_with(FLAG), items_with(FLAG, *optional(8, default=None)), b"\x01", "generated",
    ),
    "two hundred fields that only the reader has": (
        items_with(FLAG), items_with(FLAG, *optional(200, default=None)), b"\x01", "fastavro",
    ),
    "long lists that only the reader has": (
        items_with(FLAG), items_with(FLAG, field("l", array("int"), default=[1] * 500)), b"\x01",
        "fastavro",
    ),
    "two hundred fields without bytes": (
        items_with(FLAG, *(field(f"n{number}", "null") for number in range(200))), None, b"\x01",
        "fastavro",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BOOMS)
@pytest.mark.parametrize("size", [65_000, 1_048_000])
def test_a_dense_record_takes_less_than_64_mb(bare: BareDecoderMaker, name: str, size: int) -> None:
    written, read, item, by = BOOMS[name]
    decoder = bare(one(written), one(read or written))
    for count in {size // len(item), min(19_990, size // len(item))}:
        assert peak_of(decoder, long(count) + item * count + b"\x00") < 64 * 1024**2
    assert decoder.readers_used == [by]


TREE = record_type(
    "shop.Tree", field("l", ["null", "shop.Tree"]), field("r", ["null", "shop.Tree"])
)


def tree(depth: int) -> bytes:
    """A full binary tree: no lists, and no branch is deep."""
    if depth == 1:
        return b"\x00\x00"
    branch = b"\x02" + tree(depth - 1)
    return branch + branch


def test_a_tree_that_fills_a_whole_message_takes_less_than_64_mb(bare: BareDecoderMaker) -> None:
    decoder, data = bare(TREE), tree(19)
    assert len(data) == 2**20 - 2
    assert peak_of(decoder, data) < 64 * 1024**2
    assert decoder.read(tree(3))["r"]["l"] == {"l": None, "r": None}


def doubled(levels: int, kind: str) -> Any:
    """Types that hold the next one twice: 2 to the power of `levels` values."""
    name = f"shop.L{levels}"
    if levels == 0:
        return record_type(name, field("a", kind))
    lower = doubled(levels - 1, kind)
    return record_type(name, field("a", lower), field("b", lower["name"]))


@pytest.mark.parametrize(("kind", "why"), [("null", "more than 35 MB"), ("int", "truncated")])
def test_a_type_that_multiplies_itself_is_soon_settled_and_refused(
    bare: BareDecoderMaker, kind: str, why: str
) -> None:
    """A trillion values by forty types; of nulls, each in no byte."""
    decoder = bare(one(doubled(40, kind)))
    with pytest.raises(InvalidRecord, match=why):
        decoder.read(b"")


def test_a_large_honest_record_passes(bare: BareDecoderMaker) -> None:
    value = {"x": ["s" * 50] * 10_000}
    assert bare(one(array("string"))).read(avro(one(array("string")), value)) == value


EVERYTHING = record_type(
    "shop.All",
    field("s", "string"),
    field("i", ["null", "int"]),
    field("e", {"type": "enum", "name": "E", "symbols": ["A", "B", "C"]}),
    field("d", {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}),
    field("u", {"type": "fixed", "name": "U", "size": 16, "logicalType": "uuid"}),
    field("m", {"type": "map", "values": ["null", "double", "string"]}),
    field("l", array(record_type("I", field("q", "long"), field("b", "boolean")))),
    field("c", [record_type("P", field("f", "float")), record_type("Q", field("n", "bytes"))]),
    field("r", ["null", record_type("N", field("v", "int"), field("next", ["null", "N"]))]),
    field("z", array("null")),
)
EVOLVED = record_type(
    "shop.All",
    field("s", "bytes"),
    field("i", ["null", "double"]),
    field("e", {"type": "enum", "name": "E", "symbols": ["A", "B"]}),
    field("m", {"type": "map", "values": ["string", "null", "double"]}),
    field("c", ["null", record_type("Q", field("n", "string"))]),
    field("new", array("int"), default=[1]),
)
VALUE = {
    "s": "text", "i": 5, "e": "B", "d": b"\x04\xd2", "u": bytes(16),
    "m": {"k": 1.5, "n": None, "t": "x"}, "l": [{"q": 1, "b": True}, {"q": -7, "b": False}],
    "c": ("shop.Q", {"n": b"abc"}), "r": {"v": 1, "next": {"v": 2, "next": None}}, "z": [None] * 3,
}  # fmt: skip


def good_bytes() -> bytes:
    """VALUE, written without the logical types that fastavro would want as Python objects."""
    plain = {**EVERYTHING, "fields": [dict(one) for one in EVERYTHING["fields"]]}
    plain["fields"][3]["type"] = "bytes"
    plain["fields"][4]["type"] = {"type": "fixed", "name": "U", "size": 16}
    return avro(plain, VALUE)


def mutated(good: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, and sometimes some cut off or put in between."""
    data = bytearray(good)
    for _ in range(rng.randrange(1, 4)):
        data[rng.randrange(len(data))] = rng.choice((0, 1, 2, 127, 128, 255, rng.randrange(256)))
    at, fate = rng.randrange(len(data)), rng.random()
    if fate < 0.2:
        del data[at:]
    elif fate < 0.4:
        data[at:at] = rng.randbytes(rng.randrange(1, 9))
    return bytes(data)


class Fuzzed(NamedTuple):
    """What became of fuzzed bytes: how many were decoded, the reasons of the others, and the
    seconds that the slowest of them took."""

    decoded: int
    reasons: set[str]
    slowest: float


def fuzz(decoder: BareDecoder, seed: int, rounds: int) -> Fuzzed:
    """Half mutated, half random bytes."""
    rng, good = random.Random(seed), good_bytes()
    decoded, reasons, slowest = 0, set(), 0.0
    for number in range(rounds):
        data = mutated(good, rng) if number % 2 else rng.randbytes(rng.randrange(80))
        began = time.process_time()
        try:
            decoder.decode(data)
        except InvalidRecord as error:
            reasons.add(error.reason)
        else:
            decoded += 1
        slowest = max(slowest, time.process_time() - began)
    return Fuzzed(decoded, reasons, slowest)


READERS = pytest.mark.parametrize("reader", [EVERYTHING, EVOLVED], ids=["same", "evolved"])


@READERS
def test_whatever_the_bytes_nothing_but_invalid_record_leaves_decode(
    bare: BareDecoderMaker, reader: Any
) -> None:
    found = fuzz(bare(EVERYTHING, reader), seed=20261121, rounds=20_000)
    assert found.decoded > 100
    assert found.reasons >= {"truncated", "trailing_bytes", "malformed", "too_many_items"}
    assert found.reasons <= set(Reason)
