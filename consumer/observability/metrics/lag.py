"""Metrics of lag and freshness: how far behind delivery is."""

import time

from consumer.observability.lag import lag_records, lag_seconds
from consumer.observability.metrics.declare import (
    ENDPOINT,
    PARTITION,
    Metric,
    by_endpoint,
    wall,
)
from consumer.observability.parts import BridgeParts
from consumer.telemetry.exposition import Values

_LAG = "How far behind"


def _commit_gap(parts: BridgeParts) -> Values:
    for partition in parts.pipeline.held():
        yield (partition.topic, str(partition.number)), parts.committer.gap(partition)


LAG: tuple[Metric, ...] = (
    Metric(
        _LAG,
        "lag_records",
        "gauge",
        PARTITION,
        "Records between the committed offset and the end of the partition",
        "How far behind are we, as Kafka's own tools count it?",
        read=lag_records,
    ),
    Metric(
        _LAG,
        "lag_seconds",
        "gauge",
        PARTITION,
        "Age by Kafka's timestamp of the oldest record that has not ended; 0 when caught up. "
        "Where records remain but none is held, the age of the last one that ended: an upper "
        "bound",
        "How late is what we send now?",
        read=lambda parts: lag_seconds(parts, time.time()),
    ),
    Metric(
        _LAG,
        "commit_gap",
        "gauge",
        PARTITION,
        "Offsets between the lowest record that has not ended and the newest one admitted",
        "Does one record hold a partition's commits up?",
        read=_commit_gap,
    ),
    Metric(
        _LAG,
        "freshness_seconds",
        "histogram",
        ENDPOINT,
        "From the record's Kafka timestamp to the delivery of each of its events",
        "Do people get their mails in time?",
    ),
    Metric(
        _LAG,
        "last_delivery_timestamp_seconds",
        "gauge",
        ENDPOINT,
        "Unix time of the last delivery; 0 before the first",
        "Since when has nothing been delivered?",
        read=lambda parts: by_endpoint(parts, lambda queue: wall(queue.delivered_at)),
    ),
)
