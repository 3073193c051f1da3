"""Answers that are about the configuration or one event, not about the day: 401 and a firewall's 403."""

from itertools import pairwise

import pytest

from consumer.sandbox.faults import FaultProfile
from tests.e2e.conftest import Shop
from tests.e2e.shop import Request, request_of
from tests.parts.ports import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry]

IN_FLIGHT = 16


def test_a_withdrawn_key_stops_within_what_is_in_flight_and_a_new_file_sets_it_going(
    shop: Shop,
) -> None:
    key = shop.folder / "key"
    key.write_text("sandbox-key\n")
    settings = shop.settings()
    settings["yespo"]["accounts"]["main"]["v2"]["api_key"] = f"${{file:{key}}}"
    bridge = shop.bridge(yespo=settings["yespo"], delivery={"max_in_flight": IN_FLIGHT})
    shop.sandbox.faults = FaultProfile(latency="0.02")
    shop.fill(2500)
    bridge.start()
    shop.wait_arrived(500)
    shop.sandbox.api_key = "another-key"

    def stopped() -> bool:
        found: str = bridge.status()["endpoints"]["main/v2"]["state"]
        return found == "misconfigured"

    def refused() -> int:
        return sum(one.status == 401 for one in shop.sandbox.received)

    def trials() -> int:
        """Refusals that came alone: those in flight at the stop come one right after the other."""
        came = [one.at_ms for one in shop.sandbox.received if one.status == 401]
        return sum(later - sooner >= 300 for sooner, later in pairwise(came))

    wait_until(stopped, 30, "v2 to stop")
    wait_until(lambda: trials() >= 2, 60, "two trials, each after a pause")
    # What was in flight, and the trials until we looked: each waits twice as long as the one before.
    assert 3 <= refused() <= IN_FLIGHT + 6
    assert sum(shop.kafka.end_offsets(shop.dead).values()) == 0
    key.write_text("another-key\n")
    shop.wait_committed()
    code, _ = bridge.terminate()
    assert code == 0
    verdict = shop.verdict()
    assert verdict.clean, verdict
    assert verdict.repeated == 0
    assert bridge.ledger["outcomes"]["dead_lettered"] == 0
    assert "another-key" not in bridge.log


def test_one_event_that_a_firewall_refuses_is_dead_lettered_alone(shop: Shop) -> None:
    shop.fill(1500)
    odd = sorted(shop.topic.persons)[700]
    pattern = f'"partition":\\["{odd[0]}"\\].*"offset":\\["{odd[1]}"\\]'
    shop.sandbox.faults = FaultProfile(forbid=pattern, latency="0.01")
    bridge = shop.bridge()
    bridge.start()
    shop.wait_committed()
    code, _ = bridge.terminate()
    assert code == 0
    [letter] = shop.dead_letters(1)
    assert (letter.key() or b"") == shop.topic.persons[odd].encode()
    assert bridge.ledger["outcomes"]["dead_lettered"] == 1
    forbidden = [one for one in shop.sandbox.received if one.status == 403]
    assert {request_of(one) for one in forbidden} == {Request(*odd, "legacy")}
    assert len(forbidden) == 2, "tried once more, after others were taken"
    verdict = shop.verdict()
    assert verdict.lost == [Request(*odd, "legacy")]
    assert not verdict.reordered
