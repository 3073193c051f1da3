"""The least that any Python bridge costs: consume, order per key, post a ready body, commit.

    python -m benchmarks.floor '{"bootstrap": "...", "topic": "...", "group": "...", "port": 8080}'

No decoding, no mapping, no validation, no retries, no metrics, no limits but the number in flight: what
a bridge costs beyond this is the price of what it does. It is a yardstick, not a bridge: a single failed
request ends it.
"""

import asyncio
import json
import sys
import threading
import time
from collections import deque
from typing import Any, cast

import httptools
import uvloop
from confluent_kafka import Consumer, Message, TopicPartition

BATCH = 500
AHEAD = 20_000
"""Records that may wait for a connection; beyond, the thread fetches no more."""
COMMIT_SECONDS = 1.0
BODY = b'{"GeneralInfo":{"cookies":{"sc":"%%s"}},"event":["%%s"],"padding":"%s"}' % (b"x" * 510)
EVENT = slice(6, 42)
"""Where the number of the event stands in a record: its first field, which is cheaper than decoding."""

HEAD = (
    b"POST /api/v2 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json; charset=UTF-8\r\n"
    b"Accept: application/json; charset=UTF-8\r\nUser-Agent: floor\r\nContent-Length: %d\r\n\r\n"
)


class Job:
    __slots__ = ("done", "event", "followers", "key", "offset", "partition")

    def __init__(self, partition: int, offset: int, key: bytes, event: bytes) -> None:
        self.partition = partition
        self.offset = offset
        self.key = key
        self.event = event
        self.done = False
        self.followers: deque[Job] | None = None


class Connection(asyncio.Protocol):
    def __init__(self, floor: "Floor") -> None:
        self._floor = floor
        self._parser = httptools.HttpResponseParser(self)
        self._job: Job | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._write = cast("asyncio.Transport", transport).write
        self._floor.idle.append(self)
        self._floor.pump()

    def post(self, job: Job, request: bytes) -> None:
        self._job = job
        self._write(request)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() != 200:
            raise SystemExit("the sink answered something else than 200")
        job = self._job
        assert job is not None
        self._job = None
        self._floor.idle.append(self)
        self._floor.ended(job)


class Floor:
    def __init__(self, options: dict[str, Any], loop: asyncio.AbstractEventLoop) -> None:
        self._options = options
        self._loop = loop
        self._consumer = Consumer(
            {
                "bootstrap.servers": options["bootstrap"],
                "group.id": options["group"],
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
            }
        )
        self.idle: list[Connection] = []
        self._ready: deque[Job] = deque()
        self._last: dict[bytes, Job] = {}
        self._open: dict[int, deque[Job]] = {}
        self._next: dict[int, int] = {}
        self._taken = self._ended = 0
        self._request = HEAD % len(BODY % (bytes(36), bytes(36))) + BODY

    async def run(self) -> None:
        for _ in range(self._options.get("in_flight", 64)):
            await self._loop.create_connection(
                lambda: Connection(self), "127.0.0.1", self._options["port"]
            )
        print(json.dumps({"joining": time.time()}), flush=True)
        self._consumer.subscribe([self._options["topic"]])
        threading.Thread(target=self._consume, daemon=True).start()
        await self._loop.create_future()  # until the process is ended

    def _consume(self) -> None:
        consumer = self._consumer
        commit_at = time.monotonic() + COMMIT_SECONDS
        while True:
            if time.monotonic() >= commit_at:
                commit_at += COMMIT_SECONDS
                self._commit()
            if self._taken - self._ended > AHEAD:
                time.sleep(0.001)
                continue
            messages = consumer.consume(1, 0.02)
            if messages:
                messages += consumer.consume(BATCH - 1, 0)
                self._taken += len(messages)
                self._loop.call_soon_threadsafe(self._take, messages)

    def _commit(self) -> None:
        """In the consumer's own thread: a commit from another one can block there for good."""
        topic = self._options["topic"]
        upto = [TopicPartition(topic, *item) for item in list(self._next.items())]
        if upto:
            self._consumer.commit(offsets=upto, asynchronous=True)

    def _take(self, messages: list[Message]) -> None:
        for message in messages:
            if message.error() is not None:
                raise SystemExit(str(message.error()))
            partition, key = cast("int", message.partition()), cast("bytes", message.key())
            event = cast("bytes", message.value())[EVENT]
            job = Job(partition, cast("int", message.offset()), key, event)
            flights = self._open.get(partition)
            if flights is None:
                flights = self._open[partition] = deque()
            flights.append(job)
            last = self._last.get(key)
            self._last[key] = job
            if last is None:
                self._ready.append(job)
            else:
                if last.followers is None:
                    last.followers = deque()
                last.followers.append(job)
        self.pump()

    def pump(self) -> None:
        ready, idle, request = self._ready, self.idle, self._request
        while ready and idle:
            job = ready.popleft()
            idle.pop().post(job, request % (job.key, job.event))

    def ended(self, job: Job) -> None:
        self._ended += 1
        job.done = True
        if self._last[job.key] is job:
            del self._last[job.key]
        if job.followers is not None:
            self._ready.extend(job.followers)
        flights = self._open[job.partition]
        while flights and flights[0].done:
            self._next[job.partition] = flights.popleft().offset + 1
        self.pump()


async def main() -> None:
    await Floor(json.loads(sys.argv[1]), asyncio.get_running_loop()).run()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
