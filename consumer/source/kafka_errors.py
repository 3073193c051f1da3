"""Turns what Kafka refuses, or does not answer, into an error text with a remedy."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException

from consumer.errors import BridgeError, KafkaSetupError
from consumer.source.faults import UNREACHABLE, ending


@contextmanager
def kafka_errors() -> Iterator[None]:
    """Raises BridgeError for each KafkaException inside."""
    try:
        yield
    except KafkaException as refused:
        error = refused.args[0]
        raise _as_setup_error(error) from None


def _as_setup_error(error: KafkaError) -> BridgeError:
    if error.code() in UNREACHABLE:
        return KafkaSetupError(
            f"Kafka does not answer ({error.str()}): check `kafka.bootstrap.servers`, the network, "
            "`security.protocol`, and with SASL the user and password"
        )
    refused = KafkaSetupError(f"Kafka refuses: {error.name()}: {error.str()}")
    return ending(error, connected=False) or refused
