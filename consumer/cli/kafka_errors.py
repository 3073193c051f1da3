"""What Kafka refuses is an error text, not a trace."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaException

from consumer.errors import KafkaSetupError


@contextmanager
def kafka_errors() -> Iterator[None]:
    """Raises KafkaSetupError for whatever Kafka answers inside."""
    try:
        yield
    except KafkaException as refused:
        error = refused.args[0]
        raise KafkaSetupError(f"Kafka refuses: {error.name()}: {error.str()}") from None
