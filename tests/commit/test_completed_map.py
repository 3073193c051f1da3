"""The completed map survives the commit metadata, and anything unreadable counts as empty."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.commit.completed_map import MAX_SPAN, decode, encode


def test_nothing_ended_above_the_watermark_is_an_empty_text() -> None:
    assert encode(100, []) == ""


def test_a_long_run_is_written_as_lengths() -> None:
    # base 100: offset 100 not ended, 101-140 ended, 141-149 not, 150 ended -> lengths 1 40 9 1
    expected = "yb1:100:r" + base64.b64encode(bytes([1, 40, 9, 1])).decode()
    assert encode(100, [*range(101, 141), 150]) == expected


def test_a_scattered_map_is_written_as_bits() -> None:
    # base 0: every second offset of 1..15 -> bits 1,3,5,7 of each of two bytes
    assert encode(0, [1, 3, 5, 7, 9, 11, 13, 15]) == (
        "yb1:0:b" + base64.b64encode(bytes([0b10101010, 0b10101010])).decode()
    )


@given(base=st.integers(0, 2**62), distances=st.sets(st.integers(0, MAX_SPAN - 1), max_size=300))
def test_what_is_written_is_read_back(base: int, distances: set[int]) -> None:
    offsets = sorted(base + distance for distance in distances)
    assert set(decode(base, encode(base, offsets))) == set(offsets)


def test_the_worst_map_of_the_full_span_fits_into_the_metadata() -> None:
    worst = encode(0, list(range(1, MAX_SPAN, 2)))
    assert len(worst) <= 4000
    assert len(set(decode(0, worst))) == MAX_SPAN // 2


def test_offsets_beyond_the_span_are_left_out_rather_than_breaking_the_commit() -> None:
    assert set(decode(0, encode(0, [5, MAX_SPAN, MAX_SPAN + 7]))) == {5}


@pytest.mark.parametrize(
    "metadata",
    [
        "",
        "NO_METADATA",
        "yb1:99:rAQM=",
        "yb2:100:rAQM=",
        "yb1:100:xAQM=",
        "yb1:100:r***",
        "yb1:100:",
        "yb1:100:r" + base64.b64encode(b"\xff" * 40).decode(),
        "yb1:100:b" + "A" * 5000,
        "bm9kZTE6cGFyYWxsZWwtY29uc3VtZXI=",
    ],
)
def test_metadata_that_is_not_ours_counts_as_empty(metadata: str) -> None:
    assert set(decode(100, metadata)) == set()


@given(st.binary(max_size=60))
def test_any_bytes_in_a_run_map_stay_within_the_span(data: bytes) -> None:
    text = "yb1:7:r" + base64.b64encode(data).decode()
    assert all(7 <= offset <= 7 + MAX_SPAN for offset in decode(7, text))
