"""Before the group is joined: wait for Kafka, and make sure that the topics exist."""

import threading
from collections.abc import Callable, Sequence

import structlog
from confluent_kafka import Consumer, KafkaError

from consumer.errors import BridgeError, KafkaSetupError
from consumer.privacy.kafka_answers import as_kafka_error
from consumer.source.faults import ErrorLog, ending

log = structlog.get_logger()

REQUEST_SECONDS = 2.0
PAUSE_SECONDS = 0.5
GRACE_SECONDS = 5.0
"""A topic made a moment ago may be unknown to the broker we ask."""


def wait_for_topics(
    consumer: Consumer,
    topics: Sequence[str],
    *,
    errors: ErrorLog,
    fault: Callable[[], BridgeError | None],
    stopping: threading.Event,
    monotonic: Callable[[], float],
) -> bool:
    """Return True once Kafka answers and has every topic, False when `stopping` came first.

    Waits for brokers without end (and says so in the log). Raises KafkaSetupError where a topic is
    missing or access is denied. `fault` tells what librdkafka's call-backs have met meanwhile.
    Patterns (`^...`) may match nothing yet.
    """
    named = [topic for topic in topics if not topic.startswith("^")]
    missing_since: float | None = None
    while not stopping.is_set():
        try:
            answers = _ask(consumer, named)
        except Exception as raised:
            consumer.poll(0)  # serves the call-backs, which know more about the cause
            if (found := fault()) is not None:
                raise found from raised
            errors.note("Kafka cannot be reached, trying again", as_kafka_error(raised))
        else:
            missing = [topic for topic, error in answers.items() if _missing(error)]
            for error in answers.values():
                if error is not None and (end := ending(error, connected=True)) is not None:
                    raise end
            if not any(answers.values()):
                errors.over()
                return True
            missing_since = missing_since or monotonic()
            if missing and monotonic() - missing_since >= GRACE_SECONDS:
                raise missing_topics(missing)
        stopping.wait(PAUSE_SECONDS)
    return False


def _ask(consumer: Consumer, topics: Sequence[str]) -> dict[str, KafkaError | None]:
    """Kafka's metadata of each topic; raises KafkaException when it does not answer at all."""
    if not topics:
        consumer.list_topics(timeout=REQUEST_SECONDS)
    return {
        topic: consumer.list_topics(topic, REQUEST_SECONDS).topics[topic].error for topic in topics
    }


def _missing(error: KafkaError | None) -> bool:
    return error is not None and error.code() in {
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.TOPIC_EXCEPTION,
    }


def missing_topics(topics: Sequence[str]) -> KafkaSetupError:
    """The error for topics that Kafka does not have, with what to do."""
    first = topics[0]
    named = ", ".join(f"`{topic}`" for topic in topics)
    return KafkaSetupError(
        f"Kafka has no topic {named}: correct `from.topics` in the mapping, or create it with "
        f"`kafka-topics.sh --bootstrap-server ... --create --topic {first} --partitions 6`"
    )
