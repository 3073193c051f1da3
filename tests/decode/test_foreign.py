"""Whatever a registry, a schema or a record raises costs that schema or record, and nothing else."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from consumer.avro.nodes import RecordType
from consumer.avro.schema import SchemaError, parse, parse_safely
from consumer.config.settings import RegistrySettings
from consumer.decode import avro
from consumer.decode.api import Unsupported
from consumer.decode.avro import Wanted, plan
from consumer.decode.cache import DiskCache
from consumer.decode.registry import judged
from consumer.errors import InvalidRecord, SchemaPending
from consumer.mapping.check.avro_types import SchemaFault, reader_schema
from consumer.privacy.safe_traceback import as_invalid
from consumer.sandbox.registry import SchemaRegistryDouble
from tests.decode.encoding import a_value, confluent, field, record_type, until
from tests.decode.test_registry_client import BridgeMaker
from tests.decode.test_registry_client import bridge as bridge  # noqa: PLC0414 a fixture
from tests.decode.test_registry_client import double as double  # noqa: PLC0414 a fixture

RAISED = [TypeError, MemoryError, RecursionError, UnicodeError, SystemError, KeyError, OSError]
VIEW = record_type("shop.View", field("sku", "string"))
CART = record_type("shop.Cart", field("total", "int"))


def kept(folder: Path) -> list[str]:
    return [file.name for file in folder.glob("*/*")]


def raising(kind: type[Exception]) -> Any:
    def step(*_: Any, **__: Any) -> Any:
        raise kind("ann@shop.ua")

    return step


@pytest.mark.parametrize("kind", RAISED)
@pytest.mark.parametrize(
    "step",
    [
        "api._is_schema",
        "api._references",
        "api.json.loads",
        "registry.judged",
        "registry.rabin",
        "registry.parse_safely",
        "registry.parse_schema",
    ],
)
async def test_an_answer_or_schema_that_raises_costs_its_own_records(
    double: SchemaRegistryDouble,
    bridge: BridgeMaker,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    step: str,
    kind: type[Exception],
) -> None:
    double.register("a", VIEW)
    double.register("b", CART)
    one = bridge(double.url, cache_dir=str(tmp_path))
    await one.read(1)
    if step == "api.json.loads" and kind in {RecursionError, UnicodeError}:
        pytest.skip("no JSON: an answer that is not believed, and asked for again")
    with monkeypatch.context() as broken:
        broken.setattr(f"consumer.decode.{step}", raising(kind))
        assert await one.reason(2) == "unsupported_schema"
        assert one.decode(1) == {"sku": "a"}
    assert kept(tmp_path) == ["1.json"]


@pytest.mark.parametrize("kind", RAISED)
@pytest.mark.parametrize("name", ["generate", "by_fastavro", "reader_for"])
def test_a_schema_that_cannot_be_planned_for_refuses_its_records(
    monkeypatch: pytest.MonkeyPatch, name: str, kind: type[Exception]
) -> None:
    node = parse(VIEW)
    assert isinstance(node, RecordType)
    monkeypatch.setattr(avro, name, raising(kind))
    with pytest.raises(InvalidRecord) as raised:
        plan(node, Wanted({"shop.View": node}), "7")(b"\x02a", 0)
    assert raised.value.reason == "unsupported_schema"
    assert "ann@" not in raised.value.detail


@pytest.mark.parametrize("kind", RAISED)
async def test_a_record_whose_reading_raises_is_one_dead_letter(
    double: SchemaRegistryDouble,
    bridge: BridgeMaker,
    monkeypatch: pytest.MonkeyPatch,
    kind: type[Exception],
) -> None:
    """The pipeline makes a dead letter of whatever `decode` raises (`as_invalid`)."""
    double.register("a", VIEW)
    one = bridge(double.url)
    await one.read(1)
    [topic] = one.decoder._topics.values()
    good = dict(topic.plans)
    topic.plans[1] = raising(kind)
    with pytest.raises(kind) as raised:
        one.decode(1)
    invalid = as_invalid(raised.value, "decode")
    assert (invalid.stage, invalid.reason) == ("decode", "internal")
    assert "ann@" not in invalid.detail
    topic.plans |= good
    assert one.decode(1) == {"sku": "a"}


HOSTILE: dict[str, Any] = {
    "a symbol with a dash": {"type": "enum", "name": "E", "symbols": ["a-b"]},
    "a symbol twice": {"type": "enum", "name": "E", "symbols": ["A", "A"]},
    "a symbol that is a lone surrogate": {"type": "enum", "name": "E", "symbols": ["\ud800"]},
    "a name that is a lone surrogate": record_type("\ud800"),
    "a field that is a lone surrogate": record_type("R", field("\ud800", "int")),
    "a namespace that is a lone surrogate": {**record_type("R"), "namespace": "\ud800"},
    "an alias that is a lone surrogate": {**record_type("R"), "aliases": ["\ud800"]},
    "a name that is a number": {"type": "record", "name": 7, "fields": []},
    "a name that is a list": {"type": "fixed", "name": ["R"], "size": 1},
    "a field that is a list": record_type("R", field(["x"], "int")),  # type: ignore[arg-type]
    "a field that is a number": record_type("R", field(7, "int")),  # type: ignore[arg-type]
    "a field twice": record_type("R", field("x", "int"), field("x", "int")),
    "a type that is a number": record_type("R", field("x", 7)),
    "a name that is a primitive's": record_type("string"),
    "a name of dots": record_type("..."),
    "a size that is true": {"type": "fixed", "name": "F", "size": True},
    "a size beyond all memory": {"type": "fixed", "name": "F", "size": 2**62},
    "a size of four thousand digits": {"type": "fixed", "name": "F", "size": 10**4000},
    "a type twice in a union": ["int", "int"],
    "a default that is a list": {"type": "enum", "name": "E", "symbols": ["A"], "default": ["A"]},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_is_a_schema_error_everywhere(name: str) -> None:
    text = json.dumps(HOSTILE[name])
    with pytest.raises(SchemaError):
        parse_safely(text)
    found = judged([text])
    assert isinstance(found, Unsupported)
    found.why.encode()
    assert len(found.why.encode()) <= 1024
    with pytest.raises(SchemaFault):
        reader_schema([("t.avsc", text.encode())], None)


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_writer_schema_costs_the_records_that_name_it(
    double: SchemaRegistryDouble, bridge: BridgeMaker, tmp_path: Path, name: str
) -> None:
    double.register("h", HOSTILE[name])
    double.register("a", VIEW)
    one = bridge(double.url, cache_dir=str(tmp_path))
    assert await one.reason(1) == "unsupported_schema"
    assert await one.read(2) == {"sku": "a"}
    assert kept(tmp_path) == ["2.json"]


@pytest.mark.parametrize("name", ["²", "٣", "1" * 200, "-1", "1_0", " 1"])
def test_a_file_of_the_cache_with_an_odd_name_is_no_id(tmp_path: Path, name: str) -> None:
    cache = DiskCache(str(tmp_path), "http://registry")
    cache.store("7", ['"int"'])
    [folder] = tmp_path.iterdir()
    (folder / f"{name}.json").write_text("[]")
    assert cache.highest_id() == 7


async def seconds_of_random_ids(bridge: BridgeMaker, url: str, ids: list[int]) -> float:
    """Seconds of the clock that a partition with records of these unknown ids stands."""
    one = bridge(url, missing_grace=15, retry_interval=5, missing_ttl=600)
    await one.read(1)
    records = [a_value(confluent(number, b"\x02a")) for number in ids]
    began = one.clock.monotonic()

    async def partition() -> None:
        for place, record in enumerate(records):
            try:
                one.decoder.decode(record)
            except SchemaPending as pending:
                # As many records as a partition's buffer holds are waiting.
                one.decoder.look_ahead(records[place : place + 20])
                await one.decoder.resolve(pending.ref)
            except InvalidRecord:
                continue

    running = asyncio.create_task(partition())
    while not running.done():
        await until(lambda: running.done() or one.clock.pending > 0)
        one.clock.advance(0.2)
    await running
    return one.clock.monotonic() - began


async def test_random_ids_cost_a_budget_and_not_fifteen_seconds_each(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    """100 unknown ids, 1 % of 10,000 records: 1,500 s without the budget."""
    double.register("a", VIEW)
    spent = await seconds_of_random_ids(bridge, double.url, list(range(1000, 1100)))
    assert 15 <= spent <= 75


async def test_a_guid_that_is_missing_is_believed_at_once(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    one = bridge(double.url, missing_grace=15)
    header = [("__value_schema_id", b"\x01" + bytes(range(16)))]
    with pytest.raises(SchemaPending) as pending:
        one.decoder.decode(a_value(b"", header))
    async with asyncio.timeout(5):  # the clock stands still: a grace time would never end
        await one.decoder.resolve(pending.value.ref)
    with pytest.raises(InvalidRecord, match="unknown_schema"):
        one.decoder.decode(a_value(b"", header))


async def test_an_id_that_is_found_after_all_makes_the_budget_whole(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    double.register("a", VIEW)
    one = bridge(double.url, missing_grace=15, retry_interval=1)
    await one.read(1)
    one.client._grace._left = 16  # most of it is spent
    waiting = asyncio.create_task(one.read(2, b"\x08"))
    await until(lambda: one.clock.pending == 1)
    double.register("b", CART)
    one.clock.advance(1)
    assert await waiting == {"total": 4}
    assert one.client._grace._left == 60


async def test_schemas_of_waiting_records_are_asked_for_together(
    double: SchemaRegistryDouble, bridge: BridgeMaker
) -> None:
    for number in range(5):
        double.register(f"s{number}", record_type(f"shop.T{number}"))
    one = bridge(double.url)
    records = [a_value(confluent(number, b"")) for number in (1, 2, 3, 4, 5, 3)]
    with pytest.raises(SchemaPending):
        one.decoder.decode(records[0])
    one.decoder.look_ahead(records)
    await until(lambda: all(one.client.get(number) is not None for number in range(1, 6)))
    assert sorted(double.requests) == [f"GET /schemas/ids/{number}" for number in range(1, 6)]


def test_settings_have_the_grace_of_the_tests() -> None:
    assert RegistrySettings(url="http://r").missing_grace == 15
