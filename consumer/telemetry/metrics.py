"""The metrics page: what `catalogue` declares, read at scrape time and put into Prometheus's forms.

Nothing is counted here. The hot path adds to plain integers; readers look at them when asked.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from consumer.telemetry import catalogue
from consumer.telemetry.histograms import Histogram
from consumer.telemetry.metric import PREFIX
from consumer.telemetry.metric import Metric as Declared

Values = Iterable[tuple[Sequence[str], float | Histogram]]
"""What a reader yields: label values, and a number or (of histograms) a distribution."""

Readers = Mapping[str, Callable[[], Values]]
"""By the metric's name in the catalogue."""

Samples = Mapping[str, Sequence[tuple[Sequence[str], float | Histogram]]]


class BridgeCollector(Collector):
    """Exports what `take` gives: all samples of one moment, by metric name."""

    def __init__(self, take: Callable[[], Samples]) -> None:
        self._take = take

    def collect(self) -> Iterator[Metric]:
        samples = self._take()
        for metric in catalogue.METRICS:
            yield _family(metric, samples.get(metric.name, ()))


def read(readers: Readers) -> Samples:
    """Ask every reader. Takes as long as there are samples: about 1 µs each."""
    return {name: list(reader()) for name, reader in readers.items()}


def registry(collector: BridgeCollector) -> CollectorRegistry:
    """A registry of its own, so that two bridges in one process do not meet."""
    made = CollectorRegistry()
    made.register(collector)
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    GCCollector(registry=made)
    return made


def _family(metric: Declared, samples: Sequence[tuple[Sequence[str], float | Histogram]]) -> Metric:
    name = PREFIX + metric.name
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
