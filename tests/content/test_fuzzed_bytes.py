"""Damaged and random bytes along the way that records take: the shipped schemas and mappings, records
read by generated code for what the mapping reads, and fastavro for the others.

fastavro alone, which reads whole records, says what is to be taken and what it means.
"""

import io
import random
import time
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import psutil
import pytest
from fastavro import parse_schema, schemaless_reader
from fastavro.utils import generate_one

from consumer.avro.document import canonical, document
from consumer.avro.schema import parse
from consumer.decode.by_fastavro import by_fastavro
from consumer.decode.reasons import Reason
from consumer.errors import InvalidRecord
from consumer.model import Decoded, Partition, Record
from consumer.sandbox.visitors import Visitors
from tests.content.make_fixtures import encode, load_schema
from tests.content.test_through_the_stages import NOW, Line
from tests.decode import test_guards as guards
from tests.decode.encoding import BareDecoder, confluent, long
from tests.decode.schemas import only
from tests.decode.test_compiled import same
from tests.soak_report import Figure
from tests.soak_report import figure as figure  # noqa: PLC0414 a fixture is found by its name here

WRITTEN: Final = [  # topic, schema file, record; the schema's id is its number here
    ("shop.clicks", "shop_click", "shop.Click"),
    ("shop.clicks", "versions/shop_click.v1", "shop.Click"),
    ("shop.clicks", "versions/shop_click.v2", "shop.Click"),
    ("web.events", "flat_events", "web.FlatEvent"),
    ("market.events", "union_events", "market.Envelope"),
    ("market.events", "union_events", "market.CatalogueChanged"),
]
SCHEMAS: Final = [load_schema(file, record) for _, file, record in WRITTEN]
RAW: Final[list[Any]] = [canonical(parse(schema)) for schema in SCHEMAS]
"""Without logical types, of which fastavro would make datetimes and rounded decimals."""
PARSED: Final[list[Any]] = [parse_schema(raw) for raw in RAW]
FRAME: Final = 5
HUGE: Final = [long(number) for number in (2**62, 2**31, 100_000, 20_001, -1, -3, -(2**63))]
MEGABYTE: Final = 1024**2


class Ends(NamedTuple):
    """What became of fuzzed values. `left` were no longer taken by generated code."""

    decoded: int
    mapped: int
    left: int
    reasons: Counter[str]
    slowest: float
    grown: int


def honest(seed: int) -> list[tuple[int, bytes]]:
    """Schema number and bytes of valid records: visitors of the shop, and random values."""
    random.seed(seed)  # generate_one draws from the shared generator
    clicks = islice(Visitors(seed, lambda: NOW).records(), 150)
    found = [(0, encode(SCHEMAS[0], record)) for record in clicks]
    for number, schema in enumerate(PARSED):
        found += [(number, encode(schema, generate_one(schema))) for _ in range(25)]
    return found


def fuzzed(  # noqa: PLR0911 - one return per kind of damage
    good: bytes, other: bytes, rng: random.Random
) -> bytes:
    """Mostly a damaged record; or two in one, a giant number put in, noise behind the frame."""
    fate = rng.random()
    at = rng.randrange(FRAME, len(good))
    if fate < 0.25:  # one bit: often still a record, of another meaning
        return good[:at] + bytes([good[at] ^ 1 << rng.randrange(7)]) + good[at + 1 :]
    if fate < 0.55:
        return good[:FRAME] + guards.mutated(good[FRAME:], rng)
    if fate < 0.7:
        return good[:at] + other[rng.randrange(FRAME, len(other)) :]
    if fate < 0.85:
        return good[:at] + rng.choice(HUGE) + good[at + rng.randrange(3) :]
    if fate < 0.95:
        return good[:FRAME] + rng.randbytes(rng.randrange(80))
    if fate < 0.98:
        return guards.mutated(good, rng)
    return rng.randbytes(rng.randrange(80))


class Rig:
    """The bridge's own way from bytes to events, and fastavro beside it."""

    def __init__(self) -> None:
        self.line = Line(*SCHEMAS)
        self._readers: dict[int, Any] = {}
        for number, (topic, _, name) in enumerate(WRITTEN):
            reader_node = self.line.unit.reader_schemas(topic)[name]
            reader = parse_schema(document(reader_node), _write_hint=False)
            whole = by_fastavro(parse(SCHEMAS[number]), reader_node, "1")
            reads = self.line.unit.reads(topic)[name]
            self._readers[number + 1] = (whole, spelled_out(reader, {}), reads)

    def decode(self, record: Record) -> Decoded | InvalidRecord:
        try:
            return self.line.decoder.decode(record)
        except InvalidRecord as error:
            return error

    def events(self, record: Record, decoded: Decoded) -> bool:
        """Whether the record could be mapped."""
        try:
            self.line.unit.map(record, decoded)
        except InvalidRecord:
            return False
        return True

    @property
    def left(self) -> int:
        """Records that generated code has left to fastavro."""
        return self.line.tallies.counter("records_left_to_fastavro").total()

    def check(self, value: bytes, found: Decoded | InvalidRecord, *, left: bool) -> None:
        """The same value as by fastavro alone, as far as the mapping reads it; or refused by both."""
        number = int.from_bytes(value[1:FRAME])
        if value[:1] != b"\x00" or len(value) < FRAME or number not in self._readers:
            assert isinstance(found, InvalidRecord)
            return
        whole, reader, reads = self._readers[number]
        if isinstance(found, Decoded):
            expected = whole(value, FRAME).value
            assert same(found.value, expected if left else only(expected, reader, reads))
            return
        if found.reason in {Reason.INVALID_VALUE, Reason.SCHEMA_MISMATCH, Reason.UNEXPECTED_TYPE}:
            return  # what the reader schema or a logical type asks beyond the bytes
        assert not read_by_itself(value, number - 1)


def spelled_out(  # noqa: PLR0911 - one return per kind of type
    schema: Any, known: dict[str, Any]
) -> Any:
    """The schema with each type in the place of its name."""
    match schema:
        case str():
            return known.get(schema, schema)
        case list():
            return [spelled_out(one, known) for one in schema]
        case {"type": "record", "name": name, "fields": fields}:
            made = [{**one, "type": spelled_out(one["type"], known)} for one in fields]
            known[name] = {**schema, "fields": made}
            return known[name]
        case {"type": "array", "items": inner}:
            return {**schema, "items": spelled_out(inner, known)}
        case {"type": "map", "values": inner}:
            return {**schema, "values": spelled_out(inner, known)}
        case {"name": name}:
            known[name] = schema
            return schema
        case _:
            return schema


def read_by_itself(value: bytes, schema: int) -> bool:
    """Whether plain fastavro takes all of these bytes as one record."""
    stream = io.BytesIO(value)
    stream.seek(FRAME)
    try:
        schemaless_reader(stream, PARSED[schema], None)
    except (EOFError, ValueError, LookupError, ArithmeticError, MemoryError):
        return False
    return stream.tell() == len(value)


def fuzz(seed: int, rounds: int) -> Ends:
    rng, rig = random.Random(seed), Rig()
    goods = [(WRITTEN[number][0], confluent(number + 1, data)) for number, data in honest(seed)]
    for topic, good in goods:  # each taken as it is, by generated code
        assert isinstance(rig.decode(a_record(topic, good)), Decoded)
    assert {one.reader for one in rig.line.decoder.chosen} == {"generated"}
    assert len(rig.line.decoder.chosen) == len(WRITTEN)
    decoded, mapped, slowest, reasons = 0, 0, 0.0, Counter[str]()
    process = psutil.Process()
    before = process.memory_info().rss
    for _ in range(rounds):
        topic, good = rng.choice(goods)
        record = a_record(topic, fuzzed(good, rng.choice(goods)[1], rng))
        assert record.value is not None
        left, began = rig.left, time.process_time()
        found = rig.decode(record)
        slowest = max(slowest, time.process_time() - began)
        if isinstance(found, Decoded):
            decoded += 1
            mapped += rig.events(record, found)
        else:
            reasons[found.reason] += 1
        rig.check(record.value, found, left=rig.left > left)
    grown = process.memory_info().rss - before
    return Ends(decoded, mapped, rig.left, reasons, slowest, grown)


def test_damaged_clicks_end_as_what_fastavro_says_or_as_a_reason() -> None:
    ends = fuzz(seed=20261121, rounds=2_500)
    assert ends.decoded > 400
    assert ends.mapped > 100
    assert ends.left > 400
    assert set(ends.reasons) >= {"truncated", "trailing_bytes", "malformed", "unknown_framing"}
    assert set(ends.reasons) <= set(Reason)


@pytest.mark.soak
def test_a_million_byte_strings_end_as_values_or_reasons(tmp_path: Path, figure: Figure) -> None:
    """Of the shipped schemas as the bridge reads them; and of a schema with a type of every kind,
    which generated code does not take, read as it was written and as a later one."""
    ends = fuzz(seed=1, rounds=400_000)
    others = [
        guards.fuzz(BareDecoder(tmp_path, guards.EVERYTHING, reader), seed=1, rounds=300_000)
        for reader in (guards.EVERYTHING, guards.EVOLVED)
    ]
    slowest = max(ends.slowest, *(one.slowest for one in others))
    reasons = set(ends.reasons).union(*(one.reasons for one in others))
    figure(
        "1,000,000 fuzzed byte strings through decode",
        "0 crashes, 0 hangs",
        f"0, 0. 400,000 of the shipped schemas, generated readers: {ends.decoded:,} decoded as by "
        f"fastavro alone ({ends.mapped:,} mapped), the others refused by both; memory grew by "
        f"{ends.grown / MEGABYTE:.0f} MB. 600,000 of a schema with every type: "
        f"{sum(one.decoded for one in others):,} decoded. {len(reasons)} reasons; the slowest took "
        f"{slowest * 1000:.1f} ms",
    )
    assert ends.decoded > 60_000
    assert sum(one.decoded for one in others) > 3_000
    assert slowest < 1.0
    assert ends.grown < 64 * MEGABYTE
    assert reasons <= set(Reason)


def a_record(topic: str, value: bytes) -> Record:
    return Record(Partition(topic, 0, 1), 7, b"visitor-1", value, (), NOW)
