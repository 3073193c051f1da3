"""Lag out of librdkafka's statistics."""

import orjson

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


def test_a_reader_of_committed_records_ends_before_open_transactions() -> None:
    read_committed = read(REPORT, committed_only=True)
    assert read_committed == Statistics({("shop.clicks", 0): 100}, {"b:9092/1": "DOWN"})
    assert not read_committed.connected
    assert read(REPORT, committed_only=False).ends == {("shop.clicks", 0): 120}


def test_lag_is_never_negative_and_nothing_while_the_end_is_unknown() -> None:
    assert PartitionLag(90, 100).records == 10
    assert PartitionLag(101, 100).records == 0
    assert PartitionLag(90, -1).records == 0
