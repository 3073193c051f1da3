"""An event leaves nothing to the garbage collector, which the bridge lets look seldom."""

import asyncio
import gc
from collections.abc import Iterator

import pytest
import uvloop

from benchmarks.chain import chain
from benchmarks.parts import SinkProcess


@pytest.fixture
def sink() -> Iterator[SinkProcess]:
    process = SinkProcess()
    yield process
    process.close()


def garbage(events: int, sink: SinkProcess) -> int:
    """Objects in cycles after a run from records to commits; those of start and end included."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.sleep(0))
        gc.collect()
        gc.disable()
        try:
            runner.run(chain(events, sink, None))
            return gc.collect()
        finally:
            gc.enable()


def test_the_stages_leave_no_cycle_per_event(sink: SinkProcess) -> None:
    few, many = garbage(500, sink), garbage(3000, sink)
    assert many - few < 250
