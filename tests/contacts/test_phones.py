"""The quick tables for phone numbers against the library that they stand in for."""

import random

import phonenumbers
import pytest
from phonenumbers import PhoneNumberType

from consumer.contacts import national
from consumer.contacts.national import international
from consumer.contacts.phone import phone_number

REGIONS = (
    "UA",
    "RO",
    "DE",
    "US",
    "RU",
    "KZ",
    "GB",
    "LT",
    "FR",
    "AT",
    "GE",
    "MD",
    "HU",
    "IT",
    "PL",
    "XX",
)
BETWEEN = ("", "", "", "-", " ", "(", ")", ".", "/")


@pytest.mark.parametrize(
    ("number", "region", "expected"),
    [
        ("067 123-45-67", "UA", "380671234567"),
        ("(067) 123.45.67", "UA", "380671234567"),
        ("030 123456", "DE", "4930123456"),
        ("8 (701) 234-56-78", "KZ", "77012345678"),
    ],
)
def test_the_usual_spellings_become_international(number: str, region: str, expected: str) -> None:
    assert national.national(number, region) == expected


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("380671234567", "UA"),  # no national prefix: is it a country code?
        ("+380671234567", "UA"),
        ("0049 30 123456", "UA"),  # abroad
        ("067 123-45-67 ext 5", "UA"),
        ("०६७१२३४५६७", "UA"),  # digits of another script
        ("06 123", "UA"),
        ("", "UA"),
        ("06 1234567", "IT"),  # the zero stays in Italy
        ("067 123-45-67", "XX"),
    ],
)
def test_whatever_else_is_left_to_the_library(number: str, region: str) -> None:
    assert national.national(number, region) is None


def test_countries_that_do_not_exist_are_not_kept() -> None:
    phone_number("050 123-45-67", "nowhere")
    before = national._region.cache_info().currsize
    assert {phone_number("050 123-45-67", f"country {n}") for n in range(100)} == {None}
    assert national._region.cache_info().currsize == before


@pytest.mark.parametrize("region", ["", "U", "UAH", "Ukraine", "x" * 10_000])
def test_what_is_no_region_says_nothing_about_numbers_that_bring_their_country(region: str) -> None:
    assert phone_number("+380 67 123-45-67", region) == "380671234567"
    assert phone_number("067 123-45-67", region) is None


PERSONAL = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.PERSONAL_NUMBER,
}


def by_the_library(number: str, region: str) -> str | None:
    """The number that `phonenumbers` finds valid in its region and of a kind that persons have."""
    parsed = phonenumbers.parse(number, region)
    if not phonenumbers.is_valid_number(parsed):
        return None
    if phonenumbers.number_type(parsed) not in PERSONAL:
        return None
    return f"{parsed.country_code}{phonenumbers.national_significant_number(parsed)}"


def test_the_tables_never_say_anything_else_than_the_library() -> None:
    chance = random.Random(20261121)
    taken = 0
    for _ in range(60_000):
        region = chance.choice(REGIONS)
        digits = chance.choice(("", "0", "8", "1", "06", "00"))
        digits += str(chance.randrange(10 ** chance.choice((7, 8, 9, 9, 10, 11))))
        number = "".join(digit + chance.choice(BETWEEN) for digit in digits)
        found = national.national(number, region)
        if found is not None:
            taken += 1
            assert found == by_the_library(number, region), (number, region)
    assert taken > 1000


def test_numbers_with_their_country_are_those_of_the_library() -> None:
    chance = random.Random(20261122)
    taken = 0
    for _ in range(30_000):
        code = chance.choice(("380", "48", "49", "1", "7", "44", "40", "33", "995", "372", "61"))
        digits = code + str(chance.randrange(10 ** chance.choice((8, 9, 9, 10, 11))))
        number = "+" + "".join(digit + chance.choice(BETWEEN) for digit in digits)
        found = international(number)
        if found is not None:
            taken += 1
            assert found == by_the_library(number, "ZZ"), number
    assert taken > 1000


@pytest.mark.parametrize(
    ("number", "region"),
    [
        ("123-45-67", "UA"),  # no area: somebody's in each of them
        ("000 000 00 00", "UA"),
        ("050 000 00 00", "UA"),
        ("+380 50 000 00 00", "UA"),
        ("541-754-3010", "UA"),  # a number of the USA
        ("48 501 234 567", "UA"),  # a number of Poland
        ("380501234567", "DE"),  # of Ukraine, and possible in Germany
        ("0800 123 456", "UA"),  # a free line of a company
        ("067 123-45-67 ext 5", "UA"),  # a switchboard
        ("050 123-45-67, 067 123-45-67", "UA"),
        ("050 123 45 67\n067 123 45 67", "UA"),
        ("050+380671234567", "UA"),
        ("050 CALL ME", "UA"),
        ("№ 0501234567", "UA"),
        ("", "UA"),
        ("+", "UA"),
    ],
)
def test_what_is_not_certainly_a_persons_number_is_absent(number: str, region: str) -> None:
    assert phone_number(number, region) is None


@pytest.mark.parametrize(
    ("number", "region", "expected"),
    [
        ("050 123-45-67", "UA", "380501234567"),
        ("50 123 45 67", "UA", "380501234567"),
        ("380501234567", "UA", "380501234567"),
        ("+380 50 123-45-67", "PL", "380501234567"),
        ("0048 501 234 567", "UA", "48501234567"),
        ("tel:+48501234567", "UA", "48501234567"),
        ("\u202a+380 50 123-45-67\u202c", "UA", "380501234567"),
        ("050\u00a0123\u201345\u201367", "UA", "380501234567"),
        ("541-754-3010", "US", "15417543010"),
        ("06 1234567", "IT", "39061234567"),
    ],
)
def test_a_number_is_taken_in_any_usual_spelling(number: str, region: str, expected: str) -> None:
    assert phone_number(number, region) == expected
