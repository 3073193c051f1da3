"""The figures as the tables of docs/performance.md, between the markers that stand there."""

import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks.measure import Latency, Throughput, Waiting
from benchmarks.topics import ROOT

PAGE = ROOT / "docs" / "performance.md"


def contenders_table(
    full: Mapping[str, Sequence[Throughput]],
    waits: Mapping[str, Sequence[Waiting]],
    ages: Mapping[str, Sequence[Latency]],
) -> list[str]:
    """One row per contender; medians over the rounds. Ratios are against the floor of the same round:
    a machine that is slow for a while is so for both."""
    floors = [one.cpu_us for one in full["floor"]]
    rows = [
        (
            "| contender | events/s | CPU µs/event | x floor | sink busy | 50 ms vendor, 64 in flight "
            "| order per visitor | added latency p50 / p99 | CPU at 200/s | start → first delivery "
            "| group join → first delivery |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, runs in full.items():
        ratios = [one.cpu_us / floor for one, floor in zip(runs, floors, strict=True)]
        joins = [one.join_s for one in runs if one.join_s is not None]
        lost = sum(one.overtaken for one in waits[name])
        cells = [
            name,
            f"{median(one.events_s for one in runs):,.0f}",
            f"{median(one.cpu_us for one in runs):,.1f}",
            f"{median(ratios):.2f}",
            f"{median(one.sink_busy for one in runs):.0%}",
            f"{median(one.events_s for one in waits[name]):,.0f}/s",
            "kept" if lost == 0 else f"lost {lost:,} times",
            *_unhurried(ages[name]),
            f"{median(one.start_s for one in runs):.1f} s",
            f"{median(joins):.1f} s" if joins else "-",
        ]
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def latency_table(ages: Mapping[str, Sequence[Latency]]) -> list[str]:
    """One row per contender at 200 records a second; medians over the rounds."""
    rows = ["| contender | added latency p50 / p99 | CPU at 200/s |", "|---|---|---|"]
    return rows + [
        f"| {name} | " + " | ".join(_unhurried(runs)) + " |" for name, runs in ages.items()
    ]


def _unhurried(runs: Sequence[Latency]) -> list[str]:
    p50, p99 = median(one.p50_ms for one in runs), median(one.p99_ms for one in runs)
    return [f"{p50:.1f} / {p99:.1f} ms", f"{median(one.cpu_percent for one in runs):.1f} %"]


def memory_table(found: Mapping[int, Mapping[str, float]]) -> list[str]:
    """Highest resident memory by size of the backlog (records) and contender, in MiB."""
    names = list(next(iter(found.values())))
    rows = ["| backlog | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for records, by_name in found.items():
        cells = [f"{by_name[name]:.0f} MiB" for name in names]
        rows.append(f"| {records:,} records | " + " | ".join(cells) + " |")
    return rows


def circumstances(arguments: Sequence[str]) -> list[str]:
    """Machine, versions, date and command."""
    versions = ", ".join(
        f"{name} {version(name)}"
        for name in ("confluent-kafka", "fastavro", "httptools", "uvloop", "orjson", "httpx")
    )
    command = shlex.join(["make", "bench", *([f"ARGS={' '.join(arguments)}"] if arguments else [])])
    return [
        (
            f"`{command}` on {datetime.now(UTC):%Y-%m-%d}. Machine: {_processor()}, "
            f"{os.cpu_count()} cores, {_memory_gib():.0f} GiB, "
            f"{platform.system()} {platform.release().partition('-')[0]}; "
            f"the load of the last minute was {os.getloadavg()[0]:.1f}. Versions: "
            f"Python {platform.python_version()} ({sys.base_prefix}), Kafka 4.3.0, {versions}."
        ),
    ]


def write(section: str, lines: Sequence[str], page: Path = PAGE) -> None:
    """Put the lines between `<!-- section -->` and `<!-- /section -->`."""
    text = page.read_text()
    begin, end = f"<!-- {section} -->\n", f"<!-- /{section} -->"
    if begin not in text or end not in text:
        raise RuntimeError(f"{page} has no place for {section}: {begin.strip()} ... {end}")
    head, _, rest = text.partition(begin)
    tail = rest[rest.index(end) :]
    page.write_text(head + begin + "\n".join(lines) + "\n" + tail)
    print("\n".join(lines), file=sys.stdout)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**3
