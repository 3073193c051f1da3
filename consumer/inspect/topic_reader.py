"""Reads a part of a topic, from given offsets to given ends: joins no group and commits nothing."""

import threading
from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from consumer.model import Partition, Record
from consumer.source import properties
from consumer.source.faults import PARTITION_EOF, ending
from consumer.source.records import as_record

Key = tuple[str, int]

BATCH = 500
WAIT_SECONDS = 0.1
_OF_MEMBERS = ("group.protocol", "group.instance.id", "group.remote.assignor")


def outside_the_group(kafka: Mapping[str, properties.Value]) -> dict[str, properties.Value]:
    """The `kafka` section for a reader that is no member."""
    own = {name: value for name, value in kafka.items() if name not in _OF_MEMBERS}
    return {**properties.effective(own), "log_level": 0}


def batches(
    kafka: Mapping[str, properties.Value],
    starts: Mapping[Key, int],
    ends: Mapping[Key, int] | None,
    stop: threading.Event,
) -> Iterator[list[Record]]:
    """Records in batches, in offset order per partition, until every partition has reached its end
    (without `ends`: for ever) or `stop` is set. A batch may be empty. Blocks.

    Raises BridgeError where Kafka denies access, KafkaException where an offset is not in the log.
    """
    consumer = Consumer(outside_the_group(kafka))
    partitions = {key: Partition(*key, 0) for key in starts}
    left = {key for key in starts if ends is None or starts[key] < ends[key]}
    consumer.assign([TopicPartition(*key, starts[key]) for key in sorted(left)])
    try:
        while left and not stop.is_set():
            found = []
            for message in _next(consumer):
                key = (str(message.topic()), message.partition() or 0)
                offset = message.offset() or 0
                if not _is_record(message):
                    over = ends is not None and key in left and offset >= ends[key]
                else:
                    if key in left and (ends is None or offset < ends[key]):
                        found.append(as_record(message, partitions[key], offset))
                    over = ends is not None and key in left and offset + 1 >= ends[key]
                if over:
                    left.discard(key)
                    consumer.pause([TopicPartition(*key)])
            yield found
    finally:
        consumer.close()


def _next(consumer: Consumer) -> list[Message]:
    """What is there now, waiting a little where that is nothing."""
    first = consumer.consume(1, WAIT_SECONDS)
    return first + consumer.consume(BATCH - 1, 0) if first else []


def _is_record(message: Message) -> bool:
    """False at the end of a partition, and for faults that pass."""
    error = message.error()
    if error is None:
        return True
    if error.code() != PARTITION_EOF:
        if (end := ending(error, connected=True)) is not None:
            raise end
        if message.topic():
            raise KafkaException(error)
    return False
