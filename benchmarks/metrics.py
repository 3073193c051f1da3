"""What the metrics cost per delivered event: `python -m benchmarks.metrics`. Exit code 1 above `LIMIT`.

Replays what the path of one event adds to integers and histograms: one record of one event, delivered
at the first attempt.
"""

import sys
import time

from benchmarks.stage import COUNT, LEGACY, Stage, best
from consumer.delivery.endpoint.counts import Counts
from consumer.delivery.http.answer import Answer
from consumer.model import Ended, Partition, Record
from consumer.pipeline.ledger import Ledger
from consumer.telemetry.tallies import Tallies

LIMIT = 3.0
"""µs of CPU per event."""
ROUNDS = 9


def metrics() -> Stage:
    tallies, ledger = Tallies(), Ledger()
    counts = Counts(LEGACY, tallies)
    partition = Partition("shop.clicks", 0, 1)
    ended = ledger.of_partition(partition)
    lookups = tallies.counter("schema_lookups")
    answer, hit = Answer(200), ("hit",)
    began = time.monotonic()
    record = Record(partition, 0, b"visitor-1", b"", (), 1_763_700_000_000)

    def ours() -> None:
        for _ in range(COUNT):
            ended.received += 1
            lookups.add(hit)
            ledger.of_event(LEGACY, "ProductPage").built += 1
            counts.attempt(time.monotonic() - began, answer)
            counts.delivered(record, time.time_ns() // 1_000_000)
            ledger.of_event(LEGACY, "ProductPage").end(Ended.DELIVERED)
            ended.delivered += 1

    def floor() -> None:
        for _ in range(COUNT):
            ended.delivered += 1

    return Stage("metrics", ours, floor, "one integer")


def main() -> int:
    cost = best(metrics().ours, ROUNDS)
    print(f"counting, per event: {cost:.2f} µs of CPU, {LIMIT:g} at most")
    return int(cost > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
