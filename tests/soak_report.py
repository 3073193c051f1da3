"""Figures of the soak run, written into the table of docs/soak.md.

A test that takes minutes asks for the fixture `figure` and tells what it saw; its row replaces the
one of the same name. Runs with reduced counts leave the page alone.
"""

import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

PAGE = Path(__file__).parent.parent / "docs" / "soak.md"
KAFKA = "4.3.0"
Figure = Callable[[str, str, str], None]
"""`figure(run, promised, seen)`."""

_HEAD = """# The last soak run

`make soak` runs each of these in full on real parts, with a checker that knows only what was
produced and what arrived (`tests/chaos`); each test writes its row. `make test` runs them with
reduced counts, and the checker against bridges with one rule broken.

Machine: {machine}. Versions: {versions}.

| run | promised | seen | took | on |
|---|---|---|---|---|
"""


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Tell what a soak run has seen; printed in any case, kept only of full counts."""
    began = time.monotonic()

    def tell(run: str, promised: str, seen: str) -> None:
        print(f"\n{run}: {seen} (promised: {promised})")
        if request.node.get_closest_marker("soak") is not None:
            took = f"{time.monotonic() - began:.0f} s"
            _write(run, [run, promised, seen, took, time.strftime("%Y-%m-%d")])

    return tell


def _write(run: str, cells: list[str]) -> None:
    rows = _rows()
    rows[run] = "| " + " | ".join(cells) + " |"
    head = _HEAD.format(machine=_machine(), versions=_versions())
    PAGE.write_text(head + "\n".join(rows[name] for name in sorted(rows)) + "\n")


def _rows() -> dict[str, str]:
    """The rows of the page as it is, by run."""
    if not PAGE.exists():
        return {}
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines[1:]}


def _machine() -> str:
    cpus = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip()
        for line in (cpus.read_text().splitlines() if cpus.exists() else [])
        if line.startswith("model name")
    ]
    model = names[0] if names else platform.machine()
    memory = psutil.virtual_memory().total / 1024**3
    cores = f"{os.cpu_count()} cores of {model}, {memory:.0f} GiB"
    return f"{cores}, shared by bridge, Kafka, registry and checker"


def _versions() -> str:
    ours = [f"{name} {version(name)}" for name in ("confluent-kafka", "fastavro", "uvloop")]
    return ", ".join([f"Python {platform.python_version()}", f"Kafka {KAFKA}", *ours])
