"""From librdkafka's messages to records; hostile ones cost themselves."""

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Message

from consumer.decode.reasons import Reason
from consumer.source import records
from consumer.source.assignment import Assignment
from consumer.source.records import by_partition
from consumer.stages import Position
from tests.source.fake_consumer import message

A = ("shop.clicks", 0)


@pytest.fixture
def assignment() -> Assignment:
    made = Assignment()
    made.begin(A, Position(0), starting=False)
    return made


def no_error(*_: object) -> None:
    raise AssertionError("no message is an error")


@pytest.mark.parametrize(
    "error", [TypeError, MemoryError, RecursionError, UnicodeError, SystemError]
)
def test_headers_that_cannot_be_read_cost_their_record(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    read = Message.headers

    class Broken:
        @staticmethod
        def headers(one: Any) -> Any:
            if one.offset() == 1:
                raise error
            return read(one)

    monkeypatch.setattr(records, "Message", Broken)
    [found] = by_partition([message(A, n) for n in range(3)], assignment, no_error).values()
    assert [record.offset for record in found] == [0, 1, 2]
    first, broken, last = found
    assert first.fault is last.fault is None
    assert (broken.key, broken.value, broken.headers) == (b"key", b"value", ())
    assert broken.fault is not None
    assert broken.fault.reason == "malformed_header"


def test_a_value_that_is_too_large_to_hold_is_let_go(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "LARGEST_VALUE", 4)
    [found] = by_partition([message(A, 0)], assignment, no_error).values()
    [record] = found
    assert (record.key, record.value, record.size) == (b"key", None, 3)
    assert record.fault is not None
    assert record.fault.reason == "too_large"
    assert record.fault.detail == (
        "5 bytes, more than is ever held (4); the value is at its source only"
    )


def test_faults_of_the_source_are_reasons_of_decoding() -> None:
    assert {"malformed_header", "too_large"} <= set(Reason)


def test_headers_are_read_once_for_each_message(monkeypatch: pytest.MonkeyPatch) -> None:
    # a second `headers()` of a record with a bad name returns a null pointer
    asked: list[int] = []

    class Counted:
        @staticmethod
        def headers(one: Any) -> None:
            asked.append(one.offset())

    monkeypatch.setattr(records, "Message", Counted)
    many: Iterator[Any] = records.headers_of([message(A, n) for n in range(3)])
    assert list(many) == [(), (), ()]
    assert asked == [0, 1, 2]
