"""Where reading begins, each setting on a real Kafka."""

import asyncio
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient

from consumer.config.settings import StartSettings
from consumer.errors import KafkaSetupError
from consumer.source.faults import ErrorLog
from consumer.source.positions import Rules, StartPositions, read_rules, start_setting
from consumer.stages import Position
from consumer.telemetry.tallies import Tallies
from tests.parts.kafka import KafkaBroker
from tests.source.fake_consumer import FakeConsumer
from tests.source.watch import Running, Watch, eventually, produce

Names = Callable[[str], str]

kafka_test = pytest.mark.kafka


def only_failure(watch: Watch) -> str:
    [error] = watch.failures
    assert isinstance(error, KafkaSetupError)
    assert error.exit_code == 4
    return str(error)


def one_topic(*partitions: int) -> Callable[[], AdminClient]:
    """An admin client that knows one topic, whatever its name, with these partitions."""
    found = SimpleNamespace(error=None, partitions=dict.fromkeys(partitions))

    class FakeAdmin:
        def list_topics(self, topic: str, _seconds: float) -> SimpleNamespace:
            return SimpleNamespace(topics={topic: found})

    return cast("Callable[[], AdminClient]", FakeAdmin)


def test_start_settings_become_rules() -> None:
    settings = StartSettings(no_offset="2026-01-31T01:00:00+01:00", out_of_range="latest")
    assert read_rules(settings) == Rules(1_769_817_600_000, -2, -2, -1)
    assert read_rules(StartSettings()) == Rules(None, -2, -2, None)


@kafka_test
async def test_without_a_committed_offset_the_default_is_to_stop_and_ask(
    kafka: KafkaBroker, topic: str, unique: Names, protocol: str
) -> None:
    kafka.create_topic(topic, 2)
    produce(kafka, topic, 4, partitions=2)
    group = unique("group")
    running = Running(kafka.bootstrap, topic, group, start=StartSettings(), group_protocol=protocol)
    async with running as (_, watch):
        await eventually(lambda: watch.failures)
        assert only_failure(watch) == (
            f"the group `{group}` has no committed offset for {topic}/0, {topic}/1: set "
            "`start.no_offset` to `latest` (new records only) or `earliest` (all that Kafka still "
            "holds), or choose a position with `yespo-bridge offsets set --to ...`"
        )
        await asyncio.sleep(0.3)
        assert watch.records == []
        assert len(watch.failures) == 1
    assert kafka.committed(group, topic) == {}


@kafka_test
async def test_latest_is_committed_for_the_whole_topic_before_the_first_record(
    kafka: KafkaBroker, topic: str, unique: Names
) -> None:
    kafka.create_topic(topic, 3)
    produce(kafka, topic, 30, partitions=3)
    group = unique("group")
    latest = StartSettings(no_offset="latest")
    async with Running(kafka.bootstrap, topic, group, start=latest) as (_, watch):
        await eventually(lambda: len(watch.starts) == 3)
        assert set(watch.starts.values()) == {Position(10)}
        await eventually(lambda: kafka.committed(group, topic) == {0: 10, 1: 10, 2: 10})
    # what arrives while nobody reads is not lost, though nothing was ever committed but the start
    produce(kafka, topic, 6, partitions=3)
    async with Running(kafka.bootstrap, topic, group, start=latest) as (_, watch):
        await eventually(lambda: len(watch.records) == 6)
        assert [watch.offsets(number) for number in range(3)] == [[10, 11]] * 3


def test_of_a_topic_read_for_the_first_time_every_start_is_claimed_also_those_of_others() -> None:
    # else a member that joins a moment later would take its own partitions for added ones
    ours, theirs = ("shop.clicks", 0), ("shop.clicks", 1)
    kafka = FakeConsumer()
    rules = read_rules(StartSettings(no_offset="latest", new_partition="earliest"))

    starts = StartPositions(
        rules,
        "group",
        ["shop.clicks"],
        make_admin=one_topic(0, 1),
        stopping=threading.Event(),
        errors=ErrorLog(Tallies(), time.monotonic),
        monotonic=time.monotonic,
    )
    consumer = cast("Consumer", kafka)
    assert starts.find(consumer, [ours]) == {ours: Position(100), theirs: Position(100)}
    kafka.committed_offsets = {theirs: 4}
    assert starts.find(consumer, [ours]) == {ours: Position(0)}


def test_a_start_that_another_member_has_committed_meanwhile_is_taken_over() -> None:
    kafka = FakeConsumer()
    kafka.committed_offsets = {("shop.clicks", 0): 42}
    starts = StartPositions(
        read_rules(StartSettings(no_offset="latest")),
        "group",
        ["shop.clicks"],
        make_admin=one_topic(0, 1),
        stopping=threading.Event(),
        errors=ErrorLog(Tallies(), time.monotonic),
        monotonic=time.monotonic,
    )
    found = starts.find(cast("Consumer", kafka), [("shop.clicks", 0)])
    assert found == {("shop.clicks", 0): Position(42)}


@pytest.mark.parametrize(
    ("topic", "subscription", "committed", "setting"),
    [
        ("shop.a", ["^shop"], [], "no_offset"),
        ("shop.a", ["^shop"], ["shop.a"], "new_partition"),
        ("shop.a", ["^shop"], ["shop.b"], "new_topic"),
        ("shop.a", ["^shop", "orders"], ["orders"], "no_offset"),
        ("shop.a", ["^shop", "shop.a"], ["shop.b"], "no_offset"),
        ("shop.a", ["shop.a", "shop.b"], ["shop.b"], "no_offset"),
        ("shop.a", ["^shop", "^web"], ["web.a"], "no_offset"),
    ],
)
def test_the_setting_that_says_where_a_topic_begins(
    topic: str, subscription: list[str], committed: list[str], setting: str
) -> None:
    assert start_setting(topic, subscription, committed) == setting


@kafka_test
async def test_a_topic_that_appears_under_a_pattern_is_read_from_its_beginning(
    kafka: KafkaBroker, topic: str, unique: Names, protocol: str
) -> None:
    kafka.create_topic(f"{topic}.a")
    produce(kafka, f"{topic}.a", 2)
    running = Running(
        kafka.bootstrap,
        f"^{re.escape(topic)}.*",
        unique("group"),
        start=StartSettings(no_offset="latest"),
        topic_metadata_refresh_interval_ms=500,
        group_protocol=protocol,
    )
    async with running as (_, watch):
        await eventually(lambda: watch.starts)
        assert set(watch.starts.values()) == {Position(2)}
        kafka.create_topic(f"{topic}.b", 2)
        produce(kafka, f"{topic}.b", 4, partitions=2)
        await eventually(lambda: len(watch.records) == 4, 30)
        assert {record.partition.topic for record in watch.records} == {f"{topic}.b"}
        assert watch.failures == []


@kafka_test
@pytest.mark.parametrize("_time", range(4))
async def test_members_that_begin_together_under_a_pattern_find_no_new_topic(
    kafka: KafkaBroker, topic: str, unique: Names, _time: int
) -> None:
    for name in "abcd":
        kafka.create_topic(f"{topic}.{name}")
        produce(kafka, f"{topic}.{name}", 3)
    group, pattern = unique("group"), f"^{re.escape(topic)}"
    latest = StartSettings(no_offset="latest")
    async with (
        Running(kafka.bootstrap, pattern, group, start=latest) as (_, one),
        Running(kafka.bootstrap, pattern, group, start=latest) as (_, other),
    ):
        await eventually(lambda: len([p for w in (one, other) for p in w.starts if p.active]) == 4)
        await eventually(
            lambda: all(kafka.committed(group, f"{topic}.{n}") == {0: 3} for n in "abcd")
        )
        assert one.records == other.records == []


@kafka_test
async def test_a_time_begins_at_its_first_record_and_a_late_one_at_the_end(
    kafka: KafkaBroker, topic: str, unique: Names
) -> None:
    kafka.create_topic(topic, 2)
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    begin = int(noon.timestamp() * 1000)
    producer = kafka.producer()
    for minute in range(10):
        producer.produce(topic, b"x", partition=0, timestamp=begin + minute * 60_000)
        producer.produce(topic, b"x", partition=1, timestamp=begin - 3_600_000)
    assert producer.flush(30) == 0
    rules = StartSettings(no_offset="2026-03-01T12:04:00Z")
    async with Running(kafka.bootstrap, topic, unique("group"), start=rules) as (_, watch):
        await eventually(lambda: len(watch.records) == 6)
        assert watch.offsets(0) == [4, 5, 6, 7, 8, 9]
        assert watch.starts[watch.partition(1)] == Position(10)


@kafka_test
@pytest.mark.parametrize("rule", ["earliest", "latest", "error"])
async def test_an_added_partition_follows_its_own_setting(
    kafka: KafkaBroker, topic: str, unique: Names, rule: str
) -> None:
    kafka.create_topic(topic)
    group = unique("group")
    kafka.commit(group, topic, {0: 0})
    kafka.add_partitions(topic, 2)
    await eventually(lambda: len(kafka.end_offsets(topic)) == 2)
    produce(kafka, topic, 6, partitions=2)
    rules = StartSettings.model_validate({"no_offset": "error", "new_partition": rule})
    async with Running(kafka.bootstrap, topic, group, start=rules) as (_, watch):
        if rule == "error":
            await eventually(lambda: watch.failures)
            text = only_failure(watch)
            assert f"no committed offset for {topic}/1: set `start.new_partition`" in text
            return
        await eventually(lambda: len(watch.starts) == 2)
        assert watch.starts[watch.partition(1)] == Position(0 if rule == "earliest" else 3)
        await eventually(lambda: len(watch.records) == (6 if rule == "earliest" else 3))
        assert watch.offsets(0) == [0, 1, 2]
        assert watch.failures == []


@kafka_test
@pytest.mark.parametrize("rule", ["earliest", "latest", "error"])
async def test_an_offset_behind_the_retention_follows_its_own_setting(
    kafka: KafkaBroker, topic: str, unique: Names, rule: str
) -> None:
    kafka.create_topic(topic)
    produce(kafka, topic, 10)
    group = unique("group")
    kafka.commit(group, topic, {0: 3})
    kafka.delete_records(topic, {0: 6})
    rules = StartSettings.model_validate({"out_of_range": rule})
    running = Running(kafka.bootstrap, topic, group, start=rules)
    async with running as (_, watch):
        if rule == "error":
            await eventually(lambda: watch.failures)
            assert only_failure(watch).startswith(
                f"offset 3 of {topic}/0 is not in the log (its retention has passed, or the topic "
                "was made anew): set `start.out_of_range` to `latest`"
            )
            return
        expected = 6 if rule == "earliest" else 10
        await eventually(lambda: len(watch.starts) == 2)
        former, present = watch.starts
        assert not former.active
        assert present.active
        assert watch.starts[present] == Position(expected)
        await eventually(lambda: kafka.committed(group, topic) == {0: expected})
        produce(kafka, topic, 1)
        await eventually(lambda: 10 in watch.offsets())
        assert watch.offsets() == list(range(expected, 11))
        assert dict(running.tallies.counter("kafka_errors").items()) == {("_AUTO_OFFSET_RESET",): 1}
        assert all(record.partition is present for record in watch.records)


@kafka_test
async def test_retention_that_overtakes_a_paused_reader_waits_for_what_is_in_memory(
    kafka: KafkaBroker, topic: str, unique: Names
) -> None:
    kafka.create_topic(topic)
    produce(kafka, topic, 5)
    group = unique("group")
    rules = StartSettings(no_offset="earliest", out_of_range="earliest")
    async with Running(kafka.bootstrap, topic, group, start=rules) as (source, watch):
        watch.final = None
        await eventually(lambda: len(watch.records) == 5)
        former = watch.partition()
        source.pause(former)
        await asyncio.sleep(0.2)  # the command takes effect with the next poll, after 20 ms
        produce(kafka, topic, 5)
        kafka.delete_records(topic, {0: 8})
        source.resume(former)
        await eventually(lambda: watch.revocations)
        [(partitions, seconds, finished)] = watch.revocations
        assert partitions == [former]
        assert seconds == 86_400.0
        assert all(partition.active for partition in watch.starts)
        finished({former: Position(5)})
        await eventually(lambda: watch.offsets() == [0, 1, 2, 3, 4, 8, 9])
        assert not former.active
        assert watch.records[-1].partition is watch.partition()
        assert watch.commits == [({former: Position(5)}, None)]
        assert kafka.committed(group, topic) == {0: 8}


@kafka_test
async def test_a_topic_made_anew_with_lower_offsets_is_out_of_range(
    kafka: KafkaBroker, topic: str, unique: Names
) -> None:
    kafka.create_topic(topic)
    produce(kafka, topic, 2)
    group = unique("group")
    kafka.commit(group, topic, {0: 50})
    async with Running(kafka.bootstrap, topic, group, start=StartSettings()) as (_, watch):
        await eventually(lambda: watch.failures)
        assert only_failure(watch).startswith(f"offset 50 of {topic}/0 is not in the log")
        assert watch.records == []
