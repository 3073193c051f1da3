"""National phone numbers in the usual spellings, without the price of parsing any spelling there is.

`phonenumbers` takes 50-90 µs for a number; a table made of its own metadata takes 1-2 µs for those that
are digits with blanks, dashes or brackets, begin with the national prefix, and go on as every number of
the region does. All others are left to it, so that both always agree.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from phonenumbers import PhoneMetadata

_SPELLING = str.maketrans("", "", " -()./")
_DIGITS = re.compile(r"[0-9]+\Z")


class _Region(NamedTuple):
    country: str
    prefix: str
    """National prefix: what stands before a number inside the country."""
    abroad: re.Pattern[str]
    """How a number of another country begins."""
    national: re.Pattern[str]
    """What every number of the region looks like, without the prefix."""
    lengths: frozenset[int]


@cache
def _region(code: str) -> _Region | None:
    """None for regions whose rules are not a prefix and a pattern."""
    found = PhoneMetadata.metadata_for_region(code)
    if found is None or found.national_prefix_transform_rule or found.general_desc is None:
        return None
    prefix, general = found.national_prefix_for_parsing or "", found.general_desc
    if _DIGITS.match(prefix) is None or not general.national_number_pattern:
        return None
    return _Region(
        str(found.country_code),
        prefix,
        re.compile(found.international_prefix or r"(?!)"),
        re.compile(general.national_number_pattern),
        frozenset(general.possible_length),
    )


def international(number: str, code: str) -> str | None:
    """`067 123-45-67` in `UA` is `380671234567`; None where that takes more than this table."""
    region = _region(code)
    if region is None:
        return None
    digits = number.strip(" ").translate(_SPELLING)
    if not digits.isascii() or _DIGITS.match(digits) is None:
        return None
    rest = digits.removeprefix(region.prefix)
    if len(rest) == len(digits) or len(rest) not in region.lengths or rest[0] == "0":
        return None
    if digits.startswith(region.country) or region.abroad.match(digits) is not None:
        return None
    return region.country + rest if region.national.fullmatch(rest) is not None else None
