"""`kill -9` under load: nothing lost, nothing out of order, no more repeated than promised."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from consumer.sandbox.faults import FaultProfile
from tests.chaos.checker import Watcher, findings, repeats_per_cut
from tests.chaos.runs import PROMISED, load, member
from tests.e2e.conftest import Shop, open_shop
from tests.e2e.shop import arrived
from tests.parts.kafka import KafkaBroker
from tests.parts.ports import wait_until
from tests.parts.registry import Registry
from tests.soak_report import Figure

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(1800)]

STATIC = {"group.instance.id": "bridge-0"}
KAFKA_OF_TURN: list[dict[str, Any]] = [STATIC, STATIC, STATIC, {}]
"""A static member takes its partitions back at once; a dynamic one waits for the session's end."""

BAD_DAY = FaultProfile(error=0.01, latency="0.005..0.05")


def survives_kills(shop: Shop, kills: int, rate: float) -> list[int]:
    """Kill at random moments under load. Returns the repeats that each kill caused."""
    random = Random(kills)
    shop.sandbox.faults = BAD_DAY
    cuts: list[int] = []
    with Watcher(shop) as watcher:
        with load(shop, rate, poison_every=50):
            for kill in range(kills):
                bridge = member(shop, kafka=KAFKA_OF_TURN[kill % len(KAFKA_OF_TURN)])
                bridge.start()
                shop.wait_arrived(shop.requests() + random.randint(100, 500))
                bridge.kill()
                cuts.append(shop.requests())
            member(shop, kafka=KAFKA_OF_TURN[kills % len(KAFKA_OF_TURN)]).start()
        shop.wait_committed(120)
    assert findings(shop, watcher) == []
    return repeats_per_cut(arrived(shop.sandbox.received), cuts)


def test_a_kill_loses_nothing_and_repeats_no_more_than_promised(shop: Shop, figure: Figure) -> None:
    repeats = survives_kills(shop, 2, 300)
    figure("2 x kill -9", f"0 lost, 0 reordered, at most {PROMISED} repeated each", str(repeats))
    assert max(repeats) <= PROMISED


@pytest.mark.soak
def test_fifty_kills_lose_nothing_and_repeat_no_more_than_promised(
    shop: Shop, figure: Figure
) -> None:
    repeats = survives_kills(shop, 50, 300)
    total = len(shop.topic.expected)
    figure(
        "50 x kill -9 under load",
        f"0 lost, 0 reordered, at most {PROMISED} repeated by a kill",
        f"0 lost, 0 reordered of {total:,} requests; repeated by a kill: at most {max(repeats)}, "
        f"{sum(repeats) / len(repeats):.0f} on average",
    )
    assert max(repeats) <= PROMISED


@pytest.mark.soak
def test_while_kafka_acknowledges_no_commit_the_budget_holds_new_sends_back(
    registry: Registry, unique: Callable[[str], str], tmp_path: Path, figure: Figure
) -> None:
    """The worst moment for a kill: everything sent is unacknowledged."""
    broker = KafkaBroker()
    broker.start()
    try:
        with open_shop(broker, registry, unique, tmp_path) as shop:
            shop.fill(5000)
            bridge = member(shop, kafka=STATIC)
            with Watcher(shop) as watcher:
                bridge.start()
                shop.wait_arrived(500)
                broker.pause()
                at_pause = shop.requests()
                wait_still(shop)
                bridge.kill()
                cut = shop.requests()
                broker.resume()
                broker.wait_ready()
                member(shop, kafka=STATIC).start()
                shop.wait_committed(120)
            assert findings(shop, watcher) == []
            (repeats,) = repeats_per_cut(arrived(shop.sandbox.received), [cut])
    finally:
        broker.stop()
    figure(
        "kill -9 while Kafka stands still",
        f"at most {PROMISED} repeated",
        f"{cut - at_pause} requests sent after Kafka stopped; {repeats} repeated",
    )
    assert repeats <= PROMISED
    assert cut < len(shop.topic.expected), "everything was sent: the budget held nothing back"


def wait_still(shop: Shop) -> None:
    """Until no request has arrived for two seconds."""
    seen: list[int] = []

    def still() -> bool:
        seen.append(shop.requests())
        return len(seen) > 20 and seen[-1] == seen[-20]

    wait_until(still, 60, "the bridge to hold back", every=0.1)
