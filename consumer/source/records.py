"""From librdkafka's message to our record: the bytes and the position, nothing interpreted."""

from collections.abc import Sequence
from typing import cast

from confluent_kafka import TIMESTAMP_CREATE_TIME, TIMESTAMP_LOG_APPEND_TIME, Message

from consumer.model import Partition, Record, TimestampType

_TIMESTAMPS = {
    TIMESTAMP_CREATE_TIME: TimestampType.CREATE,
    TIMESTAMP_LOG_APPEND_TIME: TimestampType.APPEND,
}


def as_record(message: Message, partition: Partition, offset: int) -> Record:
    """`message` is a record of `partition`, not an error."""
    kind, timestamp = message.timestamp()
    stamped = _TIMESTAMPS.get(kind, TimestampType.NONE)
    return Record(
        partition,
        offset,
        message.key(),
        message.value(),
        # its type allows for text, which is for producers only
        cast("Sequence[tuple[str, bytes | None]]", message.headers() or ()),
        timestamp if stamped is not TimestampType.NONE else -1,
        stamped,
    )
