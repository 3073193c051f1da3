"""Reads a part of a topic, from given offsets to given ends: joins no group and commits nothing."""

import threading
from collections.abc import Iterator, Mapping

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from consumer.model import Partition, Record
from consumer.source import properties
from consumer.source.faults import PARTITION_EOF, ending
from consumer.source.fetch import Fetcher
from consumer.source.records import as_record, headers_of

Key = tuple[str, int]

WAIT_SECONDS = 0.1
_OF_MEMBERS = ("group.protocol", "group.instance.id", "group.remote.assignor")


def outside_the_group(kafka: Mapping[str, properties.Value]) -> dict[str, properties.Value]:
    """The `kafka` section for a reader that is no member."""
    own = {name: value for name, value in kafka.items() if name not in _OF_MEMBERS}
    return {**properties.effective(own), "statistics.interval.ms": 0, "log_level": 0}


def batches(
    kafka: Mapping[str, properties.Value],
    starts: Mapping[Key, int],
    ends: Mapping[Key, int] | None,
    stop: threading.Event,
    *,
    most_each: int | None = None,
) -> Iterator[list[Record]]:
    """Yields records in batches, in offset order per partition. Blocks.

    A partition is through at its end, or after `most_each` records. The reader stops when all are
    through (never, without `ends` and `most_each`), or when `stop` is set. A batch may be empty: it
    comes every WAIT_SECONDS while there is nothing.

    Raises BridgeError where Kafka denies access, KafkaException where an offset is not in the log.
    """
    consumer = Consumer(outside_the_group(kafka))
    fetcher = Fetcher(consumer, WAIT_SECONDS)
    partitions = {key: Partition(*key, 0) for key in starts}
    left = {key: most_each for key in starts if ends is None or starts[key] < ends[key]}
    consumer.assign([TopicPartition(*key, starts[key]) for key in sorted(left)])
    try:
        while left and not stop.is_set():
            found = []
            messages = fetcher.take()
            for message, headers in zip(messages, headers_of(messages), strict=True):
                key = (str(message.topic()), message.partition() or 0)
                offset = message.offset() or 0
                is_record = _is_record(message)
                if key not in left:
                    continue
                end = None if ends is None else ends[key]
                if is_record and (end is None or offset < end):
                    found.append(as_record(message, headers, partitions[key], offset))
                    if (many := left[key]) is not None:
                        left[key] = many - 1
                if left[key] == 0 or (end is not None and offset + is_record >= end):
                    del left[key]
                    consumer.pause([TopicPartition(*key)])
            yield found
    finally:
        consumer.close()


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
