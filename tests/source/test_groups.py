"""Partitions that change hands, on a real Kafka and with both group protocols."""

import asyncio
from collections.abc import Callable

import pytest

from consumer.stages import Position
from tests.parts.kafka import KafkaBroker
from tests.source.watch import Running, Watch, eventually, produce

pytestmark = pytest.mark.kafka

Names = Callable[[str], str]


async def holds_all(watch: Watch, partitions: int) -> None:
    await eventually(lambda: watch.active() == list(range(partitions)))


async def test_a_revoke_waits_for_the_drain_and_the_successor_begins_at_its_commit(
    kafka: KafkaBroker, topic: str, unique: Names, protocol: str
) -> None:
    kafka.create_topic(topic, 4)
    produce(kafka, topic, 40, partitions=4)
    group = unique("group")
    first = Running(kafka.bootstrap, topic, group, group_protocol=protocol)
    second = Running(kafka.bootstrap, topic, group, group_protocol=protocol)
    async with first as (source, old):
        old.final = None
        await eventually(lambda: len(old.records) == 40)
        async with second as (_, new):
            await eventually(lambda: old.revocations)
            partitions, seconds, finished = old.revocations[0]
            assert seconds == 5.0
            assert len(partitions) == 2
            assert all(partition.active for partition in partitions)
            # a commit asked for during the drain counts, and the last one wins over it
            source.commit({partitions[0]: Position(3), partitions[1]: Position(4, "kept")})
            await asyncio.sleep(0.3)
            assert new.starts == {}
            finished({partitions[0]: Position(7, "above")})
            await eventually(lambda: len(new.starts) == 2)
            assert not any(partition.active for partition in partitions)
            begun = {partition.number: start for partition, start in new.starts.items()}
            assert begun == {
                partitions[0].number: Position(7, "above"),
                partitions[1].number: Position(4, "kept"),
            }
            await eventually(lambda: len(new.records) == 3 + 6)
            await eventually(lambda: len(old.commits) == 2)
            assert [error for _, error in old.commits] == [None, None]
            # what is over stays over
            source.commit({partitions[0]: Position(9)})
            await eventually(lambda: len(old.commits) == 3)
            assert old.commits[2] == ({partitions[0]: Position(9)}, "_ASSIGNMENT_LOST")
            assert kafka.committed(group, topic)[partitions[0].number] == 7
            # the kept partitions flow on
            kept = old.active()
            produce(kafka, topic, 4, partitions=4)
            await eventually(lambda: all(len(old.offsets(number)) == 11 for number in kept))
    assert old.failures == new.failures == []


async def test_a_partition_that_comes_back_is_a_new_one_and_flows_though_it_left_paused(
    kafka: KafkaBroker, topic: str, unique: Names, protocol: str
) -> None:
    kafka.create_topic(topic, 2)
    group = unique("group")
    first = Running(kafka.bootstrap, topic, group, group_protocol=protocol)
    async with first as (source, watch):
        await holds_all(watch, 2)
        for partition in list(watch.starts):
            source.pause(partition)
        async with Running(kafka.bootstrap, topic, group, group_protocol=protocol) as (_, other):
            await eventually(lambda: len(other.starts) == 1)
            gone = next(partition for partition in watch.starts if not partition.active)
        await holds_all(watch, 2)
        again = watch.partition(gone.number)
        assert again.epoch > gone.epoch
        assert again is not gone
        source.resume(gone)  # of the former assignment: means nothing
        produce(kafka, topic, 2, partitions=2)
        await eventually(lambda: watch.offsets(gone.number) == [0])
        assert watch.records[-1].partition is again
        kept = 1 - gone.number
        await asyncio.sleep(0.3)
        assert watch.offsets(kept) == []
        source.resume(watch.partition(kept))
        await eventually(lambda: watch.offsets(kept) == [0])


async def test_a_paused_partition_stops_and_goes_on_without_a_gap_or_repetition(
    kafka: KafkaBroker, topic: str, unique: Names
) -> None:
    kafka.create_topic(topic, 2)
    produce(kafka, topic, 200, partitions=2)
    async with Running(kafka.bootstrap, topic, unique("group")) as (source, watch):
        await eventually(lambda: len(watch.records) == 200)
        source.pause(watch.partition(0))
        await asyncio.sleep(0.2)  # the command takes effect with the next poll, after 20 ms
        produce(kafka, topic, 200, partitions=2)
        await eventually(lambda: len(watch.offsets(1)) == 200)
        assert len(watch.offsets(0)) == 100
        assert source.polled_within(1.0)
        # its lag is known though nothing is fetched of it (a fetch under way may still know of 200)
        await asyncio.sleep(0.6)
        produce(kafka, topic, 100, partitions=2)
        key = (topic, 0)
        await eventually(lambda: key in source.lags and source.lags[key].end == 250)
        assert source.lags[key].records == 250
        source.resume(watch.partition(0))
        await eventually(lambda: len(watch.offsets(0)) == 250)
        assert watch.offsets(0) == list(range(250))


async def test_the_lag_reaches_zero_behind_the_markers_of_transactions(
    kafka: KafkaBroker, topic: str, unique: Names
) -> None:
    kafka.create_topic(topic)
    producer = kafka.producer(transactional_id=unique("transaction"))
    producer.init_transactions(30)
    for commits in (True, False, True, False):
        producer.begin_transaction()
        for number in range(3):
            producer.produce(topic, f"{commits} {number}".encode())
        producer.flush(30)
        if commits:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)
    group = unique("group")
    async with Running(kafka.bootstrap, topic, group) as (source, watch):
        await eventually(lambda: len(watch.records) == 6)
        assert watch.offsets() == [0, 1, 2, 8, 9, 10]  # 3 is a marker, 4-6 aborted, 7 its marker
        source.commit({watch.partition(): Position(11, "")})
        await eventually(lambda: watch.commits)
        assert watch.commits == [({watch.partition(): Position(11, "")}, None)]
        end = kafka.end_offsets(topic)
        assert end == {0: 16}
        await eventually(lambda: kafka.committed(group, topic) == end)
        # the same for a marker that comes when everything is committed already
        producer.begin_transaction()
        producer.produce(topic, b"aborted")
        producer.flush(30)
        producer.abort_transaction(30)
        await eventually(lambda: kafka.committed(group, topic) == {0: 18})
        await eventually(lambda: source.lags and source.lags[topic, 0] == (18, 18))
    assert watch.failures == []


async def test_a_commit_that_kafka_refuses_is_answered_by_name(
    kafka: KafkaBroker, topic: str, unique: Names
) -> None:
    kafka.create_topic(topic)
    produce(kafka, topic, 2)
    async with Running(kafka.bootstrap, topic, unique("group")) as (source, watch):
        await eventually(lambda: len(watch.records) == 2)
        source.commit({watch.partition(): Position(1, "x" * 5000)})
        await eventually(lambda: watch.commits)
        assert [error for _, error in watch.commits] == ["OFFSET_METADATA_TOO_LARGE"]
        source.commit({watch.partition(): Position(2)})
        await eventually(lambda: len(watch.commits) == 2)
        assert watch.commits[1] == ({watch.partition(): Position(2)}, None)


async def test_topics_that_match_a_pattern_are_read_also_when_they_come_later(
    kafka: KafkaBroker, unique: Names
) -> None:
    prefix = unique("shop")
    kafka.create_topic(f"{prefix}.a")
    produce(kafka, f"{prefix}.a", 1)
    running = Running(
        kafka.bootstrap, f"^{prefix}\\..*", unique("group"), topic_metadata_refresh_interval_ms=500
    )
    async with running as (_, watch):
        await eventually(lambda: len(watch.records) == 1)
        kafka.create_topic(f"{prefix}.b")
        produce(kafka, f"{prefix}.b", 2)
        await eventually(lambda: len(watch.records) == 3)
        topics = {record.partition.topic for record in watch.records}
        assert topics == {f"{prefix}.a", f"{prefix}.b"}
