"""Reads all metrics of one bridge: on the loop's thread, so that one scrape always balances."""

from collections.abc import Sequence

from consumer.observability.metrics.catalogue import METRICS
from consumer.observability.metrics.declare import Metric
from consumer.observability.parts import BridgeParts
from consumer.telemetry.exposition import Samples, Values


def declare_zeros(parts: BridgeParts, metrics: Sequence[Metric] = METRICS) -> None:
    """Let every combination of labels that is known beforehand begin at 0."""
    for metric in metrics:
        for labels in metric.zeros(parts):
            parts.tallies.counter(metric.name).declare(*labels)


def collect(parts: BridgeParts, metrics: Sequence[Metric] = METRICS) -> Samples:
    """All samples, by the metric's name. Takes about 1 µs for each."""
    parts.pipeline.count_in_flight()
    return {metric.name: list(_read(parts, metric)) for metric in metrics}


def _read(parts: BridgeParts, metric: Metric) -> Values:
    if metric.read is not None:
        return metric.read(parts)
    if metric.kind == "histogram":
        return parts.tallies.distributions(metric.name)
    return parts.tallies.counter(metric.name).items()
