"""A real Prometheus scrapes the real program: every query of every panel and rule returns data."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from consumer.sandbox.faults import FaultProfile
from tests.e2e.bridge import Bridge
from tests.e2e.conftest import PARTITIONS, Shop
from tests.ops.conftest import program
from tests.ops.running import Prometheus
from tests.ops.test_dashboards import names_in, panels
from tests.ops.test_rules import groups
from tests.parts.ports import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(300)]

Watch = Callable[[Bridge], Prometheus]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """`watch(bridge)` starts a Prometheus that scrapes it."""
    started: list[Prometheus] = []

    def start(bridge: Bridge) -> Prometheus:
        folder = tmp_path / "prometheus"
        folder.mkdir()
        made = Prometheus(program("prometheus"), folder, [f"127.0.0.1:{bridge.port}"])
        started.append(made)
        made.start()
        return made

    yield start
    for one in started:
        one.stop()


def with_values(query: str) -> str:
    """A panel's query with Grafana's variables filled in."""
    values = {"$__rate_interval": "15s", "$__range": "5m", "$namespace": ".*", "$job": ".*"}
    for name, value in values.items():
        query = query.replace(name, value)
    return query


def test_every_query_of_every_panel_and_rule_returns_data(shop: Shop, watch: Watch) -> None:
    shop.sandbox.faults = FaultProfile(error=0.05, latency="0.1")
    producer = Producer({"bootstrap.servers": shop.kafka.bootstrap})
    for number in range(12):
        producer.produce(shop.clicks, b"no avro", b"odd", partition=number % PARTITIONS)
    assert producer.flush(30) == 0
    shop.fill(6000)
    bridge = shop.bridge()
    bridge.start()
    prometheus = watch(bridge)
    missing: list[str] = []

    def all_answered() -> bool:
        bridge.must_run()
        missing[:] = [
            f"{panel['title']}: {target['expr']}"
            for panel in panels()
            if "noValue" not in panel["fieldConfig"]["defaults"]
            for target in panel["targets"]
            if not prometheus.ask(with_values(target["expr"]))
        ]
        return not missing

    try:
        wait_until(all_answered, 60, "every panel to have data", every=1.0)
    except TimeoutError:
        pytest.fail("without data: " + "; ".join(missing))
    for panel in panels():
        for target in panel["targets"]:
            prometheus.ask(with_values(target["expr"]))
    scraped = prometheus.scraped()
    for group in groups():
        for rule in group["rules"]:
            prometheus.ask(rule["expr"])
            assert names_in(rule["expr"]) <= scraped, rule["expr"]
    recorded = {rule["record"] for group in groups() for rule in group["rules"] if "record" in rule}
    wait_until(lambda: recorded <= prometheus.scraped(), 30, "every recording rule to have data")
    assert prometheus.alerts("firing") == set()


def test_lag_is_that_of_kafka_and_as_old_as_the_oldest_record(shop: Shop) -> None:
    shop.sandbox.refuse_connections()
    shop.fill(600)
    first_ms = first_timestamps(shop)
    bridge = shop.bridge()
    bridge.start()
    bridge.wait_ready()
    ends = shop.kafka.end_offsets(shop.clicks)

    def shown() -> bool:
        return gauge(bridge.metrics(), "lag_records") == ends

    wait_until(shown, 30, "the lag to be that of Kafka")
    time.sleep(2.0)  # the truth moves: an age that stood still would be wrong by now
    before = time.time()
    ages = gauge(bridge.metrics(), "lag_seconds")
    for partition, first in first_ms.items():
        assert ages[partition] == pytest.approx(before - first / 1000, abs=2.0)
    shop.sandbox.accept_connections()
    shop.wait_committed()

    def caught_up() -> bool:
        page = bridge.metrics()
        return set(gauge(page, "lag_records").values()) == {0.0}

    wait_until(caught_up, 30, "the lag to be none")
    assert set(gauge(bridge.metrics(), "lag_seconds").values()) == {0.0}


def gauge(page: str, name: str) -> dict[int, float]:
    """A gauge by partition."""
    families = text_string_to_metric_families(page)
    return {
        int(sample.labels["partition"]): sample.value
        for family in families
        if family.name == f"yespo_bridge_{name}"
        for sample in family.samples
    }


def first_timestamps(shop: Shop) -> dict[int, int]:
    """Of the first record of each partition, as Kafka has it."""
    consumer = Consumer(
        {"bootstrap.servers": shop.kafka.bootstrap, "group.id": f"{shop.group}.look"}
    )
    found: dict[int, int] = {}
    for number in range(PARTITIONS):
        consumer.assign([TopicPartition(shop.clicks, number, 0)])
        message = consumer.poll(10)
        assert message is not None
        assert message.error() is None
        found[number] = message.timestamp()[1]
    consumer.close()
    return found
