"""The declaration of a metric: its name, labels, help, reader and the series that begin at 0.

A metric that stages count needs no reader: `Tallies` keeps it under the same name. So a new one
touches two files, its declaration and the place that counts.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Literal, NamedTuple

from consumer.delivery.endpoint.queue import EndpointQueue
from consumer.observability.parts import BridgeParts
from consumer.pipeline.partition_buffers import Held
from consumer.telemetry.exposition import Values

PREFIX = "yespo_bridge_"

MetricKind = Literal["counter", "gauge", "histogram"]

Labels = Sequence[str]
NO_LABELS: tuple[Labels, ...] = ((),)

PARTITION = ("topic", "partition")
ENDPOINT = ("account", "api")
EVENT = (*ENDPOINT, "event")


def _nothing(_: BridgeParts) -> Iterable[Labels]:
    return ()


class Metric(NamedTuple):
    """One family. `name` stands without `PREFIX`, and without the `_total` of counters.

    `read` yields its samples on the loop's thread; None where stages count it. `zeros` are the
    label values that begin at 0: what appears only with its first count is missing from
    `increase()` and `rate()` just when it matters. Label values come from closed sets, the
    configuration and the mapping, never out of a record.
    """

    group: str
    name: str
    kind: MetricKind
    labels: tuple[str, ...]
    help: str
    question: str
    read: Callable[[BridgeParts], Values] | None = None
    zeros: Callable[[BridgeParts], Iterable[Labels]] = _nothing

    @property
    def exported(self) -> str:
        """The name as it is written in a query (of a histogram: the part before `_bucket`)."""
        return PREFIX + self.name + ("_total" if self.kind == "counter" else "")


def one(value: float) -> Values:
    """The sample of a metric without labels."""
    return [((), float(value))]


def by_partition(parts: BridgeParts, value: Callable[[Held], float]) -> Values:
    for partition, held in parts.pipeline.held().items():
        yield (partition.topic, str(partition.number)), value(held)


def by_endpoint(parts: BridgeParts, value: Callable[[EndpointQueue], float]) -> Values:
    return [(endpoint, value(queue)) for endpoint, queue in parts.delivery.queues.items()]


def each_endpoint(parts: BridgeParts, values: Sequence[str]) -> Iterable[Labels]:
    """Every value of the last label, for every endpoint."""
    return [(*endpoint, str(value)) for endpoint in parts.delivery.queues for value in values]


def wall(monotonic: float | None) -> float:
    """Unix time of a monotonic one; 0 for never."""
    return 0.0 if monotonic is None else time.time() - (time.monotonic() - monotonic)
