"""Records that have waited too long in Kafka: nobody is written to about yesterday's cart."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from consumer.sandbox.broker import AvroWriter
from consumer.sandbox.visitors import Visitors
from tests.e2e.conftest import Shop
from tests.e2e.shop import ROOT, SCHEMA

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


def produce(shop: Shop, made: list[dict[str, Any]]) -> None:
    write = AvroWriter(SCHEMA, shop.schema_id)
    producer = Producer({"bootstrap.servers": shop.kafka.bootstrap})
    for record in made:
        producer.produce(shop.clicks, write(record), b"one person", partition=0)
    assert producer.flush(30) == 0


def mapping(folder: Path, topic: str) -> str:
    file = folder / "old.yaml"
    file.write_text(MAPPING.format(topic=topic, schema=ROOT / "avro" / "shop_click.avsc"))
    return str(file)


def test_old_events_are_dropped_dead_lettered_or_told_as_past_and_legacy_ones_sent(
    shop: Shop,
) -> None:
    produce(
        shop,
        records(
            {"a": 25, "strict-a": 25, "told-a": 48, "b": 0, "strict-b": 23, "told-b": 23, "c": 30}
        ),
    )
    bridge = shop.bridge(mappings=[mapping(shop.folder, shop.clicks)])
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
