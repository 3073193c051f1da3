"""Promise 8: a member that stood still never acts on partitions that somebody else has."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.parts.kafka import KafkaBroker
from tests.source.watch import Running, eventually, produce

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parent.parent.parent


async def test_a_member_woken_after_its_session_may_not_send_what_it_still_holds(
    kafka: KafkaBroker, topic: str, unique: Callable[[str], str]
) -> None:
    kafka.create_topic(topic, 2)
    produce(kafka, topic, 10, partitions=2)
    group = unique("group")
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.source.stopped_member", kafka.bootstrap, topic, group),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    seen: list[tuple[float, ...]] = []

    async def listen(lines: asyncio.StreamReader) -> None:
        async for line in lines:
            if line[:1].isdigit() and b"[" not in line:
                seen.append(tuple(map(float, line.split())))  # noqa: PERF401 watched while it grows

    listening = asyncio.create_task(listen(child.stdout))
    try:
        await eventually(lambda: seen and seen[-1][1:] == (1, 2, 10))
        child.send_signal(signal.SIGSTOP)
        successor = Running(
            kafka.bootstrap, topic, group, session_timeout_ms=6000, heartbeat_interval_ms=500
        )
        async with successor as (_, watch):
            await eventually(lambda: watch.active() == [0, 1], 40)
            woken = time.monotonic()
            child.send_signal(signal.SIGCONT)
            # it comes back as a new member: both share the partitions then
            await eventually(lambda: len(watch.active()) == 1, 40)
            await eventually(lambda: seen[-1][1:3] == (1, 1))
            # how it finds out, and what it may do before it has, is played in test_member.py
            stale = [sample for sample in seen if sample[0] > woken and sample[1:3] == (1, 2)]
            assert stale == []
    finally:
        child.kill()
        await child.wait()
        await listening
