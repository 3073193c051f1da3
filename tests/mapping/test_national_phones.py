"""The quick table for national phone numbers against the library that it stands in for."""

import random

import phonenumbers
import pytest

from consumer.mapping.language.library import national
from consumer.mapping.language.library.identity import phone_number
from consumer.mapping.language.library.national import international

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
    assert international(number, region) == expected


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
    assert international(number, region) is None


def test_countries_that_do_not_exist_are_not_kept() -> None:
    phone_number("050 123-45-67", "nowhere")
    before = national._region.cache_info().currsize
    assert {phone_number("050 123-45-67", f"country {n}") for n in range(100)} == {None}
    assert national._region.cache_info().currsize == before


@pytest.mark.parametrize("region", ["", "U", "UAH", "Ukraine", "x" * 10_000])
def test_what_is_no_region_says_nothing_about_numbers_that_bring_their_country(region: str) -> None:
    assert phone_number("+380 67 123-45-67", region) == "380671234567"
    assert phone_number("067 123-45-67", region) is None


def test_it_never_says_anything_else_than_the_library() -> None:
    chance = random.Random(20261121)
    taken = 0
    for _ in range(60_000):
        region = chance.choice(REGIONS)
        digits = chance.choice(("", "0", "8", "1", "06", "00"))
        digits += str(chance.randrange(10 ** chance.choice((7, 8, 9, 9, 10, 11))))
        number = "".join(digit + chance.choice(BETWEEN) for digit in digits)
        found = international(number, region)
        if found is not None:
            taken += 1
            parsed = phonenumbers.parse(number, region)
            assert phonenumbers.is_possible_number(parsed), (number, region)
            assert f"{parsed.country_code}{parsed.national_number}" == found, (number, region)
    assert taken > 1000
