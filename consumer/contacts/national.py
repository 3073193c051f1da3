"""Reads phone numbers in the usual spellings, without the price of parsing any spelling there is.

`phonenumbers` takes 50-100 µs for a number. A table made of its own metadata takes 1-2 µs for numbers
of digits with blanks, dashes or brackets that begin with the national prefix, or with `+` and the
country, and go on as a mobile or fixed line of the country does. All others are left to the library,
so that both always agree.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

_SPELLING = str.maketrans("", "", " -()./")
_DIGITS = re.compile(r"[0-9]+\Z")


class _Region(NamedTuple):
    country: str
    prefix: str
    """National prefix, before a number inside the country."""
    abroad: re.Pattern[str]
    """The beginning of a number of another country."""
    every: re.Pattern[str]
    """Every number of the region, without the prefix."""
    persons: tuple[tuple[frozenset[int], re.Pattern[str]], ...]
    """Its mobile and fixed lines: lengths and pattern of each."""

    def has(self, rest: str) -> bool:
        """True if a person of the region can have the number."""
        return self.every.fullmatch(rest) is not None and any(
            len(rest) in lengths and pattern.fullmatch(rest) is not None
            for lengths, pattern in self.persons
        )


@cache
def _region(code: str) -> _Region | None:
    """None for regions whose rules are not a prefix and a pattern."""
    found = PhoneMetadata.metadata_for_region(code)
    if found is None or found.national_prefix_transform_rule or found.general_desc is None:
        return None
    general = found.general_desc
    prefix = found.national_prefix_for_parsing or ""
    lines = tuple(
        (
            frozenset(line.possible_length or general.possible_length),
            re.compile(line.national_number_pattern),
        )
        for line in (found.mobile, found.fixed_line)
        if line is not None and line.national_number_pattern
    )
    if _DIGITS.match(prefix) is None or not lines or not general.national_number_pattern:
        return None
    return _Region(
        str(found.country_code),
        prefix,
        re.compile(found.international_prefix or r"(?!)"),
        re.compile(general.national_number_pattern),
        lines,
    )


def national(number: str, code: str) -> str | None:
    """`067 123-45-67` in `UA` is `380671234567`; None where that takes more than this table."""
    region = _region(code)
    digits = _digits(number)
    if region is None or digits is None:
        return None
    rest = digits.removeprefix(region.prefix)
    if len(rest) == len(digits) or not rest or rest[0] == "0":
        return None
    if digits.startswith(region.country) or region.abroad.match(digits) is not None:
        return None
    return region.country + rest if region.has(rest) else None


def international(number: str) -> str | None:
    """`+380 67 123-45-67` is `380671234567`; None where that takes more than this table."""
    digits = _digits(number[1:])
    if digits is None:
        return None
    for length in (1, 2, 3):
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length]))
        if regions is not None:
            region, rest = _region(regions[0]), digits[length:]
            if region is None or rest.startswith(region.prefix):
                return None
            return digits if region.has(rest) else None
    return None


def _digits(number: str) -> str | None:
    digits = number.strip(" ").translate(_SPELLING)
    return digits if digits.isascii() and _DIGITS.match(digits) is not None else None
