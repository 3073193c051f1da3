"""What of the `kafka` section is refused, and what librdkafka gets."""

import pytest
from confluent_kafka import Consumer

from consumer.errors import ConfigError
from consumer.source.properties import Value, effective, refused
from tests.source.watch import Running

LEAST: dict[str, Value] = {"bootstrap.servers": "broker-1:9092", "group.id": "yespo-bridge"}


def test_the_least_section_is_accepted_and_everything_else_passes_through() -> None:
    assert refused(LEAST) == []
    given: dict[str, Value] = {**LEAST, "sasl.mechanisms": "PLAIN", "client.id": "mine"}
    assert refused(given) == []
    found = effective(given)
    assert found["sasl.mechanisms"] == "PLAIN"
    assert found["client.id"] == "mine"


def test_all_that_is_refused_is_named_at_once_with_its_reason() -> None:
    found = dict(
        refused(
            {
                "enable.auto.commit": True,
                "auto.offset.reset": "latest",
                "enable.auto.offset.store": True,
                "partition.assignment.strategy": "range",
                "stats_cb": "x",
            }
        )
    )
    assert set(found) == {
        "enable.auto.commit",
        "auto.offset.reset",
        "enable.auto.offset.store",
        "partition.assignment.strategy",
        "stats_cb",
        "bootstrap.servers",
        "group.id",
    }
    assert found["auto.offset.reset"].startswith("set `start.no_offset`")
    assert found["group.id"] == "is required, e.g. `yespo-bridge`"


def test_the_new_group_protocol_leaves_its_settings_to_the_broker() -> None:
    given: dict[str, Value] = {**LEAST, "group.protocol": "consumer"}
    assert refused(given) == []
    assert "partition.assignment.strategy" not in effective(given)
    given |= {
        "session.timeout.ms": 6000,
        "heartbeat.interval.ms": 1000,
        "partition.assignment.strategy": "cooperative-sticky",
    }
    assert {key for key, _ in refused(given)} == {
        "session.timeout.ms",
        "heartbeat.interval.ms",
        "partition.assignment.strategy",
    }
    assert refused({**LEAST, "group.protocol": "share"}) == [
        ("group.protocol", "is `classic` (the default) or `consumer` (KIP-848)")
    ]


def test_what_must_be_ours_is_ours_and_prefetch_is_bounded() -> None:
    found = effective(LEAST)
    assert found["enable.auto.commit"] == "false"
    assert found["enable.auto.offset.store"] == "false"
    assert found["auto.offset.reset"] == "error"
    assert found["partition.assignment.strategy"] == "cooperative-sticky"
    assert found["isolation.level"] == "read_committed"
    assert found["queued.max.messages.kbytes"] == 16384
    assert found["queued.min.messages"] == 2000
    assert found["fetch.message.max.bytes"] == 131072


def test_an_alias_of_the_users_wins_over_our_default() -> None:
    found = effective({**LEAST, "max.partition.fetch.bytes": 99999})
    assert found["max.partition.fetch.bytes"] == 99999
    assert "fetch.message.max.bytes" not in found


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_librdkafka_accepts_what_we_make(protocol: str) -> None:
    given: dict[str, Value] = {**LEAST, "bootstrap.servers": "127.0.0.1:1", "log_level": 0}
    Consumer({**effective({**given, "group.protocol": protocol})}).close()


def test_a_source_cannot_be_made_with_what_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"kafka\.auto\.offset\.reset: set `start\.no_offset`"):
        Running("127.0.0.1:1", "shop.clicks", "group", auto_offset_reset="latest")
