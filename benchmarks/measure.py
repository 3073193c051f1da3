"""One run of one contender, and what is read off it."""

import contextlib
import json
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.contenders import Contender, Task
from benchmarks.parts import Parts, stop
from benchmarks.sink import Run
from benchmarks.topics import Shape, fill

LIMIT_SECONDS = 300.0
RATE = 200.0
VENDOR_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Throughput:
    """`cpu_us` per event, of the whole process with its threads, from the first to the last request.
    `sink_busy` is the share of its core that the sink used meanwhile: near 1 it was the limit."""

    events_s: float
    cpu_us: float
    rss_mib: float
    start_s: float
    join_s: float | None
    sink_busy: float


@dataclass(frozen=True, slots=True)
class Waiting:
    """Against a vendor that takes 50 ms. `overtaken` events came after a later one of their visitor."""

    events_s: float
    overtaken: int
    at_once: int


@dataclass(frozen=True, slots=True)
class Latency:
    """From Kafka's append timestamp (ms) to the request's arrival, at 200 records a second."""

    p50_ms: float
    p99_ms: float
    cpu_percent: float


@dataclass
class _Running:
    process: subprocess.Popen[bytes]
    log: Path
    started: float


@contextlib.contextmanager
def _running(parts: Parts, contender: Contender, topic: str) -> Iterator[_Running]:
    """Started in a group of its own; stopped at the end."""
    with tempfile.TemporaryDirectory(dir=parts.folder) as folder:
        task = Task(parts, topic, f"group-{uuid.uuid4().hex[:8]}", Path(folder))
        command = contender.command(task)
        log = Path(folder) / "log"
        started = time.time()
        process = parts.start(command, log)
        try:
            parts.sink.watch(process.pid)
            yield _Running(process, log, started)
        finally:
            stop(process)


def throughput(parts: Parts, contender: Contender, shape: Shape, count: int) -> Throughput:
    """At full speed, from a backlog."""
    topic = parts.filled(shape)
    parts.sink.begin(count)
    with _running(parts, contender, topic) as running:
        rss = parts.wait(running.process, running.log, count, LIMIT_SECONDS)
        run = parts.sink.report()
        joining = _joining(running.log)
    seconds = run.last - run.first
    return Throughput(
        events_s=(count - 1) / seconds,
        cpu_us=(run.cpu_last - run.cpu_first) / (count - 1) * 1e6,
        rss_mib=rss / 1024**2,
        start_s=run.first - running.started,
        join_s=None if joining is None else run.first - joining,
        sink_busy=(run.sink_last - run.sink_first) / seconds,
    )


def waiting(parts: Parts, contender: Contender, shape: Shape, count: int) -> Waiting:
    """As fast as a vendor of 50 ms lets it."""
    topic = parts.filled(shape)
    parts.sink.begin(count, delay=VENDOR_SECONDS, look="order")
    with _running(parts, contender, topic) as running:
        parts.wait(running.process, running.log, count, LIMIT_SECONDS)
        run = parts.sink.report()
    _must_have_read(run)
    return Waiting((count - 1) / (run.last - run.first), run.overtaken, run.most_at_once)


def latency(parts: Parts, contender: Contender, seconds: float) -> Latency:
    """Records come one by one into an empty topic, once the contender has shown that it reads it."""
    topic, schema_id = parts.topic(6)
    bootstrap, count = parts.kafka.bootstrap, round(RATE * seconds)
    first = Shape(1, 6, 1)
    parts.sink.begin(1)
    fill(bootstrap, topic, schema_id, first)
    with _running(parts, contender, topic) as running:
        parts.wait(running.process, running.log, 1, LIMIT_SECONDS)
        parts.sink.begin(count, delay=VENDOR_SECONDS, look="arrival")
        parts.sink.watch(running.process.pid)
        appended: dict[int, int] = {}

        def produce() -> None:
            shape = Shape(count, 6, 1000)
            appended.update(fill(bootstrap, topic, schema_id, shape, rate=RATE, linger=0))

        producing = threading.Thread(target=produce)
        producing.start()
        try:
            parts.wait(running.process, running.log, count, LIMIT_SECONDS)
        finally:
            producing.join()
        run = parts.sink.report()
    _must_have_read(run)
    ages = sorted(came * 1000 - appended[int(number)] for number, came in run.arrivals.items())
    return Latency(
        p50_ms=ages[len(ages) // 2],
        p99_ms=ages[int(len(ages) * 0.99)],
        cpu_percent=(run.cpu_last - run.cpu_first) / (run.last - run.first) * 100,
    )


def _must_have_read(run: Run) -> None:
    if run.unread:
        raise RuntimeError(f"{run.unread} of {run.count} bodies do not hold what was looked for")


def _joining(log: Path) -> float | None:
    """When it asked to join the group, where it says so: the bridge in its log, a script of ours in a
    line of its own."""
    for line in log.read_text(errors="replace").splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if "joining" in said:
            return float(said["joining"])
        if said.get("event") == "joining the group":
            return datetime.fromisoformat(said["timestamp"]).timestamp()
    return None
