"""An Avro float is read as the shortest decimal that becomes it."""

import math
import struct
from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from consumer.avro.floats import shortest, single

BITS = st.integers(0, 2**32 - 1)


def of_bits(bits: int) -> float:
    number: float = struct.unpack("<f", struct.pack("<I", bits))[0]
    return number


@pytest.mark.parametrize(
    "meant",
    [1299.99, 0.1, 9.1, 16777216.0, 131072.02, 1e10, 3.4028235e38, 1e-45, 50.450123, -19.99],
)
def test_the_decimal_that_was_written_is_read(meant: float) -> None:
    assert single(meant) == meant


@pytest.mark.parametrize("number", [math.inf, -math.inf])
def test_infinities_stay(number: float) -> None:
    assert shortest(number) == number


def test_nan_stays() -> None:
    assert math.isnan(shortest(math.nan))


def interval(bits: int) -> tuple[Fraction, Fraction, bool]:
    """The numbers that become this positive float; with the ends where its last bit is even."""
    exact = [Fraction(of_bits(one)) if one < 0x7F80_0000 else Fraction(2**128) for one in
             (max(bits - 1, 0), bits, bits + 1)]  # fmt: skip
    return (exact[0] + exact[1]) / 2, (exact[1] + exact[2]) / 2, bits % 2 == 0


def shortest_by_hand(bits: int) -> Fraction:
    """By trial: fewer digits first, of these the nearest, of two as near the even one."""
    number, (low, high, closed) = Fraction(of_bits(bits)), interval(bits)
    power = math.floor(math.log10(float(number)))
    for digits in range(1, 10):
        step = Fraction(10) ** (power - digits + 1)
        floor = number // step
        fitting = [
            one
            for one in ((floor + more) * step for more in (0, 1))
            if low < one < high or (closed and one in (low, high))
        ]
        if fitting:
            return min(fitting, key=lambda one: (abs(one - number), one / step % 2))
    raise AssertionError


@given(BITS)
@example(0x0000_0001)
@example(1_216_662_652)
@example(0x4E80_0000)
@example(0x7F7F_FFFF)
@settings(max_examples=3000, deadline=None)
def test_every_float_is_its_shortest_decimal(bits: int) -> None:
    positive = bits & 0x7FFF_FFFF
    if not 0 < positive < 0x7F80_0000:
        return
    expected = shortest_by_hand(positive)
    assert Fraction(repr(shortest(of_bits(positive)))) == expected
    assert Fraction(repr(shortest(-of_bits(positive)))) == -expected


@pytest.mark.parametrize("exponent", range(1, 255))
def test_every_power_of_two_is_its_shortest_decimal(exponent: int) -> None:
    bits = exponent << 23
    assert Fraction(repr(shortest(of_bits(bits)))) == shortest_by_hand(bits)


@given(st.integers(-9_999_999, 9_999_999))
def test_a_price_of_two_places_is_read_as_it_was_written(cents: int) -> None:
    assert single(cents / 100) == cents / 100
