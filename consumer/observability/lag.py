"""Lag of the partitions held now, in records and in seconds."""

from consumer.observability.parts import BridgeParts
from consumer.pipeline.partition_buffers import Held
from consumer.telemetry.exposition import Values


def lag_records(parts: BridgeParts) -> Values:
    """By partition. Only of partitions held now: the source's figures are a few seconds old."""
    lags = parts.source.lags
    for partition in parts.pipeline.held():
        lag = lags.get((partition.topic, partition.number))
        if lag is not None and lag.end >= 0:
            yield (partition.topic, str(partition.number)), lag.records


def lag_seconds(parts: BridgeParts, now: float) -> Values:
    """By partition. Left out where records of unknown age remain."""
    lags = parts.source.lags
    for partition, held in parts.pipeline.held().items():
        lag = lags.get((partition.topic, partition.number))
        age = age_of(held, lag.end if lag else -1, lag.records if lag else 0, now)
        if age is not None:
            yield (partition.topic, str(partition.number)), age


def age_of(held: Held, end: int, lag: int, now: float) -> float | None:
    """Seconds that the oldest record not ended has been in Kafka; None if unknown. `end` is the
    partition's end offset, `lag` the records up to it that are not committed."""
    if held.records:
        oldest = held.oldest_ms
    elif lag == 0 or held.newest_offset + 1 >= end:
        return 0.0  # what is left of the lag is a commit under way
    else:
        oldest = held.newest_ms
    return max(0.0, now - oldest / 1000) if oldest >= 0 else None
