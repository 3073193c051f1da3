"""Endpoints in processes of their own: an outage of one holds up none of the others."""

import json

import pytest

from tests.e2e.bridge import Bridge
from tests.e2e.conftest import Shop, headers_of
from tests.parts.ports import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry]

SCOPES = {"tracker": {"endpoints": ["main/legacy"]}, "rest": {"endpoints": ["main/v2"]}}


def bridges(shop: Shop) -> tuple[Bridge, Bridge]:
    tracker, rest = (shop.bridge(scopes=SCOPES, only=[name]) for name in SCOPES)
    return tracker, rest


def committed(shop: Shop, scope: str) -> bool:
    group = f"{shop.group}.{scope}"
    return shop.kafka.committed(group, shop.clicks) == shop.kafka.end_offsets(shop.clicks)


def delivered(shop: Shop, api: str) -> int:
    return sum(one.api == api and one.status in {200, 204} for one in shop.sandbox.received)


@pytest.mark.parametrize(
    "seconds", [10, pytest.param(600, marks=[pytest.mark.soak, pytest.mark.timeout(1200)])]
)
def test_while_v2_answers_401_the_tracker_takes_every_event_at_full_rate(
    shop: Shop, seconds: int
) -> None:
    tracker, rest = bridges(shop)
    shop.sandbox.api_key = "another-key"
    for bridge in (tracker, rest):
        bridge.start()
    for bridge in (tracker, rest):
        bridge.wait_ready()
    shop.fill(200 * seconds, rate=200)
    wait_until(lambda: committed(shop, "tracker"), 10, "the tracker to have kept up")
    legacy = sum(request.api == "legacy" for request in shop.topic.expected)
    assert delivered(shop, "legacy") == legacy == 200 * seconds
    assert delivered(shop, "v2") == 0
    assert rest.status()["endpoints"]["main/v2"]["state"] == "misconfigured"
    assert list(tracker.status()["endpoints"]) == ["main/legacy"]
    shop.sandbox.api_key = "sandbox-key"
    wait_until(lambda: committed(shop, "rest"), 60 + seconds, "v2 to catch up")
    for bridge in (tracker, rest):
        code, _ = bridge.terminate()
        assert code == 0
    verdict = shop.verdict()
    assert verdict.clean, verdict
    assert verdict.repeated == 0
    assert sum(shop.kafka.end_offsets(shop.dead).values()) == 0


def test_a_dead_letter_names_the_endpoints_of_its_scope(shop: Shop) -> None:
    shop.fill(40, poison_every=40)
    for bridge in bridges(shop):
        bridge.start()
    for scope in SCOPES:
        wait_until(lambda scope=scope: committed(shop, scope), 60, f"{scope} to end")  # type: ignore[misc]
    letters = [dict(headers_of(letter)) for letter in shop.dead_letters(2)]
    endpoints = [json.loads(each["yespo.dlq.endpoints"] or b"") for each in letters]
    assert sorted(endpoints) == [["main/legacy"], ["main/v2"]]
