"""Members that come, go and stand still: nothing lost, nothing out of order, nothing twice."""

import time
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from consumer.sandbox.faults import FaultProfile
from tests.chaos.checker import Watcher, findings, stale
from tests.chaos.runs import BRIDGE, Program, assigned, load, member, site_id, variant, wait_members
from tests.e2e.bridge import Bridge
from tests.e2e.conftest import Shop
from tests.parts.ports import wait_until
from tests.soak_report import Figure

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(1800)]

PROTOCOLS: dict[str, dict[str, Any]] = {
    "cooperative-sticky": {},
    "KIP-848": {"group.protocol": "consumer"},
}
protocols = pytest.mark.parametrize("protocol", list(PROTOCOLS))


def survives_members_that_come_and_go(
    shop: Shop, protocol: str, over: Callable[[int], bool]
) -> tuple[int, list[str]]:
    """Three members under load: one after the other is restarted, and a fourth comes and goes, until
    `over(number of changes)`. Returns the number of changes, and what the checker found."""
    random = Random(3)
    kafka = PROTOCOLS[protocol]
    shop.sandbox.faults = FaultProfile(latency="0.005..0.05")
    bridges = [member(shop, kafka=kafka) for _ in range(4)]
    trio, guest = bridges[:3], bridges[3]
    changes = 0
    with Watcher(shop) as watcher:
        with load(shop, 200):
            for bridge in trio:
                bridge.start()
            wait_members(shop, 3)
            while not over(changes):
                if changes % 2:
                    guest.start()
                    guest.wait_ready()
                    time.sleep(random.uniform(0, 3))  # joins and leaves at any stage of a rebalance
                    stop_in_order(guest)
                else:
                    one = trio[changes // 2 % 3]
                    stop_in_order(one)
                    one.start()
                    time.sleep(random.uniform(0, 2))
                changes += 1
        shop.wait_committed(120)
        for bridge in trio:
            stop_in_order(bridge)
    found = findings(shop, watcher, repeats=0)
    found += [
        f"{site_id(bridge)} ran out of time"
        for bridge in bridges
        if "ran out of time" in bridge.log
    ]
    return changes, found


def stop_in_order(bridge: Bridge) -> None:
    code, _ = bridge.terminate()
    assert code == 0, bridge.log
    assert bridge.ledger["balanced"], bridge.ledger["imbalance"]


@protocols
def test_members_that_restart_and_join_repeat_nothing(shop: Shop, protocol: str) -> None:
    _, found = survives_members_that_come_and_go(shop, protocol, lambda changes: changes == 2)
    assert found == []


@pytest.mark.soak
@protocols
def test_three_minutes_of_restarts_and_joins_repeat_nothing(
    shop: Shop, protocol: str, figure: Figure
) -> None:
    ends = time.monotonic() + 180
    changes, found = survives_members_that_come_and_go(
        shop, protocol, lambda _: time.monotonic() > ends
    )
    figure(
        f"3 members, rolling restarts and joins for 3 minutes, {protocol}",
        "0 lost, 0 reordered, 0 repeated",
        "; ".join(found)
        or f"0, 0, 0 of {len(shop.topic.expected):,} requests in {changes} changes",
    )
    assert found == []


def stopped_and_woken(
    shop: Shop, program: Program, kafka: dict[str, Any], away: float
) -> tuple[int, list[str]]:
    """SIGSTOP a busy member for longer than its session, SIGCONT it under load. Returns what it held
    unsent when it stopped, and what the checker found."""
    shop.fill(4000)
    shop.sandbox.faults = FaultProfile(latency="0.1")
    first, second = member(shop, program, kafka=kafka), member(shop, kafka=kafka)
    with Watcher(shop) as watcher:
        first.start()
        shop.wait_arrived(100)
        second.start()
        wait_until(lambda: sends(shop, second), 30, "the second member to send")
        wait_members(shop, 2)
        assert assigned(first) == 3
        waiting = first.status()["ledger"]["in_flight"]
        first.freeze()
        wait_members(shop, 1, away)
        wait_until(lambda: assigned(second) == 6, 30, "the second member to take over")
        before = shop.requests()
        shop.wait_arrived(before + 200)
        woken = len(shop.sandbox.received)
        first.wake()
        wait_members(shop, 2, away)
        shop.sandbox.faults = FaultProfile()
        shop.wait_committed(120)
    found = findings(shop, watcher)
    if late := stale(shop.sandbox.received, woken, site_id(first)):
        found.append(f"sent after the takeover: {len(late)}, e.g. {late[0]}")
    return waiting, found


def sends(shop: Shop, bridge: Bridge) -> bool:
    return any(one.account == site_id(bridge) for one in shop.sandbox.received[-50:])


def test_a_member_woken_after_its_session_neither_sends_nor_commits(
    shop: Shop, figure: Figure
) -> None:
    waiting, found = stopped_and_woken(shop, BRIDGE, {}, 30)
    assert found == []
    assert waiting > 50


@pytest.mark.soak
@pytest.mark.parametrize(("protocol", "away"), [("cooperative-sticky", 30), ("KIP-848", 90)])
def test_members_stopped_for_longer_than_their_session_are_fenced(
    shop: Shop, figure: Figure, protocol: str, away: float
) -> None:
    waiting, found = stopped_and_woken(shop, BRIDGE, PROTOCOLS[protocol], away)
    figure(
        f"SIGSTOP beyond the session timeout, SIGCONT, {protocol}",
        "0 lost; what was fenced neither commits nor sends",
        "; ".join(found) or f"0 lost, 0 sent of {waiting} records that it held, 0 commits",
    )
    assert found == []


def test_a_bridge_without_a_fence_is_caught(shop: Shop) -> None:
    _, found = stopped_and_woken(shop, variant("ignores_the_fence"), {}, 30)
    assert any(line.startswith("sent after the takeover") for line in found), found
