"""Whether an event costs the same whatever surrounds it: records, partitions, persons.

Every shape is measured with the floor beside it in the same round: the machine, Kafka and librdkafka
have a shape of their own, which is the floor's drift and not the bridge's.
"""

import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from benchmarks.contenders import contenders
from benchmarks.measure import throughput
from benchmarks.parts import Parts
from benchmarks.topics import Scale, Shape

USUAL = "100,000 records"
SHAPES = {
    "10,000 records": Shape(10_000, 6, 1000),
    USUAL: Shape(100_000, 6, 1000),
    "1,000,000 records": Shape(1_000_000, 6, 1000),
    "1 partition": Shape(100_000, 1, 1000),
    "64 partitions": Shape(100_000, 64, 1000),
    "10 persons": Shape(100_000, 6, 10),
    "100,000 persons": Shape(100_000, 6, 100_000),
}


def run(parts: Parts, rounds: int, scale: Scale) -> list[str]:
    """A row per shape. The drift is what an event costs the bridge more than in the base shape, less
    what it costs the floor more: 0 is flat. Less, and not divided by it: where Kafka costs both 3 µs
    more, it has cost the bridge 3 µs, whatever part of the floor that is."""
    costs: dict[tuple[str, str], list[float]] = defaultdict(list)
    measured = [one for one in contenders() if one.name in {"floor", "bridge"}]
    for number in range(1, rounds + 1):
        for label, shape in SHAPES.items():
            scaled = replace(shape, records=scale(shape.records))
            for one in measured:
                found = throughput(parts, one, scaled, scaled.records)
                costs[label, one.name].append(found.cpu_us)
                print(f"round {number}: {label}: {one.name}: {found}", file=sys.stderr, flush=True)
    return table(costs)


def table(costs: Mapping[tuple[str, str], Sequence[float]]) -> list[str]:
    """Of microseconds by shape and contender, one for each round: medians over the rounds, in each of
    which drift and ratio are of what was measured in it."""
    rows = [
        "| shape | floor µs/event | bridge µs/event | ratio | drift beyond the floor's |",
        "|---|---|---|---|---|",
    ]
    for label in SHAPES:
        floors, bridges = costs[label, "floor"], costs[label, "bridge"]
        rounds = zip(floors, bridges, costs[USUAL, "floor"], costs[USUAL, "bridge"], strict=True)
        drifts = [
            ((bridge - usual) - (floor - least)) / usual for floor, bridge, least, usual in rounds
        ]
        ratio = median(bridge / floor for floor, bridge in zip(floors, bridges, strict=True))
        rows.append(
            f"| {label} | {median(floors):.1f} | {median(bridges):.1f} | {ratio:.2f} "
            f"| {median(drifts):+.0%} |"
        )
    return rows
