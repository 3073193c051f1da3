"""Carts that pile up behind a slow Yespo: it gets the last one before each order, and every record
ends."""

import json
import time
from typing import Any

import pytest

from consumer.sandbox.faults import FaultProfile
from consumer.sandbox.visitors import Visitors
from tests.e2e.conftest import Shop

pytestmark = [pytest.mark.kafka, pytest.mark.registry]

MAPPING = """\
version: 1
from:
  topics: [{topic}]
  schema: {schema}
identity: {{externalCustomerId: user.id, cookie: visitor_id}}
time: event_time
match: first
otherwise: dead_letter
rules:
  - name: order
    when: session_id == "order"
    send:
      - legacy: PurchasedItems
        OrderNumber: event_id
        Products:
          - product_id: event_id
            quantity: 1
            unit_price: 1
  - name: cart
    send:
      - both: cart_updated
        state: uuid(event_id)
        products:
          - id: event_id
            quantity: 1
            price: 1
        conflate: true
"""
CARTS = 20


def records(kinds: list[str]) -> list[dict[str, Any]]:
    """Records of one known visitor, numbered from 0 in `event_id`."""
    known = next(one for one in Visitors(1, lambda: 0).records() if one["user"])
    now = time.time_ns() // 1_000_000
    return [
        {**known, "session_id": kind, "event_id": str(number), "event_time": now}
        for number, kind in enumerate(kinds)
    ]


def test_a_slow_yespo_gets_the_last_cart_before_an_order_and_the_last_of_all(shop: Shop) -> None:
    shop.sandbox.faults = FaultProfile(latency="0.5")
    shop.produce(records(["cart"] * CARTS + ["order"] + ["cart"] * CARTS))
    bridge = shop.bridge(mappings=[shop.written(MAPPING)])
    bridge.start()
    shop.wait_committed()
    code, _ = bridge.terminate()
    assert code == 0, bridge.log
    ledger = bridge.ledger
    assert ledger["balanced"]
    assert ledger["outcomes"]["delivered"] == 2 * CARTS + 1
    told = told_by(shop, "legacy")
    assert told == sorted(told)
    assert {19, 20, 40} <= set(told), "the last cart before the order, the order, the last cart"
    late = told_by(shop, "v2")
    assert late == sorted(late)
    assert late[-1] == 40
    for kind, sent in (
        ("main/legacy/StatusCart", len(told) - 1),
        ("main/v2/cartUpdated", len(late)),
    ):
        counts = ledger["events"][kind]
        assert (counts["delivered"], counts["superseded"]) == (sent, 2 * CARTS - sent)
        assert counts["superseded"] > 0


def told_by(shop: Shop, api: str) -> list[int]:
    """The number of each cart or order that Yespo took, in order of arrival."""
    found = []
    for request in shop.sandbox.received:
        assert not request.violations
        body = json.loads(request.body)
        if request.api != api:
            continue
        if api == "v2":
            (products,) = [p["value"] for p in body["params"] if p["name"] == "products"]
            found.append(int(json.loads(products)[0]["productId"]))
        elif "StatusCart" in body:
            found.append(int(body["StatusCart"]["Products"][0]["productKey"]))
        else:
            found.append(int(body["PurchasedItems"]["OrderNumber"]))
    return found
