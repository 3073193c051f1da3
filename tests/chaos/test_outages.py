"""An outage and a 429 storm of the vendor's under load: lag, and nothing else."""

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from consumer.sandbox.faults import FaultProfile
from tests.chaos import stamped
from tests.chaos.checker import Watcher, findings
from tests.chaos.runs import assigned, load, wait_members
from tests.e2e.bridge import Bridge
from tests.e2e.conftest import Shop
from tests.parts.ports import wait_until
from tests.soak_report import Figure

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(900)]

MEBI = 1024**2
LOAD = 500.0
"""Records per second, of which some 40 % are of visitors whom v2 may be told of."""
OUTAGE_SECONDS = 60.0
"""Ten minutes, scaled: the buffer is full after 40 s, and nothing changes from then on."""
RATE, BURST = 120.0, 30
LIMIT = 60
"""Requests per second that the vendor takes in the storm."""


def v2_by_second(shop: Shop, since_ms: float) -> Counter[int]:
    """Requests to v2 by the calendar second in which they arrived."""
    return Counter(
        one.at_ms // 1000
        for one in shop.sandbox.received
        if one.api == "v2" and one.at_ms >= since_ms
    )


def left_by_second(bridges: list[Bridge]) -> Counter[int]:
    """Requests that left for v2, by calendar second, over all members."""
    return Counter(ms // 1000 for bridge in bridges for ms in stamped.read(stamps(bridge)))


def stamps(bridge: Bridge) -> Path:
    return bridge.folder / "stamps"


def sample(bridge: Bridge, name: str) -> float:
    """The sum over all labels of one metric."""
    found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", bridge.metrics(), re.MULTILINE)
    return sum(map(float, found))


@contextmanager
def memory_of(bridge: Bridge) -> Iterator[list[int]]:
    """The resident bytes, looked at all the time."""
    seen = [bridge.memory]
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.25):
            seen.append(bridge.memory)

    thread = threading.Thread(target=look, name="memory", daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def limited(shop: Shop, members: int) -> list[Bridge]:
    yespo = shop.settings()["yespo"]
    yespo["accounts"]["main"]["v2"] |= {"rate": RATE, "burst": BURST}
    found = [shop.bridge(yespo=yespo) for _ in range(members)]
    for bridge in found:
        bridge.program = ("tests.chaos.stamped", str(stamps(bridge)))
        bridge.start()
        bridge.wait_ready()
    wait_members(shop, members)
    partitions = len(shop.kafka.end_offsets(shop.clicks))
    wait_until(lambda: sum(map(assigned, found)) == partitions, 60, "all partitions to be assigned")
    return found


@pytest.mark.soak
@pytest.mark.parametrize("members", [1, 3])
def test_an_outage_costs_lag_and_nothing_else(shop: Shop, figure: Figure, members: int) -> None:
    bridges = limited(shop, members)
    with Watcher(shop) as watcher:
        with load(shop, LOAD):
            time.sleep(15)  # steady, and warm
            rebalances = [sample(bridge, "yespo_bridge_rebalances_total") for bridge in bridges]
            with memory_of(bridges[0]) as memory:
                shop.sandbox.refuse_connections()
                time.sleep(OUTAGE_SECONDS)
            moved = [
                sample(bridge, "yespo_bridge_rebalances_total") - before
                for bridge, before in zip(bridges, rebalances, strict=True)
            ]
        behind = len(shop.topic.expected) - shop.requests()
        resumed = time.time() * 1000
        shop.sandbox.accept_connections()
        if members > 1:
            time.sleep(10)
            bridges[-1].terminate()
            time.sleep(10)
            bridges[-1].start()
        shop.wait_committed(600)
        done_ms = shop.sandbox.received[-1].at_ms
        codes = [bridge.terminate()[0] for bridge in bridges]
    most = max(left_by_second(bridges).values())
    # From the first trial that was taken, up to 10 s later, to the last full second.
    caught_up = [count for _, count in sorted(v2_by_second(shop, resumed + 12_000).items())][1:-2]
    pace = sum(caught_up) / len(caught_up)
    grown = max(memory) - memory[0]
    found = findings(shop, watcher, repeats=0)
    # A member that leaves and comes back takes its part with it for some seconds.
    promised = (0.95 if members == 1 else 0.7) * RATE
    figure(
        f"vendor away for {OUTAGE_SECONDS:g} s (10 minutes, scaled) at {LOAD:g} records/s, "
        f"{members} member{'s' if members > 1 else ''}",
        f"RSS +32 MB at most, no rebalance, no dead letter, order kept, v2 at {promised:g}/s at "
        f"least after it (its ceiling is {RATE:g}), never more than {RATE + BURST:g} in a second",
        f"+{grown / MEBI:.0f} MiB, {sum(moved):g} rebalances, "
        f"{sum(shop.kafka.end_offsets(shop.dead).values())} dead letters, {behind:,} requests behind "
        f"worked off in {(done_ms - resumed) / 1000:.0f} s, v2 at {pace:.0f}/s, at most "
        f"{most} in a second; {'; '.join(found) or '0 lost, 0 out of order'}",
    )
    assert found == []
    assert codes == [0] * members
    assert sum(moved) == 0
    assert grown < 32 * 1_000_000
    assert most <= RATE + BURST
    assert pace >= promised


@pytest.mark.soak
def test_a_429_storm_settles_near_the_true_limit_and_recovers(shop: Shop, figure: Figure) -> None:
    limited(shop, 1)
    with load(shop, LOAD):
        time.sleep(10)
        # The tracker alone would hold the records back: each of them is one of its requests.
        shop.sandbox.faults = FaultProfile(throttle_above=LIMIT, only=("v2",))
        time.sleep(30)
        storm = taken_of_v2(shop, 20)
        shop.sandbox.faults = FaultProfile()
        lifted = time.monotonic()
        wait_until(lambda: taken_of_v2(shop, 3) >= 0.9 * RATE, 90, "the rate to recover")
        recovered = time.monotonic() - lifted
    dead = sum(shop.kafka.end_offsets(shop.dead).values())
    figure(
        f"429 storm above {LIMIT}/s under a ceiling of {RATE:g}/s",
        "within 20 % of the limit after 30 s, recovers when it lifts, no dead letter",
        f"{storm:.0f}/s on average over 20 s, back at 90 % of the ceiling after {recovered:.0f} s, "
        f"{dead} dead letters",
    )
    assert 0.8 * LIMIT <= storm <= 1.2 * LIMIT
    assert dead == 0


def taken_of_v2(shop: Shop, seconds: float) -> float:
    """Accepted per second, over the `seconds` that follow."""
    before = len(shop.sandbox.received)
    began = time.monotonic()
    time.sleep(seconds)
    taken = sum(one.api == "v2" and one.taken for one in shop.sandbox.received[before:])
    return taken / (time.monotonic() - began)
