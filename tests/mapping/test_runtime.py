"""Numbers as text: plain digits whichever way they come, the short way and the exact one alike."""

from decimal import Decimal

import pytest

from consumer.mapping.language.runtime import Unusable, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (201.95, "201.95"),
        (250.0, "250"),
        (0.1, "0.1"),
        (0.0001, "0.0001"),
        (0.00001, "0.00001"),
        (1e-7, "0.0000001"),
        (999_999_999_999_999.9, "999999999999999.9"),
        (1e15, "1000000000000000"),
        (1e16, "10000000000000000"),
        (1.5e22, "15000000000000000000000"),
        (0.0, "0"),
        (-0.0, "0"),
        (-12.5, "-12.5"),
        (7, "7"),
        (Decimal("19.90"), "19.90"),
        (Decimal("1E+3"), "1000"),
        ("as it is", "as it is"),
    ],
)
def test_a_number_is_written_in_plain_digits(value: object, expected: str) -> None:
    assert text(value) == expected


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("1E+500")])
def test_what_is_no_finite_number_has_no_text(value: object) -> None:
    with pytest.raises(Unusable):
        text(value)
