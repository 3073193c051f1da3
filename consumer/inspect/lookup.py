"""Reads single records of a topic: one at a position, or the last ones."""

import threading
import time
from collections.abc import Mapping
from typing import NamedTuple

from consumer.config.settings import Settings
from consumer.errors import KafkaSetupError
from consumer.inspect.log_offsets import LogReader
from consumer.inspect.topic_reader import Key, batches
from consumer.model import Record
from consumer.source.kafka_errors import kafka_errors

SECONDS = 15.0
"""Seconds that Kafka may take from one record to the next."""


class RecordPosition(NamedTuple):
    topic: str
    partition: int
    offset: int


def parse_position(text: str) -> RecordPosition:
    """`shop.clicks:3:1042`, or as our messages name it, `shop.clicks/3@1042`.

    Raises ValueError with a text for a person.
    """
    topic, _, rest = text.replace("@", ":").replace("/", ":").partition(":")
    partition, _, offset = rest.partition(":")
    if not (topic and partition.isdecimal() and offset.isdecimal()):
        raise ValueError("a position is `topic:partition:offset`, such as shop.clicks:3:1042")
    return RecordPosition(topic, int(partition), int(offset))


def record_at(settings: Settings, where: RecordPosition) -> Record:
    """The record at this position. Raises KafkaSetupError where there is none."""
    key = where.topic, where.partition
    with kafka_errors(), LogReader(settings.kafka, [where.topic]) as log:
        keys = log.partitions()
        if key not in keys:
            raise KafkaSetupError(
                f"`{where.topic}` has partitions 0 to {keys[-1][1]}, no {where.partition}"
            )
        begin, end = log.begins([key])[key], log.ends([key])[key]
    if not begin <= where.offset < end:
        held = f"it holds {begin} to {end - 1}" if begin < end else "it is empty"
        raise KafkaSetupError(
            f"{where.topic}/{where.partition} has no record at {where.offset}: {held}"
        )
    found = _read(settings, {key: where.offset}, {key: where.offset + 1})
    if not found:
        raise KafkaSetupError(
            f"{where.topic}/{where.partition}@{where.offset} was compacted away or belongs to a "
            "transaction: choose a neighbouring offset"
        )
    return found[0]


def last_records(settings: Settings, topic: str, count: int) -> list[Record]:
    """About the last `count` records of a topic, the same share of each partition, in their order.

    Raises KafkaSetupError where the topic is missing or Kafka does not answer.
    """
    with kafka_errors(), LogReader(settings.kafka, [topic]) as log:
        keys = log.partitions()
        begins, ends = log.begins(keys), log.ends(keys)
    share = max(1, count // len(keys))
    return _read(settings, {key: max(begins[key], ends[key] - share) for key in keys}, ends)


def _read(settings: Settings, starts: Mapping[Key, int], ends: Mapping[Key, int]) -> list[Record]:
    found: list[Record] = []
    deadline = time.monotonic() + SECONDS
    with kafka_errors():
        for batch in batches(settings.kafka, starts, ends, threading.Event()):
            found += batch
            if batch:
                deadline = time.monotonic() + SECONDS
            elif time.monotonic() > deadline:
                raise KafkaSetupError(f"Kafka sent no record for {SECONDS:g} s")
    return found
