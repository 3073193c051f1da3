"""What looks like an e-mail address or a phone number within a text, also percent-encoded in a URL."""

import re
from collections.abc import Callable

_HEX = "[0-9A-Fa-f]"
_ENCODED = f"%{_HEX}{{2}}"
_NOT_WITHIN = f"(?<!%(?={_HEX}{{2}}))(?<!%{_HEX}(?={_HEX}))"
"""Not between the three characters of `%20`."""

_MAIL = rf"(?:[^\s\"'<>@:,;/?&=%]|%(?!{_HEX}{{2}}))"
_LOCAL = rf"(?:{_MAIL}|%2[BbDdEe]|%5[Ff])"
_EMAIL = re.compile(rf"{_NOT_WITHIN}{_LOCAL}+(?:@|%40){_MAIL}+\.{_MAIL}+")

_BEFORE = rf"(?:(?<={_ENCODED})|(?<![^\W_])(?<!\d\.)(?<!-){_NOT_WITHIN})"
_PLUS = r"(?:\+|%2[Bb])?"
_AFTER = r"(?![^\W_]|-)"
_DAY_FIRST = r"[0-3]\d\.[01]\d\.(?:19|20)\d\d(?![\w-])"
_YEAR_FIRST = r"(?:19|20)\d\d-[01]\d-[0-3]\d(?![\w-])(?! \d(?!\d:))"
_DATE = f"(?!{_DAY_FIRST})(?!{_YEAR_FIRST})"
_DIALLED = re.compile(rf"{_BEFORE}{_DATE}{_PLUS}\d(?:[\d ().-]|%2[089Dd]){{7,17}}\d{_AFTER}")
_GROUP = r"(?:[ +/().-]|%20|%28|%29|%2[BDFbdf]){1,3}"
_GROUPED = re.compile(rf"{_BEFORE}{_DATE}{_PLUS}\d{{1,4}}(?:{_GROUP}\d{{2,4}}){{2,5}}{_AFTER}")
_LEAST_GROUPED = 9
"""Digits from which groups are a phone number: those of a date (`2026/11/20`) are eight."""


def replaced(text: str, stand_in: Callable[[str], str]) -> str:
    """The text with `stand_in(part)` for whatever looks like an address or a number."""

    def of(match: re.Match[str]) -> str:
        return stand_in(match[0])

    def of_groups(match: re.Match[str]) -> str:
        digits = sum(character.isdigit() for character in re.sub(_ENCODED, "", match[0]))
        return stand_in(match[0]) if digits >= _LEAST_GROUPED else match[0]

    return _GROUPED.sub(of_groups, _DIALLED.sub(of, _EMAIL.sub(of, text)))


def is_long(number: int) -> bool:
    """Whether a whole number has 11 to 15 digits, as a phone number with its country has."""
    return 10**10 <= abs(number) < 10**15


def bounded(known: str) -> str:
    """The pattern of a text where it stands for itself: no part of a word; `%20` ends one."""
    return rf"(?:(?<={_ENCODED})|(?<!\w)){re.escape(known)}(?!\w)"
