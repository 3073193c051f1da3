"""`amount`: what a price text says, or nothing at all; never another price."""

from decimal import Decimal

import pytest

from tests.mapping.evaluation import evaluate

D = Decimal


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("754", D("754")),
        ("754.00", D("754.00")),
        ("754,5 UAH", D("754.5")),
        ("1 299,50 €", D("1299.50")),
        ("1\u00a0299\u202f000,50 грн", D("1299000.50")),
        ("1'299.50 CHF", D("1299.50")),
        ("1 299.500", D("1299.500")),
        ("1299.500", D("1299.500")),
        ("0.125", D("0.125")),
        ("1.2345", D("1.2345")),
        (".99 UAH", D("0.99")),
        ("$,99", D("0.99")),
        ("Rs.500", D("500")),
        ("грн.99", D("99")),
        ("Price....99", D("99")),
        ("5,- €", D("5")),
        ("5.–", D("5")),
        ("٥٠٠ UAH", D("500")),
    ],
)
def test_a_price_is_read_as_people_write_it(text: str, value: Decimal) -> None:
    assert evaluate("amount(name)", name=text) == value


@pytest.mark.parametrize(
    "text",
    [
        "-5.00 UAH",
        "\u22125,00 kr",
        "- 5.00",
        "-.99",
        "-$5.00",
        "-UAH 5.00",
        "UAH -5.00",
        "\u200e-5.00",
    ],
)
def test_a_negative_price_is_absent_and_never_loses_its_sign(text: str) -> None:
    assert evaluate("amount(name)", name=text) is None


@pytest.mark.parametrize("text", ["1.299", "1,299", "12.500 UAH", "€ 129,900"])
def test_a_price_that_may_be_a_thousand_times_another_is_absent(text: str) -> None:
    assert evaluate("amount(name)", name=text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "auf Anfrage",
        "10-20 UAH",
        "1,299.50",
        "1.299.500",
        "1e3",
        "99,50 100 г",
        "1" * 31,
        "5" + " " * 200,
    ],
)
def test_what_is_not_one_number_is_absent(text: str) -> None:
    assert evaluate("amount(name)", name=text) is None
