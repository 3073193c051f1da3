"""The exported page: samples, read at scrape time, in the forms of Prometheus.

Nothing is counted here. The hot path adds to plain integers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Protocol

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from consumer.telemetry.histograms import Histogram

Values = Iterable[tuple[Sequence[str], float | Histogram]]
"""Samples of one metric: label values, and a number or (of histograms) a distribution."""

Samples = Mapping[str, Sequence[tuple[Sequence[str], float | Histogram]]]
"""By the metric's name."""


class Declared(Protocol):
    """A metric's declaration, as far as the page needs it."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def labels(self) -> Sequence[str]: ...
    @property
    def help(self) -> str: ...


class BridgeCollector(Collector):
    """Exports what `take` gives: all samples of one moment, by metric name."""

    def __init__(
        self, prefix: str, declared: Sequence[Declared], take: Callable[[], Samples]
    ) -> None:
        self._prefix = prefix
        self._declared = declared
        self._take = take

    def collect(self) -> Iterator[Metric]:
        samples = self._take()
        for metric in self._declared:
            yield _family(self._prefix, metric, samples.get(metric.name, ()))


def registry(collector: BridgeCollector) -> CollectorRegistry:
    """A registry of its own, so that two bridges in one process do not meet."""
    made = CollectorRegistry()
    made.register(collector)
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    GCCollector(registry=made)
    return made


def _family(
    prefix: str, metric: Declared, samples: Sequence[tuple[Sequence[str], float | Histogram]]
) -> Metric:
    name = prefix + metric.name
    if metric.kind == "histogram":
        histograms = HistogramMetricFamily(name, metric.help, labels=metric.labels)
        for labels, value in samples:
            assert isinstance(value, Histogram)
            histograms.add_metric(labels, _buckets(value), value.sum)
        return histograms
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(name, metric.help, labels=metric.labels)
    for labels, value in samples:
        assert not isinstance(value, Histogram)
        family.add_metric(labels, value)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, int]]:
    """Cumulative counts by upper bound, as Prometheus wants them; from one copy, so that they fit
    each other while the loop goes on counting."""
    counts = accumulate(list(histogram.counts))
    bounds = (*(repr(bound) for bound in histogram.bounds), "+Inf")
    return list(zip(bounds, counts, strict=True))
