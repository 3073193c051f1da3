"""Records of letters that lack theirs, on the real Kafka."""

from typing import Any

import pytest
from confluent_kafka import TopicPartition

from consumer.config.settings import Settings
from consumer.dlq.letter import Letter
from consumer.dlq.reader import original_of
from consumer.model import Partition, Record, Replayed
from tests.parts.kafka import KafkaBroker

pytestmark = pytest.mark.kafka


def settings_for(kafka: KafkaBroker) -> Settings:
    whole: dict[str, Any] = {
        "kafka": {"bootstrap.servers": kafka.bootstrap, "group.id": "bridge"},
        "mappings": ["mapping.yaml"],
        "registry": {"url": "http://127.0.0.1:1"},
        "yespo": {"accounts": {"main": {"legacy": {"site_id": "8A412DC"}}}},
        "dead_letters": {"topic": "dlq"},
    }
    return Settings.model_validate(whole)


def letter_for(topic: str, offset: int, timestamp_ms: int) -> Letter:
    record = Record(Partition(topic, 0, 0), offset, None, None, [], timestamp_ms)
    return Letter(
        *(record, "dlq/0@7", 0, "delivery", "rejected", (), [], "", ""), again=Replayed(0, 2000)
    )


def test_a_record_is_read_by_its_position_as_long_as_it_is_there(
    kafka: KafkaBroker, topic: str
) -> None:
    settings = settings_for(kafka)
    assert original_of(settings, letter_for(topic, 0, 1)) is None, "no such topic"
    kafka.create_topic(topic, 1)
    producer = kafka.producer()
    for number in range(3):
        producer.produce(topic, f"v{number}".encode(), timestamp=1_763_700_000_000 + number)
    assert producer.flush(10) == 0
    found = original_of(settings, letter_for(topic, 1, 1_763_700_000_001))
    assert found is not None
    assert (found.value, found.position) == (b"v1", f"{topic}/0@1")
    assert original_of(settings, letter_for(topic, 1, 1_763_700_000_999)) is None, "another record"
    assert original_of(settings, letter_for(topic, 3, 1_763_700_000_003)) is None, "not there yet"
    kafka.admin.delete_records([TopicPartition(topic, 0, 2)])[TopicPartition(topic, 0, 2)].result(
        10
    )
    assert original_of(settings, letter_for(topic, 1, 1_763_700_000_001)) is None, "deleted"
