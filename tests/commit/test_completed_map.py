"""The completed map survives the commit metadata, and anything unreadable counts as empty."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.commit.completed_map import MAX_SPAN, decode, encode

TOPIC = "AsASkzEsQoe25hzn351c9A"


def test_nothing_ended_above_the_watermark_is_an_empty_text() -> None:
    assert encode(100, TOPIC, []) == ""


def test_a_long_run_is_written_as_lengths() -> None:
    # base 100: offset 100 not ended, 101-140 ended, 141-149 not, 150 ended -> lengths 1 40 9 1
    expected = f"yb2:100:{TOPIC}:r" + base64.b64encode(bytes([1, 40, 9, 1])).decode()
    assert encode(100, TOPIC, [*range(101, 141), 150]) == expected


def test_a_scattered_map_is_written_as_bits() -> None:
    # base 0: every second offset of 1..15 -> bits 1,3,5,7 of each of two bytes
    assert encode(0, TOPIC, [1, 3, 5, 7, 9, 11, 13, 15]) == (
        f"yb2:0:{TOPIC}:b" + base64.b64encode(bytes([0b10101010, 0b10101010])).decode()
    )


@given(base=st.integers(0, 2**62), distances=st.sets(st.integers(0, MAX_SPAN - 1), max_size=300))
def test_what_is_written_is_read_back(base: int, distances: set[int]) -> None:
    offsets = sorted(base + distance for distance in distances)
    assert set(decode(base, TOPIC, encode(base, TOPIC, offsets))) == set(offsets)


def test_the_worst_map_of_the_full_span_fits_into_the_metadata() -> None:
    worst = encode(0, TOPIC, list(range(1, MAX_SPAN, 2)))
    assert len(worst) <= 4000
    assert len(set(decode(0, TOPIC, worst))) == MAX_SPAN // 2


def test_offsets_beyond_the_span_are_left_out_rather_than_breaking_the_commit() -> None:
    assert set(decode(0, TOPIC, encode(0, TOPIC, [5, MAX_SPAN, MAX_SPAN + 7]))) == {5}


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "NO_METADATA",
        "yb1:100:rAQM=",
        f"yb2:99:{TOPIC}:rAQM=",
        f"yb3:100:{TOPIC}:rAQM=",
        "yb2:100:n9QXXzD4S0+Ws55HXAPSng:rAQM=",
        "yb2:100::rAQM=",
        f"yb2:100:{TOPIC}:xAQM=",
        f"yb2:100:{TOPIC}:r***",
        f"yb2:100:{TOPIC}:",
        f"yb2:100:{TOPIC}",
        f"yb2:100:{TOPIC}:r" + base64.b64encode(b"\xff" * 40).decode(),
        f"yb2:100:{TOPIC}:b" + "A" * 5000,
        "bm9kZTE6cGFyYWxsZWwtY29uc3VtZXI=",
    ],
)
def test_metadata_that_is_not_ours_counts_as_empty(metadata: str) -> None:
    assert set(decode(100, TOPIC, metadata)) == set()


def test_the_same_map_of_this_topic_is_read() -> None:
    # else the cases above would show nothing
    assert set(decode(100, TOPIC, f"yb2:100:{TOPIC}:rAQM=")) == {101, 102, 103}


def test_without_a_topic_id_nothing_is_written_and_nothing_read() -> None:
    assert encode(100, "", [101]) == ""
    assert set(decode(100, "", "yb2:100::rAQM=")) == set()


@given(st.binary(max_size=60))
def test_any_bytes_in_a_run_map_stay_within_the_span(data: bytes) -> None:
    text = f"yb2:7:{TOPIC}:r" + base64.b64encode(data).decode()
    assert all(7 <= offset <= 7 + MAX_SPAN for offset in decode(7, TOPIC, text))
