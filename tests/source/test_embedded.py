"""The source on librdkafka's mock cluster, which the demo runs on."""

from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Producer

from consumer.stages import Position
from tests.source.watch import Running, eventually

pytestmark = pytest.mark.slow

Names = Callable[[str], str]


@pytest.fixture
def cluster() -> Iterator[str]:
    """Bootstrap servers of a mock cluster that lives as long as the test."""
    owner = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "unused"})
    yield ",".join(f"{b.host}:{b.port}" for b in owner.list_topics(timeout=5).brokers.values())
    owner.flush(5)


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_the_mock_cluster_serves_a_whole_life(
    cluster: str, topic: str, unique: Names, protocol: str
) -> None:
    producer = Producer({"bootstrap.servers": cluster})
    for number in range(40):
        producer.produce(topic, str(number).encode(), partition=number % 4)
    assert producer.flush(10) == 0
    group = unique("group")
    running = Running(cluster, topic, group, group_protocol=protocol)
    async with running as (source, watch):
        await eventually(lambda: len(watch.records) == 40)
        source.commit({watch.partition(0): Position(4)})
        await eventually(lambda: watch.commits == [({watch.partition(0): Position(4)}, None)])
        source.pause(watch.partition(1))
        await running.close({watch.partition(1): Position(9)})
        assert watch.failures == []
    if protocol == "classic":
        return  # this group of the mock cluster takes nobody in once its last member has left
    async with Running(cluster, topic, group, group_protocol=protocol) as (_, watch):
        await eventually(lambda: len(watch.records) == 6 + 1 + 10 + 10)
        assert watch.offsets(0) == [4, 5, 6, 7, 8, 9]
        assert watch.offsets(1) == [9]
