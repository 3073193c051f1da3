"""`make bench`: the bridge, what it is held against, and the table of docs/performance.md.

Rounds are interleaved (every contender once, then all again), so that a machine that slows down slows
all of them; figures are medians of the rounds. Linux only: cores are assigned, /proc is read.
"""

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks import decode, flatness, members, stages, table
from benchmarks.contenders import Contender, contenders
from benchmarks.measure import Latency, Throughput, Waiting, latency, throughput, waiting
from benchmarks.parts import Parts, open_parts
from benchmarks.topics import Scale, Shape

ROUNDS = 3
LATENCY_SECONDS = 8.0
BACKLOGS = (10_000, 100_000)
FULL_BACKLOG = 1_000_000
RECORDS = 200_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.split("\n\n", 1)[0])
    parser.add_argument(
        "--full", action="store_true", help="memory with a backlog of 1,000,000 too"
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument(
        "--flatness", action="store_true", help="only: cost by records, partitions, persons"
    )
    only.add_argument("--members", action="store_true", help="only: 1 to 8 members of one group")
    only.add_argument("--stages", action="store_true", help="only: the cost of each stage")
    only.add_argument(
        "--decode", action="store_true", help="only: the cost of evolved records beside plain ones"
    )
    only.add_argument(
        "--latency",
        action="store_true",
        help="only: added latency and CPU at 200 records a second, printed",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="these contenders (and the floor)"
    )
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="this part of the records (0.02: see in two minutes that all works), docs/ left alone",
    )
    parser.add_argument("--print", action="store_true", help="leave docs/ as they are")
    options = parser.parse_args()
    began = time.monotonic()
    section, lines = _section(options)
    lines += ["", *table.circumstances(sys.argv[1:]), f"It took {time.monotonic() - began:.0f} s."]
    if options.print or options.latency or options.scale < 1:
        print("\n".join(lines))
    else:
        table.write(section, lines, members.PAGE if options.members else table.PAGE)


def _section(options: argparse.Namespace) -> tuple[str, list[str]]:
    """The section of the page, and its lines."""
    if options.stages:
        return "stages", stages.run()
    if options.decode:
        return "decode", decode.run()
    scale = Scale(options.scale)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, open_parts(Path(folder)) as parts:
        if options.flatness:
            return "flatness", flatness.run(parts, options.rounds, scale)
        if options.members:
            return "members", members.run(parts, scale)
        if options.latency:
            return "latency", unhurried(parts, _chosen(options.only), options)
        return "contenders", compare(parts, _chosen(options.only), options)


def _chosen(only: list[str] | None) -> list[Contender]:
    found = contenders()
    names = {one.name for one in found}
    if only is not None and not names >= set(only):
        raise SystemExit(f"--only: choose from {', '.join(sorted(names))}")
    return [one for one in found if only is None or one.name in {"floor", *only}]


def compare(parts: Parts, measured: list[Contender], options: argparse.Namespace) -> list[str]:
    scale = Scale(options.scale)
    topic, seconds = Shape(scale(RECORDS)), _latency_seconds(options)
    full: dict[str, list[Throughput]] = defaultdict(list)
    waits: dict[str, list[Waiting]] = defaultdict(list)
    ages: dict[str, list[Latency]] = defaultdict(list)
    for number in range(1, options.rounds + 1):
        for one in measured:
            full[one.name].append(throughput(parts, one, topic, scale(one.throughput)))
            _say(number, one.name, full[one.name][-1])
        for one in measured:
            waits[one.name].append(waiting(parts, one, topic, scale(one.waiting)))
            _say(number, one.name, waits[one.name][-1])
        for one in measured:
            ages[one.name].append(latency(parts, one, seconds))
            _say(number, one.name, ages[one.name][-1])
    memory: dict[int, dict[str, float]] = {}
    backlogs = [scale(count) for count in (*BACKLOGS, *([FULL_BACKLOG] if options.full else []))]
    fast = [one for one in measured if one.throughput > max(BACKLOGS) // 2]
    for records in backlogs:
        shape = Shape(records)
        memory[records] = {o.name: throughput(parts, o, shape, records).rss_mib for o in fast}
        _say(0, f"{records} records", memory[records])
    return [*table.contenders_table(full, waits, ages), "", *table.memory_table(memory)]


def unhurried(parts: Parts, measured: list[Contender], options: argparse.Namespace) -> list[str]:
    ages: dict[str, list[Latency]] = defaultdict(list)
    for number in range(1, options.rounds + 1):
        for one in measured:
            ages[one.name].append(latency(parts, one, _latency_seconds(options)))
            _say(number, one.name, ages[one.name][-1])
    return table.latency_table(ages)


def _latency_seconds(options: argparse.Namespace) -> float:
    scale: float = options.scale
    return max(2.0, LATENCY_SECONDS * min(1.0, scale))


def _say(number: int, who: str, found: object) -> None:
    print(f"round {number}: {who}: {found}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
