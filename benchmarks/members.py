"""From one to eight members of one group on a real Kafka: what each adds, and what the group yields.

The vendor takes 50 ms, so that eight members fit on two cores: what is looked at is how the work
spreads, not how fast this machine is. Members share the contender's core and one more.
"""

import os
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path

from benchmarks.contenders import Task, contenders
from benchmarks.measure import VENDOR_SECONDS
from benchmarks.parts import Parts, stop
from benchmarks.topics import ROOT, Scale, Shape
from tests.parts.ports import wait_until

PAGE = ROOT / "docs" / "scaling.md"
NUMBERS = (1, 2, 4, 8)
SHAPE = Shape(60_000, 24, 2000)
COUNTED = 10_000
JOIN_SECONDS = 180.0
IN_FLIGHT = 8
"""Per member: 8 / 0.05 s = 160/s each, which 8 members reach on one core."""


def run(parts: Parts, scale: Scale) -> list[str]:
    """A row per number of members."""
    counted = scale(COUNTED)
    rows = [
        (
            "| members | partitions each | events/s | per member, against one alone | order per visitor "
            "| repeated by the rebalances | RSS each |"
        ),
        "|---|---|---|---|---|---|---|",
    ]
    alone = 0.0
    for number in NUMBERS:
        rate, overtaken, repeated, rss = _measured(parts, number, counted)
        alone = alone or rate
        rows.append(
            f"| {number} | {SHAPE.partitions // number} | {rate:,.0f} | {rate / alone / number:.0%} | "
            f"{'kept' if not overtaken else f'lost {overtaken} times'} | {repeated} | {rss:.0f} MiB |"
        )
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def _measured(parts: Parts, number: int, counted: int) -> tuple[float, int, int, float]:
    """Events/s of the whole group once all are in, events out of order, repeated ones, MiB."""
    topic = parts.filled(SHAPE)
    bridge = next(one for one in contenders() if one.name == "bridge")
    group = f"group-{uuid.uuid4().hex[:8]}"
    parts.sink.begin(SHAPE.records, delay=VENDOR_SECONDS, look="order")
    with ExitStack() as ends, tempfile.TemporaryDirectory(dir=parts.folder) as folder:
        processes = []
        for index in range(number):
            own = Path(folder) / str(index)
            own.mkdir()
            command = bridge.command(Task(parts, topic, group, own, in_flight=IN_FLIGHT))
            process = parts.start(command, own / "log")
            ends.callback(stop, process)
            processes.append(process)
        wait_until(lambda: parts.kafka.members(group) == number, JOIN_SECONDS, f"{number} members")
        before, began = parts.sink.count(), time.monotonic()
        wait_until(
            lambda: parts.sink.count() >= before + counted,
            JOIN_SECONDS,
            f"{counted} events of {number} members",
        )
        rate = (parts.sink.count() - before) / (time.monotonic() - began)
        pages = [int(Path(f"/proc/{p.pid}/statm").read_text().split()[1]) for p in processes]
        rss = max(pages) * os.sysconf("SC_PAGE_SIZE") / 1024**2
    report = parts.sink.report()
    return rate, report.overtaken, report.repeated, rss
