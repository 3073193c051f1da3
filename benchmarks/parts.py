"""What stands around the contenders: a real Kafka and registry, the sink, and who runs on which core."""

import contextlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.sink import Run
from benchmarks.topics import ROOT, SCHEMA_TEXT, Shape, fill
from tests.parts.kafka import KafkaBroker
from tests.parts.ports import wait_until
from tests.parts.registry import Registry


@dataclass(frozen=True, slots=True)
class Cores:
    """`contender` is measured; everything else runs on `others`. The same where there is one only."""

    contender: set[int]
    others: set[int]

    @staticmethod
    def divide() -> "Cores":
        """The last core this process may use is the contender's."""
        mine = sorted(os.sched_getaffinity(0))
        return Cores({mine[-1]}, set(mine[:-1]) or {mine[-1]})


class SinkProcess:
    """The sink, told by lines of JSON."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.sink"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._line())

    def begin(self, target: int, *, delay: float = 0.0, look: str | None = None) -> None:
        self._ask({"begin": {"target": target, "delay": delay, "look": look}})

    def watch(self, pid: int) -> None:
        self._ask({"watch": pid})

    def count(self) -> int:
        return int(self._ask({"count": True})["count"])

    def report(self) -> Run:
        return Run(**self._ask({"report": True}))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._line())
        return answer

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@dataclass
class Parts:
    """One of each for the whole benchmark."""

    kafka: KafkaBroker
    registry: Registry
    sink: SinkProcess
    cores: Cores
    folder: Path
    _filled: dict[Shape, str] = field(default_factory=dict)

    def topic(self, partitions: int, schema_of: str = "clicks") -> tuple[str, int]:
        """A new topic whose timestamps are the broker's, its dead-letter topic and its schema's id."""
        name = f"{schema_of}-{uuid.uuid4().hex[:8]}"
        append = {"message.timestamp.type": "LogAppendTime"}
        self.kafka.create_topic(name, partitions, append)
        self.kafka.create_topic(f"{name}.dlq", 1)
        return name, self.registry.register(f"{name}-value", SCHEMA_TEXT)

    def filled(self, shape: Shape) -> str:
        """A topic with these records; made once per shape."""
        if shape not in self._filled:
            name, schema_id = self.topic(shape.partitions)
            fill(self.kafka.bootstrap, name, schema_id, shape)
            self._filled[shape] = name
        return self._filled[shape]

    def start(
        self, command: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """A contender on its core. Output and errors go to `log`."""
        os.sched_setaffinity(
            0, self.cores.contender
        )  # which the child inherits with all its threads
        try:
            with log.open("wb") as out:
                return subprocess.Popen(
                    command,
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
                )
        finally:
            os.sched_setaffinity(0, self.cores.others)

    def wait(self, process: subprocess.Popen[bytes], log: Path, target: int, seconds: float) -> int:
        """Until `target` requests have come; returns the highest resident memory seen, in bytes."""
        pages = Path(f"/proc/{process.pid}/statm")
        highest = 0

        def over() -> bool:
            nonlocal highest
            if process.poll() is not None:
                tail = log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"{process.args!r} ended with {process.returncode}:\n{tail}")
            highest = max(highest, int(pages.read_text().split()[1]))
            return self.sink.count() >= target

        wait_until(over, seconds, f"{target} requests (see {log})", every=0.1)
        return highest * os.sysconf("SC_PAGE_SIZE")


@contextlib.contextmanager
def open_parts(folder: Path) -> Iterator[Parts]:
    """Everything started, on the cores that are not the contender's; ended with the block."""
    cores = Cores.divide()
    with contextlib.ExitStack() as ends:
        kafka, registry = KafkaBroker(), Registry()
        ends.callback(kafka.stop)
        kafka.start()
        ends.callback(registry.stop)
        registry.start()
        # Only now: on one core a Java program takes a minute to start.
        for child in psutil.Process().children(recursive=True):
            for thread in child.threads():
                os.sched_setaffinity(thread.id, cores.others)
        os.sched_setaffinity(0, cores.others)
        sink = SinkProcess()
        ends.callback(sink.close)
        yield Parts(kafka, registry, sink, cores, folder)


def stop(process: subprocess.Popen[bytes], seconds: float = 40.0) -> None:
    """SIGTERM, and SIGKILL where that takes too long."""
    began = time.monotonic()
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        print(f"killed after {time.monotonic() - began:.0f} s: {process.args!r}", file=sys.stderr)
        process.kill()
        process.wait()
