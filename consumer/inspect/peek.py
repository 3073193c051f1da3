"""Reading records at chosen positions: no group is joined, nothing is committed.

`at` reads one record, `latest` the last ones of a topic; `decoded` says what they hold.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition

from consumer.clock import SystemClock
from consumer.config.settings import Settings
from consumer.decode.decoder import Decoder
from consumer.decode.registry import RegistryClient
from consumer.errors import InvalidRecord, KafkaSetupError, SchemaPending
from consumer.mapping.unit import MappingUnit
from consumer.model import Decoded, Partition, Record
from consumer.source.properties import effective
from consumer.source.records import as_record
from consumer.telemetry.tallies import Tallies

SECONDS = 15.0
"""How long Kafka and the registry may take, each."""


class RecordPosition(NamedTuple):
    topic: str
    partition: int
    offset: int


def position(text: str) -> RecordPosition:
    """`shop.clicks:3:1042`, or as messages of ours name it, `shop.clicks/3@1042`.

    Raises ValueError with a text for a person.
    """
    topic, _, rest = text.replace("@", ":").replace("/", ":").partition(":")
    partition, _, offset = rest.partition(":")
    if not (topic and partition.isdecimal() and offset.isdecimal()):
        raise ValueError("a position is `topic:partition:offset`, such as shop.clicks:3:1042")
    return RecordPosition(topic, int(partition), int(offset))


def at(settings: Settings, where: RecordPosition) -> Record:
    """The record at this position. Raises KafkaSetupError where there is none."""
    with _reading(settings) as consumer:
        low, high = _ends(consumer, where.topic, where.partition)
        if not low <= where.offset < high:
            held = f"it holds {low} to {high - 1}" if low < high else "it is empty"
            raise KafkaSetupError(
                f"{where.topic}/{where.partition} has no record at {where.offset}: {held}"
            )
        [*found] = _from(consumer, {where.partition: (where.offset, where.offset + 1)}, where.topic)
    if not found:
        raise KafkaSetupError(
            f"{where.topic}/{where.partition}@{where.offset} was compacted away or belongs to a "
            "transaction: choose a neighbouring offset"
        )
    return found[0]


def latest(settings: Settings, topic: str, count: int) -> list[Record]:
    """About the last `count` records of a topic, the same share of each partition, in their order.

    Raises KafkaSetupError where the topic is missing or Kafka does not answer.
    """
    with _reading(settings) as consumer:
        numbers = _partitions(consumer, topic)
        share = max(1, count // len(numbers))
        stretches = {}
        for number in numbers:
            low, high = _ends(consumer, topic, number)
            stretches[number] = (max(low, high - share), high)
        return list(_from(consumer, stretches, topic))


@contextmanager
def _reading(settings: Settings) -> Iterator[Consumer]:
    """A consumer that is a member of nothing: it is assigned, and never subscribes or commits."""
    consumer = Consumer({**effective(settings.kafka), "statistics.interval.ms": 0, "log_level": 0})
    try:
        yield consumer
    except KafkaException as error:
        raise KafkaSetupError(f"Kafka: {error.args[0].str()}") from error
    finally:
        consumer.close()


def _partitions(consumer: Consumer, topic: str) -> list[int]:
    found = consumer.list_topics(topic, SECONDS).topics[topic]
    if found.error is not None or not found.partitions:
        raise KafkaSetupError(f"Kafka has no topic `{topic}`, or does not let us read it")
    return sorted(found.partitions)


def _ends(consumer: Consumer, topic: str, partition: int) -> tuple[int, int]:
    """The first offset, and the one after the last."""
    if partition not in (numbers := _partitions(consumer, topic)):
        raise KafkaSetupError(f"`{topic}` has partitions 0 to {numbers[-1]}, no {partition}")
    ends = consumer.get_watermark_offsets(TopicPartition(topic, partition), SECONDS)
    if ends[1] == OFFSET_INVALID:
        raise KafkaSetupError(f"Kafka did not say within {SECONDS:g} s what `{topic}` holds")
    return ends


def _from(
    consumer: Consumer, stretches: dict[int, tuple[int, int]], topic: str
) -> Iterator[Record]:
    """The records of each partition from the first offset up to before the second."""
    waiting = {number: end for number, (start, end) in stretches.items() if start < end}
    partitions = {number: Partition(topic, number, 0) for number in waiting}
    consumer.assign([TopicPartition(topic, number, stretches[number][0]) for number in waiting])
    deadline = time.monotonic() + SECONDS
    while waiting:
        for message in consumer.consume(500, 0.2):
            number, offset = message.partition() or 0, message.offset()
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  # its public name
                raise KafkaException(error)
            if error is None and number in waiting and offset is not None:
                deadline = time.monotonic() + SECONDS
                if offset < waiting[number]:
                    yield as_record(message, partitions[number], offset)
                if offset + 1 < waiting[number]:
                    continue
            waiting.pop(number, None)  # its end: the last one asked for, or of the partition
        if time.monotonic() > deadline:
            raise KafkaSetupError(f"Kafka sent no record for {SECONDS:g} s")


def decoded(
    settings: Settings, unit: MappingUnit, records: Sequence[Record]
) -> list[Decoded | InvalidRecord]:
    """What each record says, or why it cannot be read.

    Raises KafkaSetupError where the registry cannot be asked for a schema that is needed.
    """
    return asyncio.run(_decoded(settings, unit, records))


async def _decoded(
    settings: Settings, unit: MappingUnit, records: Sequence[Record]
) -> list[Decoded | InvalidRecord]:
    tallies = Tallies()
    clock = SystemClock(asyncio.get_running_loop())
    registry = RegistryClient(settings.registry, tallies=tallies, clock=clock)
    decoder = Decoder(
        registry=registry,
        reader_schemas=unit.reader_schemas,
        settings=settings.decode,
        tallies=tallies,
    )
    try:
        return [await _decode(decoder, record) for record in records]
    finally:
        await registry.close()


async def _decode(decoder: Decoder, record: Record) -> Decoded | InvalidRecord:
    while True:
        try:
            return decoder.decode(record)
        except InvalidRecord as invalid:
            return invalid
        except SchemaPending as pending:
            try:
                async with asyncio.timeout(SECONDS):
                    await decoder.resolve(pending.ref)
            except TimeoutError:
                raise KafkaSetupError(
                    f"the registry did not give schema {pending.ref} within {SECONDS:g} s"
                ) from None
