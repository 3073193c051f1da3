"""What librdkafka's statistics say about lag and brokers, as plain data for the metrics."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from consumer.source.assignment import Key


class PartitionLag(NamedTuple):
    """`committed` is acknowledged by Kafka; `end` is where a reader of our isolation level would
    stand without lag (-1 while unknown); `records` is the distance, never negative."""

    committed: int
    end: int

    @property
    def records(self) -> int:
        return max(0, self.end - self.committed) if self.end >= 0 else 0


class Statistics(NamedTuple):
    """One reading. `ends` are offsets by partition, `brokers` states by name (`UP`, `DOWN`, ...)."""

    ends: Mapping[Key, int]
    brokers: Mapping[str, str]

    @property
    def connected(self) -> bool:
        return "UP" in self.brokers.values()


def read(text: str | bytes, *, committed_only: bool) -> Statistics:
    """Read librdkafka's JSON. `committed_only` (isolation level read_committed) ends a partition
    before the first open transaction. Partitions whose end is not known yet are left out."""
    report: dict[str, Any] = orjson.loads(text)
    end = "ls_offset" if committed_only else "hi_offset"
    ends = {
        (topic, partition["partition"]): partition[end]
        for topic, details in report["topics"].items()
        for partition in details["partitions"].values()
        if partition[end] >= 0
    }
    # librdkafka also lists the configured addresses and the logical coordinator; both are only
    # other names of real brokers, which alone have a node id.
    brokers = {b["name"]: b["state"] for b in report["brokers"].values() if b["nodeid"] >= 0}
    return Statistics(ends, brokers)
