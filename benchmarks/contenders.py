"""Who is measured, and how each is started with the same work to do.

The work: read a topic of the shipped schema from its beginning, decode, make one ProductPage event of
each record, POST it alone, 64 at a time, commit.
"""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.parts import Parts
from benchmarks.rivals import redpanda_connect, vector
from benchmarks.topics import ROOT
from tests.parts.fetch import cache_folder
from tests.parts.ports import free_port

IN_FLIGHT = 64


@dataclass(frozen=True, slots=True)
class Task:
    """One run of one contender: a topic, a group of its own, a folder for its files."""

    parts: Parts
    topic: str
    group: str
    folder: Path
    in_flight: int = IN_FLIGHT

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.parts.sink.port}/api/v2"


@dataclass(frozen=True, slots=True)
class Contender:
    """`throughput` and `waiting` are the numbers of events in a run at full speed, and in one against
    a vendor who takes 50 ms: as many as a few seconds need."""

    name: str
    command: Callable[[Task], list[str]]
    throughput: int
    waiting: int


def contenders() -> list[Contender]:
    """The floor first: all others are held against it."""
    found = [
        Contender("floor", _floor, 200_000, 5_000),
        Contender("bridge", _bridge, 100_000, 5_000),
        Contender("bridge, stock httpx", _bridge_on_httpx, 3_000, 1_500),
        Contender("plain script", _plain_script, 3_000, 1_000),
    ]
    if (binary := os.environ.get("REDPANDA_CONNECT")) is not None:
        run = partial(_rival, [binary, "run"], redpanda_connect)
        found.append(Contender("Redpanda Connect", run, 100_000, 1_000))
    if (binary := os.environ.get("VECTOR")) is not None:
        run = partial(_rival, [binary, "--quiet", "--config"], vector)
        found.append(Contender("Vector", run, 100_000, 5_000))
    return found


def _rival(
    program: list[str], make: Callable[[str, str, str, str, str], str], task: Task
) -> list[str]:
    parts = task.parts
    file = task.folder / "config.yaml"
    file.write_text(
        make(parts.kafka.bootstrap, task.topic, task.group, parts.registry.url, task.url)
    )
    return [*program, str(file)]


def _bridge(task: Task) -> list[str]:
    return _bridge_with(task, {})


def _bridge_on_httpx(task: Task) -> list[str]:
    return _bridge_with(task, {"client": "httpx"})


def _bridge_with(task: Task, delivery: dict[str, object]) -> list[str]:
    """`yespo-bridge run` as a user starts it, metrics and all."""
    mapping = (ROOT / "benchmarks" / "shop.yaml").read_text()
    mapping = mapping.replace("[shop.clicks]", f"[{task.topic}]")
    mapping = mapping.replace("../avro", str(ROOT / "avro"))
    (task.folder / "mapping.yaml").write_text(mapping)
    settings = {
        "kafka": {"bootstrap.servers": task.parts.kafka.bootstrap, "group.id": task.group},
        "start": {"no_offset": "earliest"},
        "registry": {"url": task.parts.registry.url},
        "mappings": [str(task.folder / "mapping.yaml")],
        "yespo": {"accounts": {"main": {"legacy": {"url": task.url, "site_id": "8A412DC"}}}},
        "delivery": {"max_in_flight": task.in_flight, **delivery},
        "dead_letters": {"topic": f"{task.topic}.dlq"},
        "http": {"host": "127.0.0.1", "port": free_port()},
        "log": {"format": "json"},
    }
    file = task.folder / "bridge.yaml"
    file.write_text(json.dumps(settings, indent=1))  # JSON is YAML
    return [sys.executable, "-m", "consumer", "run", "--json", "--config", str(file)]


def _options(task: Task, **more: object) -> str:
    return json.dumps(
        {
            "bootstrap": task.parts.kafka.bootstrap,
            "topic": task.topic,
            "group": task.group,
            "port": task.parts.sink.port,
            "url": task.url,
            "registry": task.parts.registry.url,
            "in_flight": task.in_flight,
            **more,
        }
    )


def _floor(task: Task) -> list[str]:
    return [sys.executable, "-m", "benchmarks.floor", _options(task)]


def _plain_script(task: Task) -> list[str]:
    script = ROOT / "benchmarks" / "plain_script.py"
    return [str(_plain_environment()), str(script), _options(task)]


def _plain_environment() -> Path:
    """A Python with what the plain script needs, made once."""
    wanted = ROOT / "benchmarks" / "plain_script.txt"
    folder = cache_folder() / "benchmark-plain-script"
    python, done = folder / "bin" / "python", folder / "installed.txt"
    if not done.is_file() or done.read_text() != wanted.read_text():
        venv.create(folder, clear=True, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "-r", str(wanted)], check=True)
        done.write_text(wanted.read_text())
    return python
