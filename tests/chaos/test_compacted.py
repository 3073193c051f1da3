"""A compacted topic: offsets have holes, and new ones while it is read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from consumer.sandbox.faults import FaultProfile
from tests.chaos.runs import PROMISED, member
from tests.e2e.conftest import Shop, open_shop
from tests.e2e.shop import arrived
from tests.parts.kafka import KafkaBroker
from tests.parts.ports import wait_until
from tests.parts.registry import Registry

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.registry,
    pytest.mark.soak,
    pytest.mark.timeout(600),
]

COMPACTED = {
    "cleanup.policy": "compact",
    "segment.ms": "200",
    "min.cleanable.dirty.ratio": "0.01",
}


def kept(shop: Shop) -> set[tuple[int, int]]:
    """(partition, offset) of what is in the log now."""
    consumer = Consumer(
        {
            "bootstrap.servers": shop.kafka.bootstrap,
            "group.id": f"{shop.group}.reader",
            "enable.partition.eof": True,
        }
    )
    reading = set(shop.kafka.end_offsets(shop.clicks))
    consumer.assign([TopicPartition(shop.clicks, one, OFFSET_BEGINNING) for one in reading])
    found: set[tuple[int, int]] = set()

    def read_all() -> bool:
        for message in consumer.consume(1000, 0.2):
            if message.error() is None:
                found.add((message.partition() or 0, message.offset() or 0))
            else:
                reading.discard(message.partition() or 0)  # its end
        return not reading

    try:
        wait_until(read_all, 60, "the end of the topic")
    finally:
        consumer.close()
    return found


def fill_until_compacted(shop: Shop) -> None:
    """The same visitors again and again, until more than a third of their records is gone; then
    others, who are still all there."""

    def compacted() -> bool:
        shop.fill(200)
        return len(kept(shop)) < len(shop.topic.persons) * 2 / 3

    wait_until(compacted, 120, "Kafka to compact the topic", every=0.5)
    shop.fill(300, seed=2)


def test_a_compacted_topic_is_read_to_its_end_across_a_kill(
    kafka: KafkaBroker, registry: Registry, unique: Callable[[str], str], tmp_path: Path
) -> None:
    with open_shop(kafka, registry, unique, tmp_path, partitions=2, config=COMPACTED) as shop:
        fill_until_compacted(shop)
        holes = len(shop.topic.persons) - len(kept(shop))
        shop.sandbox.faults = FaultProfile(latency="0.05")
        bridges = [member(shop, kafka={"group.instance.id": "bridge-0"}) for _ in range(2)]
        bridges[0].start()
        shop.wait_arrived(100)
        bridges[0].kill()
        bridges[1].start()
        shop.wait_committed()
        code, _ = bridges[1].terminate()
        assert code == 0, bridges[1].log
        assert bridges[1].ledger["balanced"]
        here = kept(
            shop
        )  # compaction went on meanwhile: what is gone now may have been read or not
        lost = {one for one in shop.verdict().lost if (one.partition, one.offset) in here}
        verdict = shop.verdict()
    assert holes > 0
    assert lost == set()
    assert verdict.reordered == []
    assert verdict.unexpected == []
    assert verdict.repeated <= PROMISED
    assert {(one.partition, one.offset) for one in arrived(shop.sandbox.received)} >= here
