"""A registry in any weather: its trouble holds up the partitions that need it, and nothing else."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from consumer.sandbox.registry import RegistryFault, SchemaRegistryDouble
from tests.e2e.bridge import Bridge
from tests.e2e.conftest import Shop, headers_of
from tests.e2e.shop import SCHEMA, Request
from tests.parts.ports import free_port, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(300)]

NO_SUCH_SCHEMA = b'{"error_code":40403,"message":"Schema not found"}'
WEATHER = {
    "internal error": RegistryFault(status=500),
    "slow": RegistryFault(delay=5),
    "wrong content": RegistryFault(status=200, body=b"<html>welcome</html>"),
    "unauthorized": RegistryFault(status=401, body=b'{"error_code":401,"message":"no"}'),
    "lagging follower": RegistryFault(status=404, body=NO_SUCH_SCHEMA),
}
DOWN = "down"


@pytest.fixture
def double() -> Iterator[SchemaRegistryDouble]:
    with SchemaRegistryDouble(free_port()) as running:
        yield running


def a_bridge(shop: Shop, double: SchemaRegistryDouble) -> Bridge:
    cache = shop.folder / "schemas"
    cache.mkdir(exist_ok=True)
    registry = {"url": double.url, "timeout": "1s", "retry_interval": "500ms"}
    return shop.bridge(registry={**registry, "missing_grace": "10m", "cache_dir": str(cache)})


def new_version(shop: Shop, double: SchemaRegistryDouble, doc: str) -> int:
    """The schema with another documentation: other text, hence another id."""
    return double.register(f"{shop.clicks}-value", {**SCHEMA, "doc": doc})


def fill(shop: Shop, schema_id: int, count: int, **how: Any) -> set[Request]:
    """Produce; returns the requests that these records ask for."""
    before = set(shop.topic.expected)
    seed = len(before) + 1
    shop.topic.fill(shop.kafka.bootstrap, shop.clicks, schema_id, count, seed, **how)
    return shop.topic.expected - before


def committed_are(shop: Shop, offsets: dict[int, int]) -> bool:
    return shop.kafka.committed(shop.group, shop.clicks) == offsets


def test_a_registry_in_trouble_holds_up_only_the_partition_that_needs_it(
    shop: Shop, double: SchemaRegistryDouble
) -> None:
    known = new_version(shop, double, "known")
    fill(shop, known, 60)
    bridge = a_bridge(shop, double)
    bridge.start()
    shop.wait_committed()
    assert shop.verdict().clean
    for weather in [*WEATHER, DOWN]:
        unknown = new_version(shop, double, weather)
        if weather == DOWN:
            double.stop()
        else:
            double.fail_with(WEATHER[weather])
        held = fill(shop, unknown, 1, visitor=f"visitor of {weather}")
        ((partition, offset),) = {(one.partition, one.offset) for one in held}
        behind = {one for one in fill(shop, known, 60) if one.partition == partition}
        assert behind, "nothing waits behind the record of an unknown schema"
        ends = {**shop.kafka.end_offsets(shop.clicks), partition: offset}
        wait_until(
            partial(committed_are, shop, ends),
            60,
            f"the other partitions to go on while the registry is: {weather}",
        )
        assert held | behind <= set(shop.verdict().lost)
        if weather == DOWN:
            double.start()
        else:
            double.fail_with(None)
        shop.wait_committed()
    code, _ = bridge.terminate()
    assert code == 0
    assert bridge.ledger["outcomes"]["dead_lettered"] == 0
    assert shop.verdict().clean


def test_a_schema_that_the_registry_knows_not_to_exist_makes_a_dead_letter(
    shop: Shop, double: SchemaRegistryDouble
) -> None:
    known = new_version(shop, double, "known")
    never_given = bytes([0]) + (2**30).to_bytes(4, "big")
    producer = shop.kafka.producer()
    producer.produce(shop.clicks, never_given, partition=0)
    assert producer.flush(30) == 0
    fill(shop, known, 60)
    bridge = a_bridge(shop, double)
    bridge.start()
    shop.wait_committed()
    (letter,) = shop.dead_letters(1)
    assert letter.value() == never_given
    assert dict(headers_of(letter))["yespo.dlq.reason"] == b"unknown_schema"
    assert shop.verdict().clean

    double.stop()  # what is on disk is enough for the next start
    bridge.terminate()
    fill(shop, known, 60)
    warm = a_bridge(shop, double)
    warm.start()
    shop.wait_committed()
    assert shop.verdict().clean
