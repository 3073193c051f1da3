"""A backlog of a million records is worked off in the memory of a small one."""

from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path

import pytest
from confluent_kafka import Producer

from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.server import Sandbox
from consumer.sandbox.visitors import Visitors, key_of
from tests.e2e.conftest import Shop, open_shop
from tests.e2e.shop import SCHEMA, START_MS
from tests.parts.kafka import KafkaBroker
from tests.parts.ports import wait_until
from tests.parts.registry import Registry
from tests.soak_report import Figure

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(3600)]

MEBI = 1024**2


def backlog(shop: Shop, records: int) -> None:
    """Records without end in sight: a thousand visitors' clicks, over and over."""
    write = AvroWriter(SCHEMA, shop.schema_id)
    clicks = islice(Visitors(1, lambda: START_MS).records(), 20_000)
    made = [(key_of(one), write(one)) for one in clicks if one["visitor_id"]]
    producer = Producer({"bootstrap.servers": shop.kafka.bootstrap, "linger.ms": 20})
    for number, (key, value) in enumerate(cycle(made)):
        if number == records:
            break
        while True:
            try:
                producer.produce(shop.clicks, value, key)
                break
            except BufferError:
                producer.poll(0.1)
    assert producer.flush(120) == 0


@pytest.mark.soak
def test_memory_is_flat_over_a_million_records(
    kafka: KafkaBroker,
    registry: Registry,
    unique: Callable[[str], str],
    tmp_path: Path,
    figure: Figure,
) -> None:
    marks = [100_000, 250_000, 500_000, 750_000, 1_000_000]
    with open_shop(kafka, registry, unique, tmp_path) as shop:
        backlog(shop, marks[-1])
        with Sandbox(lambda api, body: (), keep=1000) as sandbox:
            shop.sandbox = sandbox
            settings = shop.settings()
            settings["yespo"]["accounts"]["main"]["v2"]["rate"] = None
            bridge = shop.bridge(yespo=settings["yespo"])
            bridge.start()
            bridge.wait_ready()
            seen = [memory_at(shop, mark) for mark in marks]
            code, _ = bridge.terminate()
    shown = [
        f"{rss / MEBI:.0f} MiB at {mark // 1000} k" for mark, rss in zip(marks, seen, strict=True)
    ]
    figure(
        "backlog of 1,000,000 records",
        "RSS at most 200 MB, flat from 100 k to 1 M",
        ", ".join(shown),
    )
    assert code == 0
    assert max(seen) <= 200_000_000
    assert max(seen) - seen[0] <= 10 * MEBI


def memory_at(shop: Shop, mark: int) -> int:
    bridge = shop.bridges[0]

    def ended() -> int:
        ledger = bridge.status()["ledger"]
        done: int = ledger["received"] - ledger["in_flight"]
        return done

    wait_until(lambda: ended() >= mark, 1200, f"{mark} records to end", every=0.5)
    return bridge.memory
