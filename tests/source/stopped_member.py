"""A member in a process of its own, for a test that stops it: writes what it holds, over and over.

`python stopped_member.py BOOTSTRAP TOPIC GROUP`; each line is `may_send active records`: whether a
request could start now, partitions that are active, records received so far.
"""

import asyncio
import sys

from tests.source.watch import Running


async def main(bootstrap: str, topic: str, group: str) -> None:
    running = Running(bootstrap, topic, group, session_timeout_ms=6000, heartbeat_interval_ms=500)
    async with running as (source, watch):
        while True:
            may_send = source.polled_within(source.session_seconds)
            print(int(may_send), len(watch.active()), len(watch.records), flush=True)
            await asyncio.sleep(0.002)


asyncio.run(main(*sys.argv[1:]))
