"""Records that have waited too long in Kafka: nobody is written to about yesterday's cart."""

import json
import time
from typing import Any

import pytest

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
  - name: strict
    when: session_id == "strict"
    send:
      - v2: searchRequest
        search: event_id
        when_older: dead_letter
  - name: told late
    when: session_id == "told"
    send:
      - v2: searchRequest
        search: event_id
        when_older: past_events
  - name: searched
    send:
      - both: searched
        query: event_id
"""


def records(sessions: dict[str, int]) -> list[dict[str, Any]]:
    """Records of one known visitor: `event_id` is the session with its age in hours."""
    known = next(one for one in Visitors(1, lambda: 0).records() if one["user"])
    now = time.time_ns() // 1_000_000
    return [
        {
            **known,
            "session_id": name.partition("-")[0],
            "event_id": f"{name} {hours}h",
            "event_time": now - hours * 3_600_000,
        }
        for name, hours in sessions.items()
    ]


def test_old_events_are_dropped_dead_lettered_or_told_as_past_and_legacy_ones_sent(
    shop: Shop,
) -> None:
    ages = {"a": 25, "strict-a": 25, "told-a": 48, "b": 0, "strict-b": 23, "told-b": 23, "c": 30}
    shop.produce(records(ages))
    bridge = shop.bridge(mappings=[shop.written(MAPPING)])
    bridge.start()
    (letter,) = shop.dead_letters(1)
    shop.wait_committed()
    code, _ = bridge.terminate()
    assert code == 0, bridge.log
    assert searched(shop, "legacy") == ["a 25h", "b 0h", "c 30h"]
    assert searched(shop, "v2") == ["b 0h", "strict-b 23h", "told-b 23h"]
    assert searched(shop, "past_events") == ["told-a 48h"]
    assert dict(letter.headers() or [])["yespo.dlq.reason"] == b"expired"
    ledger = bridge.ledger
    assert ledger["balanced"]
    assert ledger["outcomes"]["dead_lettered"] == 1


def searched(shop: Shop, api: str) -> list[str]:
    """The search of each event that Yespo took, in order of arrival."""
    found = []
    for request in shop.sandbox.received:
        assert not request.violations
        body = json.loads(request.body)
        if request.api == api == "legacy":
            found.append(body["SearchRequest"]["search"])
        elif request.api == api:
            for event in body.get("events", [body]):
                found += [p["value"] for p in event["params"] if p["name"] == "search"]
    return found
