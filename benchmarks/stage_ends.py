"""The two ends of the chain, where sockets are: what consuming and sending cost, and their floors."""

import asyncio
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

import httptools
from confluent_kafka import Consumer, Message, TopicPartition

from benchmarks.parts import SinkProcess
from benchmarks.stage import COUNT, LEGACY, Stage
from consumer.clock import SystemClock
from consumer.config.settings import DeliverySettings
from consumer.delivery.deliver import pool_opener
from consumer.delivery.destination import Destination
from consumer.delivery.http.answer import Answer
from consumer.delivery.http.target import Target
from consumer.model import Event, Record
from consumer.sandbox.broker import EmbeddedKafka
from consumer.source.assignment import Assignment
from consumer.source.records import by_partition
from consumer.stages import Position


def consume(topic: str, kafka: EmbeddedKafka, records: list[Record]) -> Stage:
    """In the source's thread; what librdkafka's own threads do is not counted."""
    for record in records:
        kafka.send(topic, record.key, record.value)
    kafka.flush(30)
    consumer = Consumer(
        {"bootstrap.servers": kafka.bootstrap, "group.id": "stages", "log_level": 2}
    )
    numbers = list(consumer.list_topics(topic, timeout=10).topics[topic].partitions)
    assignment = Assignment()
    for number in numbers:
        assignment.begin((topic, number), Position(0), starting=False)

    def batches() -> Iterator[list[Message]]:
        consumer.assign([TopicPartition(topic, number, 0) for number in numbers])
        left = len(records)
        while left:
            messages = consume_some(consumer)
            left -= len(messages)
            yield messages

    def ours() -> None:
        for entry in assignment:
            entry.next_offset = 0
        for messages in batches():
            by_partition(messages, assignment, _no_error)

    def floor() -> None:
        for messages in batches():
            for message in messages:
                _ = message.partition(), message.offset(), message.key(), message.value()

    return Stage("consume", ours, floor, "key, value and position of each message")


def consume_some(consumer: Consumer) -> list[Message]:
    return consumer.consume(1, 0.02) + consumer.consume(499, 0)


def _no_error(*_: object) -> None:
    raise AssertionError("the embedded Kafka reports no errors")


class _Raw(asyncio.Protocol):
    """A connection that posts `request` again and again, with the parser that ours has."""

    def __init__(self, again: Callable[["_Raw"], None]) -> None:
        self._again = again
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write = cast("asyncio.Transport", transport).write

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._again(self)


async def send_ours(sink: SinkProcess, event: Event, rounds: int) -> float:
    """Microseconds per request of our pool with 64 in flight."""
    loop, url = asyncio.get_running_loop(), f"http://127.0.0.1:{sink.port}/api/v2"
    pool = pool_opener(DeliverySettings(), SystemClock(loop))(Destination(LEGACY, url))
    left, done = 0, asyncio.Event()

    def answered(_: Answer) -> None:
        nonlocal left
        left -= 1
        if left >= 64:
            pool.post(event.body, event.user_agent, answered)
        elif not left:
            done.set()

    def begin() -> None:
        nonlocal left
        left = COUNT
        done.clear()
        for _ in range(64):
            pool.post(event.body, event.user_agent, answered)

    found = await _best_of(begin, done, rounds)
    await pool.close()
    return found


async def send_floor(sink: SinkProcess, event: Event, rounds: int) -> float:
    """The same of bare protocols."""
    loop, target = asyncio.get_running_loop(), Target(f"http://127.0.0.1:{sink.port}/api/v2")
    request = target.request(target.head(None), event.body, event.user_agent)
    left, done = 0, asyncio.Event()

    def again(connection: _Raw) -> None:
        nonlocal left
        left -= 1
        if left >= 64:
            connection.write(request)
        elif not left:
            done.set()

    raw = [
        (await loop.create_connection(partial(_Raw, again), "127.0.0.1", sink.port))[1]
        for _ in range(64)
    ]

    def begin() -> None:
        nonlocal left
        left = COUNT
        done.clear()
        for connection in raw:
            connection.write(request)

    return await _best_of(begin, done, rounds)


async def _best_of(begin: Callable[[], None], done: asyncio.Event, rounds: int) -> float:
    found = []
    for _ in range(rounds + 1):
        began = time.thread_time()
        begin()
        await done.wait()
        found.append(time.thread_time() - began)
    return min(found) / COUNT * 1e6
