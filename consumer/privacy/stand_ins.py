"""Stand-ins of the same shape: another value of the same form, made of a running number.

    olena@example.ua  ->  bcdef@example.com        +380671234567  ->  +380670000001

A stand-in depends on the shape of the value and on how many came before it, never on the value itself:
it cannot be turned back.
"""

import re
from collections.abc import Iterator
from urllib.parse import quote

from consumer.privacy.detector import Part

_DIALLED = re.compile(r"[+(\d][\d +/().-]*")
_HEX = re.compile(r"[0-9a-fA-F-]{32,}")
_PHONE_DIGITS = range(9, 16)
_KEPT_DIGITS = 7
"""Digits of a phone number that are replaced; country and operator stay, so that it stays valid."""
_ELSEWHERE = 5_000_003
"""Added to the number of a stand-in that would be the value itself."""
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_CYRILLIC = "абвгдежзиклмн"


class StandIns:
    """Equal values get equal stand-ins, and others get others."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __iter__(self) -> Iterator[str]:
        """The values that have a stand-in."""
        return iter(self._known)

    def get(self, value: str) -> str | None:
        return self._known.get(value)

    def of(self, value: str) -> str:
        """The stand-in of a value; a stand-in is its own."""
        if value not in self._known:
            if value in self._known.values():
                return value
            number = len(self._known) + 1
            made = shaped(value, number)
            if made == value:  # it is what its number would give
                made = shaped(value, number + _ELSEWHERE)
            self._known[value] = made
        return self._known[value]

    def of_part(self, part: Part) -> str:
        """The stand-in of what the part means, percent-encoded where the part is."""
        stand_in = self.of(part.meant)
        return quote(stand_in, safe="") if "%" in part.written else stand_in


def shaped(value: str, number: int) -> str:
    """The stand-in number `number`: another value of the same form."""
    if "@" in value:
        local = value.partition("@")[0]
        return _characters(local, number) + "@example.com"
    digits = sum(character.isdigit() for character in value)
    if digits in _PHONE_DIGITS and _DIALLED.fullmatch(value):
        return _dialled(value, digits, number)
    return _characters(value, number, "abcdef" if _HEX.fullmatch(value) else None)


def _dialled(value: str, digits: int, number: int) -> str:
    """A phone number (or a long number): the last seven digits become those of `number`."""
    new = iter(f"{number:0{_KEPT_DIGITS}d}"[-_KEPT_DIGITS:])
    kept = digits - _KEPT_DIGITS
    out = []
    for character in value:
        kept -= character.isdigit()
        out.append(next(new) if character.isdigit() and kept < 0 else character)
    return "".join(out)


def _characters(value: str, number: int, letters: str | None = None) -> str:
    """Letter for letter and digit for digit, in the same case and script."""
    out = []
    for position, character in enumerate(value):
        at = number + position
        if character.isdigit():
            out.append(str(at % 9 + 1))
        elif character.isalpha():
            alphabet = letters or (_CYRILLIC if character > "\u0370" else _LATIN)
            letter = alphabet[at % len(alphabet)]
            out.append(letter.upper() if character.isupper() else letter)
        else:
            out.append(character)
    return "".join(out)
