"""A Kafka in this process: librdkafka's mock cluster, and a producer that fills it.

It serves the demo: no install, no port of your choosing, gone with the process. A topic appears with
its first use and has four partitions. It proves nothing about real brokers; the tests use those.
"""

import io
import struct
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from confluent_kafka import KafkaError, KafkaException, Message, Producer
from fastavro import parse_schema, schemaless_writer

_MAGIC = struct.Struct(">bI")


def confluent_frame(schema_id: int, payload: bytes) -> bytes:
    """Confluent's wire format: a zero byte, the schema id as big-endian int32, the Avro payload."""
    return _MAGIC.pack(0, schema_id) + payload


class AvroWriter:
    """Encodes records of one schema, framed with the id it has in the registry."""

    def __init__(self, schema: dict[str, Any], schema_id: int) -> None:
        self._schema = parse_schema(schema)
        self._prefix = confluent_frame(schema_id, b"")

    def __call__(self, record: dict[str, Any]) -> bytes:
        """Raises ValueError or TypeError for a record that does not fit the schema."""
        buffer = io.BytesIO()
        buffer.write(self._prefix)
        schemaless_writer(buffer, self._schema, record)
        return buffer.getvalue()


class EmbeddedKafka:
    """The cluster lives as long as this object is open.

        with EmbeddedKafka() as kafka:
            kafka.send("shop.clicks", b"visitor-1", value)
            kafka.flush(10)
            kafka.bootstrap                     # 127.0.0.1:40127

    Not for use by several threads at once.
    """

    def __init__(self, brokers: int = 1) -> None:
        config: dict[str, Any] = {
            "bootstrap.servers": "replaced-by-the-mock-cluster",
            "test.mock.num.brokers": brokers,
            # Java's default partitioner, so that keys land where other producers put them.
            "partitioner": "murmur2_random",
            "linger.ms": 5,
            "log_level": 2,  # the mock announces itself on stderr otherwise
        }
        self._producer: Producer | None = Producer(config)
        self._first_error: KafkaError | None = None
        found = self._producer.list_topics(timeout=10).brokers.values()
        self.bootstrap = ",".join(sorted(f"{broker.host}:{broker.port}" for broker in found))
        self.written = 0
        """Records that the cluster has acknowledged."""

    def create(self, topic: str) -> None:
        """Make a topic before its first record; asking for it does."""
        self._open().list_topics(topic, timeout=10)

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]] = (),
    ) -> None:
        """Hand a record over. Blocks only while librdkafka's queue is full."""
        producer = self._open()
        while True:
            try:
                producer.produce(
                    topic, value, key, on_delivery=self._answered, headers=list(headers)
                )
            except BufferError:
                producer.poll(0.1)
            else:
                producer.poll(0)
                return

    def flush(self, seconds: float) -> None:
        """Wait until all records are acknowledged. Raises KafkaException if one was refused, and
        TimeoutError if that takes longer than `seconds`."""
        waiting = self._open().flush(seconds)
        if self._first_error is not None:
            raise KafkaException(self._first_error)
        if waiting:
            raise TimeoutError(f"{waiting} records are unacknowledged after {seconds:g} s")

    def close(self) -> None:
        """End the cluster, and with it all topics."""
        self._producer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self) -> Producer:
        assert self._producer is not None, "the cluster was closed"
        return self._producer

    def _answered(self, error: KafkaError | None, _: Message) -> None:
        if error is None:
            self.written += 1
        elif self._first_error is None:
            self._first_error = error
