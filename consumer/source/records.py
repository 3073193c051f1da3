"""Turns librdkafka's messages into our records: bytes and position, nothing interpreted."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, cast

from confluent_kafka import (
    TIMESTAMP_CREATE_TIME,
    TIMESTAMP_LOG_APPEND_TIME,
    KafkaError,
    Message,
)

from consumer.errors import InvalidRecord, RecordTooLarge
from consumer.model import Partition, Record, TimestampType
from consumer.source.assignment import Assignment, Key

LARGEST_VALUE = 32 * 1024**2
"""Bytes. A larger value is let go at once, and its record becomes a dead letter without it. Kafka
takes batches of 1 MB by default, yet a packed one may hold a record of hundreds of megabytes: to keep
it for its dead letter would cost that much twice more, and no topic would take it."""

Headers = Sequence[tuple[str, bytes | None]]

_TIMESTAMPS = {
    TIMESTAMP_CREATE_TIME: TimestampType.CREATE,
    TIMESTAMP_LOG_APPEND_TIME: TimestampType.APPEND,
}
_NO_TIME: Final = TimestampType.NONE
"""By a name of its own: to find a member of an enum takes Python 3.11 0.3 µs."""


def headers_of(messages: Sequence[Message]) -> Iterator[Headers | None]:
    """Yields the headers of each message; None for those that cannot be read.

    A header name that is not UTF-8 leaves confluent-kafka with an exception and a result at once,
    and a second `headers()` returns that result, which holds a null pointer. So they are read once,
    before anything else. `map` calls through the part of CPython that checks for such an exception;
    a plain call in a loop is compiled to one that does not, and some later call would raise it.
    """
    read = map(Message.headers, messages).__next__
    for _ in messages:
        try:
            # its type allows for text, which is for producers only
            yield cast("Headers", read() or ())
        except Exception:  # noqa: BLE001 whatever the headers of one record lead to costs that record
            yield None


def as_record(
    message: Message, headers: Headers | None, partition: Partition, offset: int
) -> Record:
    """`message` is a record of `partition`, not an error; `headers` are those of `headers_of`."""
    kind, timestamp = message.timestamp()
    stamped = _TIMESTAMPS.get(kind, _NO_TIME)
    record = Record(
        partition,
        offset,
        message.key(),
        message.value(),
        headers or (),
        timestamp if stamped is not _NO_TIME else -1,
        stamped,
    )
    if headers is None:
        record.fault = InvalidRecord("decode", "malformed_header", _HEADER)
    if record.value is not None and len(record.value) > LARGEST_VALUE:
        size = len(record.value)
        record.fault = RecordTooLarge(_TOO_LARGE.format(size, LARGEST_VALUE), size)
        record.value = None
    return record


_HEADER = "the name of a header is not UTF-8; none of the headers can be read"
_TOO_LARGE = "{} bytes, more than is ever held ({}); the value is at its source only"


def by_partition(
    messages: Sequence[Message],
    assignment: Assignment,
    on_error: Callable[[Key, int | None, KafkaError], None],
) -> dict[Partition, list[Record]]:
    """Records by partition, in offset order. Messages that are not ours (any more) are left out."""
    batches: dict[Partition, list[Record]] = {}
    get = assignment.get
    for message, headers in zip(messages, headers_of(messages), strict=True):
        key: Any = (message.topic(), message.partition())
        if (error := message.error()) is not None:
            on_error(key, message.offset(), error)
            continue
        entry = get(key)
        offset = message.offset()
        if entry is None or offset is None or offset < entry.next_offset:
            continue
        entry.next_offset = offset + 1
        record = as_record(message, headers, entry.partition, offset)
        batch = batches.get(entry.partition)
        if batch is None:
            batches[entry.partition] = [record]
        else:
            batch.append(record)
    return batches
