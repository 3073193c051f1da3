"""Foreign input from Kafka's client: errors of any type, and call-backs that only observe."""

from collections.abc import Callable
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException

from consumer.privacy.safe_traceback import describe

log = structlog.get_logger()


def as_kafka_error(raised: Exception) -> KafkaError:
    """Returns the error of a KafkaException, and `_FAIL` for any other exception of the client.

    An answer that the client cannot read is no answer: the caller asks again.
    """
    if isinstance(raised, KafkaException) and isinstance(raised.args[0], KafkaError):
        return raised.args[0]
    return KafkaError(KafkaError._FAIL, describe(raised))  # noqa: SLF001 librdkafka's spelling


def observing(call: Callable[..., None]) -> Callable[..., None]:
    """Wraps a call-back for errors, statistics or log lines: it never raises.

    These call-backs change nothing that a record depends on. An exception would come out of the
    next `poll`, and look like a fault of ours. It is logged instead, and costs that one call.
    """

    def observed(*arguments: Any) -> None:
        try:
            call(*arguments)
        except Exception as error:  # noqa: BLE001 see above
            log.error("a Kafka report cannot be read", fault=describe(error))  # noqa: TRY400 the text may quote a record

    return observed
