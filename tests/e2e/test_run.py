"""`yespo-bridge run` on the real Kafka and registry, against the strict double of the vendor."""

import pytest

from tests.e2e.conftest import Shop
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
    _survives_refusal(shop, seconds=5)


@pytest.mark.soak
def test_half_a_minute_without_a_vendor_costs_time_and_nothing_else(shop: Shop) -> None:
    _survives_refusal(shop, seconds=30)


def _survives_refusal(shop: Shop, seconds: float) -> None:
    shop.fill(RECORDS)
    bridge = shop.bridge()
    bridge.start()
    shop.wait_arrived(RECORDS // 4)
    shop.sandbox.refuse_connections(seconds)
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
