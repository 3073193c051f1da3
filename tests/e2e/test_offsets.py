"""`yespo-bridge offsets` against a real group: what it shows, and when it moves."""

import json
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from consumer.errors import KafkaSetupError
from consumer.inspect.group_offsets import GroupReader
from tests.e2e.bridge import Bridge
from tests.e2e.conftest import Shop
from tests.parts.ports import wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.registry]


def offsets(bridge: Bridge, *arguments: str) -> subprocess.CompletedProcess[str]:
    sub = ["set"] if "--to" in arguments else []
    return subprocess.run(
        [
            *(sys.executable, "-m", "consumer", "offsets", *sub),
            *("--config", str(bridge.write_config()), *arguments),
        ],
        capture_output=True,
        text=True,
        env=bridge.environment(),
        timeout=60,
        check=False,
    )


def shown(bridge: Bridge) -> dict[str, Any]:
    answer = offsets(bridge, "--json")
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def fill(shop: Shop, count: int, timestamp_ms: int, partition: int = 2) -> None:
    producer = shop.kafka.producer()
    for _ in range(count):
        producer.produce(shop.clicks, b"x", partition=partition, timestamp=timestamp_ms)
    assert producer.flush(30) == 0


def commit(shop: Shop, offset: int, metadata: str) -> None:
    consumer = Consumer({"bootstrap.servers": shop.kafka.bootstrap, "group.id": shop.group})
    where = TopicPartition(shop.clicks, 2, offset, metadata)
    consumer.commit(offsets=[where], asynchronous=False)
    consumer.close()


def test_offsets_shows_lag_in_records_and_seconds_and_what_has_ended_above(shop: Shop) -> None:
    bridge = shop.bridge()
    hour_ago = int(time.time() * 1000) - 3_600_000
    fill(shop, 5, hour_ago - 1_000_000)
    fill(shop, 15, hour_ago)
    before = shown(bridge)
    assert before["state"] == "none"
    assert before["members"] == []
    untouched = {
        "topic": shop.clicks,
        "partition": 2,
        "begin": 0,
        "end": 20,
        "committed": None,
        "lag": None,
        "lag_seconds": None,
        "member": None,
        "ended_above": {"count": 0, "ranges": []},
    }
    assert before["partitions"][2] == untouched
    # two not ended, two ended, one not, one ended, as the runs 2 2 1 1
    commit(shop, 5, f"yb2:5:{shop.kafka.topic_id(shop.clicks)}:rAgIBAQ==")
    after = shown(bridge)
    assert after["state"] == "empty"
    assert [one["partition"] for one in after["partitions"]] == [0, 1, 2, 3, 4, 5]
    seconds = after["partitions"][2].pop("lag_seconds")
    assert 3600 <= seconds < 3660
    assert after["partitions"][2] == {
        "topic": shop.clicks,
        "partition": 2,
        "begin": 0,
        "end": 20,
        "committed": 5,
        "lag": 15,
        "member": None,
        "ended_above": {"count": 3, "ranges": [[7, 8], [10, 10]]},
    }
    text = offsets(bridge).stdout
    assert "3 (7-8, 10)" in text
    commit(shop, 20, "somebody else's words")
    caught_up = shown(bridge)["partitions"][2]
    assert (caught_up["lag"], caught_up["lag_seconds"]) == (0, 0.0)
    assert caught_up["ended_above"] == {"count": 0, "ranges": []}


def test_offsets_set_moves_a_group_without_members_and_only_with_yes(shop: Shop) -> None:
    bridge = shop.bridge()
    fill(shop, 5, 1_763_700_000_000)
    fill(shop, 5, 1_763_700_060_000)
    where = ["--topic", shop.clicks, "--partition", "2"]

    def moved(target: str) -> dict[int, int]:
        answer = offsets(bridge, "--to", target, *where, "--yes")
        assert answer.returncode == 0, answer.stderr
        return shop.kafka.committed(shop.group, shop.clicks)

    only_shown = offsets(bridge, "--to", "earliest", "--json")
    assert json.loads(only_shown.stdout)["moves"][2] == {
        "topic": shop.clicks,
        "number": 2,
        "before": None,
        "after": 0,
    }
    assert shop.kafka.committed(shop.group, shop.clicks) == {}
    assert moved("latest") == {2: 10}
    assert moved("7") == {2: 7}
    assert moved("2025-11-21T04:41:00Z") == {2: 5}  # 60 s after the first five
    assert moved("2030-01-01T00:00:00+02:00") == {2: 10}
    assert moved("earliest") == {2: 0}
    assert offsets(bridge, "--to", "latest", "--yes").returncode == 0
    assert shop.kafka.committed(shop.group, shop.clicks) == {0: 0, 1: 0, 2: 10, 3: 0, 4: 0, 5: 0}


def test_a_target_that_makes_no_sense_is_refused(shop: Shop) -> None:
    fill(shop, 10, 1_763_700_000_000)
    bridge = shop.bridge()
    for arguments, says in (
        (["--to", "11", "--partition", "2"], "which goes from 0 to 10"),
        (["--to", "3"], "an offset is of one partition: add --topic and --partition"),
        (["--to", "2026-11-20T10:00:00"], "or a time with its zone such as"),
        (["--to", "latest", "--partition", "9"], "no such partition; the mappings read clicks."),
        (["--to", "latest", "--topic", "other"], f"read {shop.clicks}, partitions 0 to 5"),
        (["--to", "1969-12-31T23:59:59.998Z"], "is before 1970"),
    ):
        answer = offsets(bridge, *arguments, "--yes")
        assert answer.returncode == 3
        assert says in answer.stderr
    assert shop.kafka.committed(shop.group, shop.clicks) == {}


def test_offsets_set_is_refused_while_the_group_has_members(shop: Shop) -> None:
    shop.fill(100)
    bridge = shop.bridge()
    bridge.start()
    shop.wait_committed()
    before = shop.kafka.committed(shop.group, shop.clicks)
    found = shown(bridge)
    assert found["state"] == "stable"
    assert {one["member"] for one in found["partitions"]} == set(found["members"])
    assert found["members"][0].startswith("yespo-bridge at ")
    assert len(shown(bridge)["members"]) == 1
    answer = offsets(bridge, "--to", "earliest", "--yes")
    assert answer.returncode == 3
    assert "is active (stable, 1 members" in answer.stderr
    assert shop.kafka.committed(shop.group, shop.clicks) == before
    assert bridge.terminate()[0] == 0
    wait_until(lambda: shop.kafka.members(shop.group) == 0, 20, "the group to be empty")
    assert offsets(bridge, "--to", "earliest", "--yes").returncode == 0
    assert set(shop.kafka.committed(shop.group, shop.clicks).values()) == {0}


def test_a_kafka_that_is_away_is_an_error_text(shop: Shop) -> None:
    settings = shop.settings()["kafka"] | {"bootstrap.servers": "127.0.0.1:1"}
    bridge = shop.bridge(kafka=settings)
    for arguments in ([], ["--to", "latest"]):
        answer = offsets(bridge, *arguments)
        assert answer.returncode == 4
        assert answer.stderr.startswith("error: Kafka does not answer")
        assert "check `kafka.bootstrap.servers`" in answer.stderr
        assert "Traceback" not in answer.stderr


def test_topics_that_are_not_there_are_named_and_those_that_are_count_once(shop: Shop) -> None:
    kafka = {"bootstrap.servers": shop.kafka.bootstrap, "group.id": shop.group}
    for topics, says in (
        (["no.such"], "Kafka has no topic `no.such`: correct `from.topics` in the mapping"),
        (["^no[.]such[.].*"], "no topic matches `^no[.]such[.].*`"),
    ):
        with GroupReader(kafka, topics) as reader, pytest.raises(KafkaSetupError) as raised:
            reader.partitions()
        assert says in str(raised.value)
    twice = [shop.clicks, f"^{re.escape(shop.clicks)}$", "^no[.]such[.].*"]
    with GroupReader(kafka, twice) as reader:
        assert reader.partitions() == [(shop.clicks, number) for number in range(6)]
