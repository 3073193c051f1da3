"""Brokers that die: nothing lost, and the bridge comes back by itself."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from consumer.sandbox.faults import FaultProfile
from tests.chaos.checker import Watcher, findings
from tests.chaos.runs import load, member
from tests.e2e.conftest import Shop, open_shop
from tests.parts.kafka import KafkaBroker
from tests.parts.registry import Registry
from tests.soak_report import Figure

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.registry,
    pytest.mark.soak,
    pytest.mark.timeout(1800),
]

AWAY_SECONDS = 8.0


def test_one_broker_of_three_is_killed_at_a_time(
    registry: Registry, unique: Callable[[str], str], tmp_path: Path, figure: Figure
) -> None:
    brokers = KafkaBroker(3, {"min.insync.replicas": "2"})
    brokers.start()
    try:
        with open_shop(brokers, registry, unique, tmp_path, replicas=3) as shop:
            shop.sandbox.faults = FaultProfile(latency="0.005..0.05")
            bridges = [member(shop) for _ in range(2)]
            with Watcher(shop) as watcher:
                with load(shop, 200, poison_every=50):
                    for bridge in bridges:
                        bridge.start()
                    for node in brokers.nodes:
                        shop.wait_arrived(shop.requests() + 500)
                        brokers.kill(node)
                        delivery_goes_on(shop)
                        brokers.restart(node)
                shop.wait_committed(180)
                codes = [bridge.terminate()[0] for bridge in bridges]
            found = findings(shop, watcher)
            repeated, total = shop.verdict().repeated, len(shop.topic.expected)
    finally:
        brokers.stop()
    figure(
        "kill -9 of each of 3 brokers in turn",
        "0 lost, 0 reordered; members survive",
        "; ".join(found) or f"0, 0 of {total:,} requests, {repeated} repeated; exit codes {codes}",
    )
    assert found == []
    assert codes == [0, 0]


def delivery_goes_on(shop: Shop) -> None:
    """With a broker away, for AWAY_SECONDS and until more has arrived."""
    ends = time.monotonic() + AWAY_SECONDS
    shop.wait_arrived(shop.requests() + 300, 60)
    time.sleep(max(0.0, ends - time.monotonic()))


def test_the_only_broker_is_killed_and_started_again(
    registry: Registry, unique: Callable[[str], str], tmp_path: Path, figure: Figure
) -> None:
    broker = KafkaBroker()
    broker.start()
    try:
        with open_shop(broker, registry, unique, tmp_path) as shop:
            shop.sandbox.faults = FaultProfile(latency="0.005..0.05")
            bridges = [member(shop) for _ in range(2)]
            with Watcher(shop) as watcher:
                with load(shop, 200, poison_every=50):
                    for bridge in bridges:
                        bridge.start()
                    shop.wait_arrived(1000)
                    broker.kill()
                    time.sleep(AWAY_SECONDS)  # beyond the session timeout
                    broker.restart()
                    shop.wait_arrived(shop.requests() + 1000, 120)
                shop.wait_committed(180)
                codes = [bridge.terminate()[0] for bridge in bridges]
            found = findings(shop, watcher)
            repeated, total = shop.verdict().repeated, len(shop.topic.expected)
    finally:
        broker.stop()
    figure(
        f"the only broker away for {AWAY_SECONDS:g} s after kill -9",
        "0 lost, 0 reordered; members survive",
        "; ".join(found) or f"0, 0 of {total:,} requests, {repeated} repeated; exit codes {codes}",
    )
    assert found == []
    assert codes == [0, 0]
