"""Fault drills: each fault turns the expression of its alert true in a real Prometheus, and few others.

What is expected here stands as a table in docs/drills.md. `pending` counts: the expression is true,
and only the alert's `for` keeps it from speaking within the minutes of a test.
"""

import struct
from collections.abc import Callable

import pytest
from confluent_kafka import Producer

from consumer.sandbox.faults import FaultProfile
from tests.e2e.conftest import PARTITIONS, Shop
from tests.e2e.test_prometheus import Watch, watch  # noqa: F401  # `watch` is a fixture
from tests.parts.ports import free_port, wait_until

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.registry,
    pytest.mark.soak,
    pytest.mark.timeout(300),
]

SYMPTOMS = {"YespoBridgeDeliveryBudgetBurn", "YespoBridgeFreshnessBudgetBurn"}
"""The budgets burn beside most causes: that is what they are for."""
MACHINE = {"YespoBridgeShortOfCpu"}
"""True on a busy machine whatever the drill; its `for` keeps it quiet at a start."""


def vendor_down(shop: Shop) -> None:
    shop.sandbox.refuse_connections()


def wrong_key(shop: Shop) -> None:
    shop.sandbox.faults = FaultProfile(unauthorized=True)


def throttled(shop: Shop) -> None:
    shop.sandbox.faults = FaultProfile(throttle_above=20)


def slow(shop: Shop) -> None:
    shop.sandbox.faults = FaultProfile(latency="4")


def failing(shop: Shop) -> None:
    shop.sandbox.faults = FaultProfile(error=0.15)


def some_bad_records(shop: Shop) -> None:
    _produce(shop, b"no avro at all", 60)


def only_bad_records(shop: Shop) -> None:
    """More in a row than the breaker lets pass."""
    _produce(shop, b"no avro at all", 150)


def unknown_schema(shop: Shop) -> None:
    """An id that only the registry, which is away, could know."""
    _produce(shop, struct.pack(">bI", 0, shop.schema_id + 1) + b"rest", 1)


def dead_letter_topic_gone(shop: Shop) -> None:
    shop.kafka.admin.delete_topics([shop.dead])[shop.dead].result(30)
    _produce(shop, b"no avro at all", 3)


def _produce(shop: Shop, value: bytes, count: int) -> None:
    producer = Producer({"bootstrap.servers": shop.kafka.bootstrap})
    for number in range(count):
        producer.produce(shop.clicks, value, b"odd", partition=number % PARTITIONS)
    assert producer.flush(30) == 0


DRILLS: list[tuple[Callable[[Shop], None], str, set[str]]] = [
    (vendor_down, "YespoBridgeEndpointDown", {"YespoBridgeRequestsFailing"}),
    (wrong_key, "YespoBridgeEndpointMisconfigured", set()),
    (throttled, "YespoBridgeThrottled", {"YespoBridgeRateLimitBound"}),
    (slow, "YespoBridgeRequestsSlow", set()),
    (failing, "YespoBridgeRequestsFailing", {"YespoBridgeEndpointDown"}),
    (some_bad_records, "YespoBridgeDeadLetters", set()),
    (only_bad_records, "YespoBridgeDeadLetterBreakerOpen", {"YespoBridgeDeadLetters"}),
    (unknown_schema, "YespoBridgeRegistryUnreachable", {"YespoBridgeStalled"}),
    (dead_letter_topic_gone, "YespoBridgeDeadLetterFailing", {"YespoBridgeKafkaUnreachable"}),
]


@pytest.mark.parametrize(("fault", "expected", "beside"), DRILLS, ids=[d[1] for d in DRILLS])
def test_a_fault_turns_its_alert_true_and_few_others(
    shop: Shop,
    watch: Watch,  # noqa: F811  # the fixture
    fault: Callable[[Shop], None],
    expected: str,
    beside: set[str],
) -> None:
    registry_away = fault is unknown_schema
    away = {"registry": {"url": f"http://127.0.0.1:{free_port()}"}}
    bridge = shop.bridge(**(away if registry_away else {}))
    bridge.start()
    bridge.wait_ready()
    prometheus = watch(bridge)
    if not registry_away:
        shop.fill(600)
        shop.wait_committed()
    wait_until(lambda: bool(prometheus.ask("yespo_bridge_build_info")), 30, "the first scrape")
    fault(shop)
    if not registry_away and fault is not only_bad_records:
        shop.fill(2000, seed=2)

    def seen() -> bool:
        bridge.must_run()
        return expected in prometheus.alerts("pending", "firing")

    wait_until(seen, 120, expected, every=0.5)
    crowd = prometheus.alerts("pending", "firing") - {expected} - beside - SYMPTOMS - MACHINE
    assert crowd == set()
