"""Lag out of librdkafka's statistics."""

import orjson
import pytest

from consumer.source.statistics import PartitionLag, Statistics, read

REPORT = orjson.dumps(
    {
        "brokers": {
            "GroupCoordinator": {"name": "GroupCoordinator", "nodeid": -1, "state": "UP"},
            "b:9092/bootstrap": {"name": "b:9092/bootstrap", "nodeid": -1, "state": "UP"},
            "b:9092/1": {"name": "b:9092/1", "nodeid": 1, "state": "DOWN"},
        },
        "topics": {
            "shop.clicks": {
                "partitions": {
                    "0": {"partition": 0, "hi_offset": 120, "ls_offset": 100},
                    "1": {"partition": 1, "hi_offset": -1001, "ls_offset": -1001},
                    "-1": {"partition": -1, "hi_offset": -1001, "ls_offset": -1001},
                }
            }
        },
    }
)


def test_a_partition_ends_behind_open_transactions_as_for_kafkas_own_tool() -> None:
    found = read(REPORT)
    clicks = ("shop.clicks", 0)
    assert found == Statistics({clicks: 120}, {clicks: 100}, {"b:9092/1": "DOWN"})
    assert not found.connected


def test_lag_is_never_negative_and_nothing_while_the_end_is_unknown() -> None:
    assert PartitionLag(90, 100).records == 10
    assert PartitionLag(101, 100).records == 0
    assert PartitionLag(90, -1).records == 0


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"\xff", b"null", b"[]", b'"text"', b"{}", b'{"topics": [], "brokers": 1}'),
        b'{"topics": {"t": null}, "brokers": {"b": []}}',
        b'{"topics": {"t": {"partitions": {"0": 7}}}, "brokers": {"b": {"nodeid": "1"}}}',
        b'{"topics": {"t": {"partitions": {"0": {"partition": "0", "hi_offset": 1}}}}}',
        b'{"topics": {"t": {"partitions": {"0": {"partition": 0, "hi_offset": null}}}}}',
    ],
)
def test_statistics_of_another_form_say_nothing_and_end_nothing(text: bytes) -> None:
    assert read(text) == Statistics({}, {}, {})
