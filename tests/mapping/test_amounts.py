"""`amount`: what a price text says, or nothing at all; never another price."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ("1\u2009299,50 €", D("1299.50")),
        ("1’299.50 CHF", D("1299.50")),
        ("1 299 грн (UAH)", D("1299")),
        ("$100 USD", D("100")),
        ("Ціна: 100 грн/шт", D("100")),
        ("100 грн - новинка", D("100")),
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
        "–5.00",
        "— 5 грн",
        "‒5",
        "－5",
        "грн –5",
        "5.00-",
        "5 − ",
        "(5.00)",
        "(5.00) грн",
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
        "1299 999 грн",
        "12 99 грн",
        "0 299",
        "1 2999",
        "1  299",
        "1 299'500",
        "100\n200",
        "1\n299",
        "1\t299",
        "100–200",
        "100 — 200 грн",
        "50%",
        "50 ٪",
        "5k",
        "1,5 тис. грн",
        "2 млн",
        "50 коп",
        "99 ¢",
        "1½",
        "10²",
        "Ⅷ",
        "100 USD EUR",
        "€100 UAH",
        "$ 100 грн",
        "0x1F",
    ],
)
def test_what_is_not_one_number_is_absent(text: str) -> None:
    assert evaluate("amount(name)", name=text) is None


SEPARATORS = st.sampled_from(
    [" ", "\u00a0", "\u202f", "\u2009", "'", ",", ".", "\n", "-", "–", "/", "  "]
)


@given(st.lists(st.integers(0, 99_999).map(str), min_size=2, max_size=3), SEPARATORS)
def test_several_numbers_are_one_price_only_in_groups_of_three_or_around_one_point(
    parts: list[str], separator: str
) -> None:
    found = evaluate("amount(name)", name=separator.join(parts))
    if found is None:
        return
    groups = all(len(part) == 3 for part in parts[1:]) and 1 <= len(parts[0]) <= 3
    if separator in {",", "."}:
        assert len(parts) == 2
        assert found == D(".".join(parts))
    else:
        assert separator in {" ", "\u00a0", "\u202f", "\u2009", "'"}
        assert groups
        assert parts[0][0] != "0"
        assert found == D("".join(parts))


@given(
    st.integers(0, 10**9), st.sampled_from("-‐‑‒–—―−－﹣"), st.sampled_from(["", " ", "$", "UAH "])
)
def test_no_dash_before_or_after_a_number_is_lost(number: int, dash: str, between: str) -> None:
    assert evaluate("amount(name)", name=f"{dash}{between}{number}") is None
    assert evaluate("amount(name)", name=f"{between}{number}{dash}") is None
