"""A member in a process of its own, for a test that stops it: writes what it holds, over and over.

`python stopped_member.py BOOTSTRAP TOPIC GROUP`; each line is `time may_send active records`: when
it was taken (monotonic), whether a request could start, partitions that are active, records so far.
"""

import asyncio
import sys
import time

from tests.source.watch import Running


async def main(bootstrap: str, topic: str, group: str) -> None:
    running = Running(bootstrap, topic, group, session_timeout_ms=6000, heartbeat_interval_ms=500)
    async with running as (source, watch):
        while True:
            taken = time.monotonic()
            may_send = source.polled_within(source.stale_seconds)
            print(taken, int(may_send), len(watch.active()), len(watch.records), flush=True)
            await asyncio.sleep(0.001)


asyncio.run(main(*sys.argv[1:]))
