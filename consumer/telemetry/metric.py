"""What a declaration of a metric says."""

from typing import Literal, NamedTuple

PREFIX = "yespo_bridge_"

MetricKind = Literal["counter", "gauge", "histogram"]

PARTITION = ("topic", "partition")
ENDPOINT = ("account", "api")
EVENT = (*ENDPOINT, "event")


class Metric(NamedTuple):
    """One family. `name` stands without `PREFIX`, and without the `_total` of counters."""

    group: str
    name: str
    kind: MetricKind
    labels: tuple[str, ...]
    help: str
    question: str

    @property
    def exported(self) -> str:
        """The name as it is written in a query (of a histogram: the part before `_bucket`)."""
        return PREFIX + self.name + ("_total" if self.kind == "counter" else "")
