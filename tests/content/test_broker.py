"""The demo's Kafka: what goes in comes out, framed as Confluent frames it."""

import time
from collections.abc import Iterator
from itertools import islice

import pytest
from confluent_kafka import Consumer, KafkaException, Message

from consumer.sandbox.broker import AvroWriter, EmbeddedKafka, confluent_frame
from consumer.sandbox.visitors import Visitors, key_of
from tests.content.make_fixtures import encode, load_schema

pytestmark = pytest.mark.slow


@pytest.fixture
def kafka() -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka() as kafka:
        yield kafka


def read(bootstrap: str, topic: str, count: int) -> list[Message]:
    """The first `count` messages of a topic, in the order they are fetched."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "test", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    found: list[Message] = []
    deadline = time.monotonic() + 30
    while len(found) < count and time.monotonic() < deadline:
        found += consumer.consume(count, timeout=0.2)
    consumer.close()
    return found


def test_the_frame_is_a_zero_byte_and_the_schema_id() -> None:
    assert confluent_frame(258, b"payload") == b"\x00\x00\x00\x01\x02payload"


def test_a_writer_frames_each_record_with_its_schema_id() -> None:
    schema = load_schema("shop_click")
    record = next(Visitors(1, lambda: 1_795_165_200_000).records())
    assert AvroWriter(schema, 7)(record) == b"\x00\x00\x00\x00\x07" + encode(schema, record)


def test_what_is_sent_can_be_read_by_another_client_in_order_per_key(kafka: EmbeddedKafka) -> None:
    write = AvroWriter(load_schema("shop_click"), 1)
    records = list(islice(Visitors(1, lambda: 1_795_165_200_000).records(), 400))
    for record in records:
        kafka.send("clicks", key_of(record).encode(), write(record), [("origin", b"test")])
    kafka.flush(10)
    assert kafka.written == 400
    messages = read(kafka.bootstrap, "clicks", 400)
    assert len({message.partition() for message in messages}) == 4
    assert messages[0].headers() == [("origin", b"test")]
    sent: dict[bytes, list[bytes]] = {}
    for record in records:
        sent.setdefault(key_of(record).encode(), []).append(write(record))
    got: dict[bytes, list[bytes]] = {}
    for message in messages:
        got.setdefault(message.key() or b"", []).append(message.value() or b"")
    assert got == sent


def test_a_record_too_large_for_the_broker_is_refused_at_once(kafka: EmbeddedKafka) -> None:
    with pytest.raises(KafkaException):
        kafka.send("clicks", None, bytes(2_000_000))


def test_a_flush_that_runs_out_of_time_says_what_is_not_acknowledged(
    kafka: EmbeddedKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded broker answers too quickly to be caught waiting; a producer stands in."""

    class Waiting:
        def flush(self, seconds: float) -> int:
            assert seconds == 1.5
            return 7

    monkeypatch.setattr(kafka, "_producer", Waiting())
    with pytest.raises(TimeoutError, match=r"^7 records are unacknowledged after 1\.5 s$"):
        kafka.flush(1.5)
