"""Dead letters on librdkafka's mock cluster, and on the real Kafka."""

import asyncio
import ctypes
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import confluent_kafka
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType
from structlog.testing import capture_logs

from consumer.clock import SystemClock
from consumer.config.secrets import LiveText
from consumer.config.settings import DeadLetterSettings
from consumer.delivery.dead_letters.producer import find_topic, producer_properties
from consumer.delivery.dead_letters.writer import DeadLetterWriter
from consumer.errors import KafkaSetupError, RecordTooLarge
from consumer.model import (
    NEVER_REPLAYED,
    Failure,
    Partition,
    Record,
    Replayed,
    TimestampType,
)
from consumer.telemetry.tallies import Tallies
from tests.parts.kafka import KafkaBroker

REJECTED = Failure("delivery", "rejected", "answered 400", "main/v2/cartUpdated/cart/0")
EXHAUSTED = Failure("delivery", "exhausted", "no answer: tls", "main/legacy/StatusCart/cart/1")


@pytest.fixture(scope="module")
def mock_cluster() -> Iterator[str]:
    """`bootstrap.servers` of a mock cluster in which the topic `dlq` has 4 partitions."""
    owner = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "ignored", "log_level": 0})
    owner.list_topics("dlq", timeout=10)
    brokers = owner.list_topics(timeout=10).brokers.values()
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    del owner


def a_source_record(partition: int = 5, value: bytes | None = b"\x00avro") -> Record:
    return Record(
        Partition("shop.clicks", partition, 1),
        42,
        b"visitor-1",
        value,
        [("trace", b"1"), ("trace", b"2"), ("empty", None)],
        1_763_700_000_123,
        TimestampType.APPEND,
    )


def a_writer(
    bootstrap: str,
    topic: str,
    tallies: Tallies | None = None,
    timeout_ms: int = 30_000,
    login: Mapping[str, str] | None = None,
    largest: int = 1_000_000_000,
) -> DeadLetterWriter:
    loop = asyncio.get_running_loop()
    own = {"message.timeout.ms": timeout_ms, "message.max.bytes": largest}
    return DeadLetterWriter(
        DeadLetterSettings(topic=topic, kafka=own),
        {
            "bootstrap.servers": bootstrap,
            "group.id": "bridge",
            "session.timeout.ms": 45000,
            **(login or {}),
        },
        clock=SystemClock(loop),
        loop=loop,
        tallies=tallies or Tallies(),
        sources=["shop.clicks"],
    )


def end_of(bootstrap: str, topic: str, partition: int) -> int:
    """The offset behind the last record."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "log_level": 0})
    try:
        ends = consumer.get_watermark_offsets(TopicPartition(topic, partition), 10)
        return ends[1]
    finally:
        consumer.close()


def read(bootstrap: str, topic: str, partition: int, count: int, begin: int = 0) -> list[Message]:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "log_level": 0})
    consumer.assign([TopicPartition(topic, partition, begin)])
    try:
        found: list[Message] = []
        while len(found) < count:
            batch = consumer.consume(count - len(found), 10)
            assert batch, f"only {len(found)} of {count} dead letters in {topic}/{partition}"
            found += batch
        return found
    finally:
        consumer.close()


def headers_of(letter: Message) -> list[tuple[str, bytes | None]]:
    headers = letter.headers()
    assert isinstance(headers, list)
    return [(name, value) for name, value in headers if not isinstance(value, str)]


def lose_place(producer: Producer) -> None:
    """The fatal error that a broker causes which has forgotten an idempotent producer, by
    librdkafka's own means for tests. A client of the binding begins with librdkafka's handle."""
    [file] = Path(confluent_kafka.__file__).parent.with_suffix(".libs").glob("librdkafka-*.so*")
    library = ctypes.CDLL(str(file))
    library.rd_kafka_test_fatal_error.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p]
    handle = ctypes.c_void_p.from_address(id(producer) + object.__basicsize__).value
    code = KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert library.rd_kafka_test_fatal_error(handle, code, b"forgotten") == 0


async def write(
    writer: DeadLetterWriter,
    record: Record,
    failures: Sequence[Failure],
    seconds: float = 20,
    again: Replayed = NEVER_REPLAYED,
) -> None:
    done = asyncio.Event()
    writer.send(record, failures, "sha256:abc", done.set, again)
    assert not done.is_set(), "done before Kafka can have acknowledged it"
    async with asyncio.timeout(seconds):
        await done.wait()


async def letter_is_the_record_with_our_reasons(bootstrap: str, topic: str) -> None:
    writer = a_writer(bootstrap, topic)
    await writer.open()
    before = await asyncio.to_thread(end_of, bootstrap, topic, 1)  # other tests write there too
    await write(writer, a_source_record(partition=5), [REJECTED, EXHAUSTED])
    assert writer.outstanding == 0
    await writer.close(1)
    (letter,) = await asyncio.to_thread(read, bootstrap, topic, 1, 1, before)  # 5 mod 4
    assert letter.value() == b"\x00avro"
    assert letter.key() == b"visitor-1"
    headers = headers_of(letter)
    assert headers[:3] == [("trace", b"1"), ("trace", b"2"), ("empty", None)]
    ours = {name: value or b"" for name, value in headers[3:]}
    assert ours.pop("yespo.dlq.time").startswith(b"20")
    assert json.loads(ours.pop("yespo.dlq.failures")) == [
        {
            "stage": "delivery",
            "reason": "rejected",
            "detail": "answered 400",
            "event": "main/v2/cartUpdated/cart/0",
        },
        {
            "stage": "delivery",
            "reason": "exhausted",
            "detail": "no answer: tls",
            "event": "main/legacy/StatusCart/cart/1",
        },
    ]
    assert ours == {
        "yespo.dlq.stage": b"delivery",
        "yespo.dlq.reason": b"rejected",
        "yespo.dlq.detail": b"answered 400",
        "yespo.dlq.topic": b"shop.clicks",
        "yespo.dlq.partition": b"5",
        "yespo.dlq.offset": b"42",
        "yespo.dlq.timestamp": b"1763700000123",
        "yespo.dlq.timestamp_type": b"append",
        "yespo.dlq.events": b'["main/v2/cartUpdated/cart/0","main/legacy/StatusCart/cart/1"]',
        "yespo.dlq.mapping": b"sha256:abc",
        "yespo.dlq.bridge": b"0.1.0",
    }


async def test_a_dead_letter_is_the_record_as_it_was_with_our_reasons(mock_cluster: str) -> None:
    await letter_is_the_record_with_our_reasons(mock_cluster, "dlq")


@pytest.mark.kafka
async def test_a_dead_letter_is_the_record_as_it_was_on_real_kafka(
    kafka: KafkaBroker, topic: str
) -> None:
    kafka.create_topic(topic, 4)
    await letter_is_the_record_with_our_reasons(kafka.bootstrap, topic)


@pytest.mark.kafka
async def test_a_record_that_never_was_readable_has_no_event_and_keeps_its_null(
    kafka: KafkaBroker, topic: str
) -> None:
    kafka.create_topic(topic, 1)
    writer = a_writer(kafka.bootstrap, topic)
    await writer.open()
    unreadable = Failure("decode", "unknown_framing", "first byte is not 0")
    await write(writer, a_source_record(value=None), [unreadable])
    await writer.close(1)
    (letter,) = await asyncio.to_thread(read, kafka.bootstrap, topic, 0, 1)
    assert letter.value() is None
    headers = dict(headers_of(letter))
    assert headers["yespo.dlq.stage"] == b"decode"
    assert headers["yespo.dlq.events"] == b"[]"


@pytest.mark.kafka
async def test_a_missing_topic_is_said_before_the_start_and_not_created(
    kafka: KafkaBroker, topic: str
) -> None:
    writer = a_writer(kafka.bootstrap, topic)
    with pytest.raises(KafkaSetupError, match=f"`{topic}` does not exist") as caught:
        await writer.open()
    assert f"--create --topic {topic} --partitions" in str(caught.value)
    assert topic not in kafka.admin.list_topics(timeout=10).topics


@pytest.mark.kafka
async def test_a_topic_that_takes_less_than_its_source_is_warned_of(
    kafka: KafkaBroker, topic: str
) -> None:
    kafka.create_topic(topic, 3, {"max.message.bytes": "1048588"})
    kafka.create_topic(f"{topic}-source", 1, {"max.message.bytes": "1048588"})
    properties = producer_properties({"bootstrap.servers": kafka.bootstrap}, {})
    with capture_logs() as logs:
        assert find_topic(properties, topic, [f"{topic}-source"], 10) == 3
        await until(lambda: bool(logs))
    assert [(entry["log_level"], entry["needed"]) for entry in logs] == [("warning", 1052684)]


@pytest.mark.kafka
async def test_a_letter_too_large_with_our_optional_headers_goes_without_them(
    kafka: KafkaBroker, topic: str
) -> None:
    kafka.create_topic(topic, 1, {"max.message.bytes": "2000"})
    tallies = Tallies()
    writer = a_writer(kafka.bootstrap, topic, tallies)
    await writer.open()
    long_story = Failure("delivery", "rejected", "d" * 2000, "main/v2/cartUpdated/cart/0")
    with capture_logs() as logs:
        await write(writer, a_source_record(), [long_story])
    await writer.close(1)
    (letter,) = await asyncio.to_thread(read, kafka.bootstrap, topic, 0, 1)
    names = {name for name, _ in headers_of(letter)}
    assert "yespo.dlq.events" in names
    assert not names & {"yespo.dlq.detail", "yespo.dlq.failures"}
    assert tallies.counter("dead_letter_errors").total() == 1
    assert [entry for entry in logs if entry["log_level"] not in {"info", "debug"}] == []
    assert writer.failing == ""


def the_position_alone(letter: Message, size: bytes) -> None:
    assert letter.value() is None
    headers = dict(headers_of(letter))
    assert "trace" not in headers
    assert {name: headers[f"yespo.dlq.{name}"] for name in ("topic", "partition", "offset")} == {
        "topic": b"shop.clicks",
        "partition": b"5",
        "offset": b"42",
    }
    assert (headers["yespo.dlq.carried"], headers["yespo.dlq.size"]) == (b"position", size)
    assert (headers["yespo.dlq.stage"], headers["yespo.dlq.reason"]) == (b"delivery", b"rejected")
    assert headers["yespo.dlq.detail"] == b"answered 400"


@pytest.mark.kafka
async def test_a_record_that_the_broker_refuses_as_too_large_is_written_by_its_position(
    kafka: KafkaBroker, topic: str
) -> None:
    kafka.create_topic(topic, 1, {"max.message.bytes": "3000"})
    writer = a_writer(kafka.bootstrap, topic)
    await writer.open()
    small = asyncio.Event()
    writer.send(a_source_record(), [REJECTED], "d", small.set)
    with capture_logs() as logs:
        await write(writer, a_source_record(value=b"v" * 5000), [REJECTED])
    async with asyncio.timeout(20):
        await small.wait()
    await writer.close(1)
    whole, letter = await asyncio.to_thread(read, kafka.bootstrap, topic, 0, 2)
    assert whole.value() == b"\x00avro"
    assert letter.key() == b"visitor-1"
    the_position_alone(letter, b"5026")
    [line] = [entry for entry in logs if "too large" in entry["event"]]
    assert (line["record"], line["bytes"]) == ("shop.clicks/5@42", 5026)


async def test_a_record_above_the_producers_own_limit_is_written_by_its_position(
    mock_cluster: str,
) -> None:
    writer = a_writer(mock_cluster, "dlq", largest=2000)
    await writer.open()
    before = await asyncio.to_thread(end_of, mock_cluster, "dlq", 1)
    await write(writer, a_source_record(value=b"v" * 5000), [REJECTED])
    await writer.close(1)
    (letter,) = await asyncio.to_thread(read, mock_cluster, "dlq", 1, 1, before)
    the_position_alone(letter, b"5026")


async def test_a_record_above_what_a_broker_reads_is_not_even_tried(
    mock_cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real broker closes the connection above 100 MiB, each time, and says nothing."""
    monkeypatch.setattr("consumer.delivery.dead_letters.writer.MOST_BYTES", 4000)
    writer = a_writer(mock_cluster, "dlq")
    await writer.open()
    before = await asyncio.to_thread(end_of, mock_cluster, "dlq", 1)
    long_key = replace(a_source_record(value=b"v" * 5000), key=b"k" * 1025)
    await write(writer, long_key, [REJECTED])
    await write(writer, a_source_record(value=None), [REJECTED], again=Replayed(2, 777))
    let_go = replace(a_source_record(value=None), fault=RecordTooLarge("too large", 40_000_000))
    await write(writer, let_go, [REJECTED])
    await writer.close(1)
    letter, again, emptied = await asyncio.to_thread(read, mock_cluster, "dlq", 1, 3, before)
    the_position_alone(emptied, b"40000026")
    assert letter.key() is None
    the_position_alone(letter, b"6042")
    the_position_alone(again, b"777")
    assert dict(headers_of(again))["yespo.dlq.replays"] == b"2"


@pytest.mark.kafka
async def test_a_letter_that_not_even_its_position_fits_is_held_until_the_topic_takes_it(
    kafka: KafkaBroker, topic: str
) -> None:
    kafka.create_topic(topic, 1, {"max.message.bytes": "100"})
    writer = a_writer(kafka.bootstrap, topic)
    await writer.open()
    done = asyncio.Event()
    writer.send(a_source_record(value=b"v" * 2000), [REJECTED], "d", done.set)
    await until(lambda: writer.failing == "MSG_SIZE_TOO_LARGE")
    assert not done.is_set()
    await asyncio.to_thread(set_limit, kafka, topic, "100000")
    async with asyncio.timeout(30):
        await done.wait()
    assert writer.failing == ""
    await writer.close(1)


@pytest.mark.kafka
async def test_a_broker_that_is_away_holds_the_letter_until_it_is_back(topic: str) -> None:
    broker = KafkaBroker()
    broker.start()
    try:
        broker.create_topic(topic, 1)
        writer = a_writer(broker.bootstrap, topic, timeout_ms=2000)
        await writer.open()
        await asyncio.to_thread(broker.kill)
        done = asyncio.Event()
        writer.send(a_source_record(), [REJECTED], "d", done.set)
        await until(lambda: writer.failing != "")
        assert not done.is_set()
        await asyncio.to_thread(broker.restart)
        async with asyncio.timeout(30):
            await done.wait()
        await writer.close(1)
        assert len(await asyncio.to_thread(read, broker.bootstrap, topic, 0, 1)) == 1
    finally:
        broker.stop()


class Heard:
    """A producer, and what it was asked to do, in order."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self.asked: list[str] = []

    def set_sasl_credentials(self, username: str, password: str) -> None:
        self.asked.append(f"log in as {username}, {password}")
        self._producer.set_sasl_credentials(username, password)

    def produce(self, topic: str, **letter: Any) -> None:
        self.asked.append("produce")
        self._producer.produce(topic, **letter)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)


async def test_a_rotated_password_reaches_the_producer_before_the_next_letter(
    mock_cluster: str, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("old")
    login = {"sasl.username": "bridge", "sasl.password": LiveText("old", password.read_text)}
    writer = a_writer(mock_cluster, "dlq", login=login)
    await writer.open()
    assert writer._producer is not None
    heard = Heard(writer._producer)
    writer._producer = cast("Producer", heard)
    password.write_text("new")
    with capture_logs() as logs:
        await write(writer, a_source_record(), [REJECTED])
    assert heard.asked == ["log in as bridge, new", "produce"]
    assert [line["event"] for line in logs] == ["Kafka's user and password read again"]
    await writer.close(1)


async def test_a_password_rotated_while_letters_wait_reaches_the_producer(
    mock_cluster: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may wait for nothing else: a broker that refuses the old one."""
    monkeypatch.setattr("consumer.credentials.kafka_login.LOOK_SECONDS", 0.05)
    password = tmp_path / "password"
    password.write_text("old")
    login = {"sasl.username": "bridge", "sasl.password": LiveText("old", password.read_text)}
    writer = a_writer(mock_cluster, "dlq", login=login)
    await writer.open()
    heard = Heard(Producer({"bootstrap.servers": "127.0.0.1:1", "log_level": 0}))
    writer._producer = cast("Producer", heard)
    writer.send(a_source_record(), [REJECTED], "d", lambda: None)
    assert heard.asked == ["produce"]
    password.write_text("new")
    await until(lambda: heard.asked == ["produce", "log in as bridge, new"])
    await writer.close(0.2)


async def test_closing_gives_up_in_time_and_calls_nobody(mock_cluster: str) -> None:
    writer = a_writer(mock_cluster, "dlq")
    await writer.open()
    told: list[int] = []
    # The broker is gone before the letter is written.
    writer._producer = Producer({"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
    writer.send(a_source_record(), [REJECTED], "d", lambda: told.append(1))
    with capture_logs() as logs:
        await writer.close(0.2)
    assert logs[-1]["event"] == "dead letters not acknowledged"
    assert logs[-1]["count"] == 1
    assert told == []


async def test_a_producer_that_lost_its_place_is_replaced_and_nothing_with_it(
    mock_cluster: str,
) -> None:
    writer = a_writer(mock_cluster, "dlq")
    await writer.open()
    lost = Producer({"bootstrap.servers": mock_cluster, "linger.ms": 60_000, "log_level": 0})
    writer._producer = lost
    done: list[int] = []
    writer.send(a_source_record(), [REJECTED], "d", lambda: done.append(1))
    writer.send(a_source_record(), [REJECTED], "d", lambda: done.append(2))
    first = min(writer._letters, key=id)
    writer._reports.append(
        (first, lost, KafkaError(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, "", True))
    )
    await until(lambda: sorted(done) == [1, 2])
    assert writer._producer is not lost
    await writer.close(1)


@pytest.mark.parametrize("name", ["acks", "request.required.acks", "enable.idempotence"])
def test_what_the_promise_rests_on_cannot_be_set(name: str) -> None:
    with pytest.raises(KafkaSetupError, match=f"dead_letters.kafka.{name} cannot be set"):
        producer_properties({"bootstrap.servers": "x"}, {name: "1"})


def test_the_connection_is_shared_and_what_belongs_to_the_consumer_is_not() -> None:
    properties = producer_properties(
        {
            "bootstrap.servers": "b:9092",
            "security.protocol": "SASL_SSL",
            "group.id": "g",
            "session.timeout.ms": 45000,
            "isolation.level": "read_committed",
            "acks": 1,
        },
        {"compression.type": "zstd", "linger.ms": 50},
    )
    assert properties == {
        "log_level": 0,
        "bootstrap.servers": "b:9092",
        "security.protocol": "SASL_SSL",
        "acks": "all",
        "enable.idempotence": True,
        "message.timeout.ms": 30000,
        "message.max.bytes": 1000000000,
        "linger.ms": 50,
        "batch.num.messages": 1,
        "compression.type": "zstd",
    }


async def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the writer signals nothing to wait for
            await asyncio.sleep(0.01)


def set_limit(kafka: KafkaBroker, topic: str, limit: str) -> None:
    change = ConfigEntry("max.message.bytes", limit, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[change])
    kafka.admin.incremental_alter_configs([resource])[resource].result(10)


@pytest.mark.parametrize("on_its_way", [True, False])
async def test_a_producer_that_has_lost_its_place_is_replaced_and_its_letters_are_written(
    mock_cluster: str, monkeypatch: pytest.MonkeyPatch, *, on_its_way: bool
) -> None:
    """Found out by a poll where letters are on their way, else when the next one is produced."""
    made: list[Producer] = []

    def new_producer(*arguments: Any) -> Producer:
        made.append(Producer(*arguments))
        return made[-1]

    monkeypatch.setattr("consumer.delivery.dead_letters.writer.Producer", new_producer)
    tallies, written = Tallies(), asyncio.Event()
    writer = a_writer(mock_cluster, "dlq", tallies)
    await writer.open()
    await write(writer, a_source_record(), [REJECTED])
    if on_its_way:
        writer.send(a_source_record(), [REJECTED], "digest", written.set)
    lose_place(made[0])
    if not on_its_way:
        writer.send(a_source_record(), [REJECTED], "digest", written.set)
    async with asyncio.timeout(20):
        await written.wait()
    assert len(made) == 2
    assert writer.outstanding == 0
    assert writer.failing == ""
    assert tallies.counter("dead_letters").total() == 2
    await writer.close(5)


class LosingItsPlace:
    """Acknowledges what it was given, and fails for good in the same poll."""

    made: list["LosingItsPlace"]

    def __init__(self, _: Mapping[str, object]) -> None:
        self.given: list[Callable[[KafkaError | None, None], None]] = []
        self.made.append(self)

    def produce(self, _topic: str, **what: Any) -> None:
        self.given.append(what["on_delivery"])

    def poll(self, _seconds: float) -> None:
        for acknowledge in self.given:
            acknowledge(None, None)
        raise KafkaException(KafkaError(KafkaError._FATAL))

    def purge(self) -> None: ...


async def test_what_the_last_poll_of_a_producer_acknowledged_is_not_written_again(
    mock_cluster: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    LosingItsPlace.made = []
    monkeypatch.setattr("consumer.delivery.dead_letters.writer.Producer", LosingItsPlace)
    writer = a_writer(mock_cluster, "dlq")
    await writer.open()
    await write(writer, a_source_record(), [REJECTED])
    first, second = LosingItsPlace.made
    assert (len(first.given), len(second.given)) == (1, 0)
    assert writer.failing == ""
    await writer.close(1)
