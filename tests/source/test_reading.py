"""Reading, pausing, committing and leaving, on a real Kafka and with both group protocols."""

from collections.abc import Callable

import pytest

from consumer.model import TimestampType
from consumer.stages import Position
from tests.parts.kafka import KafkaBroker
from tests.source.watch import Running, eventually, produce

pytestmark = pytest.mark.kafka

Names = Callable[[str], str]


async def test_records_arrive_in_order_per_partition_and_a_close_commits(
    kafka: KafkaBroker, topic: str, unique: Names, protocol: str
) -> None:
    kafka.create_topic(topic, 3)
    produce(kafka, topic, 3000, partitions=3)
    group = unique("group")
    running = Running(kafka.bootstrap, topic, group, group_protocol=protocol)
    async with running as (_, watch):
        await eventually(lambda: len(watch.records) == 3000)
        for number in range(3):
            assert watch.offsets(number) == list(range(1000))
            values = [int(r.value or b"") for r in watch.records if r.partition.number == number]
            assert values == list(range(number, 3000, 3))
        assert {watch.partition(n).epoch for n in range(3)} == {1, 2, 3}
        assert watch.starts == {watch.partition(n): Position(0) for n in range(3)}
        await running.close({watch.partition(n): Position(1000 - n) for n in range(3)})
    assert kafka.committed(group, topic) == {0: 1000, 1: 999, 2: 998}
    assert kafka.members(group) == 0
    assert watch.failures == []


async def test_a_restart_goes_on_where_the_commit_says_and_hands_back_its_metadata(
    kafka: KafkaBroker, topic: str, unique: Names, protocol: str
) -> None:
    kafka.create_topic(topic)
    produce(kafka, topic, 20)
    group = unique("group")
    async with Running(kafka.bootstrap, topic, group, group_protocol=protocol) as (source, watch):
        await eventually(lambda: len(watch.records) == 20)
        position = Position(7, "what has ended above")
        source.commit({watch.partition(): position})
        await eventually(lambda: watch.commits)
        assert watch.commits == [({watch.partition(): position}, None)]
    async with Running(kafka.bootstrap, topic, group, group_protocol=protocol) as (_, watch):
        await eventually(lambda: len(watch.records) == 13)
        assert watch.starts == {watch.partition(): Position(7, "what has ended above")}
        assert watch.offsets() == list(range(7, 20))


async def test_a_record_keeps_its_bytes_headers_and_time(
    kafka: KafkaBroker, topic: str, unique: Names
) -> None:
    kafka.create_topic(topic)
    producer = kafka.producer()
    headers: list[tuple[str, str | bytes | None]] = [("a", b"\x00\xff"), ("a", None), ("b", b"")]
    producer.produce(topic, b"value", b"key", headers=headers, timestamp=1_763_700_000_123)
    producer.produce(topic, None, None)
    assert producer.flush(30) == 0
    async with Running(kafka.bootstrap, topic, unique("group")) as (_, watch):
        await eventually(lambda: len(watch.records) == 2)
        full, empty = watch.records
        assert (full.key, full.value) == (b"key", b"value")
        assert list(full.headers) == [("a", b"\x00\xff"), ("a", None), ("b", b"")]
        assert (full.timestamp_ms, full.timestamp_type) == (1_763_700_000_123, TimestampType.CREATE)
        assert (empty.key, empty.value, list(empty.headers)) == (None, None, [])
