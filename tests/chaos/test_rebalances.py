"""Members that come, go and stand still: nothing lost, nothing out of order, nothing twice."""

import time
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import pytest

from consumer.sandbox.faults import FaultProfile
from tests.chaos.checker import Watcher, findings, stale
from tests.chaos.runs import BRIDGE, Program, assigned, load, member, site_id, variant, wait_members
from tests.e2e.bridge import Bridge
from tests.e2e.conftest import Shop
from tests.e2e.shop import Request
from tests.parts.ports import wait_until
from tests.soak_report import Figure

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(1800)]

PROTOCOLS: dict[str, dict[str, Any]] = {
    "cooperative-sticky": {},
    "KIP-848": {"group.protocol": "consumer"},
}
protocols = pytest.mark.parametrize("protocol", list(PROTOCOLS))


def survives_members_that_come_and_go(
    shop: Shop,
    protocol: str,
    over: Callable[[int], bool],
    *,
    revoke: str = "3s",
    latency: str = "0.005..0.05",
    rate: float = 200,
    known: int = 0,
) -> tuple[int, list[str]]:
    """Three members under load: one after the other is restarted, and a fourth comes and goes, until
    `over(number of changes)`. `known` persons make chains of events. Returns the number of changes,
    and what the checker found."""
    random = Random(3)
    # What a busy machine may need for work of a tenth of a second, and a session that allows it.
    kafka, drain = {"session.timeout.ms": 10_000, **PROTOCOLS[protocol]}, {"revoke": revoke}
    shop.sandbox.faults = FaultProfile(latency=latency)
    bridges = [member(shop, kafka=kafka, drain=drain) for _ in range(4)]
    trio, guest = bridges[:3], bridges[3]
    changes = 0
    with Watcher(shop) as watcher:
        with load(shop, rate, known=known):
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
            bridge.wait_ready()  # the last to be restarted may not yet hear the signal
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


def test_members_that_restart_and_join_repeat_nothing(shop: Shop) -> None:
    over = 2
    _, found = survives_members_that_come_and_go(
        shop, "cooperative-sticky", lambda changes: changes == over
    )
    assert found == []


CHAINS: dict[str, Any] = {"latency": "0.02..0.1", "rate": 60, "known": 6}
"""Six persons who send nearly as much as the vendor takes of one person at a time."""


def test_members_that_restart_and_join_repeat_nothing_of_chains(shop: Shop) -> None:
    _, found = survives_members_that_come_and_go(
        shop, "cooperative-sticky", lambda changes: changes == 2, **CHAINS
    )
    assert found == []


@pytest.mark.soak
@protocols
@pytest.mark.parametrize("revoke", ["3s", "5s"])
def test_twenty_hand_overs_repeat_nothing_of_chains(
    shop: Shop, protocol: str, revoke: str, figure: Figure
) -> None:
    _, found = survives_members_that_come_and_go(
        shop, protocol, lambda changes: changes == 20, revoke=revoke, **CHAINS
    )
    figure(
        f"20 hand-overs with chains of 6 persons, {protocol}, `drain.revoke` {revoke}",
        "0 lost, 0 reordered, 0 repeated",
        "; ".join(found) or f"0, 0, 0 of {len(shop.topic.expected):,} requests",
    )
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
    shop: Shop, programs: list[Program], kafka: dict[str, Any], away: float
) -> tuple[Watcher, dict[str, list[Request]], int]:
    """SIGSTOP busy members, one of each program, for longer than their session, while another one
    takes over; SIGCONT them under load. All but the first are killed once they have sent something.
    Returns what each sent that was no longer its own, by site id, and the least number of records
    that one of them held when it stopped."""
    shop.fill(8000)
    shop.sandbox.faults = FaultProfile(latency="0.3")  # so that there is work left all the time
    stopped = [member(shop, program, kafka=kafka) for program in programs]
    successor = member(shop, kafka=kafka)
    partitions = len(shop.kafka.end_offsets(shop.clicks))
    with Watcher(shop) as watcher:
        for bridge in [*stopped, successor]:
            bridge.start()
            bridge.wait_ready()
        share = partitions // (len(stopped) + 1)
        for bridge in [*stopped, successor]:
            wait_until(partial(has, bridge, share), 30, "every member to have its share")
            wait_until(partial(sends, shop, bridge), 30, "every member to send")
        held = min(bridge.status()["ledger"]["in_flight"] for bridge in stopped)
        for bridge in stopped:
            bridge.freeze()
        wait_until(partial(has, successor, partitions), away, "the successor to take over")
        shop.wait_arrived(shop.requests() + 200)
        woken = len(shop.sandbox.received)
        shop.sandbox.faults = FaultProfile(latency="0.02")  # so that the next drain is complete
        for bridge in stopped:
            bridge.wake()
        for bridge in stopped[1:]:  # they would go on for ever with what is not theirs
            wait_until(partial(sent_since, shop, bridge, woken), 30, "the unfenced one to send")
            bridge.kill()
        wait_members(shop, 2, away)
        shop.sandbox.faults = FaultProfile()
        shop.wait_committed(120)
    received, heir = shop.sandbox.received, site_id(successor)
    late = {site_id(one): stale(received, woken, site_id(one), heir) for one in stopped}
    return watcher, late, held


def has(bridge: Bridge, partitions: int) -> bool:
    return assigned(bridge) == partitions


def sent_since(shop: Shop, bridge: Bridge, arrivals: int) -> bool:
    return any(one.account == site_id(bridge) for one in shop.sandbox.received[arrivals:])


def sends(shop: Shop, bridge: Bridge) -> bool:
    return any(one.account == site_id(bridge) for one in shop.sandbox.received[-200:])


def test_a_woken_member_sends_nothing_that_is_no_longer_its_own_and_one_without_a_fence_is_caught(
    shop: Shop,
) -> None:
    programs = [BRIDGE, variant("ignores_the_fence")]
    _, late, held = stopped_and_woken(shop, programs, {}, 30)
    ours, unfenced = late.values()
    assert held > 50
    assert ours == []
    assert unfenced, "the checker did not see a bridge that ignores the fence"
    assert shop.verdict().lost == []


@pytest.mark.soak
@pytest.mark.parametrize(("protocol", "away"), [("cooperative-sticky", 30), ("KIP-848", 90)])
def test_members_stopped_for_longer_than_their_session_are_fenced(
    shop: Shop, figure: Figure, protocol: str, away: float
) -> None:
    watcher, late, held = stopped_and_woken(shop, [BRIDGE], PROTOCOLS[protocol], away)
    found = findings(shop, watcher) + [f"sent late: {which}" for which in late.values() if which]
    figure(
        f"SIGSTOP beyond the session timeout, SIGCONT, {protocol}",
        "0 lost; what was fenced neither commits nor sends",
        "; ".join(found) or f"0 lost, 0 sent of {held} records that it held, 0 commits",
    )
    assert found == []
