"""Metrics of Kafka: partitions, commits, the group."""

from consumer.observability.metrics.declare import Metric, one, wall
from consumer.observability.parts import BridgeParts
from consumer.telemetry.exposition import Values

_KAFKA = "Kafka"
_KAFKA_ERRORS = (
    *("_ALL_BROKERS_DOWN", "_AUTHENTICATION"),
    *("_AUTO_OFFSET_RESET", "_RESOLVE", "_TRANSPORT"),
)
"""Those that alerts and docs ask for; librdkafka has many more."""


def _paused(parts: BridgeParts) -> Values:
    held = parts.pipeline.held()
    gaps = [parts.committer.gap(partition) for partition in held]
    yield ("buffer",), sum(each.paused for each in held.values())
    yield ("schema",), sum(each.blocked for each in held.values())
    yield ("gap",), sum(gap >= parts.limits.gap for gap in gaps)


def _fetch_failing(parts: BridgeParts) -> Values:
    for (topic, number), failure in parts.source.fetch_failures.items():
        yield (topic, str(number), failure.error), 1


KAFKA: tuple[Metric, ...] = (
    Metric(
        _KAFKA,
        "partitions_assigned",
        "gauge",
        (),
        "Partitions that are ours now",
        "Does this replica have work?",
        read=lambda parts: one(len(parts.pipeline.held())),
    ),
    Metric(
        _KAFKA,
        "fetch_failing",
        "gauge",
        ("topic", "partition", "code"),
        "1 for a partition of ours whose records cannot be fetched: Kafka's error, or `no_progress` "
        "where it stands still below its end for a minute",
        "Which partition cannot be read?",
        read=_fetch_failing,
    ),
    Metric(
        _KAFKA,
        "partitions_paused",
        "gauge",
        ("reason",),
        "Partitions standing still: buffer (full), schema (being fetched), gap (`commit.max_gap`)",
        "What holds the partitions up now?",
        read=_paused,
    ),
    Metric(
        _KAFKA,
        "pauses",
        "counter",
        ("reason",),
        "Times a partition's fetching paused because its buffer was full, or behind a schema",
        "How often does delivery slow the reading down?",
        zeros=lambda _: (("buffer",), ("schema",)),
    ),
    Metric(
        _KAFKA,
        "rebalances",
        "counter",
        ("event",),
        "Partitions assigned, revoked and lost",
        "Is the group restless?",
        zeros=lambda _: (("assigned",), ("revoked",), ("lost",)),
    ),
    Metric(
        _KAFKA,
        "commits",
        "counter",
        ("result",),
        "Offset commits answered: ok or error",
        "Are commits refused?",
        zeros=lambda _: (("ok",), ("error",)),
    ),
    Metric(
        _KAFKA,
        "last_commit_timestamp_seconds",
        "gauge",
        (),
        "Unix time of the last acknowledged commit; 0 before the first",
        "How old is the progress that a restart would keep?",
        read=lambda parts: one(wall(parts.committer.last_success)),
    ),
    Metric(
        _KAFKA,
        "requests_unacknowledged",
        "gauge",
        (),
        "Requests of admitted records that no acknowledged commit covers",
        "How much would a kill -9 send twice?",
        read=lambda parts: one(parts.committer.unacknowledged),
    ),
    Metric(
        _KAFKA,
        "requests_unacknowledged_limit",
        "gauge",
        (),
        "`delivery.max_in_flight` + `commit.max_unacknowledged`",
        "Do missing commits hold new requests back?",
        read=lambda parts: one(parts.limits.unacknowledged),
    ),
    Metric(
        _KAFKA,
        "kafka_errors",
        "counter",
        ("code",),
        "Errors reported by the Kafka client, by librdkafka's name",
        "What is wrong between us and Kafka?",
        zeros=lambda _: ((code,) for code in _KAFKA_ERRORS),
    ),
    Metric(
        _KAFKA,
        "last_poll_timestamp_seconds",
        "gauge",
        (),
        "Unix time at which the poll loop last moved as a member of the group",
        "Does the Kafka thread move?",
        read=lambda parts: one(wall(parts.source.polled_at)),
    ),
    Metric(
        _KAFKA,
        "joined",
        "gauge",
        (),
        "1 once Kafka was reached and the topics subscribed to, else 0",
        "Is this replica still waiting for Kafka?",
        read=lambda parts: one(parts.source.joined),
    ),
)
