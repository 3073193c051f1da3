"""The Kafka side of dead letters: the producer's properties, and the check of their topic."""

import threading
from collections.abc import Collection, Mapping, Sequence

import structlog
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from consumer.errors import KafkaSetupError
from consumer.privacy.kafka_answers import as_kafka_error, observing

Properties = Mapping[str, str | int | float | bool]

OURS: Properties = {
    "acks": "all",
    "enable.idempotence": True,
    # Reported after this long, so that a stall is seen and counted; then written again, for ever.
    "message.timeout.ms": 30_000,
    # The topic's own `max.message.bytes` decides; a lower limit of the client's would come first.
    "message.max.bytes": 1_000_000_000,
    "linger.ms": 5,
    # A batch that is too large says nothing of the letters in it.
    "batch.num.messages": 1,
}
HEADERS_ROOM = 4096
"""Bytes by which a dead letter may be larger than its record: our headers, the required ones."""

_PROVEN = ("acks", "request.required.acks", "enable.idempotence")
"""Properties that a dead letter's promise rests on: they cannot be set."""

_CONSUMER_ONLY = frozenset(
    {
        *("group.id", "group.instance.id", "group.protocol"),
        *("group.protocol.type", "group.remote.assignor", "partition.assignment.strategy"),
        *("session.timeout.ms", "heartbeat.interval.ms", "coordinator.query.interval.ms"),
        *("max.poll.interval.ms", "enable.auto.commit", "auto.commit.interval.ms"),
        *("enable.auto.offset.store", "auto.offset.reset", "offset.store.method"),
        *("enable.partition.eof", "queued.min.messages", "queued.max.messages.kbytes"),
        *("fetch.wait.max.ms", "fetch.queue.backoff.ms", "fetch.message.max.bytes"),
        *("max.partition.fetch.bytes", "fetch.max.bytes", "fetch.min.bytes"),
        *("fetch.error.backoff.ms", "isolation.level", "check.crcs"),
        *("allow.auto.create.topics", "statistics.interval.ms"),
    }
)
"""Properties of the consumer that shares the `kafka` section (librdkafka's CONFIGURATION.md,
column C); a producer would warn about each."""

log = structlog.get_logger()


def producer_properties(
    kafka: Properties, dead_letters: Properties
) -> dict[str, str | int | float | bool]:
    """The connection of `kafka`, our guarantees, then what `dead_letters.kafka` says.

    Raises KafkaSetupError where that would weaken a guarantee.
    """
    for name in _PROVEN:
        if name in dead_letters:
            raise KafkaSetupError(
                f"dead_letters.kafka.{name} cannot be set: a dead letter counts as written only "
                "when all in-sync replicas have it; remove the line"
            )
    shared = {
        name: value
        for name, value in kafka.items()
        if name not in _CONSUMER_ONLY and name not in _PROVEN
    }
    # What matters of librdkafka's own log comes by call-back as well.
    return {"log_level": 0, **shared, **OURS, **dead_letters}


def find_topic(properties: Properties, topic: str, sources: Collection[str], seconds: float) -> int:
    """Check the dead-letter topic before the first record is taken; returns its number of partitions.

    Blocks up to `seconds`. A thread compares the size limits of the topics, and only warns.
    Raises KafkaSetupError if it is missing, and what the client raises if the cluster cannot be
    asked.
    """
    # librdkafka would repeat on stderr, by the dozen, what is raised below.
    admin = AdminClient({**properties, "log_level": 0})
    # All topics: asking for one by name may create it.
    cluster = admin.list_topics(timeout=seconds)
    found = cluster.topics.get(topic)
    if found is None or found.error is not None:
        raise KafkaSetupError(
            f"dead_letters.topic `{topic}` does not exist, or this user may not see it (it needs "
            "Describe and Write); create it, e.g.\n"
            f"   kafka-topics.sh --bootstrap-server … --create --topic {topic} --partitions 6 "
            "--config retention.ms=1209600000 --config max.message.bytes=2097152"
        )
    # Beside, since the answer needs a permission and a controller, and no start depends on it.
    arguments = (admin, topic, list(sources), seconds)
    threading.Thread(target=_compare_sizes, args=arguments, daemon=True).start()
    return len(found.partitions)


def _size_limits(admin: AdminClient, topics: Sequence[str], seconds: float) -> dict[str, int]:
    """`max.message.bytes` of those topics that let us read it."""
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in topics]
    limits: dict[str, int] = {}
    for resource, answer in admin.describe_configs(resources, request_timeout=seconds).items():
        try:
            limits[resource.name] = int(answer.result()["max.message.bytes"].value)
        except Exception as error:  # noqa: BLE001 an answer that cannot be read is none
            log.debug(
                "size limit of a topic not readable",
                topic=resource.name,
                error=as_kafka_error(error).name(),
            )
    return limits


@observing
def _compare_sizes(admin: AdminClient, topic: str, sources: list[str], seconds: float) -> None:
    limits = _size_limits(admin, [topic, *sources], seconds)
    largest = max((size for name, size in limits.items() if name != topic), default=0)
    if largest and topic in limits and limits[topic] < largest + HEADERS_ROOM:
        log.warning(
            "dead letters of the largest records will not fit: raise max.message.bytes",
            topic=topic,
            max_message_bytes=limits[topic],
            needed=largest + HEADERS_ROOM,
        )
