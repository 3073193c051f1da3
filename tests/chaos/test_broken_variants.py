"""A checker that cannot fail proves nothing: bridges with one rule broken must be caught."""

import pytest

from consumer.sandbox.faults import FaultProfile
from tests.chaos.checker import Watcher, findings, repeats_per_cut, stale
from tests.chaos.runs import BRIDGE, PROMISED, Program, load, member, site_id, variant
from tests.e2e.conftest import Shop
from tests.e2e.shop import arrived
from tests.parts.ports import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry]

BAD_DAY = FaultProfile(error=0.03, latency="0.005..0.03")


def one_member(shop: Shop, program: Program) -> list[str]:
    """A single bridge, a vendor with faults, some poison."""
    shop.fill(400, poison_every=20)
    shop.sandbox.faults = BAD_DAY
    bridge = member(shop, program)
    with Watcher(shop) as watcher:
        bridge.start()
        shop.wait_committed(60)
    return findings(shop, watcher, repeats=0)


@pytest.mark.parametrize(
    ("name", "caught"),
    [
        ("commits_what_it_received", "committed ahead of delivery"),
        ("commits_before_delivery", "committed ahead of delivery"),
        ("ignores_order", "out of order"),
        ("loses_a_record", "lost"),
        ("rewrites_dead_letters", "dead letters"),
        ("forgets_dead_letters", "dead letters"),
    ],
)
def test_a_bridge_with_one_rule_broken_is_caught(shop: Shop, name: str, caught: str) -> None:
    found = one_member(shop, variant(name))
    assert any(line.startswith(caught) for line in found), found


def test_the_same_run_finds_nothing_wrong_with_the_program_itself(shop: Shop) -> None:
    assert one_member(shop, BRIDGE) == []


def a_member_joins(shop: Shop, program: Program) -> list[str]:
    """Half of the partitions change hands under load."""
    shop.sandbox.faults = FaultProfile(latency="0.2")
    first, second = member(shop, program), member(shop)
    with Watcher(shop) as watcher:
        with load(shop, 200):
            first.start()
            shop.wait_arrived(50)
            second.start()
            wait_until(lambda: joined(shop, site_id(second)), 30, "the second member to send")
        shop.sandbox.faults = FaultProfile()
        shop.wait_committed(60)
    found = findings(shop, watcher, repeats=0)
    if late := stale(shop.sandbox.received, 0, site_id(first), site_id(second)):
        found.append(f"sent by both members: {len(late)}, e.g. {late[0]}")
    return found


def joined(shop: Shop, name: str) -> bool:
    return any(one.account == name for one in shop.sandbox.received[-50:])


@pytest.mark.parametrize(
    ("name", "caught"),
    [("drops_on_revoke", "committed ahead"), ("sends_after_revoke", "sent by both members")],
)
def test_a_bridge_that_lets_go_wrongly_is_caught(shop: Shop, name: str, caught: str) -> None:
    found = a_member_joins(shop, variant(name))
    assert any(line.startswith(caught) for line in found), found


def test_a_bridge_that_exceeds_the_budget_of_repetitions_is_caught(shop: Shop) -> None:
    shop.fill(1500)
    kafka = {"group.instance.id": "one"}
    first = member(shop, variant("never_commits_on_the_way"), kafka=kafka)
    first.start()
    shop.wait_arrived(1000)
    first.kill()
    cut = shop.requests()
    member(shop, kafka=kafka).start()
    shop.wait_committed(60)
    (repeated,) = repeats_per_cut(arrived(shop.sandbox.received), [cut])
    assert repeated > PROMISED
