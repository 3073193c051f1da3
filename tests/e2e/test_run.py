"""`yespo-bridge run` on the real Kafka and registry, against the strict double of the vendor."""

import itertools

import pytest

from tests.e2e.conftest import Shop
from tests.e2e.shop import arrived
from tests.parts.ports import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry, pytest.mark.timeout(300)]

RECORDS = 12_000


def test_every_record_arrives_once_and_in_order_per_person(shop: Shop) -> None:
    _arrives_once(shop, RECORDS)


@pytest.mark.soak
def test_a_hundred_thousand_records_arrive_once_and_in_order(shop: Shop) -> None:
    _arrives_once(shop, 100_000)


def _arrives_once(shop: Shop, records: int) -> None:
    shop.fill(records)
    bridge = shop.bridge()
    bridge.start()
    shop.wait_committed(seconds=240)
    code, _ = bridge.terminate()
    verdict = shop.verdict()
    assert verdict.clean, verdict
    assert verdict.repeated == 0
    assert code == 0, bridge.log
    ledger = bridge.ledger
    assert ledger["received"] == records
    assert ledger["outcomes"]["delivered"] == records
    assert ledger["balanced"]
    assert shop.kafka.end_offsets(shop.dead) == {0: 0, 1: 0, 2: 0}


def test_a_kill_loses_nothing_and_repeats_no_more_than_promised(shop: Shop) -> None:
    _survives_kills(shop, RECORDS, kills=3)


@pytest.mark.soak
def test_ten_kills_lose_nothing_and_repeat_no_more_than_promised(shop: Shop) -> None:
    _survives_kills(shop, 40_000, kills=10)


def _survives_kills(shop: Shop, records: int, kills: int) -> None:
    shop.fill(records)
    promised = 32 + 200
    limits = {
        "delivery": {"max_in_flight": 32},
        "commit": {"max_unacknowledged": 200, "interval": "200ms"},
        "drain": {"revoke": "500ms"},
    }
    kafka = {**shop.settings()["kafka"], "session.timeout.ms": 6000}
    total = len(shop.topic.expected)
    cuts: list[int] = []
    for kill in range(kills):
        bridge = shop.bridge(kafka=kafka, **limits)
        bridge.start()
        shop.wait_arrived(max(shop.arrived() + 50, total * (kill + 1) // (kills + 2)))
        bridge.kill()
        cuts.append(shop.requests())
    shop.bridge(kafka=kafka, **limits).start()
    shop.wait_committed(seconds=240)
    verdict = shop.verdict()
    assert verdict.clean, verdict
    repeats = _repeats_per_cut(shop, cuts)
    print(f"\n{records} records, {kills} kills: repeated per kill {repeats}, promised {promised}")
    assert max(repeats) <= promised


def _repeats_per_cut(shop: Shop, cuts: list[int]) -> list[int]:
    """Requests that arrived a second time, by the kill that caused it."""
    order = arrived(shop.sandbox.received)
    seen = set(order[: cuts[0]])
    repeats = []
    for begin, end in itertools.pairwise([*cuts, len(order)]):
        part = order[begin:end]
        repeats.append(sum(request in seen for request in part))
        seen.update(part)
    return repeats


def test_a_stop_under_load_repeats_nothing(shop: Shop) -> None:
    shop.fill(RECORDS)
    first = shop.bridge()
    first.start()
    shop.wait_arrived(RECORDS // 4)
    code, seconds = first.terminate()
    assert code == 0, first.log
    assert seconds < 25
    assert first.ledger["balanced"]
    assert shop.requests() < len(shop.topic.expected), "it was not stopped under load"
    shop.bridge().start()
    shop.wait_committed(seconds=120)
    verdict = shop.verdict()
    assert verdict.clean, verdict
    assert verdict.repeated == 0


def test_a_vendor_that_refuses_connections_costs_time_and_nothing_else(shop: Shop) -> None:
    shop.fill(RECORDS)
    bridge = shop.bridge()
    bridge.start()
    shop.wait_arrived(RECORDS // 4)
    shop.sandbox.refuse_connections(30)
    stopped = shop.requests()
    before = bridge.memory
    wait_until(lambda: shop.requests() > stopped, 60, "delivery to resume", every=0.5)
    grown = bridge.memory - before
    shop.wait_committed(seconds=120)
    code, _ = bridge.terminate()
    verdict = shop.verdict()
    assert verdict.clean, verdict
    assert code == 0
    assert grown < 32 * 1024**2
    assert shop.kafka.end_offsets(shop.dead) == {0: 0, 1: 0, 2: 0}
