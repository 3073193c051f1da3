"""Every assignment learns which topic its name means, and waits for it where that matters."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from consumer.model import Partition
from consumer.source.topic_ids import TopicIds
from consumer.stages import Position
from tests.fakes import ManualClock
from tests.parts.kafka import KafkaBroker
from tests.parts.ports import wait_until
from tests.source.fake_consumer import fake_admin
from tests.source.watch import Running, Watch, eventually, produce

CLICKS = "AsASkzEsQoe25hzn351c9A"


class Asked:
    """Ids that Kafka tells, how often it was asked, and whether it answers at all."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.told = {"clicks": CLICKS}
        self.times = 0
        self.refuses = False
        self.answers = threading.Event()
        self.answers.set()
        self.ids = TopicIds(self.admin, self.clock.monotonic)

    def admin(self) -> AdminClient:
        self.times += 1
        assert self.answers.wait(30)
        if self.refuses:
            raise KafkaException(KafkaError(KafkaError.CLUSTER_AUTHORIZATION_FAILED))
        return fake_admin(self.told)

    def look_until(self, condition: Callable[[], bool]) -> None:
        def looked() -> bool:
            self.ids.look_after()
            return condition()

        wait_until(looked, 30, "the answer to be taken")


@pytest.fixture
def asked() -> Any:
    made = Asked()
    yield made
    made.answers.set()
    made.ids.close()


def test_an_id_is_asked_for_in_the_background(asked: Asked) -> None:
    asked.answers.clear()
    partitions = [Partition("clicks", number, 1) for number in range(2)]
    asked.ids.add(partitions, at_once=False)
    for _ in range(3):
        asked.ids.look_after()
    assert [each.topic_id for each in partitions] == ["", ""]
    asked.answers.set()
    asked.look_until(lambda: partitions[0].topic_id != "")
    assert [each.topic_id for each in partitions] == [CLICKS, CLICKS]
    assert asked.times == 1


def test_it_is_waited_for_where_an_earlier_run_left_a_map(asked: Asked) -> None:
    partition = Partition("clicks", 0, 1)
    asked.ids.add([partition], at_once=True)
    assert partition.topic_id == CLICKS


def test_an_answer_that_was_under_way_is_not_taken_for_a_later_assignment(asked: Asked) -> None:
    asked.answers.clear()
    before, after = Partition("clicks", 0, 1), Partition("clicks", 0, 2)
    asked.ids.add([before], at_once=False)
    asked.ids.look_after()
    asked.answers.set()
    asked.ids.add([after], at_once=True)
    assert after.topic_id == CLICKS
    assert asked.times == 2


def test_what_kafka_does_not_tell_is_asked_for_again_while_it_is_ours(asked: Asked) -> None:
    asked.told = {}
    ours, gone = Partition("clicks", 0, 1), Partition("clicks", 1, 1)
    asked.ids.add([ours, gone], at_once=True)
    assert [ours.topic_id, gone.topic_id] == ["", ""]
    gone.active = False
    asked.told = {"clicks": CLICKS}
    asked.ids.look_after()
    assert asked.times == 1
    asked.clock.advance(30)
    asked.look_until(lambda: ours.topic_id != "")
    assert asked.times == 2
    asked.clock.advance(30)
    asked.ids.look_after()
    assert asked.times == 2


def test_an_admin_client_that_cannot_be_had_costs_the_map_and_nothing_else(asked: Asked) -> None:
    asked.refuses = True
    partition = Partition("clicks", 0, 1)
    asked.ids.add([partition], at_once=True)
    assert partition.topic_id == ""


def test_a_broker_without_topic_ids_tells_none(asked: Asked) -> None:
    asked.told = {"clicks": "AAAAAAAAAAAAAAAAAAAAAA"}
    partition = Partition("clicks", 0, 1)
    asked.ids.add([partition], at_once=True)
    assert partition.topic_id == ""


def received(watch: Watch, count: int) -> bool:
    return len(watch.records) == count


@pytest.mark.kafka
async def test_a_topic_made_anew_under_its_name_has_another_id(
    kafka: KafkaBroker, topic: str, unique: Callable[[str], str], protocol: str
) -> None:
    group, seen = unique("group"), []
    for number in range(2):
        kafka.create_topic(topic)
        produce(kafka, topic, 3)
        kafka.commit(group, topic, {0: 0}, metadata=f"of run {number}")
        expected = kafka.topic_id(topic)
        async with Running(kafka.bootstrap, topic, group, group_protocol=protocol) as (_, watch):
            await eventually(partial(received, watch, 3))
            partition = watch.partition()
            # told before the pipeline heard of the assignment: there was metadata to judge
            assert watch.ids_at_start == [expected]
            assert watch.starts[partition] == Position(0, f"of run {number}")
        seen.append(partition.topic_id)
        kafka.delete_topic(topic)
    assert len(set(seen)) == 2
