"""A real Prometheus scrapes the real program: every query of every panel and rule returns data."""

import re
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.visitors import Visitors, key_of
from tests.e2e.bridge import Bridge
from tests.e2e.conftest import PARTITIONS, Shop
from tests.e2e.shop import SCHEMA, START_MS
from tests.ops.conftest import program
from tests.ops.runbooks import questions
from tests.ops.running import Prometheus
from tests.ops.test_dashboards import panels
from tests.ops.test_rules import groups, names
from tests.parts.ports import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(300)]

Watch = Callable[[Bridge], Prometheus]

OF_DRILLS = {
    "Errors of the Kafka client": "YespoBridgeKafkaUnreachable",
    "Cannot be fetched": "YespoBridgeFetchFailing",
}
"""Panels that need a worse fault than the test below can make, and the alert whose drill makes it."""


ONLY_WHILE_A_FAULT_LASTS = ("yespo_bridge_fetch_failing",)
"""Series that stop with their fault. test_foreign_input makes it, and reads the metric."""


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


def with_values(query: str, rate: str = "15s") -> str:
    """A panel's query with Grafana's variables filled in."""
    values = {"$__rate_interval": rate, "$__range": "5m"}
    values |= {f"${name}": ".*" for name in ("cluster", "namespace", "job", "account")}
    for name, value in values.items():
        query = query.replace(name, value)
    return query


def selectors(query: str) -> set[str]:
    """Every metric that a query names, with its labels; what rules have recorded is left out."""
    found = re.findall(r"(?<![\w:])(?:yespo_bridge_|process_|python_)\w+(?:\{[^}]*\})?", query)
    return {text for text in found if ":" not in text.partition("{")[0]}


def test_every_query_of_every_panel_and_rule_returns_data(shop: Shop, watch: Watch) -> None:
    """Amid a little of every trouble, so that no panel is excused."""
    bridge = shop.bridge(**a_little_trouble(shop))
    shop.ship_mapping()
    visits(shop)
    bridge.start()
    prometheus = watch(bridge)
    unanswered = {
        f"{panel['title']}: {target['expr']}": (target["expr"], target["legendFormat"])
        for panel in panels()
        if panel["title"] not in OF_DRILLS
        for target in panel["targets"]
    }

    def all_answered() -> bool:
        bridge.must_run()
        for name, (query, legend) in list(unanswered.items()):
            if found := prometheus.ask(as_asked(query)):
                unlabelled = set(re.findall(r"\{\{(\w+)\}\}", legend)) - set(found[0]["metric"])
                assert not unlabelled, name
                del unanswered[name]
        return not unanswered

    try:
        wait_until(all_answered, 120, "every panel to have data", every=1.0)
    except TimeoutError:
        pytest.fail("without data: " + "; ".join(unanswered))
    rules = [rule for group in groups() for rule in group["rules"]]
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    asked += [rule["expr"] for rule in rules]
    asked += [question for alert in names() for question in questions(alert)]
    for query in asked:
        prometheus.ask(as_asked(query))
        for selector in selectors(as_asked(query)):
            if selector.startswith(ONLY_WHILE_A_FAULT_LASTS):
                continue
            assert prometheus.ask(selector), f"nothing is ever {selector}, in {query}"
    recorded = {rule["record"] for rule in rules if "record" in rule}
    wait_until(lambda: recorded <= prometheus.scraped(), 30, "every recording rule to have data")


def as_asked(query: str) -> str:
    """With Grafana's variables filled in; rates are those of all the test, so that a machine that
    stands still misses nothing. Alerts count from the moment that they are true: what must last for
    minutes has no time to."""
    return with_values(query, "5m").replace('alertstate="firing"', 'alertstate=~"pending|firing"')


def a_little_trouble(shop: Shop) -> dict[str, Any]:
    """Yespo fails now and then, and v2 has a rate."""
    shop.sandbox.faults = FaultProfile(error=0.05, latency="0.1")
    settings: dict[str, Any] = shop.settings()
    settings["yespo"]["accounts"]["main"]["v2"] |= {"rate": 250, "burst": 50}
    return {"yespo": settings["yespo"]}


def visits(shop: Shop) -> None:
    """Of today and of last year (too old for v2), and some records that are not Avro."""
    producer = shop.kafka.producer()
    write = AvroWriter(SCHEMA, shop.schema_id)
    now_ms = time.time_ns() // 1_000_000
    for start_ms in (now_ms, START_MS):
        for record in islice(Visitors(1, lambda ms=start_ms: ms).records(), 3000):  # type: ignore[misc]  # bound now
            producer.produce(shop.clicks, write(record), key_of(record).encode())
    for number in range(12):
        producer.produce(shop.clicks, b"no avro", b"odd", partition=number % PARTITIONS)
    assert producer.flush(30) == 0


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
    since = {partition: first / 1000 for partition, first in first_ms.items()}
    try:
        wait_until(lambda: not wrong_ages(bridge, since), 20, "the ages", every=0.25)
    except TimeoutError:
        assert wrong_ages(bridge, since) == {}
    shop.sandbox.accept_connections()
    shop.wait_committed()

    def caught_up() -> bool:
        page = bridge.metrics()
        return set(gauge(page, "lag_records").values()) == {0.0}

    wait_until(caught_up, 30, "the lag to be none")
    assert set(gauge(bridge.metrics(), "lag_seconds").values()) == {0.0}


def wrong_ages(bridge: Bridge, since: dict[int, float]) -> dict[int, tuple[float, float]]:
    """Ages (shown, at most) of partitions that are more than 2 s from the truth; `since` is when the
    oldest record was made. On a busy machine the page may be of any moment between the two looks at
    the clock."""
    before = time.time()
    shown = gauge(bridge.metrics(), "lag_seconds")
    after = time.time()
    wrong = {}
    for partition in {*shown, *since}:
        age, made = shown.get(partition, -1.0), since.get(partition)
        earliest, latest = (0.0, 0.0) if made is None else (before - made - 2.0, after - made + 2.0)
        if not earliest <= age <= latest:
            wrong[partition] = (age, latest)
    return wrong


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
