"""Lag in records is the figure of Kafka's own tool in every state, lag in seconds that of the clock.

One topic whose partitions are each in another state, all at once, so that the slow Java tool is asked
only once per act. What is expected follows from what was produced.
"""

import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition

from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.visitors import Visitors
from tests.e2e.bridge import Bridge
from tests.e2e.conftest import Shop, open_shop
from tests.e2e.shop import SCHEMA, START_MS
from tests.e2e.test_prometheus import gauge, wrong_ages
from tests.parts.kafka import KafkaBroker
from tests.parts.ports import wait_until
from tests.parts.registry import Registry

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(300)]

IDLE, EMPTY, STUCK, SCHEMA_AWAY, COMMITTED, OPEN, ABORTED = range(7)
ALONE = "visitor-alone-1842"
AWAY = 987_654
"""A schema id about which the registry cannot be asked."""


class HalfAway(BaseHTTPRequestHandler):
    """The real registry, but for one schema that it is too ill to tell."""

    def do_GET(self) -> None:
        server: Any = self.server
        if f"/schemas/ids/{AWAY}" in self.path:
            self.send_error(503)
            return
        answer = httpx.get(server.behind + self.path, trust_env=False, timeout=10)
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as the base class
        """Not of interest."""


@pytest.fixture
def half_away(registry: Registry) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), HalfAway)
    server.behind = registry.url  # type: ignore[attr-defined]  # of ours
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def shop(
    kafka: KafkaBroker, registry: Registry, unique: Callable[[str], str], tmp_path: Path
) -> Iterator[Shop]:
    with open_shop(kafka, registry, unique, tmp_path, partitions=7) as made:
        yield made


class Writer:
    """Produces good records and other bytes, with Kafka timestamps of its own making."""

    def __init__(self, shop: Shop, **properties: str | int) -> None:
        self.producer = shop.kafka.producer(**properties)
        self._topic = shop.clicks
        self._records = Visitors(3, lambda: START_MS).records()
        self._write = AvroWriter(SCHEMA, shop.schema_id)

    def records(self, partition: int, count: int, visitor: str | None = None) -> float:
        """Good records, anonymous, of one visitor or of many; returns when the first was made."""
        began = []
        for number in range(count):
            record = next(self._records)
            record["visitor_id"], record["user"] = visitor or f"visitor-{partition}-{number}", None
            began.append(self.value(partition, self._write(record)))
        return began[0]

    def value(self, partition: int, value: bytes) -> float:
        """Any bytes; returns Kafka's timestamp in seconds."""
        made = time.time_ns() // 1_000_000
        self.producer.produce(self._topic, value, partition=partition, timestamp=made)
        return made / 1000

    def flush(self) -> None:
        assert self.producer.flush(30) == 0


def agree(shop: Shop, bridge: Bridge, expected: dict[int, int], since: dict[int, float]) -> None:
    """Ours, Kafka's and the expected figure are one."""
    found: dict[int, float] = {}

    def shown() -> bool:
        bridge.must_run()
        found.update(gauge(bridge.metrics(), "lag_records"))
        return found == expected

    try:
        wait_until(shown, 60, "the lag", every=0.25)
    except TimeoutError:
        assert found == expected
    assert shop.kafka.lag(shop.group, shop.clicks) == expected
    try:
        wait_until(lambda: not wrong_ages(bridge, since), 20, "the ages", every=0.25)
    except TimeoutError:
        assert wrong_ages(bridge, since) == {}


@dataclass
class Stage:
    """A topic with each partition in another state, and what must be said of it."""

    shop: Shop
    writer: Writer
    lag: dict[int, int]
    since: dict[int, float]
    transaction: Writer

    def agree(self, bridge: Bridge) -> None:
        agree(self.shop, bridge, self.lag, self.since)


def every_state(shop: Shop) -> Stage:
    shop.sandbox.faults = FaultProfile(slow=ALONE, slow_seconds=600)
    writer = Writer(shop)
    since: dict[int, float] = {}
    writer.records(IDLE, 30)
    since[STUCK] = writer.records(STUCK, 20, ALONE)
    writer.records(SCHEMA_AWAY, 10)
    since[SCHEMA_AWAY] = writer.value(SCHEMA_AWAY, struct.pack(">bI", 0, AWAY) + b"rest")
    writer.records(SCHEMA_AWAY, 60)
    writer.flush()
    for partition, commit in ((COMMITTED, True), (ABORTED, False)):
        transaction, _ = in_transaction(shop, writer, partition)
        if commit:
            transaction.producer.commit_transaction(30)
        else:
            transaction.producer.abort_transaction(30)
    still_open, since[OPEN] = in_transaction(shop, writer, OPEN)
    lag = {IDLE: 0, EMPTY: 0, STUCK: 20, SCHEMA_AWAY: 61, COMMITTED: 0, OPEN: 7, ABORTED: 0}
    return Stage(shop, writer, lag, since, still_open)


def in_transaction(shop: Shop, writer: Writer, partition: int) -> tuple[Writer, float]:
    """Five records, and just after them seven of a transaction that is open still.

    Nobody but their producer knows how old these seven are: the bridge gives the age of the last
    record that it could read, an upper bound, here close to the truth that is returned.
    """
    name = f"{shop.group}.{partition}"
    made = Writer(shop, transactional_id=name, transaction_timeout_ms=600_000)
    made.producer.init_transactions(30)
    writer.records(partition, 5)
    writer.flush()
    made.producer.begin_transaction()
    first = made.records(partition, 7)
    made.flush()
    return made, first


def test_lag_is_that_of_kafkas_own_tool_in_every_state(shop: Shop, half_away: str) -> None:
    stage = every_state(shop)
    bridge = shop.bridge(registry={"url": half_away}, buffer={"records": 350})
    bridge.start()
    bridge.wait_ready()
    stage.agree(bridge)
    partitions = bridge.status()["partitions"]
    assert partitions[f"{shop.clicks}/{SCHEMA_AWAY}"]["waits_for_schema"]
    assert partitions[f"{shop.clicks}/{SCHEMA_AWAY}"]["paused"]

    # What comes to a partition that is paused is seen too; so is what waits for a vendor.
    shop.sandbox.refuse_connections()
    stage.writer.records(SCHEMA_AWAY, 20)
    stage.since[IDLE] = stage.writer.records(IDLE, 40)
    stage.writer.flush()
    stage.lag |= {SCHEMA_AWAY: 81, IDLE: 40}
    stage.agree(bridge)


@pytest.mark.soak
def test_after_a_restart_the_lag_is_the_same(shop: Shop, half_away: str) -> None:
    stage = every_state(shop)
    bridge = shop.bridge(registry={"url": half_away})
    bridge.start()
    bridge.wait_ready()
    stage.agree(bridge)
    bridge.kill()
    bridge.start()
    bridge.wait_ready()
    stage.transaction.producer.abort_transaction(30)
    stage.lag[OPEN] = 0
    del stage.since[OPEN]
    stage.agree(bridge)


@pytest.mark.soak
@pytest.mark.parametrize(("start", "lag"), [("latest", 0), ("earliest", 25)])
def test_a_group_that_never_committed_begins_with_the_lag_of_its_start(
    shop: Shop, start: str, lag: int
) -> None:
    shop.sandbox.refuse_connections()
    writer = Writer(shop)
    made = writer.records(IDLE, 25)
    writer.flush()
    bridge = shop.bridge(start={"no_offset": start})
    bridge.start()
    bridge.wait_ready()
    expected = dict.fromkeys(range(7), 0) | {IDLE: lag}
    agree(shop, bridge, expected, {IDLE: made} if lag else {})


@pytest.mark.soak
def test_a_compacted_partition_has_the_lag_of_its_offsets(
    shop: Shop, unique: Callable[[str], str]
) -> None:
    """Offsets are missing in it, and the tool counts them all the same."""
    shop.clicks = unique("compacted")
    tight = {
        "segment.ms": "100",
        "min.cleanable.dirty.ratio": "0.01",
        "max.compaction.lag.ms": "100",
    }
    shop.kafka.create_topic(shop.clicks, 1, {"cleanup.policy": "compact", **tight})
    producer = shop.kafka.producer()
    write = AvroWriter(SCHEMA, shop.schema_id)
    records = Visitors(3, lambda: START_MS).records()
    made = 0.0

    def one() -> None:
        nonlocal made
        record = next(records)
        record["user"] = None
        made = made or time.time()
        producer.produce(shop.clicks, write(record), b"one key")
        assert producer.flush(30) == 0

    def compacted() -> bool:
        one()
        return first_offset(shop) > 0

    wait_until(compacted, 120, "compaction", every=0.5)
    shop.sandbox.refuse_connections()
    bridge = shop.bridge()
    bridge.start()
    bridge.wait_ready()
    [end] = shop.kafka.end_offsets(shop.clicks).values()
    wait_until(
        lambda: gauge(bridge.metrics(), "lag_records") == {0: float(end)}, 60, f"a lag of {end}"
    )
    assert shop.kafka.lag(shop.group, shop.clicks) == {0: end}


def first_offset(shop: Shop) -> int:
    """Of the first record that is still there."""
    consumer = Consumer({"bootstrap.servers": shop.kafka.bootstrap, "group.id": f"{shop.group}.l"})
    consumer.assign([TopicPartition(shop.clicks, 0, 0)])
    message = consumer.poll(10)
    consumer.close()
    assert message is not None
    return message.offset() or 0
