"""Decides what is a person's phone number, for `phone(x)` in mappings and for identifiers.

A wrong number joins two strangers into one contact, an absent one costs an identifier. So a number is
taken only if it exists in a country's numbering plan as one that a person has: not merely of a possible
length, no switchboard with an extension, no free or premium line, no row of zeros.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

from consumer.contacts.national import international, national

_NO_REGION = "ZZ"
"""Only numbers that bring their country have one there."""
_LONGEST = 40
_OF_PERSONS = frozenset(
    {
        PhoneNumberType.FIXED_LINE,
        PhoneNumberType.MOBILE,
        PhoneNumberType.FIXED_LINE_OR_MOBILE,
        PhoneNumberType.VOIP,
        PhoneNumberType.PERSONAL_NUMBER,
    }
)
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Direction marks, which come with pasted numbers."""
_SPELLING = re.compile(
    r"(?:tel:)?[(\uff08 ]*[+\uff0b]?"
    r"(?:[ \u00a0\u2000-\u200a\u202f\u3000()\uff08\uff09.\-\u2010-\u2015\u2212/]*\d)+[) ]*"
)
"""Digits and what people write between them. A letter or a second plus begins something else."""
_INTERNATIONAL = re.compile(r"(?:\+|00)?(?:[ ().\-]*[0-9]){7,15}")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_PLACEHOLDER = "0" * 7


def phone_number(number: str, region: str) -> str | None:
    """International digits of a number as typed in that region (`UA`); None if it is no person's."""
    return (
        _phone(number, region[:3]) if len(number) <= _LONGEST else None
    )  # regions have two letters


def international_number(number: str) -> str | None:
    """Digits of a number that begins with its country, with or without `+` or `00`; None if no such
    number has this form (E.164: 8 to 15 digits, no zero first).

    For identifiers that a mapping gives as they are. No plan is asked: the numbers in the vendor's own
    examples are in none.
    """
    if not (number.isascii() and number.isdigit() and 9 <= len(number) <= 15 and number[0] != "0"):
        if _INTERNATIONAL.fullmatch(number) is None:
            return None
        abroad = "" if "+" in number else "00"
        number = _NOT_DIGITS.sub("", number).removeprefix(abroad)
        if not 8 <= len(number) <= 15 or number[0] == "0":
            return None
    return None if number.endswith(_PLACEHOLDER) else number


# An odd one costs some 100 µs, and people come back. Only short texts get here to be kept.
@lru_cache(maxsize=20_000)
def _phone(number: str, region: str) -> str | None:
    region = region.upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        region = _NO_REGION
    found = international(number) if number.startswith("+") else national(number, region)
    if found is None:
        found = _by_library(_INVISIBLE.sub("", number).strip(), region)
    return None if found is None or found.endswith(_PLACEHOLDER) else found


def _by_library(number: str, region: str) -> str | None:
    if _SPELLING.fullmatch(number) is None:
        return None
    found = _parsed(number, region)
    if found is None or not number[:1].isdigit() or region == _NO_REGION:
        return found
    # As digits alone it may be another country's too: `380501234567` is a number of Germany's plan.
    abroad = _parsed(f"+{number}", _NO_REGION)
    typed = "".join(str(int(c)) for c in number if c.isdecimal())
    return found if abroad in {None, found} or not found.endswith(typed) else None


def _parsed(number: str, region: str) -> str | None:
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if parsed.extension or phonenumbers.number_type(parsed) not in _OF_PERSONS:
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]
